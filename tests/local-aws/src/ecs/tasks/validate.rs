//! What `RunTask` refuses before anything starts.

use serde_json::{Value, json};

use super::size;
use crate::ecs::{self, clusters, secrets, task_definitions};
use crate::wire::AwsError;

/// "A total of 8192 characters are allowed for overrides. This limit includes the JSON formatting
/// characters of the override structure."
const OVERRIDES_LIMIT: usize = 8192;

/// A valid request, with the names in it resolved.
pub(super) struct Request<'a> {
    pub(super) input: &'a Value,
    pub(super) cluster: String,
    pub(super) definition: Value,
    pub(super) count: usize,
    pub(super) capacity: Capacity,
    /// `cpu`, `memory` and `ephemeralStorage`, overrides applied.
    pub(super) size: Value,
}

/// What the task runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) launch_type: String,
    pub(super) provider: Option<String>,
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

/// Reads a request as AWS does; the token is checked before, by [`token`].
pub(super) fn request<'a>(state: &ecs::State, input: &'a Value) -> Result<Request<'a>, AwsError> {
    let cluster = clusters::resolve(state, &input["cluster"])?;
    let Some(reference) = input["taskDefinition"].as_str().filter(|it| !it.is_empty()) else {
        return Err(invalid("TaskDefinition can not be blank."));
    };
    let definition = task_definitions::find(state, reference)
        .ok_or_else(|| AwsError::bad("ClientException", "TaskDefinition not found."))?;
    if definition["status"] != "ACTIVE" {
        return Err(AwsError::bad("ClientException", "TaskDefinition is inactive"));
    }
    let count = match &input["count"] {
        Value::Null => 1,
        count => count
            .as_u64()
            .filter(|it| (1..=10).contains(it))
            .and_then(|it| usize::try_from(it).ok())
            .ok_or_else(|| invalid("count must be between 1 and 10"))?,
    };
    started_by(&input["startedBy"])?;
    group(&input["group"])?;
    // "An error will be received if you specify the SERVICE option when running a task."
    match input["propagateTags"].as_str() {
        None | Some("TASK_DEFINITION" | "NONE") => {}
        Some(_) => return Err(invalid("Tags can only be propagated from TASK_DEFINITION.")),
    }
    tags(&input["tags"])?;
    overrides(&input["overrides"], definition)?;
    network(&input["networkConfiguration"], definition)?;
    let capacity = capacity(state, &cluster, input)?;
    compatible(definition, &capacity)?;
    let size = size::of(input, definition, &capacity)?;
    Ok(Request { input, cluster, definition: definition.clone(), count, capacity, size })
}

/// "Up to 64 characters are allowed. The valid characters are characters in the range of 33-126,
/// inclusive."
pub(super) fn token(token: &Value) -> Result<Option<String>, AwsError> {
    let Some(token) = token.as_str() else { return Ok(None) };
    if token.len() > 64 || !token.chars().all(|it| ('!'..='~').contains(&it)) {
        return Err(invalid(
            "clientToken must be up to 64 characters in the range of 33-126, inclusive",
        ));
    }
    Ok((!token.is_empty()).then(|| token.to_owned()))
}

/// "Up to 128 letters (uppercase and lowercase), numbers, hyphens (-), forward slash (/), and
/// underscores (_) are allowed."
fn started_by(value: &Value) -> Result<(), AwsError> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if text.chars().count() > 128 {
        return Err(invalid("startedBy length must be less than or equal to 128"));
    }
    if !text.chars().all(|it| it.is_ascii_alphanumeric() || "-/_".contains(it)) {
        return Err(invalid("startedBy contains invalid characters"));
    }
    Ok(())
}

/// The group of a service's tasks is the service's own.
fn group(value: &Value) -> Result<(), AwsError> {
    match value.as_str() {
        Some(text) if text.starts_with("service:") => Err(invalid("Invalid namespace for group.")),
        _ => Ok(()),
    }
}

/// "Maximum number of tags per resource - 50. For each resource, each tag key must be unique …
/// Maximum key length - 128 … Maximum value length - 256 … Do not use aws: … as a prefix."
fn tags(tags: &Value) -> Result<(), AwsError> {
    let tags = tags.as_array().map_or(&[][..], Vec::as_slice);
    if tags.len() > 50 {
        return Err(invalid("A resource can have at most 50 tags."));
    }
    let keys: Vec<&str> = tags.iter().filter_map(|it| it["key"].as_str()).collect();
    for (n, key) in keys.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 || key.to_lowercase().starts_with("aws:") {
            return Err(invalid(format!("The tag key '{key}' is invalid.")));
        }
        if keys.iter().skip(n + 1).any(|it| it == key) {
            return Err(invalid(format!("Duplicate tag keys found: {key}")));
        }
    }
    match tags.iter().any(|it| it["value"].as_str().is_some_and(|it| it.chars().count() > 256)) {
        true => Err(invalid("A tag value can have at most 256 characters.")),
        false => Ok(()),
    }
}

fn overrides(overrides: &Value, definition: &Value) -> Result<(), AwsError> {
    if overrides.is_null() {
        return Ok(());
    }
    if overrides.to_string().chars().count() > OVERRIDES_LIMIT {
        return Err(invalid(format!(
            "Container Overrides length must be at most {OVERRIDES_LIMIT}"
        )));
    }
    for item in overrides["containerOverrides"].as_array().into_iter().flatten() {
        let name = item["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(invalid("Container override name can not be blank."));
        }
        let Some(overridden) = containers(definition).iter().find(|it| it["name"] == name) else {
            return Err(invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        };
        secrets::check_names(overridden, &item["environment"])?;
    }
    Ok(())
}

/// "This parameter is required for task definitions that use the awsvpc network mode to receive
/// their own elastic network interface, and it isn't supported for other network modes."
fn network(configuration: &Value, definition: &Value) -> Result<(), AwsError> {
    let awsvpc = definition["networkMode"] == "awsvpc";
    let given = !configuration["awsvpcConfiguration"].is_null();
    if awsvpc && !given {
        return Err(invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    if !awsvpc && given {
        return Err(invalid(
            "Network Configuration is not valid for the given networkMode of this task definition.",
        ));
    }
    let subnets = configuration["awsvpcConfiguration"]["subnets"].as_array();
    if awsvpc && subnets.is_none_or(Vec::is_empty) {
        return Err(invalid("subnets can not be empty."));
    }
    Ok(())
}

/// "If a capacityProviderStrategy is specified, the launchType parameter must be omitted. If no
/// capacityProviderStrategy or launchType is specified, the defaultCapacityProviderStrategy for
/// the cluster is used."
fn capacity(state: &ecs::State, cluster: &str, input: &Value) -> Result<Capacity, AwsError> {
    let described = state.clusters.get(cluster).unwrap_or(&Value::Null);
    let given = strategy(&input["capacityProviderStrategy"]);
    let launch_type = input["launchType"].as_str();
    if launch_type.is_some() && !given.is_empty() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. \
             Remove one and try again.",
        ));
    }
    match launch_type {
        Some(it @ ("EC2" | "FARGATE" | "EXTERNAL")) => {
            return Ok(Capacity { launch_type: it.to_owned(), provider: None });
        }
        // "If you want to use Amazon ECS Managed Instances, you must use the
        // capacityProviderStrategy request parameter and omit the launchType request parameter."
        Some(it) => return Err(invalid(format!("Launch type '{it}' is not supported."))),
        None => {}
    }
    let strategy = match given.is_empty() {
        true => strategy(&described["defaultCapacityProviderStrategy"]),
        false => given,
    };
    let associated = described["capacityProviders"].as_array();
    for item in strategy {
        if !associated.is_some_and(|it| it.contains(&item["capacityProvider"])) {
            return Err(invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that \
                 is not associated with the cluster. Associate the capacity provider with the \
                 cluster and try again.",
            ));
        }
    }
    // A base is filled first; then the weights share the rest, the largest most of it.
    let number = |item: &Value, name: &str| item[name].as_u64().unwrap_or(0);
    let first = strategy
        .iter()
        .max_by_key(|it| (number(it, "base"), number(it, "weight")))
        .and_then(|it| it["capacityProvider"].as_str());
    Ok(match first {
        Some(it) if it.starts_with("FARGATE") => {
            Capacity { launch_type: "FARGATE".to_owned(), provider: Some(it.to_owned()) }
        }
        provider => {
            Capacity { launch_type: "EC2".to_owned(), provider: provider.map(str::to_owned) }
        }
    })
}

fn strategy(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

/// "Amazon ECS validates the task definition parameters with those supported by the launch type";
/// the result is in `compatibilities`.
fn compatible(definition: &Value, capacity: &Capacity) -> Result<(), AwsError> {
    let launch_type = &capacity.launch_type;
    match definition["compatibilities"].as_array() {
        Some(them) if !them.contains(&json!(launch_type)) => {
            Err(invalid(format!("Task definition does not support launch_type {launch_type}.")))
        }
        _ => Ok(()),
    }
}

/// The container definitions of a task definition.
pub(super) fn containers(definition: &Value) -> &[Value] {
    definition["containerDefinitions"].as_array().map_or(&[][..], Vec::as_slice)
}
