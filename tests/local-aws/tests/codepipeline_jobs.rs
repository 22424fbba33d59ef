//! A pipeline's action that invokes a function: answered, continued, failed, or never heard of.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::time::Duration;

use local_aws::{Pace, PipelineAction, Service, World};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// An account with the function `deploy`, which keeps the jobs it is given and does nothing.
fn account() -> (World, UnboundedReceiver<Value>) {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
    let (seen, jobs) = unbounded_channel();
    world.function("deploy", move |mut it| {
        let told = seen.send(it.payload["CodePipeline.job"].take());
        Box::pin(async move { told.map(|()| Value::Null).map_err(|error| error.to_string()) })
    });
    (world, jobs)
}

async fn call(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let answer = world.call(Service::CodePipeline, operation, input).await;
    answer.map_err(|error| error.code)
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn action(world: &World, id: &str) -> PipelineAction {
    world.pipeline_action(id).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_its_job_and_says_how_it_went() {
    let (world, mut jobs) = account();
    let artifacts = json!([{
        "name": "source",
        "revision": null,
        "location": {"type": "S3", "s3Location": {"bucketName": "b", "objectKey": "k"}},
    }]);
    let id = world.pipeline_job("deploy", "{\"a\": 1}", artifacts.clone());
    let job = jobs.recv().await.unwrap();
    assert_eq!(job["id"], id);
    assert_eq!(job["accountId"], "123456789012");
    let configuration = json!({"FunctionName": "deploy", "UserParameters": "{\"a\": 1}"});
    assert_eq!(job["data"]["actionConfiguration"]["configuration"], configuration);
    assert_eq!(job["data"]["inputArtifacts"], artifacts);
    assert!(job["data"]["artifactCredentials"]["expirationTime"].is_i64());
    assert!(job["data"]["continuationToken"].is_null());
    assert_eq!(action(&world, &id).status, "InProgress");

    let details = json!({"summary": "done", "externalExecutionId": "t-1", "percentComplete": 100});
    let success = json!({
        "jobId": id, "executionDetails": details, "outputVariables": {"task": "t-1"},
    });
    call(&world, "PutJobSuccessResult", success.clone()).await.unwrap();
    let end = action(&world, &id);
    assert_eq!((end.status, end.summary.as_deref()), ("Succeeded", Some("done")));
    assert_eq!(end.external_execution_id.as_deref(), Some("t-1"));
    assert_eq!(end.output_variables["task"], "t-1");
    let again = call(&world, "PutJobSuccessResult", success).await;
    assert_eq!(again.unwrap_err(), "InvalidJobStateException");
}

#[tokio::test(start_paused = true)]
async fn a_job_with_a_token_is_continued_by_another() {
    let (world, mut jobs) = account();
    let first = world.pipeline_job("deploy", "", json!([]));
    jobs.recv().await.unwrap();
    let half = json!({"percentComplete": 50, "summary": "half"});
    let input = json!({"jobId": first, "continuationToken": "t-1", "executionDetails": half});
    call(&world, "PutJobSuccessResult", input.clone()).await.unwrap();
    pass(29).await;
    assert!(jobs.try_recv().is_err(), "it takes half a minute");
    pass(2).await;
    let job = jobs.try_recv().unwrap();
    let second = job["id"].as_str().unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(job["data"]["continuationToken"], "t-1");
    let details = call(&world, "GetJobDetails", json!({"jobId": second})).await.unwrap();
    assert_eq!(details["jobDetails"]["data"]["continuationToken"], "t-1");
    assert_eq!(action(&world, &first).status, "InProgress");

    // The first one was answered; saying it again does nothing.
    let again = call(&world, "PutJobSuccessResult", input).await;
    assert_eq!(again.unwrap_err(), "InvalidJobStateException");
    call(&world, "PutJobSuccessResult", json!({"jobId": second})).await.unwrap();
    let end = action(&world, &first);
    assert_eq!((end.status, end.summary.as_deref()), ("Succeeded", Some("half")));
    assert_eq!(end.jobs, [first, second]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_the_action_with_its_message() {
    let (world, mut jobs) = account();
    let id = world.pipeline_job("deploy", "", json!([]));
    jobs.recv().await.unwrap();
    let details = json!({"type": "JobFailed", "message": "exit code 1"});
    let input = json!({"jobId": id, "failureDetails": details});
    call(&world, "PutJobFailureResult", input).await.unwrap();
    let end = action(&world, &id);
    assert_eq!((end.status, end.message.as_deref()), ("Failed", Some("exit code 1")));
    pass(24 * 3600).await;
    assert!(jobs.try_recv().is_err(), "nothing comes after it");
}

#[tokio::test(start_paused = true)]
async fn an_action_nobody_answers_times_out_after_twenty_minutes() {
    let (world, _jobs) = account();
    let id = world.pipeline_job("deploy", "", json!([]));
    pass(20 * 60 - 1).await;
    assert_eq!(action(&world, &id).status, "InProgress");
    pass(2).await;
    assert_eq!(action(&world, &id).status, "Failed");
    let late = call(&world, "PutJobSuccessResult", json!({"jobId": id})).await;
    assert_eq!(late.unwrap_err(), "InvalidJobStateException");

    let nobody = world.pipeline_job("nobody", "", json!([]));
    pass(1).await;
    let failure = action(&world, &nobody).failure;
    assert_eq!(failure.as_deref(), Some("ConfigurationError"));
}

#[tokio::test(start_paused = true)]
async fn an_action_lasts_a_day_at_most() {
    let (world, mut jobs) = account();
    let id = world.pipeline_job("deploy", "", json!([]));
    let answering = world.clone();
    tokio::spawn(async move {
        while let Some(job) = jobs.recv().await {
            pass(15 * 60).await;
            let input = json!({"jobId": job["id"], "continuationToken": "more"});
            let _ = call(&answering, "PutJobSuccessResult", input).await;
        }
    });
    pass(23 * 3600).await;
    assert_eq!(action(&world, &id).status, "InProgress");
    pass(3600 + 60).await;
    assert_eq!(action(&world, &id).status, "Failed");
}

#[tokio::test(start_paused = true)]
async fn what_codepipeline_refuses_is_refused() {
    let (world, _jobs) = account();
    let id = world.pipeline_job("deploy", "", json!([]));
    let unknown = "0".repeat(8) + "-0000-0000-0000-000000000000";
    let (success, failure) = ("PutJobSuccessResult", "PutJobFailureResult");
    let failed = |kind: &str, message: &str| json!({"jobId": id, "failureDetails": {"type": kind, "message": message}});
    let large = "x".repeat(122_880);
    for (operation, input, code) in [
        (success, json!({"jobId": "job"}), "ValidationException"),
        (success, json!({"jobId": unknown}), "JobNotFoundException"),
        ("GetJobDetails", json!({"jobId": unknown}), "JobNotFoundException"),
        (success, json!({"jobId": id, "continuationToken": ""}), "ValidationException"),
        (
            success,
            json!({"jobId": id, "continuationToken": "x".repeat(2049)}),
            "ValidationException",
        ),
        (
            success,
            json!({"jobId": id, "continuationToken": "x", "outputVariables": {"a": "b"}}),
            "ValidationException",
        ),
        (
            success,
            json!({"jobId": id, "executionDetails": {"percentComplete": 101}}),
            "ValidationException",
        ),
        (
            success,
            json!({"jobId": id, "outputVariables": {"a": large}}),
            "OutputVariablesSizeExceededException",
        ),
        (failure, failed("Broken", "x"), "ValidationException"),
        (failure, failed("JobFailed", ""), "ValidationException"),
        (failure, failed("JobFailed", &"x".repeat(5001)), "ValidationException"),
        (failure, json!({"jobId": id}), "ValidationException"),
    ] {
        let refused = call(&world, operation, input).await;
        assert_eq!(refused.unwrap_err(), code, "{operation}");
    }
    assert_eq!(action(&world, &id).status, "InProgress");
    call(&world, failure, failed("JobFailed", &"x".repeat(5000))).await.unwrap();
}
