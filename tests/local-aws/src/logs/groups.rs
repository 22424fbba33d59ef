//! Log groups and their streams.

use serde_json::{Value, json};

use super::{Group, State, Stream, answer_page, group_arn, invalid, limit, tags, text};
use crate::wire::AwsError;

fn exists_already(what: &str) -> AwsError {
    let message = format!("The specified log {what} already exists");
    AwsError::bad("ResourceAlreadyExistsException", message)
}

/// "Log group names can be between 1 and 512 characters long. Log group names consist of the
/// following characters: a-z, A-Z, 0-9, '_' (underscore), '-' (hyphen), '/' (forward slash), '.'
/// (period), and '#' (number sign). Log group names can't start with the string aws/".
pub(super) fn create(state: &mut State, input: &Value, now: i64) -> Result<Value, AwsError> {
    let name = text(input, "logGroupName")?;
    let valid = |it: char| it.is_ascii_alphanumeric() || "_-/.#".contains(it);
    if name.len() > 512 || !name.chars().all(valid) || name.starts_with("aws/") {
        return Err(invalid(format!("'{name}' is not a valid logGroupName")));
    }
    if state.groups.contains_key(name) {
        return Err(exists_already("group"));
    }
    let tags = tags::read(&input["tags"])?;
    state.groups.insert(name.to_owned(), Group { created: now, tags, ..Group::default() });
    Ok(json!({}))
}

pub(super) fn delete(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    let name = state.group(input)?.0.to_owned();
    state.groups.remove(&name);
    Ok(json!({}))
}

/// "logGroupNamePrefix and logGroupNamePattern are mutually exclusive"; the pattern is "a
/// case-sensitive substring search".
pub(super) fn describe(state: &State, input: &Value) -> Result<Value, AwsError> {
    let limit = limit(input, 50)?;
    let (prefix, pattern) = (&input["logGroupNamePrefix"], &input["logGroupNamePattern"]);
    if !prefix.is_null() && !pattern.is_null() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive.";
        return Err(invalid(message));
    }
    let (prefix, pattern) = (prefix.as_str().unwrap_or(""), pattern.as_str().unwrap_or(""));
    let wanted =
        state.groups.iter().filter(|(it, _)| it.starts_with(prefix) && it.contains(pattern));
    let groups: Vec<Value> = wanted.map(|(name, group)| shown(name, group)).collect();
    answer_page("logGroups", &groups, input, limit)
}

fn shown(name: &str, group: &Group) -> Value {
    let mut shown = json!({
        "logGroupName": name,
        "creationTime": group.created,
        "metricFilterCount": 0,
        "arn": format!("{}:*", group_arn(name)),
        "logGroupArn": group_arn(name),
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    });
    if let Some(days) = group.retention {
        shown["retentionInDays"] = json!(days);
    }
    shown
}

/// "Possible values are: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
/// 2192, 2557, 2922, 3288, and 3653."
const DAYS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) fn put_retention(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    let days = input["retentionInDays"].as_i64().filter(|it| DAYS.contains(it));
    let days = days.ok_or_else(|| invalid("retentionInDays is not one of the allowed values"))?;
    state.group(input)?.1.retention = Some(days);
    Ok(json!({}))
}

/// "Log stream names can be between 1 and 512 characters long. Don't use ':' (colon) or '*'
/// (asterisk) characters."
pub(super) fn create_stream(state: &mut State, input: &Value, now: i64) -> Result<Value, AwsError> {
    let name = text(input, "logStreamName")?;
    if name.chars().count() > 512 || name.contains([':', '*']) {
        return Err(invalid(format!("'{name}' is not a valid logStreamName")));
    }
    let (_, group) = state.group(input)?;
    if group.streams.contains_key(name) {
        return Err(exists_already("stream"));
    }
    group.streams.insert(name.to_owned(), Stream { created: now, ..Stream::default() });
    Ok(json!({}))
}

/// "If the value is `LogStreamName`, the results are ordered by log stream name. If the value is
/// `LastEventTime`, the results are ordered by the event time. … If you order the results by event
/// time, you cannot specify the logStreamNamePrefix parameter."
pub(super) fn describe_streams(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    let limit = limit(input, 50)?;
    let by_time = input["orderBy"] == "LastEventTime";
    if by_time && !input["logStreamNamePrefix"].is_null() {
        let message = "Cannot order by LastEventTime with a logStreamNamePrefix.";
        return Err(invalid(message));
    }
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let (group_name, group) = state.group(input)?;
    let arn = group_arn(group_name);
    let mut streams: Vec<(&String, &Stream)> =
        group.streams.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    if by_time {
        streams.sort_by_key(|(_, it)| it.events.last().map(|it| it.at));
    }
    if input["descending"] == true {
        streams.reverse();
    }
    let streams: Vec<Value> =
        streams.into_iter().map(|(name, stream)| shown_stream(&arn, name, stream)).collect();
    answer_page("logStreams", &streams, input, limit)
}

fn shown_stream(group_arn: &str, name: &str, stream: &Stream) -> Value {
    let mut shown = json!({
        "logStreamName": name,
        "creationTime": stream.created,
        "arn": format!("{group_arn}:log-stream:{name}"),
        "storedBytes": 0,
    });
    if let (Some(first), Some(last)) = (stream.events.first(), stream.events.last()) {
        shown["firstEventTimestamp"] = json!(first.at);
        shown["lastEventTimestamp"] = json!(last.at);
        shown["lastIngestionTime"] = json!(last.ingested);
    }
    shown
}
