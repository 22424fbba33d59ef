//! AWS CodePipeline, as far as its Lambda invoke action goes: a job for a function, its result, and
//! the jobs that continue it.
//!
//! Two things here are our reading, as AWS does not say: that a continued job comes after 30
//! seconds, and what is said of an action that timed out.

mod action;
mod results;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::{AwsError, Call, Reply};
use crate::world::{ACCOUNT, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    actions: Vec<action::Action>,
    /// By id.
    jobs: BTreeMap<String, Job>,
}

/// One invocation of the function that has to be answered.
struct Job {
    /// Its place in the list of actions.
    action: usize,
    /// What the job before it said.
    continuation: Option<String>,
    /// Nobody has said how it went.
    open: bool,
}

/// What a pipeline shows of an action that invokes a function.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineAction {
    /// `InProgress`, `Succeeded` or `Failed`.
    pub status: &'static str,
    /// The summary of the last success.
    pub summary: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
    /// The type of the failure: `JobFailed`, `ConfigurationError` …
    pub failure: Option<String>,
    /// What the function called the execution elsewhere.
    pub external_execution_id: Option<String>,
    /// How far it said to be.
    pub percent_complete: Option<u64>,
    /// What it hands to later actions.
    pub output_variables: BTreeMap<String, String>,
    /// The ids of its jobs, the first one first.
    pub jobs: Vec<String>,
}

impl World {
    /// Begins an action of a pipeline that invokes `function`; gives the id of its first job.
    ///
    /// `user_parameters` are the action's `UserParameters`, none if empty; `input_artifacts` is the
    /// list of them.
    pub fn pipeline_job(
        &self,
        function: &str,
        user_parameters: &str,
        input_artifacts: Value,
    ) -> String {
        action::begin(self, function, user_parameters, input_artifacts)
    }

    /// The action that a job, the first one or any later one, belongs to.
    pub fn pipeline_action(&self, job_id: &str) -> Option<PipelineAction> {
        let state = &self.state().codepipeline;
        let action = state.jobs.get(job_id)?.action;
        Some(state.actions.get(action)?.shown.clone())
    }
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "PutJobSuccessResult" => results::success(world, input),
        "PutJobFailureResult" => results::failure(world, input),
        "GetJobDetails" => details(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

type Answer = Result<Value, AwsError>;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationException", message)
}

/// As AWS words a member that is outside its model.
fn constraint(value: &str, member: &str, must: &str) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {must}"
    ))
}

impl State {
    /// The id of a job that exists.
    fn known(&self, input: &Value) -> Result<String, AwsError> {
        let id = input["jobId"].as_str().unwrap_or_default();
        let lower = id.chars().all(|it| matches!(it, '0'..='9' | 'a'..='f' | '-'));
        if id.len() != 36 || !lower || uuid::Uuid::parse_str(id).is_err() {
            let pattern = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
            let must = format!("satisfy regular expression pattern: {pattern}");
            return Err(constraint(id, "jobId", &must));
        }
        match self.jobs.contains_key(id) {
            true => Ok(id.to_owned()),
            false => Err(AwsError::bad(
                "JobNotFoundException",
                "The job was specified in an invalid format or cannot be found.",
            )),
        }
    }
}

fn details(world: &World, input: &Value) -> Answer {
    let state = &world.state().codepipeline;
    let id = state.known(input)?;
    let job = &state.jobs[&id];
    let mut data = state.actions[job.action].data(job.continuation.as_deref());
    // Its end is told in the event only.
    if let Some(credentials) = data["artifactCredentials"].as_object_mut() {
        credentials.remove("expirationTime");
    }
    data["actionTypeId"] =
        json!({"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"});
    Ok(json!({"jobDetails": {"id": id, "accountId": ACCOUNT, "data": data}}))
}
