//! Scalable targets.

use serde_json::{Value, json};

use super::{Answer, Key, State, Target, invalid, names, paged, tags, text};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, State as Account, World};

/// AWS: "When you register a new scalable target, you must specify values for the minimum and
/// maximum capacity."
pub(super) fn register(world: &World, input: &Value) -> Answer {
    let key = Key::read(input)?;
    let tags = tags::read(&input["Tags"])?;
    let created = world.clock().epoch_seconds();
    let mut state = world.state();
    exists(&state, &key)?;
    let scaling = &mut state.applicationautoscaling;
    let before = scaling.targets.get(&key);
    let capacity = |member: &str| {
        let known = before.map_or(&Value::Null, |it| &it.shown[member]);
        let given = Some(&input[member]).filter(|it| !it.is_null()).unwrap_or(known);
        given.as_i64().ok_or_else(|| {
            invalid(format!("{member} is required when registering a new scalable target"))
        })
    };
    let (least, most) = (capacity("MinCapacity")?, capacity("MaxCapacity")?);
    if least < 0 || most < least {
        return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
    }
    let mut target = match scaling.targets.remove(&key) {
        Some(target) => target,
        None => Target { shown: fresh(scaling, &key, created), tags },
    };
    target.shown["MinCapacity"] = json!(least);
    target.shown["MaxCapacity"] = json!(most);
    if let Some(suspended) = input["SuspendedState"].as_object() {
        for (what, how) in suspended {
            target.shown["SuspendedState"][what] = how.clone();
        }
    }
    let answer = json!({"ScalableTargetARN": target.arn()});
    scaling.targets.insert(key, target);
    Ok(answer)
}

fn fresh(scaling: &mut State, key: &Key, created: f64) -> Value {
    let id = scaling.next_id();
    json!({
        "ServiceNamespace": key.namespace,
        "ResourceId": key.resource,
        "ScalableDimension": key.dimension,
        "RoleARN": format!(
            "arn:aws:iam::{ACCOUNT}:role/aws-service-role/{0}.application-autoscaling.\
             amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{0}",
            key.namespace
        ),
        "CreationTime": created,
        "SuspendedState": {
            "DynamicScalingInSuspended": false,
            "DynamicScalingOutSuspended": false,
            "ScheduledScalingSuspended": false,
        },
        "ScalableTargetARN":
            format!("arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/{id}"),
    })
}

/// Of the services that can be scaled only ECS is known here.
fn exists(state: &Account, key: &Key) -> Result<(), AwsError> {
    if key.namespace != "ecs" {
        return Ok(());
    }
    let parts: Vec<&str> = key.resource.split('/').collect();
    let ["service", cluster, service] = parts.as_slice() else {
        return Err(invalid("Unsupported service namespace, resource type or scalable dimension"));
    };
    let service = ((*cluster).to_owned(), (*service).to_owned());
    match state.ecs.services.contains_key(&service) {
        true => Ok(()),
        false => Err(invalid(format!("ECS service doesn't exist: {}", key.resource))),
    }
}

pub(super) fn describe(world: &World, input: &Value) -> Answer {
    text(input, "ServiceNamespace")?;
    let wanted = names(input, "ResourceIds")?;
    if !wanted.is_empty() && wanted.iter().any(|it| it.is_empty()) {
        return Err(invalid("A resource ID must have at least one character."));
    }
    let state = world.state();
    let all = state.applicationautoscaling.targets.iter().filter(|(key, _)| {
        key.is_wanted(input) && (wanted.is_empty() || wanted.contains(&key.resource.as_str()))
    });
    let all: Vec<Value> = all.map(|(_, target)| target.shown.clone()).collect();
    paged("ScalableTargets", &all, input)
}

/// AWS: "Deregistering a scalable target deletes the scaling policies and the scheduled actions
/// that are associated with it."
pub(super) fn deregister(world: &World, input: &Value) -> Answer {
    let key = Key::read(input)?;
    let mut state = world.state();
    let scaling = &mut state.applicationautoscaling;
    scaling.target(&key)?;
    scaling.targets.remove(&key);
    scaling.policies.retain(|(of, _), _| *of != key);
    scaling.actions.retain(|(of, _), _| *of != key);
    Ok(json!({}))
}
