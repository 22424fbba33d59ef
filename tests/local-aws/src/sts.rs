//! STS: who is calling.

use serde_json::json;

use crate::wire::{AwsError, Call, Reply};
use crate::world::{ACCOUNT, World, unknown};

/// Answers one operation.
pub(crate) fn answer(_world: &World, call: &Call) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => {
            let role = call.caller.as_deref().unwrap_or("local");
            Ok(Reply::Json(json!({
                "Arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"),
                "UserId": "AROAEXAMPLE:session",
                "Account": ACCOUNT,
            })))
        }
        _ => Err(unknown(call)),
    }
}
