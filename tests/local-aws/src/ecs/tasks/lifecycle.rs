//! A task's life: PROVISIONING, PENDING, RUNNING, DEPROVISIONING, STOPPED.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::container::{Container, Running};
use super::plan::{self, Planned};
use super::{Stop, event};
use crate::ecs::images::Tags;
use crate::world::World;

/// What the containers of a task wait for: why it stops, once that is decided.
pub(super) type Stopping = watch::Receiver<Option<Stop>>;

/// Wakes when the task has to stop.
pub(super) async fn stopped(stopping: &mut Stopping) {
    // The sender lives in the task; without it nobody can be asked to stop any more.
    let _ = stopping.wait_for(Option::is_some).await;
}

/// Lets a new task live, in the background.
pub(super) fn begin(world: &World, arn: &str) {
    let Some(stopping) = world.state().ecs.tasks.find(arn).map(|it| it.stopping.subscribe()) else {
        return;
    };
    let (world, arn) = (world.clone(), arn.to_owned());
    tokio::spawn(async move {
        match start(&world, &arn, stopping.clone()).await {
            Some(containers) => run_to_end(&world, &arn, containers, &stopping).await,
            None => event::change(&world, &arn, |task, _| deprovision(&mut task.shown)),
        }
        world.clock().sleep(world.pace().task_stop).await;
        event::change(&world, &arn, |task, now| {
            task.shown["lastStatus"] = json!("STOPPED");
            task.shown["stoppedAt"] = json!(now);
            for attachment in items(&mut task.shown, "attachments") {
                attachment["status"] = json!("DELETED");
            }
        });
    });
}

/// Up to RUNNING; `None` if it has to stop before.
async fn start(world: &World, arn: &str, mut stopping: Stopping) -> Option<Vec<Running>> {
    let step = world.pace().task_start;
    pass(world, step, &mut stopping).await?;
    event::change(world, arn, |task, now| {
        task.shown["lastStatus"] = json!("PENDING");
        task.shown["connectivity"] = json!("CONNECTED");
        task.shown["connectivityAt"] = json!(now);
        attach(&mut task.shown);
    });
    let planned = match plan::containers(world, arn) {
        Ok(planned) => planned,
        Err(reason) => return fail(world, arn, &reason),
    };
    change_quietly(world, arn, |task, now| task["pullStartedAt"] = json!(now));
    pass(world, step, &mut stopping).await?;
    change_quietly(world, arn, |task, now| task["pullStoppedAt"] = json!(now));
    let mut running = Vec::new();
    for Planned { container, what } in planned {
        match what.and_then(|what| container.start(world, what)) {
            Ok(started) => running.push(started),
            Err(reason) => {
                let Container { index, essential, .. } = container;
                change_quietly(world, arn, |task, _| {
                    let shown = &mut task["containers"][index];
                    shown["lastStatus"] = json!("STOPPED");
                    shown["reason"] = json!(reason);
                });
                if essential {
                    return fail(world, arn, &reason);
                }
            }
        }
    }
    let images = world.state().ecs.images.clone();
    event::change(world, arn, |task, now| {
        task.shown["lastStatus"] = json!("RUNNING");
        task.shown["startedAt"] = json!(now);
        for container in items(&mut task.shown, "containers") {
            if container["lastStatus"] == "PENDING" {
                run(container, &images);
            }
        }
    });
    Some(running)
}

/// Lets time pass; `None` if the task has to stop meanwhile.
async fn pass(world: &World, duration: Duration, stopping: &mut Stopping) -> Option<()> {
    let clock = world.clock();
    tokio::select! {
        biased;
        () = stopped(stopping) => None,
        () = clock.sleep(duration) => Some(()),
    }
}

/// `TaskFailedToStart`: none of its containers gets an exit code.
fn fail<T>(world: &World, arn: &str, reason: &str) -> Option<T> {
    let stop = Stop { code: "TaskFailedToStart", reason: reason.to_owned() };
    if let Some(task) = world.state().ecs.tasks.find(arn) {
        task.begin_stop(&stop, world.clock().epoch_seconds());
    }
    None
}

async fn run_to_end(world: &World, arn: &str, containers: Vec<Running>, stopping: &Stopping) {
    let mut ends: FuturesUnordered<_> =
        containers.into_iter().map(|it| it.end(world, arn, stopping.clone())).collect();
    while let Some(ended) = ends.next().await {
        let last = ends.is_empty();
        event::change(world, arn, |task, now| {
            let shown = &mut task.shown["containers"][ended.index];
            shown["lastStatus"] = json!("STOPPED");
            if let Some(code) = ended.exit_code {
                shown["exitCode"] = json!(code);
            }
            if let Some(reason) = ended.reason {
                shown["reason"] = json!(reason);
            }
            // "If the essential parameter of a container is marked as true, and that container
            // fails or stops for any reason, all other containers that are part of the task are
            // stopped."
            if ended.essential || last {
                let reason = "Essential container in task exited".to_owned();
                task.begin_stop(&Stop { code: "EssentialContainerExited", reason }, now);
            }
            if last {
                task.shown["executionStoppedAt"] = json!(now);
                deprovision(&mut task.shown);
            }
        });
    }
}

/// Stops a task for a reason of AWS's own.
pub(super) fn stop(world: &World, arn: &str, code: &'static str, reason: &str) {
    event::change(world, arn, |task, now| {
        task.begin_stop(&Stop { code, reason: reason.to_owned() }, now);
    });
}

fn deprovision(task: &mut Value) {
    task["lastStatus"] = json!("DEPROVISIONING");
    for container in items(task, "containers") {
        container["lastStatus"] = json!("STOPPED");
    }
}

fn run(container: &mut Value, images: &Tags) {
    container["lastStatus"] = json!("RUNNING");
    let image = container["image"].as_str().unwrap_or_default();
    container["imageDigest"] = json!(images.digest(image));
    container["runtimeId"] = container["containerArn"]
        .as_str()
        .and_then(|arn| arn.rsplit('/').next())
        .map_or(Value::Null, |id| json!(id.replace('-', "")));
}

/// The network interface is there, and every container has its address.
fn attach(task: &mut Value) {
    let Some(id) = task["attachments"][0]["id"].as_str().map(str::to_owned) else { return };
    let attachment = &mut task["attachments"][0];
    attachment["status"] = json!("ATTACHED");
    let address = "10.0.3.104";
    let eni = format!("eni-0{}", id.replace('-', "").chars().take(16).collect::<String>());
    for (name, value) in [
        ("networkInterfaceId", eni.as_str()),
        ("macAddress", "06:83:93:f2:9c:84"),
        ("privateIPv4Address", address),
    ] {
        if let Some(details) = attachment.get_mut("details").and_then(Value::as_array_mut) {
            details.push(json!({"name": name, "value": value}));
        }
    }
    for container in items(task, "containers") {
        container["networkInterfaces"] =
            json!([{"attachmentId": id, "privateIpv4Address": address}]);
    }
}

/// A change that no event tells.
fn change_quietly(world: &World, arn: &str, change: impl FnOnce(&mut Value, f64)) {
    let now = world.clock().epoch_seconds();
    if let Some(task) = world.state().ecs.tasks.find(arn) {
        change(&mut task.shown, now);
    }
}

fn items<'a>(task: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    task.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
}
