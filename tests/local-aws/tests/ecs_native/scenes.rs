//! The ready-made scenes.

use local_aws::scene::Native;
use serde_json::json;

use super::account::{all, answering, ecs, pass, short, status, succeeded, world};

#[tokio::test(start_paused = true)]
async fn a_lambda_scene_begins_live_and_calls_its_hook_with_the_next_deployment() {
    let world = world();
    let scene = Native::lambda(&world, "registry/web:1").await.unwrap();
    assert_eq!(short(&scene.live()), "web:1", "no function was needed for that");
    let heard = answering(&world, |_, _| succeeded());
    let definition = scene.register("registry/web:2").await.unwrap();
    let arn = scene.deploy(&definition).await.unwrap();
    pass(600).await;
    assert_eq!(all(&heard).len(), 1);
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
    assert_eq!(scene.live(), definition);
}

#[tokio::test(start_paused = true)]
async fn a_pause_scene_waits_to_be_continued() {
    let world = world();
    let scene = Native::pause(&world, "registry/web:1").await.unwrap();
    let definition = scene.register("registry/web:2").await.unwrap();
    let arn = scene.deploy(&definition).await.unwrap();
    pass(60).await;
    let hooks = scene.service_deployment(&arn).await.unwrap()["lifecycleHookDetails"].clone();
    let go_on = json!({"serviceDeploymentArn": arn, "hookId": hooks[0]["hookId"]});
    ecs(&world, "ContinueServiceDeployment", go_on).await.unwrap();
    pass(600).await;
    assert_eq!(scene.live(), definition);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_scene_has_neither_strategy_nor_hooks() {
    let world = world();
    let scene = Native::rolling(&world, "registry/web:1").await.unwrap();
    assert!(scene.service().await.unwrap()["deploymentConfiguration"]["strategy"].is_null());
    let definition = scene.register("registry/web:2").await.unwrap();
    scene.deploy(&definition).await.unwrap();
    assert_eq!(short(&scene.live()), "web:1");
    pass(60).await;
    assert_eq!(scene.live(), definition);
}
