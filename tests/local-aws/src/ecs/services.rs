//! Services, rolled out by ECS itself or by task sets that `CodeDeploy` or somebody else makes.

use serde_json::{Value, json};

use super::clusters::{self, answer_page, includes, resolve};
use super::{State, capacity, native, rollouts, tags, task_definitions, task_sets, tasks};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

pub(super) fn not_found() -> AwsError {
    AwsError::bad("ServiceNotFoundException", "Service not found.")
}

/// AWS: "The specified service isn't active. You can't update a service that's inactive."
pub(super) fn not_active() -> AwsError {
    AwsError::bad("ServiceNotActiveException", "Service was not ACTIVE.")
}

fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// The name in a name or an ARN. An ARN that names a cluster has to name this one; the older format,
/// `service/NAME`, names none.
fn name_in(cluster: &str, reference: &str) -> Result<String, AwsError> {
    let path = reference.split_once(":service/").and_then(|(_, path)| path.rsplit_once('/'));
    match path {
        Some((other, _)) if other != cluster => Err(invalid(format!(
            "Invalid identifier: Identifier is for cluster {other}. Your cluster is {cluster}"
        ))),
        _ => Ok(name_of(reference).to_owned()),
    }
}

pub(super) fn arn(cluster: &str, name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/{cluster}/{name}")
}

/// The service that an input's `cluster` and `service` mean.
pub(super) fn key(state: &State, input: &Value) -> Result<(String, String), AwsError> {
    let cluster = resolve(state, &input["cluster"])?;
    let name = name_in(&cluster, input["service"].as_str().unwrap_or_default())?;
    let key = (cluster, name);
    if state.services.contains_key(&key) { Ok(key) } else { Err(not_found()) }
}

/// Whether `CodeDeploy` finds the service.
pub(crate) fn service_exists(world: &World, cluster: &str, service: &str) -> bool {
    let state = world.state();
    let key = (name_of(cluster).to_owned(), name_of(service).to_owned());
    state.ecs.services.get(&key).is_some_and(|it| it["status"] == "ACTIVE")
}

/// The task set that has the traffic.
pub(crate) fn primary_task_set(world: &World, cluster: &str, service: &str) -> Option<Value> {
    let state = world.state();
    let key = (name_of(cluster).to_owned(), name_of(service).to_owned());
    let sets = state.ecs.services.get(&key)?["taskSets"].as_array()?;
    sets.iter().find(|it| it["status"] == "PRIMARY").cloned()
}

pub(super) fn create(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let ecs = &mut state.ecs;
    let cluster = resolve(ecs, &input["cluster"])?;
    let name = input["serviceName"].as_str().unwrap_or_default().to_owned();
    let valid = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    if name.is_empty() || name.len() > 255 || !name.chars().all(valid) {
        return Err(invalid("Invalid service name."));
    }
    let key = (cluster.clone(), name.clone());
    // AWS: "If you attempt to create a new service with the same name as an existing service in
    // either ACTIVE or DRAINING status, you receive an error."
    if ecs.services.get(&key).is_some_and(|it| it["status"] != "INACTIVE") {
        return Err(invalid("Creation of service was not idempotent."));
    }
    let controller = input["deploymentController"]["type"].as_str().unwrap_or("ECS").to_owned();
    check_scheduling(input, &controller)?;
    native::check(&input["deploymentConfiguration"], &controller)?;
    let definition = definition(ecs, input, &controller)?;
    let capacity = capacity::of(ecs, &cluster, input)?;
    tags::check(&input["tags"])?;
    let mut service = new(input, &cluster, &name, &controller, now);
    capacity::set(&mut service, capacity, &input["platformVersion"]);
    if let Some(definition) = definition {
        capacity::check_fit(&service, &definition)?;
        service["taskDefinition"] = definition["taskDefinitionArn"].clone();
    }
    let arn = arn(&cluster, &name);
    ecs.services.insert(key.clone(), service);
    tags::set(ecs, &arn, &input["tags"]);
    if controller == "CODE_DEPLOY" {
        task_sets::first(ecs, &key, now);
    }
    let deployment = (controller == "ECS").then(|| native::begin(ecs, &key, now));
    let at_once = deployment.as_ref().is_some_and(|it| native::is_there_at_once(ecs, it, now));
    settle(ecs, &key, now);
    let mut shown = native::shown(ecs, &key, ecs.services[&key].clone());
    shown["tags"] = tags::of(ecs, &arn);
    drop(state);
    match deployment {
        Some(deployment) if at_once => native::tell_of_both_ends(world, &deployment),
        Some(deployment) => native::drive(world, deployment),
        None => {}
    }
    Ok(json!({"service": shown}))
}

/// AWS: "A task definition must be specified if the service uses either the ECS or `CODE_DEPLOY`
/// deployment controllers." With EXTERNAL it belongs to the task sets, and the service has none.
fn definition(state: &State, input: &Value, by: &str) -> Result<Option<Value>, AwsError> {
    match (input["taskDefinition"].as_str(), by) {
        (None, "EXTERNAL") => Ok(None),
        (Some(_), "EXTERNAL") => Err(invalid("TaskDefinition must be blank")),
        (None, _) => Err(invalid("TaskDefinition can not be blank.")),
        (Some(reference), _) => Ok(Some(task_definitions::active(state, reference)?.clone())),
    }
}

/// AWS: "Tasks using the Fargate launch type or the `CODE_DEPLOY` or EXTERNAL deployment controller
/// types don't support the DAEMON scheduling strategy." Of the desired count: "This is required if
/// schedulingStrategy is REPLICA or isn't specified."
fn check_scheduling(input: &Value, controller: &str) -> Result<(), AwsError> {
    if !["ECS", "CODE_DEPLOY", "EXTERNAL"].contains(&controller) {
        return Err(invalid("The deployment controller is not one of ECS, CODE_DEPLOY, EXTERNAL."));
    }
    check_count(&input["desiredCount"])?;
    match input["schedulingStrategy"].as_str() {
        None | Some("REPLICA") if input["desiredCount"].is_null() => {
            Err(invalid("Desired count is required for the REPLICA scheduling strategy."))
        }
        None | Some("REPLICA") => Ok(()),
        Some("DAEMON") if controller == "ECS" && input["launchType"] != "FARGATE" => Ok(()),
        Some(other) => Err(invalid(format!("The scheduling strategy {other} is not supported."))),
    }
}

pub(super) fn check_count(count: &Value) -> Result<(), AwsError> {
    match count.is_null() || count.is_u64() {
        true => Ok(()),
        false => Err(invalid("Desired count must not be negative.")),
    }
}

fn new(input: &Value, cluster: &str, name: &str, controller: &str, now: f64) -> Value {
    let list = |member: &str| input[member].as_array().cloned().unwrap_or_default();
    let mut service = json!({
        "serviceArn": arn(cluster, name),
        "serviceName": name,
        "clusterArn": clusters::arn(cluster),
        "loadBalancers": list("loadBalancers"),
        "serviceRegistries": list("serviceRegistries"),
        "status": "ACTIVE",
        "desiredCount": input["desiredCount"].as_u64().unwrap_or(0),
        "runningCount": 0,
        "pendingCount": 0,
        "deploymentConfiguration": input["deploymentConfiguration"].as_object().map_or_else(
            || json!({"maximumPercent": 200, "minimumHealthyPercent": 100}),
            |it| json!(it),
        ),
        "deployments": [],
        "events": [],
        "createdAt": now,
        "placementConstraints": list("placementConstraints"),
        "placementStrategy": list("placementStrategy"),
        "schedulingStrategy": input["schedulingStrategy"].as_str().unwrap_or("REPLICA"),
        "deploymentController": {"type": controller},
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:root"),
        "enableECSManagedTags": input["enableECSManagedTags"] == true,
        "propagateTags": input["propagateTags"].as_str().unwrap_or("NONE"),
        "enableExecuteCommand": input["enableExecuteCommand"] == true,
    });
    for member in ["networkConfiguration", "healthCheckGracePeriodSeconds"] {
        if !input[member].is_null() {
            service[member] = input[member].clone();
        }
    }
    service
}

/// What a rolling deployment or a task set takes over from its service.
pub(super) const INHERITED: [&str; 5] = [
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
];

/// `ecs-svc/` and 19 digits.
pub(super) fn service_id() -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 10_u128.pow(19);
    format!("ecs-svc/{number:019}")
}

/// Makes counts and tasks what the service asks for.
pub(super) fn settle(state: &mut State, key: &(String, String), now: f64) {
    let Some(service) = state.services.get_mut(key) else { return };
    let desired = match service["status"] == "ACTIVE" {
        true => service["desiredCount"].as_u64().unwrap_or(0),
        false => 0,
    };
    let sets = service.get_mut("taskSets").and_then(Value::as_array_mut);
    for set in sets.into_iter().flatten() {
        task_sets::scale(set, desired);
    }
    let deployments = service.get_mut("deployments").and_then(Value::as_array_mut);
    for deployment in deployments.into_iter().flatten() {
        let up = state.native.is_up(key, &deployment["id"]);
        rollouts::scale(deployment, desired, up);
    }
    // The old deployment serves until the new one has taken its place.
    let id = state.native.serving_id(key);
    let serving = service["taskSets"]
        .as_array()
        .and_then(|it| it.iter().find(|it| it["status"] == "PRIMARY"))
        .or_else(|| service["deployments"].as_array()?.iter().find(|it| it["id"].as_str() == id))
        .cloned()
        .unwrap_or_default();
    let count = match serving.is_null() {
        true => 0,
        false => usize::try_from(desired).unwrap_or(0),
    };
    service["runningCount"] = json!(count);
    let text = |name: &str| serving[name].as_str().unwrap_or_default();
    let (definition, started_by) = (text("taskDefinition"), text("id"));
    tasks::set_service_tasks(state, &key.0, &key.1, definition, started_by, count, now);
}

pub(super) fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let cluster = resolve(&state.ecs, &input["cluster"])?;
    let wanted = input["services"].as_array().cloned().unwrap_or_default();
    if wanted.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    // AWS: "You may specify up to 10 services to describe in a single operation."
    if wanted.len() > 10 {
        return Err(invalid("DescribeServices cannot be called with more than 10 services."));
    }
    let with_tags = includes(input, "TAGS");
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for reference in wanted.iter().filter_map(Value::as_str) {
        let name = name_in(&cluster, reference)?;
        let arn = arn(&cluster, &name);
        match state.ecs.services.get(&(cluster.clone(), name.clone())) {
            Some(service) => {
                let key = (cluster.clone(), name.clone());
                let mut service = native::shown(&state.ecs, &key, service.clone());
                if with_tags {
                    service["tags"] = tags::of(&state.ecs, &arn);
                }
                services.push(service);
            }
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let cluster = resolve(&state.ecs, &input["cluster"])?;
    let is = |it: &Value, member: &str| input[member].is_null() || it[member] == input[member];
    let wanted = |it: &Value| {
        it["status"] == "ACTIVE" && is(it, "launchType") && is(it, "schedulingStrategy")
    };
    let of_cluster = state.ecs.services.iter().filter(|(key, it)| key.0 == cluster && wanted(it));
    let arns: Vec<String> = of_cluster.map(|(key, _)| arn(&key.0, &key.1)).collect();
    // AWS: "If this parameter isn't used, then ListServices returns up to 10 results".
    let mut input = input.clone();
    if input["maxResults"].is_null() {
        input["maxResults"] = json!(10);
    }
    answer_page("serviceArns", &arns, &input)
}

pub(super) fn delete(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let ecs = &mut state.ecs;
    let key = key(ecs, input)?;
    let service = ecs.services.get_mut(&key).ok_or_else(not_found)?;
    // AWS says neither what deleting twice does nor how often it may be tried. Our reading: while
    // the service drains, the second time is the first; after that there is nothing to delete.
    match service["status"].as_str() {
        Some("INACTIVE") => return Err(not_found()),
        Some("DRAINING") => return Ok(json!({"service": service})),
        _ => {}
    }
    if input["force"] != true {
        check_unused(service)?;
    }
    service["desiredCount"] = json!(0);
    service["status"] = json!("DRAINING");
    tasks::deactivate(ecs, &key.0, &key.1, now);
    settle(ecs, &key, now);
    let shown = native::shown(ecs, &key, ecs.services[&key].clone());
    native::end(ecs, &key, now);
    ecs.leaving.drain(key, now + world.pace().service_drain.as_secs_f64());
    Ok(json!({"service": shown}))
}

/// AWS: "If the service is actively maintaining tasks, you can't delete it, and you must update the
/// service to a desired task count of zero"; of force: "It's only necessary to use this if the
/// service uses the REPLICA scheduling strategy."
fn check_unused(service: &Value) -> Result<(), AwsError> {
    if service["schedulingStrategy"] == "DAEMON" {
        return Ok(());
    }
    if service["desiredCount"] != 0 {
        return Err(invalid("The service cannot be stopped while it is scaled above 0."));
    }
    match service["taskSets"].as_array().is_some_and(|it| !it.is_empty()) {
        true => Err(invalid("The service cannot be stopped while deployments are active.")),
        false => Ok(()),
    }
}

/// The tasks of a deleted service have stopped.
///
/// AWS: "After all tasks have transitioned to either STOPPING or STOPPED status, the service status
/// moves from DRAINING to INACTIVE. Services in the DRAINING or INACTIVE status can still be viewed
/// with the `DescribeServices` API operation."
pub(super) fn drained(ecs: &mut State, key: &(String, String), now: f64) {
    tasks::stop_deactivated(ecs, &key.0, &key.1, now);
    let Some(service) = ecs.services.get_mut(key) else { return };
    service["status"] = json!("INACTIVE");
    service["deployments"] = json!([]);
    let sets = std::mem::replace(&mut service["taskSets"], json!([]));
    // AWS: "When a service is deleted, the tags are deleted."
    ecs.tags.remove(&arn(&key.0, &key.1));
    for set in capacity::items(&sets) {
        ecs.tags.remove(set["taskSetArn"].as_str().unwrap_or_default());
    }
}
