//! LINEAR and CANARY: the production traffic moves in steps.

use local_aws::scene::Native;
use serde_json::{Value, json};

use super::account::{account, all, answering, ecs, pass, running, short, status, succeeded};

fn shares(payload: &Value) -> String {
    let green = payload["executionDetails"]["targetServiceRevisionArn"].as_str().unwrap();
    let share = &payload["executionDetails"]["productionTrafficWeights"][green];
    format!("{} {share}", payload["lifecycleStage"].as_str().unwrap())
}

fn both() -> Value {
    let mut hook = Native::lambda_hook("PRODUCTION_TRAFFIC_SHIFT");
    hook["lifecycleStages"] = json!(["PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"]);
    json!([hook])
}

#[tokio::test(start_paused = true)]
async fn linear_steps_each_call_their_hooks() {
    let linear = json!({"stepPercent": 40.0, "stepBakeTimeInMinutes": 10});
    let configuration =
        json!({"strategy": "LINEAR", "linearConfiguration": linear, "lifecycleHooks": both()});
    let (world, scene) = account(configuration).await;
    let heard = answering(&world, |_, _| succeeded());
    let arn = scene.deploy("web:2").await.unwrap();
    pass(60).await;
    assert_eq!(short(&scene.live()), "web:1", "40 of 100");
    assert_eq!(running(&world).await, ["web:1", "web:1"]);
    pass(700).await;
    assert_eq!(short(&scene.live()), "web:2", "80 of 100");
    pass(700).await;
    let told: Vec<String> = all(&heard).iter().map(shares).collect();
    let expected = [
        "PRE_PRODUCTION_TRAFFIC_SHIFT 0",
        "PRODUCTION_TRAFFIC_SHIFT 40",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 40",
        "PRODUCTION_TRAFFIC_SHIFT 80",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 80",
        "PRODUCTION_TRAFFIC_SHIFT 100",
    ];
    assert_eq!(told, expected);
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_five_percent_for_ten_minutes_unless_told() {
    let configuration = json!({"strategy": "CANARY", "lifecycleHooks": both()});
    let (world, scene) = account(configuration).await;
    let heard = answering(&world, |_, _| succeeded());
    let arn = scene.deploy("web:2").await.unwrap();
    pass(500).await;
    let shown = scene.service_deployment(&arn).await.unwrap();
    assert_eq!(shown["targetServiceRevision"]["requestedProductionTrafficWeight"], 5.0);
    assert_eq!(shown["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"], 95.0);
    pass(300).await;
    let told: Vec<String> = all(&heard).iter().map(shares).collect();
    let expected = [
        "PRE_PRODUCTION_TRAFFIC_SHIFT 0",
        "PRODUCTION_TRAFFIC_SHIFT 5",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 5",
        "PRODUCTION_TRAFFIC_SHIFT 100",
    ];
    assert_eq!(told, expected);
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn every_step_pauses_with_a_hook_id_of_its_own() {
    let pause = Native::pause_hook("PRE_PRODUCTION_TRAFFIC_SHIFT");
    let configuration = json!({"strategy": "CANARY", "lifecycleHooks": [pause]});
    let (world, scene) = account(configuration).await;
    let arn = scene.deploy("web:2").await.unwrap();
    for seen in 1..=2 {
        pass(3600).await;
        let shown = scene.service_deployment(&arn).await.unwrap();
        let hooks = shown["lifecycleHookDetails"].as_array().unwrap();
        assert_eq!(hooks.len(), seen);
        let go_on = json!({
            "serviceDeploymentArn": arn, "hookId": hooks.last().unwrap()["hookId"],
        });
        ecs(&world, "ContinueServiceDeployment", go_on).await.unwrap();
    }
    pass(3600).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
}
