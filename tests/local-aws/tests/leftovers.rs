//! What is cleaned up last: log groups, rules, secrets, and what CodeDeploy keeps.
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

async fn ask(world: &World, whom: Service, what: &str, input: Value) -> Result<Value, String> {
    world.call(whom, what, input).await.map_err(|error| error.code)
}

#[tokio::test]
async fn log_groups_have_their_tags_in_a_map() {
    let world = world();
    let ask = async |what, input| ask(&world, Service::Logs, what, input).await;
    let group = json!({"logGroupName": "/review/7", "tags": {"review-app": "7"}});
    ask("CreateLogGroup", group).await.unwrap();
    let arn = "arn:aws:logs:eu-west-2:123456789012:log-group:/review/7";
    ask("TagResource", json!({"resourceArn": arn, "tags": {"owner": "team"}})).await.unwrap();
    let tags = ask("ListTagsForResource", json!({"resourceArn": arn})).await.unwrap();
    assert_eq!(tags["tags"], json!({"owner": "team", "review-app": "7"}));
    let with_star = json!({"resourceArn": format!("{arn}:*")});
    let refused = ask("ListTagsForResource", with_star).await.unwrap_err();
    assert_eq!(refused, "InvalidParameterException");
    let name = json!({"logGroupName": "/review/7"});
    ask("DeleteLogGroup", name.clone()).await.unwrap();
    let gone = ask("DeleteLogGroup", name).await.unwrap_err();
    assert_eq!(gone, "ResourceNotFoundException");
}

async fn rule(world: &World) {
    let input = json!({
        "Name": "review-7",
        "ScheduleExpression": "rate(1 hour)",
        "Tags": [{"Key": "review-app", "Value": "7"}],
    });
    ask(world, Service::Events, "PutRule", input).await.unwrap();
    let function = "arn:aws:lambda:eu-west-2:123456789012:function:f";
    let targets = json!([{"Id": "1", "Arn": function}, {"Id": "2", "Arn": function}]);
    let input = json!({"Rule": "review-7", "Targets": targets});
    ask(world, Service::Events, "PutTargets", input).await.unwrap();
}

#[tokio::test]
async fn a_rule_goes_after_the_last_of_its_targets() {
    let world = world();
    rule(&world).await;
    let ask = async |what, input| ask(&world, Service::Events, what, input).await;
    let name = json!({"Name": "review-7"});
    assert_eq!(ask("DeleteRule", name.clone()).await.unwrap_err(), "ValidationException");
    world.keep_targets(1);
    let both = json!({"Rule": "review-7", "Ids": ["1", "2"]});
    let partly = ask("RemoveTargets", both.clone()).await.unwrap();
    assert_eq!(partly["FailedEntryCount"], 1);
    assert_eq!(partly["FailedEntries"][0]["TargetId"], "1");
    assert_eq!(ask("DeleteRule", name.clone()).await.unwrap_err(), "ValidationException");
    assert_eq!(ask("RemoveTargets", both).await.unwrap()["FailedEntryCount"], 0);
    ask("DeleteRule", name.clone()).await.unwrap();
    ask("DeleteRule", name).await.unwrap();
}

#[tokio::test]
async fn a_rule_of_another_service_is_left_alone() {
    let world = world();
    rule(&world).await;
    world.manage_rule("review-7");
    let ask = async |what, input| ask(&world, Service::Events, what, input).await;
    let name = json!({"Name": "review-7"});
    let seen = ask("DescribeRule", name.clone()).await.unwrap();
    assert_eq!(seen["ManagedBy"], "autoscaling.amazonaws.com");
    for (operation, input) in [
        ("DeleteRule", name.clone()),
        ("DisableRule", name),
        ("RemoveTargets", json!({"Rule": "review-7", "Ids": ["1"]})),
    ] {
        let refused = ask(operation, input).await.unwrap_err();
        assert_eq!(refused, "ManagedRuleException", "{operation}");
    }
    let arn = json!({"ResourceARN": seen["Arn"]});
    let tags = ask("ListTagsForResource", arn).await.unwrap();
    assert_eq!(tags["Tags"], json!([{"Key": "review-app", "Value": "7"}]));
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_of_a_secret_takes_a_short_while_and_is_for_good() {
    let world = world();
    let ask = async |what, input| ask(&world, Service::SecretsManager, what, input).await;
    let secret = json!({"Name": "db", "SecretString": "x"});
    ask("CreateSecret", secret.clone()).await.unwrap();
    let force = json!({"SecretId": "db", "ForceDeleteWithoutRecovery": true});
    ask("DeleteSecret", force.clone()).await.unwrap();
    let id = json!({"SecretId": "db"});
    let seen = ask("DescribeSecret", id.clone()).await.unwrap();
    assert!(seen["DeletedDate"].is_number());
    let listed = ask("ListSecrets", json!({})).await.unwrap();
    assert_eq!(listed["SecretList"], json!([]));
    for (operation, input) in [("RestoreSecret", id.clone()), ("CreateSecret", secret.clone())] {
        let refused = ask(operation, input).await.unwrap_err();
        assert_eq!(refused, "InvalidRequestException", "{operation}");
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    ask("DeleteSecret", force.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let gone = ask("DescribeSecret", id).await.unwrap_err();
    assert_eq!(gone, "ResourceNotFoundException");
    ask("DeleteSecret", force).await.unwrap();
    ask("CreateSecret", secret).await.unwrap();
}

#[tokio::test]
async fn a_secret_with_replicas_or_an_owner_stays() {
    let world = world();
    let ask = async |what, input| ask(&world, Service::SecretsManager, what, input).await;
    let replicas = json!([{"Region": "eu-west-1"}]);
    let secret = json!({"Name": "db", "SecretString": "x", "AddReplicaRegions": replicas});
    ask("CreateSecret", secret).await.unwrap();
    let id = json!({"SecretId": "db"});
    let seen = ask("DescribeSecret", id.clone()).await.unwrap();
    assert_eq!(seen["ReplicationStatus"][0]["Region"], "eu-west-1");
    let refused = ask("DeleteSecret", id.clone()).await.unwrap_err();
    assert_eq!(refused, "InvalidParameterException");
    let remove = json!({"SecretId": "db", "RemoveReplicaRegions": ["eu-west-1"]});
    ask("RemoveRegionsFromReplication", remove).await.unwrap();
    world.own_secret("db", "rds");
    let seen = ask("DescribeSecret", id.clone()).await.unwrap();
    assert_eq!(seen["OwningService"], "rds");
    let refused = ask("DeleteSecret", id).await.unwrap_err();
    assert_eq!(refused, "InvalidRequestException");
}

#[tokio::test]
async fn applications_are_tagged_and_deleted_twice() {
    let world = world();
    let ask = async |what, input| ask(&world, Service::CodeDeploy, what, input).await;
    let tags = json!([{"Key": "review-app", "Value": "7"}]);
    let name = json!({"applicationName": "review-7"});
    let mut application = name.clone();
    application["computePlatform"] = json!("ECS");
    application["tags"] = tags.clone();
    ask("CreateApplication", application).await.unwrap();
    let arn = json!({
        "ResourceArn": "arn:aws:codedeploy:eu-west-2:123456789012:application:review-7",
    });
    let seen = ask("ListTagsForResource", arn.clone()).await.unwrap();
    assert_eq!(seen["Tags"], tags);
    ask("DeleteApplication", name.clone()).await.unwrap();
    ask("DeleteApplication", name).await.unwrap();
    let gone = ask("ListTagsForResource", arn).await.unwrap_err();
    assert_eq!(gone, "InvalidArnException");
}
