//! Amazon ECS: its own service deployments, and the answer to their pause hooks.

use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    DeploymentLifecycleHookAction, DeploymentLifecycleHookDetail, DeploymentLifecycleHookStatus,
    ServiceDeployment, ServiceDeploymentStatus, ServiceRevision, Task,
};
pub use live_service::ecs::service_deployment as describe;
use live_service::ecs::service_revisions;
use one_off_task::Mark;

use crate::deployed::{Answered, Deployed, Outcome, name_of};

/// Whether a service deployment in this status still has hooks to call.
pub fn in_progress(status: &ServiceDeploymentStatus) -> bool {
    !matches!(
        status,
        ServiceDeploymentStatus::Successful
            | ServiceDeploymentStatus::Stopped
            | ServiceDeploymentStatus::RollbackSuccessful
            | ServiceDeploymentStatus::RollbackFailed
    )
}

/// The service revision `arn`: what a service deployment deploys.
///
/// # Errors
/// ECS did not say; [`Class::Gone`] if there is none.
pub async fn revision(ecs: &Client, arn: &str) -> Result<ServiceRevision, Failed> {
    let found = service_revisions(ecs, &[arn.to_owned()]).await?;
    found.into_iter().next().ok_or_else(|| Failed {
        operation: "DescribeServiceRevisions",
        code: None,
        message: format!("the answer has no {arn}"),
        class: Class::Retry,
    })
}

/// What a service deployment has in common with all others.
///
/// # Errors
/// Its target revision could not be read.
pub async fn resolve(ecs: &Client, deployment: &ServiceDeployment) -> Result<Deployed, Failed> {
    let target = deployment.target_service_revision().and_then(|it| it.arn()).unwrap_or_default();
    let revision = revision(ecs, target).await?;
    let name = |arn: Option<&str>| name_of(arn.unwrap_or_default()).to_owned();
    Ok(Deployed {
        id: deployment.service_deployment_arn().unwrap_or_default().to_owned(),
        application: None,
        group: None,
        cluster: name(deployment.cluster_arn()),
        service: name(deployment.service_arn()),
        task_definitions: revision.task_definition.into_iter().collect(),
        status: deployment.status().map(|it| it.as_str().to_owned()).unwrap_or_default(),
    })
}

/// The hook `id` of a service deployment.
pub fn hook<'a>(
    deployment: &'a ServiceDeployment,
    id: &str,
) -> Option<&'a DeploymentLifecycleHookDetail> {
    deployment.lifecycle_hook_details().iter().find(|it| it.hook_id() == Some(id))
}

/// Whether a pause hook still waits for somebody's word.
pub fn is_paused(hook: &DeploymentLifecycleHookDetail) -> bool {
    hook.status() == Some(&DeploymentLifecycleHookStatus::AwaitingAction)
}

/// Answers the pause hook `id` of the service deployment `arn`.
///
/// That it waits no longer is success: every event may be delivered twice, and people may be quicker.
///
/// # Errors
/// ECS refused the answer, and the hook still waits.
pub async fn answer(
    ecs: &Client,
    arn: &str,
    id: &str,
    outcome: Outcome,
) -> Result<Answered, Failed> {
    let action = match outcome {
        Outcome::Succeeded => DeploymentLifecycleHookAction::Continue,
        Outcome::Failed => DeploymentLifecycleHookAction::Rollback,
    };
    let request =
        ecs.continue_service_deployment().service_deployment_arn(arn).hook_id(id).action(action);
    let answer = request.send().await.call("ContinueServiceDeployment");
    let Err(failed) = answer else { return Ok(Answered::Now) };
    // There is no error code of its own for a hook that has been answered.
    match describe(ecs, arn).await {
        Ok(it) if hook(&it, id).is_some_and(|it| !is_paused(it)) => Ok(Answered::Before),
        _ => Err(failed),
    }
}

/// What the service deployment `arn` has in common with all others.
///
/// # Errors
/// ECS did not say.
pub async fn deployed(ecs: &Client, arn: &str) -> anyhow::Result<Deployed> {
    let found = describe(ecs, arn).await?;
    Ok(resolve(ecs, &found).await?)
}

/// The task's own task definition, if it says no more than what `deployed` deploys, but for secrets.
pub async fn derived_from_one_of(
    ecs: &Client,
    task: &Task,
    mark: &Mark,
    deployed: &Deployed,
) -> Option<String> {
    let original = mark.derived_from.as_deref().filter(|it| deployed.deploys(it))?;
    let own = task.task_definition_arn()?;
    let original = one_off_task::ecs::task_definition(ecs, original).await.ok()?;
    let derived = one_off_task::ecs::task_definition(ecs, own).await.ok()?;
    one_off_task::derived::is_derived_by_secrets(&original, &derived).then(|| own.to_owned())
}
