//! Queues, what is in them and what they refuse.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod over_http;

use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

const URL: &str = "https://sqs.eu-west-2.amazonaws.com/123456789012/later";

fn world() -> World {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
    assert_eq!(world.create_queue("later"), URL);
    world
}

/// A request about the queue `later`, unless it names another.
async fn ask(world: &World, operation: &str, mut input: Value) -> Result<Value, String> {
    if input["QueueUrl"].is_null() {
        input["QueueUrl"] = json!(URL);
    }
    world.call(Service::Sqs, operation, input).await.map_err(|error| error.code)
}

async fn send(world: &World, body: &str) {
    ask(world, "SendMessage", json!({"MessageBody": body})).await.unwrap();
}

/// The messages that a request gets.
async fn receive(world: &World, input: Value) -> Vec<Value> {
    let answer = ask(world, "ReceiveMessage", input).await.unwrap();
    answer["Messages"].as_array().cloned().unwrap_or_default()
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_once_it_is_received_until_it_is_deleted() {
    let world = world();
    send(&world, "one").await;
    let all = json!({"MessageSystemAttributeNames": ["All"]});
    let first = receive(&world, all.clone()).await;
    assert_eq!(first[0]["Body"], "one");
    assert_eq!(first[0]["MD5OfBody"], "f97c5d29941bfb1b2fdab0874906ab82");
    assert_eq!(first[0]["Attributes"]["SentTimestamp"], "1795262400000");
    assert!(receive(&world, all.clone()).await.is_empty());
    seconds(30).await;
    let again = receive(&world, all).await;
    assert_eq!(again[0]["MessageId"], first[0]["MessageId"]);
    assert_eq!(again[0]["Attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(again[0]["Attributes"]["ApproximateFirstReceiveTimestamp"], "1795262400000");
    for (message, left) in [(&first, 1), (&again, 0)] {
        let handle = json!({"ReceiptHandle": message[0]["ReceiptHandle"]});
        ask(&world, "DeleteMessage", handle).await.unwrap();
        assert_eq!(world.queued("later").len(), left, "an old handle deletes nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_the_message_or_with_its_time() {
    let world = world();
    let since = world.clock().now();
    let waited = || world.clock().now().duration_since(since).as_secs();
    let wait = json!({"WaitTimeSeconds": 20});
    assert!(receive(&world, wait.clone()).await.is_empty());
    assert_eq!(waited(), 20);
    let delayed = json!({"MessageBody": "soon", "DelaySeconds": 7});
    ask(&world, "SendMessage", delayed).await.unwrap();
    assert_eq!(receive(&world, wait.clone()).await[0]["Body"], "soon");
    assert_eq!(waited(), 27);
    let sender = world.clone();
    tokio::spawn(async move {
        seconds(5).await;
        send(&sender, "now").await;
    });
    assert_eq!(receive(&world, wait).await[0]["Body"], "now");
    assert_eq!(waited(), 32);
}

#[tokio::test(start_paused = true)]
async fn visibility_is_changed_within_twelve_hours() {
    let world = world();
    send(&world, "one").await;
    let handle = receive(&world, json!({})).await[0]["ReceiptHandle"].clone();
    let change = async |timeout: i64| {
        let input = json!({"ReceiptHandle": handle, "VisibilityTimeout": timeout});
        ask(&world, "ChangeMessageVisibility", input).await
    };
    assert_eq!(change(43_201).await, Err("InvalidParameterValue".into()));
    change(100).await.unwrap();
    seconds(99).await;
    assert!(receive(&world, json!({})).await.is_empty());
    assert_eq!(change(43_200).await, Err("InvalidParameterValue".into()), "99 seconds are gone");
    change(0).await.unwrap();
    assert_eq!(change(10).await, Err("MessageNotInflight".into()));
    assert_eq!(receive(&world, json!({})).await.len(), 1);
    let unknown = json!({"ReceiptHandle": "no", "VisibilityTimeout": 1});
    let refused = ask(&world, "ChangeMessageVisibility", unknown).await;
    assert_eq!(refused, Err("ReceiptHandleIsInvalid".into()));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_handles_goes_to_the_dead_letters_or_away() {
    let world = world();
    world.create_queue("dead");
    let policy = |target: &str| {
        let arn = format!("arn:aws:sqs:eu-west-2:123456789012:{target}");
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 2}).to_string();
        json!({"Attributes": {"RedrivePolicy": policy, "MessageRetentionPeriod": "600"}})
    };
    let refused = ask(&world, "SetQueueAttributes", policy("nowhere")).await;
    assert_eq!(refused, Err("InvalidParameterValue".into()));
    ask(&world, "SetQueueAttributes", policy("dead")).await.unwrap();
    send(&world, "{\"n\": 1}").await;
    for _ in 0..2 {
        assert_eq!(receive(&world, json!({})).await.len(), 1);
        seconds(30).await;
    }
    assert_eq!(world.queued("dead"), [Value::Null; 0]);
    assert!(receive(&world, json!({})).await.is_empty());
    assert_eq!(world.queued("dead"), [json!({"n": 1})]);
    send(&world, "two").await;
    seconds(601).await;
    assert_eq!(world.queued("later"), [Value::Null; 0]);
    assert_eq!(world.queued("dead").len(), 1, "its own retention is longer");
}

#[tokio::test(start_paused = true)]
async fn a_queue_counts_its_messages() {
    let world = world();
    let ids = json!({"Entries": [
        {"Id": "a", "MessageBody": "a"},
        {"Id": "b", "MessageBody": "b", "DelaySeconds": 900},
        {"Id": "c", "MessageBody": "c", "DelaySeconds": 901},
        {"Id": "d", "MessageBody": "d"},
    ]});
    let sent = ask(&world, "SendMessageBatch", ids).await.unwrap();
    assert_eq!(sent["Successful"].as_array().unwrap().len(), 3);
    assert_eq!(sent["Failed"][0]["Code"], "InvalidParameterValue");
    receive(&world, json!({})).await;
    let told = ask(&world, "GetQueueAttributes", json!({"AttributeNames": ["All"]})).await.unwrap();
    let told = &told["Attributes"];
    for (name, expected) in [
        ("QueueArn", "arn:aws:sqs:eu-west-2:123456789012:later"),
        ("ApproximateNumberOfMessages", "1"),
        ("ApproximateNumberOfMessagesNotVisible", "1"),
        ("ApproximateNumberOfMessagesDelayed", "1"),
        ("VisibilityTimeout", "30"),
    ] {
        assert_eq!(told[name], expected, "{name}");
    }
    ask(&world, "PurgeQueue", json!({})).await.unwrap();
    assert_eq!(world.queued("later"), [Value::Null; 0]);
    assert_eq!(ask(&world, "PurgeQueue", json!({})).await, Err("PurgeQueueInProgress".into()));
}

#[tokio::test(start_paused = true)]
async fn queues_and_messages_have_their_bounds() {
    let world = world();
    let large = "x".repeat(1_048_577);
    let twins = json!([{"Id": "a", "MessageBody": "a"}, {"Id": "a", "MessageBody": "b"}]);
    let number = json!({"n": {"DataType": "Number", "StringValue": "many"}});
    for (operation, input, code) in [
        ("SendMessage", json!({"MessageBody": "a", "DelaySeconds": 901}), "InvalidParameterValue"),
        ("SendMessage", json!({"MessageBody": large}), "InvalidParameterValue"),
        ("SendMessage", json!({"MessageBody": ""}), "MissingParameter"),
        ("SendMessage", json!({"MessageBody": "\u{1}"}), "InvalidMessageContents"),
        (
            "SendMessage",
            json!({"MessageBody": "a", "MessageAttributes": number}),
            "InvalidParameterValue",
        ),
        ("SendMessageBatch", json!({"Entries": []}), "EmptyBatchRequest"),
        ("SendMessageBatch", json!({"Entries": twins}), "BatchEntryIdsNotDistinct"),
        ("ReceiveMessage", json!({"MaxNumberOfMessages": 11}), "InvalidParameterValue"),
        ("ReceiveMessage", json!({"WaitTimeSeconds": 21}), "InvalidParameterValue"),
        ("DeleteMessage", json!({"ReceiptHandle": "no"}), "ReceiptHandleIsInvalid"),
        ("CreateQueue", json!({"QueueName": "a.fifo"}), "InvalidParameterValue"),
        (
            "CreateQueue",
            json!({"QueueName": "later", "Attributes": {"VisibilityTimeout": "31"}}),
            "QueueNameExists",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "a", "Attributes": {"No": "1"}}),
            "InvalidAttributeName",
        ),
        ("GetQueueUrl", json!({"QueueName": "nobody"}), "QueueDoesNotExist"),
        ("DeleteQueue", json!({"QueueUrl": format!("{URL}r")}), "QueueDoesNotExist"),
    ] {
        assert_eq!(ask(&world, operation, input.clone()).await, Err(code.to_owned()), "{input}");
    }
    ask(&world, "DeleteQueue", json!({})).await.unwrap();
    let again = json!({"QueueName": "later"});
    let refused = ask(&world, "CreateQueue", again.clone()).await;
    assert_eq!(refused, Err("QueueDeletedRecently".into()));
    seconds(60).await;
    ask(&world, "CreateQueue", again).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_a_queue_that_is_deleted_hears_of_it() {
    let world = world();
    let waiter = world.clone();
    let waiting = tokio::spawn(async move {
        ask(&waiter, "ReceiveMessage", json!({"WaitTimeSeconds": 20})).await
    });
    seconds(1).await;
    ask(&world, "DeleteQueue", json!({})).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Err("QueueDoesNotExist".into()));
}

#[tokio::test(start_paused = true)]
async fn attributes_are_shown_to_who_asks_for_them() {
    let world = world();
    let attributes = json!({
        "team.name": {"DataType": "String", "StringValue": "pay"},
        "n": {"DataType": "Number", "StringValue": "1"},
    });
    let input = json!({"MessageBody": "a", "MessageAttributes": attributes});
    let sent = ask(&world, "SendMessage", input).await.unwrap();
    let some = receive(&world, json!({"MessageAttributeNames": ["team.*"]})).await;
    assert_eq!(some[0]["MessageAttributes"]["team.name"]["StringValue"], "pay");
    assert_eq!(some[0]["MessageAttributes"]["n"], Value::Null);
    seconds(30).await;
    let all = receive(&world, json!({"MessageAttributeNames": ["All"]})).await;
    assert_eq!(all[0]["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
}

#[tokio::test]
async fn over_http_errors_have_both_their_codes_and_urls_the_port() {
    let (_world, address) = over_http::served(None).await;
    let ask = async |operation: &str, input: Value| {
        let target = format!("AmazonSQS.{operation}");
        let signed = over_http::signed_for("sqs");
        let headers = [("x-amz-target", target.as_str()), ("authorization", signed.as_str())];
        over_http::send("POST", &address, &headers, &input.to_string()).await.unwrap()
    };
    let made = ask("CreateQueue", json!({"QueueName": "later"})).await;
    assert_eq!(made.headers()["content-type"], "application/x-amz-json-1.0");
    let made: Value = serde_json::from_slice(made.body()).unwrap();
    assert_eq!(made["QueueUrl"], format!("{address}/123456789012/later"));
    let gone = ask("GetQueueUrl", json!({"QueueName": "nobody"})).await;
    assert_eq!(gone.status(), 400);
    let code = "AWS.SimpleQueueService.NonExistentQueue;Sender";
    assert_eq!(gone.headers()["x-amzn-query-error"], code);
    let gone: Value = serde_json::from_slice(gone.body()).unwrap();
    assert_eq!(gone["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
}
