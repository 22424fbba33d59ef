//! What nobody knows: told whole, as plainly as it can be.

use serde_json::Value;

use super::message::{Message, first, severity};
use super::text::{flat, line, plain};
use crate::notice::{Notice, Severity};

/// A person reads no more; the rest is in the original.
const FIELDS: usize = 20;
/// A longer first line is no title by itself: whoever shows it will cut it.
const TITLE: usize = 150;

/// A notice of any message.
pub(super) fn notice(message: &Message) -> Notice {
    match (&message.detail_type, &message.source, &message.body) {
        (Some(title), ..) => event(message, title),
        (None, Some(source), _) => event(message, source),
        (_, _, Value::String(text)) => of_text(message, text),
        (_, _, Value::Object(_)) => of_document(message),
        (_, _, other) => {
            let title = message.subject.clone().unwrap_or_default();
            Notice { text: plain(other), ..Notice::of("json", "json", title) }
        }
    }
}

fn event(message: &Message, title: &str) -> Notice {
    let source = message.source.as_deref().unwrap_or("event");
    let mut notice = Notice::of("event", source, title);
    notice.severity = told_severity(&message.body);
    let resources = message.resources.join("\n");
    notice.field("Resources", (!resources.is_empty()).then_some(resources));
    match &message.body {
        Value::String(text) => text.trim().clone_into(&mut notice.text),
        body => add_fields(&mut notice, body),
    }
    notice
}

fn of_text(message: &Message, text: &str) -> Notice {
    let text = text.trim();
    let (title, rest) = match (&message.subject, text.split_once('\n')) {
        (Some(subject), _) => (subject.as_str(), text),
        (None, Some((first, rest))) if first.len() <= TITLE => (first, rest),
        (None, None) if text.len() <= TITLE => (text, ""),
        (None, _) => (text.lines().next().unwrap_or_default(), text),
    };
    let mut notice = Notice::of("text", "text", line(title));
    rest.trim().clone_into(&mut notice.text);
    let head = text.lines().filter(|it| !it.trim().is_empty()).take(5);
    notice.severity = if is_trouble(title) || head.into_iter().any(is_trouble) {
        Severity::Error
    } else {
        Severity::Info
    };
    notice
}

fn of_document(message: &Message) -> Notice {
    let names = ["title", "subject", "summary", "name", "eventName", "event", "Event", "message"];
    let title = message.subject.clone().or_else(|| first(&message.body, &names));
    let source = message.text("eventSource").unwrap_or_else(|| "json".to_owned());
    let mut notice = Notice::of("json", &source, title.unwrap_or_default());
    notice.severity = told_severity(&message.body);
    if is_trouble(&notice.title) {
        notice.severity = notice.severity.max(Severity::Error);
    }
    add_fields(&mut notice, &message.body);
    if notice.fields.is_empty() {
        notice.text = message.body.to_string();
    }
    notice
}

/// A field for each value; the last one counts those that are not shown.
fn add_fields(notice: &mut Notice, value: &Value) {
    let values = flat(value);
    let rest = values.len().saturating_sub(FIELDS);
    for (name, value) in values.into_iter().take(FIELDS) {
        // A list or a value by itself has no name.
        notice.field(if name.is_empty() { "Value" } else { &name }, Some(value));
    }
    notice.field("More", (rest > 0).then(|| format!("{rest} more values")));
}

fn is_trouble(text: &str) -> bool {
    const TROUBLE: [&str; 8] =
        ["fail", "error", "alarm", "critical", "problem", "unhealthy", "exception", "timed"];
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
        let is_trouble = *word == "down" || TROUBLE.iter().any(|it| word.starts_with(it));
        // `0 errors`, `without failures`, `not critical`; a failover may well be all right.
        is_trouble
            && !word.starts_with("failover")
            && !matches!(before, "no" | "not" | "0" | "without" | "non")
    })
}

/// The highest severity that a member says which tells how something is or ended.
fn told_severity(body: &Value) -> Severity {
    let tells = |path: &str| {
        let name = path.rsplit('.').next().unwrap_or(path).to_lowercase();
        ["state", "status", "severity"].iter().any(|it| name.ends_with(it))
    };
    let of = |value: &str| match severity(value) {
        Some(severity) => severity,
        None if ["fail", "error", "timedout", "timed_out", "abort"]
            .iter()
            .any(|it| value.to_lowercase().contains(it)) =>
        {
            Severity::Error
        }
        None => Severity::Info,
    };
    let told = flat(body).into_iter().filter(|(path, _)| tells(path));
    told.map(|(_, value)| of(&value)).max().unwrap_or_default()
}
