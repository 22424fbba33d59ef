//! Amazon `CloudWatch` Logs: groups, streams, lines.

mod events;
mod groups;
mod pattern;
mod tags;

pub(crate) use tags::tagged;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tags::Tags;
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{ACCOUNT, REGION, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    groups: BTreeMap<String, Group>,
    /// How many lines there ever were.
    lines: u64,
}

#[derive(Default)]
struct Group {
    created: i64,
    retention: Option<i64>,
    tags: Tags,
    streams: BTreeMap<String, Stream>,
}

#[derive(Default)]
struct Stream {
    created: i64,
    /// Oldest first.
    events: Vec<Event>,
}

#[derive(Clone)]
struct Event {
    number: u64,
    at: i64,
    ingested: i64,
    message: String,
}

/// Writes the lines of a container or a function; group and stream are made where they are missing.
///
/// An event has at least one character, so log drivers drop empty lines.
pub(crate) fn append(
    world: &World,
    group: &str,
    stream: &str,
    lines: impl IntoIterator<Item = String>,
) {
    let now = world.clock().now().as_millisecond();
    let mut state = world.state();
    let state = &mut state.logs;
    let group = state.groups.entry(group.to_owned()).or_default();
    if group.created == 0 {
        group.created = now;
    }
    let stream = group.streams.entry(stream.to_owned()).or_default();
    if stream.created == 0 {
        stream.created = now;
    }
    for message in lines.into_iter().filter(|it| !it.is_empty()) {
        state.lines += 1;
        // Somebody may have put events up to two hours ahead of now.
        let end = stream.events.partition_point(|it| it.at <= now);
        let event = Event { number: state.lines, at: now, ingested: now, message };
        stream.events.insert(end, event);
    }
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let now = world.clock().now().as_millisecond();
    let mut state = world.state();
    let logs = &mut state.logs;
    let input = &call.input;
    let value = match call.operation.as_str() {
        "CreateLogGroup" => groups::create(logs, input, now),
        "DeleteLogGroup" => groups::delete(logs, input),
        "DescribeLogGroups" => groups::describe(logs, input),
        "PutRetentionPolicy" => groups::put_retention(logs, input),
        "TagResource" => tags::add(logs, input),
        "ListTagsForResource" => tags::list(logs, input),
        "CreateLogStream" => groups::create_stream(logs, input, now),
        "DescribeLogStreams" => groups::describe_streams(logs, input),
        "PutLogEvents" => events::put(logs, input, now),
        "GetLogEvents" => events::get(logs, input),
        "FilterLogEvents" => events::filter(logs, input),
        _ => return Err(unknown(call)),
    };
    value.map(Reply::Json)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

fn not_found(what: &str) -> AwsError {
    let message = format!("The specified log {what} does not exist.");
    AwsError::bad("ResourceNotFoundException", message)
}

fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    let text = input[member].as_str().filter(|it| !it.is_empty());
    text.ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
             Member must not be null"
        ))
    })
}

/// An operation's `limit`; without it, the most there is.
fn limit(input: &Value, most: usize) -> Result<usize, AwsError> {
    if input["limit"].is_null() {
        return Ok(most);
    }
    let limit = input["limit"].as_u64().and_then(|it| usize::try_from(it).ok());
    limit
        .filter(|it| (1..=most).contains(it))
        .ok_or_else(|| invalid(format!("limit must be between 1 and {most}")))
}

impl State {
    /// "You must include either logGroupIdentifier or logGroupName, but not both."
    fn group(&mut self, input: &Value) -> Result<(&str, &mut Group), AwsError> {
        let name = match (input["logGroupIdentifier"].as_str(), &input["logGroupName"]) {
            (Some(it), Value::Null) => {
                it.rsplit("log-group:").next().unwrap_or(it).trim_end_matches(":*")
            }
            (Some(_), _) => {
                return Err(invalid("LogGroup name and identifier cannot be both specified."));
            }
            (None, _) => text(input, "logGroupName")?,
        };
        match self.groups.range_mut(name.to_owned()..).next() {
            Some((found, group)) if found == name => Ok((found.as_str(), group)),
            _ => Err(not_found("group")),
        }
    }

    fn stream(&mut self, input: &Value) -> Result<&mut Stream, AwsError> {
        let name = text(input, "logStreamName")?;
        let (_, group) = self.group(input)?;
        group.streams.get_mut(name).ok_or_else(|| not_found("stream"))
    }
}

fn answer_page(
    member: &str,
    items: &[Value],
    input: &Value,
    limit: usize,
) -> Result<Value, AwsError> {
    let (items, next) = page(items, &input["nextToken"], limit, "InvalidParameterException")?;
    let mut answer = json!({member: items});
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

fn group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}")
}
