//! What becomes of whole events, and that nothing becomes of none.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects"
)]

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::notice::{Severity, Status};

mod account;
mod alarms;
mod compute;
mod data;
mod developer;
mod known;
mod security;
mod woken;
mod wrapped;

fn now() -> Timestamp {
    "2026-11-20T04:00:00Z".parse().unwrap()
}

/// One of `events/`.
fn event(name: &str) -> Value {
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let path = format!("{events}/{name}");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A notice as a person would read it.
fn shown(notice: &Notice) -> String {
    let status = match notice.status {
        Status::Firing => "firing",
        Status::Resolved => "resolved",
        Status::Info => "info",
    };
    let severity = match notice.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    };
    let mut lines = vec![format!("{} | {status} | {severity}", notice.title)];
    lines.extend(notice.text.lines().map(|it| format!("  {it}")));
    for field in &notice.fields {
        lines.push(format!("{}: {}", field.name, field.value.replace('\n', " / ")));
    }
    lines.extend(notice.lines.iter().map(|it| format!("> {it}")));
    lines.extend(notice.links.iter().map(|it| format!("{} -> {}", it.title, it.url)));
    lines.join("\n")
}

fn check(event: &Value, expected: &Expect) {
    let notices: Vec<_> = read(event, now()).iter().map(shown).collect();
    expected.assert_eq(&notices.join("\n\n"));
    broken(event).iter().for_each(is_told);
}

/// A message as Lambda gets it from SNS.
fn by_sns(message: &str) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {
        "Type": "Notification",
        "MessageId": "2d3a994f-adb5-5d6f-ab5e-c2e508881361",
        "TopicArn": "arn:aws:sns:eu-west-2:123456789012:alerts",
        "Message": message,
    }}]})
}

/// An event as EventBridge sends it.
fn of(source: &str, kind: &str, detail: &Value) -> Value {
    json!({
        "source": source, "detail-type": kind, "detail": detail, "version": "0",
        "id": "3329f79b-3dca-07f8-b1c2-5fe99f0b5e87", "time": "2026-11-20T03:12:41Z",
        "account": "123456789012", "region": "eu-west-2", "resources": [],
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("Records"),
        Just("Sns"),
        Just("Message"),
        Just("body"),
        Just("detail"),
        Just("source"),
        Just("detail-type"),
        Just("Trigger"),
        Just("AlarmName"),
        Just("NewStateValue"),
        Just("quayside"),
        Just("title"),
        Just("status"),
        Just("deploymentId"),
        Just("containers"),
    ];
    let name = prop_oneof![3 => word.prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("{\"detail-type\": \"ECS Task State Change\", \"source\": \"aws.ecs\"}")),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|it| it.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// What every event becomes, whatever it is: at least one notice, with a title and a key.
fn is_told(event: &Value) {
    let notices = read(event, now());
    assert!(!notices.is_empty(), "{event}");
    for notice in notices {
        let texts = [&notice.title, &notice.id, &notice.kind, &notice.dedup_key];
        assert!(texts.iter().all(|it| !it.trim().is_empty()), "{event}: {notice:?}");
        assert!(notice.links.iter().all(|it| it.url.starts_with("https:")), "{event}: {notice:?}");
    }
}

proptest! {
    #[test]
    fn any_json_is_told(event in any_json()) {
        is_told(&event);
        is_told(&by_sns(&event.to_string()));
    }

    #[test]
    fn any_text_is_told(text in any::<String>()) {
        is_told(&by_sns(&text));
        is_told(&text.into());
    }
}

/// Every way to break one member of a value, messages within texts included.
fn broken(value: &Value) -> Vec<Value> {
    let wrong =
        || [json!(null), json!(-1.5e300), json!("\u{7f} é"), json!([[{}]]), json!({"a": []})];
    let each = |with: &dyn Fn(Option<Value>) -> Value, inner: &Value| {
        let mut all: Vec<_> = wrong().into_iter().map(|it| with(Some(it))).collect();
        all.push(with(None));
        all.extend(broken(inner).into_iter().map(|it| with(Some(it))));
        all
    };
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, inner)| {
                let with = |it: Option<Value>| {
                    let mut members = members.clone();
                    match it {
                        Some(it) => members.insert(name.clone(), it),
                        None => members.remove(name),
                    };
                    Value::from(members)
                };
                each(&with, inner)
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(n, inner)| {
                let with = |it: Option<Value>| {
                    let (before, after) = (&items[..n], &items[n + 1..]);
                    let between = it.as_slice();
                    Value::from([before, between, after].concat())
                };
                each(&with, inner)
            })
            .collect(),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => {
                broken(&inner).into_iter().map(|it| it.to_string().into()).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[test]
fn events_with_any_member_broken_are_told() {
    let events = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"));
    let files = fs::read_dir(events).unwrap().map(|it| fs::read_to_string(it.unwrap().path()));
    let events: Vec<Value> = files.map(|it| serde_json::from_str(&it.unwrap()).unwrap()).collect();
    assert!(events.len() > 20);
    for event in events {
        is_told(&event);
        broken(&event).iter().for_each(is_told);
    }
}
