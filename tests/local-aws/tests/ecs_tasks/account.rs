//! An account with a cluster, `web:1` with the container `app`, and `pair:1` with a sidecar.

use std::time::Duration;

use local_aws::{Image, Pace, Script, Service, World};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) const IMAGE: &str = "registry/app:7";
pub(crate) const SIDECAR: &str = "registry/proxy:1";

/// The clock in all tests starts here.
pub(crate) async fn account(app: impl Fn() -> Script + Send + Sync + 'static) -> World {
    let world = World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL);
    world.image(IMAGE, Image::script(move |_| app()));
    world.image(SIDECAR, Image::script(|_| Script::never_ends()));
    ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await.unwrap();
    register(&world, "web", json!([{"name": "app", "image": IMAGE}])).await;
    let pair = json!([
        {"name": "app", "image": IMAGE, "essential": true},
        {"name": "proxy", "image": SIDECAR},
    ]);
    register(&world, "pair", pair).await;
    world
}

pub(crate) async fn register(world: &World, family: &str, containers: Value) {
    let definition = json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "containerDefinitions": containers,
        "tags": [{"key": "team", "value": "shop"}],
    });
    ecs(world, "RegisterTaskDefinition", definition).await.unwrap();
}

pub(crate) async fn ecs(
    world: &World,
    operation: &str,
    input: Value,
) -> Result<Value, local_aws::AwsError> {
    world.call(Service::Ecs, operation, input).await
}

/// A request that starts `definition`.
pub(crate) fn request(definition: &str) -> Value {
    json!({
        "cluster": "live",
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    })
}

/// The same with more members.
pub(crate) fn request_with(definition: &str, mut more: Value) -> Value {
    let mut request = request(definition);
    request.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    request
}

/// Runs a task; gives its ARN.
pub(crate) async fn run(world: &World, request: Value) -> String {
    let answer = ecs(world, "RunTask", request).await.unwrap();
    answer["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
}

pub(crate) async fn task(world: &World, arn: &str) -> Value {
    let answer = ecs(world, "DescribeTasks", json!({"cluster": "live", "tasks": [arn]})).await;
    answer.unwrap()["tasks"][0].clone()
}

/// Runs `definition` and looks at it an hour later, or when it has stopped.
pub(crate) async fn ended(world: &World, definition: &str) -> Value {
    let arn = run(world, request(definition)).await;
    for _ in 0..3600 {
        pass(1).await;
        if task(world, &arn).await["lastStatus"] == "STOPPED" {
            break;
        }
    }
    task(world, &arn).await
}

/// Statuses, stop code and reason, and each container's end, in one line.
pub(crate) fn line(task: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let containers = task["containers"].as_array().unwrap().iter().map(|it| {
        let code = it["exitCode"].as_i64().map_or("-".to_owned(), |it| it.to_string());
        let reason = it["reason"].as_str().map_or(String::new(), |it| format!(" ({it})"));
        format!("{} {code}{reason}", text(&it["name"]))
    });
    let containers: Vec<String> = containers.collect();
    format!(
        "{} {}: {} | {}",
        text(&task["lastStatus"]),
        text(&task["stopCode"]),
        text(&task["stoppedReason"]),
        containers.join(", ")
    )
}

/// The details of everything that ECS tells about its tasks.
pub(crate) async fn listen(world: &World) -> UnboundedReceiver<Value> {
    let (seen, events) = tokio::sync::mpsc::unbounded_channel();
    world.function("listener", move |mut it| {
        let told = seen.send(it.payload["detail"].take());
        Box::pin(async move { told.map(|()| Value::Null).map_err(|error| error.to_string()) })
    });
    let pattern = json!({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]});
    let rule = json!({"Name": "tasks", "EventPattern": pattern.to_string()});
    world.call(Service::Events, "PutRule", rule).await.unwrap();
    let arn = "arn:aws:lambda:eu-west-2:123456789012:function:listener";
    let targets = json!({"Rule": "tasks", "Targets": [{"Id": "1", "Arn": arn}]});
    world.call(Service::Events, "PutTargets", targets).await.unwrap();
    events
}

/// What was told so far.
pub(crate) fn told(events: &mut UnboundedReceiver<Value>) -> Vec<Value> {
    std::iter::from_fn(|| events.try_recv().ok()).collect()
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(crate) fn code(answer: Result<Value, local_aws::AwsError>) -> String {
    answer.unwrap_err().code
}
