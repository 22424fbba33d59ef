//! AWS Systems Manager: what is remembered of jobs between their runs.

use anyhow::Result;
use aws_sdk_ecs::types::Task;
use deployment::name_of;
use jiff::{SignedDuration, Timestamp};
use job_record::{Key, ssm};
use one_off_task::Mark;

use crate::waiting::Waiting;
use crate::{Desk, publish, report};

fn key(desk: &Desk<'_>, task: &Task, mark: &Mark) -> Key {
    Key {
        prefix: desk.settings.job_records.clone(),
        cluster: name_of(task.cluster_arn().unwrap_or_default()).to_owned(),
        job: mark.id.clone(),
    }
}

/// What people have heard of the job. If nobody remembers, they hear of every failure, perhaps more
/// than once.
pub(crate) async fn waiting(desk: &Desk<'_>, task: &Task, mark: &Mark) -> Waiting {
    match ssm::ends(&desk.aws.ssm, &key(desk, task, mark)).await {
        Ok(ends) => Waiting::People {
            told: ends.knows(name_of(task.task_arn().unwrap_or_default())),
            failures: ends.failed_in_a_row,
        },
        Err(error) => {
            tracing::error!(job = mark.id, error = format!("{error:#}"), "no record of the job");
            Waiting::People { told: false, failures: u32::MAX / 2 }
        }
    }
}

/// Remembers that a run succeeded.
pub(crate) async fn succeeded(desk: &Desk<'_>, task: &Task, mark: &Mark) {
    remember(desk, task, mark, true).await;
}

/// Remembers that a run failed.
pub(crate) async fn failed(desk: &Desk<'_>, task: &Task, mark: &Mark) {
    remember(desk, task, mark, false).await;
}

/// What can't be remembered must not keep the task from being concluded: it is told once more.
async fn remember(desk: &Desk<'_>, task: &Task, mark: &Mark, succeeded: bool) {
    let key = key(desk, task, mark);
    let id = name_of(task.task_arn().unwrap_or_default());
    let written = async {
        let mut ends = ssm::ends(&desk.aws.ssm, &key).await?;
        match succeeded {
            true => ends.succeeded(id),
            false => ends.failed(id),
        }
        ssm::write_ends(&desk.aws.ssm, &key, &ends).await
    };
    if let Err(error) = written.await {
        tracing::error!(job = mark.id, error = format!("{error:#}"), "the job's end was not kept");
    }
}

/// Tells of jobs that have not run for longer than they should, once for each time.
pub(crate) async fn missed_runs(desk: &Desk<'_>) -> Result<()> {
    let now = desk.clock.now();
    for (key, starts) in ssm::all_starts(&desk.aws.ssm, &desk.settings.job_records).await? {
        let Some(limit) = starts.alert_if_not_run_for else { continue };
        let limit = SignedDuration::from_secs(i64::try_from(limit).unwrap_or(i64::MAX));
        let allowed = &desk.settings.clusters;
        let elsewhere = !allowed.is_empty() && !allowed.contains(&key.cluster);
        let last_run = Timestamp::from_second(starts.last_run).unwrap_or_default();
        if elsewhere || now.duration_since(last_run) <= limit {
            continue;
        }
        let mut ends = ssm::ends(&desk.aws.ssm, &key).await?;
        if ends.missed_told_for == starts.last_run {
            continue;
        }
        let (cluster, job, service) = (&key.cluster, &key.job, &starts.service);
        if !publish(desk, &report::missed(cluster, job, service, last_run, limit, now)).await {
            continue;
        }
        ends.missed_told_for = starts.last_run;
        ssm::write_ends(&desk.aws.ssm, &key, &ends).await?;
    }
    Ok(())
}
