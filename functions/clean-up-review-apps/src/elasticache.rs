//! Amazon `ElastiCache`: caches, and the groups of parameters and subnets they use.

mod shown;

use aws_call::{Call as _, Failed};
use aws_sdk_elasticache::Client;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

const KINDS: [Kind; 5] = [
    Kind::ReplicationGroup,
    Kind::CacheCluster,
    Kind::ServerlessCache,
    Kind::CacheParameterGroup,
    Kind::CacheSubnetGroup,
];

/// So many requests are under way at once.
const AT_ONCE: usize = 8;

/// Caches and their groups that may be a review app's.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut ours = Vec::new();
    for kind in KINDS.into_iter().filter(|it| scope.wants(*it)) {
        let listed = described(&aws.elasticache, kind, None).await?;
        let may_be = |it: &Resource| scope.may_be_ours(kind, &it.name, it.arn.as_deref(), None);
        ours.extend(listed.into_iter().filter(may_be));
    }
    // Of what belongs to an app by its name, tags are read right before it goes.
    let (mut named, others): (Vec<Resource>, Vec<Resource>) = ours.into_iter().partition(|it| {
        scope.may_be_ours(it.key.kind, &it.name, None, None)
            && it.arn.as_ref().is_none_or(|arn| !scope.tagged.contains_key(arn))
    });
    let tagged = others.into_iter().map(|it| with_tags(&aws.elasticache, it));
    let tagged: Vec<Resource> = stream::iter(tagged).buffered(AT_ONCE).try_collect().await?;
    named.extend(tagged);
    Ok(named)
}

/// Exactly these, described anew.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let ours: Vec<_> = keys.iter().filter(|it| KINDS.contains(&it.kind)).cloned().collect();
    let looks = ours.into_iter().map(|key| one(&aws.elasticache, key));
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn one(elasticache: &Client, key: Key) -> Result<Option<Resource>, Failed> {
    let found = match described(elasticache, key.kind, Some(key.id.clone())).await {
        Err(failed) if shown::is_gone(&failed) => return Ok(None),
        found => found?,
    };
    match found.into_iter().find(|it| it.key == key) {
        Some(it) => with_tags(elasticache, it).await.map(Some),
        None => Ok(None),
    }
}

/// Everything of a kind, or one of it, without tags.
async fn described(
    elasticache: &Client,
    kind: Kind,
    id: Option<String>,
) -> Result<Vec<Resource>, Failed> {
    match kind {
        Kind::ReplicationGroup => replication_groups(elasticache, id).await,
        Kind::CacheCluster => clusters(elasticache, id).await,
        Kind::ServerlessCache => serverless_caches(elasticache, id).await,
        Kind::CacheParameterGroup => parameter_groups(elasticache, id).await,
        _ => subnet_groups(elasticache, id).await,
    }
}

async fn replication_groups(
    elasticache: &Client,
    id: Option<String>,
) -> Result<Vec<Resource>, Failed> {
    let request = elasticache.describe_replication_groups().set_replication_group_id(id);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.call("DescribeReplicationGroups")?;
    Ok(found.iter().filter_map(shown::replication_group).collect())
}

async fn clusters(elasticache: &Client, id: Option<String>) -> Result<Vec<Resource>, Failed> {
    let request = elasticache.describe_cache_clusters().set_cache_cluster_id(id);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    Ok(found.call("DescribeCacheClusters")?.iter().filter_map(shown::cluster).collect())
}

async fn serverless_caches(
    elasticache: &Client,
    name: Option<String>,
) -> Result<Vec<Resource>, Failed> {
    let request = elasticache.describe_serverless_caches().set_serverless_cache_name(name);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    Ok(found.call("DescribeServerlessCaches")?.iter().filter_map(shown::serverless_cache).collect())
}

async fn parameter_groups(
    elasticache: &Client,
    name: Option<String>,
) -> Result<Vec<Resource>, Failed> {
    let request =
        elasticache.describe_cache_parameter_groups().set_cache_parameter_group_name(name);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.call("DescribeCacheParameterGroups")?;
    Ok(found.iter().filter_map(shown::parameter_group).collect())
}

async fn subnet_groups(
    elasticache: &Client,
    name: Option<String>,
) -> Result<Vec<Resource>, Failed> {
    let request = elasticache.describe_cache_subnet_groups().set_cache_subnet_group_name(name);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    Ok(found.call("DescribeCacheSubnetGroups")?.iter().filter_map(shown::subnet_group).collect())
}

/// AWS: "If the cluster is not in the available state, `ListTagsForResource` returns an error." So what is
/// changing has no tags here, and isn't ready either.
async fn with_tags(elasticache: &Client, it: Resource) -> Result<Resource, Failed> {
    if matches!(it.readiness, Readiness::Leaving(_) | Readiness::Waits(_)) {
        return Ok(it);
    }
    let request = elasticache.list_tags_for_resource().set_resource_name(it.arn.clone());
    match request.send().await.call("ListTagsForResource") {
        Ok(answer) => Ok(it.tags(shown::pairs(answer.tag_list()))),
        Err(failed) if shown::is_gone(&failed) || shown::is_busy(&failed) => {
            let why = format!("its tags can't be read: {failed}");
            Ok(it.readiness(Readiness::Waits(why)))
        }
        Err(failed) => Err(failed),
    }
}

/// Deletes caches, or their groups.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let result = delete(&aws.elasticache, &ticket).await;
        removed.push((ticket.key().clone(), result));
    }
    removed
}

/// Without a last snapshot: nobody would find it, and it is paid for.
async fn delete(elasticache: &Client, ticket: &Ticket) -> Result<(), Failed> {
    let id = ticket.id();
    match ticket.key().kind {
        Kind::ReplicationGroup => {
            let request = elasticache.delete_replication_group().replication_group_id(id);
            let deleted = request.retain_primary_cluster(false).send().await;
            deleted.call("DeleteReplicationGroup").map(drop)
        }
        Kind::CacheCluster => {
            let deleted = elasticache.delete_cache_cluster().cache_cluster_id(id).send().await;
            deleted.call("DeleteCacheCluster").map(drop)
        }
        Kind::ServerlessCache => {
            let request = elasticache.delete_serverless_cache().serverless_cache_name(id);
            request.send().await.call("DeleteServerlessCache").map(drop)
        }
        Kind::CacheParameterGroup => {
            let request = elasticache.delete_cache_parameter_group().cache_parameter_group_name(id);
            request.send().await.call("DeleteCacheParameterGroup").map(drop)
        }
        _ => {
            let request = elasticache.delete_cache_subnet_group().cache_subnet_group_name(id);
            request.send().await.call("DeleteCacheSubnetGroup").map(drop)
        }
    }
}
