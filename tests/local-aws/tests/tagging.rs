//! The index of tags: what it finds, and how far it is behind.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

fn world() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

async fn parameter(world: &World, name: &str, tags: &[(&str, &str)]) {
    let tags: Vec<Value> =
        tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let input = json!({"Name": name, "Value": "x", "Type": "String", "Tags": tags});
    world.call(Service::Ssm, "PutParameter", input).await.unwrap();
}

async fn ask(world: &World, input: Value) -> Result<Value, String> {
    world.call(Service::Tagging, "GetResources", input).await.map_err(|error| error.code)
}

/// The last part of each ARN that a request finds, and the value of its tag `pr`.
async fn found(world: &World, input: Value) -> Vec<String> {
    let answer = ask(world, input).await.unwrap();
    let line = |it: &Value| {
        let name = it["ResourceARN"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let tags = it["Tags"].as_array().unwrap().iter();
        let pr = tags.filter(|tag| tag["Key"] == "pr").map(|tag| tag["Value"].as_str().unwrap());
        format!("{name} {}", pr.collect::<String>())
    };
    answer["ResourceTagMappingList"].as_array().unwrap().iter().map(line).collect()
}

async fn after(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn keys_are_all_wanted_and_values_are_alternatives() {
    let world = world();
    parameter(&world, "a", &[("pr", "1"), ("team", "pay")]).await;
    parameter(&world, "b", &[("pr", "10"), ("team", "pay")]).await;
    parameter(&world, "c", &[("pr", "1")]).await;
    parameter(&world, "d", &[]).await;
    let filter = |filters: Value| json!({"TagFilters": filters});
    assert_eq!(found(&world, json!({})).await, ["a 1", "b 10", "c 1"]);
    let one = filter(json!([{"Key": "pr", "Values": ["1"]}]));
    assert_eq!(found(&world, one).await, ["a 1", "c 1"]);
    let both = filter(json!([{"Key": "pr", "Values": ["1", "10"]}, {"Key": "team"}]));
    assert_eq!(found(&world, both).await, ["a 1", "b 10"]);
    let case = filter(json!([{"Key": "PR"}]));
    assert!(found(&world, case).await.is_empty());
    for (kind, count) in [("ssm", 3), ("ssm:parameter", 3), ("ssm:document", 0), ("ecs", 0)] {
        let found = found(&world, json!({"ResourceTypeFilters": [kind]})).await;
        assert_eq!(found.len(), count, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_stays_listed_for_a_while() {
    let world = world();
    parameter(&world, "a", &[("pr", "1")]).await;
    assert_eq!(found(&world, json!({})).await, ["a 1"]);
    world.call(Service::Ssm, "DeleteParameter", json!({"Name": "a"})).await.unwrap();
    after(19 * 60).await;
    assert_eq!(found(&world, json!({})).await, ["a 1"]);
    after(60).await;
    assert!(found(&world, json!({})).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn tags_that_changed_are_shown_as_they_were_for_a_minute() {
    let world = world();
    parameter(&world, "a", &[("pr", "1")]).await;
    assert_eq!(found(&world, json!({})).await, ["a 1"]);
    for value in ["2", "3"] {
        let tags = json!([{"Key": "pr", "Value": value}]);
        let input = json!({"ResourceType": "Parameter", "ResourceId": "a", "Tags": tags});
        world.call(Service::Ssm, "AddTagsToResource", input).await.unwrap();
        after(20).await;
        assert_eq!(found(&world, json!({})).await, ["a 1"]);
    }
    after(20).await;
    assert_eq!(found(&world, json!({})).await, ["a 3"]);
    let all = json!({"ResourceType": "Parameter", "ResourceId": "a", "TagKeys": ["pr"]});
    world.call(Service::Ssm, "RemoveTagsFromResource", all).await.unwrap();
    after(60).await;
    assert_eq!(found(&world, json!({})).await, ["a "], "what had tags is listed without any");
}

#[tokio::test(start_paused = true)]
async fn resources_come_in_pages() {
    let world = world();
    for name in ["a", "b", "c"] {
        parameter(&world, name, &[("pr", "1")]).await;
    }
    let first = ask(&world, json!({"ResourcesPerPage": 2})).await.unwrap();
    let token = &first["PaginationToken"];
    let second = ask(&world, json!({"ResourcesPerPage": 2, "PaginationToken": token})).await;
    assert_eq!(second.unwrap()["PaginationToken"], "");
    let wrong = ask(&world, json!({"PaginationToken": "none"})).await;
    assert_eq!(wrong, Err("PaginationTokenExpiredException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn too_much_is_refused() {
    let world = world();
    let values: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    for input in [
        json!({"TagFilters": [{"Key": "pr", "Values": values}]}),
        json!({"TagFilters": [{"Values": ["1"]}]}),
        json!({"ResourcesPerPage": 101}),
        json!({"ResourcesPerPage": 0}),
        json!({"ResourceARNList": ["arn:aws:s3:::a"], "ResourcesPerPage": 1}),
        json!({"ResourceARNList": ["arn:aws:s3:::a"], "ResourceTypeFilters": ["s3"]}),
    ] {
        let refused = ask(&world, input.clone()).await;
        assert_eq!(refused, Err("InvalidParameterException".to_owned()), "{input}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_resource_of_the_same_name_is_shown_at_once() {
    let world = world();
    parameter(&world, "a", &[("pr", "1")]).await;
    found(&world, json!({})).await;
    world.call(Service::Ssm, "DeleteParameter", json!({"Name": "a"})).await.unwrap();
    after(120).await;
    assert_eq!(found(&world, json!({})).await, ["a 1"]);
    parameter(&world, "a", &[("pr", "2")]).await;
    assert_eq!(found(&world, json!({})).await, ["a 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_stays_listed_although_ecs_says_it_is_inactive() {
    let world = world();
    let ecs = async |operation, input| world.call(Service::Ecs, operation, input).await.unwrap();
    let tags = json!([{"key": "pr", "value": "1"}]);
    ecs("CreateCluster", json!({"clusterName": "preview", "tags": tags})).await;
    let clusters = json!({"ResourceTypeFilters": ["ecs:cluster"]});
    assert_eq!(found(&world, clusters.clone()).await, ["preview 1"]);
    ecs("DeleteCluster", json!({"cluster": "preview"})).await;
    after(19 * 60).await;
    assert_eq!(found(&world, clusters.clone()).await, ["preview 1"]);
    let described = ecs("DescribeClusters", json!({"clusters": ["preview"]})).await;
    assert_eq!(described["clusters"][0]["status"], "INACTIVE");
    after(60).await;
    assert!(found(&world, clusters).await.is_empty());
}
