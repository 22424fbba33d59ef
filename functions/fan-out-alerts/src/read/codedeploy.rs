//! CodeDeploy: its triggers on a topic, and its events.

use serde_json::Value;

use super::message::{Message, at, console, encoded, first, text};
use super::text::{flat, last, line, when_told, words};
use crate::notice::{Notice, Severity};

/// A notice of a deployment, of an instance in it, or of a trigger that was set up.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    if let Value::String(text) = &message.body {
        return set_up(text);
    }
    let body = &message.body;
    let by_event = message.is_from("aws.codedeploy");
    let by_trigger = text(body, "deploymentId").is_some()
        && TRIGGERS.iter().any(|name| at(body, name).is_some());
    (by_event || by_trigger).then_some(())?;
    let id = first(body, &["deploymentId", "instanceGroupId"])?;
    let state = first(body, &["status", "state", "instanceStatus"])?;
    let group = first(body, &["deploymentGroupName", "deploymentGroup"]);
    let application = first(body, &["applicationName", "application"]);
    let instance = text(body, "instanceId").map(|it| last(&it).to_owned());
    let what = if instance.is_some() { "Instance" } else { "Deployment" };
    let about = instance.as_deref().or(application.as_deref()).unwrap_or(&id);
    let title = format!("{what} {}: {about}", words(&state).to_lowercase());
    let kind = if instance.is_some() { "codedeploy.instance" } else { "codedeploy.deployment" };
    let mut notice = Notice::of(kind, "aws.codedeploy", title);
    notice.severity = severity(&state);
    // Nobody has stopped it: an alarm went off.
    if why(&message.body).starts_with("ALARM_ACTIVE") {
        notice.severity = notice.severity.max(Severity::Error);
    }
    notice.text = why(body);
    notice.field("Application", application.clone());
    notice.field("Deployment group", group);
    notice.field("Deployment", Some(id.clone()));
    notice.field("Instance", instance.clone());
    notice.field("Status", Some(line(&state)));
    notice.field("Instances", opened(body, "deploymentOverview").and_then(|it| counts(&it)));
    notice.field("Lifecycle events", opened(body, "lifecycleEvents").and_then(|it| events(&it)));
    notice.field("Rollback", opened(body, "rollbackInformation").and_then(|it| told(&it)));
    notice.field("Trigger", text(body, "eventTriggerName"));
    notice.field("Created", text(body, "createTime").map(when_told));
    notice.field("Completed", text(body, "completeTime").map(when_told));
    let region = text(body, "region").or_else(|| message.region.clone());
    if let Some(region) = &region {
        let page = format!("codesuite/codedeploy/deployments/{}", encoded(&id));
        notice.link("Deployment", console(region, &page));
    }
    let about = [Some(id.as_str()), instance.as_deref()].into_iter().flatten();
    notice.dedup_key = format!("{kind}/{}", about.collect::<Vec<_>>().join("/"));
    notice.region = region;
    notice.resource = application.or(Some(id));
    Some(notice)
}

/// What only CodeDeploy has beside a deployment's id.
const TRIGGERS: [&str; 4] =
    ["eventTriggerName", "applicationName", "deploymentOverview", "instanceStatus"];

/// The first thing a new trigger says.
fn set_up(text: &str) -> Option<Notice> {
    let says = |word: &str| text.to_lowercase().contains(word);
    let is_notice = says("codedeploy") && says("trigger") && !says("fail");
    is_notice.then_some(())?;
    let mut notice =
        Notice::of("codedeploy.trigger", "aws.codedeploy", "A trigger of CodeDeploy was set up");
    text.trim().clone_into(&mut notice.text);
    Some(notice)
}

fn severity(state: &str) -> Severity {
    match state.to_ascii_uppercase().as_str() {
        it if it.contains("FAIL") => Severity::Error,
        it if it.contains("STOP") => Severity::Warning,
        _ => Severity::Info,
    }
}

/// `CODE: message` of the error, or what an event says.
fn why(body: &Value) -> String {
    let error = opened(body, "errorInformation").or_else(|| opened(body, "error"));
    let error = error.and_then(|it| {
        let code = first(&it, &["ErrorCode", "code"]);
        let message = first(&it, &["ErrorMessage", "message"]).or_else(|| told(&it));
        let parts: Vec<_> = [code, message].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    });
    let said = first(body, &["deploymentErrorMessage", "message"]);
    [error, said].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// A member that is JSON in a text in reality, and an object in the documentation.
fn opened(body: &Value, path: &str) -> Option<Value> {
    match at(body, path)? {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => {
            Some(serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()))
        }
        other => Some(other.clone()),
    }
}

/// `1 succeeded, 2 failed`; what is nothing is left out.
fn counts(overview: &Value) -> Option<String> {
    let counts = flat(overview).into_iter().filter(|(_, count)| count != "0");
    let counts: Vec<_> =
        counts.map(|(name, count)| format!("{count} {}", name.to_lowercase())).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// The lifecycle events of an instance, one a line.
fn events(events: &Value) -> Option<String> {
    let line = |it: &Value| {
        let name = first(it, &["LifecycleEvent", "LifecycleEventName"])?;
        let status = first(it, &["LifecycleEventStatus", "Status"]).unwrap_or_default();
        Some(format!("{name}: {status}"))
    };
    let lines: Vec<_> = events.as_array()?.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// All there is, in one line.
fn told(value: &Value) -> Option<String> {
    let all: Vec<_> = flat(value)
        .into_iter()
        .map(|(name, it)| if name.is_empty() { it } else { format!("{name}: {it}") })
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}
