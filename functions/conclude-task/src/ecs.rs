//! Amazon ECS: the tasks of ours, wherever they run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    DeploymentLifecycleHookStatus, ServiceDeploymentStatus, Task, TaskDefinitionFamilyStatus,
    TaskDefinitionStatus,
};
use deployment::{Deployed, name_of};
use jiff::{SignedDuration, Timestamp};
use one_off_task::derived::{self, FAMILY_PREFIX};
use one_off_task::{Mark, STARTED_BY_PREFIX, Waiter, ecs};

use crate::trigger::TaskRef;
use crate::waiting::Waiting;

/// A derived task definition is cleared away after this time, if its own end did not.
const DERIVED_FOR: SignedDuration = SignedDuration::from_hours(24);

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

/// Every task of ours in a cluster that runs or has just ended; of several attempts and commands for
/// the same hook only the last.
pub(crate) async fn ours(client: &Client, cluster: &str) -> Result<Vec<Task>, Failed> {
    let mut last: BTreeMap<String, ((u32, u32), Task)> = BTreeMap::new();
    for task in one_off_task::lock::ecs::all(client, cluster).await? {
        if !task.started_by().is_some_and(|it| it.starts_with(STARTED_BY_PREFIX)) {
            continue;
        }
        let (key, start) = match Mark::of(&task) {
            Ok(Some(mark)) => (format!("{} {}", mark.id, mark.hook), (mark.step, mark.attempt)),
            _ => (task.task_arn().unwrap_or_default().to_owned(), (0, 0)),
        };
        if last.get(&key).is_none_or(|(earlier, _)| *earlier < start) {
            last.insert(key, (start, task));
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

/// Which service deployment waits for the task.
pub(crate) async fn waiting(client: &Client, mark: &Mark) -> Waiting {
    let found = match deployment::ecs::describe(client, &mark.id).await {
        Ok(found) => found,
        Err(failed) if failed.class == Class::Gone => return Waiting::NoSuchDeployment,
        Err(failed) if failed.is("InvalidParameterException") => return Waiting::NoSuchDeployment,
        Err(failed) => return Waiting::Unknown(failed.to_string()),
    };
    let hook = deployment::ecs::hook(&found, &mark.hook);
    let in_progress = found.status().is_none_or(deployment::ecs::in_progress);
    let deployed = match deployment::ecs::resolve(client, &found).await {
        Ok(it) => Box::new(it),
        Err(failed) => return Waiting::Unknown(failed.to_string()),
    };
    match (mark.waiter, hook) {
        (_, Some(hook))
            if hook.status() == Some(&DeploymentLifecycleHookStatus::Succeeded)
                && found.status() == Some(&ServiceDeploymentStatus::Successful) =>
        {
            Waiting::WentOn(deployed)
        }
        _ if !in_progress => Waiting::Nobody(deployed),
        (Waiter::EcsLambdaHook, _) => Waiting::Asks(deployed),
        (_, Some(hook)) if deployment::ecs::is_paused(hook) => Waiting::Deployment(deployed),
        (_, Some(hook)) if hook.status() == Some(&DeploymentLifecycleHookStatus::Succeeded) => {
            Waiting::WentOn(deployed)
        }
        (_, Some(_)) => {
            Waiting::Nobody(Box::new(Deployed { status: "no longer paused".into(), ..*deployed }))
        }
        (_, None) => Waiting::NoSuchDeployment,
    }
}

/// A deployment that nobody can be asked about: whatever the task says of itself.
pub(crate) fn as_it_is(task: &Task, mark: &Mark) -> Deployed {
    Deployed {
        id: mark.id.clone(),
        cluster: task.cluster_arn().map(|it| name_of(it).to_owned()).unwrap_or_default(),
        service: "a service".to_owned(),
        task_definitions: task.task_definition_arn().map(str::to_owned).into_iter().collect(),
        status: "in progress".to_owned(),
        ..Deployed::default()
    }
}

/// Only what this suite has made is ever cleared away.
fn is_derived(definition: &str) -> bool {
    name_of(definition).starts_with(FAMILY_PREFIX)
}

/// Clears away derived task definitions that nobody has, once an hour.
pub(crate) async fn clear_away(client: &Client, now: Timestamp) -> Result<(), Failed> {
    // One pass of the watchdog in twelve.
    if now.as_second() % 3600 >= 300 {
        return Ok(());
    }
    let mut families = Vec::new();
    let mut pages = client
        .list_task_definition_families()
        .family_prefix(FAMILY_PREFIX)
        .status(TaskDefinitionFamilyStatus::Active)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        families.extend(page.call("ListTaskDefinitionFamilies")?.families.unwrap_or_default());
    }
    for family in families.iter().filter(|it| is_derived(it)) {
        let definition = ecs::task_definition(client, family).await?;
        let arn = definition.task_definition_arn().unwrap_or_default();
        let registered = definition.registered_at().map_or(i64::MAX, |it| it.secs());
        let age = SignedDuration::from_secs(now.as_second().saturating_sub(registered));
        let labelled = definition
            .container_definitions()
            .iter()
            .any(|it| it.docker_labels().is_some_and(|it| it.contains_key(derived::LABEL)));
        if definition.status() == Some(&TaskDefinitionStatus::Active)
            && labelled
            && is_derived(arn)
            && age > DERIVED_FOR
        {
            derived::ecs::deregister(client, arn).await?;
        }
    }
    Ok(())
}
