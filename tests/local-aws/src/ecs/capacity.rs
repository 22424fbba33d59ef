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
        Some(launch_type @ ("EC2" | "FARGATE" | "EXTERNAL")) => {
            Ok(Capacity::LaunchType(launch_type.to_owned()))
        }
        // AWS: "If you want to use Amazon ECS Managed Instances, you must use the
        // capacityProviderStrategy request parameter and omit the launchType request parameter."
        Some(other) => Err(invalid(format!("Launch type '{other}' is not supported."))),
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

/// A strategy of the providers of a cluster.
pub(super) fn strategy(
    state: &State,
    cluster: &str,
    asked: &[Value],
) -> Result<Capacity, AwsError> {
    let cluster = state.clusters.get(cluster).unwrap_or(&Value::Null);
    associated(items(&cluster["capacityProviders"]), asked)?;
    Ok(Capacity::Strategy(complete(asked)))
}

/// AWS: "A capacity provider must be associated with the cluster to be used in a capacity provider
/// strategy."
pub(super) fn associated(providers: &[Value], asked: &[Value]) -> Result<(), AwsError> {
    if asked.iter().any(|it| !providers.contains(&it["capacityProvider"])) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is \
             not associated with the cluster. Associate the capacity provider with the cluster and \
             try again.",
        ));
    }
    Ok(())
}

/// Whether tasks of a definition could run where a service or a task set wants them to.
///
/// AWS, of the network: "This parameter is required for task definitions that use the awsvpc network
/// mode to receive their own elastic network interface, and it isn't supported for other network
/// modes." Of the launch type: "Amazon ECS validates the task definition parameters with those
/// supported by the launch type"; the result is in `compatibilities`.
pub(super) fn check_fit(resource: &Value, definition: &Value) -> Result<(), AwsError> {
    let network = &resource["networkConfiguration"]["awsvpcConfiguration"];
    match (definition["networkMode"] == "awsvpc", network.is_null()) {
        (true, true) => {
            return Err(invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ));
        }
        (false, false) => {
            return Err(invalid(
                "Network Configuration is not valid for the given networkMode of this task \
                 definition.",
            ));
        }
        (true, false) if items(&network["subnets"]).is_empty() => {
            return Err(invalid("subnets can not be empty."));
        }
        _ => {}
    }
    let strategy = items(&resource["capacityProviderStrategy"]);
    let launch_type = match resource["launchType"].as_str() {
        Some(it) => it,
        None if Capacity::Strategy(json!(strategy)).is_fargate() => "FARGATE",
        None => "EC2",
    };
    let compatible = items(&definition["compatibilities"]);
    // Which definitions could run on EXTERNAL machines is not modelled.
    if launch_type != "EXTERNAL" && !compatible.iter().any(|it| it == launch_type) {
        let message = format!("Task definition does not support launch_type {launch_type}.");
        return Err(invalid(message));
    }
    Ok(())
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
