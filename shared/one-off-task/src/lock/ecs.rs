//! Amazon ECS: who has the lock, and starting the one whose turn it is.

use std::time::{Duration, SystemTime};

use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{DesiredStatus, Task};

use super::{Locked, Start, TIME_TO_APPEAR, Turn, token_after, turn};
use crate::ecs::{Run, run, started_by, tasks};
use crate::mark::Mark;
use crate::task::OneOffTask;

/// Placement is tried this often, with growing pauses.
const STARTS: u32 = 6;
/// So many tasks may have been started since the last one that was seen.
const CHAIN: u32 = 20;
/// So often a task that a conflict names is looked for.
const LOOKS: u32 = 5;

/// The tasks of a cluster that have a lock, or had it within the last hour.
///
/// # Errors
/// ECS did not say.
pub async fn with_lock(ecs: &Client, cluster: &str, lock: &str) -> Result<Vec<Locked>, Failed> {
    let found = all(ecs, cluster).await?;
    Ok(found.into_iter().filter_map(|it| Locked::of(it, lock)).collect())
}

/// Every task of a cluster that runs or has just ended, with its tags.
///
/// # Errors
/// ECS did not say.
pub async fn all(ecs: &Client, cluster: &str) -> Result<Vec<Task>, Failed> {
    let mut arns = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let mut pages =
            ecs.list_tasks().cluster(cluster).desired_status(status).into_paginator().send();
        while let Some(page) = pages.next().await {
            arns.extend(page.call("ListTasks")?.task_arns.unwrap_or_default());
        }
    }
    arns.sort();
    arns.dedup();
    tasks(ecs, cluster, &arns).await
}

/// Starts the task once, however often it takes: missing capacity is waited for, and if ECS's last
/// answer was lost the task is looked for. The caller bounds the time.
///
/// Every try has the same client token, so none of them can start a second task; with a lock in its
/// mark, no other task that has the lock is at work.
///
/// # Errors
/// It was not started, as far as can be known.
pub async fn start(client: &Client, task: &OneOffTask, now: SystemTime) -> Result<Start, Failed> {
    let mut pause = Duration::from_secs(1);
    let mut tries = 1;
    loop {
        let failed = match start_once(client, task, now).await {
            Ok(start) => return Ok(start),
            Err(failed) => failed,
        };
        // No answer at all: the request may have been carried out all the same. A conflict that
        // names no task means that there is one.
        if (failed.code.is_none() || failed.is("ConflictException"))
            && let Some(arn) = find(client, task).await
        {
            return Ok(Start::Already(arn));
        }
        if failed.class != Class::Retry || tries == STARTS {
            return Err(failed);
        }
        tracing::warn!(error = failed.to_string(), tries, "the task could not be started yet");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
        tries += 1;
    }
}

/// The same, once.
///
/// # Errors
/// It was not started, as far as can be known.
pub async fn start_once(
    client: &Client,
    task: &OneOffTask,
    now: SystemTime,
) -> Result<Start, Failed> {
    match &task.mark.lock {
        Some(lock) => alone(client, task, lock, now).await,
        None => match run(client, task, &task.client_token()).await? {
            Run::New(arn) => Ok(Start::Started(arn)),
            Run::Known(arn) => Ok(Start::Already(arn)),
        },
    }
}

async fn alone(
    ecs: &Client,
    task: &OneOffTask,
    lock: &str,
    now: SystemTime,
) -> Result<Start, Failed> {
    let seen = with_lock(ecs, &task.cluster, lock).await?;
    let mut predecessor = match turn(&seen, &task.mark) {
        Turn::Already(own) => return Ok(Start::Already(own.arn().to_owned())),
        Turn::Held(other) => return Ok(Start::Held(Box::new(other.clone()))),
        Turn::Free(last) => last.map(|it| it.arn().to_owned()),
    };
    for _ in 0..CHAIN {
        let token = token_after(lock, predecessor.as_deref(), now);
        let known = match run(ecs, task, &token).await? {
            Run::New(arn) => return Ok(Start::Started(arn)),
            Run::Known(arn) => named(ecs, &task.cluster, &arn, lock).await?,
        };
        match turn(std::slice::from_ref(&known), &task.mark) {
            Turn::Already(own) => return Ok(Start::Already(own.arn().to_owned())),
            Turn::Held(other) => return Ok(Start::Held(Box::new(other.clone()))),
            Turn::Free(_) => predecessor = Some(known.arn().to_owned()),
        }
    }
    Err(busy(format!("more than {CHAIN} tasks have had the lock {lock} just now")))
}

/// The task that a conflict names. It was started within the hour, so ECS has it; a new one may not
/// be shown at once.
async fn named(ecs: &Client, cluster: &str, arn: &str, lock: &str) -> Result<Locked, Failed> {
    for _ in 0..LOOKS {
        let found = tasks(ecs, cluster, &[arn.to_owned()]).await?.into_iter().next();
        if let Some(task) = found {
            return Locked::of(task, lock).ok_or_else(|| {
                busy(format!("the task {arn} has the lock {lock} without its mark"))
            });
        }
        tokio::time::sleep(TIME_TO_APPEAR).await;
    }
    Err(busy(format!("the task {arn} has the lock {lock}, and ECS does not show it")))
}

fn busy(message: String) -> Failed {
    Failed { operation: "RunTask", code: None, message, class: Class::Retry }
}

/// The task of this very cause, if ECS has it after all.
async fn find(client: &Client, task: &OneOffTask) -> Option<String> {
    let started_by = started_by(client, &task.cluster, &task.mark.started_by()).await.ok()?;
    let found = tasks(client, &task.cluster, &started_by).await.ok()?;
    found.into_iter().find_map(|it| {
        let mark = Mark::of(&it).ok().flatten()?;
        let same = mark.is_same_cause(&task.mark) && mark.attempt >= task.mark.attempt;
        same.then_some(it.task_arn)?
    })
}
