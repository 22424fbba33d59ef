//! Tags of clusters, task definitions, services and tasks.

use serde_json::{Value, json};

use super::State;
use crate::wire::AwsError;
use crate::world::World;

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
