//! Lifecycle hooks: functions and people who say whether a deployment may go on.

use std::time::Duration;

use futures::future::try_join_all;
use serde_json::{Map, Value, json};

use super::driver::{Run, Stage};
use super::{Deployment, Halt, Hook, event, id};
use crate::lambda;

/// How a hook ended.
enum Said {
    Succeeded,
    /// Why.
    Failed(String),
    Nothing,
    /// Call again after so long, with these details.
    Later(Duration, Value),
}

/// A hook as `DescribeServiceDeployments` shows it.
pub(super) fn shown(hook: &Hook) -> Value {
    let mut shown = json!({
        "hookId": hook.id,
        "targetType": if hook.target.is_some() { "AWS_LAMBDA" } else { "PAUSE" },
        "status": hook.status,
        "expiresAt": hook.expires,
        "timeoutAction": hook.action,
    });
    if let Some(target) = &hook.target {
        shown["targetArn"] = json!(target);
    }
    shown
}

/// Calls the hooks of a stage and waits for all of them.
///
/// AWS: "All hooks configured at the same lifecycle stage run in parallel." "If any hook triggers a
/// rollback, the entire deployment rolls back regardless of the status of other hooks at that stage."
pub(super) async fn call_all(run: &Run, stage: &Stage) -> Result<(), Halt> {
    let hooks = run.configuration["lifecycleHooks"].as_array().into_iter().flatten();
    let here = |it: &&Value| {
        it["lifecycleStages"].as_array().is_some_and(|it| it.iter().any(|it| it == stage.name))
    };
    try_join_all(hooks.filter(here).map(|it| call(run, stage, it))).await.map(|_| ())
}

async fn call(run: &Run, stage: &Stage, hook: &Value) -> Result<(), Halt> {
    let target = hook["hookTargetArn"].as_str().filter(|_| hook["targetType"] != "PAUSE");
    let timeout = &hook["timeoutConfiguration"];
    let limit = Duration::from_secs(60 * timeout["timeoutInMinutes"].as_u64().unwrap_or(1440));
    let action = timeout["action"].as_str().unwrap_or("ROLLBACK");
    let (prefix, status, name) = match target {
        Some(target) => ("ecs-lambda", "IN_PROGRESS", target.rsplit(':').next().unwrap_or(target)),
        None => ("ecs-pause", "AWAITING_ACTION", "PAUSE"),
    };
    let id = format!("{prefix}-{}", id(43));
    run.change(|it, now| {
        let expires = now + limit.as_secs_f64();
        let (target, action) = (target.map(str::to_owned), action.to_owned());
        it.hooks.push(Hook { id: id.clone(), target, status, expires, action });
    });
    match target {
        Some(_) => run.note(&format!("{} calls {name}", stage.name)),
        None => run.note(&format!("{} waits for somebody to continue it", stage.name)),
    }
    tell(run, stage, &id);
    let clock = run.world.clock();
    let answers = async {
        match target {
            Some(target) => ask(run, stage, hook, target).await,
            None => wait(run, &id).await,
        }
    };
    let said = tokio::select! {
        biased;
        said = answers => said,
        () = clock.sleep(limit) => Said::Nothing,
    };
    end(run, stage, &id, name, action, said)
}

fn tell(run: &Run, stage: &Stage, id: &str) {
    let (deployment, hook) = run.look(|it| {
        let hook = it.hooks.iter().find(|it| it.id == id).map(shown).unwrap_or_default();
        (it.shown.clone(), hook)
    });
    event::hook(&run.world, &deployment, stage.name, &hook);
}

fn end(
    run: &Run,
    stage: &Stage,
    id: &str,
    name: &str,
    action: &str,
    said: Said,
) -> Result<(), Halt> {
    let status = match &said {
        Said::Succeeded => "SUCCEEDED",
        Said::Failed(_) => "FAILED",
        Said::Nothing | Said::Later(..) => "TIMED_OUT",
    };
    run.change(|it, _| {
        it.hooks.iter_mut().filter(|it| it.id == id).for_each(|it| it.status = status);
    });
    run.note(&format!("{}: {name} {status}", stage.name));
    tell(run, stage, id);
    let why = match said {
        Said::Succeeded => return Ok(()),
        Said::Failed(why) => format!("lifecycle hook(s) failed. {why}"),
        // AWS: "CONTINUE: Proceeds the deployment to the next lifecycle stage."
        _ if action == "CONTINUE" => return Ok(()),
        _ => "lifecycle hook(s) timed out.".to_owned(),
    };
    Err(Halt::Back(format!("Service deployment rolled back because {} {why}", stage.name)))
}

/// Nobody waits for these answers any more.
pub(super) fn give_up(deployment: &mut Deployment) {
    for hook in &mut deployment.hooks {
        if matches!(hook.status, "AWAITING_ACTION" | "IN_PROGRESS") {
            hook.status = "FAILED";
        }
    }
}

/// AWS: "The deployment remains paused until you call `ContinueServiceDeployment` with the `hookId` and
/// an action of CONTINUE or ROLLBACK, or until the configured timeout is reached."
async fn wait(run: &Run, id: &str) -> Said {
    let mut changed = run.look(|it| it.changed.subscribe());
    loop {
        let status = run.look(|it| it.hooks.iter().find(|it| it.id == id).map(|it| it.status));
        match status {
            Some("SUCCEEDED") => return Said::Succeeded,
            Some("FAILED") => {
                let why = "ContinueServiceDeployment was called with the ROLLBACK action.";
                return Said::Failed(why.to_owned());
            }
            // The deployment is never forgotten, so the sender lives.
            _ => drop(changed.changed().await),
        }
    }
}

/// Invokes a function until it has decided.
///
/// AWS: "`IN_PROGRESS`: Amazon ECS invokes the function again after a delay. By default, the delay is 30
/// seconds." "Amazon ECS merges this data and passes it back on the next invocation."
async fn ask(run: &Run, stage: &Stage, hook: &Value, target: &str) -> Said {
    let mut details = hook["hookDetails"].clone();
    let mut execution = uuid::Uuid::new_v4();
    loop {
        let payload = payload(run, stage, &execution.to_string(), &details);
        let (world, function) = (run.world.clone(), target.to_owned());
        if !lambda::exists(&world, &function) {
            return Said::Failed(format!("Lifecycle hook target {target} does not exist."));
        }
        // Whoever gives up waiting does not stop the function.
        let invoked =
            tokio::spawn(async move { lambda::invoke(&world, &function, payload).await }).await;
        let answer = match invoked {
            Ok(Ok(answer)) => answer,
            // A function that fails answers too: with its error, in which there is no hookStatus.
            _ => Value::Null,
        };
        match said(target, &answer) {
            Said::Later(delay, more) => {
                merge(&mut details, &more);
                run.world.clock().sleep(delay.min(run.world.pace().longest_call_back)).await;
            }
            decided => return decided,
        }
        if run.world.state().ecs.native.new_execution_ids {
            execution = uuid::Uuid::new_v4();
        }
    }
}

/// AWS: "If your function doesn't return a valid `hookStatus`, or if it fails, Amazon ECS rolls back the
/// deployment." The words are those of real deployments.
fn said(target: &str, answer: &Value) -> Said {
    let unreadable = |why: &str| {
        Said::Failed(format!("ECS was unable to parse the response from {target} due to: {why}"))
    };
    match answer["hookStatus"].as_str() {
        Some("SUCCEEDED") => Said::Succeeded,
        Some("FAILED") => {
            Said::Failed(format!("Lifecycle hook target {target} returned FAILED status."))
        }
        Some("IN_PROGRESS") => {
            let delay = answer["callBackDelay"].as_f64().unwrap_or(30.0);
            let delay = Duration::try_from_secs_f64(delay).unwrap_or(Duration::from_secs(30));
            Said::Later(delay, answer["hookDetails"].clone())
        }
        Some(other) => unreadable(&format!("{other} is not a valid HookStatus.")),
        None => unreadable("HookStatus must not be null."),
    }
}

fn merge(details: &mut Value, more: &Value) {
    match (details.as_object_mut(), more.as_object()) {
        (Some(details), Some(more)) => details.extend(more.clone()),
        (None, Some(_)) => *details = more.clone(),
        (_, None) => {}
    }
}

fn payload(run: &Run, stage: &Stage, execution: &str, hook_details: &Value) -> Value {
    let older = run.world.state().ecs.native.older_payload;
    let details = json!({
        "serviceArn": crate::ecs::services::arn(&run.key.0, &run.key.1),
        "targetServiceRevisionArn": run.target,
        "testTrafficWeights": stage.test,
        "productionTrafficWeights": stage.production,
    });
    let mut event = Map::new();
    event.insert("executionId".to_owned(), json!(execution));
    event.insert("lifecycleStage".to_owned(), json!(stage.name));
    event.insert("resourceArn".to_owned(), json!(run.arn));
    match details {
        Value::Object(details) if older => event.extend(details),
        details => drop(event.insert("executionDetails".to_owned(), details)),
    }
    if !hook_details.is_null() {
        event.insert("hookDetails".to_owned(), hook_details.clone());
    }
    Value::Object(event)
}
