//! Any event that reaches the function, as notices: never fails, drops nothing.
//!
//! `envelope` takes the messages out of whatever they came in; each family of `FAMILIES` knows the messages
//! of one service and leaves the others alone; what nobody knows is told by `generic`, whole.

mod account;
mod account_cost;
mod account_mail;
mod alarm;
mod alarm_metric;
mod codedeploy;
mod compute;
mod compute_stack;
mod custom;
mod data;
mod ecs;
mod ecs_service;
mod envelope;
mod generic;
mod hide;
mod message;
mod pipeline;
mod pipeline_build;
mod quayside;
mod security;
mod security_findings;
mod security_trail;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::message::{Message, first};
use crate::notice::Notice;

/// Who knows which messages; the first one that answers is believed. `custom` comes last: it takes any
/// document with a title.
const FAMILIES: &[fn(&Message) -> Option<Notice>] = &[
    quayside::notice,
    alarm::notice,
    ecs::notice,
    codedeploy::notice,
    pipeline::notice,
    data::notice,
    compute::notice,
    security::notice,
    account::notice,
    custom::notice,
];

/// All the notices of an event, at least one; each with an id of its own.
pub fn read(event: &Value, now: Timestamp) -> Vec<Notice> {
    let mut ids = BTreeMap::new();
    let one = |message: &Message| {
        let known = FAMILIES.iter().find_map(|family| family(message));
        let notice = known.unwrap_or_else(|| generic::notice(message));
        let mut notice = hide::hidden(complete(message, notice, now));
        // One message may hold several records, and two messages the same.
        let n: &mut u32 = ids.entry(notice.id.clone()).or_default();
        *n += 1;
        if *n > 1 {
            notice.id = format!("{}-{n}", notice.id);
        }
        notice
    };
    envelope::messages(event).iter().map(one).collect()
}

/// Fills in what the family left empty.
fn complete(message: &Message, notice: Notice, now: Timestamp) -> Notice {
    let said = |names: &[&str]| first(&message.original, names);
    // A topic may be in another account than what it tells of, so what the message says comes first.
    let account = notice
        .account
        .filter(|it| !it.is_empty())
        .or_else(|| said(&["account", "accountId", "AWSAccountId"]))
        .or_else(|| message.account.clone());
    let region = notice
        .region
        .filter(|it| !it.is_empty())
        .or_else(|| said(&["region", "awsRegion"]))
        .or_else(|| message.region.clone());
    let fingerprint = || fingerprint(&message.original);
    // Untitled messages have nothing in common, so neither have their keys.
    let (title, name) = match text::line(&notice.title) {
        title if title.is_empty() => ("A notification".to_owned(), fingerprint()),
        title => (title.clone(), title),
    };
    let severity = message.attributes.get("severity").and_then(|it| message::severity(it));
    let place = [account.as_deref().unwrap_or_default(), region.as_deref().unwrap_or_default()];
    let dedup_key = match notice.dedup_key {
        key if key.is_empty() => {
            let about = notice.resource.as_deref().unwrap_or(&name);
            format!("{}/{about}/{}", notice.kind, place.join("/"))
        }
        key => key,
    };
    Notice {
        id: message.id.clone().unwrap_or_else(fingerprint),
        topic: message.topic.clone(),
        time: notice.time.or(message.time).or(Some(now)),
        severity: severity.unwrap_or(notice.severity),
        attributes: notice.attributes.into_iter().chain(message.attributes.clone()).collect(),
        original: message.original.clone(),
        account,
        region,
        title,
        dedup_key,
        ..notice
    }
}

/// Begins the id of a notice that came without one.
pub(crate) const CONTENT: &str = "content-";

/// The same for the same content, for what came without an id.
fn fingerprint(content: &Value) -> String {
    let digest = Sha256::digest(content.to_string());
    let start = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    format!("{CONTENT}{start:016x}")
}
