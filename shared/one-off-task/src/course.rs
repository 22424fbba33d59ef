//! What follows from a verdict, whoever waits for it.

use aws_sdk_ecs::types::Task;
use jiff::Timestamp;

use crate::mark::Mark;
use crate::task::OneOffTask;
use crate::verdict::{Failure, Verdict};

/// A task that cannot start is started this often in all.
const ATTEMPTS: u32 = 3;

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Course {
    /// Nothing yet: the task runs and is in time.
    Wait,
    /// It is over its time, like this.
    Overdue(Failure),
    /// It was the last command, and it succeeded.
    Succeed,
    /// The next command's turn.
    Next(Box<OneOffTask>),
    /// Start it again: it never ran.
    StartAgain(Box<OneOffTask>, Failure),
    /// It failed.
    Fail(Failure),
}

impl Course {
    /// What follows from a task's state at a moment, in seconds since 1970.
    pub fn of(task: &Task, mark: &Mark, now: i64) -> Self {
        let overdue = now >= mark.deadline;
        match Verdict::of(task, mark) {
            Verdict::Running if overdue => Self::Overdue(Failure::because(format!(
                "container {} still runs at its deadline, {}",
                mark.container,
                Timestamp::from_second(mark.deadline).unwrap_or_default()
            ))),
            Verdict::Running => Self::Wait,
            Verdict::Succeeded => match OneOffTask::next(task, mark) {
                None => Self::Succeed,
                Some(next) => Self::Next(Box::new(next)),
            },
            Verdict::Failed(failure)
                if failure.may_start_again && mark.attempt < ATTEMPTS && !overdue =>
            {
                Self::StartAgain(Box::new(OneOffTask::again(task, mark)), failure)
            }
            Verdict::Failed(failure) => Self::Fail(failure),
        }
    }
}
