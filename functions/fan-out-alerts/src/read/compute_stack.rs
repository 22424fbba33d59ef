//! Stacks and environments: CloudFormation by its events and by `Key='value'` lines, Elastic Beanstalk by
//! `Key: value` lines.

use serde_json::Value;

use super::message::{Message, at, encoded, text};
use super::text::{last, words};
use crate::{Notice, Severity};

/// A notice of a stack or an environment.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    match &message.body {
        Value::String(said) if said.contains("StackId='") => Some(stack_in_lines(message, said)),
        Value::String(said) => environment(message, said),
        body if message.is_from("aws.cloudformation") => {
            let id = text(body, "stack-id")?;
            let said = Said {
                stack: stack_name(&id),
                status: text(body, "status-details/status"),
                reason: text(body, "status-details/status-reason"),
                resource: text(body, "logical-resource-id"),
                kind: text(body, "resource-type"),
                drift: text(body, "status-details/stack-drift-status"),
                id,
            };
            Some(said.notice(message))
        }
        body if message.is_from("aws.elasticbeanstalk") => {
            let get = |name: &str| text(body, name);
            let name = get("EnvironmentName").or_else(|| get("ApplicationName"))?;
            let said = get("Message").or_else(|| message.detail_type.clone()).unwrap_or_default();
            let severity = get("Severity").or_else(|| get("Status"));
            Some(beanstalk(message, &name, &said, severity.as_deref(), get("ApplicationName")))
        }
        _ => None,
    }
}

/// What is told of a stack, or of a resource in it.
struct Said {
    id: String,
    stack: String,
    status: Option<String>,
    reason: Option<String>,
    resource: Option<String>,
    kind: Option<String>,
    drift: Option<String>,
}

impl Said {
    fn notice(self, message: &Message) -> Notice {
        let status = self.status.or(self.drift).unwrap_or_else(|| "CHANGED".to_owned());
        let is_stack = self.kind.as_deref().is_none_or(|it| it == "AWS::CloudFormation::Stack");
        let resource = self.resource.filter(|_| !is_stack);
        let about = match &resource {
            Some(resource) => format!("{} / {resource}", self.stack),
            None => self.stack.clone(),
        };
        let what = if resource.is_some() { "Resource" } else { "Stack" };
        let title = format!("{what} {}: {about}", words(&status).to_lowercase());
        let mut notice = Notice::of("cloudformation.stack", "aws.cloudformation", title);
        notice.severity = match () {
            () if status.contains("FAILED") || status.contains("ROLLBACK") => Severity::Error,
            () if status == "DRIFTED" => Severity::Warning,
            () => Severity::Info,
        };
        notice.text = self.reason.unwrap_or_default();
        notice.field("Stack", Some(self.stack.clone()));
        notice.field("Resource", resource);
        notice.field("Type", self.kind);
        notice.field("Status", Some(status));
        let arn = alert::Arn::parse(&self.id);
        notice.region = arn.map(|it| it.region.to_owned()).filter(|it| !it.is_empty());
        notice.account = arn.map(|it| it.account.to_owned()).filter(|it| !it.is_empty());
        let page = format!("cloudformation/home#/stacks/events?stackId={}", encoded(&self.id));
        notice.page(message, "Stack", &page);
        notice.dedup_key = format!("cloudformation/{}", self.id);
        notice.resource = Some(self.stack);
        notice
    }
}

/// `web` of `arn:aws:cloudformation:eu-west-2:123456789012:stack/web/0f3c…`.
fn stack_name(id: &str) -> String {
    id.split('/').nth(1).unwrap_or(id).to_owned()
}

fn stack_in_lines(message: &Message, said: &str) -> Notice {
    let values = quoted(said);
    let get = |name: &str| {
        let value = values.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        value.filter(|it| !it.is_empty())
    };
    let id = get("StackId").unwrap_or_default();
    let stack = get("StackName").unwrap_or_else(|| stack_name(&id));
    let said = Said {
        status: get("ResourceStatus"),
        reason: get("ResourceStatusReason"),
        resource: get("LogicalResourceId"),
        kind: get("ResourceType"),
        drift: None,
        stack,
        id,
    };
    let mut notice = said.notice(message);
    notice.field("Caller", get("PrincipalId"));
    notice.field("Started", get("Timestamp").map(super::text::when_told));
    notice
}

/// `Key='value'` lines. Values may hold quotes and line breaks, so only the next line that begins with
/// `Key='` ends one.
fn quoted(said: &str) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    for line in said.lines() {
        let begun = line.split_once("='").filter(|(key, _)| {
            !key.is_empty()
                && key.chars().all(char::is_alphanumeric)
                && key.starts_with(char::is_uppercase)
        });
        match (begun, values.last_mut()) {
            (Some((key, value)), _) => values.push((key.to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line);
            }
            (None, None) => {}
        }
    }
    for (_, value) in &mut values {
        let text = value.trim_end();
        *value = text.strip_suffix('\'').unwrap_or(text).to_owned();
    }
    values
}

/// Elastic Beanstalk's text: `Timestamp: …`, `Message: …`, an empty line, `Environment: …`.
fn environment(message: &Message, said: &str) -> Option<Notice> {
    let get = |name: &str| {
        let mut lines = said.lines().filter_map(|it| it.split_once(':'));
        lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    let name = get("Environment")?;
    let told = get("Message")?;
    let mut notice = beanstalk(message, &name, &told, None, get("Application"));
    notice.given("Environment", get("Environment URL"));
    notice.field("Time", get("Timestamp").map(super::text::when_told));
    Some(notice)
}

fn beanstalk(
    message: &Message,
    name: &str,
    said: &str,
    severity: Option<&str>,
    application: Option<String>,
) -> Notice {
    let title = format!("{name}: {}", said.lines().next().unwrap_or_default());
    let mut notice = Notice::of("elasticbeanstalk.event", "aws.elasticbeanstalk", title);
    said.clone_into(&mut notice.text);
    let lower = said.to_lowercase();
    // `transitioned from Ok to Severe`: what it became is what counts.
    let state = lower.split_once(" to ").map_or(lower.as_str(), |(_, after)| after);
    let has = |words: &[&str]| words.iter().any(|it| state.contains(it));
    notice.severity = match severity.and_then(super::message::severity) {
        Some(severity) if severity > Severity::Info => severity,
        _ if has(&["severe", "failed", "unsuccessful", "red.", "error", "aborted"]) => {
            Severity::Error
        }
        _ if has(&["warning", "degraded", "yellow", "no data", "unable"]) => Severity::Warning,
        _ => Severity::Info,
    };
    notice.field("Environment", Some(name));
    notice.field("Application", application);
    let resource = at(&message.body, "EnvironmentId").and_then(Value::as_str);
    notice.field("Environment id", resource.map(last));
    let page = "elasticbeanstalk/home#/environments".to_owned();
    notice.page(message, "Environments", &page);
    notice.resource = Some(name.to_owned());
    notice
}
