//! Our own JSON, `notice/1`, for whatever else there is.

use serde_json::{Map, Value, json};

use super::text::{self, Dialect, Room, key, one_line, plain};
use super::{Look, View};
use crate::{Link, Notice};

const JSON: Dialect = Dialect { cost: text::json, escape: plain };

/// Many take no more than 256 KB.
const WHOLE: usize = 256 * 1024;
const TITLE: usize = 2000;
const TEXT: usize = 50_000;
const FIELDS: Room = Room { many: 300, name: 500, value: 10_000, whole: 50_000, around: 24 };
const LINES: usize = 50_000;
const ATTRIBUTES: Room = Room { many: 50, name: 500, value: 5000, whole: 20_000, around: 6 };

/// The notice as it is, with what it came as in `original`:
///
/// ```json
/// {
///   "quayside": "notice/1",
///   "id": "…", "kind": "cloudwatch.alarm", "source": "aws.cloudwatch",
///   "status": "firing", "severity": "critical",
///   "title": "…", "text": "…", "fields": [{"name": "…", "value": "…"}], "lines": ["…"],
///   "links": [{"title": "…", "url": "https://…"}], "full": {"title": "…", "url": "https://…"},
///   "resource": "…", "account": "…", "region": "…", "topic": "…", "time": "2026-11-21T09:00:00Z",
///   "dedup_key": "…", "attributes": {}, "original": {}
/// }
/// ```
///
/// What isn't known is null. An original that makes the whole larger than 256 KB is
/// `{"left_out": "too large", "bytes": …}`. Unlike every other text, the original isn't cleaned.
#[must_use]
pub fn webhook(notice: &Notice, look: &Look<'_>) -> Value {
    let view = View::of(notice, look);
    let short = |text: &str| JSON.fit(&one_line(text), 1000);
    let optional = |text: &Option<String>| text.as_deref().map(short);
    let mut payload = json!({
        "quayside": "notice/1",
        "id": key(&notice.id),
        "kind": short(&notice.kind),
        "source": short(&notice.source),
        "status": notice.status,
        "severity": notice.severity,
        "title": JSON.fit(&view.title, TITLE),
        "text": JSON.fit(&view.text, TEXT),
        "fields": fields(&view),
        "lines": lines(&view),
        "links": view.links.iter().take(12).map(link).collect::<Vec<_>>(),
        "full": view.full.as_ref().map(link),
        "resource": optional(&notice.resource),
        "account": optional(&notice.account),
        "region": optional(&notice.region),
        "topic": optional(&notice.topic),
        "time": notice.time.map(|time| time.to_string()),
        "dedup_key": key(&notice.dedup_key),
        "attributes": attributes(notice),
        "original": null,
    });
    let original = original(notice, WHOLE.saturating_sub(text::size(&payload)));
    if let Some(place) = payload.get_mut("original") {
        *place = original;
    }
    payload
}

fn fields(view: &View) -> Vec<Value> {
    JSON.fields(&view.fields, &FIELDS)
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}

/// A thousand at most, for each costs its quotation marks.
fn lines(view: &View) -> Vec<String> {
    let last = view.lines.len().saturating_sub(1000);
    JSON.tail(view.lines.get(last..).unwrap_or_default(), LINES)
}

fn link(link: &Link) -> Value {
    json!({"title": JSON.fit(&link.title, 500), "url": link.url})
}

fn attributes(notice: &Notice) -> Map<String, Value> {
    let attributes: Vec<_> = notice
        .attributes
        .iter()
        .map(|(name, value)| (one_line(name), text::clean(value)))
        .collect();
    JSON.fields(&attributes, &ATTRIBUTES)
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}

fn original(notice: &Notice, room: usize) -> Value {
    let bytes = text::size(&notice.original);
    if bytes <= room {
        notice.original.clone()
    } else {
        json!({"left_out": "too large", "bytes": bytes})
    }
}
