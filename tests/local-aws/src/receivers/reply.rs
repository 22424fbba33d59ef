//! What a receiver answers, and what becomes of the message.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

/// A message as its receiver reads it.
pub(super) struct Message<'a> {
    /// The body, if it is a JSON object and says so.
    pub(super) json: Option<Value>,
    pub(super) raw: &'a Bytes,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: &'a str,
    pub(super) now: Timestamp,
    /// Which request of this receiver it is, counted from 1.
    pub(super) number: usize,
}

/// What becomes of a message.
pub(super) enum Fate {
    /// It is there for people to see.
    Shown(Value),
    /// It was accepted, and nobody will ever see it.
    Lost(Value),
    /// It was refused, for this reason.
    Refused(String),
}

pub(super) struct Verdict {
    pub(super) fate: Fate,
    pub(super) reply: Reply,
}

impl Verdict {
    pub(super) fn shown(body: Value, reply: Reply) -> Self {
        Self { fate: Fate::Shown(body), reply }
    }

    pub(super) fn lost(body: Value, reply: Reply) -> Self {
        Self { fate: Fate::Lost(body), reply }
    }

    pub(super) fn refused(reason: impl Into<String>, reply: Reply) -> Self {
        Self { fate: Fate::Refused(reason.into()), reply }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    content_type: &'static str,
    pub(super) body: String,
    retry_after: Option<u64>,
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self::text(status, "")
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self { status, content_type: "text/plain; charset=utf-8", body, retry_after: None }
    }

    /// Without an own text: the status in words.
    pub(super) fn status(status: u16) -> Self {
        let known = StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
        Self::text(status, known.unwrap_or_default())
    }

    #[expect(clippy::needless_pass_by_value, reason = "as json! gives it")]
    pub(super) fn json(status: u16, body: Value) -> Self {
        let body = body.to_string();
        Self { status, content_type: "application/json", body, retry_after: None }
    }

    pub(super) fn after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::builder().status(self.status);
        if !self.body.is_empty() {
            response = response.header("content-type", self.content_type);
        }
        if let Some(seconds) = self.retry_after {
            response = response.header("retry-after", seconds);
        }
        response.body(self.body.into()).expect("a status between 100 and 999, and plain headers")
    }
}

/// How many UTF-16 code units a text has: what JavaScript, and so Discord, calls its length.
pub(super) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// How many characters a text has.
pub(super) fn characters(text: &str) -> usize {
    text.chars().count()
}
