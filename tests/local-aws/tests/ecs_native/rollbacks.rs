//! Rollbacks: of hooks, of people, of a first deployment.

use local_aws::scene::{BlueGreen, Native};
use serde_json::{Value, json};

use super::account::{
    account, all, answering, at, code, deployments, each, ecs, listen, pass, running, short,
    status, succeeded, world,
};

const LAST: [&str; 3] =
    ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"];

#[tokio::test(start_paused = true)]
async fn a_rollback_calls_the_traffic_hooks_again_with_nothing_for_the_target() {
    let (world, scene) = account(at(&LAST)).await;
    let heard = answering(&world, |it, _| {
        let last = it["lifecycleStage"] == "POST_PRODUCTION_TRAFFIC_SHIFT";
        Ok(json!({"hookStatus": if last { "FAILED" } else { "SUCCEEDED" }}))
    });
    let source = scene.service().await.unwrap()["currentServiceRevisions"][0]["arn"].clone();
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    let shown = scene.service_deployment(&arn).await.unwrap();
    let (green, blue) =
        (shown["targetServiceRevision"]["arn"].as_str().unwrap(), source.as_str().unwrap());
    let calls = all(&heard);
    let stages: Vec<&str> = calls.iter().map(|it| it["lifecycleStage"].as_str().unwrap()).collect();
    assert_eq!(stages, [&LAST[..], &["PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"]].concat());
    let back = json!({green: 0, blue: 100});
    assert_eq!(calls[3]["executionDetails"]["productionTrafficWeights"], back);
    assert_eq!(calls[4]["executionDetails"]["testTrafficWeights"], back);
    for call in &calls {
        assert_eq!(call["executionDetails"]["targetServiceRevisionArn"], green);
    }
    assert_eq!(shown["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(shown["rollback"]["serviceRevisionArn"], blue);
    assert_eq!(shown["rollback"]["reason"], shown["statusReason"]);
    assert!(shown["rollback"]["startedAt"].as_f64() < shown["finishedAt"].as_f64());

    let service = scene.service().await.unwrap();
    assert_eq!(short(service["taskDefinition"].as_str().unwrap()), "web:1");
    assert_eq!(service["currentServiceRevisions"].as_array().unwrap().len(), 1);
    assert_eq!(service["currentServiceRevisions"][0]["arn"], source);
    assert_eq!(deployments(&scene).await, ["PRIMARY web:1 COMPLETED: 2 of 2"]);
    assert_eq!(running(&world).await, ["web:1", "web:1"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_goes_back_only_through_what_was_reached() {
    let stages = ["TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];
    let (world, scene) = account(at(&stages)).await;
    let heard = answering(&world, |it, _| {
        let fails = it["lifecycleStage"] == "PRE_PRODUCTION_TRAFFIC_SHIFT";
        Ok(json!({"hookStatus": if fails { "FAILED" } else { "SUCCEEDED" }}))
    });
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    let expected = ["TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"];
    assert_eq!(each(&heard, "/lifecycleStage"), expected);
    assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_can_be_stopped_until_it_is_over() {
    let (world, scene) = account(at(&[])).await;
    for wait in [0, 3, 40, 60] {
        let arn = scene.update(json!({"taskDefinition": "web:2"})).await.unwrap()
            ["currentServiceDeployment"]
            .as_str()
            .unwrap()
            .to_owned();
        pass(wait).await;
        let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
        ecs(&world, "StopServiceDeployment", stop.clone()).await.unwrap();
        assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_REQUESTED");
        ecs(&world, "StopServiceDeployment", stop.clone()).await.unwrap();
        pass(1).await;
        assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_IN_PROGRESS");
        ecs(&world, "StopServiceDeployment", stop.clone()).await.unwrap();
        pass(60).await;
        assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_SUCCESSFUL");
        assert_eq!(short(&scene.live()), "web:1");
        let late = ecs(&world, "StopServiceDeployment", stop).await;
        assert_eq!(code(late), "ConflictException");
    }
}

#[tokio::test(start_paused = true)]
async fn an_aborted_deployment_leaves_things_as_they_are() {
    let (world, scene) = account(at(&[])).await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(40).await;
    assert_eq!(short(&scene.live()), "web:2", "it bakes");
    let stop = json!({"serviceDeploymentArn": arn, "stopType": "ABORT"});
    ecs(&world, "StopServiceDeployment", stop).await.unwrap();
    assert_eq!(status(&scene, &arn).await.0, "STOP_REQUESTED");
    pass(60).await;
    let shown = scene.service_deployment(&arn).await.unwrap();
    assert_eq!(shown["status"], "STOPPED");
    assert!(shown["stoppedAt"].is_f64());
    assert_eq!(short(&scene.live()), "web:2");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_pause_waits_for_nobody() {
    let pause = json!([Native::pause_hook("PRE_SCALE_UP")]);
    for (more, ends) in [
        // The type is ROLLBACK unless told.
        (json!({}), "ROLLBACK_SUCCESSFUL"),
        (json!({"stopType": "ABORT"}), "STOPPED"),
        (json!({"overtaken": true}), "STOPPED"),
    ] {
        let (world, scene) = account(Native::blue_green(&pause)).await;
        let arn = scene.deploy("web:2").await.unwrap();
        pass(60).await;
        match more["overtaken"].is_null() {
            true => {
                let mut stop = more;
                stop["serviceDeploymentArn"] = json!(arn);
                ecs(&world, "StopServiceDeployment", stop).await.unwrap();
            }
            false => drop(scene.update(json!({"forceNewDeployment": true})).await.unwrap()),
        }
        pass(60).await;
        let shown = scene.service_deployment(&arn).await.unwrap();
        assert_eq!(shown["status"], ends);
        let go_on = json!({
            "serviceDeploymentArn": arn, "hookId": shown["lifecycleHookDetails"][0]["hookId"],
        });
        let answer = ecs(&world, "ContinueServiceDeployment", go_on).await;
        assert_eq!(code(answer), "InvalidParameterException", "{ends}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_calls_its_hooks_and_has_nothing_to_return_to() {
    let world = world();
    let heard = answering(&world, |_, n| match n {
        1 => succeeded(),
        _ => Err("unreachable".to_owned()),
    });
    let configuration = at(&["PRE_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"]);
    let scene = Native::set(&world, "registry/web:1", configuration).await.unwrap();
    assert_eq!(scene.live(), "", "nothing is live yet");
    pass(600).await;
    let calls = all(&heard);
    assert_eq!(calls.len(), 2, "a rollback that has no way back calls nobody");
    let weights = &calls[1]["executionDetails"]["productionTrafficWeights"];
    let target = calls[1]["executionDetails"]["targetServiceRevisionArn"].as_str().unwrap();
    assert_eq!(*weights, json!({target: 100}), "there is no blue");
    let arn = scene.service().await.unwrap()["currentServiceDeployment"].clone();
    let shown = scene.service_deployment(arn.as_str().unwrap()).await.unwrap();
    assert_eq!(shown["status"], "ROLLBACK_FAILED");
    let reason = "No rollback candidate was found to run the rollback.";
    assert_eq!(shown["statusReason"], reason);
    assert_eq!(shown["sourceServiceRevisions"], json!([]));
    assert!(shown["rollback"].is_null());
    assert_eq!(scene.live(), "", "although it had the traffic already");
    assert_eq!(running(&world).await, [""; 0]);

    scene.configure(at(&[])).await.unwrap();
    scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    pass(600).await;
    assert_eq!(short(&scene.live()), "web:1", "the next one begins from nothing again");
}

#[tokio::test(start_paused = true)]
async fn everybody_hears_of_a_deployment() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    answering(&world, |_, _| Ok(json!({"hookStatus": "FAILED"})));
    let heard = listen(&world, "ECS Deployment State Change").await;
    let green =
        scene.update(json!({"taskDefinition": "web:2"})).await.unwrap()["deployments"].clone();
    pass(600).await;
    let expected = [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_FAILED",
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ];
    assert_eq!(each(&heard, "/detail/eventName"), expected);
    let (green, blue) = (green[0]["id"].as_str().unwrap(), green[1]["id"].as_str().unwrap());
    assert_eq!(each(&heard, "/detail/deploymentId"), [green, green, blue, blue]);
    assert_eq!(each(&heard, "/detail/eventType"), ["INFO", "ERROR", "INFO", "INFO"]);
    let first = all(&heard).remove(0);
    assert_eq!(first["resources"], json!(["arn:aws:ecs:eu-west-2:123456789012:service/live/web"]));
    let cluster = format!("arn:aws:ecs:eu-west-2:123456789012:cluster/{}", BlueGreen::CLUSTER);
    assert_eq!(first["detail"]["clusterArn"], cluster);
    let reason = format!("ECS deployment {green} in progress.");
    assert_eq!(first["detail"]["reason"], Value::from(reason));

    heard.lock().unwrap().clear();
    scene.configure(at(&[])).await.unwrap();
    scene.deploy("web:2").await.unwrap();
    pass(600).await;
    let names = ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"];
    assert_eq!(each(&heard, "/detail/eventName"), names);

    heard.lock().unwrap().clear();
    let other = json!({
        "cluster": "live", "serviceName": "jobs", "taskDefinition": "web:1", "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": scene.service().await.unwrap()["networkConfiguration"],
    });
    ecs(&world, "CreateService", other).await.unwrap();
    pass(1).await;
    assert_eq!(each(&heard, "/detail/eventName"), names, "of a service that is there at once too");
}
