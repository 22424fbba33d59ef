//! What it takes to remove services, clusters and task definitions, and what AWS says on the way.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::time::Duration;

use local_aws::{AwsError, Image, Pace, Script, Service, World};
use serde_json::{Value, json};

async fn ecs(world: &World, operation: &str, mut input: Value) -> Result<Value, AwsError> {
    if input["cluster"].is_null() && !operation.contains("Cluster") {
        input["cluster"] = json!("live");
    }
    world.call(Service::Ecs, operation, input).await
}

fn code(answer: Result<Value, AwsError>) -> String {
    answer.unwrap_err().code
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn network() -> Value {
    json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
}

async fn register(world: &World, family: &str) -> String {
    let definition = json!({
        "family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "tags": [{"key": "pull-request", "value": "7"}],
        "containerDefinitions": [{"name": "app", "image": "registry/app:7"}],
    });
    let answer = ecs(world, "RegisterTaskDefinition", definition).await.unwrap();
    answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
}

/// A cluster `live` with a service `web` of two tasks, deployed by `controller`.
async fn account(controller: &str) -> World {
    let world = World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL);
    world.image("registry/app:7", Image::script(|_| Script::never_ends()));
    ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await.unwrap();
    register(&world, "web").await;
    create(&world, controller).await.unwrap();
    world
}

async fn create(world: &World, controller: &str) -> Result<Value, AwsError> {
    let mut service = json!({
        "serviceName": "web", "desiredCount": 2, "launchType": "FARGATE",
        "tags": [{"key": "pull-request", "value": "7"}],
        "deploymentController": {"type": controller},
    });
    if controller != "EXTERNAL" {
        service["taskDefinition"] = json!("web");
        service["networkConfiguration"] = network();
    }
    ecs(world, "CreateService", service).await
}

async fn delete(world: &World, force: bool) -> Result<Value, AwsError> {
    ecs(world, "DeleteService", json!({"service": "web", "force": force})).await
}

async fn service(world: &World) -> Value {
    let which = json!({"services": ["web"], "include": ["TAGS"]});
    ecs(world, "DescribeServices", which).await.unwrap()["services"][0].clone()
}

/// Active services, running tasks and pending tasks of the cluster.
async fn counters(world: &World) -> [u64; 3] {
    let which = json!({"clusters": ["live"]});
    let answer = ecs(world, "DescribeClusters", which).await.unwrap();
    ["activeServicesCount", "runningTasksCount", "pendingTasksCount"]
        .map(|it| answer["clusters"][0][it].as_u64().unwrap())
}

async fn delete_cluster(world: &World) -> Result<Value, AwsError> {
    ecs(world, "DeleteCluster", json!({"cluster": "live"})).await
}

async fn tasks(world: &World, filter: Value) -> Vec<String> {
    let answer = ecs(world, "ListTasks", filter).await.unwrap();
    let arns = answer["taskArns"].as_array().unwrap().iter();
    arns.map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_service_drains_before_it_is_gone() {
    let world = account("ECS").await;
    assert_eq!(counters(&world).await, [1, 2, 0]);
    let refused = delete(&world, false).await.unwrap_err();
    assert_eq!(refused.message, "The service cannot be stopped while it is scaled above 0.");
    let answer = delete(&world, true).await.unwrap();
    assert_eq!(answer["service"]["status"], "DRAINING");

    let listed = ecs(&world, "ListServices", json!({})).await.unwrap();
    assert_eq!(listed["serviceArns"], json!([]), "no listing shows it any more");
    assert_eq!(counters(&world).await, [0, 0, 0], "and no counter");
    assert_eq!(code(delete_cluster(&world).await), "ClusterContainsServicesException");
    assert_eq!(service(&world).await["tags"][0]["value"], "7", "it is not yet forgotten");
    let stopping = tasks(&world, json!({"desiredStatus": "STOPPED"})).await;
    let described = ecs(&world, "DescribeTasks", json!({"tasks": stopping})).await.unwrap();
    assert_eq!(described["tasks"][1]["lastStatus"], "DEACTIVATING");
    assert_eq!(create(&world, "ECS").await.unwrap_err().code, "InvalidParameterException");
    pass(60).await;
    delete(&world, true).await.unwrap();
    pass(29).await;
    assert_eq!(service(&world).await["status"], "DRAINING");

    pass(1).await;
    assert_eq!(service(&world).await["status"], "INACTIVE", "the second time changed nothing");
    assert_eq!(service(&world).await["tags"], json!([]));
    assert_eq!(code(delete(&world, true).await), "ServiceNotFoundException");
    let described = ecs(&world, "DescribeTasks", json!({"tasks": stopping})).await.unwrap();
    assert_eq!(described["tasks"][1]["lastStatus"], "STOPPED");
    create(&world, "ECS").await.unwrap();
    assert_eq!(counters(&world).await, [1, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_has_task_sets_is_deleted_by_force_only() {
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let world = account(controller).await;
        if controller == "EXTERNAL" {
            let set = json!({
                "service": "web", "taskDefinition": "web", "networkConfiguration": network(),
            });
            ecs(&world, "CreateTaskSet", set).await.unwrap();
        }
        let zero = json!({"service": "web", "desiredCount": 0});
        ecs(&world, "UpdateService", zero).await.unwrap();
        let refused = delete(&world, false).await.unwrap_err();
        let expected = "The service cannot be stopped while deployments are active.";
        assert_eq!(refused.message, expected, "{controller}");
        delete(&world, true).await.unwrap();
        pass(90).await;
        let gone = service(&world).await;
        assert_eq!((&gone["status"], &gone["taskSets"]), (&json!("INACTIVE"), &json!([])));
        delete_cluster(&world).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_needs_no_force() {
    let world = account("ECS").await;
    let daemon = json!({
        "serviceName": "agent", "taskDefinition": "web", "launchType": "EC2",
        "schedulingStrategy": "DAEMON", "desiredCount": 1, "networkConfiguration": network(),
    });
    ecs(&world, "CreateService", daemon).await.unwrap();
    ecs(&world, "DeleteService", json!({"service": "agent"})).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cluster_goes_when_everything_in_it_has_gone() {
    let world = account("ECS").await;
    delete(&world, true).await.unwrap();
    let task = json!({
        "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network(),
    });
    ecs(&world, "RunTask", task).await.unwrap();
    assert_eq!(counters(&world).await, [0, 0, 1], "it starts");
    pass(90).await;
    assert_eq!(counters(&world).await, [0, 1, 0]);
    assert_eq!(code(delete_cluster(&world).await), "ClusterContainsTasksException");
    let running = tasks(&world, json!({})).await;
    ecs(&world, "StopTask", json!({"task": running[0]})).await.unwrap();
    assert_eq!(tasks(&world, json!({})).await, Vec::<String>::new());
    assert_eq!(code(delete_cluster(&world).await), "ClusterContainsTasksException");
    pass(60).await;
    world.cluster_is_busy("live", Duration::from_secs(30));
    assert_eq!(code(delete_cluster(&world).await), "UpdateInProgressException");
    pass(30).await;
    assert_eq!(delete_cluster(&world).await.unwrap()["cluster"]["status"], "INACTIVE");
    assert_eq!(counters(&world).await, [0, 0, 0], "it can still be described");
    let listed = ecs(&world, "ListClusters", json!({})).await.unwrap();
    assert_eq!(listed["clusterArns"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn more_than_a_hundred_tasks_come_in_pages() {
    let world = account("ECS").await;
    for _ in 0..11 {
        let task = json!({
            "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network(),
            "count": 10, "startedBy": "seed",
        });
        ecs(&world, "RunTask", task).await.unwrap();
    }
    let first = ecs(&world, "ListTasks", json!({})).await.unwrap();
    assert_eq!(first["taskArns"].as_array().unwrap().len(), 100);
    let next = json!({"nextToken": first["nextToken"]});
    assert_eq!(tasks(&world, next).await.len(), 12);
    for (filter, expected) in [
        (json!({"serviceName": "web"}), 2),
        (json!({"startedBy": "seed"}), 100),
        (json!({"family": "web"}), 100),
        (json!({"family": "we"}), 0),
        (json!({"desiredStatus": "STOPPED"}), 0),
    ] {
        assert_eq!(tasks(&world, filter.clone()).await.len(), expected, "{filter}");
    }
}

async fn definitions(world: &World, status: &str) -> usize {
    let filter = json!({"familyPrefix": "web", "status": status});
    let answer = ecs(world, "ListTaskDefinitions", filter).await.unwrap();
    answer["taskDefinitionArns"].as_array().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_stays_until_nobody_uses_it() {
    let world = account("ECS").await;
    let unused = register(&world, "web").await;
    let both = json!({"taskDefinitions": ["web:1", unused, "web:9", "web"]});
    let early = ecs(&world, "DeleteTaskDefinitions", both.clone()).await.unwrap();
    assert_eq!(early["failures"].as_array().unwrap().len(), 4, "they are still ACTIVE");
    for name in ["web:1", "web:2", "web:2"] {
        let which = json!({"taskDefinition": name});
        let answer = ecs(&world, "DeregisterTaskDefinition", which).await.unwrap();
        assert_eq!(answer["taskDefinition"]["status"], "INACTIVE");
    }
    assert_eq!(definitions(&world, "INACTIVE").await, 2);
    let answer = ecs(&world, "DeleteTaskDefinitions", both).await.unwrap();
    assert_eq!(answer["taskDefinitions"][1]["status"], "DELETE_IN_PROGRESS");
    let reason = answer["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("does not exist"), "{reason}");
    let reason = answer["failures"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("identifier is invalid"), "it names no revision: {reason}");

    pass(59).await;
    assert_eq!(definitions(&world, "DELETE_IN_PROGRESS").await, 2);
    pass(1).await;
    assert_eq!(definitions(&world, "DELETE_IN_PROGRESS").await, 1, "a service uses the other");
    let which = json!({"taskDefinition": unused, "include": ["TAGS"]});
    assert_eq!(code(ecs(&world, "DescribeTaskDefinition", which).await), "ClientException");
    delete(&world, true).await.unwrap();
    pass(89).await;
    assert_eq!(definitions(&world, "DELETE_IN_PROGRESS").await, 1, "it drains");
    pass(1).await;
    assert_eq!(definitions(&world, "DELETE_IN_PROGRESS").await, 0);
    let all = ecs(&world, "ListTaskDefinitionFamilies", json!({})).await.unwrap();
    assert_eq!(all["families"], json!([]));
    assert!(register(&world, "web").await.ends_with("/web:3"), "no number comes again");
}

#[tokio::test(start_paused = true)]
async fn what_names_no_revision_or_no_status_is_refused() {
    let world = account("ECS").await;
    for (operation, input) in [
        ("DeleteTaskDefinitions", json!({"taskDefinitions": vec!["web:1"; 11]})),
        ("DeregisterTaskDefinition", json!({"taskDefinition": "web"})),
        ("ListTaskDefinitions", json!({"status": "DELETED"})),
        ("ListTaskDefinitionFamilies", json!({"status": "DELETED"})),
        ("DescribeServices", json!({"services": vec!["web"; 11]})),
        ("DescribeTasks", json!({"tasks": vec!["0".repeat(32); 101]})),
        ("DescribeClusters", json!({"clusters": vec!["live"; 101]})),
    ] {
        assert_eq!(code(ecs(&world, operation, input).await), "InvalidParameterException");
    }
}
