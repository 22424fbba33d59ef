//! Functions outside this process: a binary behind the Runtime API, and an address.
//!
//! The binary is this test program itself: a script calls it back for one test, which then is the
//! function, on AWS's own runtime.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use local_aws::{Pace, Service, World, serve};
use serde_json::{Value, json};

/// The name of the test that is the function.
const FUNCTION: &str = "the_function_runs_where_a_runtime_api_is";

#[test]
#[expect(clippy::disallowed_methods, reason = "the environment says which of the two it is")]
fn the_function_runs_where_a_runtime_api_is() {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API");
    if address.is_err() {
        assert!(std::env::var("AWS_LAMBDA_FUNCTION_NAME").is_err(), "half a runtime");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lambda_runtime::run(service_fn(handle))).unwrap();
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it shows its environment")]
async fn handle(event: LambdaEvent<Value>) -> Result<Value, String> {
    let LambdaEvent { payload, context } = event;
    println!("asked for {payload}");
    match payload["do"].as_str() {
        Some("fail") => Err("it went wrong".to_owned()),
        Some("exit") => std::process::exit(3),
        Some("meet") => {
            // Ends only when a second process is there at the same time.
            let folder = PathBuf::from(payload["folder"].as_str().unwrap_or_default());
            let me = folder.join(std::process::id().to_string());
            std::fs::write(me, "").map_err(|error| error.to_string())?;
            while std::fs::read_dir(&folder).map_or(0, Iterator::count) < 2 {
                tokio::task::yield_now().await;
            }
            Ok(json!(std::process::id()))
        }
        _ => Ok(json!({
            "payload": payload,
            "process": std::process::id(),
            "arn": context.invoked_function_arn,
            "greeting": std::env::var("GREETING").ok(),
            "endpoint": std::env::var("AWS_ENDPOINT_URL").ok(),
        })),
    }
}

/// A folder of its own that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An account served on a port, with the function `it`.
async fn served(folder: &Folder) -> (World, u16) {
    let world = World::new(jiff::Timestamp::UNIX_EPOCH, Pace::BRISK);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    world.port(port);
    tokio::spawn(serve(world.clone(), listener));
    let script = folder.0.join("bootstrap");
    let me = std::env::current_exe().unwrap();
    let text = format!("#!/bin/sh\nexec '{}' --exact {FUNCTION} --nocapture\n", me.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let environment = BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]);
    world.function_binary("it", script, environment);
    (world, port)
}

async fn invoke(world: &World, payload: Value) -> Value {
    let input = json!({"FunctionName": "it", "Payload": payload});
    world.call(Service::Lambda, "Invoke", input).await.unwrap()
}

#[tokio::test]
async fn a_binary_is_started_once_and_gets_lambdas_environment() {
    let folder = Folder::new();
    let (world, port) = served(&folder).await;
    let first = invoke(&world, json!({"a": 1})).await;
    assert_eq!(first["payload"], json!({"a": 1}));
    assert_eq!(first["arn"], "arn:aws:lambda:eu-west-2:123456789012:function:it");
    assert_eq!(first["greeting"], "hello");
    assert_eq!(first["endpoint"], format!("http://127.0.0.1:{port}"));
    let second = invoke(&world, json!({"a": 2})).await;
    assert_eq!(first["process"], second["process"]);
}

#[tokio::test]
async fn what_a_binary_prints_is_in_its_log_group() {
    let folder = Folder::new();
    let (world, _) = served(&folder).await;
    invoke(&world, json!({"a": "needle"})).await;
    let input = json!({"logGroupName": "/aws/lambda/it", "filterPattern": "needle"});
    let logged = async {
        loop {
            let found = world.call(Service::Logs, "FilterLogEvents", input.clone()).await;
            if found.is_ok_and(|it| it["events"].as_array().is_some_and(|it| !it.is_empty())) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    // The lines come through a pipe of their own, maybe after the answer.
    assert!(tokio::time::timeout(Duration::from_secs(30), logged).await.is_ok());
}

#[tokio::test]
async fn errors_and_crashes_are_function_errors_and_the_next_event_finds_a_new_process() {
    let folder = Folder::new();
    let (world, _) = served(&folder).await;
    let before = invoke(&world, json!({})).await;
    let failed = invoke(&world, json!({"do": "fail"})).await;
    assert_eq!(failed["errorMessage"], "it went wrong");
    let crashed = invoke(&world, json!({"do": "exit"})).await;
    assert_eq!(crashed["errorType"], "Runtime.ExitError");
    assert!(crashed["errorMessage"].as_str().unwrap().ends_with("exit status 3"));
    let after = invoke(&world, json!({})).await;
    assert_ne!(before["process"], after["process"]);
}

#[tokio::test]
async fn two_events_at_once_need_two_processes() {
    let folder = Folder::new();
    let (world, _) = served(&folder).await;
    let meeting = Folder::new();
    let payload = json!({"do": "meet", "folder": meeting.0});
    let (one, two) = tokio::join!(invoke(&world, payload.clone()), invoke(&world, payload));
    assert!(one.is_u64() && two.is_u64(), "{one} {two}");
    assert_ne!(one, two);
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_a_function_error() {
    let world = World::new(jiff::Timestamp::UNIX_EPOCH, Pace::BRISK);
    world.function_binary("it", "/nowhere/bootstrap".into(), BTreeMap::new());
    let answer = invoke(&world, json!({})).await;
    assert_eq!(answer["errorType"], "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn a_function_may_be_served_by_somebody_else() {
    let theirs = World::new(jiff::Timestamp::UNIX_EPOCH, Pace::BRISK);
    theirs.function("it", |it| {
        Box::pin(async move {
            if it.payload == json!("fail") { Err("no".to_owned()) } else { Ok(it.payload) }
        })
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(serve(theirs, listener));
    let world = World::new(jiff::Timestamp::UNIX_EPOCH, Pace::BRISK);
    let address = format!("http://127.0.0.1:{port}/2015-03-31/functions/it/invocations");
    world.function_at("it", &address);
    assert_eq!(invoke(&world, json!({"a": 1})).await, json!({"a": 1}));
    let failed = invoke(&world, json!("fail")).await;
    assert_eq!(failed, json!({"errorType": "Error", "errorMessage": "no"}));
    world.function_at("it", "http://127.0.0.1:1/");
    assert_eq!(invoke(&world, json!({})).await["errorType"], "Local.Unreachable");
}
