//! Parameters are read by their names.

use serde_json::{Value, json};

use super::{Answer, Parameter, Version, constraint, epoch, invalid};
use crate::wire::{AwsError, page};
use crate::world::{ACCOUNT, World};

/// A parameter as everybody reads it.
pub(super) fn shown(parameter: &Parameter, version: &Version, decrypted: bool) -> Value {
    json!({
        "ARN": parameter.arn(),
        "DataType": version.told["DataType"],
        "LastModifiedDate": epoch(version.at),
        "Name": parameter.name,
        "Type": parameter.kind,
        "Value": parameter.told_value(version, decrypted),
        "Version": version.number,
    })
}

/// A version without its value.
pub(super) fn metadata(parameter: &Parameter, version: &Version) -> Value {
    let mut shown = json!({
        "LastModifiedDate": epoch(version.at),
        "LastModifiedUser": format!("arn:aws:iam::{ACCOUNT}:root"),
        "Name": parameter.name,
        "Policies": [],
        "Tier": version.tier,
        "Type": parameter.kind,
        "Version": version.number,
    });
    for (member, value) in version.told.as_object().into_iter().flatten() {
        shown[member] = value.clone();
    }
    shown
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let name = input["Name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(constraint(name, "name", "have length greater than or equal to 1"));
    }
    let state = world.state();
    let (parameter, version, selector) = state.ssm.find(name)?;
    let mut shown = shown(parameter, version, input["WithDecryption"] == true);
    if let Some(selector) = selector {
        shown["Selector"] = json!(selector);
    }
    Ok(json!({"Parameter": shown}))
}

/// One to ten names, each of them once.
pub(super) fn names(input: &Value) -> Result<Vec<String>, AwsError> {
    let names = input["Names"].as_array().into_iter().flatten();
    let names: Vec<String> = names.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    let list = format!("[{}]", names.join(", "));
    match names.len() {
        0 => Err(constraint(&list, "names", "have length greater than or equal to 1")),
        11.. => Err(constraint(&list, "names", "have length less than or equal to 10")),
        _ if names.iter().enumerate().any(|(n, it)| names[..n].contains(it)) => {
            Err(invalid("Duplicate parameter names are not allowed."))
        }
        _ => Ok(names),
    }
}

/// Names that are not found are no error here: they are `InvalidParameters`.
pub(super) fn get_many(world: &World, input: &Value) -> Answer {
    let names = names(input)?;
    let state = world.state();
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match state.ssm.find(&name) {
            Ok((parameter, version, selector)) => {
                let mut shown = shown(parameter, version, input["WithDecryption"] == true);
                if let Some(selector) = selector {
                    shown["Selector"] = json!(selector);
                }
                found.push(shown);
            }
            Err(_) => unknown.push(name),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": unknown}))
}

/// Every version that is still there, the oldest first.
pub(super) fn history(world: &World, input: &Value) -> Answer {
    let limit = limit(input, 50)?;
    let state = world.state();
    let (parameter, ..) = state.ssm.find(input["Name"].as_str().unwrap_or_default())?;
    let decrypted = input["WithDecryption"] == true;
    let versions = parameter.versions.iter().map(|version| {
        let mut shown = metadata(parameter, version);
        shown["Value"] = json!(parameter.told_value(version, decrypted));
        shown
    });
    paged(&versions.collect::<Vec<Value>>(), input, limit)
}

/// `MaxResults`, which is also the most there can be.
pub(super) fn limit(input: &Value, most: usize) -> Result<usize, AwsError> {
    let Some(asked) = input["MaxResults"].as_i64() else { return Ok(most) };
    match usize::try_from(asked) {
        Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
        _ => {
            let must = format!("have value between 1 and {most}");
            Err(constraint(&asked.to_string(), "maxResults", &must))
        }
    }
}

pub(super) fn paged(items: &[Value], input: &Value, limit: usize) -> Answer {
    let (items, next) = page(items, &input["NextToken"], limit, "InvalidNextToken")?;
    let mut answer = json!({"Parameters": items});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}
