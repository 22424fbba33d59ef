//! Task definitions: families of revisions, none of which ever changes.

use serde_json::{Value, json};

use super::clusters::{answer_page, includes};
use super::services::invalid;
use super::{State, secrets, tags, task_size};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

/// What a task definition may be registered with; everything is shown again as it was given.
const MEMBERS: [&str; 17] = [
    "containerDefinitions",
    "cpu",
    "enableFaultInjection",
    "ephemeralStorage",
    "executionRoleArn",
    "family",
    "inferenceAccelerators",
    "ipcMode",
    "memory",
    "networkMode",
    "pidMode",
    "placementConstraints",
    "proxyConfiguration",
    "requiresCompatibilities",
    "runtimePlatform",
    "taskRoleArn",
    "volumes",
];

/// What is left of a deleted revision. AWS: "The task definition name is retained by Amazon ECS and
/// the revision is incremented the next time you create a task definition with that name."
const DELETED: &str = "DELETED";

fn client(message: impl Into<String>) -> AwsError {
    AwsError::bad("ClientException", message)
}

/// A task definition by ARN, `family:revision`, or `family` for its latest ACTIVE revision.
pub(super) fn find<'a>(state: &'a State, reference: &str) -> Option<&'a Value> {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        Some((family, revision)) => {
            let index = revision.parse::<usize>().ok()?.checked_sub(1)?;
            let found = state.task_definitions.get(family)?.get(index)?;
            (found["status"] != DELETED).then_some(found)
        }
        None => {
            let revisions = state.task_definitions.get(name)?;
            revisions.iter().rev().find(|it| it["status"] == "ACTIVE")
        }
    }
}

/// A task definition for new tasks or services.
///
/// AWS: "You can't use an INACTIVE task definition to run new tasks or create new services, and you
/// can't update an existing service to reference an INACTIVE task definition."
pub(super) fn active<'a>(state: &'a State, reference: &str) -> Result<&'a Value, AwsError> {
    let found = find(state, reference).ok_or_else(|| client("TaskDefinition not found."))?;
    if found["status"] == "ACTIVE" { Ok(found) } else { Err(client("TaskDefinition is inactive")) }
}

pub(super) fn register(world: &World, input: &Value) -> Result<Value, AwsError> {
    let family = input["family"].as_str().unwrap_or_default();
    let valid = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    if family.is_empty() || family.len() > 255 || !family.chars().all(valid) {
        return Err(client("Family should not be empty and have letters, digits, - and _ only."));
    }
    let containers = input["containerDefinitions"].as_array().cloned().unwrap_or_default();
    if containers.is_empty() {
        return Err(client("Container definitions should not be empty."));
    }
    for container in &containers {
        if container["name"].as_str().is_none_or(str::is_empty) {
            return Err(client("Container.name should not be null or empty."));
        }
        if container["image"].as_str().is_none_or(str::is_empty) {
            return Err(client("Container.image should not be null or empty."));
        }
    }
    if !containers.iter().any(|it| it["essential"] != false) {
        return Err(client("A task definition must have at least one essential container."));
    }
    let names: Vec<&Value> = containers.iter().map(|it| &it["name"]).collect();
    if names.iter().enumerate().any(|(n, it)| names[..n].contains(it)) {
        return Err(client("Container.name should be unique."));
    }
    let mut sized = input.clone();
    task_size::normalize(&mut sized)?;
    let input = &sized;
    check_fargate(input)?;
    task_size::check_containers(input, &containers)?;
    task_size::check_storage(&input["ephemeralStorage"])?;
    for container in &containers {
        secrets::check_names(container, &container["environment"])?;
    }
    tags::check(&input["tags"])?;
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let ecs = &mut state.ecs;
    let revisions = ecs.task_definitions.entry(family.to_owned()).or_default();
    let revision = revisions.len() + 1;
    let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{revision}");
    let mut definition = json!({
        "taskDefinitionArn": arn,
        "revision": revision,
        "status": "ACTIVE",
        "registeredAt": now,
        "registeredBy": format!("arn:aws:iam::{ACCOUNT}:root"),
        "compatibilities": compatibilities(input),
        "volumes": [],
        "placementConstraints": [],
        "requiresAttributes": [],
    });
    for member in MEMBERS {
        if !input[member].is_null() {
            definition[member] = input[member].clone();
        }
    }
    for container in definition["containerDefinitions"].as_array_mut().into_iter().flatten() {
        complete(container);
    }
    revisions.push(definition.clone());
    tags::set(ecs, &arn, &input["tags"]);
    let mut answer = json!({"taskDefinition": definition});
    if input["tags"].is_array() {
        answer["tags"] = tags::of(ecs, &arn);
    }
    Ok(answer)
}

/// ECS fills these in.
fn complete(container: &mut Value) {
    for (member, default) in [
        ("cpu", json!(0)),
        ("essential", json!(true)),
        ("environment", json!([])),
        ("mountPoints", json!([])),
        ("portMappings", json!([])),
        ("volumesFrom", json!([])),
    ] {
        if container[member].is_null() {
            container[member] = default;
        }
    }
}

/// AWS: Fargate tasks need `awsvpc` and a CPU and memory at the task level that fit each other.
fn check_fargate(input: &Value) -> Result<(), AwsError> {
    let wanted = input["requiresCompatibilities"].as_array();
    if !wanted.is_some_and(|it| it.iter().any(|it| it == "FARGATE")) {
        return Ok(());
    }
    if input["networkMode"] != "awsvpc" {
        return Err(client("Fargate only supports network mode ‘awsvpc’."));
    }
    for member in ["cpu", "memory"] {
        if input[member].is_null() {
            return Err(client(format!(
                "Fargate requires that '{member}' be defined at the task level."
            )));
        }
    }
    let secret = |it: &Value| it["secrets"].as_array().is_some_and(|it| !it.is_empty());
    let containers = input["containerDefinitions"].as_array();
    if input["executionRoleArn"].is_null() && containers.is_some_and(|it| it.iter().any(secret)) {
        return Err(client(
            "When you are specifying container secrets, you must also specify a value for \
             'executionRoleArn'.",
        ));
    }
    match task_size::is_fargate(task_size::of(input, "cpu"), task_size::of(input, "memory")) {
        true => Ok(()),
        false => Err(task_size::no_such_size()),
    }
}

fn compatibilities(input: &Value) -> Value {
    let on_fargate = input["networkMode"] == "awsvpc" && !input["cpu"].is_null();
    if on_fargate { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) }
}

pub(super) fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let reference = input["taskDefinition"].as_str().unwrap_or_default();
    let found =
        find(&state.ecs, reference).ok_or_else(|| client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": found});
    if includes(input, "TAGS") {
        let arn = found["taskDefinitionArn"].as_str().unwrap_or_default();
        answer["tags"] = tags::of(&state.ecs, arn);
    }
    Ok(answer)
}

pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let status = input["status"].as_str().unwrap_or("ACTIVE");
    if !["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"].contains(&status) {
        return Err(invalid("status must be one of [ACTIVE, INACTIVE, DELETE_IN_PROGRESS]"));
    }
    let prefix = input["familyPrefix"].as_str();
    let mut arns: Vec<String> = state
        .ecs
        .task_definitions
        .iter()
        .filter(|(family, _)| prefix.is_none_or(|it| it == family.as_str()))
        .flat_map(|(_, revisions)| revisions)
        .filter(|it| it["status"] == status)
        .filter_map(|it| it["taskDefinitionArn"].as_str().map(str::to_owned))
        .collect();
    if input["sort"] == "DESC" {
        arns.reverse();
    }
    answer_page("taskDefinitionArns", &arns, input)
}

pub(super) fn families(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let status = input["status"].as_str().unwrap_or("ALL");
    let prefix = input["familyPrefix"].as_str().unwrap_or_default();
    if !["ACTIVE", "INACTIVE", "ALL"].contains(&status) {
        return Err(invalid("status must be one of [ACTIVE, INACTIVE, ALL]"));
    }
    let is_active = |it: &[Value]| it.iter().any(|it| it["status"] == "ACTIVE");
    // AWS: "If a task definition revisions are in the DELETE_IN_PROGRESS state, the task definition
    // name is displayed in the console and returned in the API."
    let is_there = |it: &[Value]| it.iter().any(|it| it["status"] != DELETED);
    let names: Vec<String> = state
        .ecs
        .task_definitions
        .iter()
        .filter(|(family, it)| family.starts_with(prefix) && is_there(it))
        .filter(|(_, it)| match status {
            "ACTIVE" => is_active(it),
            "INACTIVE" => !is_active(it),
            _ => true,
        })
        .map(|(family, _)| family.clone())
        .collect();
    answer_page("families", &names, input)
}

fn find_mut<'a>(state: &'a mut State, reference: &str) -> Option<&'a mut Value> {
    let found = find(state, reference)?;
    let index = usize::try_from(found["revision"].as_u64()?.checked_sub(1)?).ok()?;
    let family = found["family"].as_str()?.to_owned();
    state.task_definitions.get_mut(&family)?.get_mut(index)
}

pub(super) fn deregister(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let reference = input["taskDefinition"].as_str().unwrap_or_default();
    // AWS: "You must specify a revision."
    if !has_revision(reference) {
        return Err(invalid("Revision is missing."));
    }
    let found = find_mut(&mut state.ecs, reference)
        .ok_or_else(|| client("Unable to describe task definition."))?;
    // AWS: "A task definition revision will stay in DELETE_IN_PROGRESS status until all the
    // associated tasks and services have been terminated."
    if found["status"] == "DELETE_IN_PROGRESS" {
        return Err(client("The specified task definition is being deleted."));
    }
    if found["status"] == "ACTIVE" {
        found["status"] = json!("INACTIVE");
        found["deregisteredAt"] = json!(now);
    }
    Ok(json!({"taskDefinition": found}))
}

fn has_revision(reference: &str) -> bool {
    reference.rsplit('/').next().unwrap_or_default().contains(':')
}

pub(super) fn delete(world: &World, input: &Value) -> Result<Value, AwsError> {
    let wanted = input["taskDefinitions"].as_array().cloned().unwrap_or_default();
    if wanted.is_empty() || wanted.len() > 10 {
        return Err(invalid("You must specify between 1 and 10 task definitions."));
    }
    let now = world.clock().epoch_seconds();
    let then = now + world.pace().definition_delete.as_secs_f64();
    let mut state = world.state();
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for reference in wanted.iter().filter_map(Value::as_str) {
        match begin_delete(&mut state.ecs, reference, now, then) {
            Ok(definition) => deleted.push(definition),
            Err(reason) => {
                let name = reference.rsplit('/').next().unwrap_or(reference);
                let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}");
                failures.push(json!({"arn": arn, "reason": reason}));
            }
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

/// Doing it twice is doing it once.
fn begin_delete(
    state: &mut State,
    reference: &str,
    now: f64,
    then: f64,
) -> Result<Value, &'static str> {
    if !has_revision(reference) {
        return Err(
            "The specified task definition identifier is invalid. Specify a valid name or \
                    ARN and try again.",
        );
    }
    let found = find_mut(state, reference).ok_or(
        "The specified task definition does not exist. Specify a valid account, family, revision \
         and try again.",
    )?;
    // AWS: "You must deregister a task definition revision before you delete it."
    if found["status"] == "ACTIVE" {
        return Err("The specified task definition is still in ACTIVE status. Please deregister \
                    the target and try again.");
    }
    if found["status"] == "INACTIVE" {
        found["status"] = json!("DELETE_IN_PROGRESS");
        found["deleteRequestedAt"] = json!(now);
    }
    let found = found.clone();
    let arn = found["taskDefinitionArn"].as_str().unwrap_or_default();
    state.leaving.vanish(arn.to_owned(), then);
    Ok(found)
}

/// Forgets a revision, but for its number.
pub(super) fn vanish(state: &mut State, arn: &str) {
    if let Some(found) = find_mut(state, arn) {
        *found = json!({"taskDefinitionArn": arn, "status": DELETED});
    }
    state.tags.remove(arn);
}

/// Whether a task definition can be used by what is new.
pub(super) fn is_active(state: &State, arn: &str) -> bool {
    active(state, arn).is_ok()
}
