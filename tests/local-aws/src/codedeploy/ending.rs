//! How deployments end, who is told, and what is undone.

use serde_json::json;

use super::driver::{Failure, Halt, with};
use super::{deployments, tags};
use crate::world::{REGION, World};
use crate::{ecs, events};

/// Tells `EventBridge` about a state: START, READY, SUCCESS, FAILURE or STOP.
pub(super) fn announce(world: &World, id: &str, state: &str) {
    let (application, group) = with(world, id, |it| (it.application.clone(), it.group.clone()));
    let group_id = {
        let state = world.state();
        let found = state.codedeploy.group(&application, &group);
        found.map(|it| it.info["deploymentGroupId"].clone()).unwrap_or_default()
    };
    world.note(format!("codedeploy: {id} of {group}: {state}"));
    let resources =
        vec![tags::application_arn(&application), tags::group_arn(&application, &group)];
    let detail = json!({
        "instanceGroupId": group_id,
        "region": REGION,
        "application": application,
        "deploymentId": id,
        "state": state,
        "deploymentGroup": group,
    });
    let kind = "CodeDeploy Deployment State-change Notification";
    events::put(world, "aws.codedeploy", kind, resources, detail);
}

pub(super) fn succeed(world: &World, id: &str) {
    let now = world.clock().epoch_seconds();
    with(world, id, |it| {
        it.status = "Succeeded";
        it.completed = Some(now);
    });
    announce(world, id, "SUCCESS");
}

/// Ends a deployment that failed or was stopped, and rolls it back if its settings say so.
pub(super) fn halt(world: &World, id: &str, halt: Halt) {
    let now = world.clock().epoch_seconds();
    let failed = matches!(halt, Halt::Failed(_));
    give_back(world, id);
    let roll_back = with(world, id, |it| {
        it.status = if failed { "Failed" } else { "Stopped" };
        it.completed = it.completed.or(Some(now));
        it.error = Some(match halt {
            Halt::Failed(Failure { code, message, .. }) => (code, message),
            Halt::Stopped => ("MANUAL_STOP", "The deployment was stopped".to_owned()),
        });
        // What becomes of the events after the one that failed is not documented in words.
        for event in it.events.iter_mut().filter(|it| it.status == "Pending") {
            event.status = "Skipped";
        }
        // AWS on BeforeInstall: "A rollback is not possible at this point."
        let began = it.events.iter().any(|it| it.name == "Install" && it.started.is_some());
        began && it.creator != "codeDeployRollback" && wants_rollback(it, failed)
    });
    announce(world, id, if failed { "FAILURE" } else { "STOP" });
    if roll_back {
        deployments::roll_back(world, id);
    }
}

fn wants_rollback(deployment: &deployments::Deployment, failed: bool) -> bool {
    let configuration = &deployment.auto_rollback;
    let on = |event: &str| {
        configuration["enabled"] == true
            && configuration["events"].as_array().is_some_and(|it| it.contains(&json!(event)))
    };
    match failed {
        true => on("DEPLOYMENT_FAILURE"),
        false => deployment.roll_back_on_stop || on("DEPLOYMENT_STOP_ON_REQUEST"),
    }
}

/// The original task set serves again, the replacement goes.
///
/// AWS: if an ECS deployment is rolled back, its traffic is rerouted to the original task set.
fn give_back(world: &World, id: &str) {
    let (cluster, service) = with(world, id, |it| (it.cluster.clone(), it.service.clone()));
    let (blue, green, shifted) =
        with(world, id, |it| (it.blue.clone(), it.green.clone(), std::mem::take(&mut it.shifted)));
    if let Some(blue) = blue.filter(|_| shifted) {
        ecs::make_primary(world, &cluster, &service, &blue);
        world.note(format!("codedeploy: {id} gives the traffic of {service} back to {blue}"));
    }
    if let Some(green) = green {
        ecs::delete_task_set(world, &cluster, &service, &green);
    }
}
