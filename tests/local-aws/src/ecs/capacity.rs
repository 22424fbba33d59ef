//! What a service or a task set runs on: a launch type, or a strategy of capacity providers.

use serde_json::{Value, json};

use super::State;
use super::services::invalid;
use crate::wire::AwsError;

/// A launch type or a capacity provider strategy; a resource never has both.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Capacity {
    LaunchType(String),
    Strategy(Value),
}

/// What an input asks for.
///
/// AWS: "If a launchType is specified, the capacityProviderStrategy parameter must be omitted. If
/// no capacityProviderStrategy or launchType is specified, the defaultCapacityProviderStrategy for
/// the cluster is used."
pub(super) fn of(state: &State, cluster: &str, input: &Value) -> Result<Capacity, AwsError> {
    let asked = items(&input["capacityProviderStrategy"]);
    match input["launchType"].as_str() {
        Some(_) if !asked.is_empty() => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. \
             Remove one and try again.",
        )),
        Some(launch_type) => Ok(Capacity::LaunchType(launch_type.to_owned())),
        None if !asked.is_empty() => strategy(state, cluster, asked),
        None => {
            let cluster = state.clusters.get(cluster).unwrap_or(&Value::Null);
            let default = items(&cluster["defaultCapacityProviderStrategy"]);
            Ok(match default.is_empty() {
                true => Capacity::LaunchType("EC2".to_owned()),
                false => Capacity::Strategy(complete(default)),
            })
        }
    }
}

/// AWS: "A capacity provider must be associated with the cluster to be used in a capacity provider
/// strategy."
pub(super) fn strategy(
    state: &State,
    cluster: &str,
    asked: &[Value],
) -> Result<Capacity, AwsError> {
    let cluster = state.clusters.get(cluster).unwrap_or(&Value::Null);
    let associated = items(&cluster["capacityProviders"]);
    if asked.iter().any(|it| !associated.contains(&it["capacityProvider"])) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is \
             not associated with the cluster. Associate the capacity provider with the cluster and \
             try again.",
        ));
    }
    Ok(Capacity::Strategy(complete(asked)))
}

pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

/// AWS: "If no weight value is specified, the default value of 0 is used."
fn complete(items: &[Value]) -> Value {
    let item = |it: &Value| {
        json!({
            "capacityProvider": it["capacityProvider"],
            "weight": it["weight"].as_i64().unwrap_or(0),
            "base": it["base"].as_i64().unwrap_or(0),
        })
    };
    items.iter().map(item).collect()
}

impl Capacity {
    fn is_fargate(&self) -> bool {
        let provider = |it: &Value| {
            it["capacityProvider"].as_str().is_some_and(|it| it.starts_with("FARGATE"))
        };
        match self {
            Self::LaunchType(it) => it == "FARGATE",
            Self::Strategy(it) => items(it).iter().any(provider),
        }
    }
}

/// Writes it into a service or a task set.
///
/// AWS: "A platform version is specified only for tasks that use the Fargate launch type. If one
/// isn't specified, the LATEST platform version is used."
pub(super) fn set(resource: &mut Value, capacity: Capacity, platform_version: &Value) {
    if let Some(members) = resource.as_object_mut() {
        for member in ["launchType", "capacityProviderStrategy", "platformFamily"] {
            members.remove(member);
        }
    }
    if capacity.is_fargate() {
        resource["platformFamily"] = json!("Linux");
        resource["platformVersion"] = json!(platform_version.as_str().unwrap_or("LATEST"));
    }
    match capacity {
        Capacity::LaunchType(it) => resource["launchType"] = json!(it),
        Capacity::Strategy(it) => resource["capacityProviderStrategy"] = it,
    }
}
