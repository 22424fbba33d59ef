//! Schedules: set, read, listed, deleted.

use serde_json::{Value, json};

use super::{
    Answer, DEFAULT, Key, Schedule, exists, groups, invalid, name, not_found, option, paged, timer,
};
use crate::events::schedule::Expression;
use crate::lambda;
use crate::wire::{AwsError, Call};
use crate::world::World;

fn key(world: &World, call: &Call) -> Result<Key, AwsError> {
    let group = option(call, "groupName", "GroupName").unwrap_or_else(|| DEFAULT.to_owned());
    if !groups::is_there(world, &group) {
        return Err(not_found("Schedule group", &group));
    }
    Ok(Key { group, name: name(call)? })
}

/// What `GetSchedule` will answer, or why the request is refused.
fn read(world: &World, call: &Call, key: &Key) -> Result<(Value, Expression), AwsError> {
    let input = &call.input;
    let text = input["ScheduleExpression"].as_str().unwrap_or_default();
    let expression = Expression::parse(text).map_err(|error| {
        invalid(error.replace("Parameter ScheduleExpression", "The expression"))
    })?;
    let zone = input["ScheduleExpressionTimezone"].as_str().unwrap_or("UTC");
    if zone != "UTC" {
        return Err(invalid("local-aws evaluates schedules in UTC only"));
    }
    match input["FlexibleTimeWindow"]["Mode"].as_str() {
        Some("OFF") => {}
        Some("FLEXIBLE") if input["FlexibleTimeWindow"]["MaximumWindowInMinutes"].is_u64() => {}
        _ => return Err(invalid("The flexible time window is not valid.")),
    }
    let target = &input["Target"];
    let function = target["Arn"].as_str().unwrap_or_default();
    if !function.starts_with("arn:aws:lambda:") || lambda::name_of(function).is_none() {
        return Err(invalid("local-aws invokes the functions of its own account only"));
    }
    if !target["RoleArn"].as_str().is_some_and(|it| it.starts_with("arn:aws:iam::")) {
        return Err(invalid("The execution role you provide must be a role of this account."));
    }
    check_failures(target)?;
    let after = input["ActionAfterCompletion"].as_str().unwrap_or("NONE");
    if !matches!(after, "NONE" | "DELETE") {
        return Err(invalid("The action after completion is neither NONE nor DELETE."));
    }
    let state = input["State"].as_str().unwrap_or("ENABLED");
    if !matches!(state, "ENABLED" | "DISABLED") {
        return Err(invalid("The state is neither ENABLED nor DISABLED."));
    }
    let now = world.clock().epoch_seconds();
    let mut shown = json!({
        "ActionAfterCompletion": after,
        "Arn": key.arn(),
        "CreationDate": now,
        "FlexibleTimeWindow": input["FlexibleTimeWindow"],
        "GroupName": key.group,
        "LastModificationDate": now,
        "Name": key.name,
        "ScheduleExpression": text,
        "ScheduleExpressionTimezone": zone,
        "State": state,
        "Target": target,
    });
    // Without a policy of its own a schedule is retried for a day, at most 185 times.
    for (member, default) in [("MaximumEventAgeInSeconds", 86400), ("MaximumRetryAttempts", 185)] {
        if target["RetryPolicy"][member].is_null() {
            shown["Target"]["RetryPolicy"][member] = json!(default);
        }
    }
    for member in ["Description", "StartDate", "EndDate", "KmsKeyArn"] {
        if !input[member].is_null() {
            shown[member] = input[member].clone();
        }
    }
    Ok((shown, expression))
}

/// The model's bounds of a retry policy. AWS, of the dead-letter queue: "EventBridge Scheduler does
/// not support using a FIFO queue as your schedule's DLQ."
fn check_failures(target: &Value) -> Result<(), AwsError> {
    for (member, bounds) in
        [("MaximumRetryAttempts", 0..=185), ("MaximumEventAgeInSeconds", 60..=86400)]
    {
        let value = &target["RetryPolicy"][member];
        if !value.is_null() && value.as_u64().is_none_or(|it| !bounds.contains(&it)) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{value}' at 'target.retryPolicy.{member}' \
                 failed to satisfy constraint: Member must be between {} and {}",
                bounds.start(),
                bounds.end()
            )));
        }
    }
    match target["DeadLetterConfig"]["Arn"].as_str() {
        Some(queue) if !queue.starts_with("arn:aws:sqs:") || queue.ends_with(".fifo") => {
            Err(invalid("The dead-letter queue must be a standard queue of Amazon SQS."))
        }
        _ => Ok(()),
    }
}

fn set(world: &World, key: &Key, shown: Value, expression: Expression) -> Value {
    {
        let mut state = world.state();
        state.scheduler.generations += 1;
        let generation = state.scheduler.generations;
        let schedule = Schedule { shown, expression, generation };
        state.scheduler.schedules.insert(key.clone(), schedule);
    }
    timer::start(world, key);
    json!({"ScheduleArn": key.arn()})
}

fn known(world: &World, key: &Key) -> Answer {
    let state = world.state();
    let found = state.scheduler.schedules.get(key);
    found.map(|it| it.shown.clone()).ok_or_else(|| not_found("Schedule", &key.name))
}

pub(super) fn create(world: &World, call: &Call) -> Answer {
    let key = key(world, call)?;
    let (shown, expression) = read(world, call, &key)?;
    if known(world, &key).is_ok() {
        return Err(exists("Schedule", &key.name));
    }
    Ok(set(world, &key, shown, expression))
}

/// "`EventBridge` Scheduler uses all values, including empty values, specified in the request and
/// overrides the existing schedule."
pub(super) fn update(world: &World, call: &Call) -> Answer {
    let key = key(world, call)?;
    let created = known(world, &key)?["CreationDate"].clone();
    let (mut shown, expression) = read(world, call, &key)?;
    shown["CreationDate"] = created;
    Ok(set(world, &key, shown, expression))
}

pub(super) fn get(world: &World, call: &Call) -> Answer {
    known(world, &key(world, call)?)
}

pub(super) fn list(world: &World, call: &Call) -> Answer {
    let group = option(call, "ScheduleGroup", "GroupName");
    if let Some(group) = group.as_ref().filter(|it| !groups::is_there(world, it)) {
        return Err(not_found("Schedule group", group));
    }
    let prefix = option(call, "NamePrefix", "NamePrefix").unwrap_or_default();
    let wanted = option(call, "State", "State");
    let state = world.state();
    let matching = state.scheduler.schedules.iter().filter(|(key, it)| {
        key.name.starts_with(&prefix)
            && group.as_ref().is_none_or(|group| key.group == *group)
            && wanted.as_ref().is_none_or(|wanted| it.shown["State"] == wanted.as_str())
    });
    let summaries: Vec<Value> = matching.map(|(_, it)| summary(&it.shown)).collect();
    paged(call, "Schedules", &summaries)
}

fn summary(shown: &Value) -> Value {
    let mut summary = json!({"Target": {"Arn": shown["Target"]["Arn"]}});
    for member in ["Arn", "CreationDate", "GroupName", "LastModificationDate", "Name", "State"] {
        summary[member] = shown[member].clone();
    }
    summary
}

pub(super) fn delete(world: &World, call: &Call) -> Answer {
    let key = key(world, call)?;
    known(world, &key)?;
    world.state().scheduler.schedules.remove(&key);
    Ok(json!({}))
}
