//! Stacks, and what goes with them.
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

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let answer = world.call(Service::CloudFormation, operation, input).await;
    answer.map_err(|error| format!("{}: {}", error.code, error.message))
}

/// Makes the stack `app`, which owns the parameter `/app/key`.
async fn stack(world: &World) -> String {
    let template = "Resources:\n  Key:\n    Type: AWS::SSM::Parameter\n    Value: !Ref Other\n";
    let input = json!({"StackName": "app", "TemplateBody": template});
    let made = ask(world, "CreateStack", input).await.unwrap();
    let parameter = json!({
        "Name": "/app/key", "Value": "x", "Type": "String", "Tags": [{"Key": "pr", "Value": "1"}],
    });
    world.call(Service::Ssm, "PutParameter", parameter).await.unwrap();
    let arn = "arn:aws:ssm:eu-west-2:123456789012:parameter/app/key";
    let deletion = (Service::Ssm, "DeleteParameter", json!({"Name": "/app/key"}));
    world.stack_owns("app", arn, deletion);
    made["StackId"].as_str().unwrap().to_owned()
}

async fn status(world: &World, stack: &str) -> Result<String, String> {
    let answer = ask(world, "DescribeStacks", json!({"StackName": stack})).await?;
    Ok(answer["Stacks"][0]["StackStatus"].as_str().unwrap().to_owned())
}

async fn has_parameter(world: &World) -> bool {
    world.call(Service::Ssm, "GetParameter", json!({"Name": "/app/key"})).await.is_ok()
}

/// Longer than a deletion takes.
async fn later() {
    tokio::time::sleep(Duration::from_secs(121)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_takes_its_resources_along() {
    let world = world();
    let id = stack(&world).await;
    for _ in 0..2 {
        ask(&world, "DeleteStack", json!({"StackName": "app"})).await.unwrap();
        assert_eq!(status(&world, "app").await.unwrap(), "DELETE_IN_PROGRESS");
    }
    assert!(has_parameter(&world).await);
    later().await;
    assert!(!has_parameter(&world).await);
    let gone = "ValidationError: Stack with id app does not exist".to_owned();
    assert_eq!(status(&world, "app").await, Err(gone));
    assert_eq!(status(&world, &id).await.unwrap(), "DELETE_COMPLETE");
    ask(&world, "DeleteStack", json!({"StackName": "app"})).await.unwrap();
    let all = ask(&world, "ListStacks", json!({})).await.unwrap();
    assert_eq!(all["StackSummaries"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_protected_stack_stays() {
    let world = world();
    stack(&world).await;
    let protect = |on: &str| json!({"StackName": "app", "EnableTerminationProtection": on});
    ask(&world, "UpdateTerminationProtection", protect("true")).await.unwrap();
    let refused = ask(&world, "DeleteStack", json!({"StackName": "app"})).await.unwrap_err();
    assert!(refused.contains("cannot be deleted while TerminationProtection"), "{refused}");
    ask(&world, "UpdateTerminationProtection", protect("false")).await.unwrap();
    ask(&world, "DeleteStack", json!({"StackName": "app"})).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deletion_can_fail_until_resources_are_retained() {
    let world = world();
    let id = stack(&world).await;
    let retain = json!({"StackName": "app", "RetainResources": ["Key"]});
    ask(&world, "DeleteStack", retain.clone()).await.unwrap_err();
    world.stack_fails_to_delete("app", "The bucket is not empty");
    ask(&world, "DeleteStack", json!({"StackName": "app"})).await.unwrap();
    later().await;
    let shown = ask(&world, "DescribeStacks", json!({})).await.unwrap();
    assert_eq!(shown["Stacks"][0]["StackStatus"], "DELETE_FAILED");
    assert_eq!(shown["Stacks"][0]["StackStatusReason"], "The bucket is not empty");
    assert!(has_parameter(&world).await);
    ask(&world, "DeleteStack", retain).await.unwrap();
    later().await;
    assert_eq!(status(&world, &id).await.unwrap(), "DELETE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn the_tagging_service_shows_whose_a_resource_is() {
    let world = world();
    let id = stack(&world).await;
    let filter = json!({"TagFilters": [{"Key": "aws:cloudformation:stack-id", "Values": [id]}]});
    let found = world.call(Service::Tagging, "GetResources", filter).await.unwrap();
    let found = found["ResourceTagMappingList"].as_array().unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0]["ResourceARN"].as_str().unwrap().ends_with(":parameter/app/key"));
    assert!(found[0]["Tags"].as_array().unwrap().contains(&json!({"Key": "pr", "Value": "1"})));
}

#[tokio::test(start_paused = true)]
async fn a_stack_needs_a_name_and_a_template_with_resources() {
    let world = world();
    let template = json!({"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}).to_string();
    for (input, said) in [
        (json!({"StackName": "1", "TemplateBody": template}), "stackName"),
        (json!({"StackName": "a"}), "Either Template URL"),
        (json!({"StackName": "a", "TemplateBody": "text"}), "unsupported structure"),
        (json!({"StackName": "a", "TemplateBody": "{\"Resources\": {}}"}), "At least one"),
    ] {
        let refused = ask(&world, "CreateStack", input).await.unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
    let input = json!({"StackName": "a", "TemplateBody": template});
    ask(&world, "CreateStack", input.clone()).await.unwrap();
    let again = ask(&world, "CreateStack", input).await.unwrap_err();
    assert_eq!(again, "AlreadyExistsException: Stack [a] already exists");
}
