//! What to do about a task: a value that can be printed before anything happens.

use std::fmt;

use aws_sdk_ecs::types::Task;
use deployment::Deployment;
use jiff::Timestamp;
use one_off_task::{Failure, Mark, OneOffTask, Verdict};

use crate::settings::{Overdue, Settings};

/// A task that cannot start is started this often in all.
const ATTEMPTS: u32 = 3;

/// Who waits for the task, as `CodeDeploy` says.
#[derive(Debug, Clone, PartialEq)]
pub enum Waiting {
    /// A deployment, still in progress.
    Deployment(Box<Deployment>),
    /// Nobody: the deployment has ended, like this.
    Nobody(Box<Deployment>),
    /// Nobody: the deployment has ended, and its revision can't be read any more.
    Over {
        /// How it ended.
        status: String,
    },
    /// There is no such deployment.
    NoSuchDeployment,
    /// `CodeDeploy` or the revision could not be read, for this reason.
    Unknown(String),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Conclusion {
    /// Nothing yet: the task runs and is in time.
    Wait,
    /// Answer Succeeded.
    Succeed,
    /// Answer Failed, alert, and perhaps stop the task.
    Fail {
        /// Why.
        failure: Failure,
        /// Whether the task still runs and is to be stopped.
        stop: bool,
    },
    /// Start it again: it never ran.
    StartAgain {
        /// The next start.
        task: Box<OneOffTask>,
        /// Why this one never ran.
        failure: Failure,
    },
    /// Stop it: nobody waits any longer.
    TidyUp {
        /// How the deployment ended.
        status: String,
    },
    /// Nothing: nobody waits any longer.
    LeaveBe {
        /// Why.
        why: String,
    },
    /// Nothing may be said because of this task: it is not what it claims to be.
    Refuse {
        /// What gave it away.
        why: String,
    },
    /// Nothing can be said yet; try again later.
    TryLater {
        /// What is in the way.
        why: String,
    },
}

impl Conclusion {
    /// The whole decision.
    pub fn of(
        task: &Task,
        mark: &Mark,
        waiting: &Waiting,
        now: Timestamp,
        settings: &Settings,
    ) -> Self {
        let verdict = Verdict::of(task, mark);
        let overdue = now.as_second() >= mark.deadline;
        match waiting {
            Waiting::NoSuchDeployment => {
                Self::Refuse { why: format!("there is no deployment {}", mark.id) }
            }
            Waiting::Over { status } => {
                Self::LeaveBe { why: format!("the deployment is {status}") }
            }
            Waiting::Unknown(why) => unverified(verdict, overdue, why),
            Waiting::Deployment(it) | Waiting::Nobody(it) => {
                if let Err(why) = belongs(task, it) {
                    return Self::Refuse { why };
                }
                match waiting {
                    Waiting::Nobody(_) => nobody_waits(&verdict, it, settings),
                    _ => decide(verdict, task, mark, overdue, settings),
                }
            }
        }
    }
}

fn decide(
    verdict: Verdict,
    task: &Task,
    mark: &Mark,
    overdue: bool,
    settings: &Settings,
) -> Conclusion {
    match verdict {
        Verdict::Succeeded => Conclusion::Succeed,
        Verdict::Running if overdue => Conclusion::Fail {
            failure: Failure::because(format!(
                "container {} still runs at its deadline, {}",
                mark.container,
                Timestamp::from_second(mark.deadline).unwrap_or_default()
            )),
            stop: settings.overdue == Overdue::Stop,
        },
        Verdict::Running => Conclusion::Wait,
        Verdict::Failed(failure)
            if failure.may_start_again && mark.attempt < ATTEMPTS && !overdue =>
        {
            Conclusion::StartAgain { task: Box::new(OneOffTask::again(task, mark)), failure }
        }
        Verdict::Failed(failure) => Conclusion::Fail { failure, stop: false },
    }
}

/// Without `CodeDeploy`'s word nothing is approved. At the deadline it is answered all the same, so
/// that the deployment does not hang.
fn unverified(verdict: Verdict, overdue: bool, why: &str) -> Conclusion {
    match verdict {
        Verdict::Failed(failure) if !failure.may_start_again => {
            Conclusion::Fail { failure, stop: false }
        }
        Verdict::Succeeded | Verdict::Running | Verdict::Failed(_) if overdue => Conclusion::Fail {
            failure: Failure::because(format!("the task could not be verified: {why}")),
            stop: false,
        },
        Verdict::Running => Conclusion::Wait,
        _ => Conclusion::TryLater { why: why.to_owned() },
    }
}

fn nobody_waits(verdict: &Verdict, deployment: &Deployment, settings: &Settings) -> Conclusion {
    let status = deployment.status.as_str().to_owned();
    match verdict {
        Verdict::Running if settings.overdue == Overdue::Stop => Conclusion::TidyUp { status },
        Verdict::Running => Conclusion::LeaveBe {
            why: format!("the deployment is {status} and the task still runs"),
        },
        _ => Conclusion::LeaveBe { why: format!("the deployment is {status}") },
    }
}

/// Whether the task is the deployment's: its cluster, and exactly the task definition it deploys.
fn belongs(task: &Task, deployment: &Deployment) -> Result<(), String> {
    let cluster = task.cluster_arn().unwrap_or_default();
    if name_of(cluster) != name_of(&deployment.cluster) {
        return Err(format!(
            "the task runs in cluster {}, but {} deploys to cluster {}",
            name_of(cluster),
            deployment.id,
            name_of(&deployment.cluster)
        ));
    }
    let definition = task.task_definition_arn().unwrap_or_default();
    let deployed = deployment.appspec.task_definition.as_str();
    let same = if deployed.starts_with("arn:") {
        definition == deployed
    } else {
        name_of(definition) == deployed
    };
    if same {
        Ok(())
    } else {
        Err(format!("the task runs {definition}, but {} deploys {deployed}", deployment.id))
    }
}

/// The last part of an ARN; of a name, the name.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait => f.write_str("still running"),
            Self::Succeed => f.write_str("Succeeded"),
            Self::Fail { failure, stop } => {
                write!(f, "Failed: {}", failure.reason)?;
                f.write_str(if *stop { "; the task is stopped" } else { "" })
            }
            Self::StartAgain { task, failure } => {
                write!(f, "started again (attempt {}): {}", task.mark.attempt, failure.reason)
            }
            Self::TidyUp { status } => write!(f, "stopped: the deployment is {status}"),
            Self::LeaveBe { why } => write!(f, "nothing to do: {why}"),
            Self::Refuse { why } => write!(f, "refused: {why}"),
            Self::TryLater { why } => write!(f, "not yet: {why}"),
        }
    }
}

#[cfg(test)]
#[path = "conclusion_tests.rs"]
mod tests;
