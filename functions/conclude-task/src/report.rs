//! The alerts of this function.

use alert::{Alert, Arn, Link, Log, Severity, Subject};
use aws_sdk_ecs::types::Task;
use deployment::Deployment;
use jiff::Timestamp;
use one_off_task::{Failure, Mark};

use crate::conclusion::{Waiting, name_of};

/// A migration failed.
pub(crate) fn failed(
    task: &Task,
    mark: &Mark,
    waiting: &Waiting,
    failure: &Failure,
    log: Log,
    now: Timestamp,
) -> Alert {
    let mut links = links(task, &mark.id);
    if let (Some(place), Some(group), Some(stream)) =
        (task.task_arn().and_then(Arn::parse), &log.group, &log.stream)
    {
        links.push(alert::log_stream(&place, group, stream));
    }
    let title = format!("Migration failed: {} ({})", service(waiting), mark.id);
    Alert {
        hint: failure.hint.clone(),
        exit_code: failure.exit_code,
        subject: Subject {
            container: Some(mark.container.clone()),
            command: command(task, mark),
            ..subject(task, waiting)
        },
        log: Some(log),
        links,
        ..alert(Severity::Error, title, failure.reason.clone(), now)
    }
}

/// A task ran on for a deployment that had ended.
pub(crate) fn tidied_up(task: &Task, waiting: &Waiting, status: &str, now: Timestamp) -> Alert {
    let title = format!("Migration stopped: {}", service(waiting));
    let reason = format!("the deployment is {status}, and its migration was still running");
    Alert {
        hint: Some("Check what the migration has done before the next deployment.".into()),
        subject: subject(task, waiting),
        links: links(task, deployment(waiting).map_or("", |it| it.id.as_str())),
        ..alert(Severity::Warning, title, reason, now)
    }
}

/// A task claims to be what it is not.
pub(crate) fn refused(task: &Task, waiting: &Waiting, why: &str, now: Timestamp) -> Alert {
    let title = format!(
        "Not believed: task {} says it is a migration",
        name_of(task.task_arn().unwrap_or_default())
    );
    Alert {
        hint: Some("No deployment was answered because of it. Find out who started it.".into()),
        subject: subject(task, waiting),
        links: task.task_arn().and_then(alert::task).into_iter().collect(),
        ..alert(Severity::Warning, title, why.to_owned(), now)
    }
}

fn alert(severity: Severity, title: String, reason: String, now: Timestamp) -> Alert {
    Alert {
        source: "conclude-task",
        severity,
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

fn deployment(waiting: &Waiting) -> Option<&Deployment> {
    match waiting {
        Waiting::Deployment(it) | Waiting::Nobody(it) => Some(it),
        Waiting::Over { .. } | Waiting::NoSuchDeployment | Waiting::Unknown(_) => None,
    }
}

fn service(waiting: &Waiting) -> String {
    match deployment(waiting) {
        Some(it) => format!("{} in cluster {}", it.service, it.cluster),
        None => "an unknown service".to_owned(),
    }
}

fn subject(task: &Task, waiting: &Waiting) -> Subject {
    let deployment = deployment(waiting);
    Subject {
        deployment: deployment.map(|it| it.id.clone()),
        application: deployment.map(|it| it.application.clone()),
        deployment_group: deployment.map(|it| it.group.clone()),
        cluster: task.cluster_arn().map(|it| name_of(it).to_owned()),
        service: deployment.map(|it| it.service.clone()),
        task: task.task_arn().map(str::to_owned),
        task_definition: task.task_definition_arn().map(str::to_owned),
        container: None,
        command: Vec::new(),
    }
}

fn command(task: &Task, mark: &Mark) -> Vec<String> {
    let overrides = task.overrides().map(|it| it.container_overrides()).unwrap_or_default();
    let ours = overrides.iter().find(|it| it.name() == Some(&mark.container));
    ours.map(|it| it.command().to_vec()).unwrap_or_default()
}

fn links(task: &Task, deployment: &str) -> Vec<Link> {
    let arn = task.task_arn().unwrap_or_default();
    let place = Arn::parse(arn).filter(|_| !deployment.is_empty());
    let deployment = place.map(|it| alert::deployment(&it, deployment));
    alert::task(arn).into_iter().chain(deployment).collect()
}
