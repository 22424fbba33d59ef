//! `UpdateService`, and the entries of a service's `deployments`.

use serde_json::{Value, json};

use super::capacity::{self, Capacity};
use super::services::{INHERITED, check_count, invalid, key, not_active, service_id, settle};
use super::{State, native, task_definitions};
use crate::wire::AwsError;
use crate::world::World;

type Key = (String, String);

/// An entry that deploys the service as it is now.
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

/// Makes a deployment's counts fit the service's: a new one still starts its tasks, one that is up
/// runs them, and one that has failed gives up.
pub(super) fn scale(deployment: &mut Value, desired: u64, up: bool) {
    let desired = if deployment["rolloutState"] == "FAILED" { 0 } else { desired };
    let (running, pending) = if up { (desired, 0) } else { (0, desired) };
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
    let (answer, deployment) = {
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
        native::check(&input["deploymentConfiguration"], controller)?;
        let changed = changed(ecs, &key, input)?;
        let before = ecs.services.insert(key.clone(), changed).unwrap_or_default();
        let rolling = rolls(&before, &ecs.services[&key], input);
        let deployment = rolling.then(|| native::begin(ecs, &key, now));
        settle(ecs, &key, now);
        let service = native::shown(ecs, &key, ecs.services[&key].clone());
        (json!({"service": service}), deployment)
    };
    if let Some(deployment) = deployment {
        native::drive(world, deployment);
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

/// Whether a change needs a deployment: there is something new in it, or it is forced.
fn rolls(before: &Value, after: &Value, input: &Value) -> bool {
    after["deploymentController"]["type"] == "ECS"
        && (input["forceNewDeployment"] == true
            || TRIGGERS.into_iter().any(|it| before[it] != after[it]))
}
