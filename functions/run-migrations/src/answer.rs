//! What came of an event.

use std::fmt;

use one_off_task::OneOffTask;
use serde::Serialize;
use serde_json::{Value, json};

use crate::plan::Plan;

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
    /// The hook was answered Succeeded at once.
    Skipped {
        /// The deployment.
        deployment: String,
        /// Why nothing had to run.
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
    /// A dry run: what would be done.
    Planned {
        /// The deployment.
        deployment: String,
        /// The request that would be made, as the AWS CLI would take it.
        run_task: Option<Value>,
        /// What `CodeDeploy` would be told, and when.
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
}

impl Answer {
    pub(crate) fn planned(deployment: &str, plan: Plan) -> Self {
        let report = match &plan {
            Plan::Run(task) => json!({
                "when": format!("container {} has exited", task.mark.container),
                "succeeded": codes(task),
                "failed": "any other end, or no end until the deadline",
                "deadline": task.mark.deadline,
            }),
            Plan::Skip { reason } => json!({"when": "at once", "succeeded": reason}),
            Plan::Over { status } => json!({"nothing": status}),
        };
        let run_task = match &plan {
            Plan::Run(task) => Some(task.run_task_input()),
            Plan::Skip { .. } | Plan::Over { .. } => None,
        };
        Self::Planned { deployment: deployment.to_owned(), run_task, report, plan }
    }
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
            Self::Skipped { deployment, reason } => write!(f, "{deployment}: Succeeded, {reason}"),
            Self::Failed { deployment, reason } => write!(f, "{deployment}: Failed, {reason}"),
            Self::Over { deployment, status } => {
                write!(f, "{deployment}: nothing to do, the deployment is {status}")
            }
            Self::Planned { deployment, plan, .. } => write!(f, "{deployment}\n{plan}"),
            Self::Refused { deployment, reason } => {
                write!(f, "{deployment}: would be answered Failed, {reason}")
            }
        }
    }
}
