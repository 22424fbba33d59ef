//! `PagerDuty`: an event of the Events API v2, without the routing key, which whoever sends it adds.

use serde_json::{Map, Value, json};

use super::text::{self, Dialect, Room, clean_value, key, one_line, plain, utf16};
use super::{LONGEST_URL, Look, View, severity, title};
use crate::{Notice, Status};

const PLAIN: Dialect = Dialect { cost: utf16, escape: plain };
const JSON: Dialect = Dialect { cost: text::json, escape: plain };

/// `PagerDuty` has 512 KB for an event. Details that fit in here leave the rest of it more than it needs.
const DETAILS: usize = 400_000;
const TEXT: usize = 60_000;
const FIELDS: Room = Room { many: 200, name: 500, value: 10_000, whole: 60_000, around: 6 };
const LINES: usize = 60_000;

/// The notice as an event that triggers or resolves.
#[must_use]
pub fn pagerduty(notice: &Notice, look: &Look<'_>) -> Value {
    let view = View::of(notice, look);
    let mut event = json!({
        "event_action": if notice.status == Status::Resolved { "resolve" } else { "trigger" },
        "dedup_key": dedup_key(notice),
        "payload": payload(notice, look, &view),
    });
    let links: Vec<_> = view
        .full
        .iter()
        .chain(&view.links)
        .take(20)
        .map(|link| json!({"href": link.url, "text": PLAIN.fit(&link.title, 200)}))
        .collect();
    if let (false, Some(event)) = (links.is_empty(), event.as_object_mut()) {
        event.insert("links".into(), links.into());
    }
    event
}

/// Never empty: `PagerDuty` would make one up, and nothing could resolve it.
fn dedup_key(notice: &Notice) -> String {
    let thing = notice.resource.as_deref().unwrap_or(&notice.title);
    let own = format!("{} {thing}", notice.kind);
    let given = [&notice.dedup_key, &own, &notice.id].into_iter().map(|it| key(it));
    given.into_iter().find(|it| !it.is_empty()).unwrap_or_else(|| "alert".to_owned())
}

fn payload(notice: &Notice, look: &Look<'_>, view: &View) -> Value {
    let short = |text: &str| Some(PLAIN.fit(&one_line(text), 255)).filter(|it| !it.is_empty());
    let resource = notice.resource.as_deref().and_then(short);
    let source = resource.or_else(|| short(&notice.source)).unwrap_or_else(|| "unknown".to_owned());
    let group = look.prefix.and_then(short).or_else(|| notice.account.as_deref().and_then(short));
    let optional = [
        ("timestamp", notice.time.map(|time| time.to_string())),
        ("component", short(&notice.source)),
        ("group", group),
        ("class", short(&notice.kind)),
    ];
    let mut payload = Map::new();
    payload.insert("summary".into(), PLAIN.fit(&title(notice, look), 1024).into());
    payload.insert("source".into(), source.into());
    payload.insert("severity".into(), severity(notice.severity).into());
    payload.extend(
        optional.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))),
    );
    payload.insert("custom_details".into(), details(notice, view));
    payload.into()
}

/// All there is to know, without the original if it is too much.
fn details(notice: &Notice, view: &View) -> Value {
    let mut details = Map::new();
    if !view.text.is_empty() {
        details.insert("text".into(), JSON.fit(&view.text, TEXT).into());
    }
    // Two fields of one name are both told.
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in JSON.fields(&view.fields, &FIELDS) {
        let told = fields.get(&name).and_then(Value::as_str).map(|it| format!("{it}, {value}"));
        fields.insert(name, told.unwrap_or(value).into());
    }
    if !fields.is_empty() {
        details.insert("fields".into(), fields.into());
    }
    if !view.lines.is_empty() {
        details.insert("log".into(), JSON.tail(&view.lines, LINES).join("\n").into());
    }
    details.insert("from".into(), JSON.fit(&view.footer.join(" · "), 1000).into());
    if !notice.original.is_null() {
        let original = clean_value(&notice.original);
        let size = text::size(&original);
        let room = DETAILS.saturating_sub(text::size(&details.clone().into()));
        let note = || format!("left out: {size} bytes").into();
        details.insert("original".into(), if size <= room { original } else { note() });
    }
    details.into()
}

// Twenty links and the short texts.
const _: () = assert!(DETAILS + 20 * (LONGEST_URL + 1300) + 20_000 < 512_000);
