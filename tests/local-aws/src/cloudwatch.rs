//! `CloudWatch`: alarms and their tags. No metric is measured: an alarm's state is what
//! `SetAlarmState` says.

mod alarms;
mod describe;
mod members;
mod tags;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::{AwsError, Call, Reply, texts};
use crate::world::{ACCOUNT, REGION, State as Account, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    alarms: BTreeMap<String, Alarm>,
}

struct Alarm {
    is_composite: bool,
    /// As `DescribeAlarms` shows it.
    shown: Value,
    tags: BTreeMap<String, String>,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &members::typed(call);
    match call.operation.as_str() {
        "PutMetricAlarm" => alarms::put_metric(world, input),
        "PutCompositeAlarm" => alarms::put_composite(world, input),
        "DescribeAlarms" => describe::describe(world, input),
        "DeleteAlarms" => alarms::delete(world, input),
        "SetAlarmState" => alarms::set_state(world, input),
        "EnableAlarmActions" => alarms::enable(world, input, true),
        "DisableAlarmActions" => alarms::enable(world, input, false),
        "ListTagsForResource" => tags::list(world, input),
        "TagResource" => tags::tag(world, input),
        "UntagResource" => tags::untag(world, input),
        _ => Err(unknown(call)),
    }
    .map(|told| Reply::Json(members::told(call, told)))
}

/// Every alarm that has tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, BTreeMap<String, String>)> {
    let alarms = state.cloudwatch.alarms.iter();
    alarms.map(|(name, alarm)| (arn(name), alarm.tags.clone())).collect()
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

/// As AWS words a member that is outside its model.
fn constraint(value: &str, member: &str, must: &str) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {must}"
    ))
}

/// AWS: "Array Members: Maximum number of 100 items."
fn names(input: &Value) -> Result<Vec<&str>, AwsError> {
    let names = texts(&input["AlarmNames"]);
    match names.len() > 100 {
        true => {
            let shown = format!("[{}]", names.join(", "));
            Err(constraint(&shown, "alarmNames", "have length less than or equal to 100"))
        }
        false => Ok(names),
    }
}
