//! AWS `CodeDeploy` for Amazon ECS: applications, deployment groups, revisions, deployments, and the
//! driver that takes a deployment through its lifecycle events.

mod applications;
mod appspec;
mod deployments;
mod driver;
mod ending;
mod groups;
mod hooks;
mod queries;
mod revisions;
mod tags;
mod targets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tags::Tags;
use crate::wire::{AwsError, Call, Reply};
use crate::world::{World, unknown};

pub(crate) use tags::tagged;

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    applications: BTreeMap<String, applications::Application>,
    /// By ARN, of applications and deployment groups.
    tags: BTreeMap<String, Tags>,
    /// Oldest first.
    deployments: Vec<deployments::Deployment>,
    /// Lifecycle event and function: what all later deployments do instead of their `AppSpec`'s.
    hooks: Option<Vec<(String, String)>>,
    no_hooks_on_rollback: bool,
    /// The ids of the next deployment and of its first hook execution.
    next_ids: Option<(String, String)>,
}

impl World {
    /// From now on deployments call these functions, each `(lifecycle event, function)`, whatever
    /// their `AppSpec` says: for `AppSpecs` that are no `AppSpecs`.
    pub fn deployment_hooks(&self, hooks: &[(&str, &str)]) {
        let hooks = hooks.iter().map(|(event, name)| ((*event).to_owned(), (*name).to_owned()));
        self.state().codedeploy.hooks = Some(hooks.collect());
    }

    /// Whether deployments that roll back call their hooks too; they do unless told otherwise.
    ///
    /// AWS documents neither.
    pub fn hooks_on_rollback(&self, call: bool) {
        self.state().codedeploy.no_hooks_on_rollback = !call;
    }

    /// The next deployment gets this id, and its first hook this execution id: for recorded events
    /// that already name them.
    pub fn next_deployment(&self, id: &str, hook_execution_id: &str) {
        let ids = (id.to_owned(), hook_execution_id.to_owned());
        self.state().codedeploy.next_ids = Some(ids);
    }
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    let answer = match call.operation.as_str() {
        "CreateApplication" => applications::create(world, input),
        "GetApplication" => applications::get(world, input),
        "ListApplications" => applications::list(world, input),
        "DeleteApplication" => applications::delete(world, input),
        "CreateDeploymentGroup" => groups::create(world, input),
        "GetDeploymentGroup" => groups::get(world, input),
        "BatchGetDeploymentGroups" => groups::get_many(world, input),
        "ListDeploymentGroups" => groups::list(world, input),
        "UpdateDeploymentGroup" => groups::update(world, input),
        "DeleteDeploymentGroup" => groups::delete(world, input),
        "RegisterApplicationRevision" => revisions::register(world, input),
        "GetApplicationRevision" => revisions::get(world, input),
        "CreateDeployment" => deployments::create(world, input),
        "GetDeployment" => queries::get(world, input),
        "BatchGetDeployments" => queries::batch_get(world, input),
        "ListDeployments" => queries::list(world, input),
        "StopDeployment" => deployments::stop(world, input),
        "ContinueDeployment" => deployments::go_on(world, input),
        "ListDeploymentTargets" => targets::list(world, input),
        "GetDeploymentTarget" => targets::get(world, input),
        "BatchGetDeploymentTargets" => targets::batch_get(world, input),
        "PutLifecycleEventHookExecutionStatus" => hooks::put_status(world, input),
        "TagResource" => tags::add(world, input),
        "ListTagsForResource" => tags::list(world, input),
        _ => return Err(unknown(call)),
    };
    answer.map(Reply::Json)
}

type Answer = Result<Value, AwsError>;

fn error(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::bad(code, message)
}

/// A required name; `what` is the noun in AWS's error codes.
///
/// AWS's limits: up to 100 characters, of letters, digits and `. _ + = , @ -`.
fn name<'a>(input: &'a Value, member: &str, what: &str) -> Result<&'a str, AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._+=,@-".contains(c);
    match input[member].as_str() {
        None | Some("") => {
            Err(error(&format!("{what}NameRequiredException"), format!("{member} is required")))
        }
        Some(name) if name.len() > 100 || !name.chars().all(allowed) => Err(error(
            &format!("Invalid{what}NameException"),
            format!("{member} is too long or contains invalid characters"),
        )),
        Some(name) => Ok(name),
    }
}

fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    answer
}

/// How many names or ids AWS puts on one page is not documented.
const PAGE: usize = 100;
