//! Clusters.

use std::time::Duration;

use serde_json::{Value, json};

use super::{State, capacity, tags, tasks};
use crate::wire::{AwsError, page};
use crate::world::{ACCOUNT, REGION, World};

/// The name of the cluster that an input means: a name, an ARN, or nothing for `default`.
pub(super) fn resolve(state: &State, cluster: &Value) -> Result<String, AwsError> {
    let name = name_of(cluster);
    match state.clusters.get(&name) {
        Some(cluster) if cluster["status"] == "ACTIVE" => Ok(name),
        _ => Err(AwsError::bad("ClusterNotFoundException", "Cluster not found.")),
    }
}

/// The name inside an input; AWS: "If you do not specify a cluster, the default cluster is
/// assumed."
fn name_of(cluster: &Value) -> String {
    let text = cluster.as_str().filter(|it| !it.is_empty()).unwrap_or("default");
    text.rsplit('/').next().unwrap_or(text).to_owned()
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}")
}

pub(super) fn create(world: &World, input: &Value) -> Result<Value, AwsError> {
    let name = name_of(&input["clusterName"]);
    let valid = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    if name.len() > 255 || !name.chars().all(valid) {
        let message = "Cluster name must be 1-255 letters, digits, hyphens and underscores.";
        return Err(AwsError::bad("InvalidParameterException", message));
    }
    tags::check(&input["tags"])?;
    check_providers(input)?;
    let mut state = world.state();
    let ecs = &mut state.ecs;
    let arn = arn(&name);
    if ecs.clusters.get(&name).is_none_or(|it| it["status"] != "ACTIVE") {
        let list = |member: &str| match &input[member] {
            Value::Array(items) => json!(items),
            _ => json!([]),
        };
        let cluster = json!({
            "clusterArn": arn,
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "statistics": [],
            "settings": list("settings"),
            "capacityProviders": list("capacityProviders"),
            "defaultCapacityProviderStrategy": list("defaultCapacityProviderStrategy"),
        });
        ecs.clusters.insert(name.clone(), cluster);
        tags::set(ecs, &arn, &input["tags"]);
    }
    Ok(json!({"cluster": shown(ecs, &name, true)}))
}

fn shown(state: &State, name: &str, with_tags: bool) -> Value {
    let mut cluster = state.clusters[name].clone();
    // AWS: "The number of services that are running on the cluster in an ACTIVE state." One that
    // drains is not.
    let active =
        state.services.iter().filter(|(key, it)| key.0 == name && it["status"] == "ACTIVE");
    cluster["activeServicesCount"] = json!(active.count());
    // AWS: "The number of tasks in the cluster that are in the RUNNING state", and in PENDING. A
    // task that is on its way there is pending; one that is on its way out is neither, and still
    // keeps the cluster from being deleted.
    let count =
        |wanted: &[&str]| tasks::statuses(state, name).filter(|it| wanted.contains(it)).count();
    cluster["runningTasksCount"] = json!(count(&["RUNNING"]));
    cluster["pendingTasksCount"] = json!(count(&["PROVISIONING", "PENDING", "ACTIVATING"]));
    if with_tags {
        cluster["tags"] = tags::of(state, &arn(name));
    }
    cluster
}

pub(super) fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let wanted: Vec<Value> = match &input["clusters"] {
        Value::Array(items) if !items.is_empty() => items.clone(),
        _ => vec![json!("default")],
    };
    if wanted.len() > 100 {
        let message = "DescribeClusters cannot be called with more than 100 clusters.";
        return Err(AwsError::bad("InvalidParameterException", message));
    }
    let with_tags = includes(input, "TAGS");
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for wanted in wanted {
        let name = name_of(&wanted);
        if state.ecs.clusters.contains_key(&name) {
            clusters.push(shown(&state.ecs, &name, with_tags));
        } else {
            failures.push(json!({"arn": arn(&name), "reason": "MISSING"}));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

/// Whether an input's `include` names something.
pub(super) fn includes(input: &Value, what: &str) -> bool {
    input["include"].as_array().is_some_and(|it| it.iter().any(|it| it == what))
}

pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let active = state.ecs.clusters.iter().filter(|(_, it)| it["status"] == "ACTIVE");
    let arns: Vec<String> = active.map(|(name, _)| arn(name)).collect();
    answer_page("clusterArns", &arns, input)
}

/// One page of a list; AWS: "This value can be between 1 and 100. If this parameter isn't used,
/// then … returns up to 100 results and a nextToken value if applicable."
pub(super) fn answer_page(
    member: &str,
    items: &[String],
    input: &Value,
) -> Result<Value, AwsError> {
    let limit = match (&input["maxResults"], input["maxResults"].as_u64()) {
        (Value::Null, _) => 100,
        (_, Some(limit @ 1..=100)) => usize::try_from(limit).unwrap_or(100),
        _ => {
            let message = "maxResults must be between 1 and 100.";
            return Err(AwsError::bad("InvalidParameterException", message));
        }
    };
    let (items, next) = page(items, &input["nextToken"], limit, "InvalidParameterException")?;
    let mut answer = json!({member: items});
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

pub(super) fn delete(world: &World, input: &Value) -> Result<Value, AwsError> {
    let mut state = world.state();
    let ecs = &mut state.ecs;
    let name = resolve(ecs, &input["cluster"])?;
    check_updates(world, ecs, &name)?;
    // AWS: "You can't delete a cluster that contains services. First, update the service to reduce
    // its desired task count to 0, and then delete the service."
    let holds = ecs.services.iter().any(|(key, it)| key.0 == name && it["status"] != "INACTIVE");
    if holds {
        let message = "The Cluster cannot be deleted while Services are active.";
        return Err(AwsError::bad("ClusterContainsServicesException", message));
    }
    if tasks::statuses(ecs, &name).next().is_some() {
        // AWS: "You can't delete a cluster that has active tasks."
        let message = "The Cluster cannot be deleted while Tasks are active.";
        return Err(AwsError::bad("ClusterContainsTasksException", message));
    }
    if let Some(cluster) = ecs.clusters.get_mut(&name) {
        // AWS: "The cluster transitions to the INACTIVE state."
        cluster["status"] = json!("INACTIVE");
    }
    // AWS: "When a resource is deleted, the tags that are associated with that resource are deleted
    // as well."
    ecs.tags.remove(&arn(&name));
    Ok(json!({"cluster": shown(ecs, &name, false)}))
}

/// AWS: "If specifying a capacity provider that uses an Auto Scaling group, the capacity provider
/// must already be created." None can be, here; "The Fargate capacity providers are available to all
/// accounts".
fn check_providers(input: &Value) -> Result<(), AwsError> {
    let providers = capacity::items(&input["capacityProviders"]);
    if !providers.iter().all(|it| *it == "FARGATE" || *it == "FARGATE_SPOT") {
        let message = "The specified capacity provider could not be found.";
        return Err(AwsError::bad("InvalidParameterException", message));
    }
    capacity::associated(providers, capacity::items(&input["defaultCapacityProviderStrategy"]))
}

pub(super) fn put_capacity_providers(world: &World, input: &Value) -> Result<Value, AwsError> {
    let mut state = world.state();
    let name = resolve(&state.ecs, &input["cluster"])?;
    check_updates(world, &state.ecs, &name)?;
    let members = ["capacityProviders", "defaultCapacityProviderStrategy"];
    if let Some(member) = members.into_iter().find(|it| !input[*it].is_array()) {
        let message = format!("{member} must not be null.");
        return Err(AwsError::bad("InvalidParameterException", message));
    }
    check_providers(input)?;
    if let Some(cluster) = state.ecs.clusters.get_mut(&name) {
        for member in members {
            cluster[member] = input[member].clone();
        }
    }
    Ok(json!({"cluster": shown(&state.ecs, &name, false)}))
}

/// A cluster whose capacity providers are being associated is neither changed nor deleted; what AWS
/// says then is not documented, but reported by many.
fn check_updates(world: &World, state: &State, name: &str) -> Result<(), AwsError> {
    match state.updating.get(name) {
        Some(until) if world.clock().epoch_seconds() < *until => {
            let message = "The specified cluster is in a busy state. Cluster attachments must be \
                           in UPDATE_COMPLETE or UPDATE_FAILED state before they can be updated. \
                           Wait and try again.";
            Err(AwsError::bad("UpdateInProgressException", message))
        }
        _ => Ok(()),
    }
}

impl World {
    /// From now on, for this long, a cluster is busy with its capacity providers: it is neither
    /// changed nor deleted.
    pub fn cluster_is_busy(&self, name: &str, duration: Duration) {
        let until = self.clock().epoch_seconds() + duration.as_secs_f64();
        self.state().ecs.updating.insert(name.to_owned(), until);
    }
}
