//! The tasks of services: they are there to be seen, nothing runs behind them.

use serde_json::{Value, json};

use super::validate::Capacity;
use super::{Stop, Task, definition};
use crate::ecs::{self, images, task_definitions};

/// Makes a service have `count` running tasks of one task definition, and no others.
pub(in crate::ecs) fn set_service_tasks(
    state: &mut ecs::State,
    cluster: &str,
    service: &str,
    task_definition_arn: &str,
    started_by: &str,
    count: usize,
    now: f64,
) {
    let group = format!("service:{service}");
    let reason = format!("Scaling activity initiated by (deployment {started_by})");
    let mut kept = 0;
    for task in &mut state.tasks.all {
        let over = task.is_stopped() || task.shown["lastStatus"] == DEACTIVATING;
        if task.cluster != cluster || task.shown["group"] != group || over {
            continue;
        }
        let shown = &task.shown;
        let right =
            shown["taskDefinitionArn"] == task_definition_arn && shown["startedBy"] == started_by;
        if right && kept < count {
            kept += 1;
            continue;
        }
        let stop = Stop { code: "ServiceSchedulerInitiated", reason: reason.clone() };
        task.begin_stop(&stop, now);
        stopped(&mut task.shown, now);
    }
    let Some(definition) = task_definitions::find(state, task_definition_arn).cloned() else {
        return;
    };
    for _ in kept..count {
        let task = task(state, cluster, &group, &definition, started_by, now);
        state.tasks.all.push(task);
    }
}

/// AWS: "This is a transition state where Amazon ECS has to perform additional steps before the task
/// is stopped. For example, for tasks that are part of a service that's configured to use Elastic
/// Load Balancing target groups, the target group deregistration occurs during this state."
const DEACTIVATING: &str = "DEACTIVATING";

fn of_service<'a>(
    state: &'a mut ecs::State,
    cluster: &'a str,
    service: &str,
) -> impl Iterator<Item = &'a mut Task> {
    let group = format!("service:{service}");
    let all = state.tasks.all.iter_mut();
    all.filter(move |it| it.of_service && it.cluster == cluster && it.shown["group"] == group)
}

/// Lets the tasks of a deleted service begin to stop.
pub(in crate::ecs) fn deactivate(state: &mut ecs::State, cluster: &str, service: &str, now: f64) {
    let reason = format!("(service {service}) has been deleted.");
    let stop = Stop { code: "ServiceSchedulerInitiated", reason };
    for task in of_service(state, cluster, service).filter(|it| !it.is_stopped()) {
        task.begin_stop(&stop, now);
        task.shown["lastStatus"] = json!(DEACTIVATING);
    }
}

/// Ends what [`deactivate`] began.
pub(in crate::ecs) fn stop_deactivated(
    state: &mut ecs::State,
    cluster: &str,
    service: &str,
    now: f64,
) {
    for task in of_service(state, cluster, service) {
        if task.shown["lastStatus"] == DEACTIVATING {
            stopped(&mut task.shown, now);
        }
    }
}

/// Ends a service's task at once; the service's scheduler starts another in its place.
pub(super) fn replace(state: &mut ecs::State, arn: &str, now: f64) -> Value {
    let Some(task) = state.tasks.find(arn) else { return Value::Null };
    stopped(&mut task.shown, now);
    let (shown, cluster) = (task.shown.clone(), task.cluster.clone());
    let text = |name: &str| shown[name].as_str().unwrap_or_default();
    if let Some(definition) = task_definitions::find(state, text("taskDefinitionArn")).cloned() {
        let task = self::task(state, &cluster, text("group"), &definition, text("startedBy"), now);
        state.tasks.all.push(task);
    }
    shown
}

fn task(
    state: &ecs::State,
    cluster: &str,
    group: &str,
    definition: &Value,
    started_by: &str,
    now: f64,
) -> Task {
    let fargate = definition["networkMode"] == "awsvpc";
    let launch_type = if fargate { "FARGATE" } else { "EC2" }.to_owned();
    let capacity = Capacity { launch_type, provider: None };
    let mut shown = definition::new(cluster, definition, &capacity, now);
    shown["group"] = json!(group);
    // "If a task is started by an Amazon ECS service, then the startedBy parameter contains the
    // deployment ID of the service that starts it."
    shown["startedBy"] = json!(started_by);
    shown["lastStatus"] = json!("RUNNING");
    shown["startedAt"] = json!(now);
    for container in shown["containers"].as_array_mut().into_iter().flatten() {
        container["lastStatus"] = json!("RUNNING");
        let image = container["image"].as_str().unwrap_or_default();
        container["imageDigest"] = json!(images::digest_of_service(state, started_by, image));
    }
    let mut task = Task::new(cluster, shown, now);
    task.of_service = true;
    task
}

fn stopped(task: &mut Value, now: f64) {
    task["lastStatus"] = json!("STOPPED");
    task["executionStoppedAt"] = json!(now);
    task["stoppedAt"] = json!(now);
    for container in task["containers"].as_array_mut().into_iter().flatten() {
        container["lastStatus"] = json!("STOPPED");
        // The container handles SIGTERM the default way.
        container["exitCode"] = json!(143);
    }
}
