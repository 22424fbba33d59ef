//! Our own: alerts, and what became of tasks.

use alert::Arn;
use serde_json::Value;

use super::message::{Message, at, first, list, moment, severity, text, texts};
use super::text::{duration, family, last, words};
use crate::notice::{Notice, Severity};

/// A notice of an alert, or of a task's outcome.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    let is_alert = message.text("quayside").is_some_and(|it| it.starts_with("alert/"));
    if is_alert { Some(of_alert(&message.body)) } else { outcome(message) }
}

fn of_alert(alert: &Value) -> Notice {
    let mut notice =
        Notice::of("quayside.alert", "quayside", text(alert, "title").unwrap_or_default());
    notice.severity =
        text(alert, "severity").and_then(|it| severity(&it)).unwrap_or(Severity::Error);
    notice.text = text(alert, "reason").unwrap_or_default();
    notice.time = text(alert, "time").and_then(|it| moment(&it));
    place(&mut notice, first(alert, &["subject/task", "subject/deployment"]).as_deref());
    notice.resource = text(alert, "subject/service")
        .or_else(|| text(alert, "subject/task_definition").map(|it| family(&it).to_owned()));
    notice.field("What to do", text(alert, "hint"));
    for name in ["service", "cluster", "container"] {
        notice.field(&words(name), text(alert, &format!("subject/{name}")));
    }
    notice.field("Exit code", text(alert, "exit_code"));
    let command = texts(alert, "subject/command").join(" ");
    notice.field("Command", (!command.is_empty()).then_some(command));
    for name in ["task_definition", "deployment", "application", "deployment_group", "task"] {
        let value = text(alert, &format!("subject/{name}"));
        notice.field(&words(name), value.map(|it| last(&it).to_owned()));
    }
    notice.field("Said by", text(alert, "source"));
    notice.field("Log", text(alert, "log/note"));
    notice.lines = texts(alert, "log/lines");
    for link in list(alert, "links") {
        if let Some(url) = text(link, "url").filter(|it| it.starts_with("https:")) {
            notice.link(&text(link, "title").unwrap_or_else(|| "Page".to_owned()), url);
        }
    }
    notice
}

/// The event on the bus after each task.
fn outcome(message: &Message) -> Option<Notice> {
    let is_outcome = message.detail_type.as_deref() == Some("Quayside Task Outcome");
    let outcome = (is_outcome && message.is_from("quayside")).then_some(&message.body)?;
    let succeeded = at(outcome, "succeeded").and_then(Value::as_bool);
    let what = words(&text(outcome, "kind").unwrap_or_else(|| "task".to_owned()));
    let about = match what.as_str() {
        "Job" => first(outcome, &["id", "service"]),
        _ => first(outcome, &["service", "id"]),
    };
    let ended = match succeeded {
        Some(true) => "succeeded",
        Some(false) => "failed",
        None => "ended",
    };
    let title = format!("{what} {ended}: {}", about.as_deref().unwrap_or("unknown"));
    let mut notice = Notice::of("quayside.outcome", "quayside", title);
    notice.severity = if succeeded == Some(false) { Severity::Error } else { Severity::Info };
    notice.text = text(outcome, "reason").unwrap_or_default();
    notice.resource = about;
    for name in ["service", "cluster", "container", "exit_code", "id"] {
        notice.field(&words(name), text(outcome, name));
    }
    let seconds = |name| at(outcome, name).and_then(Value::as_f64).map(round).map(duration);
    notice.field("Took", seconds("duration_seconds"));
    notice.field("Waited for its start", seconds("start_latency_seconds"));
    for name in ["attempt", "step"] {
        notice.field(&words(name), text(outcome, name));
    }
    notice
        .field("Task definition", text(outcome, "task_definition").map(|it| last(&it).to_owned()));
    if let Some(link) = text(outcome, "task").and_then(|it| alert::task(&it)) {
        notice.link(link.title, link.url);
    }
    Some(notice)
}

/// Where an ARN is: the topic may be elsewhere.
fn place(notice: &mut Notice, arn: Option<&str>) {
    if let Some(arn) = arn.and_then(Arn::parse) {
        notice.account = Some(arn.account.to_owned());
        notice.region = Some(arn.region.to_owned());
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time in seconds")]
fn round(seconds: f64) -> u64 {
    seconds.max(0.0).round() as u64
}
