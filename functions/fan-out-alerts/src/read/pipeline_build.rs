//! `CodeBuild`: builds and their phases.

use serde_json::Value;

use super::message::{encoded, first, list, text};
use super::pipeline::{Event, state_severity};
use super::text::{last, when_told, words};
use crate::{Notice, Severity};

/// A notice of a build, or of one of its phases.
pub(super) fn notice(event: &Event<'_>) -> Notice {
    let detail = event.detail;
    let project = text(detail, "project-name").unwrap_or_else(|| "a build".to_owned());
    let phase = text(detail, "completed-phase");
    let state = first(detail, &["build-status", "completed-phase-status"]).unwrap_or_default();
    let word = if state.is_empty() { "changed".to_owned() } else { words(&state).to_lowercase() };
    let title = match &phase {
        Some(phase) => format!("Build phase {} {word}: {project}", words(phase).to_lowercase()),
        None => format!("Build {word}: {project}"),
    };
    let mut notice = event.notice("codebuild.build", "aws.codebuild", title);
    notice.severity = state_severity(&state);
    notice.text = why(detail);
    notice.field("Project", Some(project.clone()));
    notice.field("Status", Some(state).filter(|it| !it.is_empty()));
    notice.field("Failed phase", failed(detail));
    let information = |name: &str| text(detail, &format!("additional-information/{name}"));
    notice.field("Initiator", information("initiator"));
    notice.field("Source", information("source/location"));
    notice.field("Version", information("source-version"));
    notice.field("Started", information("build-start-time").map(when_told));
    notice.field("Phase", phase.clone());
    notice.field(
        "Duration",
        first(detail, &["completed-phase-duration-seconds"]).map(|it| it + " s"),
    );
    // The build's id is `project:uuid`, or an ARN that ends with it.
    let build = text(detail, "build-id").map(|it| last(&it).to_owned());
    notice.field("Build", build.clone());
    if let Some(build) = &build {
        let page =
            format!("codesuite/codebuild/projects/{}/build/{}/", encoded(&project), encoded(build));
        notice.page(event.message, "Build", &page);
    }
    notice.given("Log", information("logs/deep-link"));
    notice.dedup_key = format!("codebuild/{}", build.as_deref().unwrap_or(&project));
    notice.resource = Some(project);
    if phase.is_some() {
        "codebuild.phase".clone_into(&mut notice.kind);
    }
    if notice.severity == Severity::Info && failed(detail).is_some() {
        notice.severity = Severity::Error;
    }
    notice
}

fn phases(detail: &Value) -> &[Value] {
    list(detail, "additional-information/phases")
}

fn failed(detail: &Value) -> Option<String> {
    let is_failed = |it: &&Value| {
        text(it, "phase-status").is_some_and(|it| state_severity(&it) == Severity::Error)
    };
    let names: Vec<_> =
        phases(detail).iter().filter(is_failed).filter_map(|it| text(it, "phase-type")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What the phases say, each once; a phase without anything to say has the context `: `, or `[]`.
fn why(detail: &Value) -> String {
    let own = first(detail, &["completed-phase-context"]);
    let all = phases(detail)
        .iter()
        .flat_map(|it| list(it, "phase-context"))
        .filter_map(|it| it.as_str().map(str::to_owned));
    let mut said: Vec<String> = Vec::new();
    for it in own.into_iter().chain(all) {
        let it = it.trim_matches(['[', ']', ':', ' ']).to_owned();
        if !it.is_empty() && !said.contains(&it) {
            said.push(it);
        }
    }
    said.join("\n")
}
