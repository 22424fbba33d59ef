//! Lambda hooks: what they may answer, and what comes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local_aws::scene::{HOOK_FUNCTION, Native};
use serde_json::{Value, json};

use super::account::{
    HOOK, account, all, answering, at, each, ecs, listen, pass, short, status, succeeded,
};

const WHY: &str = "Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed.";

#[tokio::test(start_paused = true)]
async fn a_hook_in_progress_is_called_again_with_its_details() {
    let mut hook = Native::lambda_hook("PRE_SCALE_UP");
    hook["hookDetails"] = json!({"bucket": "b", "attempt": 0});
    let (world, scene) = account(Native::blue_green(&json!([hook]))).await;
    let heard = answering(&world, |_, n| match n {
        1 => Ok(json!({"hookStatus": "IN_PROGRESS", "hookDetails": {"task": "t", "attempt": 1}})),
        2 => Ok(json!({"hookStatus": "IN_PROGRESS", "callBackDelay": 60})),
        _ => succeeded(),
    });
    let arn = scene.deploy("web:2").await.unwrap();
    pass(29).await;
    assert_eq!(all(&heard).len(), 1);
    pass(2).await;
    assert_eq!(all(&heard).len(), 2, "30 seconds unless told");
    pass(58).await;
    assert_eq!(all(&heard).len(), 2);
    pass(2).await;
    let details: Vec<Value> = all(&heard).iter().map(|it| it["hookDetails"].clone()).collect();
    let merged = json!({"bucket": "b", "task": "t", "attempt": 1});
    assert_eq!(details, [json!({"bucket": "b", "attempt": 0}), merged.clone(), merged]);
    let ids = each(&heard, "/executionId");
    assert!(ids.iter().all(|it| *it == ids[0]), "one execution");
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn every_call_may_have_an_execution_id_of_its_own() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    world.new_hook_execution_ids(true);
    let heard = answering(&world, |_, n| match n {
        1 => Ok(json!({"hookStatus": "IN_PROGRESS"})),
        _ => succeeded(),
    });
    scene.deploy("web:2").await.unwrap();
    pass(60).await;
    let ids = each(&heard, "/executionId");
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn whatever_is_no_success_rolls_back() {
    let unreadable = "ECS was unable to parse the response from";
    for (answer, why) in [
        (
            Ok(json!({"hookStatus": "FAILED"})),
            format!("Lifecycle hook target {HOOK} returned FAILED status."),
        ),
        (Ok(json!({})), format!("{unreadable} {HOOK} due to: HookStatus must not be null.")),
        (Ok(Value::Null), format!("{unreadable} {HOOK} due to: HookStatus must not be null.")),
        (
            Ok(json!({"hookStatus": "succeeded"})),
            format!("{unreadable} {HOOK} due to: succeeded is not a valid HookStatus."),
        ),
        (
            Err("the database is gone".to_owned()),
            format!("{unreadable} {HOOK} due to: HookStatus must not be null."),
        ),
    ] {
        let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
        let heard = answering(&world, move |_, _| answer.clone());
        let arn = scene.deploy("web:2").await.unwrap();
        pass(600).await;
        let expected = ("ROLLBACK_SUCCESSFUL".to_owned(), format!("{WHY} {why}"));
        assert_eq!(status(&scene, &arn).await, expected);
        assert_eq!(all(&heard).len(), 1, "nothing had been shifted");
        assert_eq!(short(&scene.live()), "web:1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_not_there_rolls_back() {
    let (_world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    let why = format!("{WHY} Lifecycle hook target {HOOK} does not exist.");
    assert_eq!(status(&scene, &arn).await, ("ROLLBACK_SUCCESSFUL".to_owned(), why));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_never_decides_times_out_as_configured() {
    for (action, ends) in [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")] {
        let mut hook = Native::lambda_hook("PRE_SCALE_UP");
        hook["timeoutConfiguration"] = json!({"timeoutInMinutes": 10, "action": action});
        let (world, scene) = account(Native::blue_green(&json!([hook]))).await;
        answering(&world, |_, _| Ok(json!({"hookStatus": "IN_PROGRESS"})));
        let arn = scene.deploy("web:2").await.unwrap();
        pass(599).await;
        let shown = scene.service_deployment(&arn).await.unwrap();
        assert_eq!(shown["lifecycleHookDetails"][0]["status"], "IN_PROGRESS");
        pass(600).await;
        let shown = scene.service_deployment(&arn).await.unwrap();
        assert_eq!(shown["lifecycleHookDetails"][0]["status"], "TIMED_OUT");
        assert_eq!(shown["status"], ends);
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_of_one_stage_run_in_parallel_and_all_have_to_succeed() {
    let other = "arn:aws:lambda:eu-west-2:123456789012:function:other";
    let mut second = Native::lambda_hook("PRE_SCALE_UP");
    second["hookTargetArn"] = json!(other);
    let hooks = json!([Native::lambda_hook("PRE_SCALE_UP"), second]);
    let (world, scene) = account(Native::blue_green(&hooks)).await;
    let heard = answering(&world, |_, n| match n {
        1..=4 => Ok(json!({"hookStatus": "IN_PROGRESS"})),
        _ => succeeded(),
    });
    world.function("other", |_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(50)).await;
            succeeded()
        })
    });
    let arn = scene.deploy("web:2").await.unwrap();
    pass(100).await;
    let shown = scene.service_deployment(&arn).await.unwrap();
    assert_eq!(shown["lifecycleStage"], "PRE_SCALE_UP", "one of them has not decided");
    let states: Vec<(&str, &str)> = shown["lifecycleHookDetails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["targetArn"].as_str().unwrap(), it["status"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [(HOOK, "IN_PROGRESS"), (other, "SUCCEEDED")]);
    assert_eq!(all(&heard).len(), 4, "the other one did not hold it up");
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_nobody_waits_for_any_more_runs_to_its_end() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    world.function(HOOK_FUNCTION, move |_| {
        let end = Arc::clone(&end);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(50)).await;
            end.store(true, Ordering::SeqCst);
            succeeded()
        })
    });
    let arn = scene.deploy("web:2").await.unwrap();
    pass(10).await;
    ecs(&world, "StopServiceDeployment", json!({"serviceDeploymentArn": arn})).await.unwrap();
    pass(30).await;
    assert_eq!(status(&scene, &arn).await.0, "ROLLBACK_SUCCESSFUL");
    assert!(!ended.load(Ordering::SeqCst));
    pass(30).await;
    assert!(ended.load(Ordering::SeqCst), "its migration may have run");
}

#[tokio::test(start_paused = true)]
async fn a_hook_tells_of_its_changes() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    let heard = listen(&world, "ECS Hook State Change").await;
    answering(&world, |_, _| succeeded());
    let arn = scene.deploy("web:2").await.unwrap();
    pass(600).await;
    assert_eq!(each(&heard, "/detail/eventName"), ["HOOK_IN_PROGRESS", "HOOK_SUCCEEDED"]);
    let event = all(&heard).remove(0);
    let detail = &event["detail"];
    assert_eq!(event["resources"], json!([arn]));
    let shown = scene.service_deployment(&arn).await.unwrap();
    let expected = json!({
        "eventType": "INFO",
        "eventName": "HOOK_IN_PROGRESS",
        "hookId": shown["lifecycleHookDetails"][0]["hookId"],
        "hookType": "AWS_LAMBDA",
        "expiresAt": "2026-11-22T10:00:00Z",
        "lifecycleStage": "PRE_SCALE_UP",
        "clusterArn": "arn:aws:ecs:eu-west-2:123456789012:cluster/live",
        "serviceArn": "arn:aws:ecs:eu-west-2:123456789012:service/live/web",
        "serviceDeploymentArn": arn,
        "updatedAt": detail["updatedAt"],
    });
    assert_eq!(*detail, expected);
}

#[tokio::test(start_paused = true)]
async fn the_timeline_tells_who_was_called_and_what_it_said() {
    let (world, scene) = account(at(&["PRE_SCALE_UP"])).await;
    answering(&world, |_, _| succeeded());
    let id = short(&scene.deploy("web:2").await.unwrap());
    pass(600).await;
    let lines: Vec<String> = world.timeline().into_iter().map(|it| it.1).collect();
    for expected in [
        format!("ecs: {id} PRE_SCALE_UP calls CodeDeployHook_run-migrations"),
        format!("ecs: {id} PRE_SCALE_UP: CodeDeployHook_run-migrations SUCCEEDED"),
    ] {
        assert!(lines.contains(&expected), "{expected} in {lines:#?}");
    }
}
