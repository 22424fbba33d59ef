//! What alerts need on their way: a topic, and queues for what is tried again and what has failed.

use serde_json::{Value, json};

use crate::wire::{AwsError, Service};
use crate::world::{ACCOUNT, REGION, World};

/// A topic and two queues, and the function that they are for.
pub struct FanOut {
    /// The topic's ARN.
    pub topic: String,
    /// The URL of the queue of what is tried again.
    pub retry_queue: String,
    /// The URL of the queue of what has failed.
    pub failed_queue: String,
}

impl FanOut {
    /// The function that tells people.
    pub const FUNCTION: &str = "fan-out-alerts";
    /// The queue of what is tried again.
    pub const RETRY_QUEUE: &str = "alerts-retry";
    /// The queue of what has failed.
    pub const FAILED_QUEUE: &str = "alerts-failed";

    /// The topic and the queues, as the template makes them.
    pub async fn set(world: &World) -> Result<Self, AwsError> {
        let topic = world.call(Service::Sns, "CreateTopic", json!({"Name": "alerts"})).await?;
        let failed_queue = world.create_queue(Self::FAILED_QUEUE);
        let retry_queue = world.create_queue(Self::RETRY_QUEUE);
        let redrive = json!({
            "deadLetterTargetArn": arn(Self::FAILED_QUEUE), "maxReceiveCount": 1000,
        });
        let attributes = json!({"VisibilityTimeout": "360", "RedrivePolicy": redrive.to_string()});
        let input = json!({"QueueUrl": retry_queue, "Attributes": attributes});
        world.call(Service::Sqs, "SetQueueAttributes", input).await?;
        let topic = topic["TopicArn"].as_str().unwrap_or_default().to_owned();
        Ok(Self { topic, retry_queue, failed_queue })
    }

    /// The function hears the topic, consumes the queue, and its own failures are kept. It must be
    /// there.
    pub async fn wire(&self, world: &World) -> Result<(), AwsError> {
        let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", Self::FUNCTION);
        let subscription =
            json!({"TopicArn": self.topic, "Protocol": "lambda", "Endpoint": function});
        world.call(Service::Sns, "Subscribe", subscription).await?;
        let mapping = json!({
            "FunctionName": Self::FUNCTION, "EventSourceArn": arn(Self::RETRY_QUEUE),
            "BatchSize": 10, "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        world.call(Service::Lambda, "CreateEventSourceMapping", mapping).await?;
        let destination = json!({"OnFailure": {"Destination": arn(Self::FAILED_QUEUE)}});
        let configuration =
            json!({"FunctionName": Self::FUNCTION, "DestinationConfig": destination});
        world.call(Service::Lambda, "PutFunctionEventInvokeConfig", configuration).await?;
        Ok(())
    }

    /// Publishes a message.
    pub async fn publish(&self, world: &World, message: &str) -> Result<(), AwsError> {
        let input = json!({"TopicArn": self.topic, "Message": message});
        world.call(Service::Sns, "Publish", input).await.map(drop)
    }

    /// The messages of the failed queue.
    pub fn failed(world: &World) -> Vec<Value> {
        world.queued(Self::FAILED_QUEUE)
    }
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}
