//! `PagerDuty`'s Events API v2: <https://developer.pagerduty.com/docs/events-api-v2-overview>

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::address::hex;
use super::reply::{Message, Reply, Verdict, characters};

const SIZE: usize = 512 * 1024;

/// What somebody was called for.
pub(crate) struct Incident {
    pub(super) key: String,
    pub(super) state: &'static str,
    pub(super) event: Value,
}

pub(super) fn judge(message: &Message<'_>) -> Verdict {
    let errors = match &message.json {
        _ if message.raw.len() > SIZE => vec!["Event is larger than 512 KB".to_owned()],
        None => vec!["Event is not a JSON object".to_owned()],
        Some(event) => wrong(event),
    };
    let Some(event) = message.json.as_ref().filter(|_| errors.is_empty()) else {
        return Verdict::refused(errors.join("; "), invalid(&errors));
    };
    let mut event = event.clone();
    if event["dedup_key"].as_str().is_none_or(str::is_empty) {
        event["dedup_key"] = json!(hex(&format!("{} {}", message.now, message.number)));
    }
    let answer = json!({
        "status": "success",
        "message": "Event processed",
        "dedup_key": event["dedup_key"],
    });
    Verdict::shown(event, Reply::json(202, answer))
}

/// What an event does to the incidents; `false` if it is dropped.
pub(super) fn happen(incidents: &mut Vec<Incident>, event: &Value) -> bool {
    let key = event["dedup_key"].as_str().unwrap_or_default();
    let state = match event["event_action"].as_str() {
        Some("acknowledge") => "acknowledged",
        Some("resolve") => "resolved",
        _ => "triggered",
    };
    let known = incidents.iter_mut().find(|it| it.key == key);
    match known {
        None if state == "triggered" => {
            incidents.push(Incident { key: key.to_owned(), state, event: event.clone() });
            true
        }
        // The one that opened it stays its title, and who looks at it goes on looking at it.
        Some(open) if open.state != "resolved" => {
            if state != "triggered" {
                open.state = state;
            }
            true
        }
        Some(resolved) if state == "triggered" => {
            resolved.state = state;
            resolved.event = event.clone();
            true
        }
        None | Some(_) => false,
    }
}

fn wrong(event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let action = event["event_action"].as_str();
    if !matches!(action, Some("trigger" | "acknowledge" | "resolve")) {
        errors
            .push("'event_action' is missing or none of trigger, acknowledge, resolve".to_owned());
    }
    let key = event["dedup_key"].as_str().unwrap_or_default();
    if key.is_empty() && action != Some("trigger") {
        errors.push("'dedup_key' is missing or blank".to_owned());
    }
    if characters(key) > 255 || !(event["dedup_key"].is_null() || event["dedup_key"].is_string()) {
        errors.push("'dedup_key' is no text of up to 255 characters".to_owned());
    }
    if action == Some("trigger") {
        payload(&event["payload"], &mut errors);
        let links = event["links"].as_array().map_or(&[][..], Vec::as_slice);
        if !links.iter().all(|it| it["href"].is_string()) {
            errors.push("'links' has one without 'href'".to_owned());
        }
    }
    errors
}

fn payload(payload: &Value, errors: &mut Vec<String>) {
    for name in ["summary", "source", "severity"] {
        if payload[name].as_str().is_none_or(str::is_empty) {
            errors.push(format!("'payload.{name}' is missing or blank"));
        }
    }
    if payload["summary"].as_str().is_some_and(|it| characters(it) > 1024) {
        errors.push("'payload.summary' is too long (maximum is 1024 characters)".to_owned());
    }
    if let Some(severity) = payload["severity"].as_str()
        && !matches!(severity, "" | "critical" | "error" | "warning" | "info")
    {
        errors.push("'payload.severity' is none of critical, error, warning, info".to_owned());
    }
    let at = &payload["timestamp"];
    if !at.is_null() && at.as_str().is_none_or(|it| it.parse::<Timestamp>().is_err()) {
        errors.push("'payload.timestamp' is no ISO 8601 time".to_owned());
    }
}

fn invalid(errors: &[String]) -> Reply {
    let message = "Event object is invalid";
    Reply::json(400, json!({"status": "invalid event", "message": message, "errors": errors}))
}

pub(super) fn invalid_key() -> Reply {
    invalid(&["Invalid routing key".to_owned()])
}

/// A key that is no key is not looked for.
pub(super) fn unknown(body: &Bytes) -> Reply {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    match event["routing_key"].as_str() {
        None | Some("") => invalid(&["'routing_key' is missing or blank".to_owned()]),
        Some(key) if key.len() != 32 => {
            invalid(&["'routing_key' is not 32 characters long".to_owned()])
        }
        Some(_) => invalid_key(),
    }
}

pub(super) fn usual(status: u16) -> Reply {
    match status {
        400 => invalid_key(),
        429 => {
            let message = "Requests for this service are arriving too quickly. Please retry later.";
            Reply::json(429, json!({"status": "throttle exceeded", "message": message}))
        }
        other => Reply::status(other),
    }
}
