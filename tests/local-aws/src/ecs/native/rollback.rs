//! What becomes of a service deployment that does not go on.

use serde_json::{Value, json};

use super::driver::{Run, Stage};
use super::{Ecs, Halt, ending, hooks, revision};
use crate::ecs::services;

pub(super) async fn halt(run: &Run, halt: Halt) {
    match halt {
        // Whoever overtook it has ended it.
        Halt::Overtaken => {}
        Halt::Aborted => {
            stop(run, "Service deployment stopped by a StopServiceDeployment request.")
        }
        Halt::Broken { rolls_back: false } => {
            fail(run, BROKEN);
            stop(
                run,
                "Service deployment stopped because the circuit breaker threshold was exceeded.",
            );
        }
        Halt::Broken { rolls_back: true } => {
            let reason = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
            fail(run, BROKEN);
            roll_back(run, reason, "ECS deployment circuit breaker: rolling back to deploymentId")
                .await;
        }
        Halt::Back(reason) => {
            fail(run, &reason);
            roll_back(run, &reason, "ECS deployment rolling back to deploymentId").await;
        }
    }
}

const BROKEN: &str = "ECS deployment circuit breaker: tasks failed to start.";

/// AWS: "The service deployment stops when any of the following actions happen: A user manually
/// stops the deployment; the rollback option is not in use for the failure detection mechanism (the
/// circuit breaker or alarm-based) and the service fails." What was active stays active.
fn stop(run: &Run, reason: &str) {
    run.change(|it, now| {
        it.shown["statusReason"] = json!(reason);
        it.shown["stoppedAt"] = json!(now);
        hooks::give_up(it);
        ending::finish(&mut it.shown, "STOPPED", now);
    });
    run.note("is STOPPED");
}

/// The target gets no further tasks. AWS: "A deployment in FAILED state doesn't launch any new
/// tasks."
fn fail(run: &Run, reason: &str) {
    let id = run.id_of(&run.target);
    run.with(|ecs, now| {
        if let Some(entry) = entry(ecs, run, &id) {
            entry["rolloutState"] = json!("FAILED");
            entry["rolloutStateReason"] = json!(reason);
            entry["updatedAt"] = json!(now);
        }
        services::settle(ecs, &run.key, now);
    });
    run.tell(&id, "SERVICE_DEPLOYMENT_FAILED", reason);
}

fn entry<'a>(ecs: &'a mut Ecs, run: &Run, id: &str) -> Option<&'a mut Value> {
    let entries = ecs.services.get_mut(&run.key)?["deployments"].as_array_mut()?;
    entries.iter_mut().find(|it| it["id"] == id)
}

async fn roll_back(run: &Run, reason: &str, words: &str) {
    run.change(|it, _| {
        it.shown["status"] = json!("ROLLBACK_REQUESTED");
        it.shown["statusReason"] = json!(reason);
        hooks::give_up(it);
    });
    run.note(&format!("is rolled back: {reason}"));
    let Some(source) = &run.source else { return nowhere_to_go(run) };
    tokio::task::yield_now().await;
    let id = run.id_of(source);
    let words = format!("{words} {id}.");
    run.with(|ecs, now| take_over(ecs, run, &id, &words, now));
    run.change(|it, now| {
        it.shown["status"] = json!("ROLLBACK_IN_PROGRESS");
        it.shown["rollback"] =
            json!({"reason": reason, "startedAt": now, "serviceRevisionArn": source});
    });
    run.tell(&id, "SERVICE_DEPLOYMENT_IN_PROGRESS", &words);
    if overtaken(run) || shift_back(run).await.is_err() {
        return;
    }
    run.enter("CLEAN_UP");
    run.step().await;
    if overtaken(run) {
        return;
    }
    run.with(|ecs, now| ending::alone(ecs, &run.key, source, now));
    run.change(|it, now| ending::finish(&mut it.shown, "ROLLBACK_SUCCESSFUL", now));
    run.note("is ROLLBACK_SUCCESSFUL");
    let reason = format!("ECS deployment {id} completed.");
    run.tell(&id, "SERVICE_DEPLOYMENT_COMPLETED", &reason);
}

/// The first deployment of a service has no revision to return to. These are the words people report
/// from AWS then; its documentation has none. That its tasks are gone as well is our reading.
fn nowhere_to_go(run: &Run) {
    run.with(|ecs, now| {
        if let Some(target) = ecs.native.active_mut(&run.key, &run.target) {
            (target.up, target.test, target.production) = (false, 0.0, 0.0);
        }
        services::settle(ecs, &run.key, now);
    });
    run.change(|it, now| {
        it.shown["statusReason"] = json!("No rollback candidate was found to run the rollback.");
        ending::finish(&mut it.shown, "ROLLBACK_FAILED", now);
    });
    run.note("is ROLLBACK_FAILED");
}

/// The service is what it was. AWS: "When the rollback starts, the deployment changes from a
/// COMPLETED to `IN_PROGRESS`."
fn take_over(ecs: &mut Ecs, run: &Run, id: &str, words: &str, now: f64) {
    let Some(source) = &run.source else { return };
    revision::restore(ecs, &run.key, source);
    let service = ecs.services.get_mut(&run.key);
    let Some(entries) = service.and_then(|it| it["deployments"].as_array_mut()) else { return };
    for entry in entries.iter_mut() {
        let returns = entry["id"] == id;
        entry["status"] = json!(if returns { "PRIMARY" } else { "ACTIVE" });
        if returns {
            entry["rolloutState"] = json!("IN_PROGRESS");
            entry["rolloutStateReason"] = json!(words);
            entry["updatedAt"] = json!(now);
        }
    }
    // The PRIMARY comes first.
    entries.sort_by_key(|it| it["status"] != "PRIMARY");
    services::settle(ecs, &run.key, now);
}

/// AWS: "There is no dedicated ROLLBACK lifecycle stage. When a rollback occurs, Amazon ECS
/// re-invokes hooks registered at the `PRODUCTION_TRAFFIC_SHIFT` and `TEST_TRAFFIC_SHIFT` stages (the
/// recurring invocation stages)."
///
/// That only stages are returned through whose traffic had been shifted, production first, and that
/// a hook that fails now changes nothing, is our reading.
async fn shift_back(run: &Run) -> Result<(), Halt> {
    let (test, production) = run.with(|ecs, _| {
        let target = ecs.native.active_mut(&run.key, &run.target);
        target.map_or((false, false), |it| (it.test > 0.0, it.production > 0.0))
    });
    for (name, kind, shifted) in [
        ("PRODUCTION_TRAFFIC_SHIFT", "production", production),
        ("TEST_TRAFFIC_SHIFT", "test", test),
    ] {
        if !shifted {
            continue;
        }
        run.enter(name);
        run.step().await;
        if overtaken(run) {
            return Err(Halt::Overtaken);
        }
        run.shift(kind, 0.0);
        let mut stage = Stage::new(name);
        match kind {
            "test" => stage.test = run.weights(0.0),
            _ => stage.production = run.weights(0.0),
        }
        let _ = hooks::call_all(run, &stage).await;
        if overtaken(run) {
            return Err(Halt::Overtaken);
        }
    }
    Ok(())
}

fn overtaken(run: &Run) -> bool {
    run.look(|it| it.halt == Some(Halt::Overtaken))
}
