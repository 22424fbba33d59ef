//! `DescribeAlarms`.

use serde_json::{Value, json};

use super::{Alarm, Answer, constraint, invalid, names};
use crate::wire::{page, texts};
use crate::world::World;

/// AWS: "If you omit this parameter, only metric alarms are returned, even if composite alarms or
/// log alarms exist in the account."
pub(super) fn describe(world: &World, input: &Value) -> Answer {
    let names = names(input)?;
    let prefix = input["AlarmNamePrefix"].as_str();
    if prefix.is_some() && !names.is_empty() {
        return Err(invalid("AlarmNames and AlarmNamePrefix cannot be specified together."));
    }
    let mut types = texts(&input["AlarmTypes"]);
    if let Some(unknown) =
        types.iter().find(|it| !["MetricAlarm", "CompositeAlarm", "LogAlarm"].contains(it))
    {
        let must = "satisfy enum value set: [CompositeAlarm, MetricAlarm, LogAlarm]";
        return Err(constraint(unknown, "alarmTypes", must));
    }
    if types.is_empty() {
        types.push("MetricAlarm");
    }
    let limit = limit(input)?;
    let wanted = |name: &str, alarm: &Alarm| {
        let kind = if alarm.is_composite { "CompositeAlarm" } else { "MetricAlarm" };
        let state = &input["StateValue"];
        types.contains(&kind)
            && (names.is_empty() || names.contains(&name))
            && prefix.is_none_or(|it| name.starts_with(it))
            && (state.is_null() || alarm.shown["StateValue"] == *state)
            && acts(&alarm.shown, input["ActionPrefix"].as_str())
    };
    let state = world.state();
    let all = state.cloudwatch.alarms.iter().filter(|(name, alarm)| wanted(name, alarm));
    let all: Vec<&Alarm> = all.map(|(_, alarm)| alarm).collect();
    let (found, next) = page(&all, &input["NextToken"], limit, "InvalidNextToken")?;
    let of = |composite: bool| -> Vec<&Value> {
        found.iter().filter(|it| it.is_composite == composite).map(|it| &it.shown).collect()
    };
    let mut answer = json!({"MetricAlarms": of(false), "CompositeAlarms": of(true)});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

/// AWS: 1 to 100; a page has 50 alarms unless told.
fn limit(input: &Value) -> Result<usize, crate::AwsError> {
    match input["MaxRecords"].as_i64() {
        None => Ok(50),
        Some(count) => {
            usize::try_from(count).ok().filter(|it| (1..=100).contains(it)).ok_or_else(|| {
                constraint(&count.to_string(), "maxRecords", "have value between 1 and 100")
            })
        }
    }
}

fn acts(alarm: &Value, prefix: Option<&str>) -> bool {
    let lists = ["AlarmActions", "OKActions", "InsufficientDataActions"];
    prefix.is_none_or(|prefix| {
        lists.iter().any(|it| texts(&alarm[*it]).iter().any(|action| action.starts_with(prefix)))
    })
}
