//! Amazon EventBridge: one event for each task that has ended.

use std::time::Duration;

use aws_call::{Call as _, Failed};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use crate::outcome::Outcome;

/// The event's source and detail type, for rules.
const SOURCE: &str = "quayside";
const DETAIL_TYPE: &str = "Quayside Task Outcome";

/// Puts the outcome on the default bus, unless that takes longer than `within`. Nobody waits for it, so
/// it can't hold anything up: what could not be put is in the log.
pub async fn put(bus: &Client, outcome: &Outcome, within: Duration) {
    let error = match tokio::time::timeout(within, send(bus, outcome)).await {
        Ok(Ok(())) => return,
        Ok(Err(failed)) => failed.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::error!(error, task = outcome.task, "the outcome was not put on the event bus");
}

async fn send(bus: &Client, outcome: &Outcome) -> Result<(), Failed> {
    let entry = PutEventsRequestEntry::builder()
        .source(SOURCE)
        .detail_type(DETAIL_TYPE)
        .resources(&outcome.task)
        .detail(serde_json::to_string(outcome).unwrap_or_default())
        .build();
    let answer = bus.put_events().entries(entry).send().await.call("PutEvents")?;
    // Status 200 may still carry an entry that was not taken.
    match answer.entries().iter().find_map(|it| Some((it.error_code()?, it.error_message()))) {
        None => Ok(()),
        Some((code, message)) => Err(Failed {
            operation: "PutEvents",
            code: Some(code.to_owned()),
            message: message.unwrap_or_default().to_owned(),
            class: aws_call::Class::Retry,
        }),
    }
}
