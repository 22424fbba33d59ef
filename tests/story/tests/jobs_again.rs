//! Jobs whose start goes wrong, or comes again: one task, one count, one alert.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use local_aws::{Fault, Image, Kind, Script, Service};
use serde_json::{Value, json};
use story::{JOB_FUNCTION, Stage, alone};

const MINUTE: Duration = Duration::from_secs(60);

/// The input of a schedule, for the run of this minute.
fn scheduled(minute: u32, more: &Value) -> Value {
    let mut job = json!({
        "job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind",
        "schedule": "arn:aws:scheduler:eu-west-2:123456789012:schedule/default/reminders",
        "scheduled_time": format!("2026-01-01T00:{minute:02}:00Z"),
    });
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

async fn stage() -> Stage {
    let stage = Stage::set(|_| Script::exits(0)).await;
    stage.world.image("registry/web:1", Image::script(|_| Script::exits(0).after(5 * MINUTE)));
    let providers = json!({
        "cluster": "live", "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    });
    stage.world.call(Service::Ecs, "PutClusterCapacityProviders", providers).await.unwrap();
    stage
}

async fn invoke(stage: &Stage, input: &Value) -> Result<Value, String> {
    stage.world.invoke(JOB_FUNCTION, input.clone()).await.map_err(|error| format!("{error:?}"))
}

/// As Scheduler does it: into the function's queue, which tries three times.
async fn queue(stage: &Stage, input: &Value) {
    let event = json!({
        "FunctionName": JOB_FUNCTION, "InvocationType": "Event", "Payload": input,
    });
    stage.world.call(Service::Lambda, "Invoke", event).await.unwrap();
    stage.world.clock().sleep(10 * MINUTE).await;
}

/// How many tasks are there, whoever heard of their start.
async fn tasks(stage: &Stage) -> usize {
    let mut count = 0;
    for status in ["RUNNING", "STOPPED"] {
        let which = json!({
            "cluster": "live", "startedBy": "quayside/job/reminders", "desiredStatus": status,
        });
        let found = stage.world.call(Service::Ecs, "ListTasks", which).await.unwrap();
        count += found["taskArns"].as_array().unwrap().len();
    }
    count
}

#[test]
fn where_there_is_no_spot_capacity_it_runs_on_demand() {
    for overlap in ["allow", "forbid", "replace"] {
        alone(async move {
            let stage = stage().await;
            stage.world.no_capacity("FARGATE_SPOT");
            let input = scheduled(0, &json!({"capacity": "spot", "overlap": overlap}));
            let answer = invoke(&stage, &input).await.unwrap();
            assert_eq!(
                (&answer["outcome"], &answer["on_demand"]),
                (&json!("started"), &json!(true))
            );
            let task = stage.task(answer["task"].as_str().unwrap()).await;
            assert_eq!(task["launchType"], "FARGATE", "{overlap}");
            // There is some again when the same run comes once more.
            stage.world.capacity_again("FARGATE_SPOT");
            assert_eq!(invoke(&stage, &input).await.unwrap()["outcome"], "already-started");
            assert_eq!(tasks(&stage).await, 1, "{overlap}");
        });
    }
}

#[test]
fn a_task_on_spot_whose_answer_is_lost_is_not_started_on_demand_as_well() {
    for overlap in ["allow", "forbid", "replace"] {
        alone(async move {
            let stage = stage().await;
            // As often as the client itself asks again.
            stage.world.fault(Fault::new(Kind::AnswerLost).on("RunTask").times(8));
            let input = scheduled(0, &json!({"capacity": "spot", "overlap": overlap}));
            let answer = invoke(&stage, &input).await.unwrap();
            let outcome = answer["outcome"].as_str().unwrap();
            assert!(["started", "already-started"].contains(&outcome), "{overlap}: {answer}");
            assert!(answer.get("replaced").is_none(), "{overlap}: {answer}");
            assert_eq!(tasks(&stage).await, 1, "{overlap}");
        });
    }
}

#[test]
fn spot_with_two_deliveries_at_once_is_one_task() {
    for overlap in ["allow", "forbid", "replace"] {
        alone(async move {
            let stage = stage().await;
            stage.world.run_task_failures(vec!["Capacity is unavailable at this time."]);
            let input = scheduled(0, &json!({"capacity": "spot", "overlap": overlap}));
            let (one, two) = futures::join!(invoke(&stage, &input), invoke(&stage, &input));
            for answer in [one.unwrap(), two.unwrap()] {
                let outcome = answer["outcome"].as_str().unwrap();
                assert!(["started", "already-started"].contains(&outcome), "{overlap}: {answer}");
            }
            assert_eq!(tasks(&stage).await, 1, "{overlap}");
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_says_nothing_of_spot_capacity() {
    let stage = stage().await;
    stage.world.fault(Fault::new(Kind::Throttled).on("RunTask").times(8));
    let answer = invoke(&stage, &scheduled(0, &json!({"capacity": "spot"}))).await.unwrap();
    assert_eq!((&answer["outcome"], answer.get("on_demand")), (&json!("started"), None));
    let task = stage.task(answer["task"].as_str().unwrap()).await;
    assert_eq!(task["capacityProviderName"], "FARGATE_SPOT");
}

#[tokio::test(start_paused = true)]
async fn what_stays_wrong_is_told_once_for_each_run() {
    let stage = stage().await;
    let gone = json!({"service": "other"});
    queue(&stage, &scheduled(0, &gone)).await;
    assert_eq!(stage.alerts().len(), 1);
    assert_eq!(stage.alerts()[0]["reason"], "service other in cluster live: MISSING");
    // Scheduler tries again, too.
    queue(&stage, &scheduled(0, &gone)).await;
    assert_eq!(stage.alerts().len(), 1);
    queue(&stage, &scheduled(15, &gone)).await;
    assert_eq!(stage.alerts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_remembered_every_failure_is_told() {
    let stage = stage().await;
    stage.world.fault(Fault::new(Kind::AccessDenied).on("PutParameter"));
    queue(&stage, &scheduled(0, &json!({"service": "other"}))).await;
    let alerts = stage.alerts();
    assert_eq!(alerts.len(), 3);
    assert_eq!(alerts[0]["reason"], "service other in cluster live: MISSING");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_held_is_counted_once() {
    let stage = stage().await;
    let held = json!({"Name": "/quayside/hold", "Value": "moving", "Type": "String"});
    stage.world.call(Service::Ssm, "PutParameter", held).await.unwrap();
    for (minute, times) in [(0, 1), (0, 1), (15, 2), (15, 2)] {
        let answer = invoke(&stage, &scheduled(minute, &json!({}))).await.unwrap();
        assert_eq!(answer["skipped_in_a_row"], times, "{minute}");
    }
}
