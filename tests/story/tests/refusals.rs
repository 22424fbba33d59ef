//! Bad input: a clear error that names the thing, CodeDeploy told where it can be told, nothing
//! started.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use local_aws::scene::{BlueGreen, HOOK_FUNCTION};
use local_aws::{Fault, Kind, Script};
use serde_json::{Value, json};
use story::{NEW_IMAGE, Stage};

async fn stage() -> Stage {
    Stage::set(|_| Script::exits(0)).await
}

/// A waiting deployment whose hook nobody has answered: its id and the hook event.
async fn waiting(stage: &Stage) -> (String, Value) {
    stage.world.function(HOOK_FUNCTION, |_| Box::pin(async { Ok(Value::Null) }));
    let event: Value =
        serde_json::from_str(include_str!("../../../events/codedeploy-lifecycle-hook.json"))
            .unwrap();
    let id = event["DeploymentId"].as_str().unwrap().to_owned();
    let hook = event["LifecycleEventHookExecutionId"].as_str().unwrap();
    stage.world.next_deployment(&id, hook);
    assert_eq!(stage.deploy().await, id);
    stage.world.clock().sleep(std::time::Duration::from_secs(10)).await;
    stage.install();
    (id, event)
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_no_hook_event_names_the_shape_it_expected() {
    let stage = stage().await;
    for event in [json!(null), json!({}), json!([1]), json!("text"), json!({"Records": []})] {
        let error = stage.world.invoke(HOOK_FUNCTION, event).await.unwrap_err();
        assert!(error.contains(r#"expected {"DeploymentId": "d-…""#), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_can_be_read_from_a_wrong_event_is_told_failed() {
    let stage = stage().await;
    let (id, event) = waiting(&stage).await;
    let wrong = json!({
        "deploymentId": id, "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
    });
    let error = stage.world.invoke(HOOK_FUNCTION, wrong).await.unwrap_err();
    assert!(error.contains("was told Failed"), "{error}");
    assert_eq!(stage.ended(&id).await, "Failed");
    assert_eq!(stage.answers(&id), ["Failed"]);
    assert_eq!(stage.alerts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_missing_setting_is_answered_failed_by_the_function_that_could_not_start() {
    let stage = stage().await.with("MIGRATION_TIMEOUT", "2 days");
    let id = stage.deploy().await;
    assert_eq!(stage.ended(&id).await, "Failed");
    assert_eq!(stage.answers(&id), ["Failed"]);
    assert!(stage.tasks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_is_answered_failed_and_named() {
    for operation in [
        "GetDeployment",
        "GetDeploymentGroup",
        "GetApplicationRevision",
        "DescribeServices",
        "DescribeTaskDefinition",
        "RunTask",
    ] {
        let stage = stage().await;
        stage.world.fault(Fault::new(Kind::AccessDenied).on(operation).by(HOOK_FUNCTION));
        let id = stage.deploy().await;
        assert_eq!(stage.ended(&id).await, "Failed", "{operation}");
        assert_eq!(stage.answers(&id), ["Failed"], "{operation}");
        let alerts = stage.alerts();
        let reason = alerts[0]["reason"].as_str().unwrap();
        assert!(reason.contains(&format!("{operation}: AccessDeniedException")), "{reason}");
        assert!(stage.tasks().is_empty(), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_answered_failed() {
    for operation in ["GetDeployment", "DescribeServices", "RunTask"] {
        let stage = stage().await;
        stage.world.fault(Fault::new(Kind::CallerPanics).on(operation).by(HOOK_FUNCTION).times(1));
        let id = stage.deploy().await;
        assert_eq!(stage.ended(&id).await, "Failed", "{operation}");
        assert_eq!(stage.answers(&id), ["Failed"], "{operation}");
        let alerts = stage.alerts();
        assert!(alerts[0]["reason"].as_str().unwrap().contains("panicked"), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_cannot_be_sent_does_not_hold_up_the_answer() {
    let stage = Stage::set(|_| Script::exits(1)).await;
    stage.world.fault(Fault::new(Kind::AccessDenied).on("Publish"));
    let id = stage.deploy().await;
    assert_eq!(stage.ended(&id).await, "Failed");
    assert_eq!(stage.answers(&id), ["Failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_is_answered_failed_before_the_function_runs_out_of_time() {
    let stage = stage().await;
    let hour = std::time::Duration::from_secs(3600);
    stage.world.fault(Fault::new(Kind::Slow(hour)).on("DescribeServices"));
    let began = stage.world.clock().now();
    let id = stage.deploy().await;
    assert_eq!(stage.ended(&id).await, "Failed");
    assert_eq!(stage.answers(&id), ["Failed"]);
    assert!(stage.world.clock().now().duration_since(began).as_secs() < 60);
    let alerts = stage.alerts();
    assert!(alerts[0]["reason"].as_str().unwrap().contains("ran out of time"));
}

#[tokio::test(start_paused = true)]
async fn a_command_or_container_that_is_missing_is_refused_before_anything_starts() {
    let cases = [
        (json!({}), "no migration command"),
        (json!({"quayside.migrate.comand": "migrate"}), "unknown label quayside.migrate.comand"),
        (
            json!({"quayside.migrate.command": "x", "quayside.migrate.container": "rails"}),
            "names container rails, but web:2 has only app",
        ),
        (
            json!({"quayside.migrate.command": "x", "quayside.migrate.timeout": "3h"}),
            "at most 59 minutes",
        ),
    ];
    for (labels, why) in cases {
        let stage = stage().await;
        let mut definition = BlueGreen::definition(NEW_IMAGE);
        definition["containerDefinitions"][0]["dockerLabels"] = labels.clone();
        let definition = stage.scene.register_with(definition).await.unwrap();
        let id = stage.scene.deploy(&definition).await.unwrap();
        assert_eq!(stage.ended(&id).await, "Failed", "{labels}");
        let alerts = stage.alerts();
        let reason = alerts[0]["reason"].as_str().unwrap();
        assert!(reason.contains(why), "{labels}: {reason}");
        assert!(stage.tasks().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_everything_and_changes_nothing() {
    let stage = stage().await;
    let (id, mut event) = waiting(&stage).await;
    event["dry_run"] = json!(true);
    let answer = stage.world.invoke(HOOK_FUNCTION, event).await.unwrap();
    assert_eq!(answer["outcome"], "planned");
    let run_task = &answer["run_task"];
    assert_eq!(
        run_task["taskDefinition"],
        "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:2"
    );
    assert_eq!(run_task["overrides"]["containerOverrides"][0]["command"], json!(["migrate"]));
    assert_eq!(run_task["startedBy"], format!("quayside/migration/{id}"));
    assert_eq!(answer["report"]["succeeded"], json!([0]));
    let changed: Vec<String> = stage
        .world
        .requests()
        .into_iter()
        .map(|it| it.operation)
        .filter(|it| !["Get", "Describe", "List"].iter().any(|reads| it.starts_with(reads)))
        .collect();
    assert_eq!(changed, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_what_would_fail_says_why_and_tells_nobody() {
    let stage = stage().await;
    let (id, mut event) = waiting(&stage).await;
    event["dry_run"] = json!(true);
    stage.world.fault(Fault::new(Kind::AccessDenied).on("DescribeServices"));
    let answer = stage.world.invoke(HOOK_FUNCTION, event).await.unwrap();
    assert_eq!(answer["outcome"], "refused");
    assert!(answer["reason"].as_str().unwrap().contains("AccessDeniedException"));
    assert!(stage.answers(&id).is_empty() && stage.alerts().is_empty());
}
