//! An image that is a folder: its commands really run.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use local_aws::{Image, Pace, Script, Service, World};
use serde_json::{Value, json};

use tokio::sync::mpsc::UnboundedReceiver;

use super::account::{ecs, line, listen, register, request, run, task};

/// The details of the events of tasks.
type Events = UnboundedReceiver<Value>;

/// Nothing takes longer than it has to.
const PACE: Pace = Pace { task_start: Duration::ZERO, task_stop: Duration::ZERO, ..Pace::BRISK };

struct Folder(PathBuf);

impl Folder {
    /// A folder with one program, `app`, and a pipe, `ready`.
    fn with(script: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let own = format!("image-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(own);
        std::fs::create_dir_all(&path).unwrap();
        let app = path.join("app");
        std::fs::write(&app, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&app, std::fs::Permissions::from_mode(0o755)).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path.join("ready")).status();
        assert!(made.unwrap().success());
        Self(path)
    }

    /// Waits until the program has written to the pipe.
    async fn is_ready(&self) {
        tokio::fs::read(self.0.join("ready")).await.unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn world(folder: &Folder, container: Value) -> (World, Events) {
    let world = World::new("2026-11-21T10:02:00Z".parse().unwrap(), PACE);
    world.image("registry/real:1", Image::Folder(folder.0.clone()));
    world.image("registry/other:1", Image::script(|_| Script::never_ends()));
    ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await.unwrap();
    let mut described = json!({
        "name": "app",
        "image": "registry/real:1",
        "command": ["app"],
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/app",
            "awslogs-region": "eu-west-2",
            "awslogs-stream-prefix": "run",
            "awslogs-create-group": "true",
        }},
    });
    for (name, value) in container.as_object().unwrap() {
        described[name] = value.clone();
    }
    register(&world, "app", json!([described])).await;
    let events = listen(&world).await;
    (world, events)
}

/// The task's events, one after the other, until its status is `status`.
async fn until(world: &World, events: &mut Events, status: &str) -> Value {
    loop {
        let detail = events.recv().await.unwrap();
        if detail["lastStatus"] == status {
            return task(world, detail["taskArn"].as_str().unwrap()).await;
        }
    }
}

async fn printed(world: &World, arn: &str) -> Vec<String> {
    let stream = format!("run/app/{}", arn.rsplit('/').next().unwrap());
    let which = json!({
        "logGroupName": "/ecs/app", "logStreamName": stream, "startFromHead": true,
    });
    let answer = world.call(Service::Logs, "GetLogEvents", which).await.unwrap();
    let events = answer["events"].as_array().unwrap().iter();
    events.map(|it| it["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_command_runs_and_its_exit_code_and_output_are_real() {
    let folder = Folder::with("echo \"in $(basename \"$PWD\") with $NAME\"; echo oops >&2; exit 7");
    let container = json!({"environment": [{"name": "NAME", "value": "value"}]});
    let (world, mut events) = world(&folder, container).await;
    let arn = run(&world, request("app")).await;
    let task = until(&world, &mut events, "STOPPED").await;
    assert_eq!(
        line(&task),
        "STOPPED EssentialContainerExited: Essential container in task exited | app 7"
    );
    let name = folder.0.file_name().unwrap().to_str().unwrap();
    let mut lines = printed(&world, &arn).await;
    lines.sort();
    assert_eq!(lines, [format!("in {name} with value"), "oops".to_owned()]);
}

#[tokio::test]
async fn only_the_containers_own_environment_is_there() {
    let folder = Folder::with("env | cut -d= -f1 | grep -v -e '^_$' -e PWD -e SHLVL | sort");
    let container = json!({"environment": [{"name": "NAME", "value": "value"}]});
    let (world, mut events) = world(&folder, container).await;
    let arn = run(&world, request("app")).await;
    until(&world, &mut events, "STOPPED").await;
    assert_eq!(printed(&world, &arn).await, ["NAME", "PATH"]);
}

#[tokio::test]
async fn a_signal_is_128_and_its_number() {
    let folder = Folder::with("kill -s SEGV $$");
    let (world, mut events) = world(&folder, json!({})).await;
    run(&world, request("app")).await;
    let task = until(&world, &mut events, "STOPPED").await;
    assert_eq!(task["containers"][0]["exitCode"], 139);
}

#[tokio::test]
async fn a_stopped_process_may_clean_up() {
    let folder =
        Folder::with("trap 'echo bye; exit 5' TERM\necho up | tee ready\nsleep 600 & wait");
    let (world, mut events) = world(&folder, json!({})).await;
    let arn = run(&world, request("app")).await;
    until(&world, &mut events, "RUNNING").await;
    folder.is_ready().await;
    ecs(&world, "StopTask", json!({"cluster": "live", "task": arn})).await.unwrap();
    let task = until(&world, &mut events, "STOPPED").await;
    assert_eq!(line(&task), "STOPPED UserInitiated: Task stopped by user | app 5");
    assert_eq!(printed(&world, &arn).await, ["up", "bye"]);
}

#[tokio::test]
async fn a_process_that_ignores_sigterm_is_killed() {
    let folder = Folder::with("trap '' TERM\necho up >ready\nwhile :; do sleep 600; done");
    let (world, mut events) = world(&folder, json!({"stopTimeout": 0})).await;
    let arn = run(&world, request("app")).await;
    until(&world, &mut events, "RUNNING").await;
    folder.is_ready().await;
    ecs(&world, "StopTask", json!({"cluster": "live", "task": arn})).await.unwrap();
    let task = until(&world, &mut events, "STOPPED").await;
    assert_eq!(task["containers"][0]["exitCode"], 137);
}

#[tokio::test]
async fn a_program_that_is_not_there_does_not_start() {
    let folder = Folder::with("exit 0");
    let (world, mut events) = world(&folder, json!({"command": ["bin/none"]})).await;
    run(&world, request("app")).await;
    let task = until(&world, &mut events, "STOPPED").await;
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    let reason = task["stoppedReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("CannotStartContainerError: "), "{reason}");
    assert!(task["containers"][0]["exitCode"].is_null());
}
