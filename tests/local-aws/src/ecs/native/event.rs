//! "ECS Deployment State Change" and "ECS Hook State Change" events.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::events;
use crate::world::World;

/// Tells of the deployment `id` of a service: `SERVICE_DEPLOYMENT_IN_PROGRESS`, `…_COMPLETED`,
/// `…_FAILED`.
pub(super) fn deployment(world: &World, shown: &Value, id: &str, name: &str, reason: &str) {
    let detail = json!({
        "eventType": if name.ends_with("FAILED") { "ERROR" } else { "INFO" },
        "eventName": name,
        "clusterArn": shown["clusterArn"],
        "deploymentId": id,
        "updatedAt": seconds(world.clock().now()),
        "reason": reason,
    });
    let resources = vec![shown["serviceArn"].as_str().unwrap_or_default().to_owned()];
    events::put(world, "aws.ecs", "ECS Deployment State Change", resources, detail);
}

/// Tells of a hook. AWS shows `eventType` INFO for one that waits; that a failure is an ERROR is
/// taken from the deployments' events.
pub(super) fn hook(world: &World, shown: &Value, stage: &str, hook: &Value) {
    let name = format!("HOOK_{}", hook["status"].as_str().unwrap_or_default());
    let expires = hook["expiresAt"].as_f64().unwrap_or_default() as i64;
    let failed = matches!(name.as_str(), "HOOK_FAILED" | "HOOK_TIMED_OUT");
    let detail = json!({
        "eventType": if failed { "ERROR" } else { "INFO" },
        "eventName": name,
        "hookId": hook["hookId"],
        "hookType": hook["targetType"],
        "expiresAt": seconds(Timestamp::from_second(expires).unwrap_or_default()),
        "lifecycleStage": stage,
        "clusterArn": shown["clusterArn"],
        "serviceArn": shown["serviceArn"],
        "serviceDeploymentArn": shown["serviceDeploymentArn"],
        "updatedAt": world.clock().now().strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string(),
    });
    let resources = vec![shown["serviceDeploymentArn"].as_str().unwrap_or_default().to_owned()];
    events::put(world, "aws.ecs", "ECS Hook State Change", resources, detail);
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
