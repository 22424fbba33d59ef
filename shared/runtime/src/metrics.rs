//! Metrics in `CloudWatch`'s embedded format: lines of the function's own log.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
const NAMESPACE: &str = "Quayside";
/// The target of events whose field `emf` is a line of metrics.
pub(crate) const TARGET: &str = "quayside::metrics";

/// A line of metrics: each with its name, unit and value, once for the first dimension alone and once
/// for all of them together.
pub fn line(now: Timestamp, dimensions: &[(&str, &str)], metrics: &[(&str, &str, f64)]) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut sets = vec![names.clone()];
    if names.len() > 1 {
        sets.insert(0, names.first().copied().into_iter().collect());
    }
    let units: Value =
        metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let aws = json!({
        "Timestamp": now.as_millisecond(),
        "CloudWatchMetrics": [{
            "Namespace": NAMESPACE,
            "Dimensions": sets,
            "Metrics": units,
        }],
    });
    let mut members = Map::from_iter([("_aws".to_owned(), aws)]);
    members.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    members.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))));
    Value::Object(members)
}

/// Writes a line of metrics to the log, where `CloudWatch` finds it.
pub fn emit(line: &Value) {
    tracing::info!(target: TARGET, emf = line.to_string());
}
