//! `ElastiCache`: replication groups, clusters, serverless caches and what they need.

mod clusters;
mod groups;
mod life;
mod needs;
mod serverless;
mod tags;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{AwsError, Call, Reply, page, whole};
use crate::world::{ACCOUNT, REGION, State as Account, World, unknown};
use life::Life;

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    /// Each kind by its ids, which are in lower case.
    groups: BTreeMap<String, Resource>,
    clusters: BTreeMap<String, Resource>,
    serverless: BTreeMap<String, Resource>,
    parameter_groups: BTreeMap<String, Resource>,
    subnet_groups: BTreeMap<String, Resource>,
}

struct Resource {
    /// As its Describe operation shows it, but for its status.
    shown: Value,
    tags: BTreeMap<String, String>,
    life: Life,
}

/// When a request came, and how long the account takes.
#[derive(Clone, Copy)]
struct Moment {
    now: Timestamp,
    pace: Duration,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    let at = Moment { now: world.clock().now(), pace: world.pace().cache_delete };
    let mut account = world.state();
    let state = &mut account.elasticache;
    state.forget(at.now);
    match call.operation.as_str() {
        "CreateReplicationGroup" => groups::create(state, input, at),
        "DescribeReplicationGroups" => groups::describe(state, input, at),
        "ModifyReplicationGroup" => groups::modify(state, input, at),
        "DeleteReplicationGroup" => groups::delete(state, input, at),
        "CreateCacheCluster" => clusters::create(state, input, at),
        "DescribeCacheClusters" => clusters::describe(state, input, at),
        "DeleteCacheCluster" => clusters::delete(state, input, at),
        "CreateServerlessCache" => serverless::create(state, input, at),
        "DescribeServerlessCaches" => serverless::describe(state, input, at),
        "DeleteServerlessCache" => serverless::delete(state, input, at),
        "CreateCacheParameterGroup" => needs::create(state, input, &needs::PARAMETER_GROUP),
        "DescribeCacheParameterGroups" => needs::describe(state, input, &needs::PARAMETER_GROUP),
        "DeleteCacheParameterGroup" => needs::delete(state, input, &needs::PARAMETER_GROUP),
        "CreateCacheSubnetGroup" => needs::create(state, input, &needs::SUBNET_GROUP),
        "DescribeCacheSubnetGroups" => needs::describe(state, input, &needs::SUBNET_GROUP),
        "DeleteCacheSubnetGroup" => needs::delete(state, input, &needs::SUBNET_GROUP),
        "AddTagsToResource" => tags::add(state, input, at.now),
        "RemoveTagsFromResource" => tags::remove(state, input, at.now),
        "ListTagsForResource" => tags::list(state, input, at.now),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

impl World {
    /// Puts a replication group, cluster or serverless cache into a state, `snapshotting` for one,
    /// until it is put into another.
    pub fn cache_state(&self, id: &str, state: &str) {
        let mut account = self.state();
        let caches = &mut account.elasticache;
        for kind in [&mut caches.groups, &mut caches.clusters, &mut caches.serverless] {
            if let Some(resource) = kind.get_mut(&id.to_lowercase()) {
                resource.life = Life::stays(state);
            }
        }
    }
}

/// The ARN and the tags of everything that exists.
pub(crate) fn tagged(state: &Account, now: Timestamp) -> Vec<(String, BTreeMap<String, String>)> {
    tags::all(&state.elasticache, now)
}

impl State {
    /// What has been deleted long enough is gone.
    fn forget(&mut self, now: Timestamp) {
        for kind in [&mut self.groups, &mut self.clusters, &mut self.serverless] {
            kind.retain(|_, it| !it.life.is_over(now));
        }
    }
}

/// What `ElastiCache` calls the items of a list.
pub(crate) fn item_name(list: &str) -> &'static str {
    match list {
        "CacheClusters" => "CacheCluster",
        "CacheNodes" => "CacheNode",
        "CacheParameterGroups" => "CacheParameterGroup",
        "CacheSubnetGroups" => "CacheSubnetGroup",
        "MemberClusters" => "ClusterId",
        "NodeGroups" => "NodeGroup",
        "NodeGroupMembers" => "NodeGroupMember",
        "ReplicationGroups" => "ReplicationGroup",
        "SecurityGroupIds" => "SecurityGroupId",
        "SubnetIds" => "SubnetId",
        "Subnets" => "Subnet",
        "TagList" => "Tag",
        _ => "member",
    }
}

fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:{kind}:{id}")
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValue", message)
}

/// The id a request names. AWS: "This parameter is stored as a lowercase string."
fn id(input: &Value, member: &str) -> Result<String, AwsError> {
    let id = input[member].as_str().unwrap_or_default().to_lowercase();
    match id.is_empty() {
        true => {
            Err(invalid(format!("The parameter {member} must be provided and must not be blank.")))
        }
        false => Ok(id),
    }
}

/// The id of something new. AWS: "A name must contain from 1 to 40 alphanumeric characters or
/// hyphens. The first character must be a letter. A name cannot end with a hyphen or contain two
/// consecutive hyphens."
fn new_id(input: &Value, member: &str) -> Result<String, AwsError> {
    new_id_up_to(input, member, 40)
}

fn new_id_up_to(input: &Value, member: &str, most: usize) -> Result<String, AwsError> {
    let id = id(input, member)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let wrong = id.len() > most
        || !id.chars().all(fits)
        || !id.starts_with(|c: char| c.is_ascii_alphabetic())
        || id.ends_with('-')
        || id.contains("--");
    match wrong {
        true => Err(invalid(format!("The parameter {member} is not a valid identifier."))),
        false => Ok(id),
    }
}

/// One page. AWS, of `MaxRecords`: "Default: 100 … Constraints: minimum 20; maximum 100."
fn paged(list: &str, items: &[Value], input: &Value) -> Answer {
    let most = match &input["MaxRecords"] {
        Value::Null => 100,
        given => whole(given)
            .filter(|it| (20..=100).contains(it))
            .ok_or_else(|| invalid("MaxRecords must be between 20 and 100"))?,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let (items, next) = page(items, &input["Marker"], most, "InvalidParameterValue")?;
    let mut answer = json!({list: items});
    if let Some(next) = next {
        answer["Marker"] = json!(next);
    }
    Ok(answer)
}
