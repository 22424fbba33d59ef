//! Secrets of containers: from Secrets Manager and from Parameter Store, into the environment.

use serde_json::Value;

use crate::wire::AwsError;
use crate::world::World;
use crate::{secretsmanager, ssm};

/// AWS: "The secret name must be unique and not shared with any new or existing environment
/// variables set on the container".
pub(super) fn check_names(container: &Value, environment: &Value) -> Result<(), AwsError> {
    let environment = environment.as_array().map_or(&[][..], Vec::as_slice);
    let mut names = container["secrets"].as_array().into_iter().flatten().map(|it| &it["name"]);
    let shared = names.find(|name| environment.iter().any(|it| it["name"] == **name));
    let Some(name) = shared else { return Ok(()) };
    Err(AwsError::bad(
        "ClientException",
        format!(
            "The secret name must be unique and not shared with any new or existing environment \
             variables set on the container, such as '{}'.",
            name.as_str().unwrap_or_default()
        ),
    ))
}

/// The value behind `valueFrom`; `Err` says why no container of the task can start.
pub(super) fn value(world: &World, from: &str) -> Result<String, String> {
    let found = match is_secret(from) {
        true => secretsmanager::value(world, from).ok_or_else(|| no_secret(world, from)),
        false => ssm::value(world, from).ok_or_else(|| {
            format!(
                "unable to retrieve secrets from ssm: service call has been retried 1 time(s): \
                 invalid ssm parameters: {from}"
            )
        }),
    };
    found.map_err(|why| {
        format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution \
             resource retrieval failed: {why}"
        )
    })
}

/// A secret is named by its ARN only; every other name is a parameter's.
fn is_secret(from: &str) -> bool {
    from.starts_with("arn:") && from.split(':').nth(2) == Some("secretsmanager")
}

fn no_secret(world: &World, from: &str) -> String {
    let retried = "unable to retrieve secret from asm: service call has been retried 1 time(s)";
    let mut parts: Vec<&str> = from.split(':').collect();
    let key = parts.get(7).copied().unwrap_or_default().to_owned();
    // The secret is there, so it is its key that is not.
    if let Some(asked) = parts.get_mut(7).filter(|_| !key.is_empty()) {
        *asked = "";
        if secretsmanager::value(world, &parts.join(":")).is_some() {
            return format!(
                "{retried}: retrieved secret from Secrets Manager did not contain json key {key}"
            );
        }
    }
    format!(
        "{retried}: failed to fetch secret {from} from secrets manager: \
         ResourceNotFoundException: Secrets Manager can't find the specified secret."
    )
}
