//! Service deployments: listed, described, stopped, continued.

use serde_json::{Value, json};

use super::revision::by_arn;
use super::{Active, Deployment, Halt, hooks, is_over, summary};
use crate::ecs::State as Ecs;
use crate::ecs::services::{self, invalid};
use crate::wire::{AwsError, page};
use crate::world::World;

type Answer = Result<Value, AwsError>;

/// AWS: "If this parameter isn't used, then `ListServiceDeployments` returns up to 20 results and a
/// nextToken value if applicable." The newest comes first.
pub(in crate::ecs) fn list(world: &World, input: &Value) -> Answer {
    let state = world.state();
    let key = services::key(&state.ecs, input)?;
    let limit = match (&input["maxResults"], input["maxResults"].as_u64()) {
        (Value::Null, _) => 20,
        (_, Some(limit @ 1..=100)) => usize::try_from(limit).unwrap_or(20),
        _ => return Err(invalid("maxResults must be between 1 and 100.")),
    };
    let statuses = input["status"].as_array().filter(|it| !it.is_empty());
    let (before, after) = (&input["createdAt"]["before"], &input["createdAt"]["after"]);
    let fits = |it: &&Deployment| {
        let created = it.shown["createdAt"].as_f64().unwrap_or_default();
        it.key == key
            && statuses.is_none_or(|wanted| wanted.contains(&it.shown["status"]))
            && before.as_f64().is_none_or(|it| created < it)
            && after.as_f64().is_none_or(|it| created > it)
    };
    let all: Vec<Value> =
        state.ecs.native.deployments.iter().rev().filter(fits).map(brief).collect();
    let (all, next) = page(&all, &input["nextToken"], limit, "InvalidParameterException")?;
    let mut answer = json!({"serviceDeployments": all});
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

fn brief(deployment: &Deployment) -> Value {
    let mut brief = json!({"targetServiceRevisionArn": deployment.target});
    for member in [
        "serviceDeploymentArn",
        "serviceArn",
        "clusterArn",
        "startedAt",
        "createdAt",
        "finishedAt",
        "status",
        "statusReason",
    ] {
        if !deployment.shown[member].is_null() {
            brief[member] = deployment.shown[member].clone();
        }
    }
    brief
}

pub(in crate::ecs) fn describe(world: &World, input: &Value) -> Answer {
    let state = world.state();
    let ecs = &state.ecs;
    let find = |arn: &str| {
        let deployment = ecs.native.deployments.iter().find(|it| it.arn == arn)?;
        Some(shown(ecs, deployment))
    };
    let (found, failures) = by_arn(&input["serviceDeploymentArns"], find)?;
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

fn shown(ecs: &Ecs, deployment: &Deployment) -> Value {
    let mut shown = deployment.shown.clone();
    let source = |it: &Active| revision(ecs, deployment, &it.revision);
    shown["sourceServiceRevisions"] = deployment.sources.iter().map(source).collect();
    shown["targetServiceRevision"] = revision(ecs, deployment, &deployment.target);
    if !deployment.hooks.is_empty() {
        shown["lifecycleHookDetails"] = deployment.hooks.iter().map(hooks::shown).collect();
    }
    shown
}

fn revision(ecs: &Ecs, deployment: &Deployment, arn: &str) -> Value {
    let service = ecs.services.get(&deployment.key).unwrap_or(&Value::Null);
    let active = ecs.native.active(&deployment.key).iter().find(|it| it.revision == arn);
    let gone = Active {
        revision: arn.to_owned(),
        id: String::new(),
        up: false,
        test: 0.0,
        production: 0.0,
    };
    let active = active.unwrap_or(&gone);
    let mut summary = summary(service, active);
    // A rolling update has no weights: it replaces tasks.
    let strategy = &deployment.shown["deploymentConfiguration"]["strategy"];
    if !strategy.is_null() && strategy != "ROLLING" {
        summary["requestedTestTrafficWeight"] = json!(active.test);
        summary["requestedProductionTrafficWeight"] = json!(active.production);
    }
    summary
}

fn find<'a>(ecs: &'a mut Ecs, input: &Value) -> Result<&'a mut Deployment, AwsError> {
    let arn = input["serviceDeploymentArn"].as_str().unwrap_or_default();
    if !arn.contains(":service-deployment/") {
        return Err(invalid("The ARN of a service deployment is not valid."));
    }
    ecs.native.deployment(arn).ok_or_else(|| {
        AwsError::bad("ServiceDeploymentNotFoundException", "Service deployment not found.")
    })
}

/// AWS: "You can stop a deployment that is in any of the following states. PENDING, `IN_PROGRESS`: The
/// service deployment moves to the `ROLLBACK_REQUESTED` state, and then the rollback operation starts.
/// `STOP_REQUESTED`: The service deployment continues to stop. `ROLLBACK_REQUESTED`,
/// `ROLLBACK_IN_PROGRESS`: The service deployment continues the rollback operation."
///
/// What ABORT does is in no sentence of AWS's; here it leaves everything as it is.
pub(in crate::ecs) fn stop(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let deployment = find(&mut state.ecs, input)?;
    let (status, halt) = match input["stopType"].as_str() {
        None | Some("ROLLBACK") => {
            let reason = "Service deployment rolled back by a StopServiceDeployment request.";
            ("ROLLBACK_REQUESTED", Halt::Back(reason.to_owned()))
        }
        Some("ABORT") => ("STOP_REQUESTED", Halt::Aborted),
        Some(other) => return Err(invalid(format!("Unknown stop type {other}."))),
    };
    if is_over(&deployment.shown) {
        let message = "The service deployment has already completed.";
        return Err(AwsError::bad("ConflictException", message));
    }
    let under_way = ["PENDING", "IN_PROGRESS"].iter().any(|it| deployment.shown["status"] == *it);
    if under_way {
        deployment.shown["status"] = json!(status);
        deployment.halt = Some(halt);
        deployment.changed.send_replace(());
    }
    Ok(json!({"serviceDeploymentArn": deployment.arn}))
}

/// `ContinueServiceDeployment`. That a hook which does not wait (any more) is an invalid parameter is
/// our reading: of the errors that the operation has, no other one fits.
pub(in crate::ecs) fn proceed(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let deployment = find(&mut state.ecs, input)?;
    // AWS: "If no value is specified, the default action is CONTINUE."
    let status = match input["action"].as_str() {
        None | Some("CONTINUE") => "SUCCEEDED",
        Some("ROLLBACK") => "FAILED",
        Some(other) => return Err(invalid(format!("Unknown action {other}."))),
    };
    let id = &input["hookId"];
    let Some(hook) = deployment.hooks.iter_mut().find(|it| *id == it.id) else {
        return Err(invalid("The service deployment has no such hook."));
    };
    if hook.status != "AWAITING_ACTION" {
        return Err(invalid("The hook is not awaiting an action."));
    }
    hook.status = status;
    deployment.changed.send_replace(());
    Ok(json!({"serviceDeploymentArn": deployment.arn}))
}
