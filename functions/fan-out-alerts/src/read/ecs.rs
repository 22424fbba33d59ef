//! ECS: tasks that stopped. What services and their deployments do is in `ecs_service`.

use serde_json::Value;

use super::ecs_service;
use super::message::{Message, at, console, encoded, first, list, moment, text};
use super::text::{family, last, when_told};
use crate::notice::{Notice, Severity};

/// A notice of an event of ECS.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    message.is_from("aws.ecs").then_some(())?;
    match message.detail_type.as_deref()? {
        "ECS Task State Change" => Some(task(message)),
        "ECS Container Instance State Change" => Some(ecs_service::instance(message)),
        it @ ("ECS Service Action" | "ECS Deployment State Change" | "ECS Hook State Change") => {
            ecs_service::notice(message, it)
        }
        _ => None,
    }
}

/// How a task ended, as far as a person on call cares.
enum Ending {
    /// An essential container failed, or a health check.
    Failed,
    /// It never ran.
    NotStarted,
    /// All its containers ended well.
    Finished,
    /// Somebody or something stopped it.
    Stopped,
    /// It has not ended.
    Alive,
}

impl Ending {
    fn of(task: &Value) -> Self {
        let word = |path| text(task, path).unwrap_or_default();
        let (code, reason) = (word("stopCode"), word("stoppedReason").to_lowercase());
        let exits = || list(task, "containers").iter().map(|it| at(it, "exitCode"));
        // Before 2019 there were no stop codes.
        let exited = code == "EssentialContainerExited"
            || (code.is_empty() && reason.starts_with("essential container"));
        // No exit code at all, of a container that has ended: it was killed, or its image is gone.
        let well = exits().all(|it| it.and_then(Value::as_i64) == Some(0));
        if word("lastStatus") != "STOPPED" && code.is_empty() {
            Self::Alive
        } else if code == "TaskFailedToStart" {
            Self::NotStarted
        } else if exited {
            let failed = exits().flatten().any(|it| it.as_i64() != Some(0));
            let killed = exits().all(|it| it.is_none_or(Value::is_null));
            if failed || (killed && !well) { Self::Failed } else { Self::Finished }
        } else if reason.contains("failed") && reason.contains("health check") {
            Self::Failed
        } else {
            // Containers that were told to stop end with 137 or 143; that says nothing.
            Self::Stopped
        }
    }
}

fn task(message: &Message) -> Notice {
    let task = &message.body;
    let definition = text(task, "taskDefinitionArn");
    let group = text(task, "group");
    let service = group.as_deref().and_then(|it| it.strip_prefix("service:"));
    let name = service.or(definition.as_deref().map(family)).unwrap_or("a task").to_owned();
    let status = text(task, "lastStatus").unwrap_or_else(|| "unknown".to_owned());
    let (title, severity) = match Ending::of(task) {
        Ending::Failed => ("Task failed".to_owned(), Severity::Error),
        Ending::NotStarted => ("Task could not start".to_owned(), Severity::Error),
        Ending::Finished => ("Task finished".to_owned(), Severity::Info),
        Ending::Stopped => match text(task, "stopCode").as_deref() {
            Some("SpotInterruption") => {
                ("Task lost its Spot capacity".to_owned(), Severity::Warning)
            }
            Some("TerminationNotice") => ("Task lost its host".to_owned(), Severity::Warning),
            _ => ("Task stopped".to_owned(), Severity::Info),
        },
        Ending::Alive => (format!("Task is {}", status.to_lowercase()), Severity::Info),
    };
    let mut notice = Notice::of("ecs.task", "aws.ecs", format!("{title}: {name}"));
    notice.severity = severity;
    notice.text = why(task);
    let cluster = text(task, "clusterArn").map(|it| last(&it).to_owned());
    notice.field("Service", service);
    notice.field("Cluster", cluster.clone());
    notice.field("Task definition", definition.as_deref().map(last));
    let containers: Vec<_> = list(task, "containers").iter().filter_map(container).collect();
    notice.field("Containers", (!containers.is_empty()).then(|| containers.join("\n")));
    notice.field("Stop code", text(task, "stopCode"));
    notice.field("Started", text(task, "startedAt").map(when_told));
    notice.field("Stopped", text(task, "stoppedAt").map(when_told));
    notice.field("Started by", text(task, "startedBy"));
    notice.field("Availability zone", text(task, "availabilityZone"));
    notice.time = first(task, &["stoppedAt", "updatedAt"]).and_then(|it| moment(&it));
    let arn = text(task, "taskArn").or_else(|| message.resources.first().cloned());
    if let Some(link) = arn.as_deref().and_then(alert::task) {
        notice.link(link.title, link.url);
    }
    if let (Some(region), Some(cluster), Some(service)) = (&message.region, &cluster, service) {
        notice.link("Service", service_page(region, cluster, service));
    }
    // A service starts the failed task again and again: that is one trouble, not one per task.
    notice.dedup_key = format!(
        "ecs.task/{}/{name}",
        text(task, "clusterArn").or_else(|| arn.clone()).unwrap_or_default()
    );
    notice.resource = Some(name);
    notice
}

/// The reason, and what its containers say about it.
fn why(task: &Value) -> String {
    let stopped = text(task, "stoppedReason");
    // A container that could not start repeats the task's reason.
    let reasons = list(task, "containers").iter().filter_map(|it| {
        let reason = text(it, "reason").filter(|it| Some(it) != stopped.as_ref())?;
        Some(format!("{}: {reason}", text(it, "name")?))
    });
    stopped.clone().into_iter().chain(reasons).collect::<Vec<_>>().join("\n")
}

/// `app: exit code 1, web:2`
fn container(container: &Value) -> Option<String> {
    let ended = match text(container, "exitCode") {
        Some(code) => format!("exit code {code}"),
        None => text(container, "lastStatus").unwrap_or_default().to_lowercase(),
    };
    let image = text(container, "image").map(|it| last(&it).to_owned());
    let parts: Vec<_> =
        [Some(ended), image].into_iter().flatten().filter(|it| !it.is_empty()).collect();
    Some(format!("{}: {}", text(container, "name")?, parts.join(", ")))
}

/// The service's page.
pub(super) fn service_page(region: &str, cluster: &str, service: &str) -> String {
    let (cluster, service) = (encoded(cluster), encoded(service));
    console(region, &format!("ecs/v2/clusters/{cluster}/services/{service}/health"))
}
