//! What an HTTP answer of GitHub's is, before anybody asks what it says.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use secret::Secret;
use serde_json::Value;

use super::comment::Commented;
use crate::evidence::Unclear;

/// How long to stay away where GitHub doesn't say: its documentation says "wait for at least one minute".
const A_MINUTE: Duration = Duration::from_secs(60);
/// Of what GitHub says in an error, this much is told.
const MOST: usize = 200;

/// One answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    /// As it came.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The same without the token, if somebody on the way sends it back.
    pub(crate) fn without(mut self, token: &Secret) -> Self {
        if let Ok(text) = std::str::from_utf8(&self.body)
            && text.contains(token.expose())
        {
            self.body = text.replace(token.expose(), "…").into_bytes();
        }
        self
    }
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    /// What was asked for.
    Json(Value),
    /// Ask again after this long.
    Limited {
        /// From now.
        wait: Duration,
        /// In words.
        why: String,
    },
    /// Ask at another address.
    Moved(String),
    /// The token is none, or no longer.
    TokenRefused(String),
    /// A clear no.
    Refused {
        /// The HTTP status.
        status: u16,
        /// In words.
        why: String,
    },
    /// No answer, or none that can be read: it may be another one the next time.
    Trouble(String),
}

impl Heard {
    /// What it is where an answer to a question was needed.
    pub(crate) fn unclear(self) -> Unclear {
        match self {
            Self::Json(_) => Unclear::new("GitHub answered something else than it was asked"),
            Self::Moved(_) => Unclear::new("GitHub answered with one redirect too many"),
            Self::Limited { why, .. }
            | Self::TokenRefused(why)
            | Self::Refused { why, .. }
            | Self::Trouble(why) => Unclear { why },
        }
    }

    /// What it is where a comment was to be read or written.
    ///
    /// # Errors
    /// It isn't a clear no.
    pub(crate) fn refused(self) -> Result<Commented, Unclear> {
        match self {
            Self::Refused { why, .. } => Ok(Commented::Refused(why)),
            other => Err(other.unclear()),
        }
    }
}

/// What was behind an error, in its own words.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// What an answer is that came at this moment.
pub(crate) fn hear(answer: &Answer, now: SystemTime) -> Heard {
    let json = serde_json::from_slice::<Value>(&answer.body).ok();
    let why = words(answer, json.as_ref());
    if let Some(wait) = limit(answer, json.as_ref(), now) {
        return Heard::Limited { wait, why: used_up(now, wait) };
    }
    match (answer.status, json) {
        (200..=299, Some(json)) => Heard::Json(json),
        (301 | 302 | 307 | 308, _) => {
            Heard::Moved(answer.headers.get("location").cloned().unwrap_or_default())
        }
        (401, _) => Heard::TokenRefused(why),
        (status @ 400..=499, _) => Heard::Refused { status, why },
        _ => Heard::Trouble(why),
    }
}

fn words(answer: &Answer, json: Option<&Value>) -> String {
    let status = answer.status;
    let kind = answer.headers.get("content-type").map_or("", String::as_str);
    match json {
        Some(json) => match json.get("message").and_then(Value::as_str) {
            Some(message) => format!("GitHub answered {status}: {}", start(message)),
            None => format!("GitHub answered {status}"),
        },
        None if answer.body.is_empty() => format!("GitHub answered {status} with an empty body"),
        None if kind.contains("html") => format!("GitHub answered {status} with HTML"),
        None => format!("GitHub answered {status} with something that is no JSON"),
    }
}

/// As much of what GitHub says as fits into a line.
pub(crate) fn start(message: &str) -> String {
    message.chars().map(|it| if it.is_control() { ' ' } else { it }).take(MOST).collect()
}

/// How long to wait, if it was too often. GitHub says so with 200, 403 or 429, and in many ways.
fn limit(answer: &Answer, json: Option<&Value>, now: SystemTime) -> Option<Duration> {
    let number = |name: &str| answer.headers.get(name)?.trim().parse::<u64>().ok();
    let says_so = json.is_some_and(|it| {
        let message = it.get("message").and_then(Value::as_str).unwrap_or_default();
        let errors = it.get("errors").and_then(Value::as_array).into_iter().flatten();
        let mut kinds = errors.filter_map(|error| error.get("type")?.as_str());
        message.to_ascii_lowercase().contains("rate limit") || kinds.any(|it| it == "RATE_LIMITED")
    });
    let used_up = number("x-ratelimit-remaining") == Some(0);
    let is_limit = match answer.status {
        429 => true,
        403 => says_so || used_up || answer.headers.contains_key("retry-after"),
        200 => says_so,
        _ => false,
    };
    if !is_limit {
        return None;
    }
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    let reset = number("x-ratelimit-reset").filter(|_| used_up);
    let reset = reset.and_then(|it| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(it)));
    match reset {
        // Its clock and ours may differ by a little.
        Some(reset) => Some(reset.duration_since(now).unwrap_or_default() + Duration::from_secs(1)),
        None => Some(A_MINUTE),
    }
}

fn used_up(now: SystemTime, wait: Duration) -> String {
    let at = now.checked_add(wait).and_then(|it| Timestamp::try_from(it).ok());
    match at {
        Some(at) => {
            format!("GitHub's rate limit is used up until {} UTC", at.strftime("%H:%M"))
        }
        None => "GitHub's rate limit is used up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-15 08:00:00 UTC.
    const NOW: u64 = 1_800_000_000;

    fn told(status: u16, headers: &[(&str, &str)], body: &str) -> String {
        let headers =
            headers.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        match hear(&answer, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)) {
            Heard::Json(json) => json.to_string(),
            Heard::Limited { wait, why } => format!("wait {}: {why}", wait.as_secs()),
            Heard::Moved(to) => format!("moved: {to}"),
            Heard::TokenRefused(why) => format!("token: {why}"),
            Heard::Refused { status, why } => format!("refused {status}: {why}"),
            Heard::Trouble(why) => format!("trouble: {why}"),
        }
    }

    #[test]
    fn an_answer_is_what_was_asked_for_or_says_why_not() {
        let html = [("content-type", "text/html; charset=utf-8")];
        let bad = r#"{"message":"Bad credentials"}"#;
        let gone = r#"{"message":"Not Found"}"#;
        let check = |status, headers: &[_], body: &str, expected: &str| {
            assert_eq!(told(status, headers, body), expected);
        };
        check(200, &[], r#"{"a":1}"#, r#"{"a":1}"#);
        check(200, &[("x-ratelimit-remaining", "0")], "[]", "[]");
        check(200, &[], "", "trouble: GitHub answered 200 with an empty body");
        check(200, &html, "<p>", "trouble: GitHub answered 200 with HTML");
        check(200, &[], "{\"a\":", "trouble: GitHub answered 200 with something that is no JSON");
        check(502, &html, "<p>", "trouble: GitHub answered 502 with HTML");
        check(503, &[("retry-after", "9")], "{}", "trouble: GitHub answered 503");
        check(401, &[], bad, "token: GitHub answered 401: Bad credentials");
        check(404, &[], gone, "refused 404: GitHub answered 404: Not Found");
        check(301, &[("location", "/x")], "", "moved: /x");
        check(307, &[], "", "moved: ");
        check(304, &[], "", "trouble: GitHub answered 304 with an empty body");
    }

    #[test]
    fn a_limit_is_one_however_it_is_said() {
        let check = |status, headers: &[_], body: &str, expected: &str| {
            let expected = expected.replace("until", "GitHub's rate limit is used up until");
            assert_eq!(told(status, headers, body), expected);
        };
        let gone = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000300")];
        let graphql = r#"{"errors":[{"type":"RATE_LIMITED","message":"no"}]}"#;
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        check(200, &gone, graphql, "wait 301: until 08:05 UTC");
        check(403, &gone, "{}", "wait 301: until 08:05 UTC");
        check(200, &[], secondary, "wait 60: until 08:01 UTC");
        check(403, &[], secondary, "wait 60: until 08:01 UTC");
        check(403, &[("retry-after", "120")], "{}", "wait 120: until 08:02 UTC");
        check(429, &[("retry-after", "soon")], "", "wait 60: until 08:01 UTC");
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
        check(429, &past, "", "wait 1: until 08:00 UTC");
        let never = format!("wait {}: GitHub's rate limit is used up", u64::MAX);
        check(429, &[("retry-after", "18446744073709551615")], "", &never);
        let locked = r#"{"message":"Unable to create comment because issue is locked."}"#;
        let refused = "refused 403: GitHub answered 403: \
                       Unable to create comment because issue is locked.";
        check(403, &[("x-ratelimit-remaining", "12")], locked, refused);
    }
}
