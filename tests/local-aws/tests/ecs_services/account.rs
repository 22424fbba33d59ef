//! An account with a cluster and three revisions of `web`.

use std::time::Duration;

use local_aws::{AwsError, Pace, Service, World};
use serde_json::{Value, json};

pub(crate) async fn account() -> World {
    let world = World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL);
    ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await.unwrap();
    for _ in 0..3 {
        let definition = json!({
            "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "registry/app:7"}],
        });
        ecs(&world, "RegisterTaskDefinition", definition).await.unwrap();
    }
    world
}

pub(crate) async fn ecs(
    world: &World,
    operation: &str,
    mut input: Value,
) -> Result<Value, AwsError> {
    if input["cluster"].is_null() && operation != "CreateCluster" {
        input["cluster"] = json!("live");
    }
    world.call(Service::Ecs, operation, input).await
}

pub(crate) fn code(answer: Result<Value, AwsError>) -> String {
    answer.unwrap_err().code
}

pub(crate) fn arn(revision: u32) -> String {
    format!("arn:aws:ecs:eu-west-2:123456789012:task-definition/web:{revision}")
}

pub(crate) fn network() -> Value {
    json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
}

/// A request for the service `shop`: two tasks of `web:1`.
pub(crate) fn shop(controller: &str) -> Value {
    let mut shop = json!({
        "serviceName": "shop", "desiredCount": 2, "launchType": "FARGATE",
        "deploymentController": {"type": controller},
    });
    if controller != "EXTERNAL" {
        shop["taskDefinition"] = json!("web:1");
        shop["networkConfiguration"] = network();
    }
    shop
}

pub(crate) async fn with_shop(controller: &str) -> World {
    let world = account().await;
    ecs(&world, "CreateService", shop(controller)).await.unwrap();
    world
}

/// The service as it is now.
pub(crate) async fn service(world: &World) -> Value {
    let answer = ecs(world, "DescribeServices", json!({"services": ["shop"]})).await.unwrap();
    answer["services"][0].clone()
}

/// The task definitions of its running tasks.
pub(crate) async fn running(world: &World) -> Vec<String> {
    let listed = ecs(world, "ListTasks", json!({"serviceName": "shop"})).await.unwrap();
    let arns = listed["taskArns"].as_array().unwrap();
    if arns.is_empty() {
        return Vec::new();
    }
    let described = ecs(world, "DescribeTasks", json!({"tasks": arns})).await.unwrap();
    let tasks = described["tasks"].as_array().unwrap().iter();
    tasks.map(|it| it["taskDefinitionArn"].as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn update(world: &World, mut change: Value) -> Result<Value, AwsError> {
    change["service"] = json!("shop");
    ecs(world, "UpdateService", change).await
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
