//! Images that cannot run, with a circuit breaker and without.

use serde_json::{Value, json};

use super::account::{account, at, deployments, each, listen, pass, running, short, status};

fn breaker(rollback: bool) -> Value {
    json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}})
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_a_broken_image_is_in_progress_for_ever() {
    let (world, scene) = account(json!({})).await;
    world.unhealthy_image("registry/web:2");
    let arn = scene.deploy("web:2").await.unwrap();
    pass(3 * 86400).await;
    let expected = ["PRIMARY web:2 IN_PROGRESS: 0 of 2", "ACTIVE web:1 COMPLETED: 2 of 2"];
    assert_eq!(deployments(&scene).await, expected);
    assert_eq!(status(&scene, &arn).await.0, "IN_PROGRESS");
    let service = scene.service().await.unwrap();
    assert!(service["deployments"][0]["failedTasks"].as_u64().unwrap() > 10);
    assert_eq!(short(service["taskDefinition"].as_str().unwrap()), "web:2", "and yet not live");
    assert_eq!(running(&world).await, ["web:1", "web:1"]);
    let breaker = &scene.service_deployment(&arn).await.unwrap()["deploymentCircuitBreaker"];
    assert_eq!(*breaker, json!({"status": "DISABLED", "failureCount": 0, "threshold": 3}));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_without_rollback_leaves_the_old_one_serving() {
    let (world, scene) = account(breaker(false)).await;
    world.unhealthy_image("registry/web:2");
    let arn = scene.deploy("web:2").await.unwrap();
    pass(30).await;
    assert_eq!(status(&scene, &arn).await.0, "IN_PROGRESS", "two tasks of three have failed");
    pass(60).await;
    let expected = ["PRIMARY web:2 FAILED: 0 of 0", "ACTIVE web:1 COMPLETED: 2 of 2"];
    assert_eq!(deployments(&scene).await, expected);
    let service = scene.service().await.unwrap();
    let why = "ECS deployment circuit breaker: tasks failed to start.";
    assert_eq!(service["deployments"][0]["rolloutStateReason"], why);
    let shown = scene.service_deployment(&arn).await.unwrap();
    assert_eq!(shown["status"], "STOPPED");
    assert_eq!(shown["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    assert_eq!(shown["deploymentCircuitBreaker"]["failureCount"], 4);
    assert_eq!(running(&world).await, ["web:1", "web:1"]);

    scene.register("registry/web:3").await.unwrap();
    let repaired = scene.deploy("web:3").await.unwrap();
    pass(60).await;
    assert_eq!(status(&scene, &repaired).await.0, "SUCCESSFUL");
    assert_eq!(deployments(&scene).await, ["PRIMARY web:3 COMPLETED: 2 of 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_with_rollback_brings_the_old_one_back() {
    let (world, scene) = account(breaker(true)).await;
    world.unhealthy_image("registry/web:2");
    let heard = listen(&world, "ECS Deployment State Change").await;
    let old = scene.service().await.unwrap()["deployments"][0]["id"].clone();
    let arn = scene.deploy("web:2").await.unwrap();
    let service = loop {
        pass(1).await;
        let service = scene.service().await.unwrap();
        if service["deployments"][0]["id"] == old {
            break service;
        }
    };
    let old = old.as_str().unwrap();
    let why = format!("ECS deployment circuit breaker: rolling back to deploymentId {old}.");
    assert_eq!(service["deployments"][0]["rolloutStateReason"], why);
    let meanwhile = ["PRIMARY web:1 IN_PROGRESS: 2 of 2", "ACTIVE web:2 FAILED: 0 of 0"];
    assert_eq!(deployments(&scene).await, meanwhile);
    assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_IN_PROGRESS");
    assert_eq!(running(&world).await, ["web:1", "web:1"]);
    pass(60).await;
    assert_eq!(deployments(&scene).await, ["PRIMARY web:1 COMPLETED: 2 of 2"]);
    let why = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
    assert_eq!(status(&scene, &arn).await, ("ROLLBACK_SUCCESSFUL".to_owned(), why.to_owned()));
    let reasons = each(&heard, "/detail/reason");
    assert_eq!(reasons[1], "ECS deployment circuit breaker: tasks failed to start.");
}

#[tokio::test(start_paused = true)]
async fn a_threshold_may_be_a_count() {
    let mut configuration = breaker(true);
    configuration["deploymentCircuitBreaker"]["thresholdConfiguration"] =
        json!({"type": "COUNT", "value": 9});
    let (world, scene) = account(configuration).await;
    world.unhealthy_image("registry/web:2");
    let arn = scene.deploy("web:2").await.unwrap();
    pass(86400).await;
    let breaker = &scene.service_deployment(&arn).await.unwrap()["deploymentCircuitBreaker"];
    assert_eq!(*breaker, json!({"status": "TRIGGERED", "failureCount": 10, "threshold": 9}));
}

#[tokio::test(start_paused = true)]
async fn a_green_that_cannot_start_never_gets_traffic() {
    let mut configuration = at(&[]);
    configuration["deploymentCircuitBreaker"] = json!({"enable": true, "rollback": true});
    let (world, scene) = account(configuration).await;
    world.unhealthy_image("registry/web:2");
    let arn = scene.deploy("web:2").await.unwrap();
    pass(20).await;
    let shown = scene.service_deployment(&arn).await.unwrap();
    assert_eq!(shown["lifecycleStage"], "SCALE_UP");
    assert_eq!(shown["targetServiceRevision"]["requestedProductionTrafficWeight"], 0.0);
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_SUCCESSFUL");
    assert_eq!(short(&scene.live()), "web:1");
}

#[tokio::test(start_paused = true)]
async fn a_service_scaled_to_nothing_notices_nothing() {
    let (world, scene) = account(json!({})).await;
    world.unhealthy_image("registry/web:2");
    scene.update(json!({"desiredCount": 0})).await.unwrap();
    let arn = scene.deploy("web:2").await.unwrap();
    pass(60).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
    assert_eq!(short(&scene.live()), "web:2");
}
