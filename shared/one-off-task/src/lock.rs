//! One task at a time, without a table: ECS's own idempotency decides who is first.
//!
//! Every task under a lock is started with a client token that names the task before it. Of two
//! functions that see the same predecessor and start at once, ECS lets one through and tells the
//! other, by `ConflictException`, which task that was. Who sees an older predecessor walks the chain
//! from there.

pub mod ecs;

use std::time::{Duration, SystemTime};

use aws_sdk_ecs::types::Task;

use crate::mark::Mark;
use crate::task::token;
use crate::verdict::Verdict;

/// A task that has, or had, a lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Locked {
    /// The task.
    pub task: Task,
    /// What it carries.
    pub mark: Mark,
}

/// What came of starting a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// It was started: its ARN.
    Started(String),
    /// An earlier delivery of the same event had started it: its ARN.
    Already(String),
    /// Another task has the lock.
    Held(Box<Locked>),
}

impl Locked {
    /// The task, if it carries the lock.
    pub(crate) fn of(task: Task, lock: &str) -> Option<Self> {
        let mark = Mark::of(&task).ok().flatten()?;
        (mark.lock.as_deref() == Some(lock)).then_some(Self { task, mark })
    }

    /// Its ARN.
    pub fn arn(&self) -> &str {
        self.task.task_arn().unwrap_or_default()
    }

    /// What has become of it.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.task, &self.mark)
    }

    /// Whether its command may still be at work.
    pub fn is_at_work(&self) -> bool {
        self.verdict() == Verdict::Running
    }
}

/// What the tasks under a lock mean for one that wants to start.
#[derive(Debug)]
pub enum Turn<'a> {
    /// It has been started before.
    Already(&'a Locked),
    /// It is somebody else's.
    Held(&'a Locked),
    /// It is free; this was the last task that had it, as far as can be seen.
    Free(Option<&'a Locked>),
}

/// Whose turn it is.
pub fn turn<'a>(seen: &'a [Locked], mark: &Mark) -> Turn<'a> {
    let newest = |it: &&'a Locked| (it.task.created_at().map(|at| at.as_nanos()), it.mark.attempt);
    let own = seen
        .iter()
        .filter(|it| it.mark.is_same_cause(mark) && it.mark.attempt >= mark.attempt)
        .max_by_key(newest);
    let at_work = seen.iter().filter(|it| it.is_at_work()).max_by_key(newest);
    match (own, at_work) {
        (Some(own), _) => Turn::Already(own),
        (None, Some(other)) => Turn::Held(other),
        (None, None) => Turn::Free(seen.iter().max_by_key(newest)),
    }
}

/// The client token of the task that follows `predecessor`.
///
/// Where none is known, the hour stands for it: ECS shows a stopped task for at least an hour, so
/// whatever was started within this hour is still there to be looked at, and nothing older is at
/// work unless it is seen.
pub(crate) fn token_after(lock: &str, predecessor: Option<&str>, now: SystemTime) -> String {
    let hour = || now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / 3600;
    match predecessor {
        Some(arn) => token(&format!("{lock}\nafter {arn}")),
        None => token(&format!("{lock}\nhour {}", hour())),
    }
}

/// A short name for something that may be long: 32 characters.
pub fn digest(text: &str) -> String {
    token(text).chars().take(32).collect()
}

/// A task that a conflict names may be too new to be described yet.
pub(crate) const TIME_TO_APPEAR: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::primitives::DateTime;
    use aws_sdk_ecs::types::Container;

    use super::*;

    fn locked(hook: &str, attempt: u32, created: i64, exit_code: Option<i32>) -> Locked {
        let container = Container::builder().name("app").set_exit_code(exit_code).build();
        let task = Task::builder()
            .task_arn(format!("{hook}/{attempt}"))
            .created_at(DateTime::from_secs(created))
            .containers(container)
            .build();
        Locked { task, mark: mark(hook, attempt) }
    }

    fn mark(hook: &str, attempt: u32) -> Mark {
        Mark { hook: hook.into(), container: "app".into(), attempt, ..Mark::default() }
    }

    #[test]
    fn whose_turn_it_is() {
        let check = |seen: &[Locked], attempt: u32, expected: &str| {
            let told = match turn(seen, &mark("mine", attempt)) {
                Turn::Already(it) => format!("already {}", it.arn()),
                Turn::Held(it) => format!("held by {}", it.arn()),
                Turn::Free(it) => format!("free after {}", it.map_or("nobody", Locked::arn)),
            };
            assert_eq!(told, expected);
        };
        check(&[], 1, "free after nobody");
        check(&[locked("a", 1, 1, Some(0)), locked("b", 1, 2, Some(1))], 1, "free after b/1");
        check(&[locked("a", 1, 3, None), locked("b", 1, 2, Some(1))], 1, "held by a/1");
        // Whoever started for the same cause is us, also if it has ended, also a later attempt.
        check(&[locked("mine", 1, 1, Some(1)), locked("b", 1, 2, None)], 1, "already mine/1");
        check(&[locked("mine", 1, 1, Some(1)), locked("mine", 2, 2, None)], 1, "already mine/2");
        check(&[locked("mine", 1, 1, Some(1))], 2, "free after mine/1");
    }

    #[test]
    fn the_token_names_the_predecessor() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let token = |lock, predecessor, seconds| token_after(lock, predecessor, at(seconds));
        assert_eq!(token("db", None, 7200), token("db", None, 10_799));
        assert_ne!(token("db", None, 7200), token("db", None, 10_800));
        assert_ne!(token("db", None, 0), token("other", None, 0));
        assert_eq!(token("db", Some("a"), 0), token("db", Some("a"), 9_999_999));
        assert_ne!(token("db", Some("a"), 0), token("db", Some("b"), 0));
    }
}
