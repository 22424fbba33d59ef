//! One notification, whatever it came as.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether something has begun, is over, or just happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Something is wrong, until it is told to be over.
    Firing,
    /// What was told before is over.
    Resolved,
    /// Something happened.
    #[default]
    Info,
}

/// How much it matters, least first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Somebody should look at it today.
    Warning,
    /// Something failed.
    Error,
    /// Somebody should look at it now.
    Critical,
}

/// A name and a value; short ones stand side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What it is: `Container`.
    pub name: String,
    /// Plain text.
    pub value: String,
}

/// A page that helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What is behind it.
    pub title: String,
    /// Where it is, always `https:`.
    pub url: String,
}

/// One notification: what, where, since when, why, and the pages that help. All texts are plain: who
/// renders them escapes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The message's own id; for who is told twice.
    pub id: String,
    /// What it came as: `cloudwatch.alarm`, `ecs.task`, `quayside.alert`, `text` …
    pub kind: String,
    /// Who says it: `aws.cloudwatch`, `aws.ecs`, `quayside`, `custom` …
    pub source: String,
    /// Whether it has begun, is over, or just happened.
    pub status: Status,
    /// How much it matters.
    pub severity: Severity,
    /// What, in one line.
    pub title: String,
    /// Why, in words; may have several lines.
    pub text: String,
    /// Where, since when, and whatever else there is to know.
    pub fields: Vec<Field>,
    /// Lines of a log, oldest first.
    pub lines: Vec<String>,
    /// Pages that help.
    pub links: Vec<Link>,
    /// The name of the thing it is about: of an alarm, a service, a pipeline.
    pub resource: Option<String>,
    /// The account it is about.
    pub account: Option<String>,
    /// The region it is about.
    pub region: Option<String>,
    /// The topic it came by.
    pub topic: Option<String>,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The same for what begins and for what ends it.
    pub dedup_key: String,
    /// Message attributes.
    pub attributes: BTreeMap<String, String>,
    /// The message as it came.
    pub original: Value,
}
