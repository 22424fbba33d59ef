//! A Lambda invoke action: jobs, one after the other, until one says how it ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Job, PipelineAction, State};
use crate::lambda;
use crate::world::{ACCOUNT, World};

/// AWS, "Quotas": "If the Lambda function has sent no reply after 20 minutes, the action times out.
/// If, during the 20 minutes, the Lambda function has replied that the action is still in progress,
/// CodePipeline restarts the 20-minute timer and tries again."
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// "If not successful after 24 hours, CodePipeline sets the Lambda invoke action state to failed."
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// An action and what it was configured with.
pub(super) struct Action {
    pub(super) shown: PipelineAction,
    function: String,
    configuration: Value,
    input_artifacts: Value,
    /// When its temporary credentials end, in milliseconds since 1970.
    expires: i64,
    /// What the last job said, until the next one is given it.
    pub(super) continuation: Option<String>,
    pub(super) changed: Arc<Notify>,
}

/// What an action waits for next.
enum Next {
    /// Its job has not been answered.
    Answer,
    /// The next job is due, with this token.
    Job(String),
    /// Nothing: it is over.
    Nothing,
}

impl Action {
    /// The `data` of one of its jobs.
    pub(super) fn data(&self, continuation: Option<&str>) -> Value {
        let mut data = json!({
            "actionConfiguration": {"configuration": self.configuration},
            "inputArtifacts": self.input_artifacts,
            "outputArtifacts": [],
            "artifactCredentials": {
                "accessKeyId": "ASIALOCALPIPELINE000",
                "secretAccessKey": "local/pipeline/secret/access/key",
                "sessionToken": "local/pipeline/session/token",
                "expirationTime": self.expires,
            },
        });
        if let Some(token) = continuation {
            data["continuationToken"] = json!(token);
        }
        data
    }

    pub(super) fn fail(&mut self, kind: Option<&str>, message: &str) {
        self.shown.status = "Failed";
        self.shown.failure = kind.map(str::to_owned);
        self.shown.message = Some(message.to_owned());
    }
}

pub(super) fn begin(
    world: &World,
    function: &str,
    user_parameters: &str,
    input_artifacts: Value,
) -> String {
    let mut configuration = json!({"FunctionName": function});
    if !user_parameters.is_empty() {
        configuration["UserParameters"] = json!(user_parameters);
    }
    let shown = PipelineAction {
        status: "InProgress",
        summary: None,
        message: None,
        failure: None,
        external_execution_id: None,
        percent_complete: None,
        output_variables: BTreeMap::new(),
        jobs: Vec::new(),
    };
    let changed = Arc::new(Notify::new());
    let action = Action {
        shown,
        function: function.to_owned(),
        configuration,
        input_artifacts,
        expires: world.clock().now().as_millisecond() + 3_600_000,
        continuation: None,
        changed: Arc::clone(&changed),
    };
    let (index, id, event) = {
        let mut state = world.state();
        let state = &mut state.codepipeline;
        state.actions.push(action);
        let index = state.actions.len() - 1;
        let (id, event) = job(state, index, None);
        (index, id, event)
    };
    let (world, function) = (world.clone(), function.to_owned());
    tokio::spawn(async move { drive(&world, index, &function, event, &changed).await });
    id
}

/// A new job of an action, and the event that tells the function of it.
///
/// AWS, in its sample function: "Use the continuation token to keep track of any job execution
/// state. This data will be available when a new job is scheduled to continue the current
/// execution". A new job has an id of its own.
fn job(state: &mut State, action: usize, continuation: Option<String>) -> (String, Value) {
    let id = uuid::Uuid::new_v4().to_string();
    let data = state.actions[action].data(continuation.as_deref());
    state.jobs.insert(id.clone(), Job { action, continuation, open: true });
    state.actions[action].shown.jobs.push(id.clone());
    let event = json!({"CodePipeline.job": {"id": id, "accountId": ACCOUNT, "data": data}});
    (id, event)
}

/// Invokes the function for job after job. A function that fails has still not answered.
///
/// AWS: "there must be a call to either the `PutJobSuccessResult` API or `PutJobFailureResult` API.
/// Otherwise, the execution of this action hangs until the action times out."
async fn drive(world: &World, index: usize, function: &str, mut event: Value, changed: &Notify) {
    let started = world.clock().now();
    loop {
        if !lambda::exists(world, function) {
            let message = format!("The AWS Lambda function {function} could not be found.");
            return end(world, index, Some(("ConfigurationError", message)));
        }
        world.note(format!("codepipeline: invokes {function}"));
        lambda::invoke_event(world, function, event);
        let left = LONGEST.saturating_sub(since(world, started));
        let Ok(next) =
            tokio::time::timeout(PATIENCE.min(left), answered(world, index, changed)).await
        else {
            return end(world, index, Some(("JobFailed", timed_out(function))));
        };
        let Next::Job(token) = next else { return end(world, index, None) };
        world.clock().sleep(world.pace().pipeline_pause).await;
        if since(world, started) >= LONGEST {
            return end(world, index, Some(("JobFailed", timed_out(function))));
        }
        event = job(&mut world.state().codepipeline, index, Some(token)).1;
    }
}

fn since(world: &World, started: Timestamp) -> Duration {
    world.clock().now().duration_since(started).try_into().unwrap_or_default()
}

fn timed_out(function: &str) -> String {
    format!(
        "The AWS Lambda function {function} failed to return a result. Check the function to \
         verify that it has permission to call the PutJobSuccessResult action and that it made a \
         call to PutJobSuccessResult."
    )
}

/// Waits until the open job is answered.
async fn answered(world: &World, index: usize, changed: &Notify) -> Next {
    loop {
        let next = {
            let mut state = world.state();
            let action = &mut state.codepipeline.actions[index];
            match (action.shown.status, action.continuation.take()) {
                ("InProgress", None) => Next::Answer,
                ("InProgress", Some(token)) => Next::Job(token),
                _ => Next::Nothing,
            }
        };
        match next {
            Next::Answer => changed.notified().await,
            next => return next,
        }
    }
}

/// The action is over, for a reason of CodePipeline's own or because its function said so.
fn end(world: &World, index: usize, failure: Option<(&str, String)>) {
    let line = {
        let mut state = world.state();
        let state = &mut state.codepipeline;
        if let Some((kind, message)) = failure {
            state.actions[index].fail(Some(kind), &message);
            state.jobs.values_mut().filter(|it| it.action == index).for_each(|it| it.open = false);
        }
        let action = &state.actions[index];
        let said = action.shown.message.as_ref().or(action.shown.summary.as_ref());
        let said = said.map(|it| format!(": {it}")).unwrap_or_default();
        format!("codepipeline: {} {}{said}", action.function, action.shown.status)
    };
    world.note(line);
}
