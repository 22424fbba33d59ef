//! `DeleteStack`, and what it does by and by.

use serde_json::Value;

use super::{Answer, DELETED, DELETING, FAILED, invalid};
use crate::world::{WeakWorld, World};

/// Idempotent: a stack that is not there, or is being deleted, is as good as deleted.
pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let name = input["StackName"].as_str().unwrap_or_default();
    let retains = input["RetainResources"].as_array().is_some_and(|it| !it.is_empty());
    let mut state = world.state();
    let Some(stack) = state.cloudformation.find(name) else { return Ok(Value::Null) };
    if matches!(stack.status, DELETING | DELETED) {
        return Ok(Value::Null);
    }
    if stack.is_protected {
        return Err(invalid(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    // AWS: "For stacks in the DELETE_FAILED state, a list of resource logical IDs that are
    // associated with the resources you want to retain."
    if retains && stack.status != FAILED {
        let message = "Resources can only be retained of a stack in DELETE_FAILED state.";
        return Err(invalid(message));
    }
    stack.status = DELETING;
    stack.reason = None;
    let id = stack.id.clone();
    drop(state);
    tokio::spawn(finish(world.downgrade(), world.pace().stack_delete, id, retains));
    Ok(Value::Null)
}

/// Deletes what the stack owns, one after the other, and then the stack.
async fn finish(world: WeakWorld, wait: std::time::Duration, id: String, retains: bool) {
    let Some(clock) = world.upgrade().map(|it| it.clock()) else { return };
    clock.sleep(wait).await;
    let Some(world) = world.upgrade() else { return };
    let (name, owned, failure) = {
        let mut state = world.state();
        let stacks = &mut state.cloudformation;
        let Some(name) = stacks.find(&id).map(|it| it.name.clone()) else { return };
        let owned = stacks.owned.get(&name).cloned().unwrap_or_default();
        let failure = stacks.failures.get(&name).filter(|_| !retains).cloned();
        (name, owned, failure)
    };
    let mut failures: Vec<String> = failure.into_iter().collect();
    if failures.is_empty() {
        for it in owned {
            // What somebody else has deleted already is no reason to fail.
            match world.call(it.service, &it.operation, it.input).await {
                Err(error) if !is_gone(&error.code) => failures.push(error.message),
                _ => {}
            }
        }
    }
    let now = world.clock().now();
    let mut state = world.state();
    let stacks = &mut state.cloudformation;
    let Some(stack) = stacks.find(&id) else { return };
    if failures.is_empty() || retains {
        (stack.status, stack.deleted) = (DELETED, Some(now));
        stacks.owned.remove(&name);
    } else {
        (stack.status, stack.reason) = (FAILED, Some(failures.join("; ")));
    }
    let status = stacks.find(&id).map_or(DELETED, |it| it.status);
    drop(state);
    world.note(format!("stack {name} is {status}"));
}

fn is_gone(code: &str) -> bool {
    code.contains("NotFound") || code.contains("NotExist")
}
