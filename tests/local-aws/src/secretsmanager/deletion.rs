//! Secrets that go, and those that come back.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::operations::{epoch, invalid_parameter, invalid_request, named, secret_id, usable};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

/// Whether to force, and else for how many days the secret can be restored.
///
/// AWS: "The number of days from 7 to 30 that Secrets Manager waits before permanently deleting
/// the secret. … If you don't use either, then by default Secrets Manager uses a 30 day recovery
/// window."
fn window(input: &Value) -> Result<(bool, i64), AwsError> {
    let (window, force) =
        (&input["RecoveryWindowInDays"], input["ForceDeleteWithoutRecovery"] == true);
    if force && !window.is_null() {
        return Err(invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = match window {
        Value::Null => Some(30),
        value => value.as_i64().filter(|it| (7..=30).contains(it)),
    };
    let days = days.ok_or_else(|| {
        invalid_parameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        )
    })?;
    Ok((force, days))
}

/// AWS, of force: "Secrets Manager performs the actual deletion with an asynchronous background
/// process, so there might be a short delay before the secret is permanently deleted." And: "If you
/// forcibly delete an already deleted or nonexistent secret, the operation does not return
/// `ResourceNotFoundException`."
pub(super) fn delete(world: &World, input: &Value) -> Result<Value, AwsError> {
    let id = secret_id(input)?;
    let (force, days) = window(input)?;
    let now = world.clock().now();
    let delay = SignedDuration::try_from(world.pace().secret_delete).unwrap_or_default();
    let mut state = world.state();
    let secret = match state.secretsmanager.find(id, now) {
        Ok(secret) => secret,
        Err(_) if force => {
            let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{id}");
            return Ok(json!({"ARN": arn, "Name": id, "DeletionDate": epoch(now)}));
        }
        Err(error) => return Err(error),
    };
    if secret.owner.is_some() {
        return Err(invalid_request(
            "The secret is managed by another service, and you must use that service to update \
             it.",
        ));
    }
    if !secret.replicas.is_empty() {
        let regions: Vec<&str> = secret.replicas.keys().map(String::as_str).collect();
        return Err(invalid_parameter(format!(
            "You can't delete secret {} that still has replica regions [{}]",
            secret.name,
            regions.join(", ")
        )));
    }
    let mut answer = named(secret);
    if force {
        if !secret.forced {
            secret.deletion = Some(now + delay);
            secret.forced = true;
        }
        answer["DeletionDate"] = json!(epoch(now));
    } else {
        let ends = now + SignedDuration::from_hours(24 * days);
        usable(secret)?.deletion = Some(ends);
        answer["DeletionDate"] = json!(epoch(ends));
    }
    Ok(answer)
}

pub(super) fn restore(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().now();
    let mut state = world.state();
    let secret = state.secretsmanager.find(secret_id(input)?, now)?;
    if secret.forced {
        return Err(invalid_request("A secret that was deleted without recovery is not restored."));
    }
    secret.deletion = None;
    Ok(named(secret))
}
