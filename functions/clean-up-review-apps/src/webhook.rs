//! A delivery of GitHub's webhook, which asks for a look at one pull request and decides nothing: whether
//! that is closed is read from GitHub, so a forged or repeated delivery is worth a look and no more.

pub(crate) mod scheduler;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::repository;

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Webhook {
    /// A look at this pull request.
    Sweep {
        /// Its number.
        number: u32,
        /// What was done to it.
        action: String,
    },
    /// Whether anybody is there.
    Ping,
    /// Nothing, and why.
    Ignored(String),
    /// It isn't from GitHub, or can't be read.
    Refused {
        /// The HTTP status to answer with.
        status: u16,
        /// Why, in one line.
        why: String,
    },
}

/// A request to the function's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: Vec<u8>,
}

/// What a delivery asks for, if it is signed with the secret and about the repository of this id.
pub fn read(
    headers: &BTreeMap<String, String>,
    body: &[u8],
    secret: &str,
    repository_id: &str,
) -> Webhook {
    // Before anything else is looked at: the body may be anybody's.
    if let Err(why) = verify(headers.get("x-hub-signature-256"), body, secret) {
        return refused(401, why);
    }
    let kind = headers.get("content-type").map(String::as_str).unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return refused(415, "set the webhook's content type to application/json");
    }
    match headers.get("x-github-event").map(String::as_str) {
        Some("ping") => return Webhook::Ping,
        Some("pull_request") => (),
        Some(other) => return Webhook::Ignored(format!("the event {other:?} is none of ours")),
        None => return refused(400, "the header X-GitHub-Event is missing"),
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(event) => pull_request(&event, repository_id),
        Err(_) => refused(400, "the body is no JSON"),
    }
}

fn pull_request(event: &Value, repository_id: &str) -> Webhook {
    let Some(action) = event.get("action").and_then(Value::as_str) else {
        return refused(400, "the event has no action");
    };
    if !matches!(action, "closed" | "unlabeled") {
        return Webhook::Ignored(format!("the action {action:?} leaves nothing to clean up"));
    }
    let repository = event.get("repository").unwrap_or(&Value::Null);
    if repository::confirm(repository, repository_id).is_err() {
        return Webhook::Ignored("it is about another repository".to_owned());
    }
    let number = event.get("number").and_then(Value::as_u64);
    match number.and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 0) {
        Some(number) => Webhook::Sweep { number, action: action.to_owned() },
        None => refused(400, "the event has no number of a pull request"),
    }
}

fn refused(status: u16, why: &str) -> Webhook {
    Webhook::Refused { status, why: why.to_owned() }
}

fn verify(signature: Option<&String>, body: &[u8], secret: &str) -> Result<(), &'static str> {
    // Anybody can sign with nothing.
    if secret.is_empty() {
        return Err("the webhook's secret is empty");
    }
    let signature = signature.ok_or("the header X-Hub-Signature-256 is missing")?;
    let signature = signature.strip_prefix("sha256=").and_then(bytes);
    let signature = signature.ok_or("the signature is none")?;
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mac = mac.map_err(|_| "the webhook's secret is no key")?;
    mac.chain_update(body).verify_slice(&signature).map_err(|_| "the signature is wrong")
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let digit = |it: u8| char::from(it).to_digit(16).and_then(|it| u8::try_from(it).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

/// The request in an event of a Lambda function URL (payload 2.0); nothing for any other event.
///
/// # Errors
/// It is refused before its signature can be looked at, as [`Webhook::Refused`].
pub fn request(event: &Value) -> Option<Result<Request, Webhook>> {
    let http = event.get("requestContext")?.get("http")?.as_object()?;
    if http.get("method").and_then(Value::as_str) != Some("POST") {
        return Some(Err(refused(405, "only POST is answered")));
    }
    let headers = event.get("headers").and_then(Value::as_object).into_iter().flatten();
    let headers = headers
        .filter_map(|(name, it)| Some((name.to_ascii_lowercase(), it.as_str()?.to_owned())))
        .collect();
    let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = match event.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => match STANDARD.decode(body) {
            Ok(body) => body,
            Err(_) => return Some(Err(refused(400, "the body is no base64"))),
        },
        _ => body.as_bytes().to_vec(),
    };
    Some(Ok(Request { headers, body }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";

    fn signature(body: &[u8]) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body);
        let hex: Vec<_> =
            mac.finalize().into_bytes().iter().map(|it| format!("{it:02x}")).collect();
        format!("sha256={}", hex.concat())
    }

    fn headers(body: &[u8], changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let signature = signature(body);
        let mut all = BTreeMap::from([
            ("content-type".to_owned(), "application/json".to_owned()),
            ("x-github-event".to_owned(), "pull_request".to_owned()),
            ("x-hub-signature-256".to_owned(), signature),
        ]);
        for (name, value) in changes {
            match value.is_empty() {
                true => drop(all.remove(*name)),
                false => drop(all.insert((*name).to_owned(), (*value).to_owned())),
            }
        }
        all
    }

    fn told(webhook: Webhook) -> String {
        match webhook {
            Webhook::Sweep { number, action } => format!("sweep {number} {action}"),
            Webhook::Ping => "ping".to_owned(),
            Webhook::Ignored(why) => format!("ignored: {why}"),
            Webhook::Refused { status, why } => format!("{status}: {why}"),
        }
    }

    #[test]
    fn the_signature_is_githubs_own_example() {
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature(b"Hello, World!"), expected);
        assert_eq!(verify(Some(&expected.to_owned()), b"Hello, World!", SECRET), Ok(()));
    }

    #[test]
    fn what_a_delivery_asks_for() {
        let check = |event: Value, changes: &[(&str, &str)], expected: &str| {
            let body = event.to_string().into_bytes();
            let webhook = read(&headers(&body, changes), &body, SECRET, "R_1");
            assert_eq!(told(webhook), expected);
        };
        let event = |action: &str, number: Value, id: &str| json!({"action": action, "number": number, "repository": {"id": 7, "node_id": id}});
        let closed = event("closed", json!(12), "R_1");
        check(closed.clone(), &[], "sweep 12 closed");
        check(event("unlabeled", json!(12), "R_1"), &[], "sweep 12 unlabeled");
        let nothing = "ignored: the action \"opened\" leaves nothing to clean up";
        check(event("opened", json!(12), "R_1"), &[], nothing);
        let other = "ignored: it is about another repository";
        check(event("closed", json!(12), "R_2"), &[], other);
        check(json!({"action": "closed", "number": 12}), &[], other);
        for number in [json!(0), json!(-1), json!("12"), json!(1.5), json!(4_294_967_296_u64)] {
            let no_number = "400: the event has no number of a pull request";
            check(event("closed", number, "R_1"), &[], no_number);
        }
        check(json!([]), &[], "400: the event has no action");
        check(closed.clone(), &[("x-github-event", "ping")], "ping");
        let push = "ignored: the event \"push\" is none of ours";
        check(closed.clone(), &[("x-github-event", "push")], push);
        let nothing = "400: the header X-GitHub-Event is missing";
        check(closed.clone(), &[("x-github-event", "")], nothing);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        check(closed.clone(), &form, "415: set the webhook's content type to application/json");
        check(closed, &[("content-type", "Application/JSON; charset=utf-8")], "sweep 12 closed");
    }

    #[test]
    fn nothing_is_read_that_is_not_signed() {
        let body = br#"{"action":"closed","number":12,"repository":{"id":7}}"#;
        let check = |signature: &str, expected: &str| {
            let headers = headers(body, &[("x-hub-signature-256", signature)]);
            assert_eq!(told(read(&headers, body, SECRET, "7")), expected);
        };
        let good = signature(body);
        check(&good, "sweep 12 closed");
        check("", "401: the header X-Hub-Signature-256 is missing");
        check(&signature(b"other"), "401: the signature is wrong");
        check(good.trim_start_matches("sha256="), "401: the signature is none");
        check(&good.replace("sha256", "sha1"), "401: the signature is none");
        check("sha256=", "401: the signature is wrong");
        check("sha256=abc", "401: the signature is none");
        check("sha256=zz", "401: the signature is none");
        check(&format!("{good}00"), "401: the signature is wrong");
        let empty = read(&headers(body, &[]), body, "", "7");
        assert_eq!(told(empty), "401: the webhook's secret is empty");
        let not_json = read(&headers(b"payload=1", &[]), b"payload=1", SECRET, "7");
        assert_eq!(told(not_json), "400: the body is no JSON");
    }

    #[test]
    fn a_function_url_hands_over_what_was_signed() {
        let event = |method: &str, body: &str, encoded: bool| {
            json!({
                "version": "2.0", "headers": {"X-GitHub-Event": "ping"}, "body": body,
                "isBase64Encoded": encoded, "requestContext": {"http": {"method": method}},
            })
        };
        let body = |event: &Value| request(event).unwrap().map(|it| it.body).map_err(told);
        assert_eq!(body(&event("POST", "{\"a\": 1}", false)).unwrap(), b"{\"a\": 1}");
        assert_eq!(body(&event("POST", "eyJhIjogMX0=", true)).unwrap(), b"{\"a\": 1}");
        let refused = body(&event("POST", "{}", true)).unwrap_err();
        assert_eq!(refused, "400: the body is no base64");
        let refused = body(&event("GET", "", false)).unwrap_err();
        assert_eq!(refused, "405: only POST is answered");
        let headers = request(&event("POST", "", false)).unwrap().unwrap().headers;
        assert_eq!(headers.get("x-github-event").map(String::as_str), Some("ping"));
        assert_eq!(request(&json!({"source": "aws.scheduler"})), None);
        assert_eq!(request(&json!(null)), None);
    }

    proptest! {
        #[test]
        fn one_other_byte_is_another_body(body: Vec<u8>, more: u8) {
            let signed = headers(&body, &[]);
            let mut other = body;
            other.push(more);
            let refused = read(&signed, &other, SECRET, "7");
            let is_refused = matches!(refused, Webhook::Refused { status: 401, .. });
            prop_assert!(is_refused);
        }
    }
}
