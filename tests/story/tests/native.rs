//! Deployments that ECS carries out itself: Lambda hooks that ask again, pause hooks that are told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use expect_test::{Expect, expect};
use local_aws::scene::Native;
use local_aws::{EventDelivery, Fault, Image, Kind, Run, Script, Service};
use serde_json::{Value, json};
use story::{NEW_IMAGE, Stage, alone};

const MINUTE: Duration = Duration::from_secs(60);
const PAUSE: (&str, &str) = ("quayside.migrate.pause-hooks", "PRE_SCALE_UP");
const SUCCEEDED: &str = "deployment SUCCESSFUL\ntraffic on web:2\ntasks 1";

/// The two kinds of hook at `PRE_SCALE_UP`.
fn both() -> [(&'static str, Value); 2] {
    [
        ("lambda", json!([Native::lambda_hook("PRE_SCALE_UP")])),
        ("pause", json!([Native::pause_hook("PRE_SCALE_UP")])),
    ]
}

/// Both kinds of hook come to the same.
fn check(migration: fn(&Run) -> Script, expected: &Expect) {
    for (kind, hooks) in both() {
        let told = alone(async move {
            Stage::hooked(&hooks, migration).await.deploy_and_tell(&[PAUSE]).await
        });
        expected.assert_eq(&told.replace(kind, "…"));
    }
}

#[test]
fn a_migration_may_take_a_second_or_hours() {
    for seconds in [0, 25 * 60, 54 * 60] {
        for (kind, hooks) in both() {
            let length = Duration::from_secs(seconds);
            let told = alone(async move {
                let stage = Stage::hooked(&hooks, move |_| Script::exits(0).after(length)).await;
                stage.deploy_and_tell(&[PAUSE]).await
            });
            assert_eq!(told, SUCCEEDED, "{kind} {seconds} s");
        }
    }
    for (kind, hooks) in both() {
        let told = alone(async move {
            let stage = Stage::hooked(&hooks, |_| Script::exits(0).after(3 * 60 * MINUTE)).await;
            stage.deploy_and_tell(&[PAUSE, ("quayside.migrate.timeout", "4h")]).await
        });
        assert_eq!(told, SUCCEEDED, "{kind} three hours");
    }
}

#[test]
fn failed_migrations_keep_the_traffic_where_it_is() {
    check(
        |_| Script::exits(1).after(MINUTE),
        &expect![[r#"
            deployment ROLLBACK_SUCCESSFUL
            traffic on web:1
            tasks 1
            alert Migration failed: web in cluster live (…): container app exited with 1"#]],
    );
    check(
        |_| Script::cannot_pull("registry/web:2: not found"),
        &expect![[r#"
            deployment ROLLBACK_SUCCESSFUL
            traffic on web:1
            tasks 1
            alert Migration failed: web in cluster live (…): container app never started: CannotPullContainerError: registry/web:2: not found"#]],
    );
    check(
        |_| Script::cannot_pull("dial tcp 10.0.0.1:443: i/o timeout"),
        &expect![[r#"
            deployment ROLLBACK_SUCCESSFUL
            traffic on web:1
            tasks 3
            alert Migration failed: web in cluster live (…): container app never started: CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout"#]],
    );
    check(
        |_| Script::vanishes(),
        &expect![[r#"
            deployment ROLLBACK_SUCCESSFUL
            traffic on web:1
            tasks 1
            alert Migration failed: web in cluster live (…): container app ended without an exit code: Essential container in task exited"#]],
    );
}

#[test]
fn past_its_deadline_a_migration_has_failed_and_is_stopped() {
    for (kind, hooks) in both() {
        alone(async move {
            let stage = Stage::hooked(&hooks, |_| Script::never_ends()).await;
            let told = stage.deploy_and_tell(&[PAUSE]).await;
            assert!(
                told.contains("ROLLBACK_SUCCESSFUL\ntraffic on web:1\ntasks 1"),
                "{kind} {told}"
            );
            assert!(told.contains("still runs at its deadline"), "{kind} {told}");
            let task = stage.task(&stage.tasks()[0]).await;
            assert_eq!(task["stoppedReason"], "quayside: past its deadline", "{kind}");
        });
    }
}

#[test]
fn what_keeps_it_from_starting_rolls_the_deployment_back() {
    for (kind, hooks) in both() {
        alone(async move {
            let stage = Stage::hooked(&hooks, |_| Script::exits(0)).await;
            stage.world.fault(Fault::new(Kind::AccessDenied).on("RunTask"));
            let told = stage.deploy_and_tell(&[PAUSE]).await;
            let start = "deployment ROLLBACK_SUCCESSFUL\ntraffic on web:1\ntasks 0\n\
                         alert Migration not started: web (…): RunTask: AccessDeniedException";
            assert!(told.starts_with(start), "{kind} {told}");
        });
    }
}

#[test]
fn both_forms_of_the_event_and_any_execution_id_are_understood() {
    for (older, new_ids) in [(true, false), (false, true), (true, true)] {
        let told = alone(async move {
            let hooks = json!([Native::lambda_hook("PRE_SCALE_UP")]);
            let stage = Stage::hooked(&hooks, |_| Script::exits(0).after(5 * MINUTE)).await;
            stage.world.older_hook_payload(older);
            stage.world.new_hook_execution_ids(new_ids);
            stage.deploy_and_tell(&[]).await
        });
        assert_eq!(told, SUCCEEDED, "older {older}, new ids {new_ids}");
    }
}

#[test]
fn lost_answers_and_repeated_events_make_one_task_and_one_answer() {
    for (kind, hooks) in both() {
        for fault in ["RunTask", "DescribeTasks", "ContinueServiceDeployment"] {
            let hooks = hooks.clone();
            let told = alone(async move {
                let stage = Stage::hooked(&hooks, |_| Script::exits(0).after(2 * MINUTE)).await;
                stage.world.event_delivery(EventDelivery { copies: 3, ..EventDelivery::default() });
                stage.world.duplicate_invocations(2);
                stage.world.fault(Fault::new(Kind::AnswerLost).on(fault).every(2));
                stage.deploy_and_tell(&[PAUSE]).await
            });
            assert_eq!(told, SUCCEEDED, "{kind} {fault}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_hook_that_no_label_names_is_left_to_people() {
    let hooks = json!([Native::pause_hook("PRE_SCALE_UP")]);
    let stage = Stage::hooked(&hooks, |_| Script::exits(0)).await;
    let arn = stage.deploy(&[]).await;
    stage.world.clock().sleep(60 * MINUTE).await;
    let paused = stage.scene.service_deployment(&arn).await.unwrap();
    assert_eq!(paused["lifecycleHookDetails"][0]["status"], "AWAITING_ACTION");
    assert!(stage.tasks().is_empty() && stage.alerts().is_empty());
    let answer = &stage.hook_answers()[0];
    assert_eq!(answer["outcome"], "not-ours");
    // Not even if something is wrong.
    let other = stage.deploy(&[("quayside.migrate.pause-hooks", "POST_SCALE_UP")]).await;
    stage.world.clock().sleep(60 * MINUTE).await;
    assert!(stage.world.requests_for("ContinueServiceDeployment").is_empty(), "{other}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_hook_that_cannot_be_looked_at_is_not_answered_and_told() {
    let hooks = json!([Native::pause_hook("PRE_SCALE_UP")]);
    let stage = Stage::hooked(&hooks, |_| Script::exits(0)).await;
    stage.world.fault(Fault::new(Kind::AccessDenied).on("DescribeServiceRevisions"));
    stage.deploy(&[PAUSE]).await;
    stage.world.clock().sleep(30 * MINUTE).await;
    assert!(stage.world.requests_for("ContinueServiceDeployment").is_empty());
    let alert = stage.alerts().remove(0);
    assert!(alert["reason"].to_string().contains("DescribeServiceRevisions: AccessDenied"));
    assert!(alert["hint"].to_string().contains("still waits"));
}

/// People answer the pause hook five minutes into a migration of twenty; what became of the task.
async fn answered_by_people(action: &str, exit_code: i32) -> (Stage<Native>, Value) {
    let hooks = json!([Native::pause_hook("PRE_SCALE_UP")]);
    let migration = move |_: &Run| Script::exits(exit_code).after(20 * MINUTE);
    let stage = Stage::hooked(&hooks, migration).await;
    let arn = stage.deploy(&[PAUSE]).await;
    stage.world.clock().sleep(5 * MINUTE).await;
    let paused = stage.scene.service_deployment(&arn).await.unwrap();
    let hook = paused["lifecycleHookDetails"][0]["hookId"].clone();
    let word = json!({"serviceDeploymentArn": arn, "hookId": hook, "action": action});
    stage.world.call(Service::Ecs, "ContinueServiceDeployment", word).await.unwrap();
    stage.ended(&arn).await;
    stage.world.clock().sleep(30 * MINUTE).await;
    let task = stage.task(&stage.tasks()[0]).await;
    (stage, task)
}

#[tokio::test(start_paused = true)]
async fn people_who_roll_back_stop_the_migration() {
    let (stage, task) = answered_by_people("ROLLBACK", 0).await;
    let reason = task["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("quayside: the deployment is"), "{reason}");
    assert_eq!(stage.alerts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn people_who_go_on_without_it_hear_if_it_fails() {
    for (exit_code, alerts) in [(0, 0), (1, 1)] {
        let (stage, task) = answered_by_people("CONTINUE", exit_code).await;
        assert_eq!(task["containers"][0]["exitCode"], exit_code);
        assert_eq!(stage.alerts().len(), alerts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shift_of_the_traffic_is_migrated_once_and_not_when_it_goes_back() {
    let hooks = json!([Native::lambda_hook("PRODUCTION_TRAFFIC_SHIFT")]);
    let stage = Stage::hooked(&hooks, |_| Script::exits(0).after(MINUTE)).await;
    let arn = stage.deploy(&[]).await;
    // Somebody rolls it back while it bakes.
    let baking =
        async || stage.scene.service_deployment(&arn).await.unwrap()["lifecycleStage"].clone();
    while baking().await != "BAKE_TIME" {
        stage.world.clock().sleep(Duration::from_secs(5)).await;
    }
    let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    stage.world.call(Service::Ecs, "StopServiceDeployment", stop).await.unwrap();
    assert_eq!(stage.ended(&arn).await, "ROLLBACK_SUCCESSFUL");
    assert_eq!(stage.tasks().len(), 1);
    let answers = stage.hook_answers();
    assert_eq!(answers.last().unwrap(), &json!({"hookStatus": "SUCCEEDED"}));
    assert!(stage.alerts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_may_undo_what_was_migrated() {
    let ran = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = std::sync::Arc::clone(&ran);
    let hooks = json!([Native::lambda_hook("PRODUCTION_TRAFFIC_SHIFT")]);
    let migration = move |run: &Run| {
        noted.lock().unwrap().push(run.command.join(" "));
        Script::exits(0)
    };
    let stage = Stage::hooked(&hooks, migration).await.with("ROLLBACK_DEPLOYMENTS", "run");
    let arn = stage.deploy(&[("quayside.rollback.command", "migrate down")]).await;
    while stage.scene.service_deployment(&arn).await.unwrap()["lifecycleStage"] != "BAKE_TIME" {
        stage.world.clock().sleep(Duration::from_secs(5)).await;
    }
    let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    stage.world.call(Service::Ecs, "StopServiceDeployment", stop).await.unwrap();
    assert_eq!(stage.ended(&arn).await, "ROLLBACK_SUCCESSFUL");
    assert_eq!(*ran.lock().unwrap(), ["migrate", "migrate down"]);
}

#[tokio::test(start_paused = true)]
async fn two_services_share_a_lock_and_wait_by_asking_again() {
    let lock = ("quayside.migrate.lock", "shop-database");
    let hooks = json!([Native::lambda_hook("PRE_SCALE_UP")]);
    let stage = Stage::hooked(&hooks, |_| Script::exits(0).after(5 * MINUTE)).await;
    // Another migration under the same lock, by hand.
    let definition = stage.definition_of("web", NEW_IMAGE, &[lock]).await;
    let mark = json!({
        "kind": "migration", "id": "d-OTHER", "hook": "h", "container": "app",
        "deadline": 1_767_229_500, "attempt": 1, "lock": "shop-database",
    });
    let task = json!({
        "cluster": "live", "taskDefinition": definition, "launchType": "FARGATE",
        "startedBy": "quayside/migration/d-OTHER",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
        "overrides": {"containerOverrides": [{"name": "app", "command": ["migrate"],
            "environment": [{"name": "QUAYSIDE_TASK", "value": mark.to_string()}]}]},
    });
    let other = stage.world.call(Service::Ecs, "RunTask", task).await.unwrap();
    let arn = stage.deploy(&[lock]).await;
    stage.world.clock().sleep(2 * MINUTE).await;
    assert!(stage.tasks().is_empty());
    assert_eq!(stage.hook_answers()[0]["hookStatus"], "IN_PROGRESS");
    assert_eq!(stage.ended(&arn).await, "SUCCESSFUL");
    let other = stage.task(other["tasks"][0]["taskArn"].as_str().unwrap()).await;
    let own = stage.task(&stage.tasks()[0]).await;
    let at = |task: &Value, name: &str| task[name].as_f64().unwrap();
    assert!(at(&other, "executionStoppedAt") <= at(&own, "startedAt"));
}

#[tokio::test(start_paused = true)]
async fn the_same_image_is_not_migrated_twice() {
    let hooks = json!([Native::lambda_hook("PRE_SCALE_UP")]);
    let stage = Stage::hooked(&hooks, |_| Script::exits(0).after(MINUTE)).await;
    assert_eq!(stage.deploy_and_tell(&[]).await, SUCCEEDED);
    // ECS knows the digest of a revision, tag or no tag.
    let again = stage.scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    let arn = again["currentServiceDeployment"].as_str().unwrap().to_owned();
    assert_eq!(stage.ended(&arn).await, "SUCCESSFUL");
    assert_eq!(stage.tasks().len(), 1);
    stage.world.move_image_tag(NEW_IMAGE);
    let again = stage.scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    let arn = again["currentServiceDeployment"].as_str().unwrap().to_owned();
    assert_eq!(stage.ended(&arn).await, "SUCCESSFUL");
    assert_eq!(stage.tasks().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_service_may_pause_too() {
    let rolling = json!({"maximumPercent": 200, "minimumHealthyPercent": 100});
    let stage = Stage::configured(rolling.clone(), |_| Script::exits(1)).await;
    let mut paused = rolling;
    paused["lifecycleHooks"] = json!([Native::pause_hook("PRE_SCALE_UP")]);
    stage.scene.configure(paused).await.unwrap();
    let told = stage.deploy_and_tell(&[PAUSE]).await;
    assert!(told.starts_with("deployment ROLLBACK_SUCCESSFUL\ntraffic on web:1"), "{told}");
    stage.world.image(NEW_IMAGE, Image::script(|_| Script::exits(0)));
    let arn = stage.deploy(&[PAUSE]).await;
    assert_eq!(stage.ended(&arn).await, "SUCCESSFUL");
}
