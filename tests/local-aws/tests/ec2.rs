//! What terminates instances, and what keeps a security group.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

fn empty() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

async fn ec2(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::Ec2, operation, input).await.map_err(|error| error.code)
}

/// The ids of new instances of a pull request, in one zone.
async fn instances(world: &World, count: u64, zone: &str) -> Vec<String> {
    let tags = json!([{"Key": "environment", "Value": "preview"}]);
    let input = json!({
        "ImageId": "ami-1", "MinCount": count, "MaxCount": count,
        "Placement": {"AvailabilityZone": zone},
        "TagSpecification": [{"ResourceType": "instance", "Tag": tags}],
    });
    let answer = ec2(world, "RunInstances", input).await.unwrap();
    let launched = answer["instancesSet"].as_array().unwrap().iter();
    launched.map(|it| it["instanceId"].as_str().unwrap().to_owned()).collect()
}

/// The instances that a request describes, with their states.
async fn states(world: &World, input: Value) -> Vec<(String, String)> {
    let answer = ec2(world, "DescribeInstances", input).await.unwrap();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let reservations = answer["reservationSet"].as_array().unwrap().iter();
    let instances = reservations.flat_map(|it| it["instancesSet"].as_array().unwrap());
    instances.map(|it| (text(&it["instanceId"]), text(&it["instanceState"]["name"]))).collect()
}

async fn security_group(world: &World, name: &str) -> String {
    let input = json!({"GroupName": name, "GroupDescription": name});
    let made = ec2(world, "CreateSecurityGroup", input).await.unwrap();
    made["groupId"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_terminated_instance_is_listed_for_an_hour() {
    let world = empty();
    let ids = instances(&world, 1, "eu-west-2a").await;
    assert_eq!(states(&world, json!({})).await[0].1, "pending");
    tokio::time::sleep(Pace::REAL.task_start).await;
    for (wait, state) in [(0, "shutting-down"), (10, "terminated"), (3590, "terminated")] {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        ec2(&world, "TerminateInstances", json!({"InstanceId": ids})).await.unwrap();
        assert_eq!(states(&world, json!({"InstanceId": ids})).await[0].1, state);
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let gone = ec2(&world, "TerminateInstances", json!({"InstanceId": ids})).await;
    assert_eq!(gone.unwrap_err(), "InvalidInstanceID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn one_unknown_instance_keeps_all_the_others() {
    let world = empty();
    let mut ids = instances(&world, 2, "eu-west-2a").await;
    ids.push("i-00000000000000000".to_owned());
    let ended = ec2(&world, "TerminateInstances", json!({"InstanceId": ids})).await;
    assert_eq!(ended.unwrap_err(), "InvalidInstanceID.NotFound");
    let ended = ec2(&world, "TerminateInstances", json!({"InstanceId": ["i-12"]})).await;
    assert_eq!(ended.unwrap_err(), "InvalidInstanceID.Malformed");
    let alive = json!({"Filter": [{"Name": "instance-state-name", "Value": ["pending"]}]});
    assert_eq!(states(&world, alive).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_protected_instance_keeps_its_whole_zone() {
    let world = empty();
    let a = instances(&world, 2, "eu-west-2a").await;
    let b = instances(&world, 1, "eu-west-2b").await;
    let protect = json!({"InstanceId": a[0], "DisableApiTermination": {"Value": true}});
    ec2(&world, "ModifyInstanceAttribute", protect).await.unwrap();
    let ask = json!({"InstanceId": a[0], "Attribute": "disableApiTermination"});
    let seen = ec2(&world, "DescribeInstanceAttribute", ask).await.unwrap();
    assert_eq!(seen["disableApiTermination"]["value"], true);
    tokio::time::sleep(Pace::REAL.task_start).await;
    let all: Vec<String> = [a.clone(), b.clone()].concat();
    let ended = ec2(&world, "TerminateInstances", json!({"InstanceId": all})).await;
    assert_eq!(ended.unwrap_err(), "OperationNotPermitted");
    for (ids, state) in [(&a, "running"), (&b, "shutting-down")] {
        for (_, seen) in states(&world, json!({"InstanceId": ids})).await {
            assert_eq!(seen, state);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn filters_all_have_to_fit() {
    let world = empty();
    let ids = instances(&world, 1, "eu-west-2a").await;
    for (name, value, count) in [
        ("tag:environment", "preview", 1),
        ("tag:environment", "Preview", 0),
        ("tag:environment", "pre*", 1),
        ("tag:github-pr", "12", 0),
        ("tag-key", "environment", 1),
    ] {
        let here = json!({"Name": "availability-zone", "Value": ["eu-west-2a"]});
        let input = json!({"Filter": [{"Name": name, "Value": [value]}, here]});
        assert_eq!(states(&world, input).await.len(), count, "{name} {value}");
    }
    let tag = json!([{"Key": "github-pr", "Value": "12"}]);
    ec2(&world, "CreateTags", json!({"ResourceId": ids, "Tag": tag})).await.unwrap();
    let seen = ec2(&world, "DescribeTags", json!({})).await.unwrap();
    assert_eq!(seen["tagSet"].as_array().unwrap().len(), 2);
    ec2(&world, "DeleteTags", json!({"ResourceId": ids})).await.unwrap();
    let seen = ec2(&world, "DescribeTags", json!({})).await.unwrap();
    assert_eq!(seen["tagSet"], json!([]));
    let wrong = json!({"Filter": [{"Name": "colour", "Value": ["blue"]}]});
    let wrong = ec2(&world, "DescribeInstances", wrong).await;
    assert_eq!(wrong.unwrap_err(), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn instances_come_in_pages() {
    let world = empty();
    instances(&world, 7, "eu-west-2a").await;
    let first = ec2(&world, "DescribeInstances", json!({"MaxResults": 5})).await.unwrap();
    let next = json!({"NextToken": first["nextToken"]});
    assert_eq!(states(&world, next).await.len(), 2);
    let wrong = ec2(&world, "DescribeInstances", json!({"NextToken": "x"})).await;
    assert_eq!(wrong.unwrap_err(), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_client_token_launches_once() {
    let world = empty();
    let input = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "ClientToken": "once"});
    let first = ec2(&world, "RunInstances", input.clone()).await.unwrap();
    assert_eq!(ec2(&world, "RunInstances", input).await.unwrap(), first);
    assert_eq!(states(&world, json!({})).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_security_group_stays_while_it_is_used_or_referred_to() {
    let world = empty();
    let (app, cache) = (security_group(&world, "app").await, security_group(&world, "cache").await);
    let from_app = json!([
        {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "Groups": [{"GroupId": app}]},
    ]);
    let rule = json!({"GroupId": cache, "IpPermissions": from_app});
    ec2(&world, "AuthorizeSecurityGroupIngress", rule.clone()).await.unwrap();
    let twice = ec2(&world, "AuthorizeSecurityGroupIngress", rule.clone()).await;
    assert_eq!(twice.unwrap_err(), "InvalidPermission.Duplicate");
    let delete = json!({"GroupId": app});
    let interface = world.network_interface(&app, "a task");
    for _ in 0..2 {
        let deleted = ec2(&world, "DeleteSecurityGroup", delete.clone()).await;
        assert_eq!(deleted.unwrap_err(), "DependencyViolation");
        ec2(&world, "RevokeSecurityGroupIngress", rule.clone()).await.ok();
    }
    let seen = json!({"Filter": [{"Name": "group-id", "Value": [app]}]});
    let seen = ec2(&world, "DescribeNetworkInterfaces", seen).await.unwrap();
    assert_eq!(seen["networkInterfaceSet"][0]["description"], "a task");
    world.remove_network_interface(&interface);
    ec2(&world, "DeleteSecurityGroup", delete.clone()).await.unwrap();
    let gone = ec2(&world, "DeleteSecurityGroup", delete).await;
    assert_eq!(gone.unwrap_err(), "InvalidGroup.NotFound");
}

#[tokio::test(start_paused = true)]
async fn the_default_security_group_cannot_be_deleted() {
    let world = empty();
    let input = json!({"Filter": [{"Name": "group-name", "Value": ["default"]}]});
    let found = ec2(&world, "DescribeSecurityGroups", input).await.unwrap();
    let id = &found["securityGroupInfo"][0]["groupId"];
    let deleted = ec2(&world, "DeleteSecurityGroup", json!({"GroupId": id})).await;
    assert_eq!(deleted.unwrap_err(), "CannotDelete");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let world = empty();
    let ids = instances(&world, 1, "eu-west-2a").await;
    let input = json!({"InstanceId": ids, "DryRun": "true"});
    let error = world.call(Service::Ec2, "TerminateInstances", input).await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (412, "DryRunOperation"));
    assert_eq!(states(&world, json!({})).await[0].1, "pending");
}
