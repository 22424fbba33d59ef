//! Members as the protocols have them: `CloudWatch` takes three.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::wire::{Call, Protocol, is_timestamp};

const BOOLEANS: [&str; 2] = ["ActionsEnabled", "ReturnData"];
const NUMBERS: [&str; 7] = [
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "DatapointsToAlarm",
    "EvaluationInterval",
    "EvaluationPeriods",
    "MaxRecords",
    "Period",
];

/// The input with numbers and booleans as such: the query protocol has only text, and a client may
/// send a whole threshold as a whole number.
pub(super) fn typed(call: &Call) -> Value {
    each(&call.input, &|name, value| match name {
        "Threshold" => Some(json!(number(value)?)),
        name if NUMBERS.contains(&name) => Some(json!(number(value)? as i64)),
        name if BOOLEANS.contains(&name) => Some(json!(value.as_str()? == "true")),
        _ => None,
    })
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The answer, whose times are text in the query protocol.
pub(super) fn told(call: &Call, answer: Value) -> Value {
    match call.protocol() {
        Protocol::Query => each(&answer, &|name, value| {
            let seconds = value.as_f64().filter(|_| is_timestamp(name))?;
            let at = Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()?;
            Some(json!(at.to_string()))
        }),
        _ => answer,
    }
}

/// A structure in which `change` may replace members.
fn each(value: &Value, change: &dyn Fn(&str, &Value) -> Option<Value>) -> Value {
    match value {
        Value::Object(members) => {
            let changed = members.iter().map(|(name, value)| {
                let new = change(name, value).unwrap_or_else(|| each(value, change));
                (name.clone(), new)
            });
            Value::Object(changed.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|it| each(it, change)).collect(),
        other => other.clone(),
    }
}
