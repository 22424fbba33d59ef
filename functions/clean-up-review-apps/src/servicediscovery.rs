//! AWS Cloud Map: the services that instances register with.

use std::collections::BTreeMap;

use aws_call::{Call as _, Class, Failed};
use aws_smithy_types::DateTime;

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

/// What an ARN of a service says before the rest of its id.
const PART: &str = ":service/srv-";

/// The services that may be a review app's.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::DiscoveryService) {
        return Ok(Vec::new());
    }
    let mut services = BTreeMap::new();
    let request = aws.servicediscovery.list_services();
    let mut pages = request.into_paginator().page_size(100).send();
    while let Some(page) = pages.next().await {
        let listed = page.call("ListServices")?.services.unwrap_or_default().into_iter();
        let listed = listed.filter_map(|it| {
            let born = it.create_date;
            Some(resource(it.id?, it.arn?, it.name?, it.instance_count, born))
        });
        services.extend(
            listed
                .filter(|it| {
                    scope.may_be_ours(Kind::DiscoveryService, &it.name, it.arn.as_deref(), None)
                })
                .map(|it| (it.key.id.clone(), it)),
        );
    }
    for id in scope.tagged_with(PART).filter_map(id) {
        if !services.contains_key(id) {
            services.extend(service(aws, id).await?.map(|it| (id.to_owned(), it)));
        }
    }
    tagged(aws, services.into_values()).await
}

/// These services, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut services = Vec::new();
    for key in keys {
        services.extend(service(aws, &key.id).await?);
    }
    tagged(aws, services).await
}

/// Deletes services.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let request = aws.servicediscovery.delete_service().id(ticket.id());
        let answer = request.send().await.call("DeleteService");
        removed.push((ticket.key().clone(), answer.map(drop)));
    }
    removed
}

/// One service, without its tags.
async fn service(aws: &Aws, id: &str) -> Result<Option<Resource>, Failed> {
    match aws.servicediscovery.get_service().id(id).send().await.call("GetService") {
        Ok(answer) => Ok(answer.service.and_then(|it| {
            let born = it.create_date;
            Some(resource(it.id?, it.arn?, it.name?, it.instance_count, born))
        })),
        Err(failed) if failed.is("ServiceNotFound") => Ok(None),
        Err(failed) => Err(failed),
    }
}

/// The same with their tags. Those that vanished meanwhile are left out.
async fn tagged(
    aws: &Aws,
    services: impl IntoIterator<Item = Resource>,
) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for it in services {
        let request = aws.servicediscovery.list_tags_for_resource();
        let request = request.set_resource_arn(it.arn.clone());
        match request.send().await.call("ListTagsForResource") {
            Ok(answer) => {
                let tags = answer.tags.unwrap_or_default();
                found.push(it.tags(tags.into_iter().map(|it| (it.key, it.value))));
            }
            Err(failed) if failed.class == Class::Gone => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

fn resource(
    id: String,
    arn: String,
    name: String,
    instances: Option<i32>,
    born: Option<DateTime>,
) -> Resource {
    let readiness = match instances.unwrap_or_default() {
        0 => Readiness::Ready,
        1 => Readiness::Waits("1 instance is registered".to_owned()),
        n => Readiness::Waits(format!("{n} instances are registered")),
    };
    Resource::new(Key::new(Kind::DiscoveryService, id), name)
        .arn(arn)
        .born(born.map(|it| it.secs()))
        .readiness(readiness)
}

/// The id in an ARN.
fn id(arn: &str) -> Option<&str> {
    arn.contains(":servicediscovery:").then(|| arn.rsplit('/').next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_arn() {
        let arn = "arn:aws:servicediscovery:eu-west-2:123456789012:service/srv-abc";
        assert_eq!(id(arn), Some("srv-abc"));
        assert_eq!(id("arn:aws:ecs:eu-west-2:123456789012:service/srv-abc/app"), None);
    }

    #[test]
    fn a_service_waits_for_its_instances() {
        let readiness = |n: i32| {
            let name = || "app".to_owned();
            resource("srv-1".to_owned(), "arn".to_owned(), name(), Some(n), None).readiness
        };
        assert_eq!(readiness(0), Readiness::Ready);
        assert_eq!(readiness(1), Readiness::Waits("1 instance is registered".to_owned()));
        assert_eq!(readiness(2), Readiness::Waits("2 instances are registered".to_owned()));
    }
}
