//! What runs: Auto Scaling, EC2, Batch and Lambda. Stacks are in `compute_stack`.

use super::compute_stack as stack;
use super::data::apart;
use super::message::{Message, at, encoded, first, list, text};
use super::pipeline::state_severity;
use super::text::{last, line, plain, words};
use crate::{Notice, Severity};

/// A notice of an instance, a group, a job, a function or an execution.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    let body = &message.body;
    let of_group = message.source.is_none() && text(body, "AutoScalingGroupName").is_some();
    if of_group || message.is_from("aws.autoscaling") {
        return Some(scaling(message));
    }
    match (message.source.as_deref(), message.detail_type.as_deref()) {
        (Some("aws.ec2"), Some(kind)) => instance(message, kind),
        (Some("aws.batch"), Some("Batch Job State Change")) => Some(job(message)),
        (Some("aws.states"), Some("Step Functions Execution Status Change")) => {
            Some(execution(message))
        }
        (Some("aws.glue"), Some(_)) => Some(glue(message)),
        _ if at(body, "requestContext/functionArn").is_some() => Some(function(message)),
        _ => stack::notice(message),
    }
}

fn scaling(message: &Message) -> Notice {
    let body = &message.body;
    let group = text(body, "AutoScalingGroupName").unwrap_or_else(|| "a group".to_owned());
    let event = text(body, "Event").or_else(|| message.detail_type.clone()).unwrap_or_default();
    let name = event.rsplit(':').next().unwrap_or_default();
    let code = text(body, "StatusCode").unwrap_or_default();
    let upper = event.to_ascii_uppercase();
    let failed = upper.contains("ERROR")
        || upper.contains("UNSUCCESSFUL")
        || ["Failed", "Cancelled"].contains(&code.as_str());
    let what = match name {
        "TEST_NOTIFICATION" => "Test notification".to_owned(),
        "EC2_INSTANCE_LAUNCH" => "Instance launched".to_owned(),
        "EC2_INSTANCE_TERMINATE" => "Instance terminated".to_owned(),
        "EC2_INSTANCE_LAUNCH_ERROR" => "Instance could not be launched".to_owned(),
        "EC2_INSTANCE_TERMINATE_ERROR" => "Instance could not be terminated".to_owned(),
        "" => "Auto Scaling".to_owned(),
        other if other.contains(' ') => line(other),
        other => words(other),
    };
    let mut notice =
        Notice::of("autoscaling.activity", "aws.autoscaling", format!("{what}: {group}"));
    notice.severity = if failed { Severity::Error } else { Severity::Info };
    // Why it failed first; why it was tried at all comes after.
    let said =
        ["StatusMessage", "Description", "Cause"].into_iter().filter_map(|it| text(body, it));
    notice.text = said.collect::<Vec<_>>().join("\n");
    notice.members(
        body,
        &[
            ("Group", "AutoScalingGroupName"),
            ("Instance", "EC2InstanceId"),
            ("Status", "StatusCode"),
            ("Zone", "Details/Availability Zone"),
            ("Subnet", "Details/Subnet ID"),
            ("Lifecycle hook", "LifecycleHookName"),
            ("Transition", "LifecycleTransition"),
            ("Instance refresh", "InstanceRefreshId"),
            ("Started", "StartTime"),
            ("Ended", "EndTime"),
            ("Activity", "ActivityId"),
        ],
    );
    let arn = text(body, "AutoScalingGroupARN").or_else(|| message.resources.first().cloned());
    notice.region = arn.as_deref().and_then(region_of).or_else(|| message.region.clone());
    notice.account = text(body, "AccountId");
    let page = format!("ec2/home#AutoScalingGroupDetails:id={};view=activity", encoded(&group));
    notice.page(message, "Group", &page);
    notice.dedup_key = format!("autoscaling/{}/{name}", arn.unwrap_or_else(|| group.clone()));
    notice.resource = Some(group);
    notice
}

fn region_of(arn: &str) -> Option<String> {
    alert::Arn::parse(arn).map(|it| it.region.to_owned()).filter(|it| !it.is_empty())
}

fn instance(message: &Message, kind: &str) -> Option<Notice> {
    let body = &message.body;
    let id = first(body, &["instance-id", "EC2InstanceId"])
        .or_else(|| message.resources.first().map(|it| last(it).to_owned()))?;
    let state = text(body, "state");
    let (title, severity) = match (kind, &state) {
        (it, Some(state)) if it.starts_with("EC2 Instance State") => {
            (format!("Instance {state}: {id}"), Severity::Info)
        }
        ("EC2 Spot Instance Interruption Warning", _) => {
            (format!("Spot instance goes in two minutes: {id}"), Severity::Warning)
        }
        ("EC2 Instance Rebalance Recommendation", _) => {
            (format!("Spot instance at risk: {id}"), Severity::Info)
        }
        (other, _) => {
            let ended = text(body, "result").unwrap_or_default().to_lowercase();
            let failed = other.to_lowercase().contains("fail") || ended.contains("fail");
            // `createSnapshot` `failed` says more than `EBS Snapshot Notification`.
            let what = match text(body, "event").filter(|_| !ended.is_empty()) {
                Some(event) => format!("{} {ended}", apart(&event)),
                None => other.to_owned(),
            };
            (format!("{what}: {id}"), if failed { Severity::Error } else { Severity::Info })
        }
    };
    let mut notice = Notice::of("ec2.instance", "aws.ec2", title);
    notice.severity = severity;
    notice.members(
        body,
        &[
            ("Instance", "instance-id"),
            ("State", "state"),
            ("Action", "instance-action"),
            ("Result", "result"),
            ("Cause", "cause"),
            ("Event", "event"),
        ],
    );
    let pages = [
        ("i-", "Instance", "InstanceDetails:instanceId"),
        ("vol-", "Volume", "VolumeDetails:volumeId"),
        ("snap-", "Snapshot", "SnapshotDetails:snapshotId"),
    ];
    if let Some((_, name, page)) = pages.iter().find(|it| id.starts_with(it.0)) {
        notice.page(message, name, &format!("ec2/home#{page}={}", encoded(&id)));
    }
    notice.dedup_key = format!("ec2/{id}/{kind}");
    notice.resource = Some(id);
    Some(notice)
}

fn job(message: &Message) -> Notice {
    let body = &message.body;
    let name = text(body, "jobName").unwrap_or_else(|| "a job".to_owned());
    let status = text(body, "status").unwrap_or_default();
    let title = format!("Job {}: {name}", words(&status).to_lowercase());
    let mut notice = Notice::of("batch.job", "aws.batch", title);
    notice.severity = state_severity(&status);
    let reasons = ["statusReason", "container/reason"].into_iter().filter_map(|it| text(body, it));
    notice.text = reasons.collect::<Vec<_>>().join("\n");
    notice.members(body, &[("Job", "jobName"), ("Id", "jobId"), ("Status", "status")]);
    notice.field("Queue", text(body, "jobQueue").map(|it| last(&it).to_owned()));
    notice.field("Definition", text(body, "jobDefinition").map(|it| last(&it).to_owned()));
    notice.field(
        "Attempts",
        Some(list(body, "attempts").len()).filter(|it| *it > 0).map(|it| it.to_string()),
    );
    notice.members(
        body,
        &[
            ("Exit code", "container/exitCode"),
            ("Created", "createdAt"),
            ("Started", "startedAt"),
            ("Stopped", "stoppedAt"),
        ],
    );
    if let Some(id) = text(body, "jobId") {
        notice.page(message, "Job", &format!("batch/home#jobs/detail/{}", encoded(&id)));
        notice.dedup_key = format!("batch/{id}");
    }
    if let (Some(stream), Some(region)) = (text(body, "container/logStreamName"), &message.region) {
        let partition = super::message::partition(region);
        let place = alert::Arn { partition, region, account: "", resource: "" };
        let group = text(body, "container/logConfiguration/options/awslogs-group");
        let group = group.unwrap_or_else(|| "/aws/batch/job".to_owned());
        let log = alert::log_stream(&place, &group, &stream);
        notice.link(log.title, log.url);
    }
    notice.resource = Some(name);
    notice
}

fn execution(message: &Message) -> Notice {
    let body = &message.body;
    let machine = text(body, "stateMachineArn").unwrap_or_default();
    let machine =
        machine.rsplit(':').next().filter(|it| !it.is_empty()).unwrap_or("a state machine");
    let status = text(body, "status").unwrap_or_default();
    let title = format!("Execution {}: {machine}", words(&status).to_lowercase());
    let mut notice = Notice::of("states.execution", "aws.states", title);
    notice.severity = state_severity(&status);
    let why: Vec<_> = ["error", "cause"].into_iter().filter_map(|it| text(body, it)).collect();
    notice.text = why.join(": ");
    notice.field("State machine", Some(machine));
    notice.members(
        body,
        &[
            ("Execution", "name"),
            ("Status", "status"),
            ("Started", "startDate"),
            ("Stopped", "stopDate"),
            ("Input", "input"),
        ],
    );
    if let Some(arn) = text(body, "executionArn") {
        notice.page(message, "Execution", &format!("states/home#/v2/executions/details/{arn}"));
        notice.dedup_key = format!("states/{arn}");
    }
    notice.resource = Some(machine.to_owned());
    notice
}

fn glue(message: &Message) -> Notice {
    let body = &message.body;
    let name = first(body, &["jobName", "crawlerName", "databaseName"]);
    let state = text(body, "state").unwrap_or_default();
    let kind = message.detail_type.as_deref().unwrap_or("Glue");
    let name = name.unwrap_or_else(|| "Glue".to_owned());
    let title = match state.as_str() {
        "" => format!("{kind}: {name}"),
        state => {
            format!("{} {}: {name}", kind.trim_end_matches(" State Change"), state.to_lowercase())
        }
    };
    let mut notice = Notice::of("glue.job", "aws.glue", title);
    notice.severity = match state_severity(&state) {
        Severity::Info if state == "TIMEOUT" => Severity::Error,
        severity => severity,
    };
    notice.text = first(body, &["message", "errorMessage"]).unwrap_or_default();
    notice.members(
        body,
        &[
            ("Job", "jobName"),
            ("Crawler", "crawlerName"),
            ("State", "state"),
            ("Run", "jobRunId"),
            ("Started", "startedOn"),
        ],
    );
    let page = format!("gluestudio/home#/editor/job/{}/runs", encoded(&name));
    if text(body, "jobName").is_some() {
        notice.page(message, "Job", &page);
    }
    notice.dedup_key = format!("glue/{name}/{}", text(body, "jobRunId").unwrap_or_default());
    notice.resource = Some(name);
    notice
}

/// What Lambda sends to the destination of a function that was invoked asynchronously.
fn function(message: &Message) -> Notice {
    let body = &message.body;
    let arn = text(body, "requestContext/functionArn").unwrap_or_default();
    // `…:function:web:$LATEST`
    let name = arn.split(':').nth(6).filter(|it| !it.is_empty()).unwrap_or("a function").to_owned();
    let condition = text(body, "requestContext/condition").unwrap_or_default();
    let succeeded = condition.eq_ignore_ascii_case("success");
    let word = if succeeded { "succeeded" } else { "failed" };
    let mut notice =
        Notice::of("lambda.invocation", "aws.lambda", format!("Function {word}: {name}"));
    notice.severity = if succeeded { Severity::Info } else { Severity::Error };
    let error = ["responsePayload/errorType", "responsePayload/errorMessage"];
    notice.text = error.into_iter().filter_map(|it| text(body, it)).collect::<Vec<_>>().join(": ");
    if notice.text.is_empty() && !succeeded {
        notice.text =
            at(body, "responsePayload").filter(|it| !it.is_null()).map(plain).unwrap_or_default();
    }
    notice.lines = list(body, "responsePayload/stackTrace").iter().map(plain).collect();
    notice.field("Function", Some(name.clone()));
    notice.field("Condition", Some(condition).filter(|it| !it.is_empty()));
    notice.members(
        body,
        &[
            ("Error", "responseContext/functionError"),
            ("Tries", "requestContext/approximateInvokeCount"),
            ("Request", "requestContext/requestId"),
            ("Time", "timestamp"),
        ],
    );
    notice.field("Event", at(body, "requestPayload").filter(|it| !it.is_null()).map(plain));
    notice.region = region_of(&arn).or_else(|| message.region.clone());
    notice.page(
        message,
        "Function",
        &format!("lambda/home#/functions/{}?tab=monitoring", encoded(&name)),
    );
    notice.dedup_key = format!("lambda/{arn}");
    notice.resource = Some(name);
    notice
}
