//! The developer tools: CodePipeline and its approvals, `CodeBuild`, and whatever a notification rule tells.

use serde_json::Value;

use super::message::{Message, at, encoded, first, list, text, texts};
use super::pipeline_build as build;
use super::text::{flat, last, when_told, words};
use crate::{Notice, Severity};

/// A notice of an event, of a notification rule's message, or of an approval that is asked for.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    let body = &message.body;
    if text(body, "approval/pipelineName").is_some() {
        return Some(asked(message));
    }
    let rule = text(body, "notificationRuleArn");
    let kind = message.detail_type.clone().or_else(|| text(body, "detailType"))?;
    let source = message.source.clone().or_else(|| text(body, "source")).unwrap_or_default();
    let event = Event {
        detail: if rule.is_some() { at(body, "detail").unwrap_or(body) } else { body },
        more: at(body, "additionalAttributes").unwrap_or(&Value::Null),
        message,
        kind,
    };
    let mut notice = match source.as_str() {
        "aws.codepipeline" => event.pipeline(),
        "aws.codebuild" => build::notice(&event),
        _ if rule.is_some() || ["aws.codecommit", "aws.codeartifact"].contains(&&*source) => {
            event.other(&source)
        }
        _ => return None,
    };
    notice.field("Notification rule", rule.as_deref().map(|it| last(it).to_owned()));
    Some(notice)
}

/// An event, whichever way it came.
pub(super) struct Event<'a> {
    /// EventBridge's `detail`, or the rule's.
    pub(super) detail: &'a Value,
    /// What only a notification rule adds.
    more: &'a Value,
    pub(super) message: &'a Message,
    /// The detail type.
    pub(super) kind: String,
}

impl Event<'_> {
    fn pipeline(&self) -> Notice {
        let detail = self.detail;
        let pipeline = text(detail, "pipeline").unwrap_or_else(|| "a pipeline".to_owned());
        let state = text(detail, "state").unwrap_or_default();
        let (step, action) = (text(detail, "stage"), text(detail, "action"));
        let what = match (&step, &action) {
            (_, Some(_)) => "Action",
            (Some(_), None) => "Stage",
            (None, None) => "Pipeline",
        };
        let path: Vec<_> = [Some(&pipeline), step.as_ref(), action.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let word = if state.is_empty() { &self.kind } else { &state };
        let mut title = format!("{what} {}: {}", words(word).to_lowercase(), path.join(" / "));
        let mut severity = state_severity(&state);
        if text(detail, "type/category").as_deref() == Some("Approval") && state == "STARTED" {
            title = format!("Approval needed: {}", path.join(" / "));
            severity = Severity::Warning;
        }
        let kind = format!("codepipeline.{}", what.to_lowercase());
        let mut notice = self.notice(&kind, "aws.codepipeline", title);
        notice.severity = severity;
        notice.text = self.why();
        notice.members(detail, PIPELINE);
        notice.field("Failed stage", text(self.more, "failedStage"));
        notice.field("Failed actions", joined(self.more, "failedActions", "action"));
        notice.field("Source", self.revisions());
        let execution = text(detail, "execution-id");
        let mut page = format!("codesuite/codepipeline/pipelines/{}/view", encoded(&pipeline));
        if let (Some(execution), Some("Pipeline")) = (&execution, Some(what)) {
            page = page.replace("/view", &format!("/executions/{execution}/timeline"));
        }
        notice.page(self.message, "Pipeline", &page);
        notice.given("Job", text(detail, "execution-result/external-execution-url"));
        notice.given("Review", text(self.more, "externalEntityLink"));
        let execution = execution.unwrap_or_default();
        notice.dedup_key = format!("codepipeline/{}/{execution}", path.join("/"));
        notice.resource = Some(pipeline);
        notice
    }

    /// Whatever a repository tells.
    fn other(&self, source: &str) -> Notice {
        let names = ["repositoryNames/0", "repositoryName", "packageName", "pipeline"];
        let resource = first(self.detail, &names)
            .or_else(|| self.message.resources.first().map(|it| last(it).to_owned()))
            .or_else(|| text(self.message_body(), "resources/0").map(|it| last(&it).to_owned()));
        let happened = first(self.detail, &["event", "operationType", "state"]);
        let mut title = self.kind.clone();
        title.extend(happened.as_deref().map(|it| format!(": {it}")));
        title.extend(resource.as_deref().map(|it| format!(" ({it})")));
        let source = if source.is_empty() { "aws.codestar-notifications" } else { source };
        let service = source.trim_start_matches("aws.").to_owned();
        let mut notice = self.notice(&service, source, title);
        notice.text =
            first(self.detail, &["notificationBody", "afterCommitMessage"]).unwrap_or_default();
        notice.severity = state_severity(&happened.unwrap_or_default());
        for (name, value) in
            flat(self.detail).into_iter().filter(|(name, _)| name != "notificationBody")
        {
            notice.field(&name, Some(value));
        }
        if let ("aws.codecommit", Some(repository)) = (source, &resource) {
            let page = format!("codesuite/codecommit/repositories/{}/browse", encoded(repository));
            notice.page(self.message, "Repository", &page);
        }
        notice.resource = resource;
        notice
    }

    /// A rule's message says itself where it is from; an event's envelope has been read.
    pub(super) fn notice(&self, kind: &str, source: &str, title: String) -> Notice {
        let body = self.message_body();
        Notice {
            account: text(body, "account"),
            region: first(body, &["region"]).or_else(|| self.message.region.clone()),
            ..Notice::of(kind, source, title)
        }
    }

    fn message_body(&self) -> &Value {
        &self.message.body
    }

    fn why(&self) -> String {
        let result = at(self.detail, "execution-result").unwrap_or(&Value::Null);
        let own = first(result, &["external-execution-summary", "error-message", "message"]);
        let own = [text(result, "error-code"), own].into_iter().flatten().collect::<Vec<_>>();
        let failed = list(self.more, "failedActions").iter().filter_map(|it| {
            let why = text(it, "additionalInformation")?;
            Some(match text(it, "action") {
                Some(action) => format!("{action}: {why}"),
                None => why,
            })
        });
        let asked = first(self.more, &["customData"]);
        let own = Some(own.join(": ")).filter(|it| !it.is_empty());
        own.into_iter().chain(failed).chain(asked).collect::<Vec<_>>().join("\n")
    }

    /// What the run was made of: the commit's id or message of every source.
    fn revisions(&self) -> Option<String> {
        let sources = list(self.more, "sourceActions").iter().filter_map(|it| {
            let name = text(it, "sourceActionName")?;
            let paths = ["CommitMessage", "CommitId", "VersionId", "ImageURI"];
            let variables = at(it, "sourceActionVariables").unwrap_or(&Value::Null);
            let told = first(variables, &paths)?;
            Some(format!("{name}: {}", told.lines().next().unwrap_or_default()))
        });
        let sources: Vec<_> = sources.collect();
        (!sources.is_empty()).then(|| sources.join("\n"))
    }
}

const PIPELINE: &[(&str, &str)] = &[
    ("Pipeline", "pipeline"),
    ("Stage", "stage"),
    ("Action", "action"),
    ("Provider", "type/provider"),
    ("State", "state"),
    ("Execution", "execution-id"),
    ("Trigger", "execution-trigger/trigger-type"),
    ("Triggered by", "execution-trigger/trigger-detail"),
    ("Started", "start-time"),
];

/// Never with the token: whoever has it may approve.
fn asked(message: &Message) -> Notice {
    let body = &message.body;
    let part = |name: &str| text(body, &format!("approval/{name}"));
    let pipeline = part("pipelineName").unwrap_or_default();
    let path: Vec<_> = [Some(pipeline.clone()), part("stageName"), part("actionName")]
        .into_iter()
        .flatten()
        .collect();
    let title = format!("Approval needed: {}", path.join(" / "));
    let mut notice = Notice::of("codepipeline.approval", "aws.codepipeline", title);
    notice.severity = Severity::Warning;
    notice.region = text(body, "region");
    notice.text = part("customData").unwrap_or_default();
    notice.field("Pipeline", Some(pipeline.clone()));
    notice.field("Stage", part("stageName"));
    notice.field("Action", part("actionName"));
    notice.field("Expires", part("expires").map(when_told));
    // The address of the review ends with the token, whether or not the token is told beside it.
    let token = part("token").unwrap_or_default();
    let without = |url: String| {
        let page = url.split_once("/approve/").map_or(url.as_str(), |(page, _)| page);
        (token.is_empty() || !page.contains(&token)).then(|| page.to_owned())
    };
    notice.given("To review", part("externalEntityLink"));
    notice.given("Pipeline", text(body, "consoleLink"));
    notice.given("Approve", part("approvalReviewLink").and_then(without));
    notice.dedup_key = format!("codepipeline/{}", path.join("/"));
    notice.resource = Some(pipeline);
    notice
}

/// How much a state of a run, of a build, of anything matters.
pub(super) fn state_severity(state: &str) -> Severity {
    match state.to_ascii_uppercase().replace('-', "_").as_str() {
        "FAILED" | "FAULT" | "TIMED_OUT" | "ABORTED" | "CANT_RUN" | "CLIENT_ERROR" => {
            Severity::Error
        }
        "CANCELED" | "CANCELLED" | "STOPPED" | "STOPPING" | "SUPERSEDED" | "ABANDONED" => {
            Severity::Warning
        }
        _ => Severity::Info,
    }
}

/// The same member of every entry of a list; entries that are texts as they are.
fn joined(value: &Value, path: &str, member: &str) -> Option<String> {
    let mut all: Vec<_> = list(value, path).iter().filter_map(|it| text(it, member)).collect();
    all.extend(texts(value, path));
    (!all.is_empty()).then(|| all.join(", "))
}
