//! A queue's attributes: their defaults and their bounds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Queue, State, name_of_arn};
use crate::wire::AwsError;

/// Numbers: what they are unless told, the least and the most.
const NUMBERS: [(&str, u64, u64, u64); 6] = [
    ("DelaySeconds", 0, 0, 900),
    ("MaximumMessageSize", 1_048_576, 1024, 1_048_576),
    ("MessageRetentionPeriod", 345_600, 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 0, 20),
    ("VisibilityTimeout", 30, 0, 43_200),
    ("KmsDataKeyReusePeriodSeconds", 300, 60, 86_400),
];

const TEXTS: [&str; 5] =
    ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled"];

/// What only `GetQueueAttributes` knows.
const TOLD: [&str; 6] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
];

pub(super) fn defaults() -> BTreeMap<String, String> {
    NUMBERS
        .iter()
        // Only a queue with a key of its own shows for how long it is used.
        .filter(|it| it.0 != "KmsDataKeyReusePeriodSeconds")
        .map(|(name, value, ..)| ((*name).to_owned(), value.to_string()))
        .chain([("SqsManagedSseEnabled".to_owned(), "true".to_owned())])
        .collect()
}

/// Whether `GetQueueAttributes` knows the name.
pub(super) fn is_known(name: &str) -> bool {
    name == "All"
        || TOLD.contains(&name)
        || TEXTS.contains(&name)
        || NUMBERS.iter().any(|it| it.0 == name)
}

/// The attributes of a request, if SQS takes them.
pub(super) fn checked(state: &State, given: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let mut attributes = BTreeMap::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        check(state, name, &value)?;
        attributes.insert(name.clone(), value);
    }
    Ok(attributes)
}

fn check(state: &State, name: &str, value: &str) -> Result<(), AwsError> {
    let refuse = || {
        let message = format!("Invalid value for the parameter {name}.");
        Err(AwsError::bad("InvalidAttributeValue", message))
    };
    if matches!(name, "FifoQueue" | "ContentBasedDeduplication") {
        let message = "local-aws has no FIFO queues";
        return Err(AwsError::bad("InvalidAttributeName", message));
    }
    if let Some((_, _, least, most)) = NUMBERS.iter().find(|it| it.0 == name) {
        let fits = value.parse::<u64>().is_ok_and(|it| (*least..=*most).contains(&it));
        return if fits { Ok(()) } else { refuse() };
    }
    match name {
        // An empty text takes the policy away.
        "RedrivePolicy" if !value.is_empty() => match redrive(value) {
            Some((target, _)) if state.queues.contains_key(target_name(&target)) => Ok(()),
            Some(_) => Err(super::wrong(
                &json!(value),
                "RedrivePolicy",
                "Dead letter target does not exist.",
            )),
            None => refuse(),
        },
        name if TEXTS.contains(&name) => Ok(()),
        name => {
            let message = format!("Unknown Attribute {name}.");
            Err(AwsError::bad("InvalidAttributeName", message))
        }
    }
}

fn target_name(arn: &str) -> &str {
    name_of_arn(arn).unwrap_or_default()
}

/// The ARN of the dead-letter queue, and how often a message is received before it goes there.
/// AWS: "`maxReceiveCount` … 1 to 1,000".
fn redrive(policy: &str) -> Option<(String, u64)> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let most = &policy["maxReceiveCount"];
    let most = most.as_u64().or_else(|| most.as_str()?.parse().ok())?;
    let target = policy["deadLetterTargetArn"].as_str()?;
    (1..=1000).contains(&most).then(|| (target.to_owned(), most))
}

impl Queue {
    /// The name of the dead-letter queue, and how often a message is received before it goes there.
    pub(super) fn dead_letters(&self) -> Option<(String, u64)> {
        let (target, most) = redrive(self.attributes.get("RedrivePolicy")?)?;
        Some((target_name(&target).to_owned(), most))
    }
}
