//! Lambda as its callers see it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use local_aws::{Invocation, Pace, Service, World};
use serde_json::{Value, json};

fn world() -> World {
    World::new(jiff::Timestamp::UNIX_EPOCH, Pace::REAL)
}

async fn invoke(world: &World, input: Value) -> Result<Value, String> {
    let answer = world.call(Service::Lambda, "Invoke", input).await;
    answer.map_err(|error| error.code)
}

/// A function that counts its invocations and fails the first `failures` of them.
fn failing(world: &World, name: &str, failures: u32) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    world.function(name, move |_| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(
            async move { if n < failures { Err(format!("failure {n}")) } else { Ok(json!(n)) } },
        )
    });
    count
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_its_event_and_its_deadline() {
    let world = world();
    world.function("echo", |it: Invocation| {
        Box::pin(async move {
            let left = it.deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            Ok(json!({"got": it.payload, "deadline": left}))
        })
    });
    let arn = "arn:aws:lambda:eu-west-2:123456789012:function:echo";
    for name in ["echo", "echo:live", "123456789012:function:echo", arn] {
        let answer = invoke(&world, json!({"FunctionName": name, "Payload": {"a": 1}})).await;
        assert_eq!(answer, Ok(json!({"got": {"a": 1}, "deadline": 60})), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_function_is_not_found() {
    let world = world();
    let foreign = "arn:aws:lambda:us-east-1:123456789012:function:echo";
    failing(&world, "echo", 0);
    for name in ["missing", foreign, "999999999999:function:echo"] {
        let answer = invoke(&world, json!({"FunctionName": name})).await;
        assert_eq!(answer, Err("ResourceNotFoundException".to_owned()), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_panics_and_timeouts_are_function_errors() {
    let world = world();
    failing(&world, "fails", 1);
    world.function("panics", |_| Box::pin(async { panic!("out of cheese") }));
    world.function("hangs", |_| Box::pin(std::future::pending()));
    world.function_timeout("hangs", Duration::from_secs(3));
    let mut seen = Vec::new();
    for name in ["fails", "panics", "hangs"] {
        let answer = invoke(&world, json!({"FunctionName": name})).await.unwrap();
        let message = answer["errorMessage"].as_str().unwrap().split("Error: ").last().unwrap();
        seen.push(format!("{}: {message}", answer["errorType"].as_str().unwrap()));
    }
    assert_eq!(
        seen,
        [
            "Error: failure 0",
            "Panic: out of cheese",
            "Sandbox.Timedout: Task timed out after 3.00 seconds"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_is_retried_twice_and_then_discarded() {
    let world = world();
    let count = failing(&world, "fails", 99);
    let event = json!({"FunctionName": "fails", "InvocationType": "Event"});
    invoke(&world, event).await.unwrap();
    for (at, expected) in [(1, 1), (58, 1), (2, 2), (118, 2), (2, 3), (3600, 3)] {
        tokio::time::sleep(Duration::from_secs(at)).await;
        assert_eq!(count.load(Ordering::SeqCst), expected);
    }
    assert!(world.timeline().last().unwrap().1.contains("discarded"));
}

#[tokio::test(start_paused = true)]
async fn retries_are_as_many_as_the_function_is_configured_for() {
    let world = world();
    let count = failing(&world, "fails", 99);
    let input = json!({"FunctionName": "fails", "MaximumRetryAttempts": 0});
    world.call(Service::Lambda, "PutFunctionEventInvokeConfig", input).await.unwrap();
    let event = json!({"FunctionName": "fails", "InvocationType": "Event"});
    invoke(&world, event).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_may_come_twice_under_one_request_id() {
    let world = world();
    let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    world.function("twice", move |it| {
        seen.lock().unwrap().push(it.request_id);
        Box::pin(async { Ok(Value::Null) })
    });
    world.duplicate_invocations(2);
    invoke(&world, json!({"FunctionName": "twice", "InvocationType": "Event"})).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ids = ids.lock().unwrap().clone();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn created_functions_can_be_read_listed_and_deleted() {
    let world = world();
    let lambda = |operation: &'static str, input: Value| {
        let world = world.clone();
        async move {
            let answer = world.call(Service::Lambda, operation, input).await;
            answer.map_err(|error| error.code)
        }
    };
    let input = json!({
        "FunctionName": "new", "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": "UEs="},
    });
    let created = lambda("CreateFunction", input.clone()).await.unwrap();
    assert_eq!(created["CodeSize"], 2);
    assert_eq!(lambda("CreateFunction", input).await, Err("ResourceConflictException".into()));
    let read = lambda("GetFunction", json!({"FunctionName": "new"})).await.unwrap();
    assert_eq!(read["Configuration"], created);
    for n in 0..60 {
        failing(&world, &format!("f{n:02}"), 0);
    }
    let first = lambda("ListFunctions", json!({})).await.unwrap();
    assert_eq!(first["Functions"].as_array().unwrap().len(), 50);
    let rest = lambda("ListFunctions", json!({"Marker": first["NextMarker"]})).await.unwrap();
    assert_eq!(rest["Functions"].as_array().unwrap().len(), 11);
    lambda("DeleteFunction", json!({"FunctionName": "new"})).await.unwrap();
    let gone = lambda("GetFunction", json!({"FunctionName": "new"})).await;
    assert_eq!(gone, Err("ResourceNotFoundException".into()));
}
