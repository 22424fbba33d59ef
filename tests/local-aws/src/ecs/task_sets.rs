//! Task sets: the blue and the green of a service whose deployments somebody else drives.

use serde_json::{Value, json};

use super::clusters::includes;
use super::services::{INHERITED, invalid, key, not_active, not_found, service_id, settle};
use super::{State, capacity, tags, task_definitions};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

type Key = (String, String);

/// The task set that a `CODE_DEPLOY` service begins with.
pub(super) fn first(state: &mut State, key: &Key, now: f64) {
    let service = &state.services[key];
    let definition = service["taskDefinition"].as_str().unwrap_or_default().to_owned();
    let mut set = new(service, key, &definition, now);
    set["status"] = json!("PRIMARY");
    steady(&mut set, now);
    if let Some(service) = state.services.get_mut(key) {
        service["taskSets"] = json!([set]);
    }
}

fn new(service: &Value, key: &Key, definition: &str, now: f64) -> Value {
    let id = service_id();
    let (cluster, name) = key;
    let mut set = json!({
        "id": id,
        "taskSetArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-set/{cluster}/{name}/{id}"),
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "status": "ACTIVE",
        "taskDefinition": definition,
        "computedDesiredCount": 0,
        "pendingCount": 0,
        "runningCount": 0,
        "createdAt": now,
        "updatedAt": now,
        "loadBalancers": service["loadBalancers"],
        "serviceRegistries": [],
        "scale": {"value": 100.0, "unit": "PERCENT"},
        "stabilityStatus": "STABILIZING",
        "stabilityStatusAt": now,
        "tags": [],
    });
    for member in INHERITED {
        if !service[member].is_null() {
            set[member] = service[member].clone();
        }
    }
    set
}

fn steady(set: &mut Value, now: f64) {
    set["stabilityStatus"] = json!("STEADY_STATE");
    set["stabilityStatusAt"] = json!(now);
    set["runningCount"] = set["computedDesiredCount"].clone();
    set["pendingCount"] = json!(0);
}

/// AWS: "This is calculated by multiplying the service's desiredCount by the task set's scale
/// percentage. The result is always rounded up."
pub(super) fn scale(set: &mut Value, desired: u64) {
    let percent = set["scale"]["value"].as_f64().unwrap_or(100.0);
    let computed = (desired as f64 * percent / 100.0).ceil() as u64;
    let steady = set["stabilityStatus"] == "STEADY_STATE";
    let (running, pending) = if steady { (computed, 0) } else { (0, computed) };
    set["computedDesiredCount"] = json!(computed);
    set["runningCount"] = json!(running);
    set["pendingCount"] = json!(pending);
}

fn sets_mut<'a>(state: &'a mut State, key: &Key) -> Option<&'a mut Vec<Value>> {
    let service = state.services.get_mut(key)?;
    if !service["taskSets"].is_array() {
        service["taskSets"] = json!([]);
    }
    service["taskSets"].as_array_mut()
}

fn named(reference: &str) -> String {
    // An ARN ends with the id, which has a slash of its own.
    let mut parts: Vec<&str> = reference.rsplit('/').take(2).collect();
    parts.reverse();
    parts.join("/")
}

fn no_such_set() -> AwsError {
    AwsError::bad("TaskSetNotFoundException", "The specified task set was not found.")
}

fn service_key(cluster: &str, service: &str) -> Key {
    let last = |it: &str| it.rsplit('/').next().unwrap_or(it).to_owned();
    (last(cluster), last(service))
}

/// Makes the green task set of a `CodeDeploy` deployment; its id.
///
/// AWS: "If an `CodeDeploy` deployment created the task set, the startedBy parameter is
/// `CODE_DEPLOY`"; "… the externalId parameter contains the `CodeDeploy` deployment ID."
pub(crate) fn create_task_set(
    world: &World,
    cluster: &str,
    service: &str,
    task_definition: &str,
    deployment_id: &str,
) -> Result<String, AwsError> {
    let key = service_key(cluster, service);
    let input = json!({"taskDefinition": task_definition, "externalId": deployment_id});
    let set = add(world, &key, &input, Some("CODE_DEPLOY"))?;
    Ok(set["id"].as_str().unwrap_or_default().to_owned())
}

fn add(
    world: &World,
    key: &Key,
    input: &Value,
    started_by: Option<&str>,
) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let set = {
        let mut state = world.state();
        let ecs = &mut state.ecs;
        let reference = input["taskDefinition"].as_str().unwrap_or_default();
        let service = ecs.services.get(key).ok_or_else(not_found)?;
        if service["status"] != "ACTIVE" {
            return Err(not_active());
        }
        let definition = task_definitions::active(ecs, reference)?;
        let arn = definition["taskDefinitionArn"].as_str().unwrap_or_default();
        let mut set = new(service, key, arn, now);
        if let Some(started_by) = started_by {
            set["startedBy"] = json!(started_by);
        }
        for member in [
            "externalId",
            "scale",
            "networkConfiguration",
            "loadBalancers",
            "serviceRegistries",
            "platformVersion",
        ] {
            if !input[member].is_null() {
                set[member] = input[member].clone();
            }
        }
        if !(input["launchType"].is_null() && input["capacityProviderStrategy"].is_null()) {
            let capacity = capacity::of(ecs, &key.0, input)?;
            capacity::set(&mut set, capacity, &input["platformVersion"]);
        }
        capacity::check_fit(&set, definition)?;
        scale(&mut set, service["desiredCount"].as_u64().unwrap_or(0));
        sets_mut(ecs, key).ok_or_else(no_such_set)?.push(set.clone());
        set
    };
    let (world, key, id) = (world.clone(), key.clone(), set["id"].clone());
    tokio::spawn(async move {
        world.clock().sleep(world.pace().task_start).await;
        let now = world.clock().epoch_seconds();
        let mut state = world.state();
        let sets = sets_mut(&mut state.ecs, &key).into_iter().flatten();
        if let Some(set) = sets.into_iter().find(|it| it["id"] == id) {
            steady(set, now);
        }
    });
    Ok(set)
}

/// Gives the traffic to a task set.
///
/// AWS: "Any parameters that are updated on the primary task set in a service will transition to
/// the service."
pub(crate) fn make_primary(world: &World, cluster: &str, service: &str, task_set_id: &str) {
    let key = service_key(cluster, service);
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    promote(&mut state.ecs, &key, task_set_id, now);
}

fn promote(ecs: &mut State, key: &Key, id: &str, now: f64) -> Option<Value> {
    let sets = sets_mut(ecs, key)?;
    if !sets.iter().any(|it| it["id"] == id) {
        return None;
    }
    for set in sets.iter_mut() {
        set["status"] = json!(if set["id"] == id { "PRIMARY" } else { "ACTIVE" });
        set["updatedAt"] = json!(now);
    }
    let primary = sets.iter().find(|it| it["id"] == id)?.clone();
    let service = ecs.services.get_mut(key)?;
    for member in ["taskDefinition", "networkConfiguration", "platformVersion"] {
        if !primary[member].is_null() {
            service[member] = primary[member].clone();
        }
    }
    settle(ecs, key, now);
    Some(primary)
}

/// Removes a task set.
pub(crate) fn delete_task_set(world: &World, cluster: &str, service: &str, task_set_id: &str) {
    let key = service_key(cluster, service);
    let mut state = world.state();
    if let Some(sets) = sets_mut(&mut state.ecs, &key) {
        sets.retain(|it| it["id"] != task_set_id);
    }
}

/// The service whose task sets an input is about.
///
/// AWS, of every operation on task sets: "This is used when a service uses the EXTERNAL deployment
/// controller type." Those of `CodeDeploy` are seen by `DescribeServices` only.
fn external(state: &State, input: &Value) -> Result<Key, AwsError> {
    let key = key(state, input)?;
    let service = &state.services[&key];
    if service["deploymentController"]["type"] != "EXTERNAL" {
        return Err(invalid(
            "Amazon ECS only supports task set management on services configured to use external \
             deployment controllers.",
        ));
    }
    if service["status"] == "ACTIVE" { Ok(key) } else { Err(not_active()) }
}

pub(super) fn create(world: &World, input: &Value) -> Result<Value, AwsError> {
    tags::check(&input["tags"])?;
    let key = external(&world.state().ecs, input)?;
    // AWS: "If an external deployment created the task set, the startedBy field isn't used."
    let mut set = add(world, &key, input, None)?;
    let mut state = world.state();
    let arn = set["taskSetArn"].as_str().unwrap_or_default().to_owned();
    tags::set(&mut state.ecs, &arn, &input["tags"]);
    set["tags"] = tags::of(&state.ecs, &arn);
    Ok(json!({"taskSet": set}))
}

pub(super) fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let mut state = world.state();
    let key = external(&state.ecs, input)?;
    let mut sets = sets_mut(&mut state.ecs, &key).cloned().unwrap_or_default();
    if includes(input, "TAGS") {
        for set in &mut sets {
            set["tags"] = tags::of(&state.ecs, set["taskSetArn"].as_str().unwrap_or_default());
        }
    }
    let wanted: Option<Vec<String>> = input["taskSets"]
        .as_array()
        .map(|it| it.iter().filter_map(Value::as_str).map(named).collect());
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    match wanted {
        None => found = sets,
        Some(wanted) => {
            for id in wanted {
                match sets.iter().find(|it| it["id"] == id) {
                    Some(set) => found.push(set.clone()),
                    None => failures.push(json!({"arn": id, "reason": "MISSING"})),
                }
            }
        }
    }
    Ok(json!({"taskSets": found, "failures": failures}))
}

pub(super) fn update_primary(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let key = external(&state.ecs, input)?;
    let id = named(input["primaryTaskSet"].as_str().unwrap_or_default());
    let set = promote(&mut state.ecs, &key, &id, now).ok_or_else(no_such_set)?;
    Ok(json!({"taskSet": set}))
}

pub(super) fn delete(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let key = external(&state.ecs, input)?;
    let id = named(input["taskSet"].as_str().unwrap_or_default());
    let sets = sets_mut(&mut state.ecs, &key).ok_or_else(no_such_set)?;
    let index = sets.iter().position(|it| it["id"] == id).ok_or_else(no_such_set)?;
    // AWS: "force: If true, you can delete a task set even if it hasn't been scaled down to zero."
    if sets[index]["scale"]["value"] != 0.0 && input["force"] != true {
        return Err(invalid("The task set cannot be deleted while it is scaled above 0."));
    }
    let mut set = sets.remove(index);
    set["status"] = json!("DRAINING");
    settle(&mut state.ecs, &key, now);
    state.ecs.tags.remove(set["taskSetArn"].as_str().unwrap_or_default());
    Ok(json!({"taskSet": set}))
}
