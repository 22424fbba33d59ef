//! Tags of parameters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Parameter, State, constraint};
use crate::wire::AwsError;
use crate::world::World;

/// AWS: "Most resources can have a maximum of 50 tags."
const MOST: usize = 50;

/// Tags as a request gives them.
pub(super) fn read(tags: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let mut read = BTreeMap::new();
    for tag in tags.as_array().into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        let value = tag["Value"].as_str().unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 || key.to_lowercase().starts_with("aws:") {
            let must = "have length between 1 and 128 and not begin with aws:";
            return Err(constraint(key, "tags.member.key", must));
        }
        if value.chars().count() > 256 {
            let must = "have length less than or equal to 256";
            return Err(constraint(value, "tags.member.value", must));
        }
        read.insert(key.to_owned(), value.to_owned());
    }
    room(read.len())?;
    Ok(read)
}

fn room(count: usize) -> Result<(), AwsError> {
    match count > MOST {
        true => Err(AwsError::bad("TooManyTagsError", "A resource can have at most 50 tags.")),
        false => Ok(()),
    }
}

/// A resource is named by the parameter's name, not by its ARN.
fn resource<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Parameter, AwsError> {
    if input["ResourceType"] != "Parameter" {
        let message = "local-aws has parameters, and no other resources of Systems Manager.";
        return Err(AwsError::bad("InvalidResourceType", message));
    }
    let id = input["ResourceId"].as_str().unwrap_or_default();
    let message = "The resource ID is not valid. Verify that you entered the correct ID and try \
                   again.";
    state.parameters.get_mut(id).ok_or_else(|| AwsError::bad("InvalidResourceId", message))
}

pub(super) fn add(world: &World, input: &Value) -> Answer {
    let added = read(&input["Tags"])?;
    let mut state = world.state();
    let parameter = resource(&mut state.ssm, input)?;
    let mut tags = parameter.tags.clone();
    tags.extend(added);
    room(tags.len())?;
    parameter.tags = tags;
    Ok(json!({}))
}

pub(super) fn remove(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let parameter = resource(&mut state.ssm, input)?;
    for key in input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        parameter.tags.remove(key);
    }
    Ok(json!({}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let tags = resource(&mut state.ssm, input)?.tags.iter();
    let tags: Vec<Value> = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    Ok(json!({"TagList": tags}))
}
