//! The stages of a blue/green deployment, in their order, and what hooks are told at each.

use local_aws::scene::Native;
use serde_json::{Value, json};

use super::account::{account, all, answering, at, each, pass, short, status, succeeded};

const STAGES: [&str; 7] = [
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

/// The weights in a payload, with B and G for the revisions.
fn weights(payload: &Value, kind: &str) -> String {
    let green = payload["executionDetails"]["targetServiceRevisionArn"].as_str().unwrap();
    let weights = payload["executionDetails"][kind].as_object().unwrap();
    let name = |arn: &String| if arn == green { 'G' } else { 'B' };
    let mut words: Vec<String> =
        weights.iter().map(|(arn, it)| format!("{}{it}", name(arn))).collect();
    words.sort();
    words.join(" ")
}

#[tokio::test(start_paused = true)]
async fn every_stage_has_its_hook_with_the_weights_of_awss_examples() {
    let (world, scene) = account(at(&STAGES)).await;
    let heard = answering(&world, |_, _| succeeded());
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
    let told: Vec<String> = all(&heard)
        .iter()
        .map(|it| {
            let stage = it["lifecycleStage"].as_str().unwrap();
            let test = weights(it, "testTrafficWeights");
            format!("{stage} test[{test}] production[{}]", weights(it, "productionTrafficWeights"))
        })
        .collect();
    let expected = [
        "PRE_SCALE_UP test[] production[]",
        "POST_SCALE_UP test[] production[]",
        "TEST_TRAFFIC_SHIFT test[B0 G100] production[]",
        "POST_TEST_TRAFFIC_SHIFT test[] production[]",
        "PRE_PRODUCTION_TRAFFIC_SHIFT test[] production[B100 G0]",
        "PRODUCTION_TRAFFIC_SHIFT test[] production[B0 G100]",
        "POST_PRODUCTION_TRAFFIC_SHIFT test[] production[]",
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_payload_holds_what_the_page_shows_and_nothing_else() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    let heard = answering(&world, |_, _| succeeded());
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    let payload = all(&heard).remove(0);
    let target = &scene.service_deployment(&arn).await.unwrap()["targetServiceRevision"]["arn"];
    let expected = json!({
        "executionId": payload["executionId"],
        "lifecycleStage": "PRE_SCALE_UP",
        "resourceArn": arn,
        "executionDetails": {
            "serviceArn": "arn:aws:ecs:eu-west-2:123456789012:service/live/web",
            "targetServiceRevisionArn": target,
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
    });
    assert_eq!(payload, expected);
    assert_eq!(payload["executionId"].as_str().unwrap().len(), 36, "a UUID");
}

#[tokio::test(start_paused = true)]
async fn an_older_payload_has_no_execution_details() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    world.older_hook_payload(true);
    let heard = answering(&world, |_, _| succeeded());
    scene.deploy("web:2").await.unwrap();
    pass(600).await;
    let payload = all(&heard).remove(0);
    assert_eq!(payload["serviceArn"], "arn:aws:ecs:eu-west-2:123456789012:service/live/web");
    assert_eq!(payload["productionTrafficWeights"], json!({}));
    assert!(payload["targetServiceRevisionArn"].is_string());
    assert!(payload["executionDetails"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_shows_where_it_is() {
    let (world, scene) = account(at(&[])).await;
    let arn = scene.deploy("web:2").await.unwrap();
    assert_eq!(status(&scene, &arn).await.0, "PENDING");
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..200 {
        pass(1).await;
        let shown = scene.service_deployment(&arn).await.unwrap();
        let line = format!(
            "{} {}",
            shown["status"].as_str().unwrap(),
            shown["lifecycleStage"].as_str().unwrap()
        );
        if seen.last() != Some(&line) {
            seen.push(line);
        }
    }
    let expected = [
        "IN_PROGRESS SCALE_UP",
        "IN_PROGRESS TEST_TRAFFIC_SHIFT",
        "IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT",
        "IN_PROGRESS BAKE_TIME",
        "IN_PROGRESS CLEAN_UP",
        "SUCCESSFUL CLEAN_UP",
    ];
    assert_eq!(seen, expected);
    let lines = world.timeline().into_iter().map(|it| it.1);
    let id = short(&arn);
    let expected = format!("ecs: {id} gives web:2 100 % of the production traffic");
    assert!(lines.into_iter().any(|it| it == expected));
}

#[tokio::test(start_paused = true)]
async fn the_next_deployment_reconciles_what_the_one_before_left() {
    let hooks =
        json!([Native::lambda_hook("RECONCILE_SERVICE"), Native::pause_hook("POST_SCALE_UP"),]);
    let (world, scene) = account(Native::blue_green(&hooks)).await;
    let heard = answering(&world, |_, _| succeeded());
    let first = scene.deploy("web:2").await.unwrap();
    pass(60).await;
    assert!(all(&heard).is_empty(), "one revision was active");
    scene.register("registry/web:3").await.unwrap();
    let second = scene.deploy("web:3").await.unwrap();
    assert_eq!(status(&scene, &first).await.0, "STOPPED");
    let sources =
        scene.service_deployment(&second).await.unwrap()["sourceServiceRevisions"].clone();
    let shares: Vec<f64> = sources
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["requestedProductionTrafficWeight"].as_f64().unwrap())
        .collect();
    assert_eq!(shares, [100.0, 0.0], "blue, and the green that never got the traffic");
    pass(60).await;
    assert_eq!(each(&heard, "/lifecycleStage"), ["RECONCILE_SERVICE"]);
    let revisions = scene.service().await.unwrap()["currentServiceRevisions"].clone();
    assert_eq!(revisions.as_array().unwrap().len(), 2, "blue and the new green");
}
