//! `EventBridge` Scheduler: schedules with an input of their own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

type Seen = Arc<Mutex<Vec<Value>>>;

/// It is Saturday, 21 November 2026, 10:02. The function `listener` keeps what it gets.
fn world() -> (World, Seen) {
    let world = World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL);
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    world.function("listener", move |it| {
        kept.lock().unwrap().push(it.payload);
        Box::pin(async { Ok(Value::Null) })
    });
    (world, seen)
}

fn schedule(name: &str, expression: &str, input: &str) -> Value {
    json!({
        "Name": name,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:lambda:eu-west-2:123456789012:function:listener",
            "RoleArn": "arn:aws:iam::123456789012:role/scheduler",
            "Input": input,
        },
    })
}

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::Scheduler, operation, input).await.map_err(|error| error.code)
}

async fn hours(n: u64) {
    tokio::time::sleep(Duration::from_secs(n * 3600)).await;
}

#[tokio::test(start_paused = true)]
async fn the_input_is_sent_with_its_placeholders_filled_in() {
    let (world, seen) = world();
    let input = r#"{"arn": "<aws.scheduler.schedule-arn>", "at": "<aws.scheduler.scheduled-time>",
        "id": "<aws.scheduler.execution-id>", "attempt": "<aws.scheduler.attempt-number>"}"#;
    let created = schedule("nightly", "cron(0 11 * * ? *)", input);
    let answer = ask(&world, "CreateSchedule", created).await.unwrap();
    hours(25).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0]["arn"], answer["ScheduleArn"]);
    assert_eq!(seen[0]["at"], "2026-11-21T11:00:00Z");
    assert_eq!(seen[1]["at"], "2026-11-22T11:00:00Z");
    assert_eq!(seen[0]["attempt"], "1");
    assert_ne!(seen[0]["id"], seen[1]["id"]);
}

#[tokio::test(start_paused = true)]
async fn a_moment_comes_once_and_the_schedule_may_delete_itself() {
    let (world, seen) = world();
    let mut once = schedule("once", "at(2026-11-21T12:00:00)", "{}");
    ask(&world, "CreateSchedule", once.clone()).await.unwrap();
    once["Name"] = json!("gone");
    once["ActionAfterCompletion"] = json!("DELETE");
    ask(&world, "CreateSchedule", once).await.unwrap();
    hours(1).await;
    assert_eq!(seen.lock().unwrap().len(), 0);
    hours(48).await;
    assert_eq!(seen.lock().unwrap().len(), 2);
    assert!(ask(&world, "GetSchedule", json!({"Name": "once"})).await.is_ok());
    let gone = ask(&world, "GetSchedule", json!({"Name": "gone"})).await;
    assert_eq!(gone, Err("ResourceNotFoundException".into()));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_runs_between_its_dates_and_stops_when_disabled_or_deleted() {
    let (world, seen) = world();
    let mut hourly = schedule("hourly", "rate(1 hour)", "{}");
    // Three hours after 10:00.
    hourly["EndDate"] = json!(1_795_255_200 + 3 * 3600);
    ask(&world, "CreateSchedule", hourly.clone()).await.unwrap();
    hours(10).await;
    assert_eq!(seen.lock().unwrap().len(), 2);

    hourly["EndDate"] = Value::Null;
    ask(&world, "UpdateSchedule", hourly.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2 * 3600 + 60)).await;
    assert_eq!(seen.lock().unwrap().len(), 4);
    hourly["State"] = json!("DISABLED");
    ask(&world, "UpdateSchedule", hourly.clone()).await.unwrap();
    hours(5).await;
    assert_eq!(seen.lock().unwrap().len(), 4);
    hourly["State"] = json!("ENABLED");
    ask(&world, "UpdateSchedule", hourly).await.unwrap();
    ask(&world, "DeleteSchedule", json!({"Name": "hourly"})).await.unwrap();
    hours(5).await;
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn schedules_are_refused_listed_and_found_as_aws_does() {
    let (world, _) = world();
    for name in ["a1", "a2", "b1"] {
        ask(&world, "CreateSchedule", schedule(name, "rate(1 day)", "{}")).await.unwrap();
    }
    let again = ask(&world, "CreateSchedule", schedule("a1", "rate(1 day)", "{}")).await;
    assert_eq!(again, Err("ConflictException".into()));
    let page = ask(&world, "ListSchedules", json!({"NamePrefix": "a", "MaxResults": 1})).await;
    let page = page.unwrap();
    assert_eq!(page["Schedules"][0]["Name"], "a1");
    let rest = json!({"NamePrefix": "a", "NextToken": page["NextToken"]});
    let rest = ask(&world, "ListSchedules", rest).await.unwrap();
    assert_eq!(rest["Schedules"].as_array().map(Vec::len), Some(1));
    for (operation, input, expected) in [
        ("GetSchedule", json!({"Name": "c"}), "ResourceNotFoundException"),
        ("DeleteSchedule", json!({"Name": "c"}), "ResourceNotFoundException"),
        ("UpdateSchedule", schedule("c", "rate(1 day)", "{}"), "ResourceNotFoundException"),
        ("CreateSchedule", schedule("c", "rate(1 days)", "{}"), "ValidationException"),
        ("CreateSchedule", schedule("c d", "rate(1 day)", "{}"), "ValidationException"),
        ("GetSchedule", json!({"Name": "a1", "GroupName": "g"}), "ResourceNotFoundException"),
    ] {
        let answer = ask(&world, operation, input.clone()).await;
        assert_eq!(answer, Err(expected.to_owned()), "{operation} {input}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_takes_its_schedules_with_it() {
    let (world, seen) = world();
    let group = json!({"Name": "team"});
    ask(&world, "CreateScheduleGroup", group.clone()).await.unwrap();
    let again = ask(&world, "CreateScheduleGroup", group.clone()).await;
    assert_eq!(again, Err("ConflictException".into()));
    for name in ["team", "default"] {
        let mut hourly = schedule("hourly", "rate(1 hour)", "{}");
        hourly["GroupName"] = json!(name);
        ask(&world, "CreateSchedule", hourly).await.unwrap();
    }
    let groups = ask(&world, "ListScheduleGroups", json!({})).await.unwrap();
    assert_eq!(groups["ScheduleGroups"].as_array().map(Vec::len), Some(2));
    ask(&world, "DeleteScheduleGroup", group.clone()).await.unwrap();
    let gone = ask(&world, "GetScheduleGroup", group).await;
    assert_eq!(gone, Err("ResourceNotFoundException".into()));
    let left = ask(&world, "ListSchedules", json!({})).await.unwrap();
    assert_eq!(left["Schedules"].as_array().map(Vec::len), Some(1));
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert_eq!(seen.lock().unwrap().len(), 1);
    let default = ask(&world, "DeleteScheduleGroup", json!({"Name": "default"})).await;
    assert_eq!(default, Err("ValidationException".into()));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_number_and_its_id() {
    let (world, seen) = world();
    world.schedule_attempts_fail(3);
    let input = r#"{"at": "<aws.scheduler.scheduled-time>", "id": "<aws.scheduler.execution-id>",
        "attempt": "<aws.scheduler.attempt-number>"}"#;
    for name in ["first", "second"] {
        let at = if name == "first" { "11:00" } else { "12:00" };
        let once = schedule(name, &format!("at(2026-11-21T{at}:00)"), input);
        ask(&world, "CreateSchedule", once).await.unwrap();
    }
    hours(3).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!((&seen[0]["attempt"], &seen[1]["attempt"]), (&json!("4"), &json!("1")));
    assert_eq!(seen[0]["at"], "2026-11-21T11:00:00Z", "the time is that of the schedule");
    assert_ne!(seen[0]["id"], seen[1]["id"]);
    assert_eq!(world.undelivered_schedules(), [Value::Null; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_goes_to_the_dead_letter_queue() {
    let (world, seen) = world();
    let queue = "arn:aws:sqs:eu-west-2:123456789012:missed";
    let mut hourly = schedule("hourly", "rate(1 hour)", "{\"n\": 1}");
    hourly["Target"]["RetryPolicy"] = json!({"MaximumRetryAttempts": 2});
    hourly["Target"]["DeadLetterConfig"] = json!({"Arn": queue});
    ask(&world, "CreateSchedule", hourly).await.unwrap();
    world.schedule_attempts_fail(3);
    tokio::time::sleep(Duration::from_secs(2 * 3600 + 60)).await;
    let missed = world.undelivered_schedules();
    assert_eq!(missed.len(), 1);
    for (name, expected) in [
        ("Queue", json!(queue)),
        ("Input", json!({"n": 1})),
        ("RETRY_ATTEMPTS", json!("2")),
        ("ERROR_CODE", json!("TooManyRequestsException")),
        ("EXHAUSTED_RETRY_CONDITION", json!("MaximumRetryAttempts")),
        ("SCHEDULED_TIME", json!("2026-11-21T11:02:00Z")),
    ] {
        assert_eq!(missed[0][name], expected, "{name}");
    }
    assert_eq!(seen.lock().unwrap().len(), 1, "the next hour is another event");
}

#[tokio::test(start_paused = true)]
async fn retries_end_with_the_age_of_the_event_and_with_its_function() {
    let (world, _) = world();
    let mut old = schedule("old", "at(2026-11-21T11:00:00)", "{}");
    old["Target"]["RetryPolicy"] = json!({"MaximumEventAgeInSeconds": 60});
    ask(&world, "CreateSchedule", old).await.unwrap();
    world.schedule_attempts_fail(1000);
    let mut gone = schedule("gone", "at(2026-11-21T12:00:00)", "{}");
    gone["Target"]["Arn"] = json!("arn:aws:lambda:eu-west-2:123456789012:function:nobody");
    ask(&world, "CreateSchedule", gone).await.unwrap();
    hours(3).await;
    let missed = world.undelivered_schedules();
    assert_eq!(missed[0]["EXHAUSTED_RETRY_CONDITION"], "MaximumEventAgeInSeconds");
    assert_eq!(missed[0]["Queue"], Value::Null);
    assert_eq!(missed[1]["ERROR_CODE"], "ResourceNotFoundException");
    assert_eq!(missed[1]["RETRY_ATTEMPTS"], "0");
}

#[tokio::test(start_paused = true)]
async fn every_schedule_may_come_more_than_once() {
    let (world, seen) = world();
    world.duplicate_invocations(3);
    ask(&world, "CreateSchedule", schedule("hourly", "rate(1 hour)", "{}")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2 * 3600 + 60)).await;
    assert_eq!(seen.lock().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_retry_policy_and_a_queue_have_their_bounds() {
    let (world, _) = world();
    for (member, value) in [
        ("RetryPolicy", json!({"MaximumRetryAttempts": 186})),
        ("RetryPolicy", json!({"MaximumEventAgeInSeconds": 59})),
        ("DeadLetterConfig", json!({"Arn": "arn:aws:sns:eu-west-2:123456789012:missed"})),
        ("DeadLetterConfig", json!({"Arn": "arn:aws:sqs:eu-west-2:123456789012:missed.fifo"})),
    ] {
        let mut wrong = schedule("wrong", "rate(1 hour)", "{}");
        wrong["Target"][member] = value.clone();
        let answer = ask(&world, "CreateSchedule", wrong).await;
        assert_eq!(answer, Err("ValidationException".into()), "{value}");
    }
}
