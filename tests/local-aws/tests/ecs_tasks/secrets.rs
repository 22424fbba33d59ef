//! Secrets of containers: where they come from, and that they are nowhere else.

use local_aws::{Image, Run, Script, Service, World};
use serde_json::{Value, json};

use super::account::{IMAGE, account, code, ecs, ended, listen, register, request_with, told};

const VALUE: &str = "postgres://app:hunter2@db";

/// An account whose image exits 0 only if `DB` is the secret value, and the parameter `/app/db`.
async fn secretive() -> World {
    let world = account(|| Script::exits(0)).await;
    world.image(
        IMAGE,
        Image::script(|run: &Run| {
            let given = run.environment.get("DB").map(String::as_str);
            Script::exits(i32::from(given != Some(VALUE)))
        }),
    );
    let parameter = json!({"Name": "/app/db", "Value": VALUE, "Type": "SecureString"});
    world.call(Service::Ssm, "PutParameter", parameter).await.unwrap();
    world
}

async fn from(world: &World, value_from: &str) -> Value {
    let containers = json!([{
        "name": "app", "image": IMAGE, "secrets": [{"name": "DB", "valueFrom": value_from}],
    }]);
    register(world, "secretive", containers).await;
    ended(world, "secretive").await
}

#[tokio::test(start_paused = true)]
async fn a_parameter_is_in_the_environment_by_name_and_by_arn() {
    let world = secretive().await;
    let arn = "arn:aws:ssm:eu-west-2:123456789012:parameter/app/db";
    for value_from in ["/app/db", arn] {
        let task = from(&world, value_from).await;
        assert_eq!(task["containers"][0]["exitCode"], 0, "{value_from}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_of_a_secret_is_in_the_environment() {
    let world = secretive().await;
    let made = json!({"Name": "db", "SecretString": json!({"url": VALUE}).to_string()});
    let made = world.call(Service::SecretsManager, "CreateSecret", made).await.unwrap();
    let put = json!({"SecretId": "db", "SecretString": "{\"url\": \"newer\"}"});
    world.call(Service::SecretsManager, "PutSecretValue", put).await.unwrap();
    let (arn, version) = (made["ARN"].as_str().unwrap(), made["VersionId"].as_str().unwrap());
    for (suffix, expected) in [
        (":url:AWSPREVIOUS:".to_owned(), 0),
        (format!(":url::{version}"), 0),
        (":url::".to_owned(), 1),
    ] {
        let task = from(&world, &format!("{arn}{suffix}")).await;
        assert_eq!(task["containers"][0]["exitCode"], expected, "{suffix}");
    }
    let task = from(&world, &format!("{arn}:uri::")).await;
    let reason = task["stoppedReason"].as_str().unwrap();
    assert!(reason.ends_with("did not contain json key uri"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_is_missing_keeps_the_task_from_starting() {
    let world = secretive().await;
    let task = from(&world, "/app/bd").await;
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    let reason = task["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("ResourceInitializationError: unable to pull secrets"), "{reason}");
    assert!(reason.ends_with("invalid ssm parameters: /app/bd"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn the_value_is_in_nothing_that_can_be_seen() {
    let world = secretive().await;
    let mut events = listen(&world).await;
    let task = from(&world, "/app/db").await;
    let told = told(&mut events);
    assert!(!told.is_empty());
    let seen = format!("{task} {told:?} {:?} {:?}", world.timeline(), world.requests());
    assert!(!seen.contains("hunter2"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_a_secret_or_a_variable() {
    let world = secretive().await;
    from(&world, "/app/db").await;
    let environment = json!([{"name": "DB", "value": "mine"}]);
    let overrides = json!({"containerOverrides": [{"name": "app", "environment": environment}]});
    let input = request_with("secretive", json!({"overrides": overrides}));
    assert_eq!(code(ecs(&world, "RunTask", input).await), "ClientException");

    let definition = json!({"family": "both", "containerDefinitions": [{
        "name": "app", "image": IMAGE, "environment": environment,
        "secrets": [{"name": "DB", "valueFrom": "/app/db"}],
    }]});
    assert_eq!(code(ecs(&world, "RegisterTaskDefinition", definition).await), "ClientException");
}
