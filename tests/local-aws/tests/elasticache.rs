//! How long caches take to go, and what has to wait for them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

const GROUP: &str = "arn:aws:elasticache:eu-west-2:123456789012:replicationgroup:core-review-12";

async fn cache(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::ElastiCache, operation, input).await.map_err(|error| error.code)
}

fn empty() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

/// A replication group of two clusters with its parameter group and subnet group, available.
async fn review_app() -> World {
    let world = empty();
    let input = json!({
        "CacheParameterGroupName": "core-review-12",
        "CacheParameterGroupFamily": "redis7",
        "Description": "review",
    });
    cache(&world, "CreateCacheParameterGroup", input).await.unwrap();
    let input = json!({
        "CacheSubnetGroupName": "review",
        "CacheSubnetGroupDescription": "review",
        "SubnetIds": ["subnet-1"],
    });
    cache(&world, "CreateCacheSubnetGroup", input).await.unwrap();
    let input = json!({
        "ReplicationGroupId": "Core-Review-12",
        "ReplicationGroupDescription": "review",
        "NumCacheClusters": "2",
        "CacheParameterGroupName": "core-review-12",
        "CacheSubnetGroupName": "review",
        "Tags": [{"Key": "github-pr", "Value": "12"}],
    });
    cache(&world, "CreateReplicationGroup", input).await.unwrap();
    a_while().await;
    world
}

async fn a_while() {
    tokio::time::sleep(Pace::REAL.cache_delete).await;
}

async fn delete(world: &World) -> Result<Value, String> {
    cache(world, "DeleteReplicationGroup", json!({"ReplicationGroupId": "core-review-12"})).await
}

async fn status(world: &World) -> Result<Value, String> {
    let input = json!({"ReplicationGroupId": "core-review-12"});
    let answer = cache(world, "DescribeReplicationGroups", input).await?;
    Ok(answer["ReplicationGroups"][0]["Status"].clone())
}

#[tokio::test(start_paused = true)]
async fn a_replication_group_takes_minutes_to_go() {
    let world = review_app().await;
    assert_eq!(status(&world).await.unwrap(), "available");
    delete(&world).await.unwrap();
    tokio::time::sleep(Duration::from_secs(470)).await;
    assert_eq!(status(&world).await.unwrap(), "deleting");
    assert_eq!(delete(&world).await.unwrap_err(), "InvalidReplicationGroupState");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(status(&world).await.unwrap_err(), "ReplicationGroupNotFoundFault");
    assert_eq!(delete(&world).await.unwrap_err(), "ReplicationGroupNotFoundFault");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_available_is_neither_deleted_nor_asked_for_its_tags() {
    let world = review_app().await;
    let tags = json!({"ResourceName": GROUP});
    for busy in ["snapshotting", "modifying", "creating"] {
        world.cache_state("core-review-12", busy);
        assert_eq!(status(&world).await.unwrap(), busy);
        assert_eq!(delete(&world).await.unwrap_err(), "InvalidReplicationGroupState");
        let seen = cache(&world, "ListTagsForResource", tags.clone()).await;
        assert_eq!(seen.unwrap_err(), "InvalidReplicationGroupState");
    }
    world.cache_state("core-review-12", "available");
    let seen = cache(&world, "ListTagsForResource", tags).await.unwrap();
    assert_eq!(seen, json!({"TagList": [{"Key": "github-pr", "Value": "12"}]}));
}

#[tokio::test(start_paused = true)]
async fn members_go_with_their_group_and_not_alone() {
    let world = review_app().await;
    let clusters = cache(&world, "DescribeCacheClusters", json!({})).await.unwrap();
    let clusters = clusters["CacheClusters"].as_array().unwrap().clone();
    let ids: Vec<&Value> = clusters.iter().map(|it| &it["CacheClusterId"]).collect();
    assert_eq!(ids, ["core-review-12-001", "core-review-12-002"]);
    assert_eq!(clusters[0]["ReplicationGroupId"], "core-review-12");
    let member = json!({"CacheClusterId": "core-review-12-001"});
    let deleted = cache(&world, "DeleteCacheCluster", member.clone()).await;
    assert_eq!(deleted.unwrap_err(), "InvalidCacheClusterState");
    delete(&world).await.unwrap();
    a_while().await;
    let seen = cache(&world, "DescribeCacheClusters", member).await;
    assert_eq!(seen.unwrap_err(), "CacheClusterNotFound");
}

#[tokio::test(start_paused = true)]
async fn what_a_group_needs_stays_until_it_is_gone() {
    let world = review_app().await;
    let parameters = json!({"CacheParameterGroupName": "core-review-12"});
    let subnets = json!({"CacheSubnetGroupName": "review"});
    for _ in 0..2 {
        let deleted = cache(&world, "DeleteCacheParameterGroup", parameters.clone()).await;
        assert_eq!(deleted.unwrap_err(), "InvalidCacheParameterGroupState");
        let deleted = cache(&world, "DeleteCacheSubnetGroup", subnets.clone()).await;
        assert_eq!(deleted.unwrap_err(), "CacheSubnetGroupInUse");
        delete(&world).await.ok();
    }
    a_while().await;
    cache(&world, "DeleteCacheParameterGroup", parameters.clone()).await.unwrap();
    cache(&world, "DeleteCacheSubnetGroup", subnets.clone()).await.unwrap();
    let gone = cache(&world, "DeleteCacheParameterGroup", parameters).await;
    assert_eq!(gone.unwrap_err(), "CacheParameterGroupNotFound");
    let gone = cache(&world, "DeleteCacheSubnetGroup", subnets).await;
    assert_eq!(gone.unwrap_err(), "CacheSubnetGroupNotFoundFault");
}

#[tokio::test(start_paused = true)]
async fn a_retained_primary_is_a_cluster_of_its_own() {
    let world = review_app().await;
    let input = json!({"ReplicationGroupId": "core-review-12", "RetainPrimaryCluster": "true"});
    cache(&world, "DeleteReplicationGroup", input).await.unwrap();
    a_while().await;
    let left = cache(&world, "DescribeCacheClusters", json!({})).await.unwrap();
    let left = left["CacheClusters"].as_array().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["CacheClusterId"], "core-review-12-001");
    assert_eq!(left[0].get("ReplicationGroupId"), None);
}

#[tokio::test(start_paused = true)]
async fn serverless_caches_come_and_go_like_the_others() {
    let world = empty();
    let name = json!({"ServerlessCacheName": "review-12"});
    let input = json!({"ServerlessCacheName": "review-12", "Engine": "valkey"});
    cache(&world, "CreateServerlessCache", input.clone()).await.unwrap();
    let again = cache(&world, "CreateServerlessCache", input).await;
    assert_eq!(again.unwrap_err(), "ServerlessCacheAlreadyExistsFault");
    let early = cache(&world, "DeleteServerlessCache", name.clone()).await;
    assert_eq!(early.unwrap_err(), "InvalidServerlessCacheStateFault");
    a_while().await;
    cache(&world, "DeleteServerlessCache", name.clone()).await.unwrap();
    let seen = cache(&world, "DescribeServerlessCaches", name.clone()).await.unwrap();
    assert_eq!(seen["ServerlessCaches"][0]["Status"], "deleting");
    a_while().await;
    let seen = cache(&world, "DescribeServerlessCaches", name).await;
    assert_eq!(seen.unwrap_err(), "ServerlessCacheNotFoundFault");
}

#[tokio::test(start_paused = true)]
async fn replication_groups_come_in_pages() {
    let world = empty();
    for number in 10..35 {
        let input = json!({
            "ReplicationGroupId": format!("review-{number}"), "ReplicationGroupDescription": "x",
        });
        cache(&world, "CreateReplicationGroup", input).await.unwrap();
    }
    let first = json!({"MaxRecords": 20});
    let first = cache(&world, "DescribeReplicationGroups", first).await.unwrap();
    assert_eq!(first["ReplicationGroups"].as_array().unwrap().len(), 20);
    let second = json!({"Marker": first["Marker"]});
    let second = cache(&world, "DescribeReplicationGroups", second).await.unwrap();
    assert_eq!(second["ReplicationGroups"].as_array().unwrap().len(), 5);
    let wrong = cache(&world, "DescribeReplicationGroups", json!({"Marker": "no"})).await;
    assert_eq!(wrong.unwrap_err(), "InvalidParameterValue");
}
