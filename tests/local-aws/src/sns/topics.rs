//! Topics and their attributes.

use serde_json::{Value, json};

use super::{Topic, arn, invalid, no_topic, topic_arn};
use crate::wire::{AwsError, page};
use crate::world::{ACCOUNT, World};

/// What `SetTopicAttributes` may set on a standard topic.
const SETTABLE: [&str; 8] = [
    "DeliveryPolicy",
    "DisplayName",
    "Policy",
    "TracingConfig",
    "KmsMasterKeyId",
    "SignatureVersion",
    "LambdaSuccessFeedbackRoleArn",
    "LambdaFailureFeedbackRoleArn",
];

fn settable(name: &str) -> bool {
    SETTABLE.contains(&name) || name.ends_with("FeedbackRoleArn") || name.ends_with("SampleRate")
}

/// AWS: "This action is idempotent, so if the requester already owns a topic with the specified
/// name, that topic's ARN is returned without creating a new topic."
pub(super) fn create(world: &World, input: &Value) -> Result<Value, AwsError> {
    let name = input["Name"].as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.ends_with(".fifo") {
        return Err(invalid("Topic Name Reason: local-aws has no FIFO topics"));
    }
    if name.is_empty() || name.len() > 256 || !name.chars().all(fits) {
        return Err(invalid("Topic Name"));
    }
    let given = input["Attributes"].as_object().cloned().unwrap_or_default();
    if let Some(unknown) = given.keys().find(|it| !settable(it)) {
        return Err(invalid(format!("Attributes Reason: Unknown attribute {unknown}")));
    }
    let attributes = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect();
    let arn = topic_arn(name);
    let mut state = world.state();
    match state.sns.topics.get(&arn) {
        Some(topic) if topic.attributes != attributes && !attributes.is_empty() => {
            return Err(invalid(
                "Attributes Reason: Topic already exists with different attributes",
            ));
        }
        Some(_) => {}
        None => {
            let topic = Topic { attributes, subscriptions: Vec::new(), published: Vec::new() };
            state.sns.topics.insert(arn.clone(), topic);
        }
    }
    Ok(json!({"TopicArn": arn}))
}

/// AWS: "Each call returns a limited list of topics, up to 100."
pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let all: Vec<Value> = state.sns.topics.keys().map(|arn| json!({"TopicArn": arn})).collect();
    let (topics, next) = page(&all, &input["NextToken"], 100, "InvalidParameter")?;
    let mut answer = json!({"Topics": topics});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

pub(super) fn get_attributes(world: &World, input: &Value) -> Result<Value, AwsError> {
    let arn = arn(input, "TopicArn")?;
    let state = world.state();
    let topic = state.sns.topics.get(arn).ok_or_else(no_topic)?;
    let pending = topic.subscriptions.iter().filter(|it| it.protocol.starts_with("email")).count();
    let confirmed = topic.subscriptions.len() - pending;
    let policy = json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["SNS:Publish", "SNS:Subscribe"],
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
        }],
    });
    let mut attributes = json!({
        "TopicArn": arn,
        "Owner": ACCOUNT,
        "DisplayName": "",
        "Policy": policy.to_string(),
        "SubscriptionsConfirmed": confirmed.to_string(),
        "SubscriptionsPending": pending.to_string(),
        "SubscriptionsDeleted": "0",
    });
    for (name, value) in &topic.attributes {
        attributes[name] = json!(value);
    }
    Ok(json!({"Attributes": attributes}))
}

pub(super) fn set_attributes(world: &World, input: &Value) -> Result<Value, AwsError> {
    let arn = arn(input, "TopicArn")?;
    let name = input["AttributeName"].as_str().unwrap_or_default();
    if !settable(name) {
        return Err(invalid("AttributeName"));
    }
    let mut state = world.state();
    let topic = state.sns.topics.get_mut(arn).ok_or_else(no_topic)?;
    let value = input["AttributeValue"].as_str().unwrap_or_default();
    topic.attributes.insert(name.to_owned(), value.to_owned());
    Ok(Value::Null)
}

/// AWS: "This action is idempotent, so deleting a topic that does not exist does not result in
/// an error."
pub(super) fn delete(world: &World, input: &Value) -> Result<Value, AwsError> {
    let arn = arn(input, "TopicArn")?;
    world.state().sns.topics.remove(arn);
    Ok(Value::Null)
}
