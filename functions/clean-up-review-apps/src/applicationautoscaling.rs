//! Application Auto Scaling: what would start a service of ECS again.

use aws_call::{Call as _, Failed};
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTarget, ServiceNamespace};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::scope::{Removed, Scope};

/// AWS describes so many at once.
const AT_ONCE: usize = 50;

/// The scalable targets of all services: they have the names of clusters and services, and are theirs.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    match scope.wants(Kind::ScalableTarget) {
        true => described(aws, None).await,
        false => Ok(Vec::new()),
    }
}

/// These scalable targets, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let ids = keys.iter().filter(|it| it.kind == Kind::ScalableTarget).map(|it| it.id.clone());
    let ids: Vec<String> = ids.collect();
    let mut found = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        found.extend(described(aws, Some(some.to_vec())).await?);
    }
    Ok(found)
}

/// Removes scalable targets. AWS: "Deregistering a scalable target deletes the scaling policies that are
/// associated with it", and its scheduled actions.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let answer = aws
            .applicationautoscaling
            .deregister_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(ticket.id())
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .send()
            .await
            .call("DeregisterScalableTarget");
        removed.push((ticket.key().clone(), answer.map(drop)));
    }
    removed
}

async fn described(aws: &Aws, ids: Option<Vec<String>>) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    let mut pages = aws
        .applicationautoscaling
        .describe_scalable_targets()
        .service_namespace(ServiceNamespace::Ecs)
        .set_resource_ids(ids)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let targets = page.call("DescribeScalableTargets")?.scalable_targets.unwrap_or_default();
        found.extend(targets.iter().filter_map(shown));
    }
    Ok(found)
}

fn shown(it: &ScalableTarget) -> Option<Resource> {
    if *it.scalable_dimension() != ScalableDimension::EcsServiceDesiredCount {
        return None;
    }
    let service = it.resource_id().rsplit('/').next()?;
    let owner = it.scalable_target_arn().and_then(|arn| service_arn(arn, it.resource_id()));
    let key = Key::new(Kind::ScalableTarget, it.resource_id());
    let mut resource = Resource::new(key, service)
        .born(Some(it.creation_time().secs()))
        .part_of(owner.map(|arn| Key::new(Kind::Service, arn)));
    resource.arn = it.scalable_target_arn().map(str::to_owned);
    Some(resource)
}

/// A service's ARN: it is where its scalable target is, and ends with what that is called by.
fn service_arn(target_arn: &str, id: &str) -> Option<String> {
    let mut parts = target_arn.split(':');
    let (partition, region, account) = (parts.nth(1)?, parts.nth(1)?, parts.next()?);
    Some(format!("arn:{partition}:ecs:{region}:{account}:{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_where_its_service_is() {
        let arn = |target| service_arn(target, "service/core-review-12-app/web");
        assert_eq!(
            arn("arn:aws:application-autoscaling:eu-west-2:123456789012:scalable-target/0ec5abc")
                .as_deref(),
            Some("arn:aws:ecs:eu-west-2:123456789012:service/core-review-12-app/web")
        );
        assert_eq!(arn("scalable-target/0ec5abc"), None);
    }
}
