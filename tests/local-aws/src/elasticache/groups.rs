//! Replication groups.

use serde_json::{Value, json};

use super::{
    Answer, Life, Moment, Resource, State, arn, clusters, id, invalid, needs, new_id, paged, tags,
};
use crate::wire::{AwsError, is_true, whole};

pub(super) fn missing(id: &str) -> AwsError {
    let message = format!("ReplicationGroup {id} not found.");
    AwsError::new(404, "ReplicationGroupNotFoundFault", &message)
}

pub(super) fn create(state: &mut State, input: &Value, at: Moment) -> Answer {
    let id = new_id(input, "ReplicationGroupId")?;
    let description = input["ReplicationGroupDescription"].as_str();
    let description = description.ok_or_else(|| {
        invalid("The parameter ReplicationGroupDescription must be provided and must not be blank.")
    })?;
    if state.groups.contains_key(&id) {
        let message = format!("Replication group {id} already exists.");
        return Err(AwsError::bad("ReplicationGroupAlreadyExists", message));
    }
    let tags = tags::read(&input["Tags"])?;
    let members = members(&id, input);
    let taken = members.iter().find(|it| state.clusters.contains_key(*it));
    if taken.is_some() {
        return Err(invalid("A cluster with the name of a member already exists."));
    }
    let sharded = whole(&input["NumNodeGroups"]).unwrap_or(1) > 1;
    let mut shown = json!({
        "ReplicationGroupId": id,
        "Description": description,
        "PendingModifiedValues": {},
        "MemberClusters": members,
        "AutomaticFailover":
            if is_true(&input["AutomaticFailoverEnabled"]) { "enabled" } else { "disabled" },
        "MultiAZ": if is_true(&input["MultiAZEnabled"]) { "enabled" } else { "disabled" },
        "SnapshotRetentionLimit": whole(&input["SnapshotRetentionLimit"]).unwrap_or(0),
        "ClusterEnabled": sharded,
        "AuthTokenEnabled": false,
        "TransitEncryptionEnabled": is_true(&input["TransitEncryptionEnabled"]),
        "AtRestEncryptionEnabled": is_true(&input["AtRestEncryptionEnabled"]),
        "ARN": arn("replicationgroup", &id),
        "ReplicationGroupCreateTime": at.now.to_string(),
        "AutoMinorVersionUpgrade": true,
    });
    for (member, value) in clusters::settings(state, input)? {
        shown[member] = value;
    }
    state
        .groups
        .insert(id, Resource { shown: shown.clone(), tags, life: Life::passes("creating", at) });
    Ok(json!({"ReplicationGroup": seen(&shown, "creating")}))
}

/// The clusters of a new group: `ID-001`, …, or with more than one shard `ID-0001-001`, ….
fn members(id: &str, input: &Value) -> Vec<String> {
    let shards = whole(&input["NumNodeGroups"]).unwrap_or(1).max(1);
    let nodes = match whole(&input["ReplicasPerNodeGroup"]) {
        Some(replicas) => replicas + 1,
        None => whole(&input["NumCacheClusters"]).unwrap_or(1).max(1),
    };
    let name = |shard: u64, node: u64| match shards {
        1 => format!("{id}-{node:03}"),
        _ => format!("{id}-{shard:04}-{node:03}"),
    };
    (1..=shards).flat_map(|shard| (1..=nodes).map(move |node| name(shard, node))).collect()
}

/// A group as it is described: its settings belong to its clusters, but for the type of the nodes.
fn seen(group: &Value, status: &str) -> Value {
    let mut shown = group.clone();
    shown["Status"] = json!(status);
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, _| {
            name == "CacheNodeType" || name == "Engine" || !clusters::is_setting(name)
        });
    }
    shown
}

pub(super) fn describe(state: &State, input: &Value, at: Moment) -> Answer {
    let wanted = input["ReplicationGroupId"].as_str().map(str::to_lowercase);
    if let Some(id) = wanted.as_ref().filter(|id| !state.groups.contains_key(*id)) {
        return Err(missing(id));
    }
    let found = state.groups.iter().filter(|(id, _)| wanted.as_ref().is_none_or(|it| it == *id));
    let found: Vec<Value> = found.map(|(_, it)| seen(&it.shown, it.life.state(at.now))).collect();
    paged("ReplicationGroups", &found, input)
}

fn available<'a>(state: &'a mut State, id: &str, at: Moment) -> Result<&'a mut Resource, AwsError> {
    let group = state.groups.get_mut(id).ok_or_else(|| missing(id))?;
    match group.life.state(at.now) {
        "available" | "create-failed" => Ok(group),
        status => Err(not_available(id, status)),
    }
}

pub(super) fn not_available(id: &str, status: &str) -> AwsError {
    let message = format!("Replication group {id} is not available: its status is {status}.");
    AwsError::bad("InvalidReplicationGroupState", message)
}

pub(super) fn modify(state: &mut State, input: &Value, at: Moment) -> Answer {
    let id = id(input, "ReplicationGroupId")?;
    if let Some(name) = input["CacheParameterGroupName"].as_str() {
        needs::expect(state, &needs::PARAMETER_GROUP, name)?;
    }
    let group = available(state, &id, at)?;
    if let Some(description) = input["ReplicationGroupDescription"].as_str() {
        group.shown["Description"] = json!(description);
    }
    if let Some(name) = input["CacheParameterGroupName"].as_str() {
        group.shown["CacheParameterGroup"]["CacheParameterGroupName"] = json!(name.to_lowercase());
    }
    group.life = Life::passes("modifying", at);
    Ok(json!({"ReplicationGroup": seen(&group.shown, "modifying")}))
}

/// AWS: "By default, this operation deletes the entire replication group, including the
/// primary/primaries and all of the read replicas." A retained primary is a cluster of its own.
pub(super) fn delete(state: &mut State, input: &Value, at: Moment) -> Answer {
    let id = id(input, "ReplicationGroupId")?;
    let group = available(state, &id, at)?;
    group.life = Life::passes("deleting", at);
    let answer = json!({"ReplicationGroup": seen(&group.shown, "deleting")});
    if is_true(&input["RetainPrimaryCluster"]) {
        let Some(primary) = clusters::members(&group.shown).into_iter().next() else {
            return Ok(answer);
        };
        let mut shown = clusters::member(&group.shown, &primary);
        group.shown["MemberClusters"] =
            clusters::members(&group.shown).into_iter().skip(1).collect();
        if let Some(members) = shown.as_object_mut() {
            members.remove("ReplicationGroupId");
        }
        let retained = Resource { shown, tags: group.tags.clone(), life: Life::stays("available") };
        state.clusters.insert(primary, retained);
    }
    Ok(answer)
}
