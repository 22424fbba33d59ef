//! What subscribers of a topic get, and what cannot be published.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use local_aws::{Pace, Service, World};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const TOPIC: &str = "arn:aws:sns:eu-west-2:123456789012:alerts";
const FUNCTION: &str = "arn:aws:lambda:eu-west-2:123456789012:function:fan-out";

async fn topic() -> World {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
    let made = sns(&world, "CreateTopic", json!({"Name": "alerts"})).await.unwrap();
    assert_eq!(made["TopicArn"], TOPIC);
    world
}

async fn sns(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::Sns, operation, input).await.map_err(|error| error.code)
}

async fn publish(world: &World, message: Value) -> Result<Value, String> {
    let mut input = message;
    input["TopicArn"] = json!(TOPIC);
    sns(world, "Publish", input).await
}

/// What the function `fan-out` was invoked with.
fn events(world: &World) -> Arc<Mutex<Vec<Value>>> {
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    world.function("fan-out", move |invocation| {
        seen.lock().unwrap().push(invocation.payload);
        async { Ok(Value::Null) }.boxed()
    });
    events
}

async fn subscribe(world: &World, attributes: Value) {
    let input = json!({
        "TopicArn": TOPIC,
        "Protocol": "lambda",
        "Endpoint": FUNCTION,
        "Attributes": attributes,
    });
    sns(world, "Subscribe", input).await.unwrap();
}

async fn a_moment() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_the_whole_envelope() {
    let world = topic().await;
    let events = events(&world);
    subscribe(&world, json!({})).await;
    let severity = json!({"DataType": "String", "StringValue": "high"});
    let message = json!({
        "Subject": "Migration failed",
        "Message": "exit code 1",
        "MessageAttributes": {"severity": severity},
    });
    let id = publish(&world, message.clone()).await.unwrap()["MessageId"].clone();
    a_moment().await;

    let seen = events.lock().unwrap().clone();
    assert_eq!(seen.len(), 1);
    let record = &seen[0]["Records"][0];
    assert_eq!(
        (&record["EventSource"], &record["EventVersion"]),
        (&json!("aws:sns"), &json!("1.0"))
    );
    assert!(record["EventSubscriptionArn"].as_str().unwrap().starts_with(TOPIC));
    let sns = &record["Sns"];
    for (member, expected) in [
        ("Type", json!("Notification")),
        ("MessageId", id),
        ("TopicArn", json!(TOPIC)),
        ("Subject", json!("Migration failed")),
        ("Message", json!("exit code 1")),
        ("Timestamp", json!("2026-11-21T12:00:00.000Z")),
        ("SignatureVersion", json!("1")),
        ("MessageAttributes", json!({"severity": {"Type": "String", "Value": "high"}})),
    ] {
        assert_eq!(sns[member], expected, "{member}");
    }
    assert_eq!(world.published(TOPIC), [message]);
}

#[tokio::test(start_paused = true)]
async fn without_a_subject_the_subject_is_null() {
    let world = topic().await;
    let events = events(&world);
    subscribe(&world, json!({})).await;
    publish(&world, json!({"Message": "x"})).await.unwrap();
    a_moment().await;
    let seen = events.lock().unwrap().clone();
    assert_eq!(seen[0]["Records"][0]["Sns"].get("Subject"), Some(&Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_filter_policy_keeps_messages_away() {
    let world = topic().await;
    let events = events(&world);
    subscribe(&world, json!({"FilterPolicy": r#"{"severity": ["high", {"prefix": "crit"}]}"#}))
        .await;
    for severity in ["low", "high", "critical"] {
        let attribute = json!({"DataType": "String", "StringValue": severity});
        let message = json!({"Message": severity, "MessageAttributes": {"severity": attribute}});
        publish(&world, message).await.unwrap();
    }
    publish(&world, json!({"Message": "none"})).await.unwrap();
    a_moment().await;
    let seen = events.lock().unwrap().clone();
    let mut messages: Vec<&str> =
        seen.iter().map(|it| it["Records"][0]["Sns"]["Message"].as_str().unwrap()).collect();
    messages.sort_unstable();
    assert_eq!(messages, ["critical", "high"]);
}

#[tokio::test(start_paused = true)]
async fn a_structured_message_says_something_else_to_each_protocol() {
    let world = topic().await;
    let events = events(&world);
    subscribe(&world, json!({})).await;
    let text = r#"{"default": "for all", "lambda": "for functions"}"#;
    publish(&world, json!({"Message": text, "MessageStructure": "json"})).await.unwrap();
    a_moment().await;
    let seen = events.lock().unwrap().clone();
    assert_eq!(seen[0]["Records"][0]["Sns"]["Message"], "for functions");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_is_refused() {
    let world = topic().await;
    let long = "x".repeat(262_145);
    for (message, code) in [
        (json!({"Message": ""}), "InvalidParameter"),
        (json!({"Message": long}), "InvalidParameter"),
        (json!({"Message": "x", "Subject": "two\nlines"}), "InvalidParameter"),
        (json!({"Message": "x", "Subject": "y".repeat(101)}), "InvalidParameter"),
        (json!({"Message": "{}", "MessageStructure": "json"}), "InvalidParameter"),
        (
            json!({"Message": "x", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "many"}}}),
            "ParameterValueInvalid",
        ),
    ] {
        assert_eq!(publish(&world, message).await.unwrap_err(), code);
    }
    assert!(world.published(TOPIC).is_empty());
    publish(&world, json!({"Message": "x".repeat(262_144), "Subject": "y".repeat(100)}))
        .await
        .unwrap();

    let elsewhere = format!("{TOPIC}-2");
    let missing = sns(&world, "Publish", json!({"TopicArn": elsewhere, "Message": "x"})).await;
    assert_eq!(missing.unwrap_err(), "NotFound");
    let malformed = sns(&world, "Publish", json!({"TopicArn": "alerts", "Message": "x"})).await;
    assert_eq!(malformed.unwrap_err(), "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_as_good_as_its_entries() {
    let world = topic().await;
    let batch = async |entries: Value| {
        let input = json!({"TopicArn": TOPIC, "PublishBatchRequestEntries": entries});
        sns(&world, "PublishBatch", input).await
    };
    let mixed = json!([{"Id": "good", "Message": "x"}, {"Id": "bad", "Message": ""}]);
    let answer = batch(mixed).await.unwrap();
    assert_eq!(answer["Successful"][0]["Id"], "good");
    assert_eq!(
        (&answer["Failed"][0]["Id"], &answer["Failed"][0]["SenderFault"]),
        (&json!("bad"), &json!(true))
    );
    assert_eq!(batch(json!([])).await.unwrap_err(), "EmptyBatchRequest");
    let twins = json!([{"Id": "a", "Message": "x"}, {"Id": "a", "Message": "y"}]);
    assert_eq!(batch(twins).await.unwrap_err(), "BatchEntryIdsNotDistinct");
    let eleven: Value = (0..11).map(|n| json!({"Id": n.to_string(), "Message": "x"})).collect();
    assert_eq!(batch(eleven).await.unwrap_err(), "TooManyEntriesInBatchRequest");
    assert_eq!(world.published(TOPIC).len(), 1);
}

#[tokio::test]
async fn an_http_endpoint_gets_the_notification_with_its_headers() {
    let world = topic().await;
    let endpoint = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", endpoint.local_addr().unwrap());
    let input = json!({"TopicArn": TOPIC, "Protocol": "http", "Endpoint": url});
    let subscribed = sns(&world, "Subscribe", input.clone()).await.unwrap();
    // Doing it twice is doing it once.
    assert_eq!(sns(&world, "Subscribe", input).await.unwrap(), subscribed);
    publish(&world, json!({"Message": "it failed"})).await.unwrap();

    let (mut stream, _) = endpoint.accept().await.unwrap();
    let (mut request, mut part) = (String::new(), [0; 4096]);
    while !request.ends_with('}') {
        let read = stream.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "the request ended early");
        request.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook HTTP/1.1"), "{head}");
    assert!(head.contains("x-amz-sns-message-type: Notification"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["Type"], &body["Message"]), (&json!("Notification"), &json!("it failed")));
    assert!(body["SigningCertURL"].is_string() && body.get("Subject").is_none(), "{body}");
}
