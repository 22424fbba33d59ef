//! The alert about a migration that did not start.

use alert::{Alert, Arn, Severity, Subject};
use aws_sdk_codedeploy::types::DeploymentInfo;
use jiff::Timestamp;
use runtime::Invocation;

/// What the people on call are told.
pub(crate) fn not_started(
    deployment: &str,
    info: Option<&DeploymentInfo>,
    reason: &str,
    invocation: &Invocation,
) -> Alert {
    let application = info.and_then(|it| it.application_name()).map(str::to_owned);
    let group = info.and_then(|it| it.deployment_group_name()).map(str::to_owned);
    let what = application.as_deref().unwrap_or("a deployment");
    Alert {
        source: "run-migrations",
        severity: Severity::Error,
        title: format!("Migration not started: {what} ({deployment})"),
        reason: reason.to_owned(),
        hint: Some(
            "Nothing was migrated and CodeDeploy was told Failed; traffic stays where it is."
                .to_owned(),
        ),
        exit_code: None,
        subject: Subject {
            deployment: Some(deployment.to_owned()),
            application,
            deployment_group: group,
            ..Subject::default()
        },
        log: None,
        links: invocation
            .function_arn
            .as_deref()
            .and_then(Arn::parse)
            .map(|it| alert::deployment(&it, deployment))
            .into_iter()
            .collect(),
        time: Timestamp::try_from(invocation.now).unwrap_or_default().to_string(),
    }
}
