//! Tags of everything that EC2 has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Moment, State, filter, invalid, kind, missing_parameter, paged_list};
use crate::tags::{Tags, tag_map};
use crate::wire::{AwsError, texts};

/// AWS: "Each resource can have a maximum of 50 tags."
const MOST: usize = 50;

fn checked(tags: Tags) -> Result<Tags, AwsError> {
    if let Some(key) = tags.keys().find(|it| it.is_empty() || it.to_lowercase().starts_with("aws:"))
    {
        let message = format!("Tag keys starting with 'aws:' are reserved: {key}");
        return Err(invalid(message));
    }
    match tags.len() > MOST {
        true => Err(AwsError::bad("TagLimitExceeded", "A resource can have at most 50 tags.")),
        false => Ok(tags),
    }
}

/// The tags that a request gives what it makes.
pub(super) fn of_new(input: &Value, kind: &str) -> Result<Tags, AwsError> {
    let given = input["TagSpecification"].as_array().into_iter().flatten();
    let ours = given.filter(|it| it["ResourceType"] == kind);
    checked(ours.flat_map(|it| tag_map(&it["Tag"])).collect())
}

/// Tags as EC2 shows them.
pub(super) fn shown(state: &State, id: &str) -> Value {
    let tags = state.tags.get(id).into_iter().flatten();
    tags.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

pub(super) fn set(state: &mut State, id: &str, tags: Tags) {
    if !tags.is_empty() {
        state.tags.insert(id.to_owned(), tags);
    }
}

/// The resources that a request names; one that is not there fails it.
fn resources<'a>(state: &State, input: &'a Value) -> Result<Vec<&'a str>, AwsError> {
    let ids = texts(&input["ResourceId"]);
    if ids.is_empty() {
        return Err(missing_parameter("ResourceId"));
    }
    for id in &ids {
        let exists = state.instances.contains_key(*id)
            || state.groups.contains_key(*id)
            || state.interfaces.contains_key(*id)
            || state.addresses.contains_key(*id);
        if !exists {
            let code = match id.split('-').next() {
                Some("i") => "InvalidInstanceID.NotFound",
                Some("sg") => "InvalidGroup.NotFound",
                Some("eni") => "InvalidNetworkInterfaceID.NotFound",
                Some("eipalloc") => "InvalidAllocationID.NotFound",
                _ => "InvalidID",
            };
            return Err(AwsError::bad(code, format!("The ID '{id}' does not exist")));
        }
    }
    Ok(ids)
}

pub(super) fn create(state: &mut State, input: &Value, _: Moment) -> Answer {
    let ids = resources(state, input)?;
    let added = tag_map(&input["Tag"]);
    if added.is_empty() {
        return Err(missing_parameter("Tag"));
    }
    let mut changed = Vec::new();
    for id in ids {
        let mut tags = state.tags.get(id).cloned().unwrap_or_default();
        tags.extend(added.clone());
        changed.push((id.to_owned(), checked(tags)?));
    }
    state.tags.extend(changed);
    Ok(json!({"return": true}))
}

/// AWS: "If you specify a tag key without a tag value, we delete any tag with this key regardless
/// of its value. … If you omit this parameter, we delete all user-defined tags".
pub(super) fn delete(state: &mut State, input: &Value, _: Moment) -> Answer {
    let ids = resources(state, input)?;
    let removed = input["Tag"].as_array().cloned().unwrap_or_default();
    let goes = |key: &str, value: &str| {
        removed.is_empty()
            || removed.iter().any(|it| {
                it["Key"] == key && it["Value"].as_str().is_none_or(|wanted| wanted == value)
            })
    };
    for id in ids {
        if let Some(tags) = state.tags.get_mut(id) {
            tags.retain(|key, value| !goes(key, value));
        }
    }
    Ok(json!({"return": true}))
}

pub(super) fn describe(state: &mut State, input: &Value, _: Moment) -> Answer {
    let mut found = Vec::new();
    for (id, tags) in &state.tags {
        for (key, value) in tags {
            let property = |name: &str| match name {
                "resource-id" => Some(vec![id.clone()]),
                "resource-type" => Some(vec![kind(id).to_owned()]),
                "key" => Some(vec![key.clone()]),
                "value" => Some(vec![value.clone()]),
                _ => None,
            };
            let one = BTreeMap::from([(key.clone(), value.clone())]);
            if filter::fits(input, Some(&one), property)? {
                let shown = json!({
                    "resourceId": id, "resourceType": kind(id), "key": key, "value": value,
                });
                found.push(shown);
            }
        }
    }
    paged_list("tagSet", &found, input, "ResourceId")
}
