//! What `ElastiCache` shows, as resources.

use aws_call::{Class, Failed};
use aws_sdk_elasticache::types::{
    CacheCluster, CacheParameterGroup, CacheSubnetGroup, ReplicationGroup, ServerlessCache, Tag,
};

use crate::kind::Kind;
use crate::resource::{Key, Readiness, Resource};

/// A replication group, with all its members.
pub(super) fn replication_group(it: &ReplicationGroup) -> Option<Resource> {
    let datastore = it.global_replication_group_info();
    let datastore = datastore.and_then(|it| it.global_replication_group_id());
    let readiness = match (readiness(it.status()), datastore) {
        (Readiness::Ready, Some(datastore)) => {
            Readiness::Kept(format!("it is a member of the global datastore {datastore}"))
        }
        (readiness, _) => readiness,
    };
    let born = it.replication_group_create_time().map(|it| it.secs());
    let shown = named(Kind::ReplicationGroup, it.replication_group_id()?, it.arn());
    Some(shown.born(born).readiness(readiness))
}

/// A cluster, unless it is a member of a replication group: that one deletes it.
pub(super) fn cluster(it: &CacheCluster) -> Option<Resource> {
    if it.replication_group_id().is_some() || it.cache_cluster_status() == Some("deleted") {
        return None;
    }
    let born = it.cache_cluster_create_time().map(|it| it.secs());
    let shown = named(Kind::CacheCluster, it.cache_cluster_id()?, it.arn());
    Some(shown.born(born).readiness(readiness(it.cache_cluster_status())))
}

/// A serverless cache.
pub(super) fn serverless_cache(it: &ServerlessCache) -> Option<Resource> {
    let born = it.create_time().map(|it| it.secs());
    let shown = named(Kind::ServerlessCache, it.serverless_cache_name()?, it.arn());
    Some(shown.born(born).readiness(readiness(it.status())))
}

/// A parameter group, unless it is AWS's own.
pub(super) fn parameter_group(it: &CacheParameterGroup) -> Option<Resource> {
    let name = it.cache_parameter_group_name().filter(|it| !it.starts_with("default."))?;
    Some(named(Kind::CacheParameterGroup, name, it.arn()))
}

/// A subnet group, unless it is the account's own.
pub(super) fn subnet_group(it: &CacheSubnetGroup) -> Option<Resource> {
    let name = it.cache_subnet_group_name().filter(|it| *it != "default")?;
    Some(named(Kind::CacheSubnetGroup, name, it.arn()))
}

fn named(kind: Kind, id: &str, arn: Option<&str>) -> Resource {
    let shown = Resource::new(Key::new(kind, id), id);
    match arn {
        Some(arn) => shown.arn(arn),
        None => shown,
    }
}

/// AWS documents the states of some kinds in capital letters and shows them in small ones.
fn readiness(status: Option<&str>) -> Readiness {
    let status = status.unwrap_or("in an unknown state").to_ascii_lowercase();
    match status.as_str() {
        // What never came to life will not change any more.
        "available" | "create-failed" | "restore-failed" | "incompatible-network" => {
            Readiness::Ready
        }
        "deleting" => Readiness::Leaving(status),
        _ => Readiness::Waits(format!("it is {status}")),
    }
}

/// The codes aren't uniform: `ReplicationGroupNotFoundFault`, but `CacheClusterNotFound`.
pub(super) fn is_gone(failed: &Failed) -> bool {
    let code = failed.code.as_deref().unwrap_or_default();
    failed.class == Class::Gone || code.ends_with("NotFound") || code.ends_with("NotFoundFault")
}

/// Whether it is refused because the cache is changing: `InvalidReplicationGroupState`.
pub(super) fn is_busy(failed: &Failed) -> bool {
    let code = failed.code.as_deref().unwrap_or_default();
    code.starts_with("Invalid") && code.trim_end_matches("Fault").ends_with("State")
}

/// Tags as keys and values.
pub(super) fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    tags.iter().map(|it| (text(it.key()), text(it.value()))).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticache::types::GlobalReplicationGroupInfo;

    use super::*;

    #[test]
    fn only_what_is_available_can_go() {
        for (status, expected) in [
            (Some("available"), Readiness::Ready),
            (Some("AVAILABLE"), Readiness::Ready),
            (Some("deleting"), Readiness::Leaving("deleting".to_owned())),
            (Some("snapshotting"), Readiness::Waits("it is snapshotting".to_owned())),
            (Some("create-failed"), Readiness::Ready),
            (None, Readiness::Waits("it is in an unknown state".to_owned())),
        ] {
            assert_eq!(readiness(status), expected);
        }
    }

    #[test]
    fn members_of_others_stay() {
        let global = GlobalReplicationGroupInfo::builder().global_replication_group_id("world");
        let group = ReplicationGroup::builder()
            .replication_group_id("core-review-12")
            .status("available")
            .global_replication_group_info(global.build())
            .build();
        let kept = Readiness::Kept("it is a member of the global datastore world".to_owned());
        assert_eq!(replication_group(&group).unwrap().readiness, kept);
        let member = CacheCluster::builder().cache_cluster_id("core-review-12-001");
        assert_eq!(cluster(&member.replication_group_id("core-review-12").build()), None);
    }

    #[test]
    fn what_every_account_has_is_absent() {
        let group = |name: &str| {
            parameter_group(
                &CacheParameterGroup::builder().cache_parameter_group_name(name).build(),
            )
        };
        assert_eq!(group("default.redis7"), None);
        assert_eq!(group("core-review-12").unwrap().name, "core-review-12");
        let group = CacheSubnetGroup::builder().cache_subnet_group_name("default").build();
        assert_eq!(subnet_group(&group), None);
    }

    #[test]
    fn codes_are_not_uniform() {
        let failed = |code: &str| Failed {
            operation: "ListTagsForResource",
            code: Some(code.to_owned()),
            message: String::new(),
            class: Class::Real,
        };
        for code in ["ReplicationGroupNotFoundFault", "CacheClusterNotFound"] {
            assert!(is_gone(&failed(code)) && !is_busy(&failed(code)), "{code}");
        }
        for code in ["InvalidReplicationGroupState", "InvalidServerlessCacheStateFault"] {
            assert!(is_busy(&failed(code)) && !is_gone(&failed(code)), "{code}");
        }
    }
}
