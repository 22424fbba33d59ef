//! The one request that brings an alert to its destination.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use secret::Secret;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::destination::Destination;
use crate::notice::Notice;
use crate::outcome::{Reason, Why};
use crate::render::{self, Look};

const SLACK_API: &str = "https://slack.com/api/chat.postMessage";
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const PAGERDUTY_EU: &str = "https://events.eu.pagerduty.com/v2/enqueue";

/// One POST. Holds secrets, so it can't be printed.
pub(crate) struct Request {
    pub(crate) address: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The secrets that a destination names.
#[derive(PartialEq, Eq)]
pub(crate) struct Keys {
    /// Its address or its key.
    pub(crate) main: Secret,
    /// What signs.
    pub(crate) signing: Option<Secret>,
}

impl Keys {
    /// A text without any of them, for errors: services and proxies repeat what they were asked, whole or in
    /// parts.
    pub(crate) fn hide(&self, text: &str) -> String {
        let all = [Some(&self.main), self.signing.as_ref()];
        let secrets = all.into_iter().flatten().flat_map(|it| it.expose().split_whitespace());
        let text = secrets.fold(text.to_owned(), |text, secret| {
            let text = text.replace(secret, "[secret]");
            // Behind the host of an address, every part is one that nobody else may know.
            let path = secret.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
            let path = path.map_or("", |(_, path)| path);
            let whole = Some(path).filter(|it| it.len() >= 6);
            let parts = path.split(['/', '?', '&', '=']).filter(|it| it.len() >= 12);
            whole.into_iter().chain(parts).fold(text, |text, part| {
                text.replace(part, "[secret]").replace(&decoded(part), "[secret]")
            })
        });
        alert::redact(&text)
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = after.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The request.
///
/// # Errors
/// The secret is no address, no key, or leads where alerts may not go.
pub(crate) fn request(
    destination: &Destination,
    allowed_hosts: &[String],
    notice: &Notice,
    look: &Look<'_>,
    keys: &Keys,
    now: Timestamp,
) -> Result<Request, Why> {
    let key = keys.main.expose();
    let wrong = |what: &str| {
        let name = destination.secret().map(ToString::to_string).unwrap_or_default();
        Why::new(Reason::Secret, format!("secret {name}: {what}"))
    };
    let mut headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
    let (address, body) = match destination {
        Destination::Slack { token: Some(_), channel, endpoint, .. } => {
            if !is_token(key) {
                return Err(wrong("it holds no token"));
            }
            headers.push(("authorization", format!("Bearer {key}")));
            let mut body = render::slack(notice, look);
            put(&mut body, "channel", json!(channel));
            (endpoint.as_deref().unwrap_or(SLACK_API).to_owned(), body)
        }
        Destination::Slack { .. } => (key.to_owned(), render::slack(notice, look)),
        Destination::Teams { .. } => (key.to_owned(), render::teams(notice, look)),
        Destination::Discord { .. } => {
            // Without it an answer doesn't tell whether the message was kept.
            let between = if key.contains('?') { '&' } else { '?' };
            (format!("{key}{between}wait=true"), render::discord(notice, look))
        }
        Destination::Pagerduty { eu, endpoint, .. } => {
            if !is_token(key) {
                return Err(wrong("it holds no routing key"));
            }
            let mut body = render::pagerduty(notice, look);
            put(&mut body, "routing_key", json!(key));
            let address = if *eu { PAGERDUTY_EU } else { PAGERDUTY };
            (endpoint.as_deref().unwrap_or(address).to_owned(), body)
        }
        Destination::Webhook { .. } => (key.to_owned(), render::webhook(notice, look)),
        Destination::Email { .. } => {
            return Err(Why::new(Reason::ClientError, "e-mail is no request of ours"));
        }
    };
    destination.check_address(&address, allowed_hosts).map_err(|it| wrong(&it))?;
    let body = body.to_string();
    if let (Destination::Webhook { .. }, Some(signing)) = (destination, &keys.signing) {
        headers.extend(signed(signing, &notice.id, now, &body));
    }
    Ok(Request { address, headers, body })
}

fn put(body: &mut Value, name: &str, value: Value) {
    if let Some(members) = body.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// What may stand in a header.
fn is_token(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|it| it.is_ascii_graphic())
}

/// The headers of Standard Webhooks. The id stays the same however often it is tried, so that a receiver
/// takes the alert once; the moment is the attempt's.
fn signed(signing: &Secret, id: &str, now: Timestamp, body: &str) -> [(&'static str, String); 3] {
    // A header is ASCII, and a dot separates what is signed.
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    let id: String = id.chars().map(|it| if plain(it) { it } else { '-' }).take(255).collect();
    let seconds = now.as_second();
    let signatures: Vec<String> = signing
        .expose()
        .split_whitespace()
        .filter_map(|secret| {
            let key = secret.strip_prefix("whsec_").and_then(|it| STANDARD.decode(it).ok());
            let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
            mac.update(format!("{id}.{seconds}.{body}").as_bytes());
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        })
        .collect();
    [
        ("webhook-id", id),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested(yaml: &str, key: &str, signing: Option<&str>) -> Result<Request, Why> {
        let destination: Destination = yaml_serde::from_str(yaml).unwrap();
        let notice = Notice { id: "msg.1".into(), title: "Too slow".into(), ..Notice::default() };
        let keys = Keys { main: Secret::new(key), signing: signing.map(Secret::new) };
        let now = Timestamp::from_second(1_674_087_231).unwrap();
        request(&destination, &[], &notice, &Look::default(), &keys, now)
    }

    fn header(request: &Request, name: &str) -> String {
        let found = request.headers.iter().find(|it| it.0 == name);
        found.map(|it| it.1.clone()).unwrap_or_default()
    }

    #[test]
    fn each_destination_is_asked_as_it_wants() {
        let check = |yaml: &str, key: &str, address: &str, in_body: &str| {
            let request = requested(yaml, key, None).map_err(|it| it.to_string()).unwrap();
            assert_eq!(request.address, address);
            assert!(request.body.contains(in_body), "{}", request.body);
            assert!(request.body.contains("Too slow"), "{}", request.body);
        };
        let hook = "https://hooks.slack.com/services/T0/B0/x";
        check("{type: slack, webhook: s}", hook, hook, "\"blocks\"");
        let bot = "{type: slack, token: s, channel: ops}";
        check(bot, "xoxb-1", SLACK_API, "\"channel\":\"ops\"");
        let discord = "https://discord.com/api/webhooks/1/x";
        let waiting = format!("{discord}?wait=true");
        check("{type: discord, webhook: s}", discord, &waiting, "allowed_mentions");
        let key = "0123456789abcdef0123456789abcdef";
        let routed = format!("\"routing_key\":\"{key}\"");
        check("{type: pagerduty, routing_key: s}", key, PAGERDUTY, &routed);
        check("{type: pagerduty, routing_key: s, eu: true}", key, PAGERDUTY_EU, &routed);
        let flow = "https://prod-1.uksouth.logic.azure.com/workflows/x";
        check("{type: teams, webhook: s}", flow, flow, "AdaptiveCard");
        let any = "https://example.org/alerts";
        check("{type: webhook, webhook: s}", any, any, "notice/1");
        let request = requested(bot, "xoxb-1", None).map_err(|it| it.to_string()).unwrap();
        assert_eq!(header(&request, "authorization"), "Bearer xoxb-1");
    }

    #[test]
    fn a_secret_that_is_none_is_named_and_not_told() {
        let check = |yaml: &str, key: &str, expected: &str| {
            let why = requested(yaml, key, None).err().unwrap().to_string();
            assert_eq!(why, expected);
        };
        check(
            "{type: slack, webhook: s#a}",
            "hidden",
            "secret: secret s#a: it is no https address",
        );
        check(
            "{type: pagerduty, routing_key: s}",
            "hid den",
            "secret: secret s: it holds no routing key",
        );
        check(
            "{type: slack, token: s, channel: c}",
            "hid\nden",
            "secret: secret s: it holds no token",
        );
    }

    #[test]
    fn a_signature_is_what_standard_webhooks_says() {
        let request = requested(
            "{type: webhook, webhook: s}",
            "https://example.org/alerts",
            Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw other"),
        )
        .map_err(|it| it.to_string())
        .unwrap();
        assert_eq!(header(&request, "webhook-id"), "msg-1");
        assert_eq!(header(&request, "webhook-timestamp"), "1674087231");
        let signatures = header(&request, "webhook-signature");
        assert_eq!(signatures.split(' ').filter(|it| it.starts_with("v1,")).count(), 2);
        // The example of the specification's own libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let [_, _, (_, signature)] = signed(&secret, id, now, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_hidden_in_what_others_say() {
        let keys = Keys {
            main: Secret::new(
                "https://prod.logic.azure.com/workflows/0123456789abcdef/run?sv=1.0&sig=ab%2Fcdefghij-kl",
            ),
            signing: Some(Secret::new("whsec_abcdef whsec_ghijkl")),
        };
        for said in [
            "no /workflows/0123456789abcdef/run?sv=1.0&sig=ab%2Fcdefghij-kl",
            "sv=1.0&amp;sig=ab%2Fcdefghij-kl",
            "sig is ab/cdefghij-kl",
            "https:\\/\\/prod.logic.azure.com\\/workflows\\/0123456789abcdef",
            "signed by whsec_ghijkl",
        ] {
            let hidden = keys.hide(said);
            for secret in ["0123456789abcdef", "cdefghij", "ghijkl"] {
                assert!(!hidden.contains(secret), "{hidden}");
            }
        }
        assert_eq!(keys.hide("invalid_blocks"), "invalid_blocks");
    }
}
