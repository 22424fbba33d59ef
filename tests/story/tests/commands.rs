//! Several commands, other commands at other stages, none at all, and how they are undone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::{Expect, expect};
use local_aws::scene::{BlueGreen, HOOK_FUNCTION};
use local_aws::{Fault, Image, Kind, Run, Script, Service};
use serde_json::json;
use story::{NEW_IMAGE, Stage};

const MINUTE: Duration = Duration::from_secs(60);

/// A stage whose migrations note what they run and end as `exit_code` says of it.
async fn stage(exit_code: fn(&str) -> i32) -> (Stage, Arc<Mutex<Vec<String>>>) {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let stage = Stage::set(noting(&ran, exit_code)).await;
    (stage, ran)
}

fn noting(
    ran: &Arc<Mutex<Vec<String>>>,
    exit_code: fn(&str) -> i32,
) -> impl Fn(&Run) -> Script + Send + Sync + 'static {
    let ran = Arc::clone(ran);
    move |run: &Run| {
        let image = run.image.rsplit(':').next().unwrap().to_owned();
        ran.lock().unwrap().push(format!("{} ({image})", run.command.join(" ")));
        Script::exits(exit_code(&run.command.join(" "))).after(MINUTE)
    }
}

async fn deploy(stage: &Stage, labels: &[(&str, &str)]) -> String {
    let definition = stage.definition_of("web", NEW_IMAGE, labels).await;
    let id = stage.scene.deploy(&definition).await.unwrap();
    let status = stage.ended(&id).await;
    stage.world.clock().sleep(30 * MINUTE).await;
    stage.tell(&id, &status).await
}

fn check(told: &str, ran: &Mutex<Vec<String>>, expected: &Expect) {
    expected.assert_eq(&format!("{told}\nran {}", ran.lock().unwrap().join(", ")));
}

const THREE: (&str, &str) = ("quayside.migrate.command", r#"[["prepare"], ["migrate"], ["seed"]]"#);

#[tokio::test(start_paused = true)]
async fn several_commands_run_one_after_the_other() {
    let (stage, ran) = stage(|_| 0).await;
    let told = deploy(&stage, &[THREE]).await;
    check(
        &told,
        &ran,
        &expect![[r#"
            deployment Succeeded
            traffic on web:2
            tasks 3
            answers Succeeded
            ran prepare (2), migrate (2), seed (2)"#]],
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_that_fails_is_the_last() {
    let (stage, ran) = stage(|command| i32::from(command == "migrate")).await;
    let told = deploy(&stage, &[THREE]).await;
    check(
        &told,
        &ran,
        &expect![[r#"
            deployment Failed
            traffic on web:1
            tasks 2
            answers Failed
            alert Migration failed: web in cluster live (d-…): container app exited with 1
            ran prepare (2), migrate (2)"#]],
    );
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_repeated_events_start_no_command_twice() {
    let (stage, ran) = stage(|_| 0).await;
    stage.world.duplicate_invocations(2);
    stage.world.fault(Fault::new(Kind::AnswerLost).on("RunTask").every(2));
    let told = deploy(&stage, &[THREE]).await;
    assert!(told.starts_with("deployment Succeeded"), "{told}");
    assert_eq!(*ran.lock().unwrap(), ["prepare (2)", "migrate (2)", "seed (2)"]);
}

#[tokio::test(start_paused = true)]
async fn a_stage_has_its_own_command() {
    let (stage, ran) = stage(|_| 0).await;
    stage.world.deployment_hooks(&[
        ("BeforeInstall", HOOK_FUNCTION),
        ("AfterAllowTraffic", HOOK_FUNCTION),
    ]);
    let told = deploy(
        &stage,
        &[
            ("quayside.migrate.command.BeforeInstall", "expand"),
            ("quayside.migrate.command.AfterAllowTraffic", "contract"),
        ],
    )
    .await;
    check(
        &told,
        &ran,
        &expect![[r#"
            deployment Succeeded
            traffic on web:2
            tasks 2
            answers Succeeded, Succeeded
            ran expand (2), contract (2)"#]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_stage_without_a_command_is_let_through_only_if_it_says_so() {
    let (stage, ran) = stage(|_| 0).await;
    let told = deploy(&stage, &[("quayside.migrate.command.BeforeInstall", "[]")]).await;
    check(
        &told,
        &ran,
        &expect![[r#"
            deployment Succeeded
            traffic on web:2
            tasks 0
            answers Succeeded
            ran "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn the_deployments_description_may_say_that_nothing_is_to_be_migrated() {
    let (stage, ran) = stage(|_| 0).await;
    let definition = stage.scene.register(NEW_IMAGE).await.unwrap();
    let deployment = json!({
        "applicationName": BlueGreen::SERVICE, "deploymentGroupName": BlueGreen::GROUP,
        "description": "hotfix of the footer [Skip Migrations]",
        "revision": {
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": BlueGreen::appspec(&definition)},
        },
    });
    let answer =
        stage.world.call(Service::CodeDeploy, "CreateDeployment", deployment).await.unwrap();
    let id = answer["deploymentId"].as_str().unwrap();
    assert_eq!(stage.ended(id).await, "Succeeded");
    assert!(ran.lock().unwrap().is_empty());
}

/// A deployment fails after its migration, and `CodeDeploy` starts another to undo it.
async fn undone(setting: &str, labels: &[(&str, &str)]) -> String {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let stage = Stage::set(noting(&ran, |_| 0)).await.with("ROLLBACK_DEPLOYMENTS", setting);
    stage.world.image("registry/web:1", Image::script(noting(&ran, |_| 0)));
    // CodeDeploy rolls back to what it has deployed before.
    let first = stage.scene.register("registry/web:1").await.unwrap();
    let id = stage.scene.deploy(&first).await.unwrap();
    assert_eq!(stage.ended(&id).await, "Succeeded");
    let mute = |_| -> story::Handled { Box::pin(async { Ok(serde_json::Value::Null) }) };
    stage.world.function("smoke-test", mute);
    stage
        .world
        .deployment_hooks(&[("BeforeInstall", HOOK_FUNCTION), ("AfterAllowTraffic", "smoke-test")]);
    deploy(&stage, labels).await;
    stage.world.clock().sleep(2 * 60 * MINUTE).await;
    assert_eq!(stage.alerts().len(), 0);
    ran.lock().unwrap().join(", ")
}

#[tokio::test(start_paused = true)]
async fn a_rollback_runs_what_the_failed_revision_says_if_it_is_wanted() {
    let down = ("quayside.rollback.command", "migrate down");
    assert_eq!(undone("skip", &[down]).await, "migrate (1), migrate (2)");
    assert_eq!(undone("run", &[]).await, "migrate (1), migrate (2)");
    assert_eq!(undone("run", &[down]).await, "migrate (1), migrate (2), migrate down (2)");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_not_essential_does_not_keep_its_task_running() {
    for exit_code in [0, 1] {
        let stage = Stage::set(move |run: &Run| match run.container.as_str() {
            "migrate" => Script::exits(exit_code).after(MINUTE),
            _ => Script::never_ends(),
        })
        .await;
        let mut definition = BlueGreen::definition(NEW_IMAGE);
        let containers = definition["containerDefinitions"].as_array_mut().unwrap();
        let mut migrate = containers[0].clone();
        migrate["name"] = json!("migrate");
        migrate["essential"] = json!(false);
        migrate["portMappings"] = json!([]);
        migrate["dockerLabels"]["quayside.migrate.container"] = json!("migrate");
        containers.push(migrate);
        let definition = stage.scene.register_with(definition).await.unwrap();
        let id = stage.scene.deploy(&definition).await.unwrap();
        assert_eq!(stage.ended(&id).await, if exit_code == 0 { "Succeeded" } else { "Failed" });
        stage.world.clock().sleep(10 * MINUTE).await;
        let task = stage.task(&stage.tasks()[0]).await;
        assert_eq!(task["lastStatus"], "STOPPED");
        assert_eq!(task["stoppedReason"], "quayside: container migrate has ended");
        assert_eq!(stage.answers(&id).len(), 1);
    }
}
