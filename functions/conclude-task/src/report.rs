//! The alerts of this function.

use ::report::{About, links, subject};
use alert::{Alert, Log, Severity, Subject};
use aws_sdk_ecs::types::Task;
use deployment::name_of;
use jiff::Timestamp;
use one_off_task::{Failure, Kind, Mark};

use crate::waiting::Waiting;

const SOURCE: &str = "conclude-task";

/// Whether people are to hear of a failure: of a job perhaps only after some in a row.
pub(crate) fn is_worth_an_alert(mark: &Mark, waiting: &Waiting) -> bool {
    match (waiting, &mark.job) {
        (Waiting::People { failures, .. }, Some(terms)) => failures + 1 >= terms.alert_after,
        _ => true,
    }
}

/// A task failed.
pub(crate) fn failed(
    task: &Task,
    mark: &Mark,
    waiting: &Waiting,
    failure: &Failure,
    log: Log,
    now: Timestamp,
) -> Alert {
    let about = about(mark, waiting);
    let service = match (&about.service, task.cluster_arn()) {
        (Some(service), Some(cluster)) => format!("{service} in cluster {}", name_of(cluster)),
        _ => "an unknown service".to_owned(),
    };
    let what = match (mark.kind, waiting) {
        (Kind::Job, Waiting::People { failures, .. }) if *failures > 0 => {
            format!("Job failed {} times in a row: {} ({service})", failures + 1, mark.id)
        }
        (Kind::Job, _) => format!("Job failed: {} ({service})", mark.id),
        (Kind::Migration, _) => format!("Migration failed: {service} ({})", name_of(&mark.id)),
    };
    ::report::failed(SOURCE, task, mark, &About { what, ..about }, failure, log, now)
}

/// A task ran on although nobody waited any longer.
pub(crate) fn tidied_up(task: &Task, waiting: &Waiting, why: &str, now: Timestamp) -> Alert {
    let about = of(waiting);
    let service = match waiting.deployment() {
        Some(it) => format!("{} in cluster {}", it.service, it.cluster),
        None => "an unknown service".to_owned(),
    };
    let reason = format!("{why}, and its migration was still running");
    Alert {
        hint: Some("Check what the migration has done before the next deployment.".into()),
        subject: subject(task, &about),
        links: links(task, &about),
        ..alert(format!("Migration stopped: {service}"), reason, now)
    }
}

/// A task claims to be what it is not.
pub(crate) fn refused(task: &Task, waiting: &Waiting, why: &str, now: Timestamp) -> Alert {
    let name = name_of(task.task_arn().unwrap_or_default());
    Alert {
        hint: Some("No deployment was answered because of it. Find out who started it.".into()),
        subject: subject(task, &of(waiting)),
        links: task.task_arn().and_then(alert::task).into_iter().collect(),
        ..alert(format!("Not believed: task {name} says it is a migration"), why.to_owned(), now)
    }
}

/// A job has not run for longer than it should.
pub(crate) fn missed(
    cluster: &str,
    job: &str,
    service: &str,
    last_run: Timestamp,
    limit: jiff::SignedDuration,
    now: Timestamp,
) -> Alert {
    Alert {
        severity: Severity::Error,
        hint: Some(
            "Look at its schedule: is it enabled, and do its invocations arrive?".to_owned(),
        ),
        subject: Subject {
            cluster: Some(cluster.to_owned()),
            service: Some(service.to_owned()),
            ..Subject::default()
        },
        ..alert(
            format!("Job has not run: {job} ({service} in cluster {cluster})"),
            format!(
                "it was last run, or skipped on purpose, at {last_run}, more than {limit:#} ago"
            ),
            now,
        )
    }
}

fn alert(title: String, reason: String, now: Timestamp) -> Alert {
    Alert {
        source: SOURCE,
        severity: Severity::Warning,
        title,
        reason,
        hint: None,
        exit_code: None,
        subject: Subject::default(),
        log: None,
        links: Vec::new(),
        time: now.to_string(),
    }
}

/// Whom a task ran for.
pub(crate) fn about(mark: &Mark, waiting: &Waiting) -> About {
    let service = mark.job.as_ref().map(|it| it.service.clone());
    let about = of(waiting);
    About { service: service.or(about.service.clone()), ..about }
}

fn of(waiting: &Waiting) -> About {
    let deployment = waiting.deployment();
    About {
        what: String::new(),
        deployment: deployment.map(|it| it.id.clone()),
        application: deployment.and_then(|it| it.application.clone()),
        deployment_group: deployment.and_then(|it| it.group.clone()),
        service: deployment.map(|it| it.service.clone()),
    }
}
