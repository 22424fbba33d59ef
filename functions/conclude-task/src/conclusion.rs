//! What to do about a task: a value that can be printed before anything happens.

use std::fmt;

use aws_sdk_ecs::types::Task;
use deployment::Deployed;
use jiff::Timestamp;
use one_off_task::ecs::REPLACED;
use one_off_task::{Course, Failure, Mark, OneOffTask};

use crate::settings::{Overdue, Settings};
use crate::waiting::Waiting;

/// Who asks by itself also looks at the deadline; this much later it has stopped asking.
const NOBODY_ASKED: i64 = 600;

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Conclusion {
    /// Nothing yet: the task runs and is in time.
    Wait,
    /// Answer Succeeded.
    Succeed,
    /// Start the next command.
    Next(Box<OneOffTask>),
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
        /// Why nobody does.
        why: String,
    },
    /// Stop it, and say no more: that has been told.
    Stop {
        /// Why.
        why: String,
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
        let course = Course::of(task, mark, now.as_second());
        if let Some(Err(why)) = waiting.deployment().map(|it| it.check(task)) {
            return Self::Refuse { why };
        }
        match waiting {
            Waiting::NoSuchDeployment => {
                Self::Refuse { why: format!("there is no deployment {}", mark.id) }
            }
            Waiting::Over { status } => {
                Self::LeaveBe { why: format!("the deployment is {status}") }
            }
            Waiting::Unknown(why) => unverified(course, now.as_second() >= mark.deadline, why),
            Waiting::Nobody(it) => nobody_waits(&course, it, settings),
            Waiting::Asks(_) => asks(&course, now.as_second() - mark.deadline),
            Waiting::Deployment(_) | Waiting::WentOn(_) => {
                decide(course, settings.overdue == Overdue::Stop)
            }
            Waiting::People { told: true, .. } => told(&course),
            Waiting::People { .. } if task.stopped_reason() == Some(REPLACED) => {
                Self::LeaveBe { why: "a newer run has replaced it".to_owned() }
            }
            // A job has a longest duration so that it does not run on.
            Waiting::People { .. } => decide(course, true),
        }
    }

    /// Whether the task's end has been dealt with: nothing of it is needed any longer.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Succeed | Self::Fail { .. } | Self::LeaveBe { .. })
    }
}

fn told(course: &Course) -> Conclusion {
    match course {
        Course::Overdue(_) => Conclusion::Stop { why: "past its deadline".to_owned() },
        _ => Conclusion::LeaveBe { why: "its end has been told".to_owned() },
    }
}

fn decide(course: Course, stop: bool) -> Conclusion {
    match course {
        Course::Wait => Conclusion::Wait,
        Course::Succeed => Conclusion::Succeed,
        Course::Next(task) => Conclusion::Next(task),
        Course::StartAgain(task, failure) => Conclusion::StartAgain { task, failure },
        Course::Overdue(failure) => Conclusion::Fail { failure, stop },
        Course::Fail(failure) => Conclusion::Fail { failure, stop: false },
    }
}

/// Who asks by itself gets the verdict when it asks. Only if it does not any more, the task must not
/// run on.
fn asks(course: &Course, late: i64) -> Conclusion {
    match course {
        Course::Overdue(_) if late >= NOBODY_ASKED => {
            Conclusion::TidyUp { why: "its deadline has passed and nobody has asked".to_owned() }
        }
        Course::Wait | Course::Overdue(_) => Conclusion::Wait,
        _ => Conclusion::LeaveBe { why: "who waits for it asks by itself".to_owned() },
    }
}

/// Without the deployment's word nothing is approved. At the deadline it is answered all the same, so
/// that the deployment does not hang.
fn unverified(course: Course, overdue: bool, why: &str) -> Conclusion {
    let failed = |failure| Conclusion::Fail { failure, stop: false };
    match course {
        Course::Fail(failure) if !failure.may_start_again => failed(failure),
        _ if overdue => failed(Failure::because(format!("the task could not be verified: {why}"))),
        Course::Wait => Conclusion::Wait,
        _ => Conclusion::TryLater { why: why.to_owned() },
    }
}

fn nobody_waits(course: &Course, deployment: &Deployed, settings: &Settings) -> Conclusion {
    let why = format!("the deployment is {}", deployment.status);
    match course {
        Course::Wait | Course::Overdue(_) if settings.overdue == Overdue::Stop => {
            Conclusion::TidyUp { why }
        }
        Course::Wait | Course::Overdue(_) => {
            Conclusion::LeaveBe { why: format!("{why} and the task still runs") }
        }
        _ => Conclusion::LeaveBe { why },
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait => f.write_str("still running"),
            Self::Succeed => f.write_str("Succeeded"),
            Self::Next(task) => write!(f, "succeeded; next: {:?}", task.command),
            Self::Fail { failure, stop } => {
                write!(f, "Failed: {}", failure.reason)?;
                f.write_str(if *stop { "; the task is stopped" } else { "" })
            }
            Self::StartAgain { task, failure } => {
                write!(f, "started again (attempt {}): {}", task.mark.attempt, failure.reason)
            }
            Self::TidyUp { why } => write!(f, "stopped: {why}"),
            Self::Stop { why } => write!(f, "stopped: {why}, as was told before"),
            Self::LeaveBe { why } => write!(f, "nothing to do: {why}"),
            Self::Refuse { why } => write!(f, "refused: {why}"),
            Self::TryLater { why } => write!(f, "not yet: {why}"),
        }
    }
}

#[cfg(test)]
#[path = "conclusion_tests.rs"]
mod tests;
