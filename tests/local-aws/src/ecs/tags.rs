//! Tags of clusters, task definitions, services and tasks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{State, task_definitions, tasks};
use crate::wire::AwsError;
use crate::world::{State as Account, World};

/// The tags of a resource as ECS lists them.
pub(super) fn of(state: &State, arn: &str) -> Value {
    let tags = state.tags.get(arn).into_iter().flatten();
    tags.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Adds the tags of an input's list; from then on the resource is one that can be tagged.
pub(super) fn set(state: &mut State, arn: &str, tags: &Value) {
    let resource = state.tags.entry(arn.to_owned()).or_default();
    for tag in tags.as_array().into_iter().flatten() {
        if let Some(key) = tag["key"].as_str() {
            let value = tag["value"].as_str().unwrap_or_default();
            resource.insert(key.to_owned(), value.to_owned());
        }
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

/// AWS: "Maximum number of tags per resource - 50 … Maximum key length - 128 … Maximum value
/// length - 256 … Do not use aws:, AWS:, or any upper or lowercase combination of such as a prefix
/// for either keys or values".
pub(super) fn check(tags: &Value) -> Result<(), AwsError> {
    let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
    if tags.len() > MOST {
        return Err(too_many());
    }
    let reserved = |it: &str| it.to_ascii_lowercase().starts_with("aws:");
    for tag in tags {
        let key = tag["key"].as_str().unwrap_or_default();
        let value = tag["value"].as_str().unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 || reserved(key) {
            return Err(invalid(format!("The tag key '{key}' is invalid.")));
        }
        if value.chars().count() > 256 || reserved(value) {
            return Err(invalid(format!("The value of the tag '{key}' is invalid.")));
        }
    }
    Ok(())
}

/// How many tags a resource can have.
const MOST: usize = 50;

fn too_many() -> AwsError {
    invalid("The maximum number of tags per resource is 50.")
}

pub(super) fn tag(world: &World, input: &Value) -> Result<Value, AwsError> {
    check(&input["tags"])?;
    let mut state = world.state();
    let arn = known(&state.ecs, input)?;
    let mut keys: Vec<&str> = state.ecs.tags[&arn].keys().map(String::as_str).collect();
    let added = input["tags"].as_array().into_iter().flatten().filter_map(|it| it["key"].as_str());
    keys.extend(added);
    keys.sort_unstable();
    keys.dedup();
    if keys.len() > MOST {
        return Err(too_many());
    }
    set(&mut state.ecs, &arn, &input["tags"]);
    Ok(json!({}))
}

pub(super) fn untag(world: &World, input: &Value) -> Result<Value, AwsError> {
    let mut state = world.state();
    let arn = known(&state.ecs, input)?;
    let tags = state.ecs.tags.entry(arn).or_default();
    for key in input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        tags.remove(key);
    }
    Ok(json!({}))
}

pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let arn = known(&state.ecs, input)?;
    Ok(json!({"tags": of(&state.ecs, &arn)}))
}

/// Everything that exists now, with its tags, which may be none: clusters, services and their task
/// sets, ACTIVE task definitions, tasks that have not stopped.
pub(crate) fn tagged(state: &Account, now: Timestamp) -> Vec<(String, BTreeMap<String, String>)> {
    let ecs = &state.ecs;
    let now = now.as_millisecond() as f64 / 1000.0;
    let tasks: BTreeSet<&str> = tasks::in_use(ecs).map(|(task, _)| task).collect();
    let exists = |arn: &str| {
        let mut path = arn.split(':').nth(5).unwrap_or_default().split('/');
        match (path.next(), path.next(), path.next()) {
            (Some("task"), ..) => tasks.contains(arn),
            (Some("task-definition"), ..) => task_definitions::is_active(ecs, arn),
            // Nobody may have asked ECS since it has drained.
            (Some("service" | "task-set"), Some(cluster), Some(name)) => {
                !ecs.leaving.has_drained(&(cluster.to_owned(), name.to_owned()), now)
            }
            _ => true,
        }
    };
    let tags = ecs.tags.iter().filter(|(arn, _)| exists(arn));
    tags.map(|(arn, tags)| (arn.clone(), tags.clone())).collect()
}

fn known(state: &State, input: &Value) -> Result<String, AwsError> {
    let arn = input["resourceArn"].as_str().unwrap_or_default();
    if !arn.starts_with("arn:") {
        return Err(invalid("Invalid arn syntax."));
    }
    match state.tags.contains_key(arn) {
        true => Ok(arn.to_owned()),
        false => Err(invalid("The specified resource could not be found.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pace, Service};

    #[tokio::test(start_paused = true)]
    async fn what_is_tagged_is_what_is_there() {
        let world = World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL);
        let tags = json!([{"key": "pull-request", "value": "7"}]);
        let containers = json!([{"name": "app", "image": "registry/app:7", "memory": 256}]);
        for (operation, mut input) in [
            ("CreateCluster", json!({"clusterName": "live"})),
            (
                "RegisterTaskDefinition",
                json!({"family": "web", "containerDefinitions": containers}),
            ),
            (
                "CreateService",
                json!({
                    "cluster": "live", "serviceName": "web", "taskDefinition": "web",
                    "desiredCount": 1,
                }),
            ),
        ] {
            input["tags"] = tags.clone();
            world.call(Service::Ecs, operation, input).await.unwrap();
        }
        let tagged = || {
            let found = tagged(&world.state(), world.clock().now());
            assert!(found.iter().all(|(_, tags)| tags["pull-request"] == "7"));
            let names = found.iter().map(|(arn, _)| arn.splitn(6, ':').last().unwrap());
            names.map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(tagged(), "cluster/live service/live/web task-definition/web:1");
        for (operation, input) in [
            ("DeleteService", json!({"cluster": "live", "service": "web", "force": true})),
            ("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})),
        ] {
            world.call(Service::Ecs, operation, input).await.unwrap();
        }
        assert_eq!(tagged(), "cluster/live service/live/web", "it drains");
        world.clock().sleep(Pace::REAL.service_drain).await;
        assert_eq!(tagged(), "cluster/live");
    }
}
