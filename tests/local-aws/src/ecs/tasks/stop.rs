//! `StopTask`.

use serde_json::{Value, json};

use super::{Stop, describe, event, service};
use crate::ecs::clusters;
use crate::wire::AwsError;
use crate::world::World;

/// Stops a task. AWS: "the equivalent of docker stop is issued to the containers running in the
/// task. This results in a stop signal value and a default 30-second timeout, after which the
/// SIGKILL value is sent and the containers are forcibly stopped."
pub(in crate::ecs) fn stop(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().epoch_seconds();
    let (shown, changed) = {
        let mut state = world.state();
        let state = &mut state.ecs;
        let cluster = clusters::resolve(state, &input["cluster"])?;
        let reference = input["task"].as_str().unwrap_or_default();
        let arn = describe::arn(&cluster, reference)?;
        let reason = input["reason"].as_str().unwrap_or("Task stopped by user").to_owned();
        let hidden_for = state.tasks.hidden_for;
        let task = state.tasks.find(&arn).filter(|it| it.is_visible(now, hidden_for));
        let Some(task) = task else {
            let message = "The referenced task was not found.";
            return Err(AwsError::bad("InvalidParameterException", message));
        };
        let first = task.begin_stop(&Stop { code: "UserInitiated", reason }, now);
        if first {
            event::count(&mut task.shown);
        }
        let mut shown = task.shown.clone();
        if task.of_service && first {
            shown = service::replace(state, &arn, now);
        }
        // "Any tags associated with the task will be deleted."
        state.tags.remove(&arn);
        let changed = first.then(|| shown.clone());
        shown["tags"] = json!([]);
        (shown, changed)
    };
    if let Some(task) = changed {
        event::announce(world, task);
    }
    Ok(json!({"task": shown}))
}
