//! Queues: made, found, shown, emptied, deleted.

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{Answer, Queue, attributes, name_of_url, no_queue, seconds, url, wrong};
use crate::wire::{AwsError, page};
use crate::world::World;

/// AWS: "You must wait 60 seconds after deleting a queue before you can create another queue with
/// the same name", and "Only one `PurgeQueue` operation on a queue is allowed every 60 seconds".
const PAUSE: u64 = 60;

/// AWS: "If you provide the name of an existing queue along with the exact names and values of all
/// the queue's attributes, `CreateQueue` returns the queue URL for the existing queue."
pub(super) fn create(world: &World, input: &Value) -> Answer {
    let name = input["QueueName"].as_str().unwrap_or_default();
    if name.ends_with(".fifo") {
        return Err(wrong(&json!(name), "QueueName", "local-aws has no FIFO queues"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 80 || !name.chars().all(fits) {
        return Err(super::invalid(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    let now = world.clock().now();
    let mut state = world.state();
    let given = attributes::checked(&state.sqs, &input["Attributes"])?;
    if let Some(queue) = state.sqs.queues.get(name) {
        let other = given.iter().find(|(name, value)| queue.attributes.get(*name) != Some(value));
        if let Some((other, _)) = other {
            return Err(AwsError::bad(
                "QueueNameExists",
                format!(
                    "A queue already exists with the same name and a different value for \
                     attribute {other}"
                ),
            ));
        }
        return Ok(json!({"QueueUrl": url(&state, name)}));
    }
    if state.sqs.deleted.get(name).is_some_and(|at| now.duration_since(*at) < seconds(PAUSE)) {
        return Err(AwsError::bad(
            "QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with \
             the same name.",
        ));
    }
    let mut attributes = attributes::defaults();
    attributes.extend(given);
    let queue = Queue {
        name: name.to_owned(),
        attributes,
        created: now,
        modified: now,
        purged: None,
        messages: Vec::new(),
        bell: watch::Sender::new(()),
    };
    state.sqs.queues.insert(name.to_owned(), queue);
    Ok(json!({"QueueUrl": url(&state, name)}))
}

pub(super) fn url_of(world: &World, input: &Value) -> Answer {
    let name = input["QueueName"].as_str().unwrap_or_default();
    let state = world.state();
    if !state.sqs.queues.contains_key(name) {
        return Err(no_queue());
    }
    Ok(json!({"QueueUrl": url(&state, name)}))
}

/// AWS: "If you do not set `MaxResults`, the response includes a maximum of 1,000 results", and only
/// who sets it gets a token.
pub(super) fn list(world: &World, input: &Value) -> Answer {
    let prefix = input["QueueNamePrefix"].as_str().unwrap_or_default();
    let most = match &input["MaxResults"] {
        Value::Null => 1000,
        value => match value.as_u64().and_then(|it| usize::try_from(it).ok()) {
            Some(most @ 1..=1000) => most,
            _ => return Err(wrong(value, "MaxResults", "Must be between 1 and 1000.")),
        },
    };
    let state = world.state();
    let names = state.sqs.queues.keys().filter(|it| it.starts_with(prefix));
    let all: Vec<Value> = names.map(|name| json!(url(&state, name))).collect();
    let (urls, next) = page(&all, &input["NextToken"], most, "InvalidParameterValue")?;
    let mut answer = json!({});
    if !urls.is_empty() {
        answer["QueueUrls"] = json!(urls);
    }
    if let Some(next) = next.filter(|_| !input["MaxResults"].is_null()) {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

pub(super) fn get_attributes(world: &World, input: &Value) -> Answer {
    let asked: Vec<&str> = input["AttributeNames"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let Some(unknown) = asked.iter().find(|it| !attributes::is_known(it)) {
        let message = format!("Unknown Attribute {unknown}.");
        return Err(AwsError::bad("InvalidAttributeName", message));
    }
    let now = world.clock().now();
    let mut state = world.state();
    let queue = state.sqs.queue(input, now)?;
    let messages = &queue.messages;
    let visible = messages.iter().filter(|it| it.visible_at <= now).count();
    let in_flight = messages.iter().filter(|it| it.is_in_flight(now)).count();
    let delayed = messages.len() - visible - in_flight;
    let mut shown: Map<String, Value> = [
        ("QueueArn", queue.arn()),
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ("CreatedTimestamp", queue.created.as_second().to_string()),
        ("LastModifiedTimestamp", queue.modified.as_second().to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), json!(value)))
    .collect();
    shown.extend(queue.attributes.iter().map(|(name, value)| (name.clone(), json!(value))));
    shown.retain(|name, _| asked.iter().any(|it| *it == "All" || it == name));
    Ok(if shown.is_empty() { json!({}) } else { json!({"Attributes": shown}) })
}

pub(super) fn set_attributes(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    let given = attributes::checked(&state.sqs, &input["Attributes"])?;
    let queue = state.sqs.queue(input, now)?;
    queue.attributes.extend(given);
    queue.attributes.retain(|_, value| !value.is_empty());
    queue.modified = now;
    Ok(Value::Null)
}

pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let name = name_of_url(input)?;
    let now = world.clock().now();
    let mut state = world.state();
    state.sqs.queues.remove(name).ok_or_else(no_queue)?;
    state.sqs.deleted.insert(name.to_owned(), now);
    Ok(Value::Null)
}

pub(super) fn purge(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    let queue = state.sqs.queue(input, now)?;
    if queue.purged.is_some_and(|at| now.duration_since(at) < seconds(PAUSE)) {
        let message = format!(
            "Only one `PurgeQueue` operation on {} is allowed every 60 seconds.",
            queue.name
        );
        return Err(AwsError::bad("PurgeQueueInProgress", message));
    }
    queue.purged = Some(now);
    queue.messages.clear();
    Ok(Value::Null)
}
