//! Targets: an ECS deployment has exactly one, the service.

use serde_json::{Value, json};

use super::deployments::{Deployment, LifecycleEvent};
use super::{Answer, error};
use crate::wire::{AwsError, Call, Reply, Service};
use crate::world::{ACCOUNT, REGION, World};

fn id_of(deployment: &Deployment) -> String {
    format!("{}:{}", deployment.cluster, deployment.service)
}

fn started(deployment: &Deployment) -> Result<(), AwsError> {
    if deployment.started.is_none() {
        let message = format!("The deployment {} has not started", deployment.id);
        return Err(error("DeploymentNotStartedException", message));
    }
    Ok(())
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let deployment = state.codedeploy.deployment(input)?;
    started(deployment)?;
    if input["nextToken"].is_string() {
        // The only page there ever is has no successor.
        return Err(error("InvalidNextTokenException", "The next token is not valid"));
    }
    let status = deployment.target_status();
    let mut wanted = true;
    for (filter, values) in input["targetFilters"].as_object().into_iter().flatten() {
        match filter.as_str() {
            "TargetStatus" => {
                wanted &= values.as_array().is_some_and(|it| it.contains(&json!(status)))
            }
            "ServerInstanceLabel" => wanted = false,
            _ => {
                let message = format!("The target filter {filter} is not valid");
                return Err(error("InvalidTargetFilterNameException", message));
            }
        }
    }
    let ids = if wanted { vec![id_of(deployment)] } else { Vec::new() };
    Ok(json!({"targetIds": ids}))
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    Ok(json!({"deploymentTarget": one(world, input, &input["targetId"])?}))
}

pub(super) fn batch_get(world: &World, input: &Value) -> Answer {
    let ids = input["targetIds"].as_array().map_or(&[][..], Vec::as_slice);
    match ids {
        [] => {
            Err(error("DeploymentTargetIdRequiredException", "A deployment target ID is required"))
        }
        [id] => Ok(json!({"deploymentTargets": [one(world, input, id)?]})),
        // "The target list of both types of deployments must have exactly one item."
        _ => Err(error(
            "DeploymentTargetListSizeExceededException",
            "An Amazon ECS deployment has exactly one target",
        )),
    }
}

fn one(world: &World, input: &Value, id: &Value) -> Answer {
    let task_sets = {
        let mut state = world.state();
        let deployment = state.codedeploy.deployment(input)?;
        started(deployment)?;
        match id.as_str() {
            None | Some("") => {
                let message = "A deployment target ID is required";
                return Err(error("DeploymentTargetIdRequiredException", message));
            }
            Some(id) if !id.contains(':') => {
                let message = format!("The deployment target ID {id} is not valid");
                return Err(error("InvalidDeploymentTargetIdException", message));
            }
            Some(id) if id != id_of(deployment) => {
                let message = format!("The deployment target {id} does not exist");
                return Err(error("DeploymentTargetDoesNotExistException", message));
            }
            Some(_) => (deployment.cluster.clone(), deployment.service.clone()),
        }
    };
    let task_sets = task_sets_of(world, &task_sets.0, &task_sets.1);
    let updated = world.clock().epoch_seconds();
    let mut state = world.state();
    let deployment = state.codedeploy.deployment(input)?;
    let lifecycle: Vec<Value> = deployment.events.iter().map(event).collect();
    let last = deployment.events.iter().filter_map(|it| it.ended.or(it.started)).next_back();
    Ok(json!({
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": deployment.id,
            "targetId": id_of(deployment),
            "targetArn": format!(
                "arn:aws:ecs:{REGION}:{ACCOUNT}:service/{}/{}",
                deployment.cluster, deployment.service
            ),
            "lastUpdatedAt": last.unwrap_or(updated),
            "lifecycleEvents": lifecycle,
            "status": deployment.target_status(),
            "taskSetsInfo": task_sets_info(deployment, &task_sets),
        },
    }))
}

fn event(event: &LifecycleEvent) -> Value {
    let mut shown = json!({"lifecycleEventName": event.name, "status": event.status});
    for (member, time) in [("startTime", event.started), ("endTime", event.ended)] {
        if let Some(time) = time {
            shown[member] = json!(time);
        }
    }
    if !event.diagnostics.is_null() {
        shown["diagnostics"] = event.diagnostics.clone();
    }
    shown
}

/// `identifer` is AWS's own spelling.
fn task_sets_info(deployment: &Deployment, task_sets: &[Value]) -> Vec<Value> {
    let label = |id: &Value| {
        let is = |known: &Option<String>| known.as_deref().is_some_and(|known| *id == known);
        match (is(&deployment.blue), is(&deployment.green)) {
            (true, _) => Some("Blue"),
            (_, true) => Some("Green"),
            _ => None,
        }
    };
    let ours = task_sets.iter().filter_map(|it| Some((it, label(&it["id"])?)));
    ours.map(|(task_set, label)| {
        let primary = task_set["status"] == "PRIMARY";
        json!({
            "identifer": task_set["id"],
            "desiredCount": task_set["computedDesiredCount"].as_i64().unwrap_or_default(),
            "pendingCount": task_set["pendingCount"].as_i64().unwrap_or_default(),
            "runningCount": task_set["runningCount"].as_i64().unwrap_or_default(),
            "status": task_set["status"],
            "trafficWeight": if primary { 100.0 } else { 0.0 },
            "taskSetLabel": label,
        })
    })
    .collect()
}

/// The task sets of a service, as ECS itself shows them.
pub(super) fn task_sets_of(world: &World, cluster: &str, service: &str) -> Vec<Value> {
    let call = Call {
        service: Service::Ecs,
        operation: "DescribeServices".to_owned(),
        input: json!({"cluster": cluster, "services": [service]}),
        method: http::Method::POST,
        uri: http::Uri::from_static("/"),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        caller: None,
    };
    match crate::ecs::answer(world, &call) {
        Ok(Reply::Json(answer)) => {
            answer["services"][0]["taskSets"].as_array().cloned().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
