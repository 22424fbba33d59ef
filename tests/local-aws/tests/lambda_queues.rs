//! Functions that consume queues, and where their invocations end.
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

const TOPIC: &str = "arn:aws:sns:eu-west-2:123456789012:alerts";

type Seen = Arc<Mutex<Vec<Value>>>;

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:eu-west-2:123456789012:{queue}")
}

/// Queues and a function `later` that answers what `answer` says to its event.
fn world(
    answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
) -> (World, Seen) {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
    world.create_queue("work");
    world.create_queue("dead");
    let seen = Seen::default();
    let events = Arc::clone(&seen);
    world.function("later", move |invocation| {
        let answer = answer(&invocation.payload);
        events.lock().unwrap().push(invocation.payload);
        async { answer }.boxed()
    });
    world.function_timeout("later", Duration::from_secs(10));
    (world, seen)
}

async fn ask(world: &World, service: Service, operation: &str, input: Value) -> Value {
    world.call(service, operation, input).await.unwrap()
}

async fn consume(world: &World, more: Value) -> Result<Value, String> {
    let mut input = json!({"FunctionName": "later", "EventSourceArn": arn("work")});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = world.call(Service::Lambda, "CreateEventSourceMapping", input).await;
    made.map_err(|error| error.message)
}

async fn send(world: &World, bodies: &[&str]) {
    let url = world.create_queue("work");
    let entry = |(id, body): (usize, &&str)| json!({"Id": id.to_string(), "MessageBody": body});
    let entries: Vec<Value> = bodies.iter().enumerate().map(entry).collect();
    ask(world, Service::Sqs, "SendMessageBatch", json!({"QueueUrl": url, "Entries": entries}))
        .await;
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

fn bodies(event: &Value) -> Vec<&str> {
    event["Records"].as_array().unwrap().iter().map(|it| it["body"].as_str().unwrap()).collect()
}

/// An answer that names the messages with this body as failed.
fn fails(event: &Value, body: &str) -> Value {
    let records = event["Records"].as_array().unwrap().iter();
    let failed = records.filter(|it| it["body"] == body);
    let failures = failed.map(|it| json!({"itemIdentifier": it["messageId"]}));
    json!({"batchItemFailures": failures.collect::<Vec<_>>()})
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_what_is_in_its_queue() {
    let (world, seen) = world(|_| Ok(Value::Null));
    let made = consume(&world, json!({})).await.unwrap();
    assert_eq!((&made["State"], &made["BatchSize"]), (&json!("Creating"), &json!(10)));
    send(&world, &["one", "two"]).await;
    seconds(1).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(bodies(&seen[0]), ["one", "two"]);
    let record = &seen[0]["Records"][0];
    for (member, expected) in [
        ("eventSource", json!("aws:sqs")),
        ("eventSourceARN", json!(arn("work"))),
        ("awsRegion", json!("eu-west-2")),
        ("md5OfBody", json!("f97c5d29941bfb1b2fdab0874906ab82")),
        ("messageAttributes", json!({})),
    ] {
        assert_eq!(record[member], expected, "{member}");
    }
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(world.queued("work"), [Value::Null; 0]);
}

#[tokio::test(start_paused = true)]
async fn only_what_failed_comes_again() {
    let (world, seen) = world(|event| Ok(fails(event, "bad")));
    let reports = json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]});
    consume(&world, reports).await.unwrap();
    send(&world, &["good", "bad"]).await;
    seconds(61).await;
    assert_eq!(world.queued("work"), ["bad"]);
    let seen = seen.lock().unwrap().clone();
    let seen: Vec<_> = seen.iter().map(bodies).collect();
    assert_eq!(seen, [vec!["good", "bad"], vec!["bad"], vec!["bad"]]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_right_fails_the_whole_batch() {
    for (answer, left) in [
        (json!(null), 0),
        (json!({}), 0),
        (json!({"batchItemFailures": null}), 0),
        (json!({"batchItemFailures": []}), 0),
        (json!({"batchItemFailures": [{"itemIdentifier": null}]}), 2),
        (json!({"batchItemFailures": [{"itemIdentifier": ""}]}), 2),
        (json!({"batchItemFailures": [{"messageId": "1"}]}), 2),
        (json!({"batchItemFailures": [{"itemIdentifier": "nobody"}]}), 2),
        (json!({"batchItemFailures": "all"}), 2),
        (json!("fine"), 2),
    ] {
        let given = answer.clone();
        let (world, _) = world(move |_| Ok(given.clone()));
        let reports = json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]});
        consume(&world, reports).await.unwrap();
        send(&world, &["one", "two"]).await;
        seconds(1).await;
        assert_eq!(world.queued("work").len(), left, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_leaves_its_messages_to_the_dead_letters() {
    let (world, seen) = world(|_| Err("no".to_owned()));
    let url = world.create_queue("work");
    let policy = json!({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 3}).to_string();
    let input = json!({"QueueUrl": url, "Attributes": {"RedrivePolicy": policy}});
    ask(&world, Service::Sqs, "SetQueueAttributes", input).await;
    consume(&world, json!({})).await.unwrap();
    send(&world, &["one"]).await;
    seconds(91).await;
    assert_eq!(seen.lock().unwrap().len(), 3);
    assert_eq!((world.queued("work").len(), world.queued("dead").len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_window_gathers_a_larger_batch() {
    let (world, seen) = world(|_| Ok(Value::Null));
    let window = json!({"BatchSize": 3, "MaximumBatchingWindowInSeconds": 5});
    consume(&world, window).await.unwrap();
    for body in ["one", "two", "three", "four"] {
        send(&world, &[body]).await;
        seconds(1).await;
    }
    assert_eq!(bodies(&seen.lock().unwrap()[0]), ["one", "two", "three"]);
    assert_eq!(seen.lock().unwrap().len(), 1);
    seconds(5).await;
    assert_eq!(bodies(&seen.lock().unwrap()[1]), ["four"]);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_batches_are_handled_at_once() {
    let (world, _) = world(|_| Ok(Value::Null));
    let (now, most) = (Arc::new(Mutex::new((0, 0))), json!({"MaximumConcurrency": 2}));
    let count = Arc::clone(&now);
    world.function("later", move |_| {
        let count = Arc::clone(&count);
        async move {
            {
                let mut count = count.lock().unwrap();
                count.0 += 1;
                count.1 = count.0.max(count.1);
            }
            seconds(3).await;
            count.lock().unwrap().0 -= 1;
            Ok(Value::Null)
        }
        .boxed()
    });
    consume(&world, json!({"BatchSize": 1, "ScalingConfig": most})).await.unwrap();
    send(&world, &["1", "2", "3", "4", "5"]).await;
    seconds(10).await;
    assert_eq!(now.lock().unwrap().1, 2);
    assert_eq!(world.queued("work"), [Value::Null; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_is_off_or_gone_leaves_the_queue_alone() {
    let (world, seen) = world(|_| Ok(Value::Null));
    let made = consume(&world, json!({})).await.unwrap();
    assert!(consume(&world, json!({})).await.unwrap_err().contains("already exists"));
    let of = |more: Value| {
        let mut input = json!({"UUID": made["UUID"]});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let lambda = async |operation: &str, input| {
        world.call(Service::Lambda, operation, input).await.map_err(|error| error.code)
    };
    lambda("UpdateEventSourceMapping", of(json!({"Enabled": false}))).await.unwrap();
    send(&world, &["one"]).await;
    seconds(60).await;
    assert_eq!(world.queued("work").len(), 1);
    lambda("UpdateEventSourceMapping", of(json!({"Enabled": true}))).await.unwrap();
    seconds(1).await;
    assert_eq!(seen.lock().unwrap().len(), 1);
    let shown = lambda("GetEventSourceMapping", of(json!({}))).await.unwrap();
    assert_eq!(shown["State"], "Enabled");
    let all = lambda("ListEventSourceMappings", json!({"FunctionName": "later"})).await.unwrap();
    assert_eq!(all["EventSourceMappings"], json!([shown]));
    lambda("DeleteEventSourceMapping", of(json!({}))).await.unwrap();
    send(&world, &["two"]).await;
    seconds(60).await;
    assert_eq!(world.queued("work").len(), 1);
    let gone = lambda("GetEventSourceMapping", of(json!({}))).await;
    assert_eq!(gone, Err("ResourceNotFoundException".into()));
}

#[tokio::test(start_paused = true)]
async fn a_poller_ends_with_its_function_and_with_the_account() {
    let (world, seen) = world(|_| Ok(Value::Null));
    consume(&world, json!({})).await.unwrap();
    seconds(1).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1);
    ask(&world, Service::Lambda, "DeleteFunction", json!({"FunctionName": "later"})).await;
    seconds(1).await;
    assert_eq!(tasks(), 0);
    world.function("later", |_| async { Ok(Value::Null) }.boxed());
    world.create_queue("more");
    world.function_timeout("later", Duration::from_secs(10));
    consume(&world, json!({"EventSourceArn": arn("more")})).await.unwrap();
    seconds(1).await;
    assert_eq!(tasks(), 1);
    drop(world);
    seconds(1).await;
    assert_eq!((tasks(), Arc::strong_count(&seen)), (0, 1), "nothing holds on to the account");
}

#[tokio::test(start_paused = true)]
async fn a_mapping_has_its_bounds() {
    let (world, _) = world(|_| Ok(Value::Null));
    for (more, said) in [
        (json!({"BatchSize": 11}), "greater than 10"),
        (json!({"BatchSize": 0}), "between 1 and 10000"),
        (json!({"MaximumBatchingWindowInSeconds": 301}), "between 0 and 300"),
        (json!({"ScalingConfig": {"MaximumConcurrency": 1}}), "between 2 and 1000"),
        (json!({"FunctionName": "nobody"}), "Function not found"),
        (json!({"EventSourceArn": arn("nowhere")}), "NonExistentQueue"),
    ] {
        let refused = consume(&world, more.clone()).await.unwrap_err();
        assert!(refused.contains(said), "{more}: {refused}");
    }
    world.function_timeout("later", Duration::from_secs(31));
    let refused = consume(&world, json!({})).await.unwrap_err();
    let said = "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds";
    assert_eq!(refused, said);
}

#[tokio::test(start_paused = true)]
async fn an_event_ends_at_its_destinations() {
    let (world, _) = world(|event| match event["ok"] == true {
        true => Ok(json!("done")),
        false => Err("no".to_owned()),
    });
    let to = |queue: &str| json!({"Destination": arn(queue)});
    let config = json!({"OnFailure": to("work"), "OnSuccess": to("dead")});
    let input = json!({"FunctionName": "later", "DestinationConfig": config});
    ask(&world, Service::Lambda, "PutFunctionEventInvokeConfig", input).await;
    let letters = json!({"TargetArn": arn("dead")});
    let input = json!({"FunctionName": "later", "DeadLetterConfig": letters});
    ask(&world, Service::Lambda, "UpdateFunctionConfiguration", input).await;
    let invoke = async |payload: Value| {
        let input = json!({
            "FunctionName": "later", "InvocationType": "Event", "Payload": payload,
        });
        ask(&world, Service::Lambda, "Invoke", input).await;
        seconds(200).await;
    };
    invoke(json!({"n": 1})).await;
    let record = &world.queued("work")[0];
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["requestPayload"], json!({"n": 1}));
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorMessage"], "no");
    assert_eq!(world.queued("dead"), [json!({"n": 1})], "the event itself");
    invoke(json!({"ok": true})).await;
    let record = &world.queued("dead")[1];
    assert_eq!(record["requestContext"]["condition"], "Success");
    assert_eq!(record["responsePayload"], "done");
}

async fn subscribe(world: &World, protocol: &str, endpoint: &str, attributes: Value) {
    ask(world, Service::Sns, "CreateTopic", json!({"Name": "alerts"})).await;
    let input = json!({
        "TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes,
    });
    ask(world, Service::Sns, "Subscribe", input).await;
}

async fn publish(world: &World) {
    let input = json!({
        "TopicArn": TOPIC,
        "Message": "down",
        "MessageAttributes": {"team": {"DataType": "String", "StringValue": "pay"}},
    });
    ask(world, Service::Sns, "Publish", input).await;
    seconds(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_fills_queues() {
    let (world, seen) = world(|_| Ok(Value::Null));
    subscribe(&world, "sqs", &arn("dead"), json!({})).await;
    subscribe(&world, "sqs", &arn("work"), json!({"RawMessageDelivery": "true"})).await;
    consume(&world, json!({})).await.unwrap();
    publish(&world).await;
    let wrapped = &world.queued("dead")[0];
    assert_eq!((&wrapped["Type"], &wrapped["Message"]), (&json!("Notification"), &json!("down")));
    assert_eq!(wrapped["MessageAttributes"]["team"], json!({"Type": "String", "Value": "pay"}));
    let raw = seen.lock().unwrap()[0]["Records"][0].clone();
    assert_eq!(raw["body"], "down");
    assert_eq!(raw["messageAttributes"]["team"]["stringValue"], "pay");
}

#[tokio::test(start_paused = true)]
async fn a_topic_keeps_what_it_cannot_hand_over() {
    let (world, _) = world(|_| Ok(Value::Null));
    let policy = json!({"deadLetterTargetArn": arn("dead")}).to_string();
    let policy = json!({"RedrivePolicy": policy});
    let nobody = "arn:aws:lambda:eu-west-2:123456789012:function:nobody";
    subscribe(&world, "lambda", nobody, policy.clone()).await;
    subscribe(&world, "sqs", &arn("nowhere"), policy).await;
    publish(&world).await;
    let kept = world.queued("dead");
    assert_eq!((kept.len(), &kept[0]["Message"]), (2, &json!("down")));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_reaches_nobody_is_a_dead_letter() {
    let (world, _) = world(|_| Ok(Value::Null));
    let target = json!({
        "Arn": "arn:aws:lambda:eu-west-2:123456789012:function:nobody",
        "RoleArn": "arn:aws:iam::123456789012:role/scheduler",
        "Input": "{\"n\": 1}",
        "DeadLetterConfig": {"Arn": arn("dead")},
    });
    let schedule = json!({
        "Name": "once",
        "ScheduleExpression": "at(2026-11-21T12:10:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    });
    ask(&world, Service::Scheduler, "CreateSchedule", schedule).await;
    seconds(601).await;
    assert_eq!(world.queued("dead"), [json!({"n": 1})]);
    let url = world.create_queue("dead");
    let input = json!({"QueueUrl": url, "MessageAttributeNames": ["ERROR_CODE"]});
    let message = &ask(&world, Service::Sqs, "ReceiveMessage", input).await["Messages"][0];
    let code = &message["MessageAttributes"]["ERROR_CODE"]["StringValue"];
    assert_eq!(code, "ResourceNotFoundException");
}
