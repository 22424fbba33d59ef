//! Scalable targets, and what goes with them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

/// An account with tables: of the services that can be scaled, ECS would want its services first.
fn world() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

fn table(name: &str, more: &Value) -> Value {
    let mut input = json!({
        "ServiceNamespace": "dynamodb",
        "ResourceId": format!("table/{name}"),
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    });
    for (member, value) in more.as_object().unwrap() {
        input[member] = value.clone();
    }
    input
}

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let answer = world.call(Service::ApplicationAutoScaling, operation, input).await;
    answer.map_err(|error| error.code)
}

async fn register(world: &World, name: &str) -> Value {
    let input = table(name, &json!({"MinCapacity": 1, "MaxCapacity": 4, "Tags": {"team": "pay"}}));
    ask(world, "RegisterScalableTarget", input).await.unwrap()
}

async fn count(world: &World, operation: &str, list: &str) -> usize {
    let asked = json!({"ServiceNamespace": "dynamodb"});
    ask(world, operation, asked).await.unwrap()[list].as_array().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn deregistering_takes_policies_and_scheduled_actions_along() {
    let world = world();
    for name in ["a", "b"] {
        register(&world, name).await;
        let policy = json!({
            "PolicyName": "half",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0},
        });
        ask(&world, "PutScalingPolicy", table(name, &policy)).await.unwrap();
        let action = json!({
            "ScheduledActionName": "night",
            "Schedule": "cron(0 22 * * ? *)",
            "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 0},
        });
        ask(&world, "PutScheduledAction", table(name, &action)).await.unwrap();
    }
    ask(&world, "DeregisterScalableTarget", table("a", &json!({}))).await.unwrap();
    assert_eq!(count(&world, "DescribeScalableTargets", "ScalableTargets").await, 1);
    assert_eq!(count(&world, "DescribeScalingPolicies", "ScalingPolicies").await, 1);
    assert_eq!(count(&world, "DescribeScheduledActions", "ScheduledActions").await, 1);
    let again = ask(&world, "DeregisterScalableTarget", table("a", &json!({}))).await;
    assert_eq!(again, Err("ObjectNotFoundException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_update_changes_what_it_says() {
    let world = world();
    let made = register(&world, "a").await;
    let update = table("a", &json!({"MaxCapacity": 9}));
    assert_eq!(ask(&world, "RegisterScalableTarget", update).await.unwrap(), made);
    let asked = json!({"ServiceNamespace": "dynamodb", "ResourceIds": ["table/a", "table/z"]});
    let targets = ask(&world, "DescribeScalableTargets", asked).await.unwrap();
    let target = &targets["ScalableTargets"][0];
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(1), &json!(9)));
    let arn = json!({"ResourceARN": made["ScalableTargetARN"]});
    let tags = ask(&world, "ListTagsForResource", arn).await.unwrap();
    assert_eq!(tags["Tags"], json!({"team": "pay"}));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_target_and_no_service_is_refused() {
    let world = world();
    let policy = table("a", &json!({"PolicyName": "half", "PolicyType": "StepScaling"}));
    let refused = ask(&world, "PutScalingPolicy", policy).await;
    assert_eq!(refused, Err("ObjectNotFoundException".to_owned()));
    let service = json!({
        "ServiceNamespace": "ecs",
        "ResourceId": "service/live/web",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 1,
        "MaxCapacity": 2,
    });
    let refused = ask(&world, "RegisterScalableTarget", service).await;
    assert_eq!(refused, Err("ValidationException".to_owned()));
    let ids: Vec<String> = (0..51).map(|n| format!("table/{n}")).collect();
    let many = json!({"ServiceNamespace": "dynamodb", "ResourceIds": ids});
    let refused = ask(&world, "DescribeScalableTargets", many).await;
    assert_eq!(refused, Err("ValidationException".to_owned()));
    let token = json!({"ServiceNamespace": "dynamodb", "NextToken": "none"});
    let refused = ask(&world, "DescribeScalableTargets", token).await;
    assert_eq!(refused, Err("InvalidNextTokenException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn targets_come_in_pages_of_fifty() {
    let world = world();
    for n in 0..51 {
        register(&world, &format!("{n:02}")).await;
    }
    assert_eq!(count(&world, "DescribeScalableTargets", "ScalableTargets").await, 50);
}
