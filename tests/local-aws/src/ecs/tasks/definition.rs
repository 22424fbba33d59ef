//! A new task, from its task definition and what `RunTask` overrides in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::size;
use super::validate::{Capacity, Request, containers};
use crate::world::{ACCOUNT, REGION};

/// What a container override may hold; AWS ignores anything else.
const OVERRIDABLE: [&str; 8] = [
    "name",
    "command",
    "environment",
    "environmentFiles",
    "cpu",
    "memory",
    "memoryReservation",
    "resourceRequirements",
];

/// The task that answers a request, as `DescribeTasks` shows it.
pub(super) fn task(request: &Request<'_>, now: f64) -> Value {
    let Request { input, cluster, definition, capacity, .. } = request;
    let family = definition["family"].as_str().unwrap_or_default();
    let mut task = new(cluster, definition, capacity, now);
    task["group"] = match input["group"].as_str() {
        Some(group) => json!(group),
        // "The default value is the family name of the task definition (for example,
        // family:my-family-name)."
        None => json!(format!("family:{family}")),
    };
    task["overrides"] = overrides(&input["overrides"], definition);
    for (member, size) in request.size.as_object().into_iter().flatten() {
        task[member] = size.clone();
    }
    for container in task["containers"].as_array_mut().into_iter().flatten() {
        size::apply(&input["overrides"], container);
        // A container's sizes are numbers where they are asked for, and text where they are shown.
        for member in ["cpu", "memory", "memoryReservation"] {
            if let Some(number) = container[member].as_i64() {
                container[member] = json!(number.to_string());
            }
        }
    }
    if !input["startedBy"].is_null() {
        task["startedBy"] = input["startedBy"].clone();
    }
    task["enableExecuteCommand"] = json!(input["enableExecuteCommand"] == true);
    if let Some(subnet) =
        input["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0].as_str()
    {
        task["attachments"] = json!([{
            "id": Uuid::new_v4().to_string(),
            "type": "ElasticNetworkInterface",
            "status": "PRECREATED",
            "details": [{"name": "subnetId", "value": subnet}],
        }]);
    }
    if let Some(version) = input["platformVersion"].as_str().filter(|it| *it != "LATEST") {
        task["platformVersion"] = json!(version);
    }
    task
}

/// A task nobody has said anything about but its definition.
pub(super) fn new(cluster: &str, definition: &Value, capacity: &Capacity, now: f64) -> Value {
    let id = Uuid::new_v4().simple().to_string();
    let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/{id}");
    let architecture = match definition["runtimePlatform"]["cpuArchitecture"].as_str() {
        Some("ARM64") => "arm64",
        _ => "x86_64",
    };
    let shown = containers(definition).iter().map(|it| container(it, cluster, &id, &arn));
    let mut task = json!({
        "attachments": [],
        "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
        "availabilityZone": format!("{REGION}a"),
        "clusterArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}"),
        "containers": shown.collect::<Vec<Value>>(),
        "createdAt": now,
        "desiredStatus": "RUNNING",
        "enableExecuteCommand": false,
        "healthStatus": "UNKNOWN",
        "lastStatus": "PROVISIONING",
        "launchType": capacity.launch_type,
        "overrides": overrides(&Value::Null, definition),
        "taskArn": arn,
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "version": 1,
    });
    for size in ["cpu", "memory", "ephemeralStorage"] {
        if !definition[size].is_null() {
            task[size] = definition[size].clone();
        }
    }
    if let Some(provider) = &capacity.provider {
        task["capacityProviderName"] = json!(provider);
    }
    if capacity.launch_type == "FARGATE" {
        // "If one isn't specified, the LATEST platform version is used."
        task["platformVersion"] = json!("1.4.0");
        task["platformFamily"] = json!("Linux");
    }
    task
}

fn container(definition: &Value, cluster: &str, id: &str, task_arn: &str) -> Value {
    let own = Uuid::new_v4();
    let mut container = json!({
        "containerArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:container/{cluster}/{id}/{own}"),
        "taskArn": task_arn,
        "name": definition["name"],
        "image": definition["image"],
        "lastStatus": "PENDING",
        // "If health checks aren't configured for this container in its task definition, then it
        // reports the health status as UNKNOWN." None is ever carried out here.
        "healthStatus": "UNKNOWN",
        "networkInterfaces": [],
        // "The value is 0 if no value was specified in the container definition."
        "cpu": definition["cpu"].as_i64().unwrap_or(0).to_string(),
    });
    for size in ["memory", "memoryReservation"] {
        if let Some(number) = definition[size].as_i64() {
            container[size] = json!(number.to_string());
        }
    }
    container
}

/// Every container has an entry in a task's overrides, most often with its name and nothing else.
fn overrides(given: &Value, definition: &Value) -> Value {
    let entry = |name: &Value| {
        let mut entry = Map::new();
        entry.insert("name".to_owned(), name.clone());
        let given = given["containerOverrides"].as_array().into_iter().flatten();
        for item in given.filter(|it| it["name"] == *name).filter_map(Value::as_object) {
            let known = item
                .iter()
                .filter(|(key, value)| OVERRIDABLE.contains(&key.as_str()) && !value.is_null());
            entry.extend(known.map(|(key, value)| (key.clone(), value.clone())));
        }
        Value::Object(entry)
    };
    let entries: Vec<Value> = containers(definition).iter().map(|it| entry(&it["name"])).collect();
    let mut all = json!({"containerOverrides": entries, "inferenceAcceleratorOverrides": []});
    for member in ["cpu", "memory", "executionRoleArn", "taskRoleArn", "ephemeralStorage"] {
        if !given[member].is_null() {
            all[member] = given[member].clone();
        }
    }
    all
}

/// Entry point and command of a container. A command override replaces the command; nothing
/// overrides the entry point.
pub(super) fn command(container: &Value, overriding: &Value) -> Vec<String> {
    let command = match overriding["command"].as_array() {
        Some(_) => &overriding["command"],
        None => &container["command"],
    };
    let words = |list: &Value| {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    [words(&container["entryPoint"]), words(command)].concat()
}

/// "You can also override existing environment variables … or add new environment variables."
pub(super) fn environment(container: &Value, overriding: &Value) -> BTreeMap<String, String> {
    let all = [container, overriding].into_iter();
    all.flat_map(|it| it["environment"].as_array().cloned().unwrap_or_default())
        .filter_map(|it| Some((it["name"].as_str()?.to_owned(), it["value"].as_str()?.to_owned())))
        .collect()
}

/// A digest that changes with the image's name only.
pub(super) fn image_digest(image: &str) -> String {
    if let Some((_, digest)) = image.split_once('@') {
        return digest.to_owned();
    }
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(image) {
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}
