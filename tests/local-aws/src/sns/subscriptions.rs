//! Subscriptions: who gets what is published.

use serde_json::{Value, json};

use super::{Subscription, arn, invalid, is_true, no_topic};
use crate::wire::{AwsError, page};
use crate::world::{ACCOUNT, World};

/// AWS's list for `Protocol`.
const PROTOCOLS: [&str; 9] =
    ["http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"];

/// Where AWS waits for the endpoint's owner, an HTTP subscription here is confirmed at once; an
/// e-mail subscription stays pending, because nobody reads the mail.
pub(super) fn subscribe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let topic_arn = arn(input, "TopicArn")?;
    let text = |member: &str| input[member].as_str().unwrap_or_default();
    let (protocol, endpoint) = (text("Protocol"), text("Endpoint"));
    if !PROTOCOLS.contains(&protocol) {
        let reason = format!("Amazon SNS does not support this protocol string: {protocol}");
        return Err(invalid(reason));
    }
    if endpoint.is_empty() {
        return Err(invalid("Endpoint Reason: Endpoint must not be empty"));
    }
    let fits = match protocol {
        "http" | "https" => endpoint.starts_with(&format!("{protocol}://")),
        "email" | "email-json" => endpoint.contains('@'),
        "lambda" => endpoint.starts_with("arn:aws:lambda:"),
        "sqs" => endpoint.starts_with("arn:aws:sqs:"),
        _ => true,
    };
    if !fits {
        return Err(invalid("Endpoint must match the specified protocol"));
    }
    let attributes = input["Attributes"].as_object().cloned().unwrap_or_default();
    if let Some(policy) = attributes.get("FilterPolicy").and_then(Value::as_str)
        && !serde_json::from_str::<Value>(policy).is_ok_and(|it| it.is_object())
    {
        return Err(invalid("FilterPolicy: failed to parse JSON"));
    }
    if let Some(policy) = attributes.get("RedrivePolicy").and_then(Value::as_str) {
        let policy: Value = serde_json::from_str(policy)
            .map_err(|_| invalid("RedrivePolicy: failed to parse JSON."))?;
        let queue = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
        if !queue.starts_with("arn:aws:sqs:") {
            return Err(invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn"));
        }
    }
    let mut state = world.state();
    let topic = state.sns.topics.get_mut(topic_arn).ok_or_else(no_topic)?;
    let same = |it: &&Subscription| it.protocol == protocol && it.endpoint == endpoint;
    let subscription_arn = match topic.subscriptions.iter().find(same) {
        Some(existing) => existing.arn.clone(),
        None => {
            let arn = format!("{topic_arn}:{}", uuid::Uuid::new_v4());
            topic.subscriptions.push(Subscription {
                arn: arn.clone(),
                protocol: protocol.to_owned(),
                endpoint: endpoint.to_owned(),
                attributes: attributes
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
                    .collect(),
            });
            arn
        }
    };
    // AWS: "If the API request parameter ReturnSubscriptionArn is true, then the value is always
    // the subscription ARN, even if the subscription requires confirmation."
    let shown = match protocol.starts_with("email") && !is_true(&input["ReturnSubscriptionArn"]) {
        true => "pending confirmation".to_owned(),
        false => subscription_arn,
    };
    Ok(json!({"SubscriptionArn": shown}))
}

/// AWS: "Each call returns a limited list of subscriptions, up to 100."
pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let arn = arn(input, "TopicArn")?;
    let state = world.state();
    let topic = state.sns.topics.get(arn).ok_or_else(no_topic)?;
    let all: Vec<Value> = topic
        .subscriptions
        .iter()
        .map(|it| {
            let pending = it.protocol.starts_with("email");
            json!({
                "SubscriptionArn": if pending { "PendingConfirmation" } else { it.arn.as_str() },
                "Owner": ACCOUNT,
                "Protocol": it.protocol,
                "Endpoint": it.endpoint,
                "TopicArn": arn,
            })
        })
        .collect();
    let (page, next) = page(&all, &input["NextToken"], 100, "InvalidParameter")?;
    let mut answer = json!({"Subscriptions": page});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

/// Like `DeleteTopic`, it does not mind if there is nothing to remove.
pub(super) fn unsubscribe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let arn = arn(input, "SubscriptionArn")?;
    for topic in world.state().sns.topics.values_mut() {
        topic.subscriptions.retain(|it| it.arn != arn);
    }
    Ok(Value::Null)
}
