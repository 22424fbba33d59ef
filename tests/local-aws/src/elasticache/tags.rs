//! Tags of everything that `ElastiCache` has.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Resource, State, arn, clusters, groups, invalid, needs, serverless};
use crate::tags::{Tags, tag_list, tag_map};
use crate::wire::{AwsError, texts};

/// As many as with other services: `TagQuotaPerResourceExceeded` is modelled without a number.
const MOST: usize = 50;

/// Tags as a request gives them.
pub(super) fn read(list: &Value) -> Result<Tags, AwsError> {
    let tags = tag_map(list);
    if tags.keys().any(|key| key.is_empty() || key.to_lowercase().starts_with("aws:")) {
        return Err(invalid("A tag key must not be empty or begin with 'aws:'."));
    }
    room(&tags)?;
    Ok(tags)
}

fn room(tags: &Tags) -> Result<(), AwsError> {
    match tags.len() > MOST {
        true => Err(AwsError::bad("TagQuotaPerResourceExceeded", "At most 50 tags are allowed.")),
        false => Ok(()),
    }
}

/// The kind and the id that an ARN names.
fn named(input: &Value) -> Result<(&str, String), AwsError> {
    let given = input["ResourceName"].as_str().unwrap_or_default();
    let parts: Vec<&str> = given.split(':').collect();
    match parts.as_slice() {
        [.., kind, id] if given == arn(kind, id) => Ok((kind, id.to_lowercase())),
        _ => Err(AwsError::bad("InvalidARN", format!("{given} is not a valid ARN."))),
    }
}

/// The tags a request is about. AWS: "If the cluster is not in the available state,
/// `ListTagsForResource` returns an error."
fn tags<'a>(state: &'a mut State, input: &Value, now: Timestamp) -> Result<&'a mut Tags, AwsError> {
    let (kind, id) = named(input)?;
    let group =
        clusters::group_of(state, &id).and_then(|it| it.shown["ReplicationGroupId"].as_str());
    let group = group.map(str::to_owned);
    let (found, missing) = match (kind, group) {
        ("replicationgroup", _) => (state.groups.get_mut(&id), groups::missing(&id)),
        ("cluster", Some(group)) => (state.groups.get_mut(&group), clusters::missing(&id)),
        ("cluster", None) => (state.clusters.get_mut(&id), clusters::missing(&id)),
        ("serverlesscache", _) => (state.serverless.get_mut(&id), serverless::missing(&id)),
        ("parametergroup", _) => {
            (state.parameter_groups.get_mut(&id), needs::PARAMETER_GROUP.missing(&id))
        }
        ("subnetgroup", _) => (state.subnet_groups.get_mut(&id), needs::SUBNET_GROUP.missing(&id)),
        _ => (None, AwsError::bad("InvalidARN", format!("There are no tags of a {kind}."))),
    };
    let found = found.ok_or(missing)?;
    match found.life.state(now) {
        "available" => Ok(&mut found.tags),
        status => Err(not_available(kind, &id, status)),
    }
}

fn not_available(kind: &str, id: &str, status: &str) -> AwsError {
    match kind {
        "replicationgroup" => groups::not_available(id, status),
        "serverlesscache" => serverless::not_available(id, status),
        _ => {
            let message = format!("{id} is either not present or not available.");
            AwsError::new(404, "CacheClusterNotFound", &message)
        }
    }
}

pub(super) fn add(state: &mut State, input: &Value, now: Timestamp) -> Answer {
    let added = read(&input["Tags"])?;
    let tags = tags(state, input, now)?;
    let mut all = tags.clone();
    all.extend(added);
    room(&all)?;
    *tags = all;
    Ok(json!({"TagList": tag_list(tags)}))
}

pub(super) fn remove(state: &mut State, input: &Value, now: Timestamp) -> Answer {
    let tags = tags(state, input, now)?;
    let keys = texts(&input["TagKeys"]);
    if let Some(unknown) = keys.iter().find(|it| !tags.contains_key(**it)) {
        let message = format!("The tag {unknown} was not found.");
        return Err(AwsError::new(404, "TagNotFound", &message));
    }
    tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({"TagList": tag_list(tags)}))
}

pub(super) fn list(state: &mut State, input: &Value, now: Timestamp) -> Answer {
    Ok(json!({"TagList": tag_list(tags(state, input, now)?)}))
}

/// Everything that exists. AWS: "Tags on replication groups will be replicated to all nodes."
pub(super) fn all(state: &State, now: Timestamp) -> Vec<(String, Tags)> {
    let tags_of = |it: &Resource| {
        let arn = it.shown["ARN"].as_str().unwrap_or_default();
        (arn.to_owned(), it.tags.clone())
    };
    let exists = |it: &&Resource| !it.life.is_over(now);
    let groups = state.groups.values().filter(exists);
    let members = groups.clone().flat_map(|group| {
        let ids = clusters::members(&group.shown).into_iter();
        ids.map(|id| (arn("cluster", &id), group.tags.clone()))
    });
    let others =
        [&state.clusters, &state.serverless, &state.parameter_groups, &state.subnet_groups];
    let others = others.into_iter().flat_map(BTreeMap::values).filter(exists);
    groups.map(tags_of).chain(members).chain(others.map(tags_of)).collect()
}
