//! What a function says about the messages it was given.

use serde_json::Value;

use crate::sqs::Message;

/// The messages that the answer does not name as failed.
///
/// AWS: "Lambda treats a batch as a complete success if your function returns any of the following:
/// An empty `batchItemFailures` list, A null `batchItemFailures` list, An empty `EventResponse`, A
/// null `EventResponse`. Lambda treats a batch as a complete failure if your function returns any of
/// the following: An invalid JSON response, An empty string `itemIdentifier`, A null
/// `itemIdentifier`, An `itemIdentifier` with a bad key name", and if it names a message that is
/// not in the batch.
pub(super) fn handled(answer: &Value, messages: Vec<Message>) -> Vec<Message> {
    let failures = match answer {
        Value::Null => &Value::Null,
        Value::String(text) if text.is_empty() => &Value::Null,
        Value::Object(_) => &answer["batchItemFailures"],
        _ => return Vec::new(),
    };
    let failures = match failures {
        Value::Null => return messages,
        Value::Array(failures) => failures,
        _ => return Vec::new(),
    };
    let failed: Vec<&str> =
        failures.iter().filter_map(|it| it["itemIdentifier"].as_str()).collect();
    let known = failed.iter().all(|id| messages.iter().any(|it| it.id == *id));
    if failed.len() < failures.len() || !known {
        return Vec::new();
    }
    messages.into_iter().filter(|it| !failed.contains(&it.id.as_str())).collect()
}
