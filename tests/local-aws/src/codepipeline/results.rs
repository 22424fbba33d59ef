//! A function says how its job went.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Answer, State, constraint, invalid};
use crate::wire::AwsError;
use crate::world::World;

/// The most bytes of an action's output variables.
const VARIABLES: usize = 122_880;

const FAILURES: [&str; 6] = [
    "JobFailed",
    "ConfigurationError",
    "PermissionError",
    "RevisionOutOfSync",
    "RevisionUnavailable",
    "SystemUnavailable",
];

/// Text of one to `most` characters, if it is there.
fn text(value: &Value, member: &str, most: usize) -> Result<Option<String>, AwsError> {
    let Some(text) = value.as_str() else { return Ok(None) };
    match text.chars().count() {
        0 => Err(constraint(text, member, "have length greater than or equal to 1")),
        count if count > most => {
            Err(constraint(text, member, &format!("have length less than or equal to {most}")))
        }
        _ => Ok(Some(text.to_owned())),
    }
}

fn variables(input: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let mut all = BTreeMap::new();
    for (key, value) in input["outputVariables"].as_object().into_iter().flatten() {
        let fits = |it: char| it.is_ascii_alphanumeric() || "@-_".contains(it);
        if key.is_empty() || !key.chars().all(fits) {
            let must = "satisfy regular expression pattern: [A-Za-z0-9@\\-_]+";
            return Err(constraint(key, "outputVariables", must));
        }
        all.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    // "outputVariables can be included only when there is no continuation token on the request."
    if !all.is_empty() && !input["continuationToken"].is_null() {
        return Err(invalid(
            "outputVariables can be included only when there is no continuation token on the \
             request.",
        ));
    }
    if all.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > VARIABLES {
        let message = "Exceeded the total size limit for all variables in the pipeline.";
        return Err(AwsError::bad("OutputVariablesSizeExceededException", message));
    }
    Ok(all)
}

pub(super) fn success(world: &World, input: &Value) -> Answer {
    let token = text(&input["continuationToken"], "continuationToken", 2048)?;
    let details = &input["executionDetails"];
    let summary = text(&details["summary"], "executionDetails.summary", 2048)?;
    let external = &details["externalExecutionId"];
    let external = text(external, "executionDetails.externalExecutionId", 1500)?;
    let percent = &details["percentComplete"];
    if !percent.is_null() && percent.as_u64().is_none_or(|it| it > 100) {
        let must = "have value between 0 and 100";
        return Err(constraint(&percent.to_string(), "executionDetails.percentComplete", must));
    }
    if !input["currentRevision"].is_null() {
        for (member, most) in [("revision", 1500), ("changeIdentifier", 100)] {
            let path = format!("currentRevision.{member}");
            let value = text(&input["currentRevision"][member], &path, most)?;
            value.ok_or_else(|| constraint("null", &path, "not be null"))?;
        }
    }
    let variables = variables(input)?;
    let mut state = world.state();
    let state = &mut state.codepipeline;
    let index = close(state, input)?;
    let action = &mut state.actions[index];
    action.shown.summary = summary.or(action.shown.summary.take());
    action.shown.external_execution_id = external.or(action.shown.external_execution_id.take());
    action.shown.percent_complete = percent.as_u64().or(action.shown.percent_complete);
    match token {
        Some(token) => action.continuation = Some(token),
        None => {
            action.shown.status = "Succeeded";
            action.shown.output_variables = variables;
        }
    }
    action.changed.notify_one();
    Ok(Value::Null)
}

pub(super) fn failure(world: &World, input: &Value) -> Answer {
    let details = &input["failureDetails"];
    let kind = details["type"].as_str().unwrap_or("null");
    if !FAILURES.contains(&kind) {
        let must = format!("satisfy enum value set: [{}]", FAILURES.join(", "));
        return Err(constraint(kind, "failureDetails.type", &must));
    }
    let message = text(&details["message"], "failureDetails.message", 5000)?
        .ok_or_else(|| constraint("null", "failureDetails.message", "not be null"))?;
    let external = &details["externalExecutionId"];
    let external = text(external, "failureDetails.externalExecutionId", 1500)?;
    let mut state = world.state();
    let state = &mut state.codepipeline;
    let index = close(state, input)?;
    let action = &mut state.actions[index];
    action.fail(Some(kind), &message);
    action.shown.external_execution_id = external.or(action.shown.external_execution_id.take());
    action.changed.notify_one();
    Ok(Value::Null)
}

/// A job is answered once; gives its action.
fn close(state: &mut State, input: &Value) -> Result<usize, AwsError> {
    let id = state.known(input)?;
    match state.jobs.get_mut(&id) {
        Some(job) if job.open => {
            job.open = false;
            Ok(job.action)
        }
        _ => {
            let message = "The job has already been completed.";
            Err(AwsError::bad("InvalidJobStateException", message))
        }
    }
}
