//! Amazon SNS: topics, subscriptions, and what is published to them.

mod delivery;
mod publish;
mod subscriptions;
mod topics;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use publish::{attributes_size, batch_ids, check_attribute};

use crate::wire::{AwsError, Call, Reply, is_true};
use crate::world::{ACCOUNT, REGION, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    /// By ARN.
    topics: BTreeMap<String, Topic>,
}

struct Topic {
    attributes: BTreeMap<String, String>,
    subscriptions: Vec<Subscription>,
    published: Vec<Value>,
}

#[derive(Clone)]
struct Subscription {
    arn: String,
    protocol: String,
    endpoint: String,
    attributes: BTreeMap<String, String>,
}

impl Subscription {
    fn is_raw(&self) -> bool {
        self.attributes.get("RawMessageDelivery").is_some_and(|it| it == "true")
    }

    /// The queue for what cannot be delivered.
    fn dead_letters(&self) -> Option<String> {
        let policy: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        policy["deadLetterTargetArn"].as_str().map(str::to_owned)
    }
}

impl World {
    /// What was published to a topic, oldest first: `Subject`, `Message`, `MessageAttributes`.
    pub fn published(&self, topic_arn: &str) -> Vec<Value> {
        let state = self.state();
        state.sns.topics.get(topic_arn).map(|it| it.published.clone()).unwrap_or_default()
    }
}

/// Publishes on behalf of another service; whether the topic took it.
pub(crate) fn put(world: &World, topic_arn: &str, message: &str, attributes: &Value) -> bool {
    let input = json!({
        "TopicArn": topic_arn,
        "Message": message,
        "MessageAttributes": attributes,
    });
    publish::publish(world, &input).is_ok()
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateTopic" => topics::create(world, input),
        "ListTopics" => topics::list(world, input),
        "GetTopicAttributes" => topics::get_attributes(world, input),
        "SetTopicAttributes" => topics::set_attributes(world, input),
        "DeleteTopic" => topics::delete(world, input),
        "Subscribe" => subscriptions::subscribe(world, input),
        "ListSubscriptionsByTopic" => subscriptions::list(world, input),
        "Unsubscribe" => subscriptions::unsubscribe(world, input),
        "Publish" => publish::publish(world, input),
        "PublishBatch" => publish::publish_batch(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

fn invalid(message: impl AsRef<str>) -> AwsError {
    AwsError::bad("InvalidParameter", format!("Invalid parameter: {}", message.as_ref()))
}

fn no_topic() -> AwsError {
    AwsError::new(404, "NotFound", "Topic does not exist")
}

fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}")
}

/// The topic's ARN that a request names, if it could be one.
fn arn<'a>(input: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    let arn = input[member].as_str().unwrap_or_default();
    let parts = arn.split(':').count();
    if parts < 6 {
        let reason = format!("{member} Reason: An ARN must have at least 6 elements, not {parts}");
        return Err(invalid(reason));
    }
    Ok(arn)
}
