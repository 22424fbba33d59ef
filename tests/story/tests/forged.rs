//! Tasks and events that claim to be a migration approve nothing.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests")]

use std::time::Duration;

use local_aws::scene::{BlueGreen, CONCLUDE_FUNCTION};
use local_aws::{Image, Script, Service};
use serde_json::{Value, json};
use story::Stage;

/// A deployment whose own migration never ends, and what a forger can see of it.
async fn waiting() -> (Stage, String, String) {
    let stage = Stage::set(|_| Script::never_ends()).await;
    stage.world.image("registry/forged:1", Image::script(|_| Script::exits(0)));
    let id = stage.deploy().await;
    stage.world.clock().sleep(Duration::from_secs(60)).await;
    let run = stage.world.requests_for("RunTask").remove(0);
    let variable = &run.input["overrides"]["containerOverrides"][0]["environment"][0];
    (stage, id, variable["value"].as_str().unwrap_or_default().to_owned())
}

fn forgery(mark: &str) -> Value {
    let mark: Value = serde_json::from_str(mark).unwrap_or_default();
    json!({
        "cluster": BlueGreen::CLUSTER,
        "taskDefinition": "web:2",
        "launchType": "FARGATE",
        "startedBy": format!("quayside/migration/{}", mark["id"].as_str().unwrap_or_default()),
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
        "overrides": {"containerOverrides": [{
            "name": "app",
            "command": ["true"],
            "environment": [{"name": "QUAYSIDE_TASK", "value": mark.to_string()}],
        }]},
    })
}

/// Runs the forged task to its end; what CodeDeploy heard and what people were told.
async fn outcome(stage: &Stage, id: &str, task: Value) -> (Vec<String>, String) {
    stage.world.call(Service::Ecs, "RunTask", task).await.expect("the forger may run tasks");
    stage.world.clock().sleep(Duration::from_secs(12 * 60)).await;
    let reasons: Vec<String> = stage
        .alerts()
        .iter()
        .map(|it| it["reason"].as_str().unwrap_or_default().to_owned())
        .collect();
    (stage.answers(id), reasons.join("; "))
}

#[tokio::test(start_paused = true)]
async fn a_task_of_another_task_definition_approves_nothing() {
    let (stage, id, mark) = waiting().await;
    let definition = BlueGreen::definition("registry/forged:1");
    let definition = stage.scene.register_with(definition).await.expect("a task definition");
    let mut task = forgery(&mark);
    task["taskDefinition"] = json!(definition);
    let (answers, alerts) = outcome(&stage, &id, task).await;
    assert!(answers.is_empty(), "{answers:?}");
    assert!(alerts.contains("task-definition/web:3, but"), "{alerts}");
}

#[tokio::test(start_paused = true)]
async fn a_task_in_another_cluster_approves_nothing() {
    let (stage, id, mark) = waiting().await;
    stage.world.image(story::NEW_IMAGE, Image::script(|_| Script::exits(0)));
    let cluster = json!({"clusterName": "elsewhere"});
    stage.world.call(Service::Ecs, "CreateCluster", cluster).await.expect("a cluster");
    let mut task = forgery(&mark);
    task["cluster"] = json!("elsewhere");
    let (answers, alerts) = outcome(&stage, &id, task).await;
    assert!(answers.is_empty(), "{answers:?}");
    assert!(alerts.contains("the task runs in cluster elsewhere, but"), "{alerts}");
}

#[tokio::test(start_paused = true)]
async fn a_made_up_hook_execution_approves_nothing() {
    let (stage, id, mark) = waiting().await;
    stage.world.image(story::NEW_IMAGE, Image::script(|_| Script::exits(0)));
    let mut made_up: Value = serde_json::from_str(&mark).expect("a mark");
    made_up["hook"] = json!("bWFkZSB1cA==");
    let (answers, alerts) = outcome(&stage, &id, forgery(&made_up.to_string())).await;
    assert!(answers.is_empty(), "{answers:?}");
    assert!(alerts.contains("InvalidLifecycleEventHookExecutionIdException"), "{alerts}");
}

#[tokio::test(start_paused = true)]
async fn a_mark_for_another_container_approves_nothing() {
    let (stage, id, mark) = waiting().await;
    stage.world.image(story::NEW_IMAGE, Image::script(|_| Script::exits(0)));
    let mut other: Value = serde_json::from_str(&mark).expect("a mark");
    other["container"] = json!("sidecar");
    let (answers, alerts) = outcome(&stage, &id, forgery(&other.to_string())).await;
    assert!(answers.is_empty(), "{answers:?}");
    assert!(alerts.contains("container app carries the mark of container sidecar"), "{alerts}");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_does_not_exist_is_not_answered() {
    let (stage, id, mark) = waiting().await;
    stage.world.image(story::NEW_IMAGE, Image::script(|_| Script::exits(0)));
    let mut other: Value = serde_json::from_str(&mark).expect("a mark");
    other["id"] = json!("d-000000000");
    let (answers, alerts) = outcome(&stage, &id, forgery(&other.to_string())).await;
    assert!(answers.is_empty(), "{answers:?}");
    assert!(alerts.contains("there is no deployment d-000000000"), "{alerts}");
}

/// Events are only a reason to look: what they say is not believed.
#[tokio::test(start_paused = true)]
async fn an_event_that_lies_approves_nothing() {
    let (stage, id, mark) = waiting().await;
    let task = stage.tasks().remove(0);
    let event = |started_by: &str, task: &str| {
        json!({"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": {
            "taskArn": task,
            "clusterArn": "arn:aws:ecs:eu-west-2:123456789012:cluster/live",
            "startedBy": started_by,
            "lastStatus": "STOPPED",
            "stopCode": "EssentialContainerExited",
            "version": 1,
            "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": 0}],
            "overrides": {"containerOverrides": [{"name": "app", "environment": [
                {"name": "QUAYSIDE_TASK", "value": mark},
            ]}]},
        }})
    };
    let ours = format!("quayside/migration/{id}");
    let made_up = "arn:aws:ecs:eu-west-2:123456789012:task/live/00000000000000000000000000000000";
    let service_task = {
        let listed = json!({"cluster": "live", "serviceName": "web"});
        let listed = stage.world.call(Service::Ecs, "ListTasks", listed).await.expect("tasks");
        listed["taskArns"][0].as_str().unwrap_or_default().to_owned()
    };
    let events = [
        event(&ours, &task),
        event(&ours, made_up),
        event(&ours, &service_task),
        event("somebody", &task),
    ];
    for event in events {
        // Whatever it answers, also an error: it must not approve.
        let _ = stage.world.invoke(CONCLUDE_FUNCTION, event).await;
    }
    stage.world.clock().sleep(Duration::from_secs(12 * 60)).await;
    assert!(stage.answers(&id).is_empty());
}
