//! What ECS tells of services, their deployments and hooks, and the instances they run on.

use alert::Arn;
use serde_json::Value;

use super::ecs::service_page;
use super::message::{Message, at, first, moment, text, texts};
use super::text::{last, when_told, words};
use crate::notice::{Notice, Severity, Status};

/// A notice of a service action, or of a change of a deployment or of a hook.
pub(super) fn notice(message: &Message, detail_type: &str) -> Option<Notice> {
    let detail = &message.body;
    let event = text(detail, "eventName")?;
    let arns = || texts(detail, "serviceArns").into_iter().chain(message.resources.clone());
    let arn = first(detail, &["serviceArn"]).or_else(|| arns().find(|it| it.contains(":service/")));
    let deployment = text(detail, "serviceDeploymentArn");
    let deployment = deployment.or_else(|| arns().find(|it| it.contains(":service-deployment/")));
    let (cluster, service) = place(detail, arn.as_deref(), deployment.as_deref());
    let name =
        service.clone().or_else(|| cluster.clone()).unwrap_or_else(|| "a service".to_owned());
    let what = words(event.strip_prefix("SERVICE_").unwrap_or(&event));
    let kind = match detail_type {
        "ECS Deployment State Change" => "ecs.deployment",
        "ECS Hook State Change" => "ecs.hook",
        _ => "ecs.service",
    };
    let mut notice = Notice::of(kind, "aws.ecs", format!("{what}: {name}"));
    notice.severity = severity(&event, text(detail, "eventType").as_deref());
    // What was told before is over.
    if matches!(event.as_str(), "SERVICE_STEADY_STATE" | "SERVICE_DEPLOYMENT_COMPLETED") {
        notice.status = Status::Resolved;
    }
    notice.text = text(detail, "reason").unwrap_or_default();
    notice.field("Service", service.clone());
    notice.field("Cluster", cluster.clone());
    notice.field("Event", Some(event));
    notice.field("Hook", first(detail, &["hookType"]));
    notice.field("Stage", text(detail, "lifecycleStage").map(|it| words(&it)));
    notice.field("Waits until", text(detail, "expiresAt").map(when_told));
    let id = text(detail, "deploymentId");
    notice.field("Deployment", id.or_else(|| deployment.as_deref().map(|it| last(it).to_owned())));
    for (name, path) in
        [("Capacity providers", "capacityProviderArns"), ("Instances", "containerInstanceArns")]
    {
        let names: Vec<_> = texts(detail, path).iter().map(|it| last(it).to_owned()).collect();
        notice.field(name, (!names.is_empty()).then(|| names.join(", ")));
    }
    notice.time = first(detail, &["updatedAt", "createdAt"]).and_then(|it| moment(&it));
    if let Some(link) = deployment.as_deref().and_then(alert::service_deployment) {
        notice.link(link.title, link.url);
    }
    if let (Some(region), Some(cluster), Some(service)) = (&message.region, &cluster, &service) {
        notice.link("Service", service_page(region, cluster, service));
    }
    notice.dedup_key = format!("{kind}/{}", arn.or(deployment).unwrap_or_else(|| name.clone()));
    notice.resource = Some(name);
    Some(notice)
}

/// By the name: `SERVICE_TASK_PLACEMENT_FAILURE` has been seen as an `INFO`.
fn severity(event: &str, told: Option<&str>) -> Severity {
    let has = |words: &[&str]| words.iter().any(|it| event.contains(it));
    let named = if has(&["FAIL", "VIOLATED", "TIMED_OUT"]) {
        Severity::Error
    } else if has(&["IMPAIRED", "UNHEALTHY", "THROTTLED", "UNKNOWN", "AWAITING", "ROLLBACK"]) {
        Severity::Warning
    } else {
        Severity::Info
    };
    named.max(match told {
        Some("ERROR") => Severity::Error,
        Some("WARN") => Severity::Warning,
        _ => Severity::Info,
    })
}

/// Cluster and service by name. Old ARNs of services don't say the cluster.
fn place(
    detail: &Value,
    service: Option<&str>,
    deployment: Option<&str>,
) -> (Option<String>, Option<String>) {
    let parts = |arn: Option<&str>| -> Vec<String> {
        let resource = arn.and_then(Arn::parse).map(|it| it.resource.to_owned());
        let resource = resource.unwrap_or_default();
        resource.split('/').skip(1).map(str::to_owned).collect()
    };
    let named = text(detail, "clusterArn").map(|it| last(&it).to_owned());
    match (parts(service).as_slice(), parts(deployment).as_slice()) {
        ([cluster, service], _) | ([], [cluster, service, ..]) => {
            (named.or_else(|| Some(cluster.clone())), Some(service.clone()))
        }
        ([service], _) => (named, Some(service.clone())),
        _ => (named, None),
    }
}

/// A notice of a container instance.
pub(super) fn instance(message: &Message) -> Notice {
    let detail = &message.body;
    let arn = text(detail, "containerInstanceArn").or_else(|| message.resources.first().cloned());
    let name =
        text(detail, "ec2InstanceId").or_else(|| arn.as_deref().map(|it| last(it).to_owned()));
    let name = name.unwrap_or_else(|| "unknown".to_owned());
    let status = text(detail, "status").unwrap_or_default();
    let lost = at(detail, "agentConnected").and_then(Value::as_bool) == Some(false);
    let what = match (lost && status == "ACTIVE", status.is_empty()) {
        (true, _) => "Container instance lost its agent".to_owned(),
        (false, true) => "Container instance changed".to_owned(),
        (false, false) => format!("Container instance is {}", status.to_lowercase()),
    };
    let mut notice = Notice::of("ecs.instance", "aws.ecs", format!("{what}: {name}"));
    let failed = status.contains("FAILED");
    notice.severity = match (failed, lost && status == "ACTIVE") {
        (true, _) => Severity::Error,
        (false, true) => Severity::Warning,
        (false, false) => Severity::Info,
    };
    notice.text = text(detail, "statusReason").unwrap_or_default();
    notice.field("Cluster", text(detail, "clusterArn").map(|it| last(&it).to_owned()));
    notice.field("Status", (!status.is_empty()).then_some(status));
    notice.field("Agent connected", text(detail, "agentConnected"));
    notice.field("Agent", text(detail, "versionInfo/agentVersion"));
    notice.field("Updated", text(detail, "updatedAt").map(when_told));
    notice.time = text(detail, "updatedAt").and_then(|it| moment(&it));
    notice.resource = Some(name);
    notice
}
