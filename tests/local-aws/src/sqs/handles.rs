//! What is done with a received message, by its receipt handle: deleted, or hidden for longer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Queue, bounded, each, name_of_arn, seconds, wrong};
use crate::wire::AwsError;
use crate::world::{State as Account, World};

/// AWS: "maximum 12 hours" from when the message was received.
const LONGEST: u64 = 43_200;

/// Deletes what another service has handled.
pub(crate) fn delete(state: &mut Account, queue_arn: &str, handles: &[String]) {
    let queue = name_of_arn(queue_arn).and_then(|name| state.sqs.queues.get_mut(name));
    if let Some(queue) = queue {
        queue.messages.retain(|it| !handles.contains(&it.handle()));
    }
}

/// "If you don't use the most recent receipt handle, the request succeeds, but the message might
/// not be deleted": here it is not.
pub(super) fn delete_one(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    remove(state.sqs.queue(input, now)?, input)
}

pub(super) fn delete_batch(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    let queue = state.sqs.queue(input, now)?;
    each(input, |entry| remove(queue, entry))
}

pub(super) fn change_one(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    hide(state.sqs.queue(input, now)?, input, now)
}

pub(super) fn change_batch(world: &World, input: &Value) -> Answer {
    let now = world.clock().now();
    let mut state = world.state();
    let queue = state.sqs.queue(input, now)?;
    each(input, |entry| hide(queue, entry, now))
}

fn remove(queue: &mut Queue, entry: &Value) -> Answer {
    let (handle, _) = handle(entry)?;
    queue.messages.retain(|it| it.handle() != handle);
    Ok(Value::Null)
}

fn hide(queue: &mut Queue, entry: &Value, now: Timestamp) -> Answer {
    let (handle, id) = handle(entry)?;
    if entry["VisibilityTimeout"].is_null() {
        let message = "The request must contain the parameter VisibilityTimeout.";
        return Err(AwsError::bad("MissingParameter", message));
    }
    let hidden = bounded(entry, "VisibilityTimeout", LONGEST, 0)?;
    let gone = "Message does not exist or is not available for visibility timeout change.";
    let message = queue.messages.iter_mut().find(|it| it.id == id);
    let message = message.ok_or_else(|| wrong(&json!(handle), "ReceiptHandle", gone))?;
    if !message.is_in_flight(now) {
        let message =
            format!("Value {handle} for parameter ReceiptHandle is invalid. Reason: {gone}");
        return Err(AwsError::bad("MessageNotInflight", message));
    }
    let visible_at = now + seconds(hidden);
    if visible_at > message.last_received + seconds(LONGEST) {
        let reason = format!(
            "Total VisibilityTimeout for the message is beyond the limit [{LONGEST} seconds]"
        );
        return Err(wrong(&entry["VisibilityTimeout"], "VisibilityTimeout", &reason));
    }
    message.visible_at = visible_at;
    queue.bell.send_replace(());
    Ok(Value::Null)
}

/// The handle of a request, and the id of the message it was given for.
fn handle(entry: &Value) -> Result<(&str, String), AwsError> {
    let handle = entry["ReceiptHandle"].as_str().unwrap_or_default();
    let text = STANDARD.decode(handle).ok().and_then(|it| String::from_utf8(it).ok());
    let id = text.as_deref().and_then(|it| it.strip_prefix("receipt:")?.split(':').next());
    match id {
        Some(id) => Ok((handle, id.to_owned())),
        None => {
            let message =
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            Err(AwsError::bad("ReceiptHandleIsInvalid", message))
        }
    }
}
