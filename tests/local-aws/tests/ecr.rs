//! ECR: what becomes of an image's tags, and of the image.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let mut input = input;
    if input["repositoryName"].is_null() {
        input["repositoryName"] = json!("app");
    }
    world.call(Service::Ecr, operation, input).await.map_err(|error| error.code)
}

async fn world() -> World {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
    ask(&world, "CreateRepository", json!({})).await.unwrap();
    world
}

/// Pushes an image with this content under a tag; its digest.
async fn push(world: &World, content: &str, tag: Option<&str>) -> String {
    let manifest = json!({"schemaVersion": 2, "content": content}).to_string();
    let mut input = json!({"imageManifest": manifest});
    if let Some(tag) = tag {
        input["imageTag"] = json!(tag);
    }
    let pushed = ask(world, "PutImage", input).await.unwrap();
    pushed["image"]["imageId"]["imageDigest"].as_str().unwrap().to_owned()
}

/// The tags that are listed, an image without one as `-`.
async fn tags(world: &World) -> Vec<String> {
    let listed = ask(world, "ListImages", json!({})).await.unwrap();
    let ids = listed["imageIds"].as_array().unwrap();
    let mut tags: Vec<String> =
        ids.iter().map(|it| it["imageTag"].as_str().unwrap_or("-").to_owned()).collect();
    tags.sort();
    tags
}

async fn delete(world: &World, ids: Value) -> Value {
    ask(world, "BatchDeleteImage", json!({"imageIds": ids})).await.unwrap()
}

#[tokio::test]
async fn by_tag_only_the_tag_goes_until_it_is_the_last_one() {
    let world = world().await;
    let digest = push(&world, "one", Some("review-7")).await;
    assert_eq!(push(&world, "one", Some("production-3")).await, digest);
    let gone = delete(&world, json!([{"imageTag": "review-7"}])).await;
    assert_eq!(gone["imageIds"], json!([{"imageDigest": digest, "imageTag": "review-7"}]));
    assert_eq!(gone["failures"], json!([]));
    assert_eq!(tags(&world).await, ["production-3"]);
    delete(&world, json!([{"imageTag": "production-3"}])).await;
    assert!(tags(&world).await.is_empty());
}

#[tokio::test]
async fn by_digest_every_tag_goes() {
    let world = world().await;
    let digest = push(&world, "one", Some("review-7")).await;
    push(&world, "one", Some("production-3")).await;
    let gone = delete(&world, json!([{"imageDigest": digest}])).await;
    assert_eq!(gone["imageIds"].as_array().unwrap().len(), 2);
    assert!(tags(&world).await.is_empty());
}

#[tokio::test]
async fn a_batch_tells_what_it_did_not_find() {
    let world = world().await;
    let digest = push(&world, "one", Some("review-7")).await;
    let ids = json!([
        {"imageTag": "review-8"},
        {"imageTag": "review-7"},
        {"imageTag": "review-7"},
        {"imageDigest": digest, "imageTag": "other"},
        {},
    ]);
    let answer = delete(&world, ids).await;
    let codes: Vec<&str> = answer["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["failureCode"].as_str().unwrap())
        .collect();
    let missing = "ImageNotFound";
    assert_eq!(codes, [missing, missing, missing, "MissingDigestAndTag"]);
    assert_eq!(answer["failures"][0]["imageId"], json!({"imageTag": "review-8"}));
    let too_many: Vec<Value> = (0..101).map(|n| json!({"imageTag": n.to_string()})).collect();
    let refused = ask(&world, "BatchDeleteImage", json!({"imageIds": too_many})).await;
    assert_eq!(refused.unwrap_err(), "InvalidParameterException");
    let nowhere = json!({"repositoryName": "nowhere", "imageIds": [{"imageTag": "a"}]});
    let refused = ask(&world, "BatchDeleteImage", nowhere).await.unwrap_err();
    assert_eq!(refused, "RepositoryNotFoundException");
}

#[tokio::test]
async fn a_tag_moves_to_the_image_that_was_pushed_last() {
    let world = world().await;
    push(&world, "one", Some("latest")).await;
    let second = push(&world, "two", Some("latest")).await;
    assert_eq!(tags(&world).await, ["-", "latest"]);
    let filter = json!({"filter": {"tagStatus": "TAGGED"}});
    let tagged = ask(&world, "ListImages", filter).await.unwrap();
    assert_eq!(tagged["imageIds"], json!([{"imageDigest": second, "imageTag": "latest"}]));
    let manifest = json!({"schemaVersion": 2, "content": "two"}).to_string();
    let again = json!({"imageManifest": manifest, "imageTag": "latest"});
    let refused = ask(&world, "PutImage", again).await.unwrap_err();
    assert_eq!(refused, "ImageAlreadyExistsException");
}

#[tokio::test]
async fn images_are_listed_in_pages_and_described() {
    let world = world().await;
    for n in 0..3 {
        push(&world, &n.to_string(), Some(&format!("review-{n}"))).await;
    }
    let first = ask(&world, "ListImages", json!({"maxResults": 2})).await.unwrap();
    assert_eq!(first["imageIds"].as_array().unwrap().len(), 2);
    let rest = json!({"maxResults": 2, "nextToken": first["nextToken"]});
    let rest = ask(&world, "ListImages", rest).await.unwrap();
    assert_eq!(rest["imageIds"].as_array().unwrap().len(), 1);
    let one = json!({"imageIds": [{"imageTag": "review-1"}]});
    let described = ask(&world, "DescribeImages", one).await.unwrap();
    assert_eq!(described["imageDetails"][0]["imageTags"], json!(["review-1"]));
    let missing = json!({"imageIds": [{"imageTag": "review-9"}]});
    let refused = ask(&world, "DescribeImages", missing).await.unwrap_err();
    assert_eq!(refused, "ImageNotFoundException");
}
