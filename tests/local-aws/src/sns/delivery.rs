//! Delivery: the envelope a subscriber sees.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Subscription;
use crate::world::{REGION, World};
use crate::{events, lambda, sqs, upstream};

/// A published message on its way.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) id: String,
    topic: String,
    subject: Value,
    /// What was published; for a structured message a JSON object with a text per protocol.
    text: String,
    structured: bool,
    attributes: Map<String, Value>,
    at: String,
}

impl Message {
    pub(super) fn new(topic: &str, entry: &Value, now: Timestamp) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            topic: topic.to_owned(),
            subject: entry["Subject"].clone(),
            text: entry["Message"].as_str().unwrap_or_default().to_owned(),
            structured: entry["MessageStructure"] == "json",
            attributes: entry["MessageAttributes"].as_object().cloned().unwrap_or_default(),
            at: now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        }
    }

    /// AWS: "You can define other top-level keys that define the message you want to send to a
    /// specific transport protocol"; the rest gets the default.
    fn text_for(&self, protocol: &str) -> String {
        if !self.structured {
            return self.text.clone();
        }
        let texts: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let text = texts[protocol].as_str().or_else(|| texts["default"].as_str());
        text.unwrap_or_default().to_owned()
    }

    /// The notification; nothing here is signed, and the certificate's address leads nowhere.
    fn notification(&self, subscription: &Subscription) -> Value {
        let attributes: Map<String, Value> = self
            .attributes
            .iter()
            .map(|(name, it)| {
                let value = it["StringValue"].as_str().or_else(|| it["BinaryValue"].as_str());
                (name.clone(), json!({"Type": it["DataType"], "Value": value}))
            })
            .collect();
        json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": self.topic,
            "Subject": self.subject,
            "Message": self.text_for(&subscription.protocol),
            "Timestamp": self.at,
            "SignatureVersion": "1",
            "Signature": "bm90LXNpZ25lZA==",
            "SigningCertUrl": format!(
                "https://sns.{REGION}.amazonaws.com/SimpleNotificationService-{}.pem", "0".repeat(32)
            ),
            "UnsubscribeUrl": format!(
                "https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={}",
                subscription.arn
            ),
            "MessageAttributes": attributes,
        })
    }

    /// The envelope of a Lambda invocation.
    fn event(&self, subscription: &Subscription) -> Value {
        json!({"Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "Sns": self.notification(subscription),
        }]})
    }

    /// What is delivered to a queue beside the body. AWS: "When raw message delivery is enabled …
    /// the message attributes are mapped to Amazon SQS message attributes".
    fn raw_attributes(&self, subscription: &Subscription) -> Value {
        match subscription.is_raw() {
            true => Value::Object(self.attributes.clone()),
            false => json!({}),
        }
    }

    /// The body of a delivery by HTTP or to a queue: two members are spelled differently, and what
    /// is absent is left out instead of being null.
    fn body(&self, subscription: &Subscription) -> String {
        if subscription.is_raw() {
            return self.text_for(&subscription.protocol);
        }
        let mut body = self.notification(subscription);
        for (lambda, http) in
            [("SigningCertUrl", "SigningCertURL"), ("UnsubscribeUrl", "UnsubscribeURL")]
        {
            body[http] = body[lambda].take();
        }
        let absent = |value: &Value| value.is_null() || *value == json!({});
        if let Some(members) = body.as_object_mut() {
            members.retain(|_, value| !absent(value));
        }
        body.to_string()
    }

    /// Whether the subscription's filter policy lets the message through.
    ///
    /// AWS: "`MessageAttributes` (default) – The filter is applied on the message attributes.
    /// `MessageBody` – The filter is applied on the message body." An attribute of type
    /// `String.Array` matches if one of its values does.
    fn passes(&self, subscription: &Subscription) -> bool {
        let Some(policy) = subscription.attributes.get("FilterPolicy") else { return true };
        let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
        let scope = subscription.attributes.get("FilterPolicyScope").map(String::as_str);
        let subject = match scope {
            Some("MessageBody") => serde_json::from_str(&self.text).unwrap_or(Value::Null),
            _ => self.attributes.iter().map(|(name, it)| (name.clone(), plain(it))).collect(),
        };
        events::pattern::matches(&policy, &subject)
    }
}

/// An attribute as the value a filter policy compares with.
fn plain(attribute: &Value) -> Value {
    let text = attribute["StringValue"].as_str().unwrap_or_default();
    match attribute["DataType"].as_str() {
        Some("Number" | "String.Array") => serde_json::from_str(text).unwrap_or_default(),
        _ => json!(text),
    }
}

/// Sends the message to every subscriber that wants it. Mail and telephones are beyond this
/// machine: those subscriptions are stored and get nothing.
pub(super) fn deliver(world: &World, message: &Message, subscriptions: Vec<Subscription>) {
    for subscription in subscriptions {
        if !message.passes(&subscription) {
            continue;
        }
        match subscription.protocol.as_str() {
            // AWS: a client-side error, such as an endpoint that is not there, is not retried.
            "lambda" if !lambda::exists(world, &subscription.endpoint) => {
                give_up(world, message, &subscription);
            }
            "lambda" => {
                lambda::invoke_event(world, &subscription.endpoint, message.event(&subscription));
            }
            "sqs" => {
                let attributes = message.raw_attributes(&subscription);
                let body = message.body(&subscription);
                if !sqs::put(world, &subscription.endpoint, body, &attributes) {
                    give_up(world, message, &subscription);
                }
            }
            "http" => {
                tokio::spawn(post(world.clone(), message.clone(), subscription));
            }
            other => world.note(format!("sns: nothing here delivers to {other} subscriptions")),
        }
    }
}

/// AWS's default policy for HTTP: three retries, 20 seconds apart. "A client-side error … 4xx"
/// is not retried, except 429.
async fn post(world: World, message: Message, subscription: Subscription) {
    let endpoint = &subscription.endpoint;
    for attempt in 1..=4 {
        let request = http::Request::post(endpoint)
            .header("content-type", "text/plain; charset=UTF-8")
            .header("user-agent", "Amazon Simple Notification Service Agent")
            .header("x-amz-sns-message-type", "Notification")
            .header("x-amz-sns-message-id", &message.id)
            .header("x-amz-sns-topic-arn", &message.topic)
            .header("x-amz-sns-subscription-arn", &subscription.arn)
            .body(Bytes::from(message.body(&subscription)));
        let said = match request {
            Ok(request) => upstream::send(request).await.map(|it| it.status().as_u16()),
            Err(error) => Err(error.to_string()),
        };
        match said {
            Ok(200..=299) => return world.note(format!("sns: delivered to {endpoint}")),
            Ok(status @ 400..=499) if status != 429 => {
                world.note(format!("sns: {endpoint} refused the message: {status}"));
                return give_up(&world, &message, &subscription);
            }
            Ok(status) => world.note(format!("sns: {endpoint} answered {status}")),
            Err(error) => world.note(format!("sns: {endpoint}: {error}")),
        }
        if attempt < 4 {
            world.clock().sleep(Duration::from_secs(20)).await;
        }
    }
    give_up(&world, &message, &subscription);
}

/// AWS: "A dead-letter queue is an Amazon SQS queue that an Amazon SNS subscription can target for
/// messages that can't be delivered to subscribers successfully."
fn give_up(world: &World, message: &Message, subscription: &Subscription) {
    let endpoint = &subscription.endpoint;
    let attributes = message.raw_attributes(subscription);
    let kept = subscription
        .dead_letters()
        .filter(|queue| sqs::put(world, queue, message.body(subscription), &attributes));
    world.note(match kept {
        Some(queue) => format!("sns: gave up on {endpoint}: dead letter to {queue}"),
        None => format!("sns: gave up on {endpoint}"),
    });
}
