//! What a destination's answer means: arrived, later, never.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::destination::Destination;

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Somebody answered.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The header `Retry-After`.
        retry_after: Option<String>,
        /// The beginning of the body.
        body: String,
    },
    /// Nobody was reached.
    NotSent(String),
    /// It was sent, and what became of it nobody knows.
    Lost(String),
}

impl Said {
    /// The same with another text.
    pub(crate) fn map(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Answer { status, retry_after, body } => {
                Self::Answer { status, retry_after, body: change(&body) }
            }
            Self::NotSent(why) => Self::NotSent(change(&why)),
            Self::Lost(why) => Self::Lost(change(&why)),
        }
    }
}

/// What it means for the alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The destination has it.
    Delivered,
    /// It may well be taken later.
    Later {
        /// Not before this is over.
        after: Option<Duration>,
        /// It may have arrived all the same.
        unsure: bool,
        /// What went wrong.
        why: Why,
    },
    /// It is not taken; not with this key or address, at least.
    Never(Why),
}

/// What went wrong: a word for metrics, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Why {
    /// The word.
    pub(crate) reason: Reason,
    /// The sentence; never a secret.
    pub(crate) text: String,
}

/// Words for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The destination finds the message or the request wrong.
    ClientError,
    /// The destination does not know the key, the address or the channel.
    AuthError,
    /// Too many at once.
    RateLimited,
    /// The destination is broken.
    ServerError,
    /// No answer.
    NoAnswer,
    /// Nobody was reached.
    Unreachable,
    /// There is no secret, or not what it should be.
    Secret,
    /// Twice no answer: a third time could be a third copy.
    Unconfirmed,
    /// Time is up.
    GaveUp,
    /// There is no such destination any more.
    NoDestination,
    /// No route leads anywhere.
    NoRoute,
}

impl Reason {
    /// The word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ClientError => "client-error",
            Self::AuthError => "auth-error",
            Self::RateLimited => "rate-limited",
            Self::ServerError => "server-error",
            Self::NoAnswer => "no-answer",
            Self::Unreachable => "unreachable",
            Self::Secret => "secret",
            Self::Unconfirmed => "unconfirmed",
            Self::GaveUp => "gave-up",
            Self::NoDestination => "no-destination",
            Self::NoRoute => "no-route",
        }
    }
}

impl Why {
    pub(crate) fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.text)
    }
}

/// Reads an answer as its destination means it.
pub(crate) fn judge(destination: &Destination, said: &Said, now: Timestamp) -> Outcome {
    let (status, header, body) = match said {
        Said::NotSent(why) => {
            let why = Why::new(Reason::Unreachable, why);
            return Outcome::Later { after: None, unsure: false, why };
        }
        Said::Lost(why) => {
            let why = Why::new(Reason::NoAnswer, why);
            return Outcome::Later { after: None, unsure: true, why };
        }
        Said::Answer { status, retry_after, body } => (*status, retry_after.as_deref(), body),
    };
    let after = retry_after(header, body, now);
    match status {
        200..=299 => accepted(destination, status, body, after),
        // 403 and 404 are what a revoked webhook answers; PagerDuty says it with 400.
        401 | 403 | 404 | 410 => Outcome::Never(why(Reason::AuthError, status, body)),
        400 if matches!(destination, Destination::Pagerduty { .. }) && names_the_key(body) => {
            Outcome::Never(why(Reason::AuthError, status, body))
        }
        429 => later(Reason::RateLimited, status, body, after),
        // Somebody on the way gave up waiting for the service itself.
        408 | 504 | 520 | 524 => {
            let why = why(Reason::NoAnswer, status, body);
            Outcome::Later { after, unsure: true, why }
        }
        425 | 500..=599 => later(Reason::ServerError, status, body, after),
        _ => Outcome::Never(why(Reason::ClientError, status, body)),
    }
}

/// A success, unless the body of this destination says otherwise.
fn accepted(
    destination: &Destination,
    status: u16,
    body: &str,
    after: Option<Duration>,
) -> Outcome {
    match destination {
        Destination::Slack { token: Some(_), .. } => slack_api(status, body, after),
        Destination::Slack { .. } if body.trim().is_empty() => {
            let why = why(Reason::NoAnswer, status, "the answer was cut off");
            Outcome::Later { after, unsure: true, why }
        }
        Destination::Slack { .. } if body.trim() != "ok" => {
            Outcome::Never(why(Reason::ClientError, status, body))
        }
        // Connectors, which workflows have replaced, hide errors behind a 200.
        Destination::Teams { .. } if body.contains("HTTP error 429") => {
            later(Reason::RateLimited, status, body, after)
        }
        Destination::Teams { .. } if body.contains("returned HTTP error") => {
            Outcome::Never(why(Reason::ClientError, status, body))
        }
        _ => Outcome::Delivered,
    }
}

/// `chat.postMessage` answers 200 whatever happened.
fn slack_api(status: u16, body: &str, after: Option<Duration>) -> Outcome {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    if answer.get("ok") == Some(&Value::Bool(true)) {
        return Outcome::Delivered;
    }
    match answer.get("error").and_then(Value::as_str) {
        Some("ratelimited" | "rate_limited" | "message_limit_exceeded") => {
            later(Reason::RateLimited, status, body, after)
        }
        Some(
            "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout"
            | "team_added_to_org",
        ) => later(Reason::ServerError, status, body, after),
        Some(
            "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive",
        ) => Outcome::Never(why(Reason::AuthError, status, body)),
        Some(_) => Outcome::Never(why(Reason::ClientError, status, body)),
        None => {
            let why = why(Reason::NoAnswer, status, body);
            Outcome::Later { after, unsure: true, why }
        }
    }
}

fn names_the_key(body: &str) -> bool {
    let body = body.to_ascii_lowercase();
    body.contains("routing key") || body.contains("routing_key")
}

fn later(reason: Reason, status: u16, body: &str, after: Option<Duration>) -> Outcome {
    Outcome::Later { after, unsure: false, why: why(reason, status, body) }
}

fn why(reason: Reason, status: u16, body: &str) -> Why {
    let body: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let body: String = body.chars().filter(|it| !it.is_control()).take(200).collect();
    let text = if body.is_empty() { status.to_string() } else { format!("{status} {body}") };
    Why { reason, text }
}

/// The header in seconds or as a date, else the member `retry_after` of the body.
fn retry_after(header: Option<&str>, body: &str, now: Timestamp) -> Option<Duration> {
    let longest = Duration::from_secs(12 * 3600);
    let seconds = |it: f64| Duration::try_from_secs_f64(it.min(1e9)).ok().map(|it| it.min(longest));
    let header = header.map(str::trim);
    let in_header = header.and_then(|it| {
        let date = || jiff::fmt::rfc2822::parse(it).ok().map(|it| it.timestamp());
        match it.parse::<f64>() {
            Ok(it) => seconds(it),
            Err(_) => Duration::try_from(date()?.duration_since(now)).ok(),
        }
    });
    let in_body = || {
        let body: Value = serde_json::from_str(body).ok()?;
        seconds(body.get("retry_after")?.as_f64()?)
    };
    in_header.or_else(in_body)
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
