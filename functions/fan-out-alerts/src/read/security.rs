//! `GuardDuty`; the other services that find something are in `security_findings` and `security_trail`.

use serde_json::Value;

use super::data::apart;
use super::message::{Message, at, encoded, first, list, text};
use super::text::{flat, when_told};
use super::{security_findings as findings, security_trail as trail};
use crate::{Notice, Severity, Status};

/// A notice of a finding, of a scan, of a rule that is not kept, or of a call somebody made.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    let kind = message.detail_type.as_deref().unwrap_or_default();
    if kind.ends_with("via CloudTrail") {
        return Some(trail::call(message));
    }
    match message.source.as_deref() {
        Some("aws.guardduty") => match kind {
            "GuardDuty Finding" => Some(finding(message)),
            "GuardDuty Malware Protection Object Scan Result" => Some(scan(message)),
            _ => Some(protection(message, kind)),
        },
        Some("aws.securityhub") => findings::hub(message),
        Some("aws.inspector2") => findings::inspector(message, kind),
        Some("aws.ecr") => findings::image(message, kind),
        Some("aws.access-analyzer") => Some(findings::access(message)),
        Some("aws.config") => trail::rule(message),
        // The delivery channel's topic.
        None if text(&message.body, "messageType").is_some() => trail::rule(message),
        _ => None,
    }
}

/// The bands `GuardDuty` has for its numbers.
fn band(number: f64) -> Severity {
    match number {
        it if it >= 9.0 => Severity::Critical,
        it if it >= 7.0 => Severity::Error,
        it if it >= 4.0 => Severity::Warning,
        _ => Severity::Info,
    }
}

/// What of `resource` is told, by the first that is there.
const ABOUT: &[(&str, &str)] = &[
    ("Instance", "instanceDetails/instanceId"),
    ("Bucket", "s3BucketDetails/0/name"),
    ("Cluster", "eksClusterDetails/name"),
    ("Cluster", "ecsClusterDetails/name"),
    ("Task", "ecsClusterDetails/taskDetails/arn"),
    ("Function", "lambdaDetails/functionName"),
    ("Database", "rdsDbInstanceDetails/dbInstanceIdentifier"),
    ("Volume", "ebsVolumeDetails/scannedVolumeDetails/0/volumeArn"),
    ("Container", "containerDetails/name"),
    ("Workload", "kubernetesDetails/kubernetesWorkloadDetails/name"),
    ("User", "accessKeyDetails/userName"),
];

fn finding(message: &Message) -> Notice {
    let body = &message.body;
    let kind = text(body, "type");
    let title = first(body, &["title"]).or_else(|| kind.clone());
    let title = title.unwrap_or_else(|| "GuardDuty found something".to_owned());
    let mut notice = Notice::of("guardduty.finding", "aws.guardduty", title);
    let number = text(body, "severity").and_then(|it| it.parse::<f64>().ok());
    // A finding without a number may be the worst one.
    notice.severity = number.map_or(Severity::Error, band);
    notice.text = text(body, "description").unwrap_or_default();
    notice.field("Type", kind);
    notice.field("Severity", number.map(|it| it.to_string()));
    notice.account = text(body, "accountId");
    notice.region = text(body, "region");
    notice.field("Account", notice.account.clone());
    let resource = at(body, "resource").unwrap_or(&Value::Null);
    notice.field("Resource", text(resource, "resourceType"));
    notice.members(resource, ABOUT);
    notice.field("From", remote(body));
    notice.members(
        body,
        &[
            ("Call", "service/action/awsApiCallAction/api"),
            ("Domain", "service/action/dnsRequestAction/domain"),
            ("Count", "service/count"),
        ],
    );
    notice.field("First seen", text(body, "service/eventFirstSeen").map(when_told));
    notice.field("Last seen", text(body, "service/eventLastSeen").map(when_told));
    let id = text(body, "id");
    if let Some(id) = &id {
        let page = format!("guardduty/home#/findings?macros=current&fId={}", encoded(id));
        notice.page(message, "Finding", &page);
    }
    notice.resource = ABOUT
        .iter()
        .find_map(|(_, path)| text(resource, path))
        .or_else(|| text(resource, "resourceType"));
    notice.dedup_key = text(body, "arn").or(id).unwrap_or_default();
    notice
}

/// `198.51.100.1, Germany, Example Hosting`: who did it, whatever it was.
fn remote(body: &Value) -> Option<String> {
    let actions = at(body, "service/action")?.as_object()?;
    let of = |action: &Value| {
        let at_port = at(action, "portProbeDetails/0/remoteIpDetails");
        let remote = at(action, "remoteIpDetails").or(at_port)?;
        let paths = ["ipAddressV4", "ipAddressV6", "country/countryName", "organization/org"];
        let told: Vec<_> = paths.into_iter().filter_map(|path| text(remote, path)).collect();
        (!told.is_empty()).then(|| told.join(", "))
    };
    actions.values().find_map(of)
}

fn scan(message: &Message) -> Notice {
    let body = &message.body;
    let result = text(body, "scanResultDetails/scanResultStatus");
    let status = result.or_else(|| text(body, "scanStatus")).unwrap_or_default();
    let (bucket, key) =
        (text(body, "s3ObjectDetails/bucketName"), text(body, "s3ObjectDetails/objectKey"));
    let object: Vec<_> = [bucket.clone(), key].into_iter().flatten().collect();
    let object = object.join("/");
    let (what, severity) = match status.as_str() {
        "THREATS_FOUND" => ("Malware found", Severity::Error),
        "NO_THREATS_FOUND" => ("No malware found", Severity::Info),
        "" => ("Malware scan", Severity::Warning),
        _ => ("Malware scan not completed", Severity::Warning),
    };
    let title = if object.is_empty() { what.to_owned() } else { format!("{what}: {object}") };
    let mut notice = Notice::of("guardduty.scan", "aws.guardduty", title);
    notice.severity = severity;
    let threats: Vec<_> =
        list(body, "scanResultDetails/threats").iter().filter_map(|it| text(it, "name")).collect();
    notice.text = threats.join("\n");
    notice.field("Result", Some(status).filter(|it| !it.is_empty()));
    notice.members(
        body,
        &[
            ("Bucket", "s3ObjectDetails/bucketName"),
            ("Object", "s3ObjectDetails/objectKey"),
            ("Version", "s3ObjectDetails/versionId"),
        ],
    );
    if let Some(bucket) = &bucket {
        let key = text(body, "s3ObjectDetails/objectKey").unwrap_or_default();
        let page = format!("s3/object/{}?prefix={}", encoded(bucket), encoded(&key));
        notice.page(message, "Object", &page);
    }
    notice.dedup_key = format!("guardduty/scan/{object}");
    notice.resource = Some(object).filter(|it| !it.is_empty());
    notice
}

/// Whether `GuardDuty` itself sees what it should.
fn protection(message: &Message, kind: &str) -> Notice {
    let body = &message.body;
    let names = [
        "eksClusterDetails/clusterName",
        "ecsClusterDetails/clusterName",
        "ec2InstanceDetails/instanceId",
    ];
    let details = at(body, "resourceDetails").unwrap_or(body);
    let name = first(details, &names)
        .or_else(|| first(body, &["s3BucketDetails/bucketName", "resourceArn"]))
        .or_else(|| message.resources.first().cloned());
    let status = first(body, &["currentStatus", "resourceStatus"]).unwrap_or_default();
    let mut title = if kind.is_empty() { "GuardDuty".to_owned() } else { kind.to_owned() };
    title.extend(name.as_deref().map(|it| format!(": {it}")));
    let mut notice = Notice::of("guardduty.protection", "aws.guardduty", title);
    let lower = format!("{kind} {status}").to_lowercase();
    (notice.status, notice.severity) = match () {
        () if ["unhealthy", "error", "fail", "warning"].iter().any(|it| lower.contains(it)) => {
            (Status::Firing, Severity::Warning)
        }
        () if ["healthy", "active"].iter().any(|it| lower.contains(it)) => {
            (Status::Resolved, Severity::Warning)
        }
        () => (Status::Info, Severity::Info),
    };
    notice.text = first(body, &["issue", "statusReasons/0/message"]).unwrap_or_default();
    notice.field("Account", text(body, "accountId"));
    for (path, value) in flat(details) {
        let path = path.rsplit('.').next().unwrap_or_default().to_owned();
        notice.field(&apart(&path), Some(value));
    }
    notice.members(body, &[("Status before", "previousStatus"), ("Status", "currentStatus")]);
    notice.page(message, "GuardDuty", "guardduty/home#/runtime-monitoring");
    notice.dedup_key = format!("guardduty/protection/{}", name.clone().unwrap_or_default());
    notice.resource = name;
    notice
}
