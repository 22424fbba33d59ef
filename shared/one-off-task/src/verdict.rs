//! What an ended task means, from what ECS says about it.

use aws_sdk_ecs::types::{Container, Task, TaskStopCode};
use serde::Serialize;

use crate::mark::Mark;

/// What became of a one-off task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Its container has not ended yet.
    Running,
    /// Its container did what it was asked to.
    Succeeded,
    /// It did not.
    Failed(Failure),
}

/// Why a task failed, in words a person on call can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened.
    pub reason: String,
    /// What to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The container's exit code, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Whether the command certainly never ran and the cause is known to pass: then, and only then,
    /// the task may be started again.
    pub may_start_again: bool,
}

impl Failure {
    /// A failure with nothing but a reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: None, exit_code: None, may_start_again: false }
    }

    fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}

impl Verdict {
    /// Judges by the container that the mark names; nobody else's exit code counts.
    ///
    /// The verdict falls as soon as that container has exited: ECS reports its exit code while the
    /// task is still being taken down.
    pub fn of(task: &Task, mark: &Mark) -> Self {
        let container = task.containers().iter().find(|it| it.name() == Some(&mark.container));
        match container.and_then(Container::exit_code) {
            Some(code) => exited(task, mark, container, code),
            None if task.last_status() == Some("STOPPED") => {
                Self::Failed(without_exit_code(task, mark, container))
            }
            None => Self::Running,
        }
    }
}

fn exited(task: &Task, mark: &Mark, container: Option<&Container>, code: i32) -> Verdict {
    let name = &mark.container;
    if code == 0 || mark.allowed_exit_codes.contains(&code) {
        // A process that is told to stop may well end with 0, its work half done. Only the end of an
        // essential container is an end the task came to by itself.
        return match interruption(task) {
            None => Verdict::Succeeded,
            Some(who) => Verdict::Failed(
                Failure {
                    exit_code: Some(code),
                    ..Failure::because(format!(
                        "container {name} exited with {code}, but {who}; it may not have finished"
                    ))
                }
                .hint("Check what the command has done, then deploy again."),
            ),
        };
    }
    let mut failure = Failure::because(format!("container {name} exited with {code}"));
    failure.exit_code = Some(code);
    let said = container.and_then(Container::reason).unwrap_or_default();
    if said.contains("OutOfMemory") {
        failure.reason = format!("container {name} ran out of memory (exit code {code})");
        failure.hint = Some("Give the task definition more memory.".into());
        return Verdict::Failed(failure);
    }
    if !said.is_empty() {
        failure.reason = format!("{}: {said}", failure.reason);
    }
    if let Some(who) = interruption(task) {
        failure.reason = format!("{}, after {who}", failure.reason);
        return Verdict::Failed(failure);
    }
    if let Some(other) = first_to_fail(task, name)
        && matches!(code, 137 | 143)
    {
        failure.reason = format!("{} after the essential container {other}", failure.reason);
        failure.hint = Some(format!("Look at the log of {other}."));
        return Verdict::Failed(failure);
    }
    failure.hint = hint_for(code).map(str::to_owned);
    Verdict::Failed(failure)
}

/// Who stopped the task before its container could finish by itself.
fn interruption(task: &Task) -> Option<String> {
    let said = task.stopped_reason().unwrap_or("no reason given");
    match task.stop_code()? {
        TaskStopCode::UserInitiated => Some(format!("somebody stopped the task ({said})")),
        TaskStopCode::SpotInterruption => Some("AWS took the Spot capacity back".to_owned()),
        TaskStopCode::TerminationNotice => Some("AWS took the instance back".to_owned()),
        TaskStopCode::ServiceSchedulerInitiated => Some(format!("ECS stopped the task ({said})")),
        TaskStopCode::EssentialContainerExited | TaskStopCode::TaskFailedToStart => None,
        other => Some(format!("ECS stopped the task ({}, {said})", other.as_str())),
    }
}

/// Another container that ended badly by itself, and so may have taken this one down.
fn first_to_fail<'a>(task: &'a Task, name: &str) -> Option<&'a str> {
    task.containers()
        .iter()
        .filter(|it| it.name() != Some(name))
        .find(|it| it.exit_code().is_some_and(|code| !matches!(code, 0 | 137 | 143)))
        .and_then(Container::name)
}

fn hint_for(code: i32) -> Option<&'static str> {
    Some(match code {
        126 => "The command was found but is not executable.",
        127 => "The command was not found in the image.",
        134 => "The process aborted (SIGABRT).",
        137 => "The process was killed (SIGKILL): out of memory, or it ignored a stop.",
        139 => {
            "The process crashed (SIGSEGV): a native library, or an image of another architecture."
        }
        143 => "The process was told to stop (SIGTERM) and did.",
        255 => "Often `exec format error`: the image is built for another architecture.",
        _ => return None,
    })
}

/// The container never told an exit code: it never ran, or ECS lost sight of it.
fn without_exit_code(task: &Task, mark: &Mark, container: Option<&Container>) -> Failure {
    let name = &mark.container;
    let stopped = task.stopped_reason().unwrap_or_default();
    let said = container.and_then(Container::reason).unwrap_or_default();
    let words = match (said.is_empty(), stopped.is_empty()) {
        (true, true) => "ECS gives no reason".to_owned(),
        (true, false) => stopped.to_owned(),
        (false, true) => said.to_owned(),
        (false, false) if stopped.contains(said) => stopped.to_owned(),
        (false, false) => format!("{stopped}: {said}"),
    };
    let never_ran = never_ran(task, container);
    let verb = if never_ran { "never started" } else { "ended without an exit code" };
    let mut failure = Failure::because(format!("container {name} {verb}: {words}"));
    failure.hint = start_hint(&words).map(str::to_owned);
    failure.may_start_again = never_ran
        && task.stop_code() == Some(&TaskStopCode::TaskFailedToStart)
        && is_transient_start(&words);
    if let Some(who) = interruption(task) {
        failure.reason = format!("container {name} {verb}: {who}");
    }
    failure
}

/// Certain only if ECS saw no sign of it: a container that was created has a runtime id, and a task
/// whose containers all ran has a start time.
fn never_ran(task: &Task, container: Option<&Container>) -> bool {
    task.started_at().is_none() && container.is_none_or(|it| it.runtime_id().is_none())
}

/// Failures to start that pass by themselves: capacity, network interfaces, slow registries.
fn is_transient_start(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    if ["not found", "manifest unknown", "access denied", "accessdenied", "not authorized"]
        .iter()
        .any(|it| says(it))
    {
        return false;
    }
    [
        "timeout",
        "timed out",
        "deadline exceeded",
        "capacity is unavailable",
        "toomanyrequests",
        "too many requests",
        "throttl",
        "rate exceeded",
        "network interface provisioning",
        "eni provisioning",
        "unexpected ec2 error",
        "internal error",
        "internalerror",
        "connection reset",
        "service unavailable",
        "try again",
    ]
    .iter()
    .any(|it| says(it))
}

fn start_hint(words: &str) -> Option<&'static str> {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    Some(if says("cannotpullcontainer") && (says("timeout") || says("deadline exceeded")) {
        "The subnet may have no way out: a NAT gateway, a public IP or VPC endpoints for ECR and S3."
    } else if says("cannotpullcontainer") {
        "Check that the image exists and that the execution role may pull it."
    } else if says("resourceinitializationerror") && says("secret") {
        "Check the secrets in the task definition and the execution role's permission to read them."
    } else if says("resourceinitializationerror") && says("log") {
        "Check that the log group exists and that the execution role may write to it."
    } else if says("outofmemory") {
        "Give the task definition more memory."
    } else if says("exec format error") {
        "The image is built for another architecture than the task definition asks for."
    } else if says("cannotstartcontainer") || says("cannotcreatecontainer") {
        "Check that the command exists in the image."
    } else {
        return None;
    })
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
