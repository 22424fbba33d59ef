//! Sending: one message, or ten.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::message::Message;
use super::{Answer, Queue, bounded, each, invalid, wrong};
use crate::sns::{attributes_size, check_attribute};
use crate::wire::AwsError;
use crate::world::World;

/// AWS: "The minimum message size is one byte (1 character). The maximum is 1,048,576 bytes (1
/// MiB)", attributes included, and as much for all messages of a batch.
const MOST: usize = 1_048_576;

pub(super) fn one(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    let queue = state.sqs.queue(input, now)?;
    accept(queue, input, now)
}

pub(super) fn batch(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    let queue = state.sqs.queue(input, now)?;
    let entries = input["Entries"].as_array();
    if entries.into_iter().flatten().map(size).sum::<usize>() > MOST {
        let message = format!("Batch requests cannot be longer than {MOST} bytes.");
        return Err(AwsError::bad("BatchRequestTooLong", message));
    }
    each(input, |entry| accept(queue, entry, now))
}

fn accept(queue: &mut Queue, entry: &Value, now: Timestamp) -> Answer {
    let message = checked(queue, entry, now)?;
    let mut answer = json!({"MessageId": message.id, "MD5OfMessageBody": message.md5()});
    if let Some(digest) = Message::md5_of(&message.attributes) {
        answer["MD5OfMessageAttributes"] = json!(digest);
    }
    let system = entry["MessageSystemAttributes"].as_object();
    if let Some(digest) = system.and_then(Message::md5_of) {
        answer["MD5OfMessageSystemAttributes"] = json!(digest);
    }
    queue.add(message);
    Ok(answer)
}

fn size(entry: &Value) -> usize {
    entry["MessageBody"].as_str().map_or(0, str::len) + attributes_size(entry)
}

fn checked(queue: &Queue, entry: &Value, now: Timestamp) -> Result<Message, AwsError> {
    for member in ["MessageGroupId", "MessageDeduplicationId"] {
        if !entry[member].is_null() {
            let reason = "The request include parameter that is not valid for this queue type";
            return Err(wrong(&entry[member], member, reason));
        }
    }
    let body = entry["MessageBody"].as_str().unwrap_or_default();
    if body.is_empty() {
        let message = "The request must contain the parameter MessageBody.";
        return Err(AwsError::bad("MissingParameter", message));
    }
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if !body.chars().all(allowed) {
        let message = "Message contains characters that are not allowed.";
        return Err(AwsError::bad("InvalidMessageContents", message));
    }
    let most = queue.number("MaximumMessageSize");
    if u64::try_from(size(entry)).unwrap_or(u64::MAX) > most {
        return Err(invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )));
    }
    let delay = bounded(entry, "DelaySeconds", 900, queue.number("DelaySeconds"))?;
    let given = entry["MessageAttributes"].as_object().cloned().unwrap_or_default();
    if given.len() > 10 {
        return Err(invalid(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [10].",
            given.len()
        )));
    }
    for (name, value) in &given {
        check_attribute(name, value).map_err(|error| invalid(error.message))?;
    }
    let mut message = Message::new(body.to_owned(), given, now, delay);
    let system = entry["MessageSystemAttributes"].as_object();
    message.system = system
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value["StringValue"].clone()))
        .collect();
    Ok(message)
}
