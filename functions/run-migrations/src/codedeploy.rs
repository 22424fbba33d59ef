//! AWS CodeDeploy: what its hook is about.

use anyhow::Result;
use aws_call::Call as _;
use aws_sdk_codedeploy::types::{DeploymentStatus, LifecycleEventStatus};
use deployment::codedeploy;

use crate::Desk;
use crate::found::{Found, Seen, over, skip};
use crate::hook::Caller;
use crate::labels::Labels;
use crate::settings::Rollbacks;
use crate::target::Target;

/// In a deployment's description: nothing is to be migrated this time.
const SKIP: &str = "[skip migrations]";

/// What the deployment deploys, or undoes.
pub(crate) async fn found(desk: &Desk<'_>, seen: &mut Seen) -> Result<Found> {
    let (client, s3, id) = (&desk.aws.codedeploy, &desk.aws.s3, desk.hook.deployment.as_str());
    let info = codedeploy::describe(client, id).await?;
    seen.about.application = info.application_name().map(str::to_owned);
    seen.about.deployment_group = info.deployment_group_name().map(str::to_owned);
    let status = info.status().cloned().unwrap_or(DeploymentStatus::InProgress);
    if !codedeploy::in_progress(&status) && !desk.invocation.dry_run {
        return Ok(over(status.as_str()));
    }
    if info.description().is_some_and(|it| it.to_ascii_lowercase().contains(SKIP)) {
        return Ok(skip(format!("the deployment's description says {SKIP}")));
    }
    if !codedeploy::is_rollback(&info) {
        let deployment = codedeploy::resolve(client, s3, id, &info).await?;
        return Ok(Found::Target { target: Box::new(Target::from(&deployment)), undo: false });
    }
    if desk.settings.rollbacks == Rollbacks::Skip {
        return Ok(skip("a rollback deployment runs no migrations"));
    }
    Ok(match codedeploy::undone(client, s3, &info).await? {
        Some(failed) => Found::Target { target: Box::new(Target::from(&failed)), undo: true },
        None => skip("the rollback does not say what it undoes"),
    })
}

/// The stage that is running. `CodeDeploy`'s event does not say it, so it is asked, but only if
/// something depends on it.
pub(crate) async fn stage(
    desk: &Desk<'_>,
    target: &Target,
    labels: &Labels,
) -> Result<Option<String>> {
    if desk.hook.caller != Caller::CodeDeploy || labels.at.is_empty() {
        return Ok(desk.hook.stage().map(str::to_owned));
    }
    let answer = desk
        .aws
        .codedeploy
        .get_deployment_target()
        .deployment_id(&desk.hook.deployment)
        .target_id(format!("{}:{}", target.cluster, target.service))
        .send()
        .await
        .call("GetDeploymentTarget")?;
    let target = answer.deployment_target.and_then(|it| it.ecs_target);
    let events = target.and_then(|it| it.lifecycle_events).unwrap_or_default();
    let running = events.iter().find(|it| it.status() == Some(&LifecycleEventStatus::InProgress));
    match running.and_then(|it| it.lifecycle_event_name()) {
        Some(name) => Ok(Some(name.to_owned())),
        None if desk.invocation.dry_run => Ok(None),
        None => anyhow::bail!("CodeDeploy shows no lifecycle event in progress"),
    }
}
