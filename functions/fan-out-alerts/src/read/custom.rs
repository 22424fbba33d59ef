//! What people write themselves: custom notifications of Amazon Q, and documents with a title.

use serde_json::Value;

use super::message::{Message, at, first, list, moment, severity, text, texts};
use super::text::{flat, words};
use crate::notice::{Notice, Severity, Status};

/// A notice of a document somebody wrote for people to read.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    // AWS's own events may have a title too, and are told better with their detail type.
    let by_aws = message.source.as_deref().is_some_and(|it| it.starts_with("aws."));
    if by_aws { None } else { amazon_q(message).or_else(|| by_hand(message)) }
}

fn amazon_q(message: &Message) -> Option<Notice> {
    let body = &message.body;
    (text(body, "source")? == "custom").then_some(())?;
    at(body, "content")?.as_object()?;
    let title = first(body, &["content/title", "metadata/summary", "content/description"])?;
    let mut notice = Notice::of("custom", "custom", title.clone());
    let description = text(body, "content/description").filter(|it| *it != title);
    let mut lines: Vec<String> = description.into_iter().collect();
    let steps = texts(body, "content/nextSteps");
    if !steps.is_empty() {
        lines.push("Next steps:".to_owned());
        lines.extend(steps.into_iter().map(|it| format!("- {it}")));
    }
    notice.text = lines.join("\n");
    notice.severity = if is_trouble(body) { Severity::Error } else { Severity::Info };
    let joined =
        |path: &str, by: &str| Some(texts(body, path).join(by)).filter(|it| !it.is_empty());
    notice.field("Summary", text(body, "metadata/summary").filter(|it| *it != title));
    notice.field("Event", text(body, "metadata/eventType"));
    notice.field("Resources", joined("metadata/relatedResources", "\n"));
    notice.field("Keywords", joined("content/keywords", ", "));
    for (name, value) in at(body, "metadata/additionalContext").map(flat).unwrap_or_default() {
        notice.field(&name, Some(value));
    }
    notice.dedup_key = text(body, "metadata/threadId").unwrap_or_default();
    Some(notice)
}

/// These notifications have no severity of their own.
fn is_trouble(body: &Value) -> bool {
    let told = [text(body, "content/title"), text(body, "metadata/eventType")];
    told.iter().flatten().any(|it| it.to_lowercase().contains("fail"))
}

/// `{"title": …, "text": …, "severity": …, "status": …, "fields": {…}, "links": […]}`.
fn by_hand(message: &Message) -> Option<Notice> {
    let body = &message.body;
    let said = first(body, &["text", "message", "description"]);
    let level = first(body, &["severity", "level"]).and_then(|it| severity(&it));
    let title = text(body, "title");
    let title = title.or_else(|| level.and(said.clone()))?;
    let source = first(body, &["source"]).or_else(|| message.source.clone());
    let source = source.unwrap_or_else(|| "custom".to_owned());
    let mut notice = Notice::of("custom", &source, title.clone());
    notice.text = said.filter(|it| *it != title).unwrap_or_default();
    notice.status = text(body, "status").map(|it| status(&it)).unwrap_or_default();
    let news = notice.status == Status::Info;
    notice.severity = level.unwrap_or(if news { Severity::Info } else { Severity::Error });
    notice.resource = first(body, &["resource", "service"]);
    notice.time = first(body, &["time", "timestamp"]).and_then(|it| moment(&it));
    notice.dedup_key = text(body, "dedup_key").unwrap_or_default();
    add_fields(&mut notice, body);
    add_links(&mut notice, body);
    Some(notice)
}

fn status(word: &str) -> Status {
    match word.to_lowercase().as_str() {
        "firing" | "alarm" | "triggered" | "trigger" | "open" => Status::Firing,
        "resolved" | "resolve" | "ok" | "closed" => Status::Resolved,
        _ => Status::Info,
    }
}

/// The `fields`, and every member that has no place of its own: nothing somebody wrote is left out.
fn add_fields(notice: &mut Notice, body: &Value) {
    let placed = [
        "title",
        "text",
        "severity",
        "level",
        "status",
        "source",
        "time",
        "timestamp",
        "dedup_key",
        "fields",
        "links",
        "link",
        "url",
        "account",
        "region",
    ];
    let fields = match at(body, "fields") {
        Some(Value::Array(fields)) => fields
            .iter()
            .filter_map(|it| Some((first(it, &["name", "title"])?, text(it, "value")?)))
            .collect(),
        Some(fields) => flat(fields),
        None => Vec::new(),
    };
    for (name, value) in fields {
        notice.field(if name.is_empty() { "Value" } else { &name }, Some(value));
    }
    for (name, value) in flat(body) {
        let member = name.split('.').next().unwrap_or_default();
        let shown = value == notice.text || value == notice.title;
        if !placed.contains(&member) && !shown {
            notice.field(&words(&name), Some(value));
        }
    }
}

fn add_links(notice: &mut Notice, body: &Value) {
    let page = |it: &Value| {
        let url = first(it, &["url", "href"]).or_else(|| it.as_str().map(str::to_owned))?;
        let title = first(it, &["title", "text", "name"]).unwrap_or_else(|| "Page".to_owned());
        Some((title, url))
    };
    let single = ["link", "url"].iter().filter_map(|name| at(body, name));
    let pages: Vec<_> = match at(body, "links") {
        Some(links @ Value::Object(_)) => flat(links),
        _ => list(body, "links").iter().chain(single).filter_map(page).collect(),
    };
    for (title, url) in pages {
        // Nothing but `https:` becomes a link; what else stands there is still worth reading.
        if url.starts_with("https:") {
            notice.link(&title, url);
        } else {
            notice.field(&title, Some(url));
        }
    }
}
