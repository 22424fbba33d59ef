//! Hooks: functions that say whether a deployment may go on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, error};
use crate::world::World;

/// An execution id as `CodeDeploy` makes them: 300 characters of base64 around
/// `{"encryptedData", "ivParameterSpec", "materialSetSerial"}`.
pub(super) fn new_id() -> String {
    let random = |bytes: usize| {
        let noise: Vec<u8> =
            (0..bytes.div_ceil(16)).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
        STANDARD.encode(&noise[..bytes])
    };
    let sealed = json!({
        "encryptedData": random(108),
        "ivParameterSpec": random(12),
        "materialSetSerial": 1,
    });
    STANDARD.encode(sealed.to_string())
}

pub(super) fn put_status(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let deployment = state.codedeploy.deployment(input)?;
    // The member's type knows six values. AWS: "Lambda validation functions return Succeeded or
    // Failed."
    let succeeded = match input["status"].as_str() {
        Some("Succeeded") => true,
        Some("Failed") => false,
        _ => {
            let message = "The status of a lifecycle event hook must be Succeeded or Failed";
            return Err(error("InvalidLifecycleEventHookExecutionStatusException", message));
        }
    };
    let id = input["lifecycleEventHookExecutionId"].as_str().unwrap_or_default();
    let Some(hook) = deployment.hooks.iter_mut().find(|it| it.id == id) else {
        let message = "The lifecycle event hook execution ID is not valid";
        return Err(error("InvalidLifecycleEventHookExecutionIdException", message));
    };
    // "An attempt to return the status of an already completed lifecycle event occurred."
    if hook.closed || hook.succeeded.is_some() {
        let message = "The lifecycle event has already completed";
        return Err(error("LifecycleEventAlreadyCompletedException", message));
    }
    hook.succeeded = Some(succeeded);
    deployment.changed.notify_one();
    Ok(json!({"lifecycleEventHookExecutionId": id}))
}
