//! What the function answers.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::json;

use crate::report::Report;

/// What the function answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// What a run has done.
    Swept(Box<Report>),
    /// To a request to the function's URL.
    Http {
        /// The HTTP status.
        status: u16,
        /// What was done with it.
        said: String,
    },
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Swept(report) => report.serialize(serializer),
            Self::Http { status, said } => json!({
                "statusCode": status,
                "headers": {"content-type": "text/plain; charset=utf-8"},
                "body": said,
            })
            .serialize(serializer),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Swept(report) => report.fmt(f),
            Self::Http { status, said } => write!(f, "{status}: {said}"),
        }
    }
}
