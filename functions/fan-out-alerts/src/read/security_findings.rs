//! Security Hub, Inspector, ECR's images and IAM Access Analyzer.

use serde_json::Value;

use super::message::{Message, at, encoded, first, list, severity, text, texts};
use super::text::{flat, last, line, plain, words};
use crate::{Notice, Severity, Status};

/// How many findings of a list are told one by one.
const TOLD: usize = 10;

/// A list of Security Hub's findings, in either of its formats; one notice of all.
pub(super) fn hub(message: &Message) -> Option<Notice> {
    let body = &message.body;
    let findings = list(body, "findings");
    let found = findings.first().map_or(body, |it| it);
    let title = first(found, &["Title", "finding_info/title", "insightName", "actionName"])?;
    let title = match findings.len() {
        0 | 1 => title,
        many => format!("{many} findings: {title}, …"),
    };
    let mut notice = Notice::of("securityhub.findings", "aws.securityhub", title);
    let open: Vec<_> = findings.iter().filter(|it| !is_over(it)).collect();
    let of = |it: &Value| {
        let label = first(it, &["Severity/Label", "severity"])?;
        severity(&label)
    };
    notice.severity = open.iter().filter_map(|it| of(it)).max().unwrap_or_default();
    if open.is_empty() && !findings.is_empty() {
        // What has passed is informational, whatever it was: its end must reach whoever heard of it.
        notice.severity = Severity::Error;
    }
    notice.status = match () {
        () if findings.is_empty() => Status::Info,
        () if open.is_empty() => Status::Resolved,
        () => Status::Firing,
    };
    notice.text = match findings {
        [one] => first(one, &["Description", "finding_info/desc"]).unwrap_or_default(),
        many => many.iter().take(TOLD).filter_map(told).collect::<Vec<_>>().join("\n"),
    };
    notice.field("Action", text(body, "actionName"));
    if let [one] = findings {
        notice.field("Severity", first(one, &["Severity/Label", "severity"]));
        notice.field("Resource", first(one, &["Resources/0/Id", "resources/0/uid"]));
        notice.field("Product", first(one, &["ProductName", "metadata/product/name"]));
        notice
            .field("Control", first(one, &["Compliance/SecurityControlId", "compliance/control"]));
        notice.field("Compliance", text(one, "Compliance/Status"));
        notice.field("Workflow", first(one, &["Workflow/Status", "status"]));
        notice.field("Account", first(one, &["AwsAccountId", "cloud/account/uid"]));
        notice.members(one, &[("First seen", "FirstObservedAt"), ("Last seen", "LastObservedAt")]);
        notice.field("To do", text(one, "Remediation/Recommendation/Text"));
    } else if findings.len() > TOLD {
        notice.field("More", Some((findings.len() - TOLD).to_string()));
    }
    notice.region = first(found, &["Region", "cloud/region"]);
    notice.account = first(found, &["AwsAccountId", "cloud/account/uid"]);
    let id = first(found, &["Id", "finding_info/uid", "metadata/uid"]);
    let search = id.as_deref().map(|it| {
        let id = encoded(it);
        format!("?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{}", encoded(&id))
    });
    let page = format!("securityhub/home#/findings{}", search.unwrap_or_default());
    notice.page(message, "Findings", &page);
    notice.given("What to do", text(found, "Remediation/Recommendation/Url"));
    notice.dedup_key = id.unwrap_or_default();
    notice.resource = first(found, &["Resources/0/Id", "resources/0/uid"]);
    Some(notice)
}

fn is_over(finding: &Value) -> bool {
    text(finding, "RecordState").as_deref() == Some("ARCHIVED")
        || text(finding, "Compliance/Status").as_deref() == Some("PASSED")
        || first(finding, &["Workflow/Status", "status"]).is_some_and(|it| {
            ["RESOLVED", "SUPPRESSED"].contains(&it.to_ascii_uppercase().as_str())
        })
}

/// `HIGH: Root has access keys (arn:…)`
fn told(finding: &Value) -> Option<String> {
    let title = first(finding, &["Title", "finding_info/title"])?;
    let label = first(finding, &["Severity/Label", "severity"]).map(|it| it + ": ");
    let resource = first(finding, &["Resources/0/Id", "resources/0/uid"]);
    let resource = resource.map(|it| format!(" ({it})"));
    Some(format!("{}{title}{}", label.unwrap_or_default(), resource.unwrap_or_default()))
}

/// Inspector: a finding, or a scan that has ended.
pub(super) fn inspector(message: &Message, kind: &str) -> Option<Notice> {
    let body = &message.body;
    if kind != "Inspector2 Finding" {
        return image(message, kind);
    }
    let title =
        first(body, &["title", "type"]).unwrap_or_else(|| "Inspector found something".to_owned());
    let resource = text(body, "resources/0/id");
    let mut notice = Notice::of("inspector.finding", "aws.inspector2", title);
    notice.status = match text(body, "status").as_deref() {
        Some("CLOSED" | "SUPPRESSED") => Status::Resolved,
        _ => Status::Firing,
    };
    let score = text(body, "inspectorScore").and_then(|it| it.parse::<f64>().ok());
    let by_score = match score {
        Some(9.0..) => Severity::Critical,
        Some(7.0..) => Severity::Error,
        Some(4.0..) => Severity::Warning,
        _ => Severity::Info,
    };
    notice.severity = text(body, "severity").and_then(|it| severity(&it)).unwrap_or(by_score);
    notice.text = text(body, "description").unwrap_or_default();
    notice.account = text(body, "awsAccountId");
    notice.field("Severity", text(body, "severity"));
    notice.field("Score", text(body, "inspectorScore"));
    notice.field("Resource", resource.clone());
    notice.field("Resource type", text(body, "resources/0/type"));
    let packages = list(body, "packageVulnerabilityDetails/vulnerablePackages").iter();
    let packages: Vec<_> = packages
        .take(TOLD)
        .filter_map(|it| {
            let fixed = text(it, "fixedInVersion").map(|it| format!(", fixed in {it}"));
            let version = text(it, "version").unwrap_or_default();
            Some(format!("{} {version}{}", text(it, "name")?, fixed.unwrap_or_default()))
        })
        .collect();
    notice.field("Packages", Some(packages.join("\n")).filter(|it| !it.is_empty()));
    notice.members(
        body,
        &[
            ("Vulnerability", "packageVulnerabilityDetails/vulnerabilityId"),
            ("Exploit", "exploitAvailable"),
            ("Fix", "fixAvailable"),
            ("To do", "remediation/recommendation/text"),
            ("First seen", "firstObservedAt"),
            ("Last seen", "lastObservedAt"),
        ],
    );
    notice.page(message, "Findings", "inspector/v2/home#/findings");
    notice.given("Vulnerability", text(body, "packageVulnerabilityDetails/sourceUrl"));
    notice.dedup_key = text(body, "findingArn").unwrap_or_default();
    notice.resource = resource;
    Some(notice)
}

/// What was found in an image, or done with it.
pub(super) fn image(message: &Message, kind: &str) -> Option<Notice> {
    let body = &message.body;
    let repository = text(body, "repository-name").map(|it| name_of(&it));
    let repository = repository.or_else(|| message.resources.first().map(|it| name_of(it)))?;
    let tags = texts(body, "image-tags");
    let tag = text(body, "image-tag").or_else(|| tags.first().cloned());
    let image = tag.as_ref().map_or(repository.clone(), |tag| format!("{repository}:{tag}"));
    let source = message.source.clone().unwrap_or_default();
    let counts = at(body, "finding-severity-counts").unwrap_or(&Value::Null);
    let count =
        |name: &str| text(counts, name).and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0);
    let failed = ["scan-status", "result"].into_iter().filter_map(|it| text(body, it));
    let failed = failed.map(|it| it.to_ascii_uppercase()).any(|it| it.contains("FAIL"));
    let action = text(body, "action-type");
    let (what, severity) = match (&action, failed) {
        (Some(action), true) => {
            (format!("Image {} failed", action.to_lowercase()), Severity::Error)
        }
        (Some(action), false) => {
            (format!("Image {}", words(action).to_lowercase()), Severity::Info)
        }
        (None, true) => ("Image scan failed".to_owned(), Severity::Error),
        (None, false) if count("CRITICAL") > 0.0 => {
            (format!("{} critical vulnerabilities", count("CRITICAL")), Severity::Error)
        }
        (None, false) if count("HIGH") > 0.0 => {
            (format!("{} high vulnerabilities", count("HIGH")), Severity::Warning)
        }
        (None, false) if counts.is_object() => ("Image scanned".to_owned(), Severity::Info),
        (None, false) => (line(kind), Severity::Info),
    };
    let mut notice = Notice::of("ecr.image", &source, format!("{what}: {image}"));
    notice.severity = severity;
    notice.field("Repository", Some(repository.clone()));
    notice.field("Tags", Some(tags.join(", ")).filter(|it| !it.is_empty()).or(tag));
    let found: Vec<_> =
        flat(counts).into_iter().map(|(name, many)| format!("{name}: {many}")).collect();
    notice.field("Findings", Some(found.join(", ")).filter(|it| !it.is_empty()));
    notice.members(
        body,
        &[
            ("Scan", "scan-status"),
            ("Action", "action-type"),
            ("Result", "result"),
            ("Digest", "image-digest"),
        ],
    );
    let digest = text(body, "image-digest");
    if let (Some(account), Some(digest)) = (&message.account, &digest) {
        let page =
            format!("ecr/repositories/private/{account}/{repository}/_/image/{digest}/details");
        notice.page(message, "Image", &page);
    }
    let about = digest.unwrap_or_else(|| image.clone());
    notice.dedup_key = format!("ecr/{repository}/{about}/{}", action.unwrap_or_default());
    notice.resource = Some(image);
    Some(notice)
}

/// `team/web` of `arn:aws:ecr:eu-west-2:123456789012:repository/team/web`, or of itself.
fn name_of(repository: &str) -> String {
    repository.split_once(":repository/").map_or(repository, |(_, name)| name).to_owned()
}

/// Something others have access to.
pub(super) fn access(message: &Message) -> Notice {
    let body = &message.body;
    let resource = text(body, "resource").or_else(|| message.resources.last().cloned());
    let public = at(body, "isPublic").and_then(Value::as_bool) == Some(true);
    let about = resource.as_deref().unwrap_or("a resource");
    let what = if public { "Open to the public" } else { "Access from outside" };
    let kind = text(body, "findingType").filter(|it| it.starts_with("Unused"));
    let what = kind.as_deref().map_or(what.to_owned(), |_| "Access not used".to_owned());
    let mut notice = Notice::of(
        "access-analyzer.finding",
        "aws.access-analyzer",
        format!("{what}: {}", last(about).trim_start_matches("arn:aws:s3:::")),
    );
    notice.severity = match () {
        () if public => Severity::Error,
        () if kind.is_some() => Severity::Info,
        () => Severity::Warning,
    };
    notice.status = match text(body, "status").as_deref() {
        Some("RESOLVED" | "ARCHIVED") => Status::Resolved,
        _ => Status::Firing,
    };
    notice.text = text(body, "error").unwrap_or_default();
    notice.field("Resource", resource.clone());
    notice.members(body, &[("Type", "resourceType"), ("Status", "status")]);
    notice.field("Who", at(body, "principal").filter(|it| !it.is_null()).map(told_of));
    notice.field("May", Some(texts(body, "action").join(", ")).filter(|it| !it.is_empty()));
    notice.field("If", at(body, "condition").map(told_of).filter(|it| !it.is_empty()));
    notice.members(
        body,
        &[("Account", "accountId"), ("Created", "createdAt"), ("Updated", "updatedAt")],
    );
    notice.account = text(body, "accountId");
    let id = text(body, "id");
    if let Some(id) = &id {
        let arn = message.resources.first().map(|it| format!("?analyzer={}", encoded(it)));
        let arn = arn.unwrap_or_default();
        let page = format!("access-analyzer/home#/findings/details/{}{arn}", encoded(id));
        notice.page(message, "Finding", &page);
    }
    notice.dedup_key = format!("access-analyzer/{}", id.unwrap_or_else(|| about.to_owned()));
    notice.resource = resource;
    notice
}

fn told_of(value: &Value) -> String {
    match value {
        Value::Object(_) => flat(value)
            .into_iter()
            .map(|(name, it)| format!("{name}: {it}"))
            .collect::<Vec<_>>()
            .join(", "),
        other => plain(other),
    }
}
