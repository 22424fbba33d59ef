//! The alert of a task that failed.

use alert::{Alert, Arn, Link, Log, Severity, Subject};
use aws_sdk_ecs::types::Task;
use jiff::Timestamp;
use one_off_task::{Failure, Mark};

/// Whom a task ran for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The first words of the title.
    pub what: String,
    /// The deployment: its id, or its ARN.
    pub deployment: Option<String>,
    /// The `CodeDeploy` application.
    pub application: Option<String>,
    /// The deployment group.
    pub deployment_group: Option<String>,
    /// The service's name.
    pub service: Option<String>,
}

/// The alert of a task that failed.
pub fn failed(
    source: &'static str,
    task: &Task,
    mark: &Mark,
    about: &About,
    failure: &Failure,
    log: Log,
    now: Timestamp,
) -> Alert {
    let mut links = links(task, about);
    if let (Some(place), Some(group), Some(stream)) =
        (task.task_arn().and_then(Arn::parse), &log.group, &log.stream)
    {
        links.push(alert::log_stream(&place, group, stream));
    }
    Alert {
        source,
        severity: Severity::Error,
        title: about.what.clone(),
        reason: failure.reason.clone(),
        hint: failure.hint.clone(),
        exit_code: failure.exit_code,
        subject: Subject {
            container: Some(mark.container.clone()),
            command: command(task, mark),
            ..subject(task, about)
        },
        log: Some(log),
        links,
        time: now.to_string(),
    }
}

/// What an alert about a task is about.
pub fn subject(task: &Task, about: &About) -> Subject {
    let About { deployment, application, deployment_group, service, .. } = about.clone();
    Subject {
        deployment,
        application,
        deployment_group,
        cluster: task.cluster_arn().map(|it| last(it).to_owned()),
        service,
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

/// The pages of the task and of its deployment.
pub fn links(task: &Task, about: &About) -> Vec<Link> {
    let arn = task.task_arn().unwrap_or_default();
    let deployment = about.deployment.as_deref().and_then(|id| {
        alert::service_deployment(id)
            .or_else(|| Arn::parse(arn).map(|it| alert::deployment(&it, id)))
    });
    alert::task(arn).into_iter().chain(deployment).collect()
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
