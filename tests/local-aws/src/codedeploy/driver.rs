//! What happens to a deployment by itself, from its start to its end.

use std::time::Duration;

use serde_json::json;

use super::appspec::AppSpec;
use super::deployments::{Deployment, Hook, LIFECYCLE};
use super::{ending, groups, hooks};
use crate::world::World;
use crate::{ecs, lambda};

/// Why a deployment does not go on.
pub(super) enum Halt {
    /// By `StopDeployment`, or because nobody called `ContinueDeployment` in time.
    Stopped,
    Failed(Failure),
}

/// An error code of `ErrorInformation` with its message.
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) diagnostics: serde_json::Value,
}

impl Halt {
    fn failed(code: &'static str, message: impl Into<String>) -> Self {
        let diagnostics = serde_json::Value::Null;
        Self::Failed(Failure { code, message: message.into(), diagnostics })
    }
}

/// What a deployment knows once it has started.
struct Plan<'a> {
    world: &'a World,
    id: &'a str,
    cluster: String,
    service: String,
    minutes: u64,
    appspec: AppSpec,
    rolls_back: bool,
    ready_wait: Option<Duration>,
    termination_wait: Duration,
}

/// Looks at or changes the deployment `id`.
pub(super) fn with<T>(world: &World, id: &str, f: impl FnOnce(&mut Deployment) -> T) -> T {
    let mut state = world.state();
    let mut all = state.codedeploy.deployments.iter_mut();
    f(all.find(|it| it.id == id).expect("deployments are never forgotten"))
}

pub(super) async fn drive(world: &World, id: &str) {
    let outcome = match pause(world, id, world.pace().deployment_step).await {
        Ok(()) => go(world, id).await,
        halt => halt,
    };
    match outcome {
        Ok(()) => ending::succeed(world, id),
        Err(halt) => ending::halt(world, id, halt),
    }
}

async fn go(world: &World, id: &str) -> Result<(), Halt> {
    let now = world.clock().epoch_seconds();
    with(world, id, |it| {
        it.status = "InProgress";
        it.started = Some(now);
    });
    ending::announce(world, id, "START");
    let plan = plan(world, id)?;
    for event in LIFECYCLE {
        let started = world.clock().epoch_seconds();
        change_event(world, id, event, |it| {
            (it.status, it.started) = ("InProgress", Some(started))
        });
        let outcome = run(&plan, event).await;
        let ended = world.clock().epoch_seconds();
        change_event(world, id, event, |it| {
            it.ended = Some(ended);
            it.status = match &outcome {
                Ok(true) => "Succeeded",
                Ok(false) => "Skipped",
                Err(_) => "Failed",
            };
            if let Err(Halt::Failed(failure)) = &outcome {
                it.diagnostics = failure.diagnostics.clone();
            }
        });
        outcome?;
    }
    terminate_original(&plan).await
}

fn change_event(
    world: &World,
    id: &str,
    name: &str,
    f: impl FnOnce(&mut super::deployments::LifecycleEvent),
) {
    with(world, id, |it| it.events.iter_mut().find(|it| it.name == name).map(f));
}

fn plan<'a>(world: &'a World, id: &'a str) -> Result<Plan<'a>, Halt> {
    let (revision, cluster, service, configuration, blue_green, rolls_back) =
        with(world, id, |it| {
            (
                it.revision.clone(),
                it.cluster.clone(),
                it.service.clone(),
                it.configuration.clone(),
                it.blue_green.clone(),
                it.creator == "codeDeployRollback",
            )
        });
    let (application, group) = with(world, id, |it| (it.application.clone(), it.group.clone()));
    if world.state().codedeploy.group(&application, &group).is_err() {
        // "The deployment group was missing. This error code is most likely raised if the
        // deployment group is deleted after the deployment is created, but before it is started."
        return Err(Halt::failed("DEPLOYMENT_GROUP_MISSING", "The deployment group is missing"));
    }
    let mut appspec = AppSpec::of(world, &revision);
    {
        let state = world.state();
        if let Some(hooks) = &state.codedeploy.hooks {
            appspec.hooks = hooks.clone();
        }
        if rolls_back && state.codedeploy.no_hooks_on_rollback {
            appspec.hooks.clear();
        }
    }
    let blue = ecs::primary_task_set(world, &cluster, &service);
    let blue = blue.and_then(|it| it["id"].as_str().map(str::to_owned));
    with(world, id, |it| it.blue = blue);
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let ready = &blue_green["deploymentReadyOption"];
    let ready_wait = (ready["actionOnTimeout"] == "STOP_DEPLOYMENT")
        .then(|| minutes(ready["waitTimeInMinutes"].as_u64().unwrap_or(0)));
    let termination = &blue_green["terminateBlueInstancesOnDeploymentSuccess"];
    Ok(Plan {
        world,
        id,
        cluster,
        service,
        minutes: groups::shift_minutes(&configuration).unwrap_or(0),
        appspec,
        rolls_back,
        ready_wait,
        termination_wait: minutes(
            termination["terminationWaitTimeInMinutes"].as_u64().unwrap_or(0),
        ),
    })
}

/// One lifecycle event; whether there was anything to do.
async fn run(plan: &Plan<'_>, event: &str) -> Result<bool, Halt> {
    match event {
        "Install" => install(plan).await,
        "AllowTestTraffic" => {
            // Only for those who test: without a test listener there is no test traffic.
            let tested = plan.appspec.hooks.iter().any(|it| it.0 == "AfterAllowTestTraffic");
            if tested {
                pause(plan.world, plan.id, plan.world.pace().deployment_step).await?;
            }
            Ok(tested)
        }
        "BeforeAllowTraffic" => {
            wait_until_ready(plan).await?;
            call_hooks(plan, event).await
        }
        "AllowTraffic" => shift(plan).await,
        _ => call_hooks(plan, event).await,
    }
}

async fn install(plan: &Plan<'_>) -> Result<bool, Halt> {
    let Plan { world, id, cluster, service, .. } = plan;
    if !ecs::service_exists(world, cluster, service) {
        let message = format!("The ECS service {cluster}/{service} does not exist");
        return Err(Halt::failed("INVALID_ECS_SERVICE", message));
    }
    let task_definition = match &plan.appspec.task_definition {
        Ok(it) => it,
        Err(reason) => return Err(Halt::failed("INVALID_REVISION", reason.clone())),
    };
    // A rollback finds the original task set in its place: the failed deployment never removed it,
    // and has given it back its traffic.
    if !plan.rolls_back {
        let made = ecs::create_task_set(world, cluster, service, task_definition, id);
        let green = made.map_err(|error| {
            Halt::failed("ECS_UPDATE_ERROR", format!("{}: {}", error.code, error.message))
        })?;
        world.note(format!("codedeploy: {id} installs {task_definition} as {green}"));
        with(world, id, |it| it.green = Some(green));
    }
    pause(world, id, world.pace().task_start + world.pace().deployment_step).await?;
    Ok(true)
}

/// "`STOP_DEPLOYMENT`: Do not register new instances with a load balancer unless traffic rerouting is
/// started using `ContinueDeployment`. If traffic rerouting is not started before the end of the
/// specified wait period, the deployment status is changed to Stopped."
async fn wait_until_ready(plan: &Plan<'_>) -> Result<(), Halt> {
    let Some(wait) = plan.ready_wait.filter(|_| !plan.rolls_back) else { return Ok(()) };
    with(plan.world, plan.id, |it| it.status = "Ready");
    ending::announce(plan.world, plan.id, "READY");
    let go_on = |it: &Deployment| (it.continued.as_deref() == Some("READY_WAIT")).then_some(());
    match until(plan.world, plan.id, wait, go_on).await? {
        Some(()) => {
            with(plan.world, plan.id, |it| it.status = "InProgress");
            Ok(())
        }
        None => Err(Halt::Stopped),
    }
}

async fn shift(plan: &Plan<'_>) -> Result<bool, Halt> {
    let Plan { world, id, cluster, service, .. } = plan;
    let shift = Duration::from_secs(plan.minutes * 60);
    pause(world, id, world.pace().deployment_step + shift).await?;
    if let Some(green) = with(world, id, |it| it.green.clone()) {
        ecs::make_primary(world, cluster, service, &green);
        with(world, id, |it| it.shifted = true);
        world.note(format!("codedeploy: {id} shifts the traffic of {service} to {green}"));
    }
    Ok(true)
}

/// Calls the functions of one hook, one after the other, and waits for their word.
async fn call_hooks(plan: &Plan<'_>, event: &str) -> Result<bool, Halt> {
    for (_, function) in plan.appspec.hooks.iter().filter(|it| it.0 == event) {
        call_hook(plan, event, function).await?;
    }
    Ok(true)
}

async fn call_hook(plan: &Plan<'_>, event: &str, function: &str) -> Result<(), Halt> {
    let Plan { world, id, .. } = plan;
    let fail = |error_code: &str, message: String| {
        let diagnostics = json!({
            "errorCode": error_code, "scriptName": function, "message": message, "logTail": "",
        });
        Halt::Failed(Failure { code: "HOOK_EXECUTION_FAILURE", message, diagnostics })
    };
    if !lambda::exists(world, function) {
        return Err(fail("ScriptMissing", format!("{event}: function {function} does not exist")));
    }
    let hook = with(world, id, |it| it.first_hook.take()).unwrap_or_else(hooks::new_id);
    with(world, id, |it| {
        it.hooks.push(Hook { id: hook.clone(), succeeded: None, closed: false });
    });
    world.note(format!("codedeploy: {id} {event} calls {function}"));
    // How CodeDeploy invokes is not documented. It does not read the function's answer but waits
    // for PutLifecycleEventHookExecutionStatus, so this is an asynchronous invocation, with the
    // retries and duplicates of one.
    let event_payload = json!({"DeploymentId": id, "LifecycleEventHookExecutionId": hook});
    lambda::invoke_event(world, function, event_payload);
    let answer = |it: &Deployment| it.hooks.iter().find(|it| it.id == hook)?.succeeded;
    // AWS: the deployment is considered failed if CodeDeploy is not notified within one hour.
    let answered = until(world, id, world.pace().hook_timeout, answer).await;
    with(world, id, |it| it.hooks.iter_mut().for_each(|it| it.closed = true));
    let answered = answered?;
    let said = match answered {
        Some(true) => "Succeeded",
        Some(false) => "Failed",
        None => "nothing in time",
    };
    world.note(format!("codedeploy: {id} {event}: {function} answered {said}"));
    match answered {
        Some(true) => Ok(()),
        Some(false) => Err(fail("ScriptFailed", format!("{event}: {function} answered Failed"))),
        None => {
            let minutes = world.pace().hook_timeout.as_secs() / 60;
            let message = format!("{event}: no answer of {function} within {minutes} minutes");
            Err(fail("ScriptTimedOut", message))
        }
    }
}

/// "For an Amazon ECS deployment, the number of minutes before deleting the original (blue) task
/// set." Until then the deployment can be stopped and rolled back.
async fn terminate_original(plan: &Plan<'_>) -> Result<(), Halt> {
    let Plan { world, id, cluster, service, .. } = plan;
    let go_on =
        |it: &Deployment| (it.continued.as_deref() == Some("TERMINATION_WAIT")).then_some(());
    let wait = world.pace().deployment_step + plan.termination_wait;
    until(world, id, wait, go_on).await?;
    let old = with(world, id, |it| if it.shifted { it.blue.clone() } else { None });
    if let Some(old) = old {
        ecs::delete_task_set(world, cluster, service, &old);
        world.note(format!("codedeploy: {id} removes the original task set {old}"));
    }
    Ok(())
}

async fn pause(world: &World, id: &str, wait: Duration) -> Result<(), Halt> {
    until(world, id, wait, |_| None::<()>).await.map(|_| ())
}

/// Waits for something to become true of the deployment; `None` when `limit` has passed.
async fn until<T>(
    world: &World,
    id: &str,
    limit: Duration,
    check: impl Fn(&Deployment) -> Option<T>,
) -> Result<Option<T>, Halt> {
    let changed = with(world, id, |it| std::sync::Arc::clone(&it.changed));
    let clock = world.clock();
    let mut limit = std::pin::pin!(clock.sleep(limit));
    loop {
        let (stopped, found) = with(world, id, |it| (it.status == "Stopped", check(it)));
        if stopped {
            return Err(Halt::Stopped);
        }
        if found.is_some() {
            return Ok(found);
        }
        tokio::select! {
            biased;
            () = changed.notified() => {}
            () = &mut limit => return Ok(None),
        }
    }
}
