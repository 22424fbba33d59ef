//! What an alarm watches, and what it compares it with, in words.

use serde_json::Value;

use super::message::{at, first, list};
use super::text::{duration, flat, line};

/// What is watched, a thing and each of its dimensions on a line: the metric, the expressions and what
/// they are of, or a query. `of` is SNS's `Trigger`, or an event's `configuration`.
pub(super) fn metrics(of: &Value) -> Vec<String> {
    let all = ["Metrics", "metrics"].iter().map(|it| list(of, it)).find(|it| !it.is_empty());
    match all {
        None => single(of),
        // What is returned is what is compared: it comes first.
        Some(all) => {
            let (mut lines, rest): (Vec<&Value>, Vec<&Value>) =
                all.iter().partition(|it| returns(it));
            lines.extend(rest);
            let alone = lines.len() == 1;
            lines.into_iter().flat_map(|it| one(it, alone)).collect()
        }
    }
}

/// `>= 5 for 3 of 5 periods of 1 min`.
pub(super) fn threshold(of: &Value) -> Option<String> {
    let comparison = first(of, &["ComparisonOperator", "comparisonOperator"])?;
    let band = first(of, &["ThresholdMetricId", "thresholdMetricId"]);
    let number = || first(of, &["Threshold", "threshold"]).map(|it| whole(&it));
    let against = band.or_else(number).unwrap_or_default();
    let comparison = match comparison.as_str() {
        "GreaterThanOrEqualToThreshold" => ">=",
        "GreaterThanThreshold" => ">",
        "LessThanOrEqualToThreshold" => "<=",
        "LessThanThreshold" => "<",
        "LessThanLowerOrGreaterThanUpperThreshold" => "outside the band",
        "LessThanLowerThreshold" => "below the band",
        "GreaterThanUpperThreshold" => "above the band",
        other => other,
    };
    let periods = periods(of).map(|it| format!(" for {it}")).unwrap_or_default();
    Some(line(&format!("{comparison} {against}{periods}")))
}

fn periods(of: &Value) -> Option<String> {
    let number = |names: &[&str]| first(of, names)?.parse::<u64>().ok();
    let all = number(&["EvaluationPeriods", "evaluationPeriods"])?;
    let enough = number(&["DatapointsToAlarm", "datapointsToAlarm"]).filter(|it| *it != all);
    let enough = enough.map(|it| format!("{it} of ")).unwrap_or_default();
    let noun = if all == 1 { "period" } else { "periods" };
    let own = ["Period", "Metrics/0/MetricStat/Period", "Metrics/0/Period"];
    let length = number(&own).map(|it| format!(" of {}", duration(it)));
    Some(format!("{enough}{all} {noun}{}", length.unwrap_or_default()))
}

/// The metric of an alarm that has just one.
fn single(of: &Value) -> Vec<String> {
    let name = first(of, &["MetricName", "metricName"]);
    let Some(name) = name else { return Vec::new() };
    let kind = ["ExtendedStatistic", "Statistic", "extendedStatistic", "statistic"];
    let mut lines = vec![described(of, &name, first(of, &kind))];
    lines.extend(dimensions(at(of, "Dimensions").or_else(|| at(of, "dimensions"))));
    lines
}

/// One of several metrics; its id says where an expression uses it.
fn one(metric: &Value, alone: bool) -> Vec<String> {
    let id = first(metric, &["Id", "id"]).filter(|_| !alone);
    let id = id.map(|it| format!("{it} = ")).unwrap_or_default();
    if let Some(expression) = first(metric, &["Expression", "expression"]) {
        let label = first(metric, &["Label", "label"]).filter(|it| *it != expression);
        let label = label.map(|it| format!(" ({it})")).unwrap_or_default();
        return vec![format!("{id}{expression}{label}")];
    }
    let stat = ["MetricStat", "metricStat"].iter().find_map(|it| at(metric, it));
    let stat = stat.unwrap_or(metric);
    let of = ["Metric", "metric"].iter().find_map(|it| at(stat, it)).unwrap_or(stat);
    let named = |names: &[&str]| first(of, names);
    let Some(name) = named(&["MetricName", "metricName", "Name", "name"]) else {
        // A kind of metric that is not known yet is shown as it is.
        return flat(metric).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    };
    let namespace =
        named(&["Namespace", "namespace"]).map(|it| format!("{it} ")).unwrap_or_default();
    let kind = first(stat, &["Stat", "stat"]);
    let mut lines = vec![format!("{id}{}", timed(&format!("{namespace}{name}"), stat, kind))];
    lines.extend(dimensions(at(of, "Dimensions").or_else(|| at(of, "dimensions"))));
    lines
}

fn described(of: &Value, name: &str, statistic: Option<String>) -> String {
    let namespace = first(of, &["Namespace", "namespace"]).map(|it| format!("{it} "));
    timed(&format!("{}{name}", namespace.unwrap_or_default()), of, statistic)
}

/// With the statistic and the period behind it: `…, sum over 1 min`.
fn timed(name: &str, of: &Value, statistic: Option<String>) -> String {
    let period = first(of, &["Period", "period"]).and_then(|it| it.parse().ok()).map(duration);
    let over = period.map(|it| format!(" over {it}")).unwrap_or_default();
    match statistic {
        Some(statistic) => format!("{name}, {}{over}", statistic.to_lowercase()),
        None => format!("{name}{over}"),
    }
}

/// SNS has a list of names and values, events have an object.
fn dimensions(of: Option<&Value>) -> Vec<String> {
    let pairs = match of {
        Some(Value::Array(all)) => all
            .iter()
            .filter_map(|it| Some((first(it, &["name", "Name"])?, first(it, &["value", "Value"])?)))
            .collect(),
        Some(named) => flat(named),
        None => Vec::new(),
    };
    pairs.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

/// `ReturnData` comes as a boolean, as `"True"`, or not at all.
fn returns(metric: &Value) -> bool {
    let said = first(metric, &["ReturnData", "returnData"]);
    said.is_none_or(|it| it.eq_ignore_ascii_case("true"))
}

/// `5` for `5.0`.
pub(super) fn whole(number: &str) -> String {
    number.strip_suffix(".0").unwrap_or(number).to_owned()
}
