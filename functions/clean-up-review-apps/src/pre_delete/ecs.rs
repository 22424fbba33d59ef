//! Amazon ECS: starts the command, and sees what became of it.

use std::time::SystemTime;

use aws_call::{Call as _, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{ContainerOverride, Service, TaskOverride};
use one_off_task::ecs as tasks;

use super::{Course, client_token, course, started_by};
use crate::ownership::Ticket;
use crate::settings::PreDelete;
use crate::verdict::Going;

/// AWS that can't be reached keeps an app no longer than this after the end of its pull request.
const GIVE_UP_AFTER: i64 = 24 * 3600;

/// Whether the app's services may go now; otherwise its command is at work. What went wrong with it is told.
pub(crate) async fn is_over(
    ecs: &Client,
    settings: &PreDelete,
    going: &Going,
    service: &Ticket,
    now: SystemTime,
) -> (bool, Option<String>) {
    let name = service.id().rsplit('/').nth(1).unwrap_or_default();
    match advance(ecs, settings, going, service, name, now).await {
        Ok(over) => over,
        Err(failed) if failed.class == aws_call::Class::Retry && !is_late(going, now) => {
            (false, None)
        }
        Err(failed) => (true, Some(failed.to_string())),
    }
}

async fn advance(
    ecs: &Client,
    settings: &PreDelete,
    going: &Going,
    service: &Ticket,
    cluster: &str,
    now: SystemTime,
) -> Result<(bool, Option<String>), Failed> {
    let arns = all(ecs, cluster, &started_by(going.number())).await?;
    let found =
        if arns.is_empty() { Vec::new() } else { tasks::tasks(ecs, cluster, &arns).await? };
    match course(&found, settings.timeout, seconds(now)) {
        Course::Done => Ok((true, None)),
        Course::Running => Ok((false, None)),
        Course::Failed(why) => Ok((true, Some(why))),
        Course::TooLong(arns) => {
            for arn in arns {
                tasks::stop(ecs, cluster, &arn, "Quayside: the command took too long").await?;
            }
            Ok((true, Some("it took too long and was stopped".to_owned())))
        }
        Course::NotStarted => start(ecs, settings, going, service, (cluster, now)).await,
    }
}

/// Whether it was tried for so long that the app goes without it.
fn is_late(going: &Going, now: SystemTime) -> bool {
    let since = going.since().map_or(0, jiff::Timestamp::as_second);
    seconds(now) - since > GIVE_UP_AFTER
}

fn seconds(now: SystemTime) -> i64 {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

async fn all(ecs: &Client, cluster: &str, by: &str) -> Result<Vec<String>, Failed> {
    let mut arns = tasks::started_by(ecs, cluster, by).await?;
    let stopped = ecs.list_tasks().cluster(cluster).started_by(by).desired_status("STOPPED".into());
    let answer = stopped.send().await.call("ListTasks")?;
    arns.extend(answer.task_arns.unwrap_or_default());
    arns.sort();
    arns.dedup();
    Ok(arns)
}

async fn start(
    ecs: &Client,
    settings: &PreDelete,
    going: &Going,
    service: &Ticket,
    (cluster, now): (&str, SystemTime),
) -> Result<(bool, Option<String>), Failed> {
    let answer = ecs.describe_services().cluster(cluster).services(service.id()).send().await;
    let answer = answer.call("DescribeServices")?;
    let Some(live) = answer.services().first().filter(|it| it.status() == Some("ACTIVE")) else {
        return Ok((true, Some("its service is gone".to_owned())));
    };
    let definition = live.task_definition().unwrap_or_default();
    let container = match &settings.container {
        Some(name) => name.clone(),
        None => {
            let definition = tasks::task_definition(ecs, definition).await?;
            let first = definition.container_definitions().first();
            first.and_then(|it| it.name()).unwrap_or_default().to_owned()
        }
    };
    let command = ContainerOverride::builder()
        .name(container)
        .set_command(Some(settings.command.clone()))
        .build();
    let placed = placed(ecs, live, cluster);
    let answer = placed
        .task_definition(definition)
        .client_token(client_token(going))
        .started_by(started_by(going.number()))
        .overrides(TaskOverride::builder().container_overrides(command).build())
        .send()
        .await
        .call("RunTask");
    match answer {
        Ok(answer) if answer.tasks().is_empty() => {
            let why = answer.failures().first().and_then(|it| it.reason()).unwrap_or("no reason");
            Ok((true, Some(format!("it could not be started: {why}"))))
        }
        // The same request again is answered with the task it started, also when ECS no longer lists it.
        Ok(answer) => match course(answer.tasks(), settings.timeout, seconds(now)) {
            Course::NotStarted | Course::Running => Ok((false, None)),
            _ => Ok((true, None)),
        },
        // It ran before, and ECS has forgotten the task.
        Err(failed) if failed.is("ConflictException") => Ok((true, None)),
        Err(failed) => Err(failed),
    }
}

/// Where the service's own tasks run.
fn placed(
    ecs: &Client,
    live: &Service,
    cluster: &str,
) -> aws_sdk_ecs::operation::run_task::builders::RunTaskFluentBuilder {
    let strategy = live.capacity_provider_strategy();
    let request = ecs
        .run_task()
        .cluster(cluster)
        .set_network_configuration(live.network_configuration().cloned())
        .set_platform_version(live.platform_version().map(str::to_owned));
    match strategy.is_empty() {
        true => request.set_launch_type(live.launch_type().cloned()),
        false => request.set_capacity_provider_strategy(Some(strategy.to_vec())),
    }
}
