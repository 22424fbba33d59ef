//! "ECS Task State Change" events.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Task;
use crate::events;
use crate::world::World;

/// The members that are times: seconds since 1970 in the API, ISO 8601 in events.
const TIMES: [&str; 8] = [
    "createdAt",
    "connectivityAt",
    "pullStartedAt",
    "pullStoppedAt",
    "startedAt",
    "stoppingAt",
    "executionStoppedAt",
    "stoppedAt",
];

/// Changes a task and tells everybody: "Every time a task experiences a change that starts a
/// `CloudWatch` event, the version counter is incremented."
pub(super) fn change(world: &World, arn: &str, change: impl FnOnce(&mut Task, f64)) {
    let shown = {
        let now = world.clock().epoch_seconds();
        let mut state = world.state();
        let Some(task) = state.ecs.tasks.find(arn) else { return };
        change(task, now);
        count(&mut task.shown);
        task.shown.clone()
    };
    announce(world, shown);
}

/// Counts a change that an event will tell.
pub(super) fn count(task: &mut Value) {
    task["version"] = json!(task["version"].as_u64().unwrap_or_default() + 1);
}

/// Tells everybody of a task, which is given without its tags.
pub(super) fn announce(world: &World, task: Value) {
    world.note(line(&task));
    let arn = task["taskArn"].as_str().unwrap_or_default().to_owned();
    let detail = detail(task, world.clock().now());
    events::put(world, "aws.ecs", "ECS Task State Change", vec![arn], detail);
}

/// A task as an event tells it: with times in words.
fn detail(mut task: Value, now: Timestamp) -> Value {
    for name in TIMES {
        if let Some(seconds) = task[name].as_f64() {
            task[name] = json!(iso(seconds));
        }
    }
    if let Some(members) = task.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    for attachment in
        task.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten()
    {
        attachment["type"] = json!("eni");
    }
    task["updatedAt"] = json!(now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
    task
}

fn iso(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round() as i64;
    let at = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// "ecs: task 4c1d22e0 (web:8) is STOPPED: app exited with 1".
fn line(task: &Value) -> String {
    let last = |name: &str| task[name].as_str().and_then(|it| it.rsplit('/').next()).unwrap_or("");
    let id: String = last("taskArn").chars().take(8).collect();
    let status = task["lastStatus"].as_str().unwrap_or_default();
    let ends = task["containers"].as_array().into_iter().flatten().filter_map(|container| {
        let name = container["name"].as_str()?;
        match (container["exitCode"].as_i64(), container["reason"].as_str()) {
            (Some(code), None) => Some(format!("{name} exited with {code}")),
            (Some(code), Some(reason)) => Some(format!("{name} exited with {code}: {reason}")),
            (None, Some(reason)) => Some(format!("{name}: {reason}")),
            (None, None) => None,
        }
    });
    let mut what: Vec<String> = ends.collect();
    if task["stopCode"].as_str().is_some_and(|it| it != "EssentialContainerExited") {
        let reason = task["stoppedReason"].as_str().unwrap_or_default().to_owned();
        if !what.iter().any(|it| it.contains(&reason)) {
            what.push(reason);
        }
    }
    let separator = if what.is_empty() { "" } else { ": " };
    format!(
        "ecs: task {id} ({}) is {status}{separator}{}",
        last("taskDefinitionArn"),
        what.join(", ")
    )
}
