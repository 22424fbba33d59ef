//! How large a task and its containers are, once `RunTask` has overridden what it may.

use serde_json::{Value, json};

use super::validate::{Capacity, containers, invalid};
use crate::ecs::task_size;
use crate::wire::AwsError;

/// What a container override may say of a container's size.
const OF_CONTAINER: [&str; 3] = ["cpu", "memory", "memoryReservation"];

/// The sizes a task gets, or why there is no such task.
pub(super) fn of(
    input: &Value,
    definition: &Value,
    capacity: &Capacity,
) -> Result<Value, AwsError> {
    let overrides = &input["overrides"];
    let mut size = json!({});
    for member in ["cpu", "memory", "ephemeralStorage"] {
        let given = &overrides[member];
        let own = if given.is_null() { &definition[member] } else { given };
        if !own.is_null() {
            size[member] = own.clone();
        }
    }
    task_size::normalize(&mut size)?;
    let fargate = capacity.launch_type == "FARGATE";
    if fargate
        && !task_size::is_fargate(task_size::of(&size, "cpu"), task_size::of(&size, "memory"))
    {
        return Err(task_size::no_such_size());
    }
    storage(&overrides["ephemeralStorage"], &input["platformVersion"], fargate)?;
    let mut sized = containers(definition).to_vec();
    for container in &mut sized {
        apply(overrides, container);
    }
    task_size::check_containers(&size, &sized)?;
    Ok(size)
}

/// Writes a container's overridden sizes over its own; `container` is defined or shown.
pub(super) fn apply(overrides: &Value, container: &mut Value) {
    let name = container["name"].clone();
    let given = overrides["containerOverrides"].as_array().into_iter().flatten();
    for item in given.filter(|it| it["name"] == name) {
        for member in OF_CONTAINER.into_iter().filter(|it| !item[*it].is_null()) {
            container[member] = item[member].clone();
        }
    }
}

/// AWS: "This parameter is only supported for tasks hosted on Fargate that use the following
/// platform versions: Linux platform version 1.4.0 or later."
fn storage(storage: &Value, platform: &Value, fargate: bool) -> Result<(), AwsError> {
    if storage.is_null() {
        return Ok(());
    }
    task_size::check_storage(storage)?;
    if !fargate {
        return Err(invalid("Ephemeral storage is supported for tasks on Fargate only."));
    }
    match platform.as_str() {
        Some("1.0.0" | "1.1.0" | "1.2.0" | "1.3.0") => Err(AwsError::bad(
            "PlatformTaskDefinitionIncompatibilityException",
            "The specified platform version does not satisfy the task definition's required \
             capabilities.",
        )),
        _ => Ok(()),
    }
}
