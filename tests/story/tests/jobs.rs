//! Jobs: one task for a run, however often it is delivered; what overlaps, what is held, what is told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::{Expect, expect};
use local_aws::{Fault, Image, Kind, Run, Script, Service};
use serde_json::{Value, json};
use story::{JOB_FUNCTION, NEW_IMAGE, Stage, alone};

const MINUTE: Duration = Duration::from_secs(60);

fn job(more: &Value) -> Value {
    let mut job = json!({
        "job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind",
    });
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

/// The input of a schedule, for the run of this minute.
fn scheduled(minute: u32, more: &Value) -> Value {
    let mut job = job(more);
    job["schedule"] = json!("arn:aws:scheduler:eu-west-2:123456789012:schedule/default/reminders");
    job["scheduled_time"] = json!(format!("2026-01-01T00:{minute:02}:00Z"));
    job
}

/// An account whose live image runs jobs as `script` says.
async fn stage(script: impl Fn(&Run) -> Script + Send + Sync + 'static) -> Stage {
    let stage = Stage::set(|_| Script::exits(0)).await;
    stage.world.image("registry/web:1", Image::script(script));
    stage
}

async fn invoke(stage: &Stage, input: &Value) -> Result<Value, String> {
    stage.world.invoke(JOB_FUNCTION, input.clone()).await.map_err(|error| format!("{error:?}"))
}

async fn outcome(stage: &Stage, input: &Value) -> String {
    let answer = invoke(stage, input).await.unwrap();
    answer["outcome"].as_str().unwrap().to_owned()
}

async fn hold(stage: &Stage, value: &str) {
    let parameter =
        json!({"Name": "/quayside/hold", "Value": value, "Type": "String", "Overwrite": true});
    stage.world.call(Service::Ssm, "PutParameter", parameter).await.unwrap();
}

fn alerts(stage: &Stage) -> Vec<String> {
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    stage
        .alerts()
        .iter()
        .map(|it| format!("{}: {}", text(it, "title"), text(it, "reason")))
        .collect()
}

fn told(stage: &Stage, expected: &Expect) {
    let mut told = alerts(stage).join("\n");
    for (n, task) in stage.tasks().iter().enumerate() {
        told = told.replace(task, &format!("TASK {n}"));
    }
    expected.assert_eq(&told);
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_on_the_live_image_with_what_it_asks_for() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let stage = stage(move |run| {
        let batch = run.environment.get("BATCH").cloned().unwrap_or_default();
        noted.lock().unwrap().push(format!("{} {} {batch}", run.image, run.command.join(" ")));
        Script::exits(0)
    })
    .await;
    // The latest revision of the family is not live.
    stage.scene.register(NEW_IMAGE).await.unwrap();
    let more = json!({"cpu": 1024, "memory": "2 GB", "ephemeral_storage": 50, "environment": {"BATCH": "7"}});
    let answer = invoke(&stage, &job(&more)).await.unwrap();
    assert_eq!(answer["outcome"], "started");
    stage.world.clock().sleep(10 * MINUTE).await;
    assert_eq!(*seen.lock().unwrap(), ["registry/web:1 bin/jobs remind 7"]);
    let task = stage.task(answer["task"].as_str().unwrap()).await;
    assert_eq!(task["startedBy"], "quayside/job/reminders");
    assert_eq!((&task["cpu"], &task["memory"]), (&json!("1024"), &json!("2048")));
    assert_eq!(task["ephemeralStorage"]["sizeInGiB"], 50);
    assert!(stage.alerts().is_empty());
}

#[test]
fn a_run_that_is_delivered_three_times_is_one_task() {
    for overlap in ["allow", "forbid", "replace"] {
        alone(async move {
            let stage = stage(|_| Script::exits(0).after(5 * MINUTE)).await;
            let input = scheduled(0, &json!({"overlap": overlap}));
            let three = futures::join!(
                outcome(&stage, &input),
                outcome(&stage, &input),
                outcome(&stage, &input)
            );
            for outcome in [three.0, three.1, three.2] {
                assert!(["started", "already-started"].contains(&outcome.as_str()), "{outcome}");
            }
            // Also late: while it runs, when it has ended, and when ECS has forgotten it.
            for minutes in [1, 10, 120] {
                stage.world.clock().sleep(minutes * MINUTE).await;
                assert_eq!(outcome(&stage, &input).await, "already-started", "{overlap} {minutes}");
            }
            assert_eq!(stage.tasks().len(), 1, "{overlap}");
            assert!(stage.alerts().is_empty());
        });
    }
}

#[tokio::test(start_paused = true)]
async fn what_allows_itself_to_overlap_does() {
    let stage = stage(|_| Script::exits(0).after(30 * MINUTE)).await;
    for minute in 0..3 {
        let input = scheduled(minute, &json!({"overlap": "allow"}));
        assert_eq!(outcome(&stage, &input).await, "started");
    }
    stage.world.clock().sleep(5 * MINUTE).await;
    let times = stage.times().await;
    assert_eq!(times.iter().filter(|(_, end)| *end == f64::MAX).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_forbids_it_is_skipped_and_counted() {
    let stage = stage(|_| Script::exits(0).after(30 * MINUTE)).await;
    assert_eq!(outcome(&stage, &scheduled(0, &json!({}))).await, "started");
    let task = stage.tasks().remove(0);
    for (minute, times) in [(15, 1), (30, 2)] {
        let answer = invoke(&stage, &scheduled(minute, &json!({}))).await.unwrap();
        assert_eq!(answer["outcome"], "skipped");
        assert_eq!(answer["skipped_in_a_row"], times);
        assert_eq!(answer["reason"], format!("its last run is still at work as {task}"));
    }
    stage.world.clock().sleep(40 * MINUTE).await;
    assert_eq!(outcome(&stage, &scheduled(45, &json!({}))).await, "started");
    stage.world.clock().sleep(MINUTE).await;
    let again = invoke(&stage, &scheduled(50, &json!({}))).await.unwrap();
    assert_eq!(again["skipped_in_a_row"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_replaces_itself_stops_the_old_one_first() {
    let stage = stage(|_| Script::exits(0).after(30 * MINUTE)).await;
    let replace = json!({"overlap": "replace"});
    let first = invoke(&stage, &scheduled(0, &replace)).await.unwrap();
    stage.world.clock().sleep(5 * MINUTE).await;
    let second = invoke(&stage, &scheduled(5, &replace)).await.unwrap();
    assert_eq!(second["outcome"], "started");
    assert_eq!(second["replaced"], json!([first["task"]]));
    let old = stage.task(first["task"].as_str().unwrap()).await;
    assert_eq!(old["stoppedReason"], "quayside: replaced by a newer run");
    stage.world.clock().sleep(MINUTE).await;
    let times = stage.times().await;
    let (old, new) = match times.as_slice() {
        [a, b] if a.0 < b.0 => (a, b),
        [a, b] => (b, a),
        other => panic!("{other:?}"),
    };
    assert!(old.1 <= new.0, "{times:?}");
    // To be replaced is no failure.
    stage.world.clock().sleep(60 * MINUTE).await;
    assert!(stage.alerts().is_empty(), "{:?}", stage.alerts());
}

#[tokio::test(start_paused = true)]
async fn the_pause_switch_holds_all_and_expires() {
    let stage = stage(|_| Script::exits(0)).await;
    hold(&stage, r#"{"reason": "moving the database", "until": "2026-01-01T01:00:00Z"}"#).await;
    for times in 1..=2 {
        let answer = invoke(&stage, &scheduled(times, &json!({}))).await.unwrap();
        assert_eq!(answer["outcome"], "on-hold");
        assert_eq!(answer["reason"], "on hold until 2026-01-01T01:00:00Z: moving the database");
        assert_eq!(answer["skipped_in_a_row"], times);
    }
    let id = stage.deploy().await;
    assert_eq!(stage.ended(&id).await, "Failed");
    assert!(stage.tasks().is_empty());
    let expected = "on hold until 2026-01-01T01:00:00Z: moving the database";
    assert_eq!(alerts(&stage), [format!("Migration not started: web ({id}): {expected}")]);
    stage.world.clock().sleep(60 * MINUTE).await;
    assert_eq!(outcome(&stage, &scheduled(59, &json!({}))).await, "started");
    let id = stage.deploy().await;
    assert_eq!(stage.ended(&id).await, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_cannot_be_read_holds_and_is_told() {
    let stage = stage(|_| Script::exits(0)).await;
    stage.world.fault(Fault::new(Kind::AccessDenied).on("GetParameter"));
    assert!(invoke(&stage, &scheduled(0, &json!({}))).await.is_err());
    assert!(stage.tasks().is_empty());
    let alerts = alerts(&stage);
    assert!(alerts[0].contains("is anything on hold? parameter /quayside/hold"), "{alerts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_of_twelve_hours_is_concluded() {
    for (exit_code, failures) in [(0, 0), (1, 1)] {
        let stage = stage(move |_| Script::exits(exit_code).after(12 * 60 * MINUTE)).await;
        assert_eq!(outcome(&stage, &job(&json!({}))).await, "started");
        stage.world.clock().sleep(11 * 60 * MINUTE).await;
        assert!(stage.alerts().is_empty());
        stage.world.clock().sleep(2 * 60 * MINUTE).await;
        assert_eq!(stage.alerts().len(), failures, "{exit_code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_once_with_the_end_of_its_log() {
    let stage = stage(|_| Script::exits(2).printing(&["no such customer"])).await;
    stage.world.duplicate_invocations(2);
    assert_eq!(outcome(&stage, &job(&json!({}))).await, "started");
    stage.world.clock().sleep(50 * MINUTE).await;
    told(
        &stage,
        &expect!["Job failed: reminders (web in cluster live): container app exited with 2"],
    );
    let alert = stage.alerts().remove(0);
    assert_eq!(alert["log"]["lines"], json!(["no such customer"]));
    assert_eq!(alert["subject"]["command"], json!(["bin/jobs", "remind"]));
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_could_not_be_sent_is_sent_by_the_next_pass() {
    let stage = stage(|_| Script::exits(2)).await;
    stage.world.fault(Fault::new(Kind::AccessDenied).on("Publish").times(2));
    assert_eq!(outcome(&stage, &job(&json!({}))).await, "started");
    stage.world.clock().sleep(50 * MINUTE).await;
    assert_eq!(stage.alerts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_may_be_told_only_after_some_in_a_row() {
    let codes = Arc::new(Mutex::new(vec![1, 1, 0, 1, 1, 1]));
    let next = Arc::clone(&codes);
    let stage = stage(move |_| Script::exits(next.lock().unwrap().pop().unwrap_or(0))).await;
    let mut told_after = Vec::new();
    for minute in 0..6 {
        outcome(&stage, &scheduled(minute, &json!({"alert_after": 3}))).await;
        stage.world.clock().sleep(10 * MINUTE).await;
        told_after.push(stage.alerts().len());
    }
    // Three failures, a success, two failures.
    assert_eq!(told_after, [0, 0, 1, 1, 1, 1]);
    told(
        &stage,
        &expect![
            "Job failed 3 times in a row: reminders (web in cluster live): container app exited with 1"
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_is_stopped_at_its_longest_duration() {
    let stage = stage(|_| Script::never_ends()).await;
    let answer = invoke(&stage, &job(&json!({"max_duration": "2h"}))).await.unwrap();
    stage.world.clock().sleep(119 * MINUTE).await;
    assert!(stage.alerts().is_empty());
    stage.world.clock().sleep(10 * MINUTE).await;
    told(
        &stage,
        &expect![
            "Job failed: reminders (web in cluster live): container app still runs at its deadline, 2026-01-01T02:00:00Z"
        ],
    );
    let task = stage.task(answer["task"].as_str().unwrap()).await;
    assert_eq!(task["stoppedReason"], "quayside: past its deadline");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_not_run_is_told_once() {
    let stage = stage(|_| Script::exits(0)).await;
    let hourly = json!({"alert_if_not_run_for": "90m"});
    outcome(&stage, &scheduled(0, &hourly)).await;
    stage.world.clock().sleep(85 * MINUTE).await;
    assert!(stage.alerts().is_empty());
    stage.world.clock().sleep(60 * MINUTE).await;
    told(
        &stage,
        &expect![
            "Job has not run: reminders (web in cluster live): it was last run, or skipped on purpose, at 2026-01-01T00:00:00Z, more than 1h 30m ago"
        ],
    );
    outcome(&stage, &scheduled(1, &hourly)).await;
    stage.world.clock().sleep(85 * MINUTE).await;
    assert_eq!(stage.alerts().len(), 1);
    stage.world.clock().sleep(15 * MINUTE).await;
    assert_eq!(stage.alerts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn several_commands_stop_at_the_first_failure() {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&ran);
    let stage = stage(move |run| {
        noted.lock().unwrap().push(run.command.join(" "));
        Script::exits(i32::from(run.command.join(" ") == "rake import"))
    })
    .await;
    let mut input = job(&json!({"commands": ["rake prepare", "rake import", "rake report"]}));
    input.as_object_mut().unwrap().remove("command");
    assert_eq!(outcome(&stage, &input).await, "started");
    stage.world.clock().sleep(30 * MINUTE).await;
    assert_eq!(*ran.lock().unwrap(), ["rake prepare", "rake import"]);
    assert_eq!(stage.alerts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_started_is_told_and_fails_the_invocation() {
    let check = async |input: Value, why: &str| {
        let stage = stage(|_| Script::exits(0)).await;
        let error = invoke(&stage, &input).await.unwrap_err();
        assert!(error.contains(why), "{error}");
        let alerts = alerts(&stage);
        assert!(alerts.len() == 1 && alerts[0].contains(why), "{alerts:?}");
        assert!(stage.tasks().is_empty());
    };
    check(job(&json!({"service": "other"})), "service other in cluster live: MISSING").await;
    check(job(&json!({"cluster": "other"})), "ClusterNotFoundException").await;
    check(job(&json!({"container": "rails"})), "container is `rails`").await;
    check(job(&json!({"cpu": 1000})), "cpu is 1000: Fargate has 256").await;
    check(job(&json!({"overlap": "skip"})), "unknown variant `skip`").await;
    check(json!({"hello": "world"}), "unknown field `hello`").await;
    check(json!("text"), "the input is no job").await;
}

#[tokio::test(start_paused = true)]
async fn a_placeholder_is_never_run() {
    let stage = stage(|_| Script::exits(0)).await;
    let definition = stage.definition_of("web", "dummy-image", &[]).await;
    let error = invoke(&stage, &job(&json!({"task_definition": definition}))).await.unwrap_err();
    assert!(error.contains("nothing has been deployed yet"), "{error}");
    assert!(stage.tasks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_starts_nothing_twice() {
    for overlap in ["allow", "forbid"] {
        let stage = stage(|_| Script::exits(0)).await;
        stage.world.fault(Fault::new(Kind::AnswerLost).on("RunTask").times(12));
        let input = scheduled(0, &json!({"overlap": overlap}));
        let first = invoke(&stage, &input).await.unwrap();
        assert!(["started", "already-started"].contains(&first["outcome"].as_str().unwrap()));
        assert_eq!(outcome(&stage, &input).await, "already-started");
        assert_eq!(stage.tasks().len(), 1, "{overlap}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_starts_nothing_and_says_what_is_in_the_way() {
    let stage = stage(|_| Script::exits(0).after(30 * MINUTE)).await;
    let dry = job(&json!({"dry_run": true}));
    let answer = invoke(&stage, &dry).await.unwrap();
    assert_eq!(answer["outcome"], "planned");
    assert_eq!(answer["run_task"]["startedBy"], "quayside/job/reminders");
    assert!(answer.get("but").is_none() && stage.tasks().is_empty());
    outcome(&stage, &scheduled(0, &json!({}))).await;
    let answer = invoke(&stage, &dry).await.unwrap();
    assert!(answer["but"].as_str().unwrap().contains("is still at work"), "{answer}");
    hold(&stage, "moving").await;
    let answer = invoke(&stage, &dry).await.unwrap();
    assert_eq!(answer["but"], "on hold: moving");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_starts_it_on_time() {
    let stage = stage(|_| Script::exits(0)).await;
    let mut input = scheduled(0, &json!({}));
    input["schedule"] = json!("<aws.scheduler.schedule-arn>");
    input["scheduled_time"] = json!("<aws.scheduler.scheduled-time>");
    let schedule = json!({
        "Name": "reminders", "ScheduleExpression": "rate(15 minutes)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": format!("arn:aws:lambda:eu-west-2:123456789012:function:{JOB_FUNCTION}"),
            "RoleArn": "arn:aws:iam::123456789012:role/jobs",
            "Input": input.to_string(),
        },
    });
    stage.world.call(Service::Scheduler, "CreateSchedule", schedule).await.unwrap();
    stage.world.duplicate_invocations(3);
    stage.world.clock().sleep(31 * MINUTE).await;
    // At the start and every quarter of an hour, or only then: as the schedule says.
    let runs = stage.tasks().len();
    assert!((2..=3).contains(&runs), "{runs}");
    assert!(stage.alerts().is_empty());
}
