//! Amazon ECS: the live service, the new task definition, the task.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Service, ServiceField};
use one_off_task::{Mark, OneOffTask, ecs};

/// Placement is tried this often, with growing pauses.
const STARTS: u32 = 6;

/// The service that is being deployed, as it runs now.
pub(crate) async fn service(ecs: &Client, cluster: &str, name: &str) -> Result<Service> {
    let answer = ecs
        .describe_services()
        .cluster(cluster)
        .services(name)
        .include(ServiceField::Tags)
        .send()
        .await
        .call("DescribeServices")?;
    if let Some(failure) = answer.failures().first() {
        let reason = failure.reason().unwrap_or("no reason");
        bail!("service {name} in cluster {cluster}: {reason}");
    }
    let service = answer.services.unwrap_or_default().into_iter().next();
    let service = service
        .with_context(|| format!("DescribeServices returned no service {name} in {cluster}"))?;
    if service.status() == Some("INACTIVE") {
        bail!("service {name} in cluster {cluster} is INACTIVE");
    }
    Ok(service)
}

/// Starts the task once, however often it takes: missing capacity is waited for, and if ECS's last
/// answer was lost the task is looked for. The caller bounds the time.
///
/// Every try has the same client token, so none of them can start a second task.
pub(crate) async fn start(client: &Client, task: &OneOffTask) -> Result<String, Failed> {
    let mut pause = Duration::from_secs(1);
    let mut tries = 1;
    loop {
        let failed = match ecs::start(client, task).await {
            Ok(arn) => return Ok(arn),
            Err(failed) => failed,
        };
        // No answer at all: the request may have been carried out all the same. A conflict that
        // names no task means that there is one.
        if (failed.code.is_none() || failed.is("ConflictException"))
            && let Some(arn) = find(client, task).await
        {
            return Ok(arn);
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

/// The task of this very hook, if ECS has it after all.
async fn find(client: &Client, task: &OneOffTask) -> Option<String> {
    let started_by = task.mark.started_by();
    let arns = ecs::started_by(client, &task.cluster, &started_by).await.ok()?;
    let found = ecs::tasks(client, &task.cluster, &arns).await.ok()?;
    found.into_iter().find_map(|it| {
        let mark = Mark::of(&it).ok().flatten()?;
        (mark.hook == task.mark.hook).then_some(it.task_arn)?
    })
}
