//! Log events: put, read, searched.

use serde_json::{Value, json};

use super::pattern::Pattern;
use super::{Event, State, answer_page, invalid, limit};
use crate::wire::{AwsError, page_offset};

/// "Each page returned can contain up to 1 MB of log events or up to 10,000 log events"; so can a
/// batch.
const MOST: usize = 10_000;

/// "The maximum batch size is 1,048,576 bytes. This size is calculated as the sum of all event
/// messages in UTF-8, plus 26 bytes for each log event."
const MEGABYTE: usize = 1_048_576;

fn size(message: &str) -> usize {
    message.len() + 26
}

/// How many of these events fit into one page. A single one always does.
fn fitting<'a>(events: impl Iterator<Item = &'a Event>) -> usize {
    let mut total = 0;
    let fits = |(n, it): &(usize, &Event)| {
        total += size(&it.message);
        *n == 0 || total <= MEGABYTE
    };
    events.enumerate().take_while(fits).count()
}

const HOUR: i64 = 3_600_000;

/// "The log events in the batch must be in chronological order by their timestamp. … Otherwise, the
/// operation fails. … For valid events (within 14 days in the past to 2 hours in future), the time
/// span in a single batch cannot exceed 24 hours. Otherwise, the operation fails." An event that is out of its time does not fail the batch: "Events more than 2
/// hours in the future are rejected while processing remaining valid events. Events older than 14
/// days or preceding the log group's retention period are rejected while processing remaining valid
/// events."
pub(super) fn put(state: &mut State, input: &Value, now: i64) -> Result<Value, AwsError> {
    let events = batch(input)?;
    let retention = state.group(input)?.1.retention;
    let mut number = state.lines;
    let stream = state.stream(input)?;
    let too_old = now - 14 * 24 * HOUR;
    let expired = now - retention.unwrap_or(i64::MAX / 24 / HOUR).saturating_mul(24 * HOUR);
    let too_new = now + 2 * HOUR;
    check_span(&events, too_old, too_new)?;
    let before = |limit: i64| events.iter().filter(|it| it.0 < limit).count();
    let (old_end, expired_end) = (before(too_old), before(expired));
    let new_start = events.iter().position(|it| it.0 > too_new);
    for (at, message) in events {
        if at >= too_old.max(expired) && at <= too_new {
            number += 1;
            stream.events.push(Event { number, at, ingested: now, message });
        }
    }
    stream.events.sort_by_key(|it| it.at);
    state.lines = number;
    // "The sequence token is now ignored in PutLogEvents actions."
    let mut answer = json!({"nextSequenceToken": format!("{number:056}")});
    let mut reject = |member: &str, index: usize| {
        answer["rejectedLogEventsInfo"][member] = json!(index);
    };
    if old_end > 0 {
        reject("tooOldLogEventEndIndex", old_end);
    }
    if expired_end > 0 {
        reject("expiredLogEventEndIndex", expired_end);
    }
    if let Some(index) = new_start {
        reject("tooNewLogEventStartIndex", index);
    }
    Ok(answer)
}

fn batch(input: &Value) -> Result<Vec<(i64, String)>, AwsError> {
    let events = input["logEvents"].as_array().map_or(&[][..], Vec::as_slice);
    if events.is_empty() || events.len() > MOST {
        return Err(invalid(format!("logEvents must have between 1 and {MOST} members")));
    }
    let mut batch = Vec::new();
    for event in events {
        let (at, message) = (event["timestamp"].as_i64(), event["message"].as_str());
        match (at, message) {
            (Some(at @ 0..), Some(message)) if !message.is_empty() => {
                batch.push((at, message.to_owned()));
            }
            _ => return Err(invalid("A log event needs a timestamp and a message.")),
        }
    }
    if !batch.is_sorted_by_key(|it| it.0) {
        let message = "Log events in a single PutLogEvents request must be in chronological order.";
        return Err(invalid(message));
    }
    if batch.iter().map(|it| size(&it.1)).sum::<usize>() > MEGABYTE {
        return Err(invalid(format!("Upload too large: more than {MEGABYTE} bytes.")));
    }
    Ok(batch)
}

fn check_span(events: &[(i64, String)], from: i64, to: i64) -> Result<(), AwsError> {
    let mut valid = events.iter().map(|it| it.0).filter(|it| (from..=to).contains(it));
    let first = valid.next().unwrap_or(0);
    if valid.next_back().is_some_and(|last| last - first > 24 * HOUR) {
        let message =
            "A batch of log events in a single PutLogEvents request cannot span 24 hours.";
        return Err(invalid(message));
    }
    Ok(())
}

/// "If the value is true, the earliest log events are returned first. If the value is false, the
/// latest log events are returned first." Within a page they are in order either way. "As long as
/// the nextBackwardToken or nextForwardToken returned is NOT equal to the nextToken that you passed
/// into the API call, there might be more log events available. … The returned tokens are never
/// null."
pub(super) fn get(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    let limit = limit(input, MOST)?;
    let events = in_range(&state.stream(input)?.events, input);
    let forwards = |start: usize| {
        let start = start.min(events.len());
        (start, start + fitting(events[start..].iter().take(limit)))
    };
    let backwards = |end: usize| {
        let end = end.min(events.len());
        (end - fitting(events[..end].iter().rev().take(limit)), end)
    };
    let (start, end) = match input["nextToken"].as_str() {
        None if input["startFromHead"] == true => forwards(0),
        None => backwards(events.len()),
        Some(token) => match token.split_once('/').map(|(way, it)| (way, it.parse())) {
            Some(("f", Ok(start))) => forwards(start),
            Some(("b", Ok(end))) => backwards(end),
            _ => return Err(invalid("The specified nextToken is invalid.")),
        },
    };
    let shown = events[start..end]
        .iter()
        .map(|it| json!({"timestamp": it.at, "message": it.message, "ingestionTime": it.ingested}));
    Ok(json!({
        "events": shown.collect::<Vec<_>>(),
        "nextForwardToken": format!("f/{end:056}"),
        "nextBackwardToken": format!("b/{start:056}"),
    }))
}

/// "If you specify a value for both logStreamNames and logStreamNamePrefix, the action returns an
/// `InvalidParameterException` error. … The returned log events are sorted by event timestamp".
pub(super) fn filter(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    let limit = limit(input, MOST)?;
    let pattern = Pattern::read(input["filterPattern"].as_str().unwrap_or_default())?;
    let (names, prefix) = (input["logStreamNames"].as_array(), &input["logStreamNamePrefix"]);
    if names.is_some() && !prefix.is_null() {
        let message = "logStreamNames and logStreamNamePrefix are mutually exclusive.";
        return Err(invalid(message));
    }
    let prefix = prefix.as_str().unwrap_or_default();
    let (_, group) = state.group(input)?;
    let wanted = |name: &str| {
        name.starts_with(prefix) && names.is_none_or(|it| it.iter().any(|it| it == name))
    };
    let mut found: Vec<(&str, Event)> = Vec::new();
    for (name, stream) in group.streams.iter().filter(|(name, _)| wanted(name)) {
        let events = in_range(&stream.events, input).into_iter();
        let matching = events.filter(|it| pattern.matches(&it.message));
        found.extend(matching.map(|it| (name.as_str(), it)));
    }
    found.sort_by_key(|(_, it)| (it.at, it.ingested, it.number));
    let start = input["nextToken"].as_str().and_then(page_offset).unwrap_or(0);
    let limit = fitting(found.iter().skip(start).take(limit).map(|(_, it)| it));
    let shown = |(name, it): (&str, Event)| {
        json!({
            "logStreamName": name,
            "timestamp": it.at,
            "message": it.message,
            "ingestionTime": it.ingested,
            "eventId": format!("{:056}", it.number),
        })
    };
    let found: Vec<Value> = found.into_iter().map(shown).collect();
    let mut answer = answer_page("events", &found, input, limit)?;
    // AWS has stopped filling it in.
    answer["searchedLogStreams"] = json!([]);
    Ok(answer)
}

/// "Events with a timestamp equal to this time or later than this time are included"; for the end:
/// "Events with a timestamp equal to or later than this time are not included."
fn in_range(events: &[Event], input: &Value) -> Vec<Event> {
    let start = input["startTime"].as_i64().unwrap_or(i64::MIN);
    let end = input["endTime"].as_i64().unwrap_or(i64::MAX);
    events.iter().filter(|it| it.at >= start && it.at < end).cloned().collect()
}
