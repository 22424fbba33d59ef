//! What ECS describes, as far as it matters for a removal.

use std::collections::BTreeMap;

use aws_call::{Class, Failed};
use aws_sdk_ecs::types::{
    Cluster, Failure, Service, Tag, Task, TaskDefinition, TaskDefinitionStatus,
};

use crate::kind::Kind;
use crate::resource::{Key, Readiness, Resource, Tags};

/// The last part of an ARN: a name, or a task's id.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The family of a task definition: its ARN ends with `FAMILY:REVISION`.
pub(super) fn family_of(arn: &str) -> &str {
    let name = name_of(arn);
    name.rsplit_once(':').map_or(name, |(family, _)| family)
}

/// The ARN of the cluster that a service's or task's ARN names. Those in the format of before 2018 don't.
pub(super) fn cluster_of(arn: &str) -> Option<String> {
    let (place, resource) = arn.rsplit_once(':')?;
    let mut parts = resource.split('/').skip(1);
    let (cluster, _name) = (parts.next()?, parts.next()?);
    Some(format!("{place}:cluster/{cluster}"))
}

/// Services or tasks by their clusters: ECS describes those of one cluster at a time.
pub(super) fn by_cluster(arns: Vec<String>) -> BTreeMap<String, Vec<String>> {
    let mut clusters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (cluster, arn) in arns.into_iter().filter_map(|arn| Some((cluster_of(&arn)?, arn))) {
        clusters.entry(cluster).or_default().push(arn);
    }
    clusters
}

/// What AWS says of one of several in an answer with status 200.
pub(super) fn failed(operation: &'static str, failure: &Failure) -> Failed {
    Failed {
        operation,
        code: failure.reason().map(str::to_owned),
        message: failure.detail().unwrap_or_default().to_owned(),
        class: Class::Real,
    }
}

/// A cluster that is there. ECS still describes one that was deleted.
pub(super) fn cluster(it: &Cluster) -> Option<Resource> {
    let arn = it.cluster_arn()?;
    let readiness = match it.status() {
        Some("INACTIVE") => return None,
        Some("DEPROVISIONING") => Readiness::Leaving("deprovisioning".to_owned()),
        Some("PROVISIONING") => Readiness::Waits("it is being made".to_owned()),
        _ => inside(it).map_or(Readiness::Ready, Readiness::Waits),
    };
    let resource = Resource::new(Key::new(Kind::Cluster, arn), it.cluster_name()?);
    Some(resource.arn(arn).tags(tags(it.tags())).readiness(readiness))
}

/// What keeps a cluster from being deleted.
fn inside(it: &Cluster) -> Option<String> {
    let tasks = it.running_tasks_count().saturating_add(it.pending_tasks_count());
    let counts = [
        (it.active_services_count(), "service"),
        (tasks, "task"),
        (it.registered_container_instances_count(), "container instance"),
    ];
    let counted = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    });
    let updated = it.attachments_status() == Some("UPDATE_IN_PROGRESS");
    let updated = updated.then(|| "its capacity providers are being updated".to_owned());
    let all: Vec<String> = counted.chain(updated).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A service that is there. ECS still describes one that was deleted.
pub(super) fn service(it: &Service) -> Option<Resource> {
    let arn = it.service_arn()?;
    let readiness = match it.status() {
        Some("INACTIVE") => return None,
        Some("DRAINING") => Readiness::Leaving("draining".to_owned()),
        _ => Readiness::Ready,
    };
    let (deployments, sets) = (it.deployments(), it.task_sets());
    let born = deployments
        .iter()
        .map(|it| it.created_at())
        .chain(sets.iter().map(|it| it.created_at()))
        .chain([it.created_at()]);
    let uses = deployments
        .iter()
        .map(|it| it.task_definition())
        .chain(sets.iter().map(|it| it.task_definition()))
        .chain([it.task_definition()]);
    let resource = Resource::new(Key::new(Kind::Service, arn), it.service_name()?)
        .arn(arn)
        .tags(tags(it.tags()))
        .born(born.flatten().map(|it| it.secs()).max())
        .readiness(readiness)
        .part_of(it.cluster_arn().map(|it| Key::new(Kind::Cluster, it)))
        .uses(definitions(uses.flatten()));
    Some(resource)
}

/// A task that is there, and that no service would replace.
pub(super) fn task(it: &Task) -> Option<Resource> {
    let arn = it.task_arn()?;
    let of_service = it.group().is_some_and(|it| it.starts_with("service:"));
    if of_service || it.last_status() == Some("STOPPED") {
        return None;
    }
    let readiness = match it.desired_status() {
        Some("STOPPED") => Readiness::Leaving("stopping".to_owned()),
        _ => Readiness::Ready,
    };
    let resource = Resource::new(Key::new(Kind::Task, arn), name_of(arn))
        .arn(arn)
        .tags(tags(it.tags()))
        .readiness(readiness)
        .part_of(it.cluster_arn().map(|it| Key::new(Kind::Cluster, it)))
        .uses(definitions(it.task_definition_arn()));
    Some(resource)
}

/// A revision of which only the ARN is known.
pub(super) fn listed(arn: &str) -> Resource {
    Resource::new(Key::new(Kind::TaskDefinition, arn), family_of(arn)).arn(arn)
}

/// A revision that isn't going already: AWS removes it when nothing uses it any more.
pub(super) fn revision(it: &TaskDefinition, its_tags: &[Tag]) -> Option<Resource> {
    if it.status() == Some(&TaskDefinitionStatus::DeleteInProgress) {
        return None;
    }
    let resource = listed(it.task_definition_arn()?).tags(tags(its_tags));
    Some(resource.born(it.registered_at().map(|it| it.secs())))
}

fn definitions<'a>(arns: impl IntoIterator<Item = &'a str>) -> Vec<Key> {
    let mut keys: Vec<Key> =
        arns.into_iter().map(|it| Key::new(Kind::TaskDefinition, it)).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn tags(them: &[Tag]) -> Tags {
    let pair = |it: &Tag| Some((it.key()?.to_owned(), it.value().unwrap_or_default().to_owned()));
    them.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::Deployment;
    use aws_smithy_types::DateTime;

    use super::*;

    const PLACE: &str = "arn:aws:ecs:eu-west-2:123456789012";

    #[test]
    fn an_arn_says_what_and_where() {
        let service = format!("{PLACE}:service/core-review-12-app/web");
        assert_eq!(name_of(&service), "web");
        assert_eq!(cluster_of(&service), Some(format!("{PLACE}:cluster/core-review-12-app")));
        assert_eq!(cluster_of(&format!("{PLACE}:service/web")), None);
        assert_eq!(cluster_of("web"), None);
        assert_eq!(
            family_of(&format!("{PLACE}:task-definition/core-review-12-app:7")),
            "core-review-12-app"
        );
    }

    #[test]
    fn what_names_no_cluster_is_not_asked_for() {
        let arns = ["service/b/web", "service/a/web", "service/web", "service/b/worker"];
        let found = by_cluster(arns.map(|it| format!("{PLACE}:{it}")).to_vec());
        let counts: Vec<(&str, usize)> =
            found.iter().map(|(cluster, it)| (name_of(cluster), it.len())).collect();
        assert_eq!(counts, [("a", 1), ("b", 2)]);
    }

    fn a_cluster(status: &str) -> aws_sdk_ecs::types::builders::ClusterBuilder {
        let arn = format!("{PLACE}:cluster/core-review-12");
        Cluster::builder().cluster_arn(arn).cluster_name("core-review-12").status(status)
    }

    #[test]
    fn a_cluster_waits_for_what_is_inside() {
        let readiness = |it: &Cluster| cluster(it).map(|it| it.readiness);
        let full = a_cluster("ACTIVE").active_services_count(2).pending_tasks_count(1).build();
        assert_eq!(readiness(&full), Some(Readiness::Waits("2 services, 1 task".to_owned())));
        assert_eq!(readiness(&a_cluster("ACTIVE").build()), Some(Readiness::Ready));
        assert_eq!(
            readiness(&a_cluster("DEPROVISIONING").build()),
            Some(Readiness::Leaving("deprovisioning".to_owned()))
        );
        assert_eq!(readiness(&a_cluster("INACTIVE").build()), None);
    }

    #[test]
    fn a_service_is_as_old_as_its_last_deployment_and_uses_all_revisions() {
        let definition = |n: u32| format!("{PLACE}:task-definition/web:{n}");
        let deployment = |at, n| {
            let it = Deployment::builder().created_at(DateTime::from_secs(at));
            it.task_definition(definition(n)).build()
        };
        let it = Service::builder()
            .service_arn(format!("{PLACE}:service/core-review-12-app/web"))
            .service_name("web")
            .status("DRAINING")
            .created_at(DateTime::from_secs(100))
            .task_definition(definition(8))
            .deployments(deployment(300, 8))
            .deployments(deployment(200, 7))
            .build();
        let it = service(&it).unwrap();
        assert_eq!(it.born.map(|it| it.as_second()), Some(300));
        assert_eq!(it.readiness, Readiness::Leaving("draining".to_owned()));
        let uses: Vec<&str> = it.uses.iter().map(|it| name_of(&it.id)).collect();
        assert_eq!(uses, ["web:7", "web:8"]);
    }

    #[test]
    fn tasks_of_services_and_stopped_ones_are_nobodys_business() {
        let a_task = |group: &str, last: &str| {
            let it = Task::builder().task_arn(format!("{PLACE}:task/core-review-12/0ec5"));
            task(&it.group(group).last_status(last).desired_status("RUNNING").build()).is_some()
        };
        assert!(a_task("family:migrate", "PENDING"));
        assert!(!a_task("service:web", "RUNNING"));
        assert!(!a_task("family:migrate", "STOPPED"));
    }
}
