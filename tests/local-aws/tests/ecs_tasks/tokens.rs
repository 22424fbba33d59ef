//! `RunTask` starts nothing twice under one clientToken.

use local_aws::Script;
use serde_json::{Value, json};

use super::account::{account, code, ecs, pass, request_with};

#[tokio::test(start_paused = true)]
async fn the_same_request_is_answered_again_and_starts_nothing() {
    let world = account(|| Script::exits(0)).await;
    let request = request_with("web", json!({"clientToken": "one"}));
    let first = ecs(&world, "RunTask", request.clone()).await;
    assert_eq!(ecs(&world, "RunTask", request.clone()).await, first);
    pass(3600).await;
    assert_eq!(ecs(&world, "RunTask", request.clone()).await, first, "also after it stopped");
    let stopped = json!({"cluster": "live", "desiredStatus": "STOPPED"});
    let tasks = ecs(&world, "ListTasks", stopped).await.unwrap();
    assert_eq!(tasks["taskArns"].as_array().map(Vec::len), Some(1));

    pass(24 * 3600).await;
    assert_ne!(ecs(&world, "RunTask", request).await, first, "a token is kept for a day");
}

#[tokio::test(start_paused = true)]
async fn another_request_under_the_token_conflicts_and_names_the_tasks() {
    let world = account(|| Script::exits(0)).await;
    let one = json!({"clientToken": "one", "count": 2});
    let first = ecs(&world, "RunTask", request_with("web", one)).await.unwrap();
    let arns: Vec<&Value> =
        first["tasks"].as_array().unwrap().iter().map(|it| &it["taskArn"]).collect();
    let other = request_with("web", json!({"clientToken": "one", "count": 1}));
    let error = ecs(&world, "RunTask", other).await.unwrap_err();
    assert_eq!(error.code, "ConflictException");
    assert_eq!(error.members["resourceIds"], json!(arns));
}

#[tokio::test(start_paused = true)]
async fn a_token_belongs_to_its_cluster() {
    let world = account(|| Script::exits(0)).await;
    ecs(&world, "CreateCluster", json!({"clusterName": "other"})).await.unwrap();
    let request = request_with("web", json!({"clientToken": "one"}));
    let here = ecs(&world, "RunTask", request).await.unwrap();
    let other = request_with("web", json!({"clientToken": "one", "cluster": "other"}));
    let there = ecs(&world, "RunTask", other).await.unwrap();
    assert_ne!(here["tasks"][0]["taskArn"], there["tasks"][0]["taskArn"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_started_nothing_is_not_remembered() {
    let world = account(|| Script::exits(0)).await;
    let full = "Capacity is unavailable at this time. Please try again later";
    world.run_task_failures(vec![full, "RESOURCE:ENI"]);
    let request = request_with("web", json!({"clientToken": "one"}));
    for reason in [full, "RESOURCE:ENI"] {
        let answer = ecs(&world, "RunTask", request.clone()).await.unwrap();
        assert_eq!(answer, json!({"tasks": [], "failures": [{"reason": reason}]}));
    }
    let answer = ecs(&world, "RunTask", request).await.unwrap();
    assert_eq!(answer["failures"], json!([]));
    assert!(answer["tasks"][0]["taskArn"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_token_has_64_visible_characters_at_most() {
    let world = account(|| Script::exits(0)).await;
    for bad in ["x".repeat(65), "a b".to_owned(), "é".to_owned()] {
        let request = request_with("web", json!({"clientToken": bad}));
        assert_eq!(code(ecs(&world, "RunTask", request).await), "InvalidParameterException");
    }
    let request = request_with("web", json!({"clientToken": "!~".repeat(32)}));
    assert!(ecs(&world, "RunTask", request).await.is_ok());
}
