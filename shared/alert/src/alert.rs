//! The message itself. The README documents every member; readers may rely on them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::link::Link;
use crate::redact::redact;

/// One text of this many characters says enough.
const TEXT_LIMIT: usize = 2000;
/// The log tail's share of a message; an SNS message may have 256 KiB in all.
const LOG_LIMIT: usize = 100 * 1024;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something failed.
    Error,
    /// Something was prevented or looks wrong.
    Warning,
}

impl Severity {
    /// The word in the document and in the message attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What the alert is about; empty members are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The deployment's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// The CodeDeploy application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The deployment group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_group: Option<String>,
    /// The cluster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The service's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The task's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The task definition's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The container whose exit code counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What it ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

/// The end of the container's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    /// The log group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The log stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Its last lines, oldest first.
    pub lines: Vec<String>,
    /// Why there are none, if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The function that says it: `run-migrations` or `conclude-task`.
    pub source: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What happened, in words.
    pub reason: String,
    /// What to look at or do.
    pub hint: Option<String>,
    /// The container's exit code.
    pub exit_code: Option<i32>,
    /// What it is about.
    pub subject: Subject,
    /// What the container said last.
    pub log: Option<Log>,
    /// Pages that help.
    pub links: Vec<Link>,
    /// When it was said, RFC 3339.
    pub time: String,
}

impl Alert {
    /// The message as it goes out: redacted, and short enough for SNS.
    pub fn document(&self) -> Value {
        let mut document = Map::new();
        let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
        set("quayside", json!("alert/1"));
        set("source", json!(self.source));
        set("severity", json!(self.severity.as_str()));
        set("title", json!(safe(&self.title)));
        set("reason", json!(safe(&self.reason)));
        set("time", json!(self.time));
        set("subject", safe_members(json!(self.subject)));
        set("links", json!(self.links));
        if let Some(hint) = &self.hint {
            set("hint", json!(safe(hint)));
        }
        if let Some(code) = self.exit_code {
            set("exit_code", json!(code));
        }
        if let Some(log) = &self.log {
            set("log", safe_members(json!(Log { lines: tail(&log.lines), ..log.clone() })));
        }
        Value::Object(document)
    }

    /// The subject line of an e-mail: ASCII, at most 100 characters, no line break.
    pub fn subject_line(&self) -> String {
        let title = safe(&self.title);
        let line: String = title
            .chars()
            .map(|it| if matches!(it, ' '..='~') { it } else { ' ' })
            .take(100)
            .collect();
        if line.trim().is_empty() { "Quayside alert".to_owned() } else { line.trim().to_owned() }
    }
}

/// The last lines that fit, each cut to a readable length.
fn tail(lines: &[String]) -> Vec<String> {
    let mut room = LOG_LIMIT;
    let mut kept: Vec<String> = lines
        .iter()
        .rev()
        .map(|line| safe(line))
        .take_while(|line| {
            // Escaped as JSON twice over, a byte may take up to this much.
            room = room.saturating_sub(line.len() + 8);
            room > 0
        })
        .collect();
    kept.reverse();
    kept
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}

/// Redacted and short. Redaction sees more than is kept, so that no cut leaves half a secret behind.
fn safe(text: &str) -> String {
    let head: String = text.chars().take(4 * TEXT_LIMIT).collect();
    cut(&redact(&head))
}

/// The same for every text inside a value; a list has no more than a few hundred items.
fn safe_members(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(safe(&text)),
        Value::Array(items) => {
            let skipped = items.len().saturating_sub(200);
            Value::Array(items.into_iter().skip(skipped).map(safe_members).collect())
        }
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, it)| (name, safe_members(it))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(title: &str, lines: Vec<String>) -> Alert {
        Alert {
            source: "conclude-task",
            severity: Severity::Error,
            title: title.into(),
            reason: "container app exited with 1".into(),
            hint: None,
            exit_code: Some(1),
            subject: Subject::default(),
            log: Some(Log { lines, ..Log::default() }),
            links: vec![],
            time: "2026-01-01T00:00:00Z".into(),
        }
    }

    /// What SNS counts: the bytes of the message.
    const SNS_LIMIT: usize = 256 * 1024;

    #[test]
    fn a_storm_of_log_lines_keeps_its_end_and_fits() {
        let lines = (0..500).map(|n| format!("{n} {}", "é".repeat(3000))).collect();
        let document = alert("Migration failed", lines).document();
        assert!(document.to_string().len() <= SNS_LIMIT);
        let kept = document["log"]["lines"].as_array().unwrap();
        assert!(kept.len() > 10 && kept.last().unwrap().as_str().unwrap().starts_with("499 é"));
    }

    #[test]
    fn enormous_texts_fit_too() {
        let mut alert = alert("Migration failed", vec!["\u{1}".repeat(90_000)]);
        alert.reason = "x".repeat(SNS_LIMIT);
        alert.subject.command = vec!["\u{1}".repeat(8192); 8];
        assert!(alert.document().to_string().len() <= SNS_LIMIT);
    }

    #[test]
    fn subject_lines_are_what_sns_takes() {
        let check = |title: &str, line: &str| assert_eq!(alert(title, vec![]).subject_line(), line);
        check("Migration failed: web", "Migration failed: web");
        check("two\nlines – and more", "two lines   and more");
        check("\n", "Quayside alert");
        check(&"x".repeat(120), &"x".repeat(100));
    }

    #[test]
    fn every_text_is_redacted() {
        let mut alert = alert("password=hunter22", vec!["postgres://u:hunter22@db/x".into()]);
        alert.reason = "PASSWORD: hunter22".into();
        alert.subject.command = vec!["--token=hunter22".into()];
        assert!(!alert.document().to_string().contains("hunter22"));
        assert!(!alert.subject_line().contains("hunter22"));
    }
}
