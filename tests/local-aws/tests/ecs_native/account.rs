//! A service that ECS deploys itself, a function that is its hook, and everything they say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_aws::scene::{BlueGreen, HOOK_FUNCTION, Native};
use local_aws::{AwsError, Pace, Service, World};
use serde_json::{Value, json};

pub(crate) const HOOK: &str =
    "arn:aws:lambda:eu-west-2:123456789012:function:CodeDeployHook_run-migrations";

/// What was heard, oldest first.
pub(crate) type Heard = Arc<Mutex<Vec<Value>>>;

pub(crate) fn world() -> World {
    World::new("2026-11-21T10:00:00Z".parse().unwrap(), Pace::REAL)
}

/// Service `web` with this configuration, live with `registry/web:1`; `web:2` is registered.
pub(crate) async fn account(configuration: Value) -> (World, Native) {
    let world = world();
    let scene = Native::set(&world, "registry/web:1", plain(&configuration)).await.unwrap();
    scene.configure(configuration).await.unwrap();
    scene.register("registry/web:2").await.unwrap();
    (world, scene)
}

/// The same strategy without hooks.
fn plain(configuration: &Value) -> Value {
    let mut plain = configuration.clone();
    plain["lifecycleHooks"] = json!([]);
    plain
}

/// `BLUE_GREEN` with a Lambda hook at each of these stages.
pub(crate) fn at(stages: &[&str]) -> Value {
    let hooks: Value = stages.iter().map(|it| Native::lambda_hook(it)).collect();
    Native::blue_green(&hooks)
}

/// The hook function answers with what `answer` makes of its payload and the count of its calls.
pub(crate) fn answering(
    world: &World,
    answer: impl Fn(&Value, usize) -> Result<Value, String> + Send + Sync + 'static,
) -> Heard {
    let heard = Heard::default();
    let calls = Arc::clone(&heard);
    world.function(HOOK_FUNCTION, move |it| {
        let mut calls = calls.lock().unwrap();
        calls.push(it.payload);
        let said = answer(calls.last().unwrap(), calls.len());
        Box::pin(async move { said })
    });
    heard
}

pub(crate) fn succeeded() -> Result<Value, String> {
    Ok(json!({"hookStatus": "SUCCEEDED"}))
}

/// Keeps the events of a detail type.
pub(crate) async fn listen(world: &World, kind: &str) -> Heard {
    let heard = Heard::default();
    let events = Arc::clone(&heard);
    world.function("listener", move |it| {
        events.lock().unwrap().push(it.payload);
        Box::pin(async { Ok(Value::Null) })
    });
    let pattern = json!({"source": ["aws.ecs"], "detail-type": [kind]});
    let rule = json!({"Name": "heard", "EventPattern": pattern.to_string()});
    world.call(Service::Events, "PutRule", rule).await.unwrap();
    let arn = "arn:aws:lambda:eu-west-2:123456789012:function:listener";
    let targets = json!({"Rule": "heard", "Targets": [{"Id": "1", "Arn": arn}]});
    world.call(Service::Events, "PutTargets", targets).await.unwrap();
    heard
}

pub(crate) fn all(heard: &Heard) -> Vec<Value> {
    heard.lock().unwrap().clone()
}

/// One member of everything that was heard.
pub(crate) fn each(heard: &Heard, pointer: &str) -> Vec<String> {
    let text = |it: &Value| it.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    all(heard).iter().map(text).collect()
}

/// Which revision of the task definition an ARN means: `web:2`.
pub(crate) fn short(arn: &str) -> String {
    arn.rsplit('/').next().unwrap().to_owned()
}

pub(crate) async fn ecs(world: &World, operation: &str, input: Value) -> Result<Value, AwsError> {
    world.call(Service::Ecs, operation, input).await
}

pub(crate) fn code(answer: Result<Value, AwsError>) -> String {
    answer.unwrap_err().code
}

/// The task definitions of the tasks that run.
pub(crate) async fn running(world: &World) -> Vec<String> {
    let which = json!({"cluster": BlueGreen::CLUSTER, "serviceName": BlueGreen::SERVICE});
    let listed = ecs(world, "ListTasks", which).await.unwrap();
    let arns = listed["taskArns"].as_array().unwrap();
    if arns.is_empty() {
        return Vec::new();
    }
    let which = json!({"cluster": BlueGreen::CLUSTER, "tasks": arns});
    let described = ecs(world, "DescribeTasks", which).await.unwrap();
    let tasks = described["tasks"].as_array().unwrap().iter();
    tasks.map(|it| short(it["taskDefinitionArn"].as_str().unwrap())).collect()
}

/// The service's `deployments`, one line each.
pub(crate) async fn deployments(scene: &Native) -> Vec<String> {
    let service = scene.service().await.unwrap();
    let line = |it: &Value| {
        format!(
            "{} {} {}: {} of {}",
            it["status"].as_str().unwrap(),
            short(it["taskDefinition"].as_str().unwrap()),
            it["rolloutState"].as_str().unwrap(),
            it["runningCount"],
            it["desiredCount"]
        )
    };
    service["deployments"].as_array().unwrap().iter().map(line).collect()
}

/// The status of a service deployment and why.
pub(crate) async fn status(scene: &Native, arn: &str) -> (String, String) {
    let seen = scene.service_deployment(arn).await.unwrap();
    let text = |name: &str| seen[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("statusReason"))
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
