//! `UpdateService`, and the rolling deployments it starts.

use serde_json::{Value, json};

use super::capacity::{self, Capacity};
use super::services::{
    INHERITED, check_count, invalid, key, not_active, not_found, service_id, settle,
};
use super::{State, task_definitions};
use crate::wire::AwsError;
use crate::world::World;

type Key = (String, String);

/// A rolling deployment of the service as it is now.
pub(super) fn deployment(service: &Value, state: &str, now: f64) -> Value {
    let id = service_id();
    let words = state.to_ascii_lowercase().replace('_', " ");
    let mut deployment = json!({
        "id": id,
        "status": "PRIMARY",
        "taskDefinition": service["taskDefinition"],
        "desiredCount": 0,
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "rolloutState": state,
        "rolloutStateReason": format!("ECS deployment {id} {words}."),
    });
    for member in INHERITED {
        if !service[member].is_null() {
            deployment[member] = service[member].clone();
        }
    }
    deployment
}

/// Makes a deployment's counts fit the service's: a new one still starts its tasks, one that has
/// completed runs them, and one that another has overtaken runs what nobody has replaced yet.
pub(super) fn scale(deployment: &mut Value, desired: u64) {
    let completed = deployment["rolloutState"] == "COMPLETED";
    let (running, pending) = if completed { (desired, 0) } else { (0, desired) };
    deployment["desiredCount"] = json!(desired);
    deployment["runningCount"] = json!(running);
    deployment["pendingCount"] = json!(pending);
}

/// AWS's "This parameter triggers a new service deployment."
const TRIGGERS: [&str; 5] = [
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
];

/// AWS's "This parameter doesn't trigger a new service deployment."
const QUIET: [&str; 8] = [
    "desiredCount",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
];

pub(super) fn update(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let (key, answer, rolling) = {
        let mut state = world.state();
        let ecs = &mut state.ecs;
        let key = key(ecs, input)?;
        let service = &ecs.services[&key];
        if service["status"] != "ACTIVE" {
            return Err(not_active());
        }
        let controller = service["deploymentController"]["type"].as_str().unwrap_or("ECS");
        if controller != "ECS" {
            belongs_to_another(controller, input)?;
        }
        let changed = changed(ecs, &key, input)?;
        let id = start(ecs, &key, changed, input, now)?;
        (key.clone(), json!({"service": ecs.services[&key]}), id)
    };
    if let Some(id) = rolling {
        roll_out(world, key, id);
    }
    Ok(answer)
}

/// AWS: "For services using the blue/green (`CODE_DEPLOY`) deployment controller, only the desired
/// count, deployment configuration, health check grace period, task placement constraints and
/// strategies, enable ECS managed tags option, and propagate tags can be updated using this API. If
/// the network configuration, platform version, task definition, or load balancer need to be
/// updated, create a new `CodeDeploy` deployment"; with an external controller, "create a new task
/// set".
fn belongs_to_another(controller: &str, input: &Value) -> Result<(), AwsError> {
    let refused = [
        ("taskDefinition", "Unable to update task definition"),
        ("networkConfiguration", "Unable to update network parameters"),
        ("platformVersion", "Unable to update platform version"),
        ("loadBalancers", "Unable to update load balancers"),
        ("serviceRegistries", "Unable to update service registries"),
        ("capacityProviderStrategy", "Unable to update capacity provider strategy"),
    ];
    let what = refused
        .iter()
        .find(|(member, _)| !input[*member].is_null())
        .map(|(_, what)| *what)
        .or((input["forceNewDeployment"] == true).then_some("Cannot force a new deployment"));
    let Some(what) = what else { return Ok(()) };
    let instead = match controller {
        "CODE_DEPLOY" => " Use AWS CodeDeploy to trigger a new deployment.",
        _ => "",
    };
    let message = format!("{what} on services with a {controller} deployment controller.{instead}");
    Err(invalid(message))
}

/// The service as the input wants it.
fn changed(ecs: &State, key: &Key, input: &Value) -> Result<Value, AwsError> {
    check_count(&input["desiredCount"])?;
    let mut service = ecs.services[key].clone();
    for member in QUIET.into_iter().chain(TRIGGERS) {
        if !input[member].is_null() {
            service[member] = input[member].clone();
        }
    }
    if let Some(reference) = input["taskDefinition"].as_str() {
        let definition = task_definitions::active(ecs, reference)?;
        service["taskDefinition"] = definition["taskDefinitionArn"].clone();
    }
    if input["capacityProviderStrategy"].is_array() {
        let asked = capacity::items(&input["capacityProviderStrategy"]);
        // AWS: "Update the Auto Scaling group or Fargate capacity provider back to the launch type.
        // Pass an empty list in the capacityProviderStrategy parameter."
        let fargate = !service["platformVersion"].is_null();
        let capacity = match asked.is_empty() {
            true => Capacity::LaunchType(if fargate { "FARGATE" } else { "EC2" }.to_owned()),
            false => capacity::strategy(ecs, &key.0, asked)?,
        };
        let platform_version = service["platformVersion"].clone();
        capacity::set(&mut service, capacity, &platform_version);
    }
    let current = service["taskDefinition"].as_str().unwrap_or_default();
    // Where somebody else deploys, what runs is the task sets' matter.
    if service["deploymentController"]["type"] == "ECS"
        && let Some(definition) = task_definitions::find(ecs, current)
    {
        capacity::check_fit(&service, definition)?;
    }
    Ok(service)
}

/// Puts the changed service in its place; the id of the deployment it needs, if it needs one.
fn start(
    ecs: &mut State,
    key: &Key,
    changed: Value,
    input: &Value,
    now: f64,
) -> Result<Option<String>, AwsError> {
    let service = ecs.services.get_mut(key).ok_or_else(not_found)?;
    *service = changed;
    let rolls =
        input["forceNewDeployment"] == true || TRIGGERS.into_iter().any(|it| !input[it].is_null());
    let id = rolls.then(|| {
        let next = deployment(service, "IN_PROGRESS", now);
        let id = next["id"].as_str().unwrap_or_default().to_owned();
        let mut all = service["deployments"].as_array().cloned().unwrap_or_default();
        // What was not completed never will be.
        all.retain(|it| it["rolloutState"] == "COMPLETED");
        all.iter_mut().for_each(|it| it["status"] = json!("ACTIVE"));
        all.insert(0, next);
        service["deployments"] = json!(all);
        id
    });
    settle(ecs, key, now);
    Ok(id)
}

/// Completes a rolling deployment after a step, unless another one came after it.
fn roll_out(world: &World, key: Key, id: String) {
    let world = world.clone();
    tokio::spawn(async move {
        world.clock().sleep(world.pace().deployment_step).await;
        let now = world.clock().epoch_seconds();
        let mut state = world.state();
        let Some(service) = state.ecs.services.get_mut(&key) else { return };
        if service["deployments"][0]["id"] != id {
            return;
        }
        let mut done = service["deployments"][0].clone();
        done["rolloutState"] = json!("COMPLETED");
        done["rolloutStateReason"] = json!(format!("ECS deployment {id} completed."));
        done["updatedAt"] = json!(now);
        service["deployments"] = json!([done]);
        settle(&mut state.ecs, &key, now);
        drop(state);
        world.note(format!("ecs: service {} has rolled out {id}", key.1));
    });
}
