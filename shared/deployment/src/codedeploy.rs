//! AWS CodeDeploy: what is being deployed, and the answer to its lifecycle hooks.

use anyhow::{Context as _, Result, bail};
use aws_call::{Call as _, Failed};
use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::types::{
    ComputePlatform, DeploymentCreator, DeploymentInfo, DeploymentStatus, LifecycleEventStatus,
    RevisionLocation, RevisionLocationType,
};

use crate::appspec::AppSpec;
use crate::deployed::{Answered, Deployed, Outcome};
use crate::s3;

/// A deployment of one ECS service.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// `d-…`
    pub id: String,
    /// The CodeDeploy application.
    pub application: String,
    /// The deployment group.
    pub group: String,
    /// The cluster of the service.
    pub cluster: String,
    /// The service.
    pub service: String,
    /// Where CodeDeploy is with it.
    pub status: DeploymentStatus,
    /// What its AppSpec says.
    pub appspec: AppSpec,
}

impl Deployment {
    /// Whether CodeDeploy still waits for anybody.
    pub fn in_progress(&self) -> bool {
        in_progress(&self.status)
    }
}

/// Whether CodeDeploy started a deployment by itself, to undo another one.
pub fn is_rollback(info: &DeploymentInfo) -> bool {
    info.creator() == Some(&DeploymentCreator::CodeDeployRollback)
}

/// Whether a deployment in this status still waits for anybody.
pub fn in_progress(status: &DeploymentStatus) -> bool {
    !matches!(
        status,
        DeploymentStatus::Succeeded | DeploymentStatus::Failed | DeploymentStatus::Stopped
    )
}

/// What CodeDeploy says of the deployment `id`, before its AppSpec is known.
pub async fn describe(codedeploy: &Client, id: &str) -> Result<DeploymentInfo, Failed> {
    let answer =
        codedeploy.get_deployment().deployment_id(id).send().await.call("GetDeployment")?;
    answer.deployment_info.ok_or_else(|| Failed {
        operation: "GetDeployment",
        code: None,
        message: "the answer has no deploymentInfo".into(),
        class: aws_call::Class::Retry,
    })
}

/// Completes what [`describe`] found: the service from the deployment group, the AppSpec from the
/// revision.
pub async fn resolve(
    codedeploy: &Client,
    s3: &aws_sdk_s3::Client,
    id: &str,
    info: &DeploymentInfo,
) -> Result<Deployment> {
    if let Some(platform) = info.compute_platform()
        && *platform != ComputePlatform::Ecs
    {
        bail!("it deploys to {platform}; only ECS deployments have migration tasks");
    }
    let application = info.application_name().context("GetDeployment names no application")?;
    let group = info.deployment_group_name().context("GetDeployment names no deployment group")?;
    let revision = info.revision().context("GetDeployment names no revision")?;
    let (service, content) = futures::join!(
        service(codedeploy, application, group),
        content(codedeploy, s3, application, revision)
    );
    let (cluster, service) = service?;
    let appspec = AppSpec::parse(&content?)?;
    Ok(Deployment {
        id: id.to_owned(),
        application: application.to_owned(),
        group: group.to_owned(),
        cluster,
        service,
        status: info.status().cloned().unwrap_or(DeploymentStatus::InProgress),
        appspec,
    })
}

/// What the deployment `id` has in common with all others.
pub async fn deployed(codedeploy: &Client, s3: &aws_sdk_s3::Client, id: &str) -> Result<Deployed> {
    let info = describe(codedeploy, id).await?;
    Ok(Deployed::from(&resolve(codedeploy, s3, id, &info).await?))
}

/// The deployment that this one undoes, if `CodeDeploy` started it to undo another.
pub async fn undone(
    codedeploy: &Client,
    s3: &aws_sdk_s3::Client,
    info: &DeploymentInfo,
) -> Result<Option<Deployment>> {
    let cause = info.rollback_info().and_then(|it| it.rollback_triggering_deployment_id());
    let Some(id) = cause.filter(|_| is_rollback(info)) else { return Ok(None) };
    let info = describe(codedeploy, id).await?;
    let failed = resolve(codedeploy, s3, id, &info).await;
    failed.map(Some).with_context(|| format!("the deployment {id} that is to be undone"))
}

/// The cluster and the service that a deployment group deploys to.
async fn service(codedeploy: &Client, application: &str, group: &str) -> Result<(String, String)> {
    let answer = codedeploy
        .get_deployment_group()
        .application_name(application)
        .deployment_group_name(group)
        .send()
        .await
        .call("GetDeploymentGroup")?;
    let services = answer.deployment_group_info.and_then(|it| it.ecs_services).unwrap_or_default();
    let [service] = services.as_slice() else {
        bail!(
            "deployment group {group} of {application} names {} ECS services; expected one",
            services.len()
        );
    };
    match (service.cluster_name(), service.service_name()) {
        (Some(cluster), Some(service)) => Ok((cluster.to_owned(), service.to_owned())),
        _ => bail!("deployment group {group} of {application} lacks a cluster or a service name"),
    }
}

/// The AppSpec's text. `GetDeployment` never returns it: "The content property … in the returned
/// revision is always null. Use `GetApplicationRevision` and the sha256 property".
async fn content(
    codedeploy: &Client,
    s3: &aws_sdk_s3::Client,
    application: &str,
    revision: &RevisionLocation,
) -> Result<String> {
    match revision.revision_type() {
        Some(RevisionLocationType::S3) => {
            let location = revision.s3_location().context("the S3 revision has no location")?;
            return s3::appspec(s3, location).await;
        }
        Some(RevisionLocationType::String | RevisionLocationType::AppSpecContent) => {}
        other => bail!(
            "the revision is of type {}; expected String, AppSpecContent or S3",
            other.map_or("none", RevisionLocationType::as_str)
        ),
    }
    // Some tools and emulators do return it; then there is nothing to ask for.
    if let Some(text) = inline(revision) {
        return Ok(text.to_owned());
    }
    let answer = codedeploy
        .get_application_revision()
        .application_name(application)
        .revision(revision.clone())
        .send()
        .await
        .call("GetApplicationRevision")?;
    let found = answer.revision().context("GetApplicationRevision returned no revision")?;
    inline(found)
        .map(str::to_owned)
        .context("GetApplicationRevision returned no content of the AppSpec")
}

fn inline(revision: &RevisionLocation) -> Option<&str> {
    let raw = revision.string().and_then(|it| it.content());
    raw.or_else(|| revision.app_spec_content().and_then(|it| it.content()))
        .filter(|content| !content.is_empty())
}

/// Answers the hook `hook` of the deployment `id`.
///
/// CodeDeploy takes one answer per hook; that it already has one is success, because every event
/// may be delivered twice.
pub async fn answer(
    codedeploy: &Client,
    id: &str,
    hook: Option<&str>,
    outcome: Outcome,
) -> Result<Answered, Failed> {
    let status = match outcome {
        Outcome::Succeeded => LifecycleEventStatus::Succeeded,
        Outcome::Failed => LifecycleEventStatus::Failed,
    };
    let answer = codedeploy
        .put_lifecycle_event_hook_execution_status()
        .deployment_id(id)
        .set_lifecycle_event_hook_execution_id(hook.map(str::to_owned))
        .status(status)
        .send()
        .await
        .call("PutLifecycleEventHookExecutionStatus");
    match answer {
        Ok(_) => Ok(Answered::Now),
        Err(failed) if failed.is("LifecycleEventAlreadyCompletedException") => Ok(Answered::Before),
        Err(failed) => Err(failed),
    }
}
