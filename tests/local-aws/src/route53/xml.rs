//! Route 53's XML, read and written: members are elements, and every list names its items.

use serde_json::{Map, Value, json};

use crate::wire::{AwsError, escape};

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// The lists, and what their items are called.
const LISTS: [(&str, &str); 10] = [
    ("AddTags", "Tag"),
    ("Changes", "Change"),
    ("HostedZones", "HostedZone"),
    ("Messages", "Message"),
    ("NameServers", "NameServer"),
    ("RemoveTagKeys", "Key"),
    ("ResourceRecordSets", "ResourceRecordSet"),
    ("ResourceRecords", "ResourceRecord"),
    ("Tags", "Tag"),
    ("VPCs", "VPC"),
];

/// The members of a request's body: an empty body has none. `None` if it is no XML.
pub(super) fn read(body: &str) -> Option<Value> {
    if body.trim().is_empty() {
        return Some(json!({}));
    }
    let mut rest = body;
    let (_, value) = element(&mut rest)?;
    // A root without members reads as an empty text.
    Some(if value.is_object() { value } else { json!({}) })
}

/// Takes one element from the beginning of the text.
fn element<'a>(rest: &mut &'a str) -> Option<(&'a str, Value)> {
    let start = skip_to_tag(rest)?;
    let (tag, after) = start.split_once('>')?;
    *rest = after;
    let name = tag.trim_end_matches('/').split_whitespace().next()?;
    if tag.ends_with('/') {
        return Some((name, empty(name)));
    }
    let mut children = Vec::new();
    loop {
        let text = rest.split_once('<')?.0;
        if let Some(closing) = rest.get(text.len()..)?.strip_prefix("</") {
            let (closed, after) = closing.split_once('>')?;
            *rest = after;
            let value =
                if children.is_empty() { scalar(name, text)? } else { group(name, children) };
            return (closed.trim() == name).then_some((name, value));
        }
        children.push(element(rest)?);
    }
}

/// What follows the `<` of the next element; declarations and comments are passed over.
fn skip_to_tag<'a>(rest: &mut &'a str) -> Option<&'a str> {
    loop {
        let start = rest.split_once('<')?.1;
        *rest = match start.chars().next()? {
            '?' => start.split_once("?>")?.1,
            '!' => start.split_once("-->")?.1,
            _ => return Some(start),
        };
    }
}

fn is_list(name: &str) -> bool {
    LISTS.iter().any(|it| it.0 == name)
}

fn empty(name: &str) -> Value {
    if is_list(name) { json!([]) } else { json!("") }
}

fn group(name: &str, children: Vec<(&str, Value)>) -> Value {
    match is_list(name) {
        true => children.into_iter().map(|it| it.1).collect(),
        false => children
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn scalar(name: &str, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Some(empty(name));
    }
    Some(match name {
        "TTL" | "Weight" => json!(trimmed.parse::<i64>().ok()?),
        "EvaluateTargetHealth" | "PrivateZone" | "MultiValueAnswer" => {
            json!(trimmed.parse::<bool>().ok()?)
        }
        _ => json!(unescape(text)?),
    })
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut read = parts.next()?.to_owned();
    for part in parts {
        let (entity, after) = part.split_once(';')?;
        read.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            code => {
                let code = code.strip_prefix('#')?;
                let hex = code.strip_prefix('x').map(|it| u32::from_str_radix(it, 16));
                char::from_u32(hex.unwrap_or_else(|| code.parse()).ok()?)?
            }
        });
        read.push_str(after);
    }
    Some(read)
}

/// An operation's answer.
pub(crate) fn document(operation: &str, members: &Value) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<{operation}Response xmlns=\"{NAMESPACE}\">{}\
         </{operation}Response>",
        written(members, "")
    )
}

/// An error's answer.
///
/// The model's `InvalidChangeBatch` has its messages in a list; what Route 53 sends has them in
/// `Message` too, as `[…, …]`.
pub(crate) fn error(error: &AwsError, request_id: &str) -> String {
    let whose = if error.status < 500 { "Sender" } else { "Receiver" };
    let mut members = json!({"Type": whose, "Code": error.code, "Message": error.message});
    if error.members["Messages"].is_array() {
        members["Messages"] = error.members["Messages"].clone();
    }
    format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"{NAMESPACE}\"><Error>{}</Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        written(&members, "")
    )
}

fn written(value: &Value, name: &str) -> String {
    let tag = |name: &str, value: &Value| format!("<{name}>{}</{name}>", written(value, name));
    match value {
        Value::Object(members) => {
            let told = members.iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| tag(name, value)).collect()
        }
        Value::Array(items) => {
            let item = LISTS.iter().find(|it| it.0 == name).map_or("member", |it| it.1);
            items.iter().map(|it| tag(item, it)).collect()
        }
        Value::String(text) => escape(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
