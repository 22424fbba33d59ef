//! Every way a task can end, and what `DescribeTasks` says then.

use std::time::Duration;

use local_aws::{Image, Script, Service};
use serde_json::json;

use super::account::{
    IMAGE, SIDECAR, account, ecs, ended, line, listen, pass, register, request, run, task, told,
};

#[tokio::test(start_paused = true)]
async fn each_end_is_told_as_ecs_tells_it() {
    let minute = Duration::from_secs(60);
    let exited = "EssentialContainerExited: Essential container in task exited";
    let table = [
        (Script::exits(0), format!("STOPPED {exited} | app 0")),
        (Script::exits(3).after(minute), format!("STOPPED {exited} | app 3")),
        (Script::vanishes(), format!("STOPPED {exited} | app -")),
        (
            Script::runs_out_of_memory().after(minute),
            format!(
                "STOPPED {exited} | app 137 (OutOfMemoryError: Container killed due to memory \
                 usage)"
            ),
        ),
        (
            Script::is_interrupted().after(minute),
            "STOPPED SpotInterruption: Your Spot Task was interrupted. | app 143".to_owned(),
        ),
        (
            Script::cannot_pull("access denied"),
            "STOPPED TaskFailedToStart: CannotPullContainerError: access denied | app - \
             (CannotPullContainerError: access denied)"
                .to_owned(),
        ),
    ];
    for (script, expected) in table {
        let world = account(move || script.clone()).await;
        assert_eq!(line(&ended(&world, "web").await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_image_cannot_be_pulled() {
    let world = account(|| Script::exits(0)).await;
    register(&world, "typo", json!([{"name": "app", "image": "registry/ap:7"}])).await;
    let task = ended(&world, "typo").await;
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    let reason = task["stoppedReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert_eq!(task["containers"][0]["reason"], reason);
    assert!(task["startedAt"].is_null() && task["executionStoppedAt"].is_null());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_essential_container_stops_the_others() {
    let world = account(|| Script::exits(0).after(Duration::from_secs(5))).await;
    let exited = "STOPPED EssentialContainerExited: Essential container in task exited";
    assert_eq!(line(&ended(&world, "pair").await), format!("{exited} | app 0, proxy 143"));

    // A sidecar that does not listen is killed, and the task takes that much longer.
    world.image(SIDECAR, Image::script(|_| Script::never_ends().ignoring_sigterm()));
    let task = ended(&world, "pair").await;
    assert_eq!(line(&task), format!("{exited} | app 0, proxy 137"));
    let seconds = |name: &str| task[name].as_f64().unwrap_or_default().round();
    assert_eq!(seconds("executionStoppedAt") - seconds("stoppingAt"), 30.0);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_not_essential_ends_alone() {
    let world = account(|| Script::exits(1)).await;
    let containers = json!([
        {"name": "app", "image": IMAGE, "essential": false},
        {"name": "proxy", "image": SIDECAR},
        {"name": "agent", "image": "registry/missing:1", "essential": false},
    ]);
    register(&world, "loose", containers).await;
    let arn = run(&world, request("loose")).await;
    pass(3600).await;
    let task = task(&world, &arn).await;
    let line = line(&task);
    assert!(line.starts_with("RUNNING -: - | app 1, proxy -, agent - (CannotPull"), "{line}");
    assert_eq!(task["containers"][0]["lastStatus"], "STOPPED");
    assert_eq!(task["containers"][1]["lastStatus"], "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn each_container_has_an_end_of_its_own_and_an_event_tells_it() {
    let world = account(Script::never_ends).await;
    world.image(
        IMAGE,
        Image::script(|run| match run.container.as_str() {
            "init" => Script::exits(0).after(Duration::from_secs(60)),
            "agent" => Script::exits(9).after(Duration::from_secs(120)),
            _ => Script::exits(4).after(Duration::from_secs(300)),
        }),
    );
    let container =
        |name: &str, essential: bool| json!({"name": name, "image": IMAGE, "essential": essential});
    let containers = [container("init", false), container("app", true), container("agent", false)];
    register(&world, "three", json!(containers)).await;
    let mut events = listen(&world).await;
    let arn = run(&world, request("three")).await;
    pass(100).await;
    told(&mut events);
    assert_eq!(line(&task(&world, &arn).await), "RUNNING -: - | init 0, app -, agent -");
    pass(60).await;
    let told = told(&mut events);
    assert_eq!(told.len(), 1, "one container has ended");
    assert_eq!(line(&told[0]), "RUNNING -: - | init 0, app -, agent 9");
    assert_eq!(told[0]["desiredStatus"], "RUNNING");
    assert_eq!(told[0]["containers"][2]["lastStatus"], "STOPPED");
    pass(300).await;
    let exited = "STOPPED EssentialContainerExited: Essential container in task exited";
    let end = line(&task(&world, &arn).await);
    assert_eq!(end, format!("{exited} | init 0, app 4, agent 9"));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_says_who_stopped_it() {
    let world = account(Script::never_ends).await;
    let stop = |arn: &str| json!({"cluster": "live", "task": arn, "reason": "too slow"});

    let running = run(&world, request("pair")).await;
    pass(60).await;
    let answer = ecs(&world, "StopTask", stop(&running)).await.unwrap_or_default();
    assert_eq!(answer["task"]["desiredStatus"], "STOPPED");
    assert_eq!(answer["task"]["lastStatus"], "RUNNING");
    pass(60).await;
    let end = task(&world, &running).await;
    assert_eq!(line(&end), "STOPPED UserInitiated: too slow | app 143, proxy 143");
    assert_eq!(end["desiredStatus"], "STOPPED");

    // Before it ran there is nothing to exit.
    let fresh = run(&world, request("web")).await;
    ecs(&world, "StopTask", stop(&fresh)).await.unwrap_or_default();
    pass(60).await;
    assert_eq!(line(&task(&world, &fresh).await), "STOPPED UserInitiated: too slow | app -");

    // Again changes nothing.
    let again = json!({"cluster": "live", "task": fresh, "reason": "other"});
    let answer = ecs(&world, "StopTask", again).await.unwrap_or_default();
    assert_eq!(answer["task"]["stoppedReason"], "too slow");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_missing_keeps_the_task_from_starting() {
    let world = account(|| Script::exits(0)).await;
    let secret = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:db-AbCdEf";
    let containers = json!([{
        "name": "app", "image": IMAGE, "secrets": [{"name": "DB", "valueFrom": secret}],
    }]);
    register(&world, "secretive", containers).await;
    let task = ended(&world, "secretive").await;
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    let reason = task["stoppedReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("ResourceInitializationError: unable to pull secrets"), "{reason}");
    assert!(task["containers"][0]["exitCode"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_in_the_environment() {
    let world = account(|| Script::exits(0)).await;
    world.image(
        IMAGE,
        Image::script(|run| {
            let given = run.environment.get("DB").map(String::as_str);
            Script::exits(i32::from(given != Some("postgres://db")))
        }),
    );
    let secret = json!({"Name": "db", "SecretString": "{\"url\": \"postgres://db\"}"});
    let answer = world.call(Service::SecretsManager, "CreateSecret", secret).await.unwrap();
    let from = format!("{}:url::", answer["ARN"].as_str().unwrap());
    let containers = json!([{
        "name": "app", "image": IMAGE, "secrets": [{"name": "DB", "valueFrom": from}],
    }]);
    register(&world, "secretive", containers).await;
    assert_eq!(ended(&world, "secretive").await["containers"][0]["exitCode"], 0);
}
