//! `DescribeTasks` and `ListTasks`: what there is to see, which is not always all there is.

use serde_json::{Value, json};

use super::Task;
use super::validate::invalid;
use crate::ecs::{clusters, tags};
use crate::wire::{AwsError, page};
use crate::world::{ACCOUNT, REGION, World};

/// "A list of up to 100 task IDs or full ARN entries."
pub(in crate::ecs) fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let state = &world.state().ecs;
    let cluster = clusters::resolve(state, &input["cluster"])?;
    let wanted: Vec<&str> =
        input["tasks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if wanted.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if wanted.len() > 100 {
        return Err(invalid("Tasks can have at most 100 items."));
    }
    let include = input["include"].as_array().map_or(&[][..], Vec::as_slice);
    if include.iter().any(|it| it != "TAGS") {
        return Err(invalid("include must be one of [TAGS]"));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for reference in wanted {
        let arn = arn(&cluster, reference)?;
        let hidden_for = state.tasks.hidden_for;
        let task = state.tasks.all.iter().find(|it| it.arn() == arn);
        match task.filter(|it| it.is_visible(now, hidden_for)) {
            Some(task) => {
                let mut shown = task.shown.clone();
                // "If this field is omitted, tags aren't included in the response."
                shown["tags"] = match include.is_empty() {
                    true => json!([]),
                    false => tags::of(state, &arn),
                };
                found.push(shown);
            }
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": found, "failures": failures}))
}

/// The ARN of a task that is named by its ID or its ARN.
pub(super) fn arn(cluster: &str, reference: &str) -> Result<String, AwsError> {
    let id = reference.rsplit('/').next().unwrap_or(reference);
    if id.len() != 32 && id.len() != 36 {
        return Err(invalid("taskId length should be one of [32,36]"));
    }
    let named = reference.strip_prefix("arn:").and_then(|it| it.split_once(":task/"));
    if let Some((_, name)) = named {
        let of = name.split('/').next().unwrap_or_default();
        if of != cluster && of != id {
            return Err(invalid(format!(
                "Identifier is for cluster {of}. Your cluster is {cluster}"
            )));
        }
    }
    Ok(format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/{id}"))
}

/// "This value can be between 1 and 100. If this parameter isn't used, then `ListTasks` returns up
/// to 100 results and a nextToken value if applicable."
pub(in crate::ecs) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let state = &world.state().ecs;
    let cluster = clusters::resolve(state, &input["cluster"])?;
    let limit = match &input["maxResults"] {
        Value::Null => 100,
        limit => limit
            .as_u64()
            .filter(|it| (1..=100).contains(it))
            .and_then(|it| usize::try_from(it).ok())
            .ok_or_else(|| invalid("maxResults must be between 1 and 100"))?,
    };
    filters(input)?;
    if let Some(service) = input["serviceName"].as_str() {
        let name = service.rsplit('/').next().unwrap_or(service).to_owned();
        if !state.services.contains_key(&(cluster.clone(), name)) {
            return Err(AwsError::bad("ServiceNotFoundException", "Service not found."));
        }
    }
    let visible = state.tasks.all.iter().filter(|it| {
        it.cluster == cluster && it.is_visible(now, state.tasks.hidden_for) && is_wanted(it, input)
    });
    let arns: Vec<&str> = visible.map(Task::arn).collect();
    let (arns, next) = page(&arns, &input["nextToken"], limit, "InvalidParameterException")?;
    let mut answer = json!({"taskArns": arns});
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

/// "When you specify startedBy as the filter, it must be the only filter that you use." The
/// desired status is always a filter, if only by default, so it does not count.
fn filters(input: &Value) -> Result<(), AwsError> {
    let others = ["family", "serviceName", "containerInstance", "launchType", "daemonName"];
    if !input["startedBy"].is_null() && others.iter().any(|it| !input[*it].is_null()) {
        return Err(invalid("startedBy cannot be combined with other filters."));
    }
    if !input["family"].is_null() && !input["serviceName"].is_null() {
        return Err(invalid("Both family and serviceName cannot be specified."));
    }
    match input["desiredStatus"].as_str() {
        None | Some("RUNNING" | "PENDING" | "STOPPED") => Ok(()),
        Some(_) => Err(invalid("desiredStatus must be one of [RUNNING, PENDING, STOPPED]")),
    }
}

/// "The default status filter is RUNNING … Although you can filter results based on a desired
/// status of PENDING, this doesn't return any results. Amazon ECS never sets the desired status of
/// a task to that value."
fn is_wanted(task: &Task, input: &Value) -> bool {
    let same = |filter: &str, value: &Value| input[filter].is_null() || input[filter] == *value;
    let shown = &task.shown;
    let definition = shown["taskDefinitionArn"].as_str().unwrap_or_default();
    let family = definition.rsplit('/').next().and_then(|it| it.split(':').next());
    let of_service = input["serviceName"].as_str().is_none_or(|service| {
        let name = service.rsplit('/').next().unwrap_or(service);
        shown["group"] == format!("service:{name}")
    });
    shown["desiredStatus"] == input["desiredStatus"].as_str().unwrap_or("RUNNING")
        && of_service
        && same("family", &json!(family))
        && same("startedBy", &shown["startedBy"])
        && same("launchType", &shown["launchType"])
        && same("containerInstance", &shown["containerInstanceArn"])
        && input["daemonName"].is_null()
}
