//! Cache clusters: those of their own, and those that are members of a replication group.

use serde_json::{Value, json};

use super::{Answer, Life, Moment, Resource, State, arn, id, needs, new_id, paged, tags};
use crate::wire::{AwsError, is_true, texts, whole};

pub(super) fn missing(id: &str) -> AwsError {
    AwsError::new(404, "CacheClusterNotFound", &format!("CacheCluster not found: {id}"))
}

/// What clusters show of the settings they were made with; the members of a group show those of
/// the group.
const SETTINGS: [&str; 6] = [
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "CacheParameterGroup",
    "CacheSubnetGroupName",
    "SecurityGroups",
];

pub(super) fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name)
}

/// The settings of a request; what they name has to be there.
pub(super) fn settings(
    state: &State,
    input: &Value,
) -> Result<Vec<(&'static str, Value)>, AwsError> {
    let text =
        |member: &str, default: &'static str| input[member].as_str().unwrap_or(default).to_owned();
    let parameters = text("CacheParameterGroupName", "default.redis7").to_lowercase();
    needs::expect(state, &needs::PARAMETER_GROUP, &parameters)?;
    let subnets = text("CacheSubnetGroupName", "default").to_lowercase();
    needs::expect(state, &needs::SUBNET_GROUP, &subnets)?;
    let security = texts(&input["SecurityGroupIds"]).into_iter();
    let security: Value =
        security.map(|id| json!({"SecurityGroupId": id, "Status": "active"})).collect();
    let parameters =
        json!({"CacheParameterGroupName": parameters, "ParameterApplyStatus": "in-sync"});
    Ok(vec![
        ("CacheNodeType", json!(text("CacheNodeType", "cache.t4g.micro"))),
        ("Engine", json!(text("Engine", "redis"))),
        ("EngineVersion", json!(text("EngineVersion", "7.1.0"))),
        ("CacheParameterGroup", parameters),
        ("CacheSubnetGroupName", json!(subnets)),
        ("SecurityGroups", security),
    ])
}

pub(super) fn create(state: &mut State, input: &Value, at: Moment) -> Answer {
    let id = new_id(input, "CacheClusterId")?;
    if input["ReplicationGroupId"].is_string() {
        let message = "local-aws adds no cluster to a replication group";
        return Err(AwsError::bad("InvalidParameterCombination", message));
    }
    let is_member = state.groups.values().any(|it| members(&it.shown).contains(&id));
    if is_member || state.clusters.contains_key(&id) {
        let message = format!("Cache cluster {id} already exists.");
        return Err(AwsError::bad("CacheClusterAlreadyExists", message));
    }
    let tags = tags::read(&input["Tags"])?;
    let mut shown = json!({
        "CacheClusterId": id,
        "NumCacheNodes": whole(&input["NumCacheNodes"]).unwrap_or(1),
        "CacheClusterCreateTime": at.now.to_string(),
        "ARN": arn("cluster", &id),
    });
    for (member, value) in settings(state, input)? {
        shown[member] = value;
    }
    let answer = json!({"CacheCluster": seen(&shown, "creating")});
    state.clusters.insert(id, Resource { shown, tags, life: Life::passes("creating", at) });
    Ok(answer)
}

fn seen(cluster: &Value, status: &str) -> Value {
    let mut shown = cluster.clone();
    shown["CacheClusterStatus"] = json!(status);
    shown
}

/// The ids of a group's clusters.
pub(super) fn members(group: &Value) -> Vec<String> {
    texts(&group["MemberClusters"]).into_iter().map(str::to_owned).collect()
}

/// A member of a group, as clusters are described.
pub(super) fn member(group: &Value, id: &str) -> Value {
    let mut shown = json!({
        "CacheClusterId": id,
        "NumCacheNodes": 1,
        "CacheClusterCreateTime": group["ReplicationGroupCreateTime"],
        "ReplicationGroupId": group["ReplicationGroupId"],
        "ARN": arn("cluster", id),
    });
    for name in SETTINGS {
        shown[name] = group[name].clone();
    }
    shown
}

/// Every cluster, in the order of their ids.
fn all(state: &State, at: Moment) -> Vec<Value> {
    let own = state.clusters.values().map(|it| seen(&it.shown, it.life.state(at.now)));
    let of_groups = state.groups.values().flat_map(|group| {
        let status = group.life.state(at.now);
        let ids = members(&group.shown).into_iter();
        ids.map(move |id| seen(&member(&group.shown, &id), status))
    });
    let mut found: Vec<Value> = own.chain(of_groups).collect();
    found.sort_by_key(|it| it["CacheClusterId"].as_str().map(str::to_owned));
    found
}

pub(super) fn describe(state: &State, input: &Value, at: Moment) -> Answer {
    let mut found = all(state, at);
    if let Some(id) = input["CacheClusterId"].as_str().map(str::to_lowercase) {
        found.retain(|it| it["CacheClusterId"] == id);
        if found.is_empty() {
            return Err(missing(&id));
        }
    }
    if is_true(&input["ShowCacheClustersNotInReplicationGroups"]) {
        found.retain(|it| it["ReplicationGroupId"].is_null());
    }
    paged("CacheClusters", &found, input)
}

/// AWS: "This operation is not valid for: … A cluster that is the last read replica of a
/// replication group, … A cluster that is the primary": here for every member of a group.
pub(super) fn delete(state: &mut State, input: &Value, at: Moment) -> Answer {
    let id = id(input, "CacheClusterId")?;
    let group = state.groups.values().find(|it| members(&it.shown).contains(&id));
    if let Some(group) = group {
        let group = &group.shown["ReplicationGroupId"];
        let message = format!("Cluster {id} is serving in replication group {group}.");
        return Err(AwsError::bad("InvalidCacheClusterState", message));
    }
    let cluster = state.clusters.get_mut(&id).ok_or_else(|| missing(&id))?;
    let status = cluster.life.state(at.now);
    if status != "available" {
        let message = format!("Cluster {id} is not available: its status is {status}.");
        return Err(AwsError::bad("InvalidCacheClusterState", message));
    }
    cluster.life = Life::passes("deleting", at);
    Ok(json!({"CacheCluster": seen(&cluster.shown, "deleting")}))
}

/// Whether a cluster or a group has this value of a setting.
pub(super) fn uses(state: &State, setting: &str, name: &str) -> bool {
    let mut all = state.groups.values().chain(state.clusters.values());
    all.any(|it| {
        let value = &it.shown[setting];
        *value == name || value["CacheParameterGroupName"] == name
    })
}

/// The tags of a member are those of its group.
pub(super) fn group_of<'a>(state: &'a State, id: &str) -> Option<&'a Resource> {
    state.groups.values().find(|it| members(&it.shown).iter().any(|member| member == id))
}
