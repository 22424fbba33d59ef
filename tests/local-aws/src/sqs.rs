//! Amazon SQS: standard queues, their messages, and those that nobody could handle.

mod attributes;
mod digest;
mod handles;
mod message;
mod queues;
mod receive;
mod send;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::lambda;
use crate::wire::{AwsError, Call, Reply};
use crate::world::{ACCOUNT, REGION, State as Account, World, unknown};

pub(crate) use handles::delete;
pub(crate) use message::Message;
pub(crate) use receive::take;

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    queues: BTreeMap<String, Queue>,
    /// When queues were deleted that are not there any more.
    deleted: BTreeMap<String, Timestamp>,
}

struct Queue {
    name: String,
    /// Those that can be set, all of them that have a value.
    attributes: BTreeMap<String, String>,
    created: Timestamp,
    modified: Timestamp,
    purged: Option<Timestamp>,
    /// In the order in which they came.
    messages: Vec<Message>,
    /// Rings when there is something new to receive; who listens also notices that the queue is
    /// gone, because the bell goes with it.
    bell: watch::Sender<()>,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) async fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateQueue" => queues::create(world, input),
        "GetQueueUrl" => queues::url_of(world, input),
        "ListQueues" => queues::list(world, input),
        "GetQueueAttributes" => queues::get_attributes(world, input),
        "SetQueueAttributes" => queues::set_attributes(world, input),
        "DeleteQueue" => queues::delete(world, input),
        "PurgeQueue" => queues::purge(world, input),
        "SendMessage" => send::one(world, input),
        "SendMessageBatch" => send::batch(world, input),
        "ReceiveMessage" => receive::receive(world, input).await,
        "DeleteMessage" => handles::delete_one(world, input),
        "DeleteMessageBatch" => handles::delete_batch(world, input),
        "ChangeMessageVisibility" => handles::change_one(world, input),
        "ChangeMessageVisibilityBatch" => handles::change_batch(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

impl World {
    /// Makes a queue with AWS's defaults (messages are invisible for 30 seconds once they are
    /// received), unless it is there; its URL.
    pub fn create_queue(&self, name: &str) -> String {
        let made = queues::create(self, &json!({"QueueName": name}));
        let made = made.expect("a name that SQS takes");
        made["QueueUrl"].as_str().unwrap_or_default().to_owned()
    }

    /// The bodies of all messages in a queue, visible or not: JSON where it is JSON, else text.
    pub fn queued(&self, queue_name: &str) -> Vec<Value> {
        let now = self.clock().now();
        let mut state = self.state();
        let Some(queue) = state.sqs.queues.get_mut(queue_name) else { return Vec::new() };
        queue.forget_old(now);
        let body = |it: &Message| serde_json::from_str(&it.body).unwrap_or(json!(it.body));
        queue.messages.iter().map(body).collect()
    }
}

/// Sends a message on behalf of another service; whether the queue is there to take it.
pub(crate) fn put(world: &World, queue_arn: &str, body: String, attributes: &Value) -> bool {
    let now = world.clock().now();
    let mut state = world.state();
    let Some(queue) = name_of_arn(queue_arn).and_then(|name| state.sqs.queues.get_mut(name)) else {
        return false;
    };
    let attributes = attributes.as_object().cloned().unwrap_or_default();
    queue.add(Message::new(body, attributes, now, queue.number("DelaySeconds")));
    true
}

/// How long a message of this queue is invisible, if there is such a queue.
pub(crate) fn visibility_timeout(state: &Account, queue_arn: &str) -> Option<u64> {
    let queue = state.sqs.queues.get(name_of_arn(queue_arn)?)?;
    Some(queue.number("VisibilityTimeout"))
}

/// Lets those who wait for a queue's messages look again at why they wait.
pub(crate) fn wake(state: &Account, queue_arn: &str) {
    if let Some(queue) = name_of_arn(queue_arn).and_then(|name| state.sqs.queues.get(name)) {
        queue.bell.send_replace(());
    }
}

/// A text attribute of a message.
pub(crate) fn text(value: &str) -> Value {
    json!({"DataType": "String", "StringValue": value})
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValue", message)
}

/// As SQS words a value that it does not take.
fn wrong(value: &Value, member: &str, reason: &str) -> AwsError {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    invalid(format!("Value {value} for parameter {member} is invalid. Reason: {reason}"))
}

fn no_queue() -> AwsError {
    AwsError::bad("QueueDoesNotExist", "The specified queue does not exist.")
}

fn name_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix(&format!("arn:aws:sqs:{REGION}:{ACCOUNT}:"))
}

/// SQS takes a queue's URL at every host it answers to.
fn name_of_url(input: &Value) -> Result<&str, AwsError> {
    let missing = "The request must contain the parameter QueueUrl.";
    let url =
        input["QueueUrl"].as_str().ok_or_else(|| AwsError::bad("MissingParameter", missing))?;
    let mut parts = url.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(name), Some(ACCOUNT)) => Ok(name),
        _ => Err(no_queue()),
    }
}

fn url(state: &Account, name: &str) -> String {
    match lambda::port(state) {
        0 => format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"),
        port => format!("http://127.0.0.1:{port}/{ACCOUNT}/{name}"),
    }
}

/// A whole number within its bounds, or `default` where none is given.
fn bounded(input: &Value, member: &str, most: u64, default: u64) -> Result<u64, AwsError> {
    match &input[member] {
        Value::Null => Ok(default),
        value => value.as_u64().filter(|it| *it <= most).ok_or_else(|| {
            wrong(value, member, &format!("Must be between 0 and {most}, if provided."))
        }),
    }
}

/// Does the same for every entry of a batch; what SQS refuses is told for each. The model requires
/// both lists, but SQS leaves out an empty one (aws/aws-sdk#657).
fn each(input: &Value, mut act: impl FnMut(&Value) -> Answer) -> Answer {
    let entries = input["Entries"].as_array().cloned().unwrap_or_default();
    let ids = crate::sns::batch_ids(&entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, entry) in ids.iter().zip(&entries) {
        match act(entry) {
            Ok(answer) => {
                let mut answer = answer.as_object().cloned().unwrap_or_default();
                answer.insert("Id".to_owned(), json!(id));
                successful.push(Value::Object(answer));
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "Code": error.code,
                "Message": error.message,
                "SenderFault": true,
            })),
        }
    }
    let lists = [("Successful", successful), ("Failed", failed)];
    let told = lists.into_iter().filter(|(_, list)| !list.is_empty());
    Ok(told.map(|(name, list)| (name.to_owned(), json!(list))).collect())
}

impl State {
    /// The queue of a request's `QueueUrl`.
    fn queue(&mut self, input: &Value, now: Timestamp) -> Result<&mut Queue, AwsError> {
        let queue = self.queues.get_mut(name_of_url(input)?).ok_or_else(no_queue)?;
        queue.forget_old(now);
        Ok(queue)
    }
}

impl Queue {
    fn arn(&self) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.name)
    }

    fn number(&self, attribute: &str) -> u64 {
        self.attributes.get(attribute).and_then(|it| it.parse().ok()).unwrap_or_default()
    }

    fn add(&mut self, message: Message) {
        self.messages.push(message);
        self.bell.send_replace(());
    }

    /// "`MessageRetentionPeriod` – The length of time, in seconds, for which Amazon SQS retains a
    /// message."
    fn forget_old(&mut self, now: Timestamp) {
        let oldest = seconds(self.number("MessageRetentionPeriod"));
        self.messages.retain(|it| now.duration_since(it.sent) < oldest);
    }
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}
