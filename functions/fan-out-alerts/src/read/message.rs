//! One message out of its envelopes, and how its members are looked at: tolerantly.

use std::collections::BTreeMap;

use alert::Arn;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Field, Link, Notice, Severity};

/// One message out of its envelopes.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    /// What was said: a JSON value, or a text.
    pub(super) body: Value,
    /// EventBridge's `detail-type`, if it came as an event; `body` is then its `detail`.
    pub(super) detail_type: Option<String>,
    /// EventBridge's `source`.
    pub(super) source: Option<String>,
    /// EventBridge's `resources`.
    pub(super) resources: Vec<String>,
    /// EventBridge's `account`, or the one of the topic's ARN.
    pub(super) account: Option<String>,
    /// EventBridge's `region`, or the one of the topic's ARN.
    pub(super) region: Option<String>,
    /// When it was sent.
    pub(super) time: Option<Timestamp>,
    /// The notification's or the event's own id.
    pub(super) id: Option<String>,
    /// SNS's `Subject`: a title for texts, never a source of facts.
    pub(super) subject: Option<String>,
    /// The topic's ARN.
    pub(super) topic: Option<String>,
    /// Message attributes.
    pub(super) attributes: BTreeMap<String, String>,
    /// The whole as it came, an event with its envelope.
    pub(super) original: Value,
}

impl Message {
    /// Whether it came as an event of this source, whatever the detail type.
    pub(super) fn is_from(&self, source: &str) -> bool {
        self.source.as_deref() == Some(source)
    }

    /// The text at a path such as `alarmData/state/value`: a text that is not blank, a number or a boolean.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        text(&self.body, path)
    }
}

/// The text at a path such as `Trigger/Dimensions/0/name`; numbers and booleans are written out, blank
/// texts and nulls are nothing.
pub(super) fn text(value: &Value, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The first of several paths that has a text.
pub(super) fn first(value: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| text(value, path))
}

/// The value at a path; `/` separates members and places in lists.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').try_fold(value, |value, name| match value {
        Value::Object(members) => members.get(name),
        Value::Array(values) => values.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The list at a path; empty if there is none.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list.
pub(super) fn texts(value: &Value, path: &str) -> Vec<String> {
    list(value, path).iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// A moment in any of the spellings AWS has: RFC 3339, `+0000` without a colon, RFC 2822, seconds or
/// milliseconds since 1970.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let seconds = if seconds > 1e11 { seconds / 1000.0 } else { seconds };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "beyond the range there is no moment"
        )]
        return Timestamp::from_millisecond((seconds * 1000.0) as i64).ok();
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"];
    let codedeploy = || {
        // It spells the zone out, and a civil time is what is left of it.
        let time = jiff::civil::DateTime::strptime("%a %b %d %H:%M:%S UTC %Y", text).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse()
        .ok()
        .or_else(|| formats.iter().find_map(|it| Timestamp::strptime(it, text).ok()))
        .or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|it| it.timestamp()))
        .or_else(codedeploy)
}

/// The partition of a region.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// A page of the console: `console("eu-west-2", "ecs/v2/clusters/live")`; a `#` may begin the place in it.
pub(super) fn console(region: &str, page: &str) -> String {
    let console = Arn { partition: partition(region), region, account: "", resource: "" }.console();
    let (page, place) = page.split_once('#').unwrap_or((page, ""));
    let between = if page.contains('?') { '&' } else { '?' };
    let hash = if place.is_empty() { "" } else { "#" };
    format!("{console}/{page}{between}region={region}{hash}{place}")
}

/// Percent-encoded for a path segment, a query's value or a fragment.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// What makes building a notice short.
impl Notice {
    /// A notice of a kind, by a source.
    pub(super) fn of(kind: &str, source: &str, title: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            source: source.to_owned(),
            title: title.into(),
            ..Self::default()
        }
    }

    /// Adds a field, if there is a value.
    pub(super) fn field(&mut self, name: &str, value: Option<impl Into<String>>) -> &mut Self {
        if let Some(value) = value {
            self.fields.push(Field { name: name.to_owned(), value: value.into() });
        }
        self
    }

    /// Adds a page that helps.
    pub(super) fn link(&mut self, title: &str, url: impl Into<String>) -> &mut Self {
        self.links.push(Link { title: title.to_owned(), url: url.into() });
        self
    }
}

/// A severity in anybody's words, if it is one.
pub(super) fn severity(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "critical" | "fatal" | "emergency" | "p1" | "sev1" => Some(Severity::Critical),
        "error" | "high" | "major" | "p2" | "sev2" => Some(Severity::Error),
        "warning" | "warn" | "medium" | "minor" | "p3" | "sev3" => Some(Severity::Warning),
        "info" | "informational" | "information" | "low" | "notice" | "ok" | "p4" | "p5" => {
            Some(Severity::Info)
        }
        _ => None,
    }
}

/// What the services have in common.
impl Notice {
    /// Adds the texts of these members, each as a field of this name; a moment in the spelling of all.
    pub(super) fn members(&mut self, value: &Value, named: &[(&str, &str)]) -> &mut Self {
        for (name, path) in named {
            self.field(name, text(value, path).map(|it| moment_or(path, it)));
        }
        self
    }

    /// Adds a page of the console, if the region is known.
    pub(super) fn page(&mut self, message: &Message, title: &str, page: &str) -> &mut Self {
        let region = self.region.as_deref().or(message.region.as_deref());
        // What belongs to no region is shown by the oldest one.
        let region = region.map(|it| if it == "global" { "us-east-1" } else { it });
        match region.map(|it| console(it, page)) {
            Some(url) => self.link(title, url),
            None => self,
        }
    }

    /// Adds a page the service itself names, if it is one of the web.
    pub(super) fn given(&mut self, title: &str, url: Option<String>) -> &mut Self {
        match url.filter(|it| it.starts_with("https://")) {
            Some(url) => self.link(title, url),
            None => self,
        }
    }
}

/// Numbers are only moments where the member's name says so: a status code is none.
fn moment_or(path: &str, told: String) -> String {
    let name = path.to_ascii_lowercase();
    let is_time = ["time", "timestamp", "at", "seen", "date"].iter().any(|it| name.ends_with(it));
    if is_time { super::text::when_told(told) } else { told }
}
