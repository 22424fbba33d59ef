//! Publishing: one message, or ten.

use serde_json::{Map, Value, json};

use super::delivery::{Message, deliver};
use super::{arn, invalid, no_topic};
use crate::wire::AwsError;
use crate::world::World;

/// Bytes, not characters; message attributes count as well.
const MOST: usize = 262_144;

pub(super) fn publish(world: &World, input: &Value) -> Result<Value, AwsError> {
    let member = match (input["TopicArn"].is_null(), input["TargetArn"].is_null()) {
        (false, true) => "TopicArn",
        (true, false) => "TargetArn",
        // AWS: "If you don't specify a value for the TopicArn parameter, you must specify a value
        // for the PhoneNumber or TargetArn parameters."
        (true, true) if !input["PhoneNumber"].is_null() => {
            return Err(invalid("PhoneNumber Reason: local-aws sends no text messages"));
        }
        (true, true) => {
            return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter"));
        }
        (false, false) => {
            return Err(invalid("TopicArn Reason: Both TopicArn and TargetArn specified"));
        }
    };
    let topic_arn = arn(input, member)?.to_owned();
    check(input)?;
    if size(input) > MOST {
        return Err(invalid("Message too long"));
    }
    let id = accept(world, &topic_arn, input)?;
    Ok(json!({"MessageId": id}))
}

/// AWS: "The result of publishing each message is reported individually in the response." Too many
/// entries, twins or too many bytes in all are refused as a whole.
pub(super) fn publish_batch(world: &World, input: &Value) -> Result<Value, AwsError> {
    let topic_arn = arn(input, "TopicArn")?.to_owned();
    let entries = input["PublishBatchRequestEntries"].as_array().cloned().unwrap_or_default();
    let ids = batch_ids(&entries)?;
    if entries.iter().map(size).sum::<usize>() > MOST {
        return Err(AwsError::bad(
            "BatchRequestTooLong",
            "The length of all the batch messages put together is more than the limit.",
        ));
    }
    if !world.state().sns.topics.contains_key(&topic_arn) {
        return Err(no_topic());
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, entry) in ids.iter().zip(&entries) {
        match check(entry).and_then(|()| accept(world, &topic_arn, entry)) {
            Ok(message) => successful.push(json!({"Id": id, "MessageId": message})),
            Err(error) => failed.push(json!({
                "Id": id,
                "Code": error.code,
                "Message": error.message,
                "SenderFault": true,
            })),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}

/// The names of a batch's entries, of which no service takes more than ten, or twins.
pub(crate) fn batch_ids(entries: &[Value]) -> Result<Vec<&str>, AwsError> {
    let refuse = |code: &str, message: &str| Err(AwsError::bad(code, message));
    if entries.is_empty() {
        return refuse("EmptyBatchRequest", "The batch request doesn't contain any entries.");
    }
    if entries.len() > 10 {
        return refuse(
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible (more than 10).",
        );
    }
    let ids: Vec<&str> = entries.iter().map(|it| it["Id"].as_str().unwrap_or_default()).collect();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if ids.iter().any(|id| id.is_empty() || id.len() > 80 || !id.chars().all(fits)) {
        return refuse(
            "InvalidBatchEntryId",
            "The Id of a batch entry in a batch request doesn't abide by the specification.",
        );
    }
    if ids.iter().enumerate().any(|(n, id)| ids[..n].contains(id)) {
        return refuse(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        );
    }
    Ok(ids)
}

/// The message's text and attributes count.
fn size(entry: &Value) -> usize {
    entry["Message"].as_str().map_or(0, str::len) + attributes_size(entry)
}

/// What the names, types and values of a message's attributes add to its size.
pub(crate) fn attributes_size(entry: &Value) -> usize {
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let attributes = entry["MessageAttributes"].as_object().into_iter().flatten();
    let sizes = attributes.map(|(name, value)| {
        name.len()
            + text(&value["DataType"])
            + text(&value["StringValue"])
            + text(&value["BinaryValue"])
    });
    sizes.sum()
}

fn check(entry: &Value) -> Result<(), AwsError> {
    let message = entry["Message"].as_str().unwrap_or_default();
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    // AWS: "Subjects must be UTF-8 text with no line breaks or control characters, and less than
    // 100 characters long." Exactly 100 are known to be accepted.
    if let Some(subject) = entry["Subject"].as_str() {
        let count = subject.chars().count();
        if !(1..=100).contains(&count) || subject.chars().any(char::is_control) {
            return Err(invalid("Subject"));
        }
    }
    match entry["MessageStructure"].as_str() {
        None => {}
        Some("json") => {
            let parsed: Value = serde_json::from_str(message)
                .map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
            // AWS: the JSON object must "contain at least a top-level JSON key of "default" with
            // a value that is a string".
            if !parsed["default"].is_string() {
                return Err(invalid("Message Structure - No default entry in JSON message body"));
            }
        }
        Some(_) => return Err(invalid("MessageStructure")),
    }
    for (name, value) in entry["MessageAttributes"].as_object().into_iter().flatten() {
        check_attribute(name, value)?;
    }
    Ok(())
}

/// Whether an attribute has a type and a value that fits it.
pub(crate) fn check_attribute(name: &str, value: &Value) -> Result<(), AwsError> {
    let refuse = |what: &str| {
        let message = format!("The message attribute '{name}' {what}");
        Err(AwsError::bad("ParameterValueInvalid", message))
    };
    let kind = value["DataType"].as_str().unwrap_or_default();
    let base = kind.split('.').next().unwrap_or_default();
    let content = match base {
        "String" | "Number" => &value["StringValue"],
        "Binary" => &value["BinaryValue"],
        "" => return refuse("must contain non-empty message attribute type."),
        _ => {
            return refuse(
                "has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
            );
        }
    };
    match content.as_str() {
        None | Some("") => refuse(&format!(
            "must contain non-empty message attribute value for message attribute type '{kind}'."
        )),
        Some(number) if base == "Number" && number.parse::<f64>().is_err() => {
            refuse("could not be converted to a number.")
        }
        Some(_) => Ok(()),
    }
}

fn accept(world: &World, topic_arn: &str, entry: &Value) -> Result<String, AwsError> {
    let subscriptions = {
        let mut state = world.state();
        let topic = state.sns.topics.get_mut(topic_arn).ok_or_else(no_topic)?;
        topic.published.push(json!({
            "Subject": entry["Subject"],
            "Message": entry["Message"],
            "MessageAttributes": match &entry["MessageAttributes"] {
                Value::Null => Value::Object(Map::new()),
                attributes => attributes.clone(),
            },
        }));
        topic.subscriptions.clone()
    };
    let message = Message::new(topic_arn, entry, world.clock().now());
    let topic = topic_arn.rsplit(':').next().unwrap_or_default();
    let subject = entry["Subject"].as_str().map(|it| format!(": {it}")).unwrap_or_default();
    world.note(format!("sns: published to {topic}{subject}"));
    deliver(world, &message, subscriptions);
    Ok(message.id)
}
