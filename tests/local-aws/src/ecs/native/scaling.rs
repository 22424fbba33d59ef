//! Scaling up: the tasks of a revision start, or do not.

use std::time::Duration;

use serde_json::{Value, json};

use super::driver::Run;
use super::{Halt, Key, revision};
use crate::ecs::{State as Ecs, services};

/// Whether tasks of a revision would run.
pub(super) fn is_healthy(ecs: &Ecs, revision: &str) -> bool {
    let images = ecs.native.revisions.get(revision).map(|it| &it["containerImages"]);
    let mut images = images.and_then(Value::as_array).into_iter().flatten();
    !images.any(|it| it["image"].as_str().is_some_and(|it| ecs.native.unhealthy.contains(it)))
}

/// The circuit breaker of a deployment that begins.
///
/// AWS: "For the percentage types (`BOUNDED_PERCENT` and `UNBOUNDED_PERCENT`), Amazon ECS multiplies
/// value by the latest service desired count. For COUNT, Amazon ECS uses value directly as the
/// threshold. … By default, the threshold configuration uses a type of `BOUNDED_PERCENT` with a value
/// of 50." "The deployment circuit breaker has a minimum threshold of 3 and a maximum threshold of
/// 200."
pub(super) fn breaker(service: &Value) -> Value {
    let breaker = &service["deploymentConfiguration"]["deploymentCircuitBreaker"];
    let by = &breaker["thresholdConfiguration"];
    let value = by["value"].as_u64().unwrap_or(50);
    let percent = (service["desiredCount"].as_u64().unwrap_or(0) * value).div_ceil(100);
    let threshold = match by["type"].as_str() {
        Some("COUNT") => value,
        Some("UNBOUNDED_PERCENT") => percent,
        _ => percent.clamp(3, 200),
    };
    let status = if breaker["enable"] == true { "MONITORING" } else { "DISABLED" };
    json!({"status": status, "failureCount": 0, "threshold": threshold})
}

/// Lets the tasks of the target start. Those of an image that cannot run fail again and again, until
/// the circuit breaker has seen enough; without one, for ever.
pub(super) async fn up(run: &Run) -> Result<(), Halt> {
    let Run { world, .. } = run;
    // AWS: "The Amazon ECS service scheduler includes logic that throttles how often service tasks
    // are launched if they repeatedly fail to start."
    let mut wait = world.pace().task_start.max(Duration::from_millis(1)) * 2;
    world.clock().sleep(world.pace().deployment_step).await;
    while let Some(failed) = failing(run) {
        world.clock().sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(15 * 60));
        fail(run, failed)?;
    }
    run.with(|ecs, now| {
        if let Some(active) = ecs.native.active_mut(&run.key, &run.target) {
            active.up = true;
        }
        services::settle(ecs, &run.key, now);
    });
    Ok(())
}

/// How many tasks of the target are about to fail.
fn failing(run: &Run) -> Option<u64> {
    let state = run.world.state();
    let desired = desired(&state.ecs, &run.key);
    (desired > 0 && !is_healthy(&state.ecs, &run.target)).then_some(desired)
}

fn desired(ecs: &Ecs, key: &Key) -> u64 {
    ecs.services.get(key).and_then(|it| it["desiredCount"].as_u64()).unwrap_or(0)
}

fn fail(run: &Run, tasks: u64) -> Result<(), Halt> {
    let (definition, broken) = run.with(|ecs, now| {
        if let Some(service) = ecs.services.get_mut(&run.key) {
            let entry = &mut service["deployments"][0];
            entry["failedTasks"] = json!(entry["failedTasks"].as_u64().unwrap_or(0) + tasks);
            entry["updatedAt"] = json!(now);
        }
        let definition = revision::runs(ecs, &run.target);
        let Some(deployment) = ecs.native.deployment(&run.arn) else { return (definition, None) };
        let breaker = &mut deployment.shown["deploymentCircuitBreaker"];
        if breaker["status"] != "MONITORING" {
            return (definition, None);
        }
        let failures = breaker["failureCount"].as_u64().unwrap_or(0) + tasks;
        breaker["failureCount"] = json!(failures);
        if failures < breaker["threshold"].as_u64().unwrap_or(3) {
            return (definition, None);
        }
        breaker["status"] = json!("TRIGGERED");
        let rolls_back = run.configuration["deploymentCircuitBreaker"]["rollback"] == true;
        (definition, Some(Halt::Broken { rolls_back }))
    });
    run.note(&format!("{tasks} tasks of {definition} failed to start"));
    broken.map_or(Ok(()), Err)
}
