//! `UpdateService`: what rolls, what does not, what is refused.

use serde_json::{Value, json};

use super::account::{arn, code, ecs, pass, running, service, update, with_shop};

fn line(service: &Value) -> Vec<String> {
    let deployments = service["deployments"].as_array().unwrap().iter();
    let line = |it: &Value| {
        let name = it["taskDefinition"].as_str().unwrap().rsplit('/').next().unwrap();
        format!(
            "{} {name} {}: {} of {}",
            it["status"].as_str().unwrap(),
            it["rolloutState"].as_str().unwrap(),
            it["runningCount"],
            it["desiredCount"]
        )
    };
    deployments.map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn the_old_task_definition_runs_until_the_new_one_is_rolled_out() {
    let world = with_shop("ECS").await;
    assert_eq!(line(&service(&world).await), ["PRIMARY web:1 COMPLETED: 2 of 2"]);
    assert_eq!(running(&world).await, [arn(1), arn(1)]);

    let answer = update(&world, json!({"taskDefinition": "web:2"})).await.unwrap();
    assert_eq!(answer["service"]["taskDefinition"], arn(2), "the target, although it is not live");
    let meanwhile = ["PRIMARY web:2 IN_PROGRESS: 0 of 2", "ACTIVE web:1 COMPLETED: 2 of 2"];
    assert_eq!(line(&answer["service"]), meanwhile);
    assert_eq!(running(&world).await, [arn(1), arn(1)]);

    pass(6).await;
    assert_eq!(line(&service(&world).await), ["PRIMARY web:2 COMPLETED: 2 of 2"]);
    assert_eq!(running(&world).await, [arn(2), arn(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_overtaken_never_completes() {
    let world = with_shop("ECS").await;
    update(&world, json!({"taskDefinition": "web:2"})).await.unwrap();
    pass(3).await;
    update(&world, json!({"taskDefinition": "web:3"})).await.unwrap();
    pass(3).await;
    let meanwhile = ["PRIMARY web:3 IN_PROGRESS: 0 of 2", "ACTIVE web:1 COMPLETED: 2 of 2"];
    assert_eq!(line(&service(&world).await), meanwhile);
    pass(3).await;
    assert_eq!(running(&world).await, [arn(3), arn(3)]);
}

#[tokio::test(start_paused = true)]
async fn the_desired_count_changes_without_a_deployment() {
    let world = with_shop("ECS").await;
    let before = service(&world).await["deployments"][0]["id"].clone();
    update(&world, json!({"desiredCount": 3})).await.unwrap();
    let after = service(&world).await;
    assert_eq!(after["deployments"][0]["id"], before);
    assert_eq!(line(&after), ["PRIMARY web:1 COMPLETED: 3 of 3"]);
    assert_eq!(after["runningCount"], 3);
    assert_eq!(running(&world).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_forced_deployment_rolls_the_same_task_definition() {
    let world = with_shop("ECS").await;
    update(&world, json!({"forceNewDeployment": true})).await.unwrap();
    let meanwhile = ["PRIMARY web:1 IN_PROGRESS: 0 of 2", "ACTIVE web:1 COMPLETED: 2 of 2"];
    assert_eq!(line(&service(&world).await), meanwhile);
}

#[tokio::test(start_paused = true)]
async fn an_inactive_task_definition_is_no_target() {
    let world = with_shop("ECS").await;
    for revision in ["web:1", "web:2"] {
        let which = json!({"taskDefinition": revision});
        ecs(&world, "DeregisterTaskDefinition", which).await.unwrap();
    }
    for change in [json!({"taskDefinition": "web:2"}), json!({"taskDefinition": "web:9"})] {
        assert_eq!(code(update(&world, change).await), "ClientException");
    }
    // "Existing services that reference an INACTIVE task definition can still scale up or down".
    update(&world, json!({"desiredCount": 3})).await.unwrap();
    assert_eq!(running(&world).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_could_not_run_changes_nothing() {
    let world = with_shop("ECS").await;
    let bridge = json!({
        "family": "bridge",
        "containerDefinitions": [{"name": "app", "image": "registry/app:7", "memory": 256}],
    });
    ecs(&world, "RegisterTaskDefinition", bridge).await.unwrap();
    let before = service(&world).await;
    for change in [
        // Its network stays, and a task definition without awsvpc cannot have one.
        json!({"taskDefinition": "bridge:1"}),
        json!({"networkConfiguration": {}}),
        json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}}),
        json!({"desiredCount": -1}),
    ] {
        let answer = update(&world, change.clone()).await;
        assert_eq!(code(answer), "InvalidParameterException", "{change}");
        assert_eq!(service(&world).await, before, "{change}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_codedeploy_is_refused_in_its_words() {
    let world = with_shop("CODE_DEPLOY").await;
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-2"]}});
    let before = service(&world).await;
    for (change, what) in [
        (json!({"taskDefinition": "web:2"}), "Unable to update task definition"),
        (json!({"networkConfiguration": network}), "Unable to update network parameters"),
        (json!({"forceNewDeployment": true}), "Cannot force a new deployment"),
    ] {
        let error = update(&world, change).await.unwrap_err();
        assert_eq!(error.code, "InvalidParameterException");
        let expected = format!(
            "{what} on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to \
             trigger a new deployment."
        );
        assert_eq!(error.message, expected);
    }
    assert_eq!(service(&world).await, before, "nothing of it has happened");

    update(&world, json!({"desiredCount": 3})).await.unwrap();
    let set = &service(&world).await["taskSets"][0];
    assert_eq!(set["computedDesiredCount"], 3);
    assert_eq!(set["runningCount"], 3);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_or_deleted_service_is_not_updated() {
    let world = with_shop("ECS").await;
    let unknown = json!({"service": "shops", "desiredCount": 1});
    assert_eq!(code(ecs(&world, "UpdateService", unknown).await), "ServiceNotFoundException");
    let delete = json!({"service": "shop", "force": true});
    ecs(&world, "DeleteService", delete).await.unwrap();
    let answer = update(&world, json!({"desiredCount": 1})).await;
    assert_eq!(code(answer), "ServiceNotActiveException");
}
