//! The events of `events/` that `clean-up-review-apps` gets, as they are written there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects")]

use local_aws::{ACCOUNT, Service};
use serde_json::{Value, json};
use story::review::{Reviews, names};

/// With this GitHub has signed the delivery: its documentation's own example.
const SECRET: &str = "It's a Secret to Everybody";

fn event(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// An account with the apps of a closed pull request and of an open one.
async fn account() -> Reviews {
    let reviews = Reviews::set().await;
    for number in [12, 123] {
        reviews.apps.app(number, 2).await.unwrap();
    }
    reviews.apps.open(123);
    reviews.apps.closed(12, reviews.ago(60));
    reviews.wait(3600).await;
    reviews
}

#[tokio::test(start_paused = true)]
async fn the_schedule_looks_after_every_app() {
    let reviews = account().await;
    let event = event(include_str!("../../../events/clean-up-schedule.json"));
    let report = reviews.run(event).await.unwrap();
    assert_eq!(report["dry_run"], false);
    assert_eq!(report["removed"]["service"], 2, "{report:#}");
    assert_eq!(report["apps"]["123"]["state"], "stays", "{report:#}");
    assert_eq!(report["apps"]["123"]["why"], "open", "{report:#}");
}

#[tokio::test(start_paused = true)]
async fn by_hand_it_says_what_would_become_of_one_pull_request() {
    let reviews = account().await;
    let event = event(include_str!("../../../events/clean-up-pull-request.json"));
    let report = reviews.run(event).await.unwrap();
    assert_eq!(report["dry_run"], true);
    let apps: Vec<&String> = report["apps"].as_object().unwrap().keys().collect();
    assert_eq!(apps, ["12"]);
    assert_eq!(report["apps"]["12"]["state"], "going", "{report:#}");
    assert!(!report["apps"]["12"]["steps"].as_array().unwrap().is_empty());
    assert!(reviews.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_approval_of_another_plan_is_refused_and_told_the_present_one() {
    let reviews = account().await.with("MAX_APPS", "0");
    let report = reviews.run(json!({})).await.unwrap();
    let plan = report["tripped"]["approve"].as_str().unwrap();
    let event = event(include_str!("../../../events/clean-up-approve.json"));
    let error = reviews.run(event).await.unwrap_err();
    assert!(error.contains(&format!("the plan is {plan} now, not 0123456789abcdef")), "{error}");
    assert!(reviews.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_webhook_arranges_a_look_and_removes_nothing() {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/quayside-call");
    let reviews = account().await;
    let reviews =
        reviews.with("WEBHOOK_SECRET", "review-apps/webhook").with("CALL_ROLE_ARN", &role);
    let secret = json!({"Name": "review-apps/webhook", "SecretString": SECRET});
    reviews.world.call(Service::SecretsManager, "CreateSecret", secret).await.unwrap();
    let event = event(include_str!("../../../events/clean-up-webhook-closed.json"));
    let answer = reviews.run(event.clone()).await.unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer}");
    // GitHub may deliver it twice.
    let answer = reviews.run(event.clone()).await.unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer}");
    let listed = reviews.world.call(Service::Scheduler, "ListSchedules", json!({})).await.unwrap();
    let schedules = names(&listed["Schedules"], "Name");
    assert_eq!(schedules.len(), 1, "{schedules:?}");
    assert!(schedules.iter().all(|it| it.starts_with("quayside-look-12-")), "{schedules:?}");
    let changes = reviews.changes();
    assert!(changes.iter().all(|it| it.0 == "CreateSchedule"), "{changes:?}");
    // What somebody else has written is refused before it is read.
    let mut forged = event;
    forged["body"] =
        json!(forged["body"].as_str().unwrap().replace("\"number\":12,", "\"number\":123,"));
    let answer = reviews.run(forged).await.unwrap();
    assert_eq!(answer["statusCode"], 401, "{answer}");
    assert_eq!(reviews.changes().len(), changes.len());
}
