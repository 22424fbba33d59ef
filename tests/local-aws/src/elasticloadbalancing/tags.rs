//! Tags of everything that Elastic Load Balancing has.

use serde_json::{Value, json};

use super::{Answer, State, invalid, kind_of};
use crate::tags::{Tags, tag_list, tag_map};
use crate::wire::{AwsError, texts};

/// As many as with other services: `TooManyTags` is modelled without a number.
const MOST: usize = 50;

/// Tags as a request gives them.
pub(super) fn read(list: &Value) -> Result<Tags, AwsError> {
    let tags = tag_map(list);
    if tags.len() < list.as_array().map_or(0, Vec::len) {
        return Err(AwsError::bad("DuplicateTagKeys", "A tag key was specified more than once"));
    }
    if tags.keys().any(|key| key.is_empty() || key.to_lowercase().starts_with("aws:")) {
        return Err(invalid("A tag key must not be empty or begin with 'aws:'"));
    }
    room(&tags)?;
    Ok(tags)
}

fn room(tags: &Tags) -> Result<(), AwsError> {
    match tags.len() > MOST {
        true => Err(AwsError::bad("TooManyTags", "The maximum number of tags is 50")),
        false => Ok(()),
    }
}

/// AWS: "You can specify up to 20 resources in a single call." One that is not there fails it.
fn resources<'a>(state: &State, input: &'a Value) -> Result<Vec<&'a str>, AwsError> {
    let arns = texts(&input["ResourceArns"]);
    if arns.is_empty() || arns.len() > 20 {
        return Err(invalid("Value at 'resourceArns' must have length between 1 and 20"));
    }
    for arn in &arns {
        let kind = kind_of(arn);
        if kind.is_empty() {
            return Err(invalid(format!("'{arn}' is not a valid ARN")));
        }
        state.one(kind, arn)?;
    }
    Ok(arns)
}

pub(super) fn add(state: &mut State, input: &Value) -> Answer {
    let added = read(&input["Tags"])?;
    let arns = resources(state, input)?;
    for arn in &arns {
        let mut tags = state.resources.get(*arn).map(|it| it.tags.clone()).unwrap_or_default();
        tags.extend(added.clone());
        room(&tags)?;
    }
    for arn in arns {
        if let Some(resource) = state.resources.get_mut(arn) {
            resource.tags.extend(added.clone());
        }
    }
    Ok(json!({}))
}

pub(super) fn remove(state: &mut State, input: &Value) -> Answer {
    let keys = texts(&input["TagKeys"]);
    for arn in resources(state, input)? {
        if let Some(resource) = state.resources.get_mut(arn) {
            resource.tags.retain(|key, _| !keys.contains(&key.as_str()));
        }
    }
    Ok(json!({}))
}

pub(super) fn describe(state: &State, input: &Value) -> Answer {
    let arns = resources(state, input)?.into_iter();
    let shown = arns.filter_map(|arn| {
        let tags = tag_list(&state.resources.get(arn)?.tags);
        Some(json!({"ResourceArn": arn, "Tags": tags}))
    });
    Ok(json!({"TagDescriptions": shown.collect::<Vec<_>>()}))
}
