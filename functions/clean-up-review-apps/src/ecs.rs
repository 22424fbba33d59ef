//! Amazon ECS: clusters, services, tasks that no service runs, and task definitions.

mod shown;

use std::collections::BTreeSet;

use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::types::{
    Cluster, ClusterField, DesiredStatus, Failure, ServiceField, TaskDefinitionField,
    TaskDefinitionStatus, TaskField,
};
use futures::{StreamExt as _, stream};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::scope::{Removed, Scope};

/// ECS lists so many at once, and describes so many clusters or tasks.
const AT_ONCE: usize = 100;
const PER_PAGE: i32 = 100;

/// ECS describes so many services at once.
const SERVICES_AT_ONCE: usize = 10;

/// Everything that may be a review app's, and the clusters that it is in.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    if [Kind::Cluster, Kind::Service, Kind::Task].into_iter().any(|it| scope.wants(it)) {
        found.extend(clusters_and_inside(aws, scope).await?);
    }
    if scope.wants(Kind::TaskDefinition) {
        found.extend(revisions(aws, scope).await?);
    }
    Ok(found)
}

/// These resources, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let of = |kind| {
        let keys = keys.iter().filter(move |it| it.kind == kind);
        keys.map(|it| it.id.clone()).collect::<Vec<String>>()
    };
    let mut found = Vec::new();
    for cluster in described_clusters(aws, &of(Kind::Cluster)).await? {
        found.extend(shown::cluster(&cluster));
    }
    for (cluster, arns) in shown::by_cluster(of(Kind::Service)) {
        for some in arns.chunks(SERVICES_AT_ONCE) {
            found.extend(described_services(aws, &cluster, some).await?);
        }
    }
    for (cluster, arns) in shown::by_cluster(of(Kind::Task)) {
        for some in arns.chunks(AT_ONCE) {
            found.extend(described_tasks(aws, &cluster, some).await?);
        }
    }
    for arn in of(Kind::TaskDefinition) {
        found.extend(described_revision(aws, &arn).await?);
    }
    Ok(found)
}

/// Removes them. A service takes its tasks with it, whatever it is scaled to.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    let mut revisions = Vec::new();
    for ticket in tickets {
        let answer = match ticket.key().kind {
            Kind::Cluster => delete_cluster(aws, &ticket).await,
            Kind::Service => delete_service(aws, &ticket).await,
            Kind::Task => stop_task(aws, &ticket).await,
            Kind::TaskDefinition => match deregister(aws, &ticket).await {
                Ok(()) => {
                    revisions.push(ticket);
                    continue;
                }
                failed => failed,
            },
            _ => continue,
        };
        removed.push((ticket.key().clone(), answer));
    }
    if !revisions.is_empty() {
        removed.extend(delete_revisions(aws, &revisions).await);
    }
    removed
}

/// So many clusters are looked into at once.
const CLUSTERS: usize = 8;

/// Where there are so few clusters, asking each for its services costs less than a count that lags.
const FEW: usize = 50;

async fn clusters_and_inside(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut arns = list_clusters(aws).await?;
    arns.extend(tagged(scope, ":cluster/"));
    let arns: Vec<String> = arns.into_iter().collect();
    let (mut found, mut inside) = (Vec::new(), BTreeSet::new());
    let few = arns.len() <= FEW;
    let clusters = described_clusters(aws, &arns).await?;
    let insides = clusters.iter().map(|it| inside_of(aws, scope, it, few));
    let mut insides = stream::iter(insides.collect::<Vec<_>>()).buffered(CLUSTERS);
    while let Some(one) = insides.next().await {
        let (cluster, keys) = one?;
        inside.extend(keys);
        found.extend(cluster);
    }
    for (kind, part) in [(Kind::Service, ":service/"), (Kind::Task, ":task/")] {
        if scope.wants(kind) {
            inside.extend(tagged(scope, part).map(|it| Key::new(kind, it)));
        }
    }
    let inside: Vec<Key> = inside.into_iter().collect();
    found.extend(look(aws, &inside).await?);
    Ok(found)
}

/// A cluster, if it may be a review app's, and the services and tasks in it that may be.
async fn inside_of(
    aws: &Aws,
    scope: &Scope<'_>,
    cluster: &Cluster,
    few: bool,
) -> Result<(Option<Resource>, Vec<Key>), Failed> {
    let Some(resource) = shown::cluster(cluster) else { return Ok((None, Vec::new())) };
    // Services and tasks are their cluster's, also where clusters themselves aren't looked after.
    let ours = scope.rules.may_be_ours(Kind::Cluster, &resource.name, Some(&resource.tags))
        || scope.tagged.contains_key(&resource.key.id);
    let mut keys = services_of(aws, scope, cluster, (ours, few)).await?;
    if !ours {
        return Ok((None, keys));
    }
    keys.extend(tasks_of(aws, scope, cluster).await?);
    Ok((Some(resource), keys))
}

/// All services of a review app's cluster, and those of another one that have the name of a review app's.
async fn services_of(
    aws: &Aws,
    scope: &Scope<'_>,
    cluster: &Cluster,
    (ours, few): (bool, bool),
) -> Result<Vec<Key>, Failed> {
    let any = (few || cluster.active_services_count() > 0)
        && scope.wants(Kind::Service)
        && (ours || !scope.prefixes(Kind::Service).is_empty());
    let Some(arn) = cluster.cluster_arn().filter(|_| any) else { return Ok(Vec::new()) };
    let mut keys = Vec::new();
    let mut pages =
        aws.ecs.list_services().cluster(arn).max_results(PER_PAGE).into_paginator().send();
    while let Some(page) = pages.next().await {
        let Some(page) = unless_gone(page.call("ListServices"))? else { break };
        let arns = page.service_arns.unwrap_or_default().into_iter().filter(|it| {
            ours || scope.may_be_ours(Kind::Service, shown::name_of(it), Some(it), None)
        });
        keys.extend(arns.map(|it| Key::new(Kind::Service, it)));
    }
    Ok(keys)
}

/// All tasks of a cluster that don't end by themselves: those that wait to be placed are among them.
async fn tasks_of(aws: &Aws, scope: &Scope<'_>, cluster: &Cluster) -> Result<Vec<Key>, Failed> {
    let any = cluster.running_tasks_count() > 0 || cluster.pending_tasks_count() > 0;
    let any = any && scope.wants(Kind::Task);
    let Some(arn) = cluster.cluster_arn().filter(|_| any) else { return Ok(Vec::new()) };
    let mut keys = Vec::new();
    let mut pages = aws
        .ecs
        .list_tasks()
        .cluster(arn)
        .desired_status(DesiredStatus::Running)
        .max_results(PER_PAGE)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let Some(page) = unless_gone(page.call("ListTasks"))? else { break };
        let arns = page.task_arns.unwrap_or_default();
        keys.extend(arns.into_iter().map(|it| Key::new(Kind::Task, it)));
    }
    Ok(keys)
}

/// Revisions: there are many, so that only those are described that aren't known by their family's name, or
/// that may be protected. The others are described before they go.
async fn revisions(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let protected = |arn: &str| {
        scope.tagged.get(arn).is_some_and(|it| it.contains_key(&scope.rules.protect_tag))
    };
    let mut found = Vec::new();
    let mut unclear: BTreeSet<String> = tagged(scope, ":task-definition/").collect();
    for status in [TaskDefinitionStatus::Active, TaskDefinitionStatus::Inactive] {
        let request = aws.ecs.list_task_definitions().status(status).max_results(PER_PAGE);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for arn in page.call("ListTaskDefinitions")?.task_definition_arns.unwrap_or_default() {
                let family = shown::family_of(&arn);
                let named = scope.rules.may_be_ours(Kind::TaskDefinition, family, None);
                if named && !protected(&arn) {
                    unclear.remove(&arn);
                    found.push(shown::listed(&arn));
                }
            }
        }
    }
    for arn in unclear {
        found.extend(described_revision(aws, &arn).await?);
    }
    Ok(found)
}

async fn list_clusters(aws: &Aws) -> Result<BTreeSet<String>, Failed> {
    let mut arns = BTreeSet::new();
    let mut pages = aws.ecs.list_clusters().max_results(PER_PAGE).into_paginator().send();
    while let Some(page) = pages.next().await {
        arns.extend(page.call("ListClusters")?.cluster_arns.unwrap_or_default());
    }
    Ok(arns)
}

async fn described_clusters(aws: &Aws, arns: &[String]) -> Result<Vec<Cluster>, Failed> {
    const OPERATION: &str = "DescribeClusters";
    let mut found = Vec::new();
    for some in arns.chunks(AT_ONCE) {
        let request = aws.ecs.describe_clusters().set_clusters(Some(some.to_vec()));
        let answer = request.include(ClusterField::Tags).send().await.call(OPERATION)?;
        only_missing(OPERATION, answer.failures())?;
        found.extend(answer.clusters.unwrap_or_default());
    }
    Ok(found)
}

async fn described_services(
    aws: &Aws,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Resource>, Failed> {
    const OPERATION: &str = "DescribeServices";
    let request = aws.ecs.describe_services().cluster(cluster).set_services(Some(arns.to_vec()));
    let answer = request.include(ServiceField::Tags).send().await.call(OPERATION);
    let Some(answer) = unless_gone(answer)? else { return Ok(Vec::new()) };
    only_missing(OPERATION, answer.failures())?;
    Ok(answer.services().iter().filter_map(shown::service).collect())
}

async fn described_tasks(
    aws: &Aws,
    cluster: &str,
    arns: &[String],
) -> Result<Vec<Resource>, Failed> {
    const OPERATION: &str = "DescribeTasks";
    let request = aws.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec()));
    let answer = request.include(TaskField::Tags).send().await.call(OPERATION);
    let Some(answer) = unless_gone(answer)? else { return Ok(Vec::new()) };
    only_missing(OPERATION, answer.failures())?;
    Ok(answer.tasks().iter().filter_map(shown::task).collect())
}

async fn described_revision(aws: &Aws, arn: &str) -> Result<Option<Resource>, Failed> {
    let request = aws.ecs.describe_task_definition().task_definition(arn);
    let answer = request.include(TaskDefinitionField::Tags).send().await;
    match answer.call("DescribeTaskDefinition") {
        // ECS has no code for it: "Unable to describe task definition."
        Err(it) if it.is("ClientException") && it.message.starts_with("Unable to describe") => {
            Ok(None)
        }
        answer => {
            let answer = answer?;
            let revision = answer.task_definition();
            Ok(revision.and_then(|it| shown::revision(it, answer.tags())))
        }
    }
}

async fn delete_cluster(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    let request = aws.ecs.delete_cluster().cluster(ticket.id());
    request.send().await.call("DeleteCluster").map(drop)
}

async fn delete_service(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    const OPERATION: &str = "DeleteService";
    let cluster = shown::cluster_of(ticket.id()).ok_or_else(|| no_cluster(OPERATION))?;
    let request = aws.ecs.delete_service().cluster(cluster).service(ticket.id()).force(true);
    request.send().await.call(OPERATION).map(drop)
}

async fn stop_task(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    const OPERATION: &str = "StopTask";
    let cluster = shown::cluster_of(ticket.id()).ok_or_else(|| no_cluster(OPERATION))?;
    let request = aws.ecs.stop_task().cluster(cluster).task(ticket.id());
    let request = request.reason("Quayside: the pull request is closed");
    request.send().await.call(OPERATION).map(drop)
}

/// AWS: "You must deregister a task definition revision before you delete it." It allows that once a second,
/// and deployments need their share: what is INACTIVE already takes none.
async fn deregister(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    let request = aws.ecs.describe_task_definition().task_definition(ticket.id());
    let answer = request.send().await.call("DescribeTaskDefinition")?;
    let status = answer.task_definition().and_then(|it| it.status());
    if status == Some(&TaskDefinitionStatus::Inactive) {
        return Ok(());
    }
    let request = aws.ecs.deregister_task_definition().task_definition(ticket.id());
    request.send().await.call("DeregisterTaskDefinition").map(drop)
}

async fn delete_revisions(aws: &Aws, tickets: &[Ticket]) -> Removed {
    const OPERATION: &str = "DeleteTaskDefinitions";
    let arns = tickets.iter().map(|it| it.id().to_owned()).collect();
    let request = aws.ecs.delete_task_definitions().set_task_definitions(Some(arns));
    let answer = request.send().await.call(OPERATION);
    let of = |ticket: &Ticket| {
        let answer = answer.as_ref().map_err(Clone::clone)?;
        let failure = answer.failures().iter().find(|it| it.arn() == Some(ticket.id()));
        failure.map_or(Ok(()), |it| Err(shown::failed(OPERATION, it)))
    };
    tickets.iter().map(|it| (it.key().clone(), of(it))).collect()
}

/// What the tagging API names of ECS: other services have clusters, services and tasks as well.
fn tagged<'a>(scope: &'a Scope<'_>, part: &'a str) -> impl Iterator<Item = String> + 'a {
    let of_ecs = |it: &&str| it.split(':').nth(2) == Some("ecs");
    scope.tagged_with(part).filter(of_ecs).map(str::to_owned)
}

/// A cluster may go while it is asked what is in it.
fn unless_gone<T>(answer: Result<T, Failed>) -> Result<Option<T>, Failed> {
    match answer {
        Err(failed) if failed.is("ClusterNotFoundException") => Ok(None),
        answer => answer.map(Some),
    }
}

/// What is missing is gone. Anything else that ECS couldn't describe is no proof of that.
fn only_missing(operation: &'static str, failures: &[Failure]) -> Result<(), Failed> {
    let other = failures.iter().find(|it| it.reason() != Some("MISSING"));
    other.map_or(Ok(()), |it| Err(shown::failed(operation, it)))
}

/// ECS would take the one called `default`.
fn no_cluster(operation: &'static str) -> Failed {
    let message = "its ARN names no cluster".to_owned();
    Failed { operation, code: None, message, class: Class::Real }
}
