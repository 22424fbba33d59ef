//! The messages in an event: of SNS, of SQS, of EventBridge, within each other, or bare.

use std::collections::BTreeMap;

use alert::Arn;
use serde_json::Value;

use super::message::{Message, at, first, list, moment, text, texts};

/// SNS in SQS in Lambda with an EventBridge event in it takes six; nobody wraps more than that by intent.
const DEPTH: u8 = 10;

/// All messages of an event, at least one.
pub(super) fn messages(event: &Value) -> Vec<Message> {
    open(event, &Message::default(), DEPTH)
}

fn open(value: &Value, outer: &Message, depth: u8) -> Vec<Message> {
    let Some(depth) = depth.checked_sub(1) else { return vec![said(value, outer)] };
    if let Some(document) = value.as_str().and_then(document) {
        return open(&document, outer, depth);
    }
    match at(value, "Records").unwrap_or(value) {
        Value::Array(records) if records.is_empty() && value.is_object() => {
            let subject = Some("An event without records".to_owned());
            vec![Message { subject, ..said(value, outer) }]
        }
        // EventBridge Pipes send the records without the `Records` around them; a list that is
        // something else stays a list.
        Value::Array(records) if value.is_object() || is_wrapped(records) => {
            records.iter().flat_map(|record| open_record(record, outer, depth)).collect()
        }
        _ if is_notification(value) => open_notification(value, outer, depth),
        _ if is_event(value) => vec![of_event(value, outer)],
        _ => vec![said(value, outer)],
    }
}

fn open_record(record: &Value, outer: &Message, depth: u8) -> Vec<Message> {
    if let Some(notification) = one_of(record, &["Sns", "SNS", "sns"]) {
        return open_notification(notification, outer, depth);
    }
    let Some(body) = one_of(record, &["body", "Body"]) else { return open(record, outer, depth) };
    let queue = first(record, &["eventSourceARN", "eventSourceArn"]);
    let sent = first(record, &["attributes/SentTimestamp", "Attributes/SentTimestamp"]);
    let message = Message {
        id: first(record, &["messageId", "MessageId"]).or_else(|| outer.id.clone()),
        time: sent.and_then(|it| moment(&it)).or(outer.time),
        ..within(record, queue.as_deref(), outer)
    };
    open(body, &message, depth)
}

fn open_notification(notification: &Value, outer: &Message, depth: u8) -> Vec<Message> {
    let topic = first(notification, &["TopicArn", "topicArn"]);
    let sent = first(notification, &["Timestamp", "timestamp"]);
    let message = Message {
        id: first(notification, &["MessageId", "messageId"]).or_else(|| outer.id.clone()),
        time: sent.and_then(|it| moment(&it)).or(outer.time),
        subject: first(notification, &["Subject", "subject"]).or_else(|| outer.subject.clone()),
        ..within(notification, topic.as_deref(), outer)
    };
    let message = Message { topic: topic.or_else(|| outer.topic.clone()), ..message };
    match one_of(notification, &["Message", "message"]) {
        Some(inner) => open(inner, &message, depth),
        None => vec![said(notification, &message)],
    }
}

/// What every message in an envelope has from it: the place of its ARN, and its message attributes.
fn within(envelope: &Value, arn: Option<&str>, outer: &Message) -> Message {
    let arn = arn.and_then(Arn::parse);
    let part = |of: fn(&Arn<'_>) -> String| arn.as_ref().map(of).filter(|it| !it.is_empty());
    let mut attributes = outer.attributes.clone();
    attributes.extend(attributes_of(envelope));
    Message {
        account: part(|it| it.account.to_owned()).or_else(|| outer.account.clone()),
        region: part(|it| it.region.to_owned()).or_else(|| outer.region.clone()),
        attributes,
        ..outer.clone()
    }
}

fn attributes_of(envelope: &Value) -> BTreeMap<String, String> {
    let members = one_of(envelope, &["MessageAttributes", "messageAttributes"]);
    let members = members.and_then(Value::as_object).into_iter().flatten();
    members
        .filter_map(|(name, it)| {
            let value = first(it, &["Value", "StringValue", "stringValue", "value"]);
            Some((name.clone(), value.or_else(|| it.as_str().map(str::to_owned))?))
        })
        .collect()
}

fn is_wrapped(records: &[Value]) -> bool {
    let wraps = |it: &Value| {
        let is_record =
            at(it, "Sns").is_some() || (at(it, "body").is_some() && at(it, "messageId").is_some());
        is_record || is_notification(it) || is_event(it)
    };
    !records.is_empty() && records.iter().all(wraps)
}

fn is_notification(value: &Value) -> bool {
    let is_sns =
        text(value, "Type").as_deref() == Some("Notification") || text(value, "TopicArn").is_some();
    is_sns && at(value, "Message").is_some()
}

/// Part-written events count: an input transformer leaves out what it likes. A document that happens to
/// have a `source` and a `detail` doesn't, nor does one of a notification rule, whose members would be lost.
fn is_event(value: &Value) -> bool {
    let has = |name: &&str| at(value, name).is_some_and(|it| !it.is_null());
    let says_where = ["account", "region", "resources", "version"].iter().any(has);
    let is_rule = has(&"notificationRuleArn") || has(&"detailType");
    text(value, "detail-type").is_some()
        || (text(value, "source").is_some() && has(&"detail") && says_where && !is_rule)
}

fn of_event(event: &Value, outer: &Message) -> Message {
    let detail = match at(event, "detail") {
        None | Some(Value::Null) => event.clone(),
        Some(Value::String(text)) => document(text).unwrap_or_else(|| text.clone().into()),
        Some(detail) => detail.clone(),
    };
    let resources = match list(event, "resources") {
        [] => text(event, "resources").into_iter().collect(),
        _ => texts(event, "resources"),
    };
    Message {
        body: detail,
        detail_type: text(event, "detail-type"),
        source: text(event, "source"),
        resources,
        account: text(event, "account").or_else(|| outer.account.clone()),
        region: text(event, "region").or_else(|| outer.region.clone()),
        time: text(event, "time").and_then(|it| moment(&it)).or(outer.time),
        // The notification's id first: it stays the same when it is sent again.
        id: outer.id.clone().or_else(|| text(event, "id")),
        original: event.clone(),
        ..outer.clone()
    }
}

fn said(value: &Value, outer: &Message) -> Message {
    Message { body: value.clone(), original: value.clone(), ..outer.clone() }
}

/// The JSON in a text. Numbers and words stay texts: somebody wrote `42`, not a document.
fn document(text: &str) -> Option<Value> {
    let text = text.trim().trim_start_matches('\u{feff}');
    text.starts_with(['{', '[', '"']).then(|| serde_json::from_str(text).ok()).flatten()
}

fn one_of<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| at(value, name))
}
