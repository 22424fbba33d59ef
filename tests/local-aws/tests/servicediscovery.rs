//! Cloud Map: services that still have instances stay.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::ServiceDiscovery, operation, input).await.map_err(|error| error.code)
}

/// An account with one namespace, and the namespace's id.
async fn world() -> (World, String) {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
    let input = json!({"Name": "review.local", "Vpc": "vpc-1"});
    let made = ask(&world, "CreatePrivateDnsNamespace", input).await.unwrap();
    let operation = ask(&world, "GetOperation", made).await.unwrap();
    assert_eq!(operation["Operation"]["Status"], "SUCCESS");
    let id = operation["Operation"]["Targets"]["NAMESPACE"].as_str().unwrap().to_owned();
    (world, id)
}

async fn service(world: &World, namespace: &str, name: &str) -> String {
    let input = json!({"Name": name, "NamespaceId": namespace});
    let made = ask(world, "CreateService", input).await.unwrap();
    made["Service"]["Id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_service_is_deleted_once_its_last_instance_is_gone() {
    let (world, namespace) = world().await;
    let id = service(&world, &namespace, "app").await;
    let instance = json!({"ServiceId": id, "InstanceId": "task-1"});
    let mut registered = instance.clone();
    registered["Attributes"] = json!({"AWS_INSTANCE_IPV4": "10.0.0.1"});
    ask(&world, "RegisterInstance", registered).await.unwrap();
    let delete = json!({"Id": id});
    let refused = ask(&world, "DeleteService", delete.clone()).await.unwrap_err();
    assert_eq!(refused, "ResourceInUse");
    let seen = ask(&world, "GetService", delete.clone()).await.unwrap();
    assert_eq!(seen["Service"]["InstanceCount"], 1);
    ask(&world, "DeregisterInstance", instance.clone()).await.unwrap();
    let gone = ask(&world, "DeregisterInstance", instance).await.unwrap_err();
    assert_eq!(gone, "InstanceNotFound");
    ask(&world, "DeleteService", delete.clone()).await.unwrap();
    assert_eq!(ask(&world, "DeleteService", delete).await.unwrap_err(), "ServiceNotFound");
}

#[tokio::test]
async fn services_are_listed_by_namespace_in_pages() {
    let (world, namespace) = world().await;
    let other = ask(&world, "CreateHttpNamespace", json!({"Name": "other"})).await.unwrap();
    let other = ask(&world, "GetOperation", other).await.unwrap();
    let other = other["Operation"]["Targets"]["NAMESPACE"].as_str().unwrap().to_owned();
    for name in ["a", "b", "c"] {
        service(&world, &namespace, name).await;
    }
    service(&world, &other, "d").await;
    let filters = json!([{"Name": "NAMESPACE_ID", "Values": [namespace], "Condition": "EQ"}]);
    let first = json!({"Filters": filters, "MaxResults": 2});
    let page = ask(&world, "ListServices", first.clone()).await.unwrap();
    assert_eq!(page["Services"].as_array().unwrap().len(), 2);
    let mut second = first;
    second["NextToken"] = page["NextToken"].clone();
    let page = ask(&world, "ListServices", second).await.unwrap();
    assert_eq!(page["Services"][0]["Name"], "c");
    assert!(page["NextToken"].is_null());
    let refused = ask(&world, "ListServices", json!({"NextToken": "?"})).await.unwrap_err();
    assert_eq!(refused, "InvalidInput");
}

#[tokio::test]
async fn namespaces_and_services_are_tagged() {
    let (world, namespace) = world().await;
    let input = json!({
        "Name": "app",
        "NamespaceId": namespace,
        "Tags": [{"Key": "review-app", "Value": "7"}],
    });
    let made = ask(&world, "CreateService", input.clone()).await.unwrap();
    let taken = ask(&world, "CreateService", input).await.unwrap_err();
    assert_eq!(taken, "ServiceAlreadyExists");
    let arn = &made["Service"]["Arn"];
    let more = json!({"ResourceARN": arn, "Tags": [{"Key": "owner", "Value": "team"}]});
    ask(&world, "TagResource", more).await.unwrap();
    let tags = ask(&world, "ListTagsForResource", json!({"ResourceARN": arn})).await.unwrap();
    assert_eq!(
        tags["Tags"],
        json!([{"Key": "owner", "Value": "team"}, {"Key": "review-app", "Value": "7"}])
    );
    let nowhere = json!({"ResourceARN": "arn:aws:servicediscovery:eu-west-2:1:service/x"});
    let refused = ask(&world, "ListTagsForResource", nowhere).await.unwrap_err();
    assert_eq!(refused, "ResourceNotFoundException");
}
