//! The alerts of this function.

use ::report::About;
use alert::{Alert, Arn, Severity, Subject};
use aws_sdk_ecs::types::Task;
use deployment::name_of;
use jiff::Timestamp;
use runtime::Invocation;

use crate::found::Seen;
use crate::hook::Hook;

pub(crate) const SOURCE: &str = "run-migrations";

/// What the people on call are told of a migration that did not start.
pub(crate) fn not_started(
    deployment: &str,
    seen: &Seen,
    reason: &str,
    invocation: &Invocation,
) -> Alert {
    let About { application, deployment_group, service, .. } = seen.about.clone();
    let what = application.as_deref().or(service.as_deref()).unwrap_or("a deployment");
    let link = alert::service_deployment(deployment).or_else(|| {
        let function = invocation.function_arn.as_deref().and_then(Arn::parse)?;
        Some(alert::deployment(&function, deployment))
    });
    let hint = match seen.ours || !deployment.starts_with("arn:") {
        true => "Nothing was migrated and the deployment was told so; traffic stays where it is.",
        false => "Nothing was migrated, and the pause hook still waits: look at the deployment.",
    };
    Alert {
        source: SOURCE,
        severity: Severity::Error,
        title: format!("Migration not started: {what} ({})", name_of(deployment)),
        reason: reason.to_owned(),
        hint: Some(hint.to_owned()),
        exit_code: None,
        subject: Subject {
            deployment: Some(deployment.to_owned()),
            application,
            deployment_group,
            service,
            ..Subject::default()
        },
        log: None,
        links: link.into_iter().collect(),
        time: Timestamp::try_from(invocation.now).unwrap_or_default().to_string(),
    }
}

/// Whom a task that has failed ran for. The ARN of a service deployment names its service.
pub(crate) fn about(hook: &Hook, task: &Task) -> About {
    let mut names = hook.deployment.rsplit('/');
    let service = names.nth(1).map(str::to_owned);
    let cluster = name_of(task.cluster_arn().unwrap_or_default());
    let what = match &service {
        Some(service) => {
            format!("Migration failed: {service} in cluster {cluster} ({})", hook.name())
        }
        None => format!("Migration failed: {} in cluster {cluster}", hook.name()),
    };
    About { what, deployment: Some(hook.deployment.clone()), service, ..About::default() }
}
