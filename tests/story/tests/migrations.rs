//! Migrations of every length and every end, told as CodeDeploy, ECS and the people on call see
//! them.

use std::time::Duration;

use expect_test::{Expect, expect};
use local_aws::scene::BlueGreen;
use local_aws::{Image, Run, Script, Service};
use serde_json::json;
use story::{NEW_IMAGE, Stage, alone};

const MINUTE: Duration = Duration::from_secs(60);
const SUCCEEDED: &str = "deployment Succeeded\ntraffic on web:2\ntasks 1\nanswers Succeeded";

async fn check(migration: impl Fn(&Run) -> Script + Send + Sync + 'static, expected: Expect) {
    expected.assert_eq(&Stage::set(migration).await.deploy_and_tell().await);
}

#[test]
fn a_migration_may_take_a_second_or_almost_an_hour() {
    for seconds in [0, 1, 600, 25 * 60, 54 * 60] {
        let length = Duration::from_secs(seconds);
        let told = alone(async {
            Stage::set(move |_| Script::exits(0).after(length)).await.deploy_and_tell().await
        });
        assert_eq!(told, SUCCEEDED, "{seconds} seconds");
    }
}

#[tokio::test(start_paused = true)]
async fn failed_migrations_keep_the_traffic_where_it_is() {
    check(
        |_| Script::exits(1).after(MINUTE),
        expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 1
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app exited with 1"#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_runs_out_of_memory() {
    check(|_| Script::runs_out_of_memory(), expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 1
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app ran out of memory (exit code 137)"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_migration_whose_exit_code_is_never_told() {
    check(|_| Script::vanishes(), expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 1
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app ended without an exit code: Essential container in task exited"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_migration_whose_host_is_taken_away() {
    check(|_| Script::is_interrupted().after(MINUTE), expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 1
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app exited with 143, after AWS took the Spot capacity back"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn an_image_that_does_not_exist() {
    check(|_| Script::cannot_pull("registry/web:2: not found"), expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 1
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app never started: CannotPullContainerError: registry/web:2: not found"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_in_time_is_tried_three_times() {
    check(|_| Script::cannot_pull("dial tcp 10.0.0.1:443: i/o timeout"), expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 3
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app never started: CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout"#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_works_the_second_time_is_no_failure() {
    let pulls = std::sync::atomic::AtomicU32::new(0);
    let migration = move |_: &Run| match pulls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Script::cannot_pull("dial tcp 10.0.0.1:443: i/o timeout"),
        _ => Script::exits(0),
    };
    check(
        migration,
        expect![[r#"
        deployment Succeeded
        traffic on web:2
        tasks 2
        answers Succeeded"#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn capacity_that_comes_back_is_no_failure() {
    let stage = Stage::set(|_| Script::exits(0)).await;
    let missing = "Capacity is unavailable at this time. Please try again later";
    stage.world.run_task_failures(vec![missing, "RESOURCE:ENI"]);
    assert_eq!(stage.deploy_and_tell().await, SUCCEEDED);
}

#[tokio::test(start_paused = true)]
async fn capacity_that_stays_away_is_answered_in_time() {
    let stage = Stage::set(|_| Script::exits(0)).await;
    stage.world.run_task_failures(vec!["Capacity is unavailable at this time."; 50]);
    expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 0
        answers Failed
        alert Migration not started: web (d-…): RunTask: Capacity is unavailable at this time."#]]
    .assert_eq(&stage.deploy_and_tell().await);
}

#[tokio::test(start_paused = true)]
async fn a_placement_failure_that_stays_is_answered_at_once() {
    let stage = Stage::set(|_| Script::exits(0)).await;
    stage.world.run_task_failures(vec!["MISSING"]);
    expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 0
        answers Failed
        alert Migration not started: web (d-…): RunTask: MISSING"#]]
    .assert_eq(&stage.deploy_and_tell().await);
}

#[tokio::test(start_paused = true)]
async fn somebody_stops_the_task() {
    let stage = Stage::set(|_| Script::never_ends()).await;
    let id = stage.deploy().await;
    stage.world.clock().sleep(2 * MINUTE).await;
    let task = stage.tasks().remove(0);
    let stop = json!({"cluster": "live", "task": task, "reason": "wrong database"});
    stage.world.call(Service::Ecs, "StopTask", stop).await.expect("a running task");
    let status = stage.ended(&id).await;
    expect![[r#"
        deployment Failed
        traffic on web:1
        tasks 1
        answers Failed
        alert Migration failed: web in cluster live (d-…): container app exited with 143, after somebody stopped the task (wrong database)"#]].assert_eq(&stage.tell(&id, &status).await);
}

#[tokio::test(start_paused = true)]
async fn past_its_deadline_a_migration_has_failed_and_is_stopped_or_left() {
    for (policy, stopped) in [("stop", true), ("leave", false)] {
        let stage = Stage::set(|_| Script::never_ends()).await.with("OVERDUE_TASKS", policy);
        let began = stage.world.clock().now();
        let id = stage.deploy().await;
        assert_eq!(stage.ended(&id).await, "Failed", "{policy}");
        let minutes = stage.world.clock().now().duration_since(began).as_mins();
        assert_eq!(minutes, 55, "{policy}: the deadline is kept, not CodeDeploy's hour");
        stage.world.clock().sleep(10 * MINUTE).await;
        assert_eq!(stage.world.requests_for("StopTask").len(), usize::from(stopped), "{policy}");
        let told = stage.tell(&id, "Failed").await;
        assert!(told.contains("still runs at its deadline, 2026-01-01T00:55"), "{told}");
        assert_eq!(stage.answers(&id), ["Failed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_stops_the_deployment() {
    for (policy, stopped) in [("stop", true), ("leave", false)] {
        let stage = Stage::set(|_| Script::never_ends()).await.with("OVERDUE_TASKS", policy);
        let id = stage.deploy().await;
        stage.world.clock().sleep(2 * MINUTE).await;
        let stop = json!({"deploymentId": id});
        stage.world.call(Service::CodeDeploy, "StopDeployment", stop).await.expect("it runs");
        stage.world.clock().sleep(11 * MINUTE).await;
        assert_eq!(stage.world.requests_for("StopTask").len(), usize::from(stopped), "{policy}");
        assert!(stage.answers(&id).is_empty(), "nobody is answered");
        assert_eq!(stage.alerts().len(), usize::from(stopped), "{policy}");
    }
}

/// The named container decides; the others may do what they like.
#[tokio::test(start_paused = true)]
async fn sidecars_do_not_matter() {
    let cases = [
        ("killed at the end", 0, Script::never_ends(), "Succeeded"),
        ("gone first", 0, Script::exits(1), "Succeeded"),
        ("not pulled", 0, Script::cannot_pull("toomanyrequests"), "Succeeded"),
        ("well, but the migration is not", 1, Script::exits(0), "Failed"),
    ];
    for (case, exit_code, sidecar, expected) in cases {
        let stage = Stage::set(move |_| Script::exits(exit_code).after(2 * MINUTE)).await;
        stage.world.image("registry/sidecar:1", Image::script(move |_| sidecar.clone()));
        let mut definition = BlueGreen::definition(NEW_IMAGE);
        let agent = json!({
            "name": "aws-guardduty-agent-x7", "image": "registry/sidecar:1", "essential": false,
        });
        let app = definition["containerDefinitions"][0].clone();
        definition["containerDefinitions"] = json!([agent, app]);
        let definition = stage.scene.register_with(definition).await.expect("a task definition");
        let id = stage.scene.deploy(&definition).await.expect("a deployment");
        assert_eq!(stage.ended(&id).await, expected, "{case}");
        assert_eq!(stage.answers(&id), [expected], "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_allowed_exit_code_is_success() {
    let stage = Stage::set(|_| Script::exits(3)).await;
    let mut definition = BlueGreen::definition(NEW_IMAGE);
    let labels = &mut definition["containerDefinitions"][0]["dockerLabels"];
    labels["quayside.migrate.success-exit-codes"] = json!("0, 3");
    let definition = stage.scene.register_with(definition).await.expect("a task definition");
    let id = stage.scene.deploy(&definition).await.expect("a deployment");
    assert_eq!(stage.ended(&id).await, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_deployment_runs_no_migration() {
    let stage = Stage::set(|_| Script::exits(0)).await;
    let first = stage.deploy().await;
    assert_eq!(stage.ended(&first).await, "Succeeded");
    // The second deployment fails after its installation, at a hook nobody answers well.
    stage.world.function("CodeDeployHook_smoke-test", |_| {
        Box::pin(async { Err("the smoke test is broken".to_owned()) })
    });
    let definition = stage.scene.register(NEW_IMAGE).await.expect("a task definition");
    let appspec = BlueGreen::appspec(&definition) + "  - AfterInstall: CodeDeployHook_smoke-test\n";
    let second = stage
        .scene
        .deploy_revision(json!({
            "revisionType": "AppSpecContent", "appSpecContent": {"content": appspec},
        }))
        .await
        .expect("a deployment");
    assert_eq!(stage.ended(&second).await, "Failed");
    let info = stage.scene.deployment(&second).await.expect("the deployment");
    let rollback = info["rollbackInfo"]["rollbackDeploymentId"].as_str().expect("a rollback");
    assert_eq!(stage.ended(rollback).await, "Succeeded");
    assert_eq!(stage.answers(rollback), ["Succeeded"]);
    assert_eq!(stage.tasks().len(), 2, "one migration per deployment, none for the rollback");
}
