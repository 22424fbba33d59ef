//! Service revisions: what a service ran, runs or is to run.

use serde_json::{Value, json};

use super::Key;
use crate::ecs::services::{INHERITED, invalid};
use crate::ecs::{State as Ecs, task_definitions};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

/// Records the service as it is now; the revision's ARN.
///
/// AWS: "Whenever you create or deploy a service, Amazon ECS automatically creates and captures the
/// configuration that you're trying to deploy in the service revision."
pub(super) fn make(ecs: &mut Ecs, key: &Key, now: f64) -> String {
    let service = &ecs.services[key];
    let number = uuid::Uuid::new_v4().as_u128() % 10_u128.pow(19);
    let path = format!("service-revision/{}/{}/{number:019}", key.0, key.1);
    let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{path}");
    let mut revision = json!({
        "serviceRevisionArn": arn,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "containerImages": images(ecs, service["taskDefinition"].as_str().unwrap_or_default()),
        "guardDutyEnabled": false,
        "createdAt": now,
    });
    for member in members() {
        if !service[member].is_null() {
            revision[member] = service[member].clone();
        }
    }
    ecs.native.revisions.insert(arn.clone(), revision);
    arn
}

/// What a revision has of its service.
fn members() -> impl Iterator<Item = &'static str> {
    ["taskDefinition", "loadBalancers", "serviceRegistries"].into_iter().chain(INHERITED)
}

fn images(ecs: &Ecs, definition: &str) -> Value {
    let definition = task_definitions::find(ecs, definition).unwrap_or(&Value::Null);
    let containers = definition["containerDefinitions"].as_array().into_iter().flatten();
    let image = |it: &Value| {
        let name = it["image"].as_str().unwrap_or_default();
        json!({"containerName": it["name"], "image": name, "imageDigest": ecs.images.digest(name)})
    };
    containers.map(image).collect()
}

/// Makes the service again what a revision says.
pub(super) fn restore(ecs: &mut Ecs, key: &Key, arn: &str) {
    let Some(revision) = ecs.native.revisions.get(arn) else { return };
    let Some(service) = ecs.services.get_mut(key).and_then(Value::as_object_mut) else { return };
    for member in members() {
        match &revision[member] {
            Value::Null => service.remove(member),
            value => service.insert(member.to_owned(), value.clone()),
        };
    }
}

/// The family and revision of the task definition of a service revision: `web:7`.
pub(super) fn runs(ecs: &Ecs, arn: &str) -> String {
    let revision = ecs.native.revisions.get(arn).unwrap_or(&Value::Null);
    let definition = revision["taskDefinition"].as_str().unwrap_or_default();
    definition.rsplit('/').next().unwrap_or_default().to_owned()
}

pub(in crate::ecs) fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let state = world.state();
    let find = |arn: &str| state.ecs.native.revisions.get(arn).cloned();
    let (found, failures) = by_arn(&input["serviceRevisionArns"], find)?;
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

/// What is there of some ARNs, and a failure for each that is not.
///
/// AWS: "You can specify a maximum of 20 ARNs."
pub(super) fn by_arn(
    arns: &Value,
    find: impl Fn(&str) -> Option<Value>,
) -> Result<(Vec<Value>, Vec<Value>), AwsError> {
    let arns = arns.as_array().map(Vec::as_slice).unwrap_or_default();
    if arns.is_empty() || arns.len() > 20 {
        return Err(invalid("The number of ARNs must be between 1 and 20."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in arns.iter().filter_map(Value::as_str) {
        match find(arn) {
            Some(it) => found.push(it),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok((found, failures))
}
