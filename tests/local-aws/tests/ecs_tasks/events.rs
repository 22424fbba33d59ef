//! "ECS Task State Change" events.

use std::time::Duration;

use local_aws::Script;
use serde_json::{Value, json};

use super::account::{account, ecs, listen, pass, request, request_with, run, task, told};

#[tokio::test(start_paused = true)]
async fn a_task_tells_its_life() {
    let world = account(|| Script::exits(0).after(Duration::from_secs(60))).await;
    let mut events = listen(&world).await;
    run(&world, request("web")).await;
    pass(600).await;
    let details = told(&mut events);
    let life: Vec<(&str, i64)> = details
        .iter()
        .map(|it| (it["lastStatus"].as_str().unwrap(), it["version"].as_i64().unwrap()))
        .collect();
    let expected = [
        ("PROVISIONING", 1),
        ("PENDING", 2),
        ("RUNNING", 3),
        ("DEPROVISIONING", 4),
        ("STOPPED", 5),
    ];
    assert_eq!(life, expected);
    // The exit code is there before the task has stopped.
    assert_eq!(details[3]["containers"][0]["exitCode"], 0);
    assert_eq!(details[3]["stopCode"], "EssentialContainerExited");
    assert!(details[2]["containers"][0]["exitCode"].is_null());
}

#[tokio::test(start_paused = true)]
async fn an_event_holds_what_its_reader_needs() {
    let world = account(|| Script::exits(0)).await;
    let mut events = listen(&world).await;
    let overriding = json!([{
        "name": "app",
        "command": ["bin/rails", "db:migrate"],
        "environment": [{"name": "MARK", "value": "{\"id\":1}"}],
    }]);
    let more = json!({
        "startedBy": "quayside/migration/d-1",
        "overrides": {"containerOverrides": overriding},
        "tags": [{"key": "secret-project", "value": "x"}],
    });
    let arn = run(&world, request_with("web", more)).await;
    pass(600).await;
    let detail = told(&mut events).pop().unwrap();
    assert_eq!(detail["taskArn"], arn);
    assert_eq!(detail["startedBy"], "quayside/migration/d-1");
    assert_eq!(detail["group"], "family:web");
    assert_eq!(detail["overrides"]["containerOverrides"], overriding);
    assert_eq!(detail["clusterArn"], "arn:aws:ecs:eu-west-2:123456789012:cluster/live");
    assert_eq!(detail["createdAt"], "2026-11-21T10:02:00.000Z");
    assert_eq!(detail["stoppedAt"], "2026-11-21T10:02:30.000Z");
    assert_eq!(detail["attachments"][0]["type"], "eni");
    assert!(!detail.to_string().contains("secret-project"), "tags are not in events");
    assert_eq!(task(&world, &arn).await["version"], detail["version"]);
}

#[tokio::test(start_paused = true)]
async fn the_exit_of_one_of_several_containers_is_an_event_of_its_own() {
    let world = account(|| Script::exits(1)).await;
    let mut events = listen(&world).await;
    run(&world, request("pair")).await;
    pass(600).await;
    let seen: Vec<Value> = told(&mut events)
        .iter()
        .map(|it| {
            let codes = it["containers"].as_array().unwrap().iter();
            let codes: Vec<&Value> = codes.map(|it| &it["exitCode"]).collect();
            json!([it["lastStatus"], it["desiredStatus"], codes])
        })
        .collect();
    assert_eq!(
        seen[3..],
        [
            json!(["RUNNING", "STOPPED", [1, null]]),
            json!(["DEPROVISIONING", "STOPPED", [1, 143]]),
            json!(["STOPPED", "STOPPED", [1, 143]]),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn stopping_a_task_is_an_event() {
    let world = account(Script::never_ends).await;
    let mut events = listen(&world).await;
    let arn = run(&world, request("web")).await;
    pass(60).await;
    let stop = json!({"cluster": "live", "task": arn});
    ecs(&world, "StopTask", stop).await.unwrap();
    pass(60).await;
    let details = told(&mut events);
    let stops: Vec<&Value> = details.iter().filter(|it| !it["stopCode"].is_null()).collect();
    assert!(stops.iter().all(|it| it["stopCode"] == "UserInitiated"));
    assert_eq!(stops[0]["lastStatus"], "RUNNING");
    assert_eq!(stops.last().unwrap()["lastStatus"], "STOPPED");
}
