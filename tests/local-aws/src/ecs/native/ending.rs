//! How a service deployment ends well, and who is told.

use serde_json::{Value, json};

use super::driver::Run;
use super::{Active, Ecs, Key};
use crate::ecs::services;
use crate::world::World;

/// Writes the end into a deployment.
pub(super) fn finish(shown: &mut Value, status: &str, now: f64) {
    shown["status"] = json!(status);
    shown["finishedAt"] = json!(now);
    shown["updatedAt"] = json!(now);
    if shown["deploymentCircuitBreaker"]["status"] == "MONITORING" {
        shown["deploymentCircuitBreaker"]["status"] = json!("MONITORING_COMPLETE");
    }
}

/// The target is the only revision from now on.
pub(super) fn complete(ecs: &mut Ecs, arn: &str, now: f64) {
    let Some(deployment) = ecs.native.deployment(arn) else { return };
    if deployment.shown["startedAt"].is_null() {
        deployment.shown["startedAt"] = json!(now);
    }
    finish(&mut deployment.shown, "SUCCESSFUL", now);
    let (key, target) = (deployment.key.clone(), deployment.target.clone());
    alone(ecs, &key, &target, now);
}

/// Makes a revision the only one of its service, with all the traffic.
pub(super) fn alone(ecs: &mut Ecs, key: &Key, revision: &str, now: f64) {
    let Some(active) = ecs.native.active.get_mut(key) else { return };
    active.retain(|it| it.revision == revision);
    let Some(Active { id, up, test, production, .. }) = active.first_mut() else { return };
    (*up, *test, *production) = (true, 100.0, 100.0);
    let id = id.clone();
    if let Some(entries) = ecs.services.get_mut(key).and_then(|it| it["deployments"].as_array_mut())
    {
        entries.retain(|it| it["id"] == id);
        for entry in entries {
            entry["status"] = json!("PRIMARY");
            entry["rolloutState"] = json!("COMPLETED");
            entry["rolloutStateReason"] = json!(format!("ECS deployment {id} completed."));
            entry["updatedAt"] = json!(now);
        }
    }
    services::settle(ecs, key, now);
}

pub(super) fn succeed(run: &Run) {
    run.with(|ecs, now| complete(ecs, &run.arn, now));
    let id = run.id_of(&run.target);
    run.world.note(format!("ecs: service {} has rolled out {id}", run.key.1));
    tell_of_end(run);
}

pub(super) fn tell_of_start(run: &Run) {
    let id = run.id_of(&run.target);
    let reason = format!("ECS deployment {id} in progress.");
    run.tell(&id, "SERVICE_DEPLOYMENT_IN_PROGRESS", &reason);
}

fn tell_of_end(run: &Run) {
    let id = run.id_of(&run.target);
    let reason = format!("ECS deployment {id} completed.");
    run.tell(&id, "SERVICE_DEPLOYMENT_COMPLETED", &reason);
}

/// Tells of a deployment that was complete as soon as it began.
pub(in crate::ecs) fn tell_of_both_ends(world: &World, arn: &str) {
    if let Some(run) = Run::of(world, arn) {
        tell_of_start(&run);
        tell_of_end(&run);
    }
}
