//! Amazon ECS: the tasks of ours, wherever they run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_call::{Call as _, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{DesiredStatus, Task};
use one_off_task::{Mark, STARTED_BY_PREFIX, ecs};

use crate::conclusion::name_of;
use crate::trigger::TaskRef;

/// One task as it is now.
///
/// # Errors
/// ECS does not know it, or still shows an older state than the event did; both pass.
pub(crate) async fn task(client: &Client, wanted: &TaskRef) -> Result<Task> {
    let found = ecs::tasks(client, &wanted.cluster, std::slice::from_ref(&wanted.arn)).await?;
    let task = found
        .into_iter()
        .next()
        .with_context(|| format!("ECS does not know the task {}", wanted.arn))?;
    anyhow::ensure!(
        task.version() >= wanted.version,
        "ECS shows version {} of {}, the event version {}",
        task.version(),
        wanted.arn,
        wanted.version
    );
    Ok(task)
}

/// Every task of ours in a cluster that runs or has just ended; of several starts for the same hook
/// only the last.
pub(crate) async fn ours(client: &Client, cluster: &str) -> Result<Vec<Task>, Failed> {
    let mut arns = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let mut pages =
            client.list_tasks().cluster(cluster).desired_status(status).into_paginator().send();
        while let Some(page) = pages.next().await {
            arns.extend(page.call("ListTasks")?.task_arns.unwrap_or_default());
        }
    }
    arns.sort();
    arns.dedup();
    let mut last: BTreeMap<String, (u32, Task)> = BTreeMap::new();
    for task in ecs::tasks(client, cluster, &arns).await? {
        if !task.started_by().is_some_and(|it| it.starts_with(STARTED_BY_PREFIX)) {
            continue;
        }
        let (key, attempt) = match Mark::of(&task) {
            Ok(Some(mark)) => (format!("{} {}", mark.id, mark.hook), mark.attempt),
            _ => (task.task_arn().unwrap_or_default().to_owned(), 0),
        };
        if last.get(&key).is_none_or(|(earlier, _)| *earlier < attempt) {
            last.insert(key, (attempt, task));
        }
    }
    Ok(last.into_values().map(|(_, task)| task).collect())
}

/// The names of all clusters.
pub(crate) async fn clusters(client: &Client) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    let mut pages = client.list_clusters().into_paginator().send();
    while let Some(page) = pages.next().await {
        let arns = page.call("ListClusters")?.cluster_arns.unwrap_or_default();
        names.extend(arns.iter().map(|it| name_of(it).to_owned()));
    }
    Ok(names)
}
