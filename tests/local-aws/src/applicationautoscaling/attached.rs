//! What belongs to a scalable target: policies and scheduled actions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Key, State, constraint, invalid, missing, names, paged, text};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

const POLICY_TYPES: [&str; 3] = ["StepScaling", "TargetTrackingScaling", "PredictiveScaling"];

/// AWS: "You cannot create a scaling policy until you have registered the resource as a scalable
/// target."
pub(super) fn put_policy(world: &World, input: &Value) -> Answer {
    let (key, name) = (Key::read(input)?, text(input, "PolicyName")?);
    let created = world.clock().epoch_seconds();
    let mut state = world.state();
    let scaling = &mut state.applicationautoscaling;
    scaling.target(&key)?;
    let before = scaling.policies.get(&(key.clone(), name.to_owned())).cloned();
    let mut shown = match before {
        Some(before) => before,
        None => {
            let arn = arn(scaling, "scalingPolicy", &key, &format!("policyName/{name}"));
            json!({"PolicyARN": arn, "CreationTime": created, "Alarms": []})
        }
    };
    overwrite(&mut shown, input);
    let kind = shown["PolicyType"].as_str().unwrap_or_default().to_owned();
    if !POLICY_TYPES.contains(&kind.as_str()) {
        let must = format!("satisfy enum value set: [{}]", POLICY_TYPES.join(", "));
        return Err(constraint(&kind, "policyType", &must));
    }
    if !shown[format!("{kind}PolicyConfiguration")].is_object() {
        return Err(invalid(format!("{kind}PolicyConfiguration is required for {kind} policies.")));
    }
    shown["PolicyType"] = json!(kind);
    let answer = json!({"PolicyARN": shown["PolicyARN"], "Alarms": shown["Alarms"]});
    scaling.policies.insert((key, name.to_owned()), shown);
    Ok(answer)
}

/// AWS: "You cannot create a scheduled action until you have registered the resource as a scalable
/// target."
pub(super) fn put_action(world: &World, input: &Value) -> Answer {
    let (key, name) = (Key::read(input)?, text(input, "ScheduledActionName")?);
    let created = world.clock().epoch_seconds();
    let mut state = world.state();
    let scaling = &mut state.applicationautoscaling;
    scaling.target(&key)?;
    let before = scaling.actions.get(&(key.clone(), name.to_owned())).cloned();
    let mut shown = match before {
        // "If you don't specify start and end times, the old values are deleted."
        Some(mut before) => {
            let members = before.as_object_mut().expect("an action is a structure");
            members.retain(|member, _| !matches!(member.as_str(), "StartTime" | "EndTime"));
            before
        }
        None => {
            let arn = arn(scaling, "scheduledAction", &key, &format!("scheduledActionName/{name}"));
            json!({"ScheduledActionARN": arn, "CreationTime": created})
        }
    };
    overwrite(&mut shown, input);
    let schedule = shown["Schedule"].as_str().unwrap_or_default();
    let known = ["at(", "rate(", "cron("].iter().any(|it| schedule.starts_with(it));
    if !known || !schedule.ends_with(')') {
        return Err(invalid("Schedule must be an at, rate or cron expression."));
    }
    if !shown["ScalableTargetAction"].is_object() {
        return Err(invalid("A scheduled action must have a MinCapacity or a MaxCapacity."));
    }
    scaling.actions.insert((key, name.to_owned()), shown);
    Ok(json!({}))
}

fn arn(scaling: &mut State, kind: &str, key: &Key, name: &str) -> String {
    let id = scaling.next_id();
    let resource = format!("resource/{}/{}", key.namespace, key.resource);
    format!("arn:aws:autoscaling:{REGION}:{ACCOUNT}:{kind}:{id}:{resource}:{name}")
}

/// AWS: "To update …, specify the parameters that you want to change."
fn overwrite(shown: &mut Value, input: &Value) {
    for (member, value) in input.as_object().into_iter().flatten() {
        if !value.is_null() {
            shown[member] = value.clone();
        }
    }
}

pub(super) fn describe_policies(world: &World, input: &Value) -> Answer {
    let state = world.state();
    let all = &state.applicationautoscaling.policies;
    paged("ScalingPolicies", &found(all, input, "PolicyNames")?, input)
}

pub(super) fn describe_actions(world: &World, input: &Value) -> Answer {
    let state = world.state();
    let all = &state.applicationautoscaling.actions;
    paged("ScheduledActions", &found(all, input, "ScheduledActionNames")?, input)
}

fn found(
    all: &BTreeMap<(Key, String), Value>,
    input: &Value,
    member: &str,
) -> Result<Vec<Value>, AwsError> {
    text(input, "ServiceNamespace")?;
    let wanted = names(input, member)?;
    let all = all.iter().filter(|((key, name), _)| {
        key.is_wanted(input) && (wanted.is_empty() || wanted.contains(&name.as_str()))
    });
    Ok(all.map(|(_, shown)| shown.clone()).collect())
}

pub(super) fn delete_policy(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    remove(&mut state.applicationautoscaling.policies, input, "PolicyName", "scaling policy")
}

pub(super) fn delete_action(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let actions = &mut state.applicationautoscaling.actions;
    remove(actions, input, "ScheduledActionName", "scheduled action")
}

fn remove(
    all: &mut BTreeMap<(Key, String), Value>,
    input: &Value,
    member: &str,
    what: &str,
) -> Answer {
    let of = (Key::read(input)?, text(input, member)?.to_owned());
    let message = || {
        let Key { namespace, resource, dimension } = &of.0;
        missing(&format!(
            "No {what} found for service namespace: {namespace}, resource ID: {resource}, \
             scalable dimension: {dimension}, name: {}",
            of.1
        ))
    };
    all.remove(&of).map(|_| json!({})).ok_or_else(message)
}
