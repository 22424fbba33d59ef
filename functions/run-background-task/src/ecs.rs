//! Amazon ECS: a run that makes way for a newer one, and a place that is not there.

use std::time::Duration;

use anyhow::{Result, bail};
use aws_call::{Class, Failed};
use aws_sdk_ecs::Client;
use one_off_task::{Locked, ecs};

/// How often a task that is to end is looked at. The caller bounds the time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Stops a task and waits until its container has ended: two runs are never at work at once.
pub(crate) async fn stop_and_wait(client: &Client, other: &Locked) -> Result<()> {
    let cluster = other.task.cluster_arn().unwrap_or_default();
    let arn = other.arn();
    ecs::stop(client, cluster, arn, ecs::REPLACED).await?;
    tracing::warn!(task = arn, "stopped for a newer run");
    loop {
        let found = ecs::tasks(client, cluster, &[arn.to_owned()]).await?;
        let Some(task) = found.into_iter().next() else {
            bail!("ECS does not know the task {arn} any more");
        };
        let now = Locked { task, mark: other.mark.clone() };
        if !now.is_at_work() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether ECS had no place for the task: "Capacity is unavailable at this time. Please try again later
/// or in a different availability zone."
pub(crate) fn no_capacity(failed: &Failed) -> bool {
    failed.class == Class::Retry && failed.message.to_ascii_lowercase().contains("capacity")
}
