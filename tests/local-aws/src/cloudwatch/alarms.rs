//! Alarms: put, set, switched and deleted.

use serde_json::{Value, json};

use super::{Alarm, Answer, State, arn, constraint, invalid, names, tags};
use crate::tags::tag_map;
use crate::wire::AwsError;
use crate::world::World;

const STATES: [&str; 3] = ["OK", "ALARM", "INSUFFICIENT_DATA"];
const COMPARISONS: [&str; 7] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
];

pub(super) fn put_metric(world: &World, input: &Value) -> Answer {
    for member in ["EvaluationPeriods", "ComparisonOperator"] {
        if input[member].is_null() {
            return Err(missing(member));
        }
    }
    let comparison = input["ComparisonOperator"].as_str().unwrap_or_default();
    if !COMPARISONS.contains(&comparison) {
        let must = format!("satisfy enum value set: [{}]", COMPARISONS.join(", "));
        return Err(constraint(comparison, "comparisonOperator", &must));
    }
    if input["EvaluationPeriods"].as_i64().is_some_and(|it| it < 1) {
        let value = input["EvaluationPeriods"].to_string();
        return Err(constraint(
            &value,
            "evaluationPeriods",
            "have value greater than or equal to 1",
        ));
    }
    match (input["MetricName"].is_string(), input["Metrics"].is_array()) {
        (true, true) => {
            return Err(combination("Metrics list cannot be specified with MetricName."));
        }
        (false, false) => return Err(invalid("Either MetricName or Metrics must be specified.")),
        (false, true) => {}
        (true, false) => {
            for member in ["Namespace", "Period", "Threshold"] {
                if input[member].is_null() {
                    return Err(missing(member));
                }
            }
            if input["Statistic"].is_string() == input["ExtendedStatistic"].is_string() {
                let message = "Exactly one of Statistic and ExtendedStatistic must be specified.";
                return Err(combination(message));
            }
        }
    }
    put(world, input, false)
}

pub(super) fn put_composite(world: &World, input: &Value) -> Answer {
    if input["AlarmRule"].as_str().is_none_or(str::is_empty) {
        return Err(missing("AlarmRule"));
    }
    put(world, input, true)
}

fn missing(member: &str) -> AwsError {
    let message = format!("The request must contain the parameter {member}");
    AwsError::bad("MissingRequiredParameterException", message)
}

fn combination(message: &str) -> AwsError {
    AwsError::bad("InvalidParameterCombinationException", message)
}

/// AWS: "When you update an existing alarm, its state is left unchanged, but the update completely
/// overwrites the previous configuration of the alarm." "If you are using this operation to update
/// an existing alarm, any tags you specify in this parameter are ignored."
fn put(world: &World, input: &Value, is_composite: bool) -> Answer {
    let name = input["AlarmName"].as_str().unwrap_or_default();
    if name.is_empty() || name.chars().count() > 255 {
        let must = "have length between 1 and 255";
        return Err(constraint(name, "alarmName", must));
    }
    let tags = tag_map(&input["Tags"]);
    tags::check(&tags)?;
    let now = world.clock().epoch_seconds();
    let mut shown = input.clone();
    if let Some(members) = shown.as_object_mut() {
        let request = ["Tags", "Action", "Version"];
        members.retain(|name, value| !value.is_null() && !request.contains(&name.as_str()));
    }
    shown["AlarmArn"] = json!(arn(name));
    shown["AlarmConfigurationUpdatedTimestamp"] = json!(now);
    let lists = ["AlarmActions", "OKActions", "InsufficientDataActions", "Dimensions"];
    for list in &lists[..if is_composite { 3 } else { 4 }] {
        if !shown[list].is_array() {
            shown[list] = json!([]);
        }
    }
    if !shown["ActionsEnabled"].is_boolean() {
        shown["ActionsEnabled"] = json!(true);
    }
    let mut state = world.state();
    let before = state.cloudwatch.alarms.get(name);
    if before.is_some_and(|it| it.is_composite != is_composite) {
        return Err(invalid("An alarm of another type has this name."));
    }
    let kept = ["StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp"];
    let fresh = json!({
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    });
    let source = before.map_or(&fresh, |it| &it.shown);
    for member in kept.into_iter().chain(["StateTransitionedTimestamp"]) {
        if !source[member].is_null() {
            shown[member] = source[member].clone();
        }
    }
    let tags = before.map_or(tags, |it| it.tags.clone());
    state.cloudwatch.alarms.insert(name.to_owned(), Alarm { is_composite, shown, tags });
    Ok(Value::Null)
}

/// AWS: "this total can include no more than one composite alarm"; "If you specify any incorrect
/// alarm names, the alarms you specify with correct names are still deleted."
pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let names = names(input)?;
    if names.is_empty() {
        return Err(missing("AlarmNames"));
    }
    let mut state = world.state();
    let alarms = &mut state.cloudwatch.alarms;
    let composite = |it: &&&str| alarms.get(**it).is_some_and(|it| it.is_composite);
    if names.iter().filter(composite).count() > 1 {
        return Err(invalid("Can't delete more than one composite alarm at a time."));
    }
    for name in &names {
        let child =
            |it: &Alarm| it.shown["AlarmRule"].as_str().is_some_and(|rule| names_in(rule, name));
        let parents =
            alarms.iter().filter(|(parent, it)| child(it) && !names.contains(&parent.as_str()));
        if parents.count() > 0 {
            let message =
                format!("Cannot delete {name} as there are composite alarm(s) depending on it.");
            return Err(invalid(message));
        }
    }
    let before = alarms.len();
    alarms.retain(|name, _| !names.contains(&name.as_str()));
    match before - alarms.len() {
        // The error is modelled; AWS does not say when it comes. The most a caller has to expect:
        // nothing was there to delete.
        0 => Err(AwsError::new(404, "ResourceNotFound", "")),
        _ => Ok(Value::Null),
    }
}

/// Whether a rule, such as `ALARM("cpu") OR OK(arn:…:alarm:cpu)`, names an alarm.
fn names_in(rule: &str, name: &str) -> bool {
    let (arn, mut words) = (arn(name), rule.split(['(', ')', '"', '\'']).map(str::trim));
    words.any(|it| it == name || it == arn)
}

impl State {
    fn alarm(&mut self, name: &str) -> Result<&mut Alarm, AwsError> {
        let gone = || AwsError::new(404, "ResourceNotFound", "");
        self.alarms.get_mut(name).ok_or_else(gone)
    }
}

/// Actions are not carried out: nobody here listens to them.
pub(super) fn set_state(world: &World, input: &Value) -> Answer {
    let (name, to) = (&input["AlarmName"], input["StateValue"].as_str().unwrap_or_default());
    if !STATES.contains(&to) {
        let must = format!("satisfy enum value set: [{}]", STATES.join(", "));
        return Err(constraint(to, "stateValue", &must));
    }
    let data = &input["StateReasonData"];
    if data.as_str().is_some_and(|it| serde_json::from_str::<Value>(it).is_err()) {
        return Err(AwsError::bad("InvalidFormatFault", "StateReasonData is not valid JSON"));
    }
    let now = json!(world.clock().epoch_seconds());
    let mut state = world.state();
    let alarm = &mut state.cloudwatch.alarm(name.as_str().unwrap_or_default())?.shown;
    if alarm["StateValue"] != to {
        alarm["StateTransitionedTimestamp"] = now.clone();
    }
    alarm["StateValue"] = json!(to);
    alarm["StateReason"] = json!(input["StateReason"].as_str().unwrap_or_default());
    alarm["StateUpdatedTimestamp"] = now;
    if data.is_string() {
        alarm["StateReasonData"] = data.clone();
    }
    Ok(Value::Null)
}

/// Names that are not there are passed over: neither operation models an error.
pub(super) fn enable(world: &World, input: &Value, enabled: bool) -> Answer {
    let mut state = world.state();
    for name in names(input)? {
        if let Ok(alarm) = state.cloudwatch.alarm(name) {
            alarm.shown["ActionsEnabled"] = json!(enabled);
        }
    }
    Ok(Value::Null)
}
