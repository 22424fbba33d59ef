//! Amazon ECS: the service, its deployments and revisions.

use anyhow::{Context as _, Result, bail};
use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    DeploymentControllerType, Failure, Service, ServiceDeployment, ServiceField, ServiceRevision,
};

use crate::live::{Deployments, Live};

/// ECS describes so many service revisions at once.
const AT_ONCE: usize = 20;

/// A service as it runs now, with its tags.
///
/// # Errors
/// There is none, or ECS did not say.
pub async fn service(ecs: &Client, cluster: &str, name: &str) -> Result<Service> {
    let answer = ecs
        .describe_services()
        .cluster(cluster)
        .services(name)
        .include(ServiceField::Tags)
        .send()
        .await
        .call("DescribeServices")?;
    if let Some(failure) = answer.failures().first() {
        let reason = failure.reason().unwrap_or("no reason");
        bail!("service {name} in cluster {cluster}: {reason}");
    }
    let service = answer.services.unwrap_or_default().into_iter().next();
    let service = service
        .with_context(|| format!("DescribeServices returned no service {name} in {cluster}"))?;
    if service.status() == Some("INACTIVE") {
        bail!("service {name} in cluster {cluster} is INACTIVE");
    }
    Ok(service)
}

/// The service deployment `arn`, as it is now.
///
/// # Errors
/// ECS did not say; [`Class::Gone`] if there is none.
pub async fn service_deployment(ecs: &Client, arn: &str) -> Result<ServiceDeployment, Failed> {
    const OPERATION: &str = "DescribeServiceDeployments";
    let request = ecs.describe_service_deployments().service_deployment_arns(arn);
    let answer = request.send().await.call(OPERATION)?;
    let found = answer.service_deployments.unwrap_or_default().into_iter().next();
    found.ok_or_else(|| missing(OPERATION, arn, answer.failures.unwrap_or_default().first()))
}

/// The service revisions `arns`.
///
/// # Errors
/// ECS did not say; [`Class::Gone`] if one of them is unknown.
pub async fn service_revisions(
    ecs: &Client,
    arns: &[String],
) -> Result<Vec<ServiceRevision>, Failed> {
    let (found, missing) = revisions(ecs, arns).await?;
    missing.map_or(Ok(found), Err)
}

/// The service revisions that ECS has, and the first that it has not.
async fn revisions(
    ecs: &Client,
    arns: &[String],
) -> Result<(Vec<ServiceRevision>, Option<Failed>), Failed> {
    const OPERATION: &str = "DescribeServiceRevisions";
    let (mut found, mut gone) = (Vec::new(), None);
    for page in arns.chunks(AT_ONCE) {
        let request = ecs.describe_service_revisions();
        let request = request.set_service_revision_arns(Some(page.to_vec()));
        let answer = request.send().await.call(OPERATION)?;
        for failure in answer.failures() {
            let failed = missing(OPERATION, failure.arn().unwrap_or_default(), Some(failure));
            match failed.class {
                Class::Gone => gone = gone.or(Some(failed)),
                _ => return Err(failed),
            }
        }
        found.extend(answer.service_revisions.unwrap_or_default());
    }
    Ok((found, gone))
}

/// Status 200 with `failures[]`: the object is unknown, or could not be read this time.
fn missing(operation: &'static str, arn: &str, failure: Option<&Failure>) -> Failed {
    let reason = failure.and_then(|it| it.reason()).unwrap_or("not in the answer");
    let class = if reason == "MISSING" { Class::Gone } else { Class::Retry };
    Failed { operation, code: None, message: format!("{arn}: {reason}"), class }
}

/// What is live in a service.
///
/// # Errors
/// Nothing is, or it can't be told.
pub async fn live(ecs: &Client, service: &Service) -> Result<Live> {
    Live::of(service, &deployments(ecs, service).await?)
}

/// What can be known of the service's deployments. Task sets say all there is to know themselves.
///
/// AWS: "You can see the most recent 90-day history for deployments created on or after October 25,
/// 2024." What ECS has forgotten is no failure: a service that has not been deployed for a year is live.
async fn deployments(ecs: &Client, service: &Service) -> Result<Deployments, Failed> {
    let controller = service.deployment_controller().map(|it| it.r#type());
    if controller.is_some_and(|it| *it != DeploymentControllerType::Ecs) {
        return Ok(Deployments::default());
    }
    let current = match service.current_service_deployment() {
        Some(arn) => match service_deployment(ecs, arn).await {
            Err(failed) if failed.class == Class::Gone => None,
            found => Some(found?),
        },
        None => None,
    };
    let mut arns: Vec<String> = service
        .current_service_revisions()
        .iter()
        .filter_map(|it| it.arn())
        .chain(current.iter().flat_map(named_by))
        .map(str::to_owned)
        .collect();
    arns.sort();
    arns.dedup();
    let (revisions, _) = revisions(ecs, &arns).await?;
    Ok(Deployments { current, revisions })
}

fn named_by(deployment: &ServiceDeployment) -> Vec<&str> {
    let target = deployment.target_service_revision().and_then(|it| it.arn());
    let restored = deployment.rollback().and_then(|it| it.service_revision_arn());
    let sources = deployment.source_service_revisions().iter().filter_map(|it| it.arn());
    sources.chain(target).chain(restored).collect()
}
