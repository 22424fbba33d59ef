//! Pause hooks: the deployment waits until somebody says how it goes on.

use local_aws::EventDelivery;
use local_aws::scene::Native;
use serde_json::{Value, json};

use super::account::{account, all, answering, code, each, ecs, listen, pass, short, status};

fn pausing(stage: &str) -> Value {
    Native::blue_green(&json!([Native::pause_hook(stage)]))
}

async fn hook(scene: &Native, arn: &str) -> Value {
    scene.service_deployment(arn).await.unwrap()["lifecycleHookDetails"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_goes_on_when_it_is_continued() {
    let (world, scene) = account(pausing("PRE_SCALE_UP")).await;
    let heard = listen(&world, "ECS Hook State Change").await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(3600).await;
    let waiting = hook(&scene, &arn).await;
    let id = waiting["hookId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("ecs-pause-"), "{id}");
    assert_eq!(waiting["targetType"], "PAUSE");
    assert_eq!(waiting["status"], "AWAITING_ACTION");
    assert_eq!(waiting["timeoutAction"], "ROLLBACK");
    assert_eq!(waiting["expiresAt"], 1_795_255_200.0 + 86400.0, "24 hours");
    assert!(waiting["targetArn"].is_null());
    assert_eq!(short(&scene.live()), "web:1");

    let go_on = json!({"serviceDeploymentArn": arn, "hookId": id});
    let answer = ecs(&world, "ContinueServiceDeployment", go_on.clone()).await.unwrap();
    assert_eq!(answer, json!({"serviceDeploymentArn": arn}));
    let again = ecs(&world, "ContinueServiceDeployment", go_on).await;
    assert_eq!(code(again), "InvalidParameterException", "it does not wait any more");
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
    assert_eq!(short(&scene.live()), "web:2");
    assert_eq!(each(&heard, "/detail/eventName"), ["HOOK_AWAITING_ACTION", "HOOK_SUCCEEDED"]);
    assert_eq!(each(&heard, "/detail/hookType"), ["PAUSE", "PAUSE"]);
    assert_eq!(each(&heard, "/detail/hookId"), [id.clone(), id]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_can_be_rolled_back() {
    let (world, scene) = account(pausing("POST_PRODUCTION_TRAFFIC_SHIFT")).await;
    let heard = listen(&world, "ECS Hook State Change").await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    assert_eq!(short(&scene.live()), "web:2", "the traffic is there already");
    let id = hook(&scene, &arn).await["hookId"].clone();
    let back = json!({"serviceDeploymentArn": arn, "hookId": id, "action": "ROLLBACK"});
    ecs(&world, "ContinueServiceDeployment", back).await.unwrap();
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_SUCCESSFUL");
    assert_eq!(short(&scene.live()), "web:1");
    assert_eq!(each(&heard, "/detail/eventName"), ["HOOK_AWAITING_ACTION", "HOOK_FAILED"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_and_the_timeout_decides() {
    for (action, ends) in [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")] {
        let mut pause = Native::pause_hook("PRE_SCALE_UP");
        pause["timeoutConfiguration"] = json!({"timeoutInMinutes": 20160, "action": action});
        let (world, scene) = account(Native::blue_green(&json!([pause]))).await;
        let heard = listen(&world, "ECS Hook State Change").await;
        let arn = scene.deploy("web:2").await.unwrap();
        pass(14 * 86400 - 1).await;
        assert_eq!(hook(&scene, &arn).await["status"], "AWAITING_ACTION");
        pass(600).await;
        assert_eq!(status(&scene, &arn).await.0, ends);
        assert_eq!(each(&heard, "/detail/eventName"), ["HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"]);
        let late = json!({
            "serviceDeploymentArn": arn, "hookId": hook(&scene, &arn).await["hookId"],
        });
        let answer = ecs(&world, "ContinueServiceDeployment", late).await;
        assert_eq!(code(answer), "InvalidParameterException");
    }
}

#[tokio::test(start_paused = true)]
async fn two_pauses_are_two_decisions_and_one_rollback_is_enough() {
    let pauses = json!([Native::pause_hook("PRE_SCALE_UP"), Native::pause_hook("PRE_SCALE_UP")]);
    let (world, scene) = account(Native::blue_green(&pauses)).await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(60).await;
    let all = scene.service_deployment(&arn).await.unwrap()["lifecycleHookDetails"].clone();
    let act = async |n: usize, action: &str| {
        let id = &all[n]["hookId"];
        let input = json!({"serviceDeploymentArn": arn, "hookId": id, "action": action});
        ecs(&world, "ContinueServiceDeployment", input).await
    };
    act(0, "CONTINUE").await.unwrap();
    pass(60).await;
    assert_eq!(status(&scene, &arn).await.0, "IN_PROGRESS", "the other one still waits");
    act(1, "ROLLBACK").await.unwrap();
    pass(60).await;
    assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_hook_may_come_twice_or_never() {
    for (copies, lost, expected) in [(2, false, 2), (1, true, 0)] {
        let (world, scene) = account(pausing("PRE_SCALE_UP")).await;
        let heard = listen(&world, "ECS Hook State Change").await;
        world.event_delivery(EventDelivery { copies, lost, ..EventDelivery::default() });
        scene.deploy("web:2").await.unwrap();
        pass(60).await;
        assert_eq!(all(&heard).len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn rolling_services_pause_too() {
    let configuration = json!({"lifecycleHooks": [Native::pause_hook("PRE_SCALE_UP")]});
    let (world, scene) = account(configuration).await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    assert_eq!(hook(&scene, &arn).await["status"], "AWAITING_ACTION");
    assert_eq!(short(&scene.live()), "web:1");
    let go_on = json!({
        "serviceDeploymentArn": arn, "hookId": hook(&scene, &arn).await["hookId"],
    });
    ecs(&world, "ContinueServiceDeployment", go_on).await.unwrap();
    pass(60).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn the_rule_of_the_scene_calls_the_function_that_continues() {
    let (world, scene) = account(pausing("PRE_SCALE_UP")).await;
    scene.wire_events().await.unwrap();
    let heard = answering(&world, |_, _| Ok(Value::Null));
    scene.deploy("web:2").await.unwrap();
    pass(60).await;
    let called = all(&heard);
    assert_eq!(called.len(), 1);
    assert_eq!(called[0]["detail-type"], "ECS Hook State Change");
    assert_eq!(called[0]["detail"]["eventName"], "HOOK_AWAITING_ACTION");
}
