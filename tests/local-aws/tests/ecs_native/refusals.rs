//! What a `deploymentConfiguration` may not hold.

use local_aws::scene::Native;
use serde_json::{Value, json};

use super::account::{account, code, ecs};

fn lambda(change: impl Fn(&mut Value)) -> Value {
    let mut hook = Native::lambda_hook("PRE_SCALE_UP");
    change(&mut hook);
    Native::blue_green(&json!([hook]))
}

fn pause(stage: &str, change: impl Fn(&mut Value)) -> Value {
    let mut hook = Native::pause_hook(stage);
    change(&mut hook);
    Native::blue_green(&json!([hook]))
}

fn wrong() -> Vec<Value> {
    let timeout = |it: &mut Value, minutes: u32| {
        it["timeoutConfiguration"] = json!({"timeoutInMinutes": minutes});
    };
    let linear = |percent: f64| json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": percent}});
    let many = |hook: Value| Native::blue_green(&json!(vec![hook; 11]));
    vec![
        json!({"strategy": "ALL_AT_ONCE"}),
        json!({"strategy": "BLUE_GREEN"}),
        json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441}),
        lambda(|it| it["hookTargetArn"] = Value::Null),
        lambda(|it| it["targetType"] = json!("SNS")),
        lambda(|it| it["lifecycleStages"] = json!([])),
        lambda(|it| it["lifecycleStages"] = json!(["SCALE_UP"])),
        lambda(|it| timeout(it, 1441)),
        lambda(|it| timeout(it, 0)),
        lambda(|it| it["timeoutConfiguration"] = json!({"action": "STOP"})),
        pause("TEST_TRAFFIC_SHIFT", |_| {}),
        pause("PRODUCTION_TRAFFIC_SHIFT", |_| {}),
        pause("PRE_SCALE_UP", |it| it["hookTargetArn"] = json!("arn:aws:lambda:x")),
        pause("PRE_SCALE_UP", |it| timeout(it, 20161)),
        many(Native::lambda_hook("PRE_SCALE_UP")),
        many(Native::pause_hook("PRE_SCALE_UP")),
        json!({"linearConfiguration": {"stepPercent": 10.0}}),
        linear(2.9),
        linear(10.05),
        linear(100.1),
        json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.0}}),
        json!({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 1441}}),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_ecs_would_refuse_is_refused_and_changes_nothing() {
    let (world, scene) = account(json!({})).await;
    let before = scene.service().await.unwrap();
    for configuration in wrong() {
        let change = json!({"deploymentConfiguration": configuration, "taskDefinition": "web:2"});
        let error = scene.update(change).await.unwrap_err();
        assert_eq!(error.code, "InvalidParameterException", "{configuration}");
        let create = json!({
            "cluster": "live", "serviceName": "other", "taskDefinition": "web:2",
            "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": before["networkConfiguration"],
            "deploymentConfiguration": configuration,
        });
        let answer = ecs(&world, "CreateService", create).await;
        assert_eq!(code(answer), "InvalidParameterException", "{configuration}");
    }
    assert_eq!(scene.service().await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn what_is_just_allowed_is_accepted() {
    let (_world, scene) = account(json!({})).await;
    let ten = |hook: Value| vec![hook; 10];
    let both = [ten(Native::lambda_hook("PRE_SCALE_UP")), ten(Native::pause_hook("PRE_SCALE_UP"))]
        .concat();
    for configuration in [
        Native::blue_green(&json!(both)),
        pause("PRE_SCALE_UP", |it| it["timeoutConfiguration"] = json!({"timeoutInMinutes": 20160})),
        json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3}}),
        json!({"strategy": "ROLLING", "lifecycleHooks": [Native::lambda_hook("PRE_SCALE_UP")]}),
    ] {
        scene.configure(configuration).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn strategies_belong_to_the_ecs_controller() {
    let (world, scene) = account(json!({})).await;
    let network = scene.service().await.unwrap()["networkConfiguration"].clone();
    let create = json!({
        "cluster": "live", "serviceName": "other", "taskDefinition": "web:2", "desiredCount": 1,
        "launchType": "FARGATE", "networkConfiguration": network,
        "deploymentController": {"type": "CODE_DEPLOY"},
        "deploymentConfiguration": Native::blue_green(&json!([])),
    });
    assert_eq!(code(ecs(&world, "CreateService", create).await), "InvalidParameterException");
}
