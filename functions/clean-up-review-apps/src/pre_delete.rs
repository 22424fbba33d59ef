//! A command that an app may run before its services go, such as one that drops its database.
//!
//! **Invariant:** it never keeps an app: it may fail, hang, or be impossible to start.

pub(crate) mod ecs;

use std::time::Duration;

use aws_sdk_ecs::types::Task;
use sha2::{Digest as _, Sha256};

use crate::kind::Kind;
use crate::plan::Leaving;
use crate::resource::Key;
use crate::settings::PreDelete;
use crate::verdict::Going;

/// By what its task is found again.
pub(crate) fn started_by(number: u32) -> String {
    format!("quayside-clean-up/{number}")
}

/// However often it is asked for, it runs once for one end of a pull request.
pub(crate) fn client_token(going: &Going) -> String {
    let digest = Sha256::digest(format!("{} {}", going.number(), going.because()));
    digest.iter().take(32).map(|byte| format!("{byte:02x}")).collect()
}

/// The service of the app on which it runs.
pub(crate) fn service<'a>(
    settings: &PreDelete,
    app: &Leaving,
    due: impl Iterator<Item = &'a Key>,
) -> Option<&'a Key> {
    let number = Some(app.going.number());
    let named = |key: &Key| {
        let service = app.resources.iter().find(|it| it.key == *key);
        service.and_then(|it| settings.service.number(it.key.kind, &it.name))
    };
    let mut due = due;
    due.find(|it| it.kind == Kind::Service && named(it) == number)
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Course {
    /// It has not been started.
    NotStarted,
    /// It is at work, and may be.
    Running,
    /// It is at work for too long: these tasks are stopped.
    TooLong(Vec<String>),
    /// It has ended well.
    Done,
    /// It has ended badly.
    Failed(String),
}

/// How far it is, by the tasks that were started for it.
pub(crate) fn course(tasks: &[Task], timeout: Duration, now: i64) -> Course {
    let running: Vec<&Task> =
        tasks.iter().filter(|it| it.last_status() != Some("STOPPED")).collect();
    let too_long = |it: &Task| {
        let since = it.created_at().map_or(now, |it| it.secs());
        u64::try_from(now - since).is_ok_and(|it| it >= timeout.as_secs())
    };
    let arn = |it: &&Task| it.task_arn().map(str::to_owned);
    if running.iter().any(|it| too_long(it)) {
        return Course::TooLong(running.iter().filter_map(arn).collect());
    }
    if !running.is_empty() {
        return Course::Running;
    }
    let Some(task) = tasks.first() else { return Course::NotStarted };
    match task.containers().iter().find_map(aws_sdk_ecs::types::Container::exit_code) {
        Some(0) => Course::Done,
        Some(code) => Course::Failed(format!("it ended with exit code {code}")),
        None => Course::Failed(task.stopped_reason().unwrap_or("it never started").to_owned()),
    }
}
