//! What came of an event.

use std::fmt;

use deployment::Outcome;
use one_off_task::OneOffTask;
use serde::Serialize;
use serde_json::{Value, json};

use crate::hook::{MEMORY, Memory};
use crate::plan::{Plan, Run};

/// How soon ECS asks again, in seconds.
const CALL_BACK: u32 = 30;

/// A word to whoever called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The migration runs, as this task.
    Started(String),
    /// It will, for this reason later.
    Waiting(String),
    /// The deployment may go on, for this reason.
    Succeeded(String),
    /// It must not, for this reason.
    Failed(String),
}

impl Word {
    /// The same as an answer to a hook; whatever is not known yet is none.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Succeeded(_) => Outcome::Succeeded,
            Self::Started(_) | Self::Waiting(_) | Self::Failed(_) => Outcome::Failed,
        }
    }
}

/// What a Lambda hook of ECS answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HookReply {
    /// `SUCCEEDED`, `FAILED` or `IN_PROGRESS`.
    pub hook_status: &'static str,
    /// In how many seconds ECS asks again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_back_delay: Option<u32>,
    /// What ECS hands back then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_details: Option<Value>,
    /// The same for people.
    #[serde(skip)]
    pub why: String,
}

impl HookReply {
    pub(crate) fn of(word: &Word, memory: &Memory) -> Self {
        let (hook_status, why) = match word {
            Word::Started(task) => ("IN_PROGRESS", format!("migration task {task}")),
            Word::Waiting(why) => ("IN_PROGRESS", why.clone()),
            Word::Succeeded(why) => ("SUCCEEDED", why.clone()),
            Word::Failed(why) => ("FAILED", why.clone()),
        };
        let again = hook_status == "IN_PROGRESS";
        Self {
            hook_status,
            call_back_delay: again.then_some(CALL_BACK),
            hook_details: again.then(|| json!({MEMORY: memory})),
            why,
        }
    }
}

/// What the function did, or in a dry run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Answer {
    /// The migration runs (or ran already); its end answers the hook.
    Started {
        /// The deployment that waits.
        deployment: String,
        /// The task's ARN.
        task: String,
    },
    /// Another migration has the lock; this function will be called again.
    Waits {
        /// The deployment that waits.
        deployment: String,
        /// For whom.
        reason: String,
    },
    /// The hook was answered Succeeded at once, or a job of a pipeline after its task.
    Skipped {
        /// The deployment.
        deployment: String,
        /// Why nothing had to run, or no longer.
        reason: String,
    },
    /// The hook was answered Failed.
    Failed {
        /// The deployment.
        deployment: String,
        /// Why.
        reason: String,
    },
    /// The deployment has ended; nobody waits.
    Over {
        /// The deployment.
        deployment: String,
        /// How it ended.
        status: String,
    },
    /// The hook is somebody else's to answer.
    NotOurs {
        /// The deployment.
        deployment: String,
        /// Why.
        reason: String,
    },
    /// A dry run: what would be done.
    Planned {
        /// The deployment.
        deployment: String,
        /// The request that would be made, as the AWS CLI would take it.
        run_task: Option<Value>,
        /// What whoever waits would be told, and when.
        report: Value,
        /// The same for people.
        #[serde(skip)]
        plan: Plan,
    },
    /// A dry run: why the hook would be answered Failed.
    Refused {
        /// The deployment.
        deployment: String,
        /// Why.
        reason: String,
    },
    /// A Lambda hook of ECS hears this by the function's own answer.
    #[serde(untagged)]
    Hook(HookReply),
}

impl Answer {
    pub(crate) fn planned(deployment: &str, plan: Plan) -> Self {
        let report = match &plan {
            Plan::Run(run) => json!({
                "when": format!("container {} has exited", run.task.mark.container),
                "succeeded": codes(&run.task),
                "failed": "any other end, or no end until the deadline",
                "deadline": run.task.mark.deadline,
            }),
            Plan::Runs { task } => json!({"nothing": format!("task {task} was started before")}),
            Plan::Wait(wait) => json!({"when": "the lock is free", "waiting": wait.to_string()}),
            Plan::Skip { reason } => json!({"when": "at once", "succeeded": reason}),
            Plan::Over { status } => json!({"nothing": status}),
            Plan::NotOurs { reason } => json!({"nothing": reason}),
        };
        let run_task = match &plan {
            Plan::Run(run) => Some(input(run)),
            _ => None,
        };
        Self::Planned { deployment: deployment.to_owned(), run_task, report, plan }
    }

    pub(crate) fn told(deployment: &str, word: Word) -> Self {
        let deployment = deployment.to_owned();
        match word {
            Word::Started(task) => Self::Started { deployment, task },
            Word::Waiting(reason) => Self::Waits { deployment, reason },
            Word::Succeeded(reason) => Self::Skipped { deployment, reason },
            Word::Failed(reason) => Self::Failed { deployment, reason },
        }
    }
}

/// A family without a revision is its latest one: the one that would be registered.
fn input(run: &Run) -> Value {
    let mut input = run.task.run_task_input();
    if let (Some(derived), Some(members)) = (&run.derived, input.as_object_mut()) {
        members.insert("taskDefinition".into(), json!(derived.family));
    }
    input
}

fn codes(task: &OneOffTask) -> Vec<i32> {
    let mut codes = vec![0];
    codes.extend(&task.mark.allowed_exit_codes);
    codes.dedup();
    codes
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { deployment, task } => write!(f, "{deployment}: migration task {task}"),
            Self::Waits { deployment, reason } => write!(f, "{deployment}: waiting, {reason}"),
            Self::Skipped { deployment, reason } => write!(f, "{deployment}: Succeeded, {reason}"),
            Self::Failed { deployment, reason } => write!(f, "{deployment}: Failed, {reason}"),
            Self::Over { deployment, status } => {
                write!(f, "{deployment}: nothing to do, the deployment is {status}")
            }
            Self::NotOurs { deployment, reason } => {
                write!(f, "{deployment}: nothing to do, {reason}")
            }
            Self::Planned { deployment, plan, .. } => write!(f, "{deployment}\n{plan}"),
            Self::Refused { deployment, reason } => {
                write!(f, "{deployment}: would be answered Failed, {reason}")
            }
            Self::Hook(reply) => write!(f, "{}: {}", reply.hook_status, reply.why),
        }
    }
}
