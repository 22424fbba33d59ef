//! Secrets that only the migration has: nobody else sees them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_aws::{Image, Run, Script, Service};
use serde_json::{Value, json};
use story::{NEW_IMAGE, Stage};

const PASSWORD: &str = "correct-horse-battery-staple";

async fn stage(exit_code: i32) -> (Stage, String, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let stage = Stage::set(move |run: &Run| {
        let admin = run.environment.get("ADMIN_PASSWORD").cloned().unwrap_or_default();
        noted.lock().unwrap().push(admin.clone());
        // An app that says too much.
        let url = format!("connecting to postgres://admin:{admin}@db:5432/shop");
        Script::exits(exit_code).printing(&[&url, &format!("ADMIN_PASSWORD={admin}")])
    })
    .await;
    let secret = json!({"Name": "shop/admin", "SecretString": PASSWORD});
    let made = stage.world.call(Service::SecretsManager, "CreateSecret", secret).await.unwrap();
    let arn = made["ARN"].as_str().unwrap().to_owned();
    (stage, arn, seen)
}

async fn deploy(stage: &Stage, arn: &str) -> (String, String) {
    let secrets = json!({"ADMIN_PASSWORD": arn}).to_string();
    let labels = [("quayside.migrate.secrets", secrets.as_str())];
    let definition = stage.definition_of("web", NEW_IMAGE, &labels).await;
    let id = stage.scene.deploy(&definition).await.unwrap();
    let status = stage.ended(&id).await;
    (id, status)
}

async fn families(stage: &Stage, status: &str) -> Vec<Value> {
    let input = json!({"familyPrefix": "quayside-", "status": status});
    let answer = stage.world.call(Service::Ecs, "ListTaskDefinitionFamilies", input).await.unwrap();
    answer["families"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_migration_has_its_secret_and_nobody_else_sees_it() {
    for exit_code in [0, 1] {
        let (stage, arn, seen) = stage(exit_code).await;
        let (_, status) = deploy(&stage, &arn).await;
        stage.world.clock().sleep(Duration::from_secs(1800)).await;
        assert_eq!(status, if exit_code == 0 { "Succeeded" } else { "Failed" });
        assert_eq!(*seen.lock().unwrap(), [PASSWORD]);
        assert_eq!(stage.alerts().len(), usize::from(exit_code != 0));
        // The secret was put into the account by this test, and the app's own log has it.
        let known = ["CreateSecret", "GetLogEvents", "GetSecretValue"];
        let requests = stage.world.requests();
        let others = requests.iter().filter(|it| !known.contains(&it.operation.as_str()));
        let everything: Vec<String> = others
            .map(|it| format!("{it:?}"))
            .chain(stage.world.timeline().into_iter().map(|(_, note)| note))
            .chain(stage.world.published(&stage.scene.topic).iter().map(Value::to_string))
            .chain(stage.hook_answers().iter().map(Value::to_string))
            .collect();
        assert!(everything.len() > 20);
        for text in &everything {
            assert!(!text.contains(PASSWORD), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_definition_made_for_it_is_cleared_away() {
    let (stage, arn, _) = stage(0).await;
    let (id, status) = deploy(&stage, &arn).await;
    assert_eq!(status, "Succeeded");
    stage.world.clock().sleep(Duration::from_secs(600)).await;
    assert!(families(&stage, "ACTIVE").await.is_empty());
    assert_eq!(families(&stage, "INACTIVE").await.len(), 1);
    assert_eq!(stage.answers(&id), ["Succeeded"]);
}

#[tokio::test(start_paused = true)]
async fn the_definition_is_found_again_by_a_further_attempt() {
    let (stage, arn, _) = stage(0).await;
    let pulls = std::sync::atomic::AtomicU32::new(0);
    let image = move |_: &Run| match pulls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Script::cannot_pull("dial tcp 10.0.0.1:443: i/o timeout"),
        _ => Script::exits(0),
    };
    stage.world.image(NEW_IMAGE, Image::script(image));
    stage.world.duplicate_invocations(2);
    let (_, status) = deploy(&stage, &arn).await;
    assert_eq!(status, "Succeeded");
    let registered = stage.world.requests_for("RegisterTaskDefinition");
    let derived = |it: &local_aws::Recorded| {
        it.input["family"].as_str().is_some_and(|it| it.starts_with("quayside-"))
    };
    assert_eq!(registered.iter().filter(|it| derived(it)).count(), 1);
    assert_eq!(stage.tasks().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_read_fails_the_migration_by_name() {
    let (stage, arn, seen) = stage(0).await;
    let (_, status) = deploy(&stage, &arn.replace("shop/admin", "shop/other")).await;
    assert_eq!(status, "Failed");
    assert!(seen.lock().unwrap().is_empty());
    let reason = stage.alerts()[0]["reason"].to_string();
    assert!(reason.contains("never started") && reason.contains("secret"), "{reason}");
}
