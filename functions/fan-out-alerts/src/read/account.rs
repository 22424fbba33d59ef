//! What AWS tells the owner of an account: Health, Backup, Trusted Advisor, Service Quotas. Money is in
//! `account_cost`, mail in `account_mail`.

use serde_json::Value;

use super::message::{Message, at, encoded, first, list, text};
use super::text::{flat, last, line, when_told, words};
use super::{account_cost as cost, account_mail as mail};
use crate::{Notice, Severity, Status};

/// A notice of what happens to an account, what it costs and what it sends.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    match message.source.as_deref() {
        Some("aws.health") => Some(health(message)),
        Some("aws.backup") => Some(backup(message)),
        Some("aws.trustedadvisor") => Some(advice(message)),
        Some("aws.servicequotas" | "aws.service-quotas") => Some(quota(message)),
        _ if is_backup(message) => Some(backup(message)),
        _ => cost::notice(message).or_else(|| mail::notice(message)),
    }
}

fn health(message: &Message) -> Notice {
    let body = &message.body;
    let code = text(body, "eventTypeCode");
    let service = text(body, "service");
    let category = text(body, "eventTypeCategory").unwrap_or_default();
    let what = match category.as_str() {
        "issue" => "Issue",
        "scheduledChange" => "Planned change",
        "accountNotification" => "Notice",
        "investigation" => "Investigation",
        _ => "Health event",
    };
    let name = code.as_deref().map(|it| {
        let own = service.as_deref().map(|it| format!("AWS_{it}_")).unwrap_or_default();
        words(it.strip_prefix(own.as_str()).unwrap_or(it))
    });
    let parts: Vec<_> = [service.clone(), name].into_iter().flatten().collect();
    let mut notice =
        Notice::of("health.event", "aws.health", format!("{what}: {}", parts.join(": ")));
    let ended = match text(body, "statusCode").as_deref() {
        Some(status) => status == "closed",
        // Older events have no status; a planned change has an end before it begins.
        None => category == "issue" && text(body, "endTime").is_some(),
    };
    (notice.status, notice.severity) = match category.as_str() {
        "issue" | "investigation" => (Status::Firing, Severity::Error),
        "scheduledChange" => (Status::Firing, Severity::Warning),
        "accountNotification" => (Status::Info, grave(service.as_deref(), body)),
        _ => (Status::Info, Severity::Warning),
    };
    if ended {
        notice.status = Status::Resolved;
    } else if category == "scheduledChange"
        && text(body, "statusCode").is_none()
        && text(body, "endTime").is_some_and(|it| Some(it) == text(body, "startTime"))
    {
        // It tells of something that is over; nothing else will.
        (notice.status, notice.severity) = (Status::Info, Severity::Info);
    }
    notice.text = in_english(body);
    notice.region = text(body, "eventRegion");
    notice.account = text(body, "affectedAccount");
    notice.field("Service", service);
    notice.field("Region", first(body, &["eventRegion"]).or_else(|| message.region.clone()));
    notice.field("Account", notice.account.clone());
    let mut entities: Vec<String> =
        list(body, "affectedEntities").iter().filter_map(entity).collect();
    if entities.is_empty() {
        entities.clone_from(&message.resources);
    }
    notice.field("Affected", Some(entities.join("\n")).filter(|it| !it.is_empty()));
    notice.members(
        body,
        &[
            ("Began", "startTime"),
            ("Ended", "endTime"),
            ("Updated", "lastUpdatedTime"),
            ("Status", "statusCode"),
            ("Event", "eventTypeCode"),
        ],
    );
    let pages = (text(body, "page"), text(body, "totalPages").filter(|it| it != "1"));
    if let (Some(page), Some(all)) = pages {
        notice.field("Page", Some(format!("{page} of {all}")));
    }
    let arn = text(body, "eventArn");
    let place = arn.as_deref().map(|it| format!("?eventID={}&eventTab=details", encoded(it)));
    let page = format!("health/home#/account/event-log{}", place.unwrap_or_default());
    notice.page(message, "Health", &page);
    notice.resource = code;
    notice.dedup_key = arn.unwrap_or_default();
    notice
}

/// AWS calls it a notification as well if keys are exposed, or if something will end.
fn grave(service: Option<&str>, body: &Value) -> Severity {
    let code = text(body, "eventTypeCode").unwrap_or_default();
    match service {
        Some("RISK") => Severity::Critical,
        Some("ABUSE") => Severity::Error,
        _ if ["FAIL", "EXPIR", "SUSPEN"].iter().any(|it| code.contains(it)) => Severity::Warning,
        _ => Severity::Info,
    }
}

/// The description in the language the on-call rota reads, or in the first there is.
fn in_english(body: &Value) -> String {
    let all = list(body, "eventDescription");
    let english = |it: &&Value| text(it, "language").is_some_and(|it| it.starts_with("en"));
    let one = all.iter().find(english).or(all.first());
    let said = one.and_then(|it| first(it, &["latestDescription", "description"]));
    // Some descriptions have their line breaks escaped once too often, some twice.
    let said = said.unwrap_or_default().replace("\\\\n", "\n").replace("\\n", "\n");
    said.trim().to_owned()
}

fn entity(entity: &Value) -> Option<String> {
    let value = text(entity, "entityValue")?;
    let status = text(entity, "status").map(|it| format!(" ({})", it.to_lowercase()));
    Some(format!("{value}{}", status.unwrap_or_default()))
}

/// The text says only half of it; the rest is in the attributes.
fn is_backup(message: &Message) -> bool {
    let Some(said) = message.body.as_str() else { return false };
    let by_subject = message.subject.as_deref() == Some("Notification from AWS Backup");
    let by_state = message.attributes.contains_key("EventType")
        && message.attributes.contains_key("State")
        && said.contains("AWS");
    let job = said.starts_with("An AWS ") && said.to_lowercase().contains(" job ");
    by_subject || by_state || job
}

fn backup(message: &Message) -> Notice {
    let body = &message.body;
    let attribute = |name: &str| message.attributes.get(name).cloned();
    let said = body.as_str().map(str::trim);
    let state = attribute("State").or_else(|| first(body, &["state", "status"]));
    let state = state.unwrap_or_else(|| state_said(said.unwrap_or_default()).to_owned());
    let kind = attribute("EventType").map(|it| words(&it));
    let of_event =
        || message.detail_type.as_deref().map(|it| line(it.trim_end_matches(" State Change")));
    let kind = kind.or_else(of_event).unwrap_or_else(|| "Backup job".to_owned());
    let arn = text(body, "resourceArn").or_else(|| after(said?, "Resource ARN"));
    let name = arn
        .as_deref()
        .and_then(|it| it.rsplit([':', '/']).next())
        .or(text(body, "backupVaultName").as_deref())
        .map(str::to_owned);
    let id = attribute("Id").or_else(|| {
        first(body, &["backupJobId", "copyJobId", "restoreJobId", "jobId"])
            .or_else(|| after(said?, "Job ID"))
    });
    let about = name.clone().or_else(|| id.clone()).unwrap_or_else(|| "AWS Backup".to_owned());
    let word = words(&state).to_lowercase();
    let mut notice = Notice::of("backup.job", "aws.backup", format!("{kind} {word}: {about}"));
    notice.severity = match state.to_ascii_uppercase().as_str() {
        "FAILED" | "EXPIRED" | "PARTIAL" => Severity::Error,
        "ABORTED" | "ABORTING" | "DELETED" => Severity::Warning,
        _ => Severity::Info,
    };
    notice.text = text(body, "statusMessage").or(said.map(str::to_owned)).unwrap_or_default();
    notice.field("Resource", arn);
    notice.field("State", Some(state).filter(|it| !it.is_empty()));
    notice.field("Job", id.clone());
    notice.field("Recovery point", said.and_then(|it| after(it, "Recovery point ARN")));
    notice.members(
        body,
        &[
            ("Type", "resourceType"),
            ("Vault", "backupVaultName"),
            ("Created", "creationDate"),
            ("Completed", "completionDate"),
        ],
    );
    notice.field("Started", attribute("StartTime").map(when_told));
    notice.account = attribute("AccountId");
    if let Some(id) = &id {
        let place = match () {
            () if kind.to_lowercase().starts_with("copy") => "jobs/copy",
            () if kind.to_lowercase().starts_with("restore") => "jobs/restore",
            () => "jobs/backup",
        };
        notice.page(message, "Job", &format!("backup/home#/{place}/details/{}", encoded(id)));
    }
    notice.dedup_key = format!("backup/{}", id.unwrap_or_else(|| about.clone()));
    notice.resource = name;
    notice
}

fn state_said(said: &str) -> &'static str {
    let said = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|it| said.contains(it));
    match () {
        () if has(&["in time", "expired"]) => "EXPIRED",
        () if has(&["failed", "failure"]) => "FAILED",
        () if has(&["aborted", "stopped"]) => "ABORTED",
        () if has(&["completed"]) => "COMPLETED",
        () if has(&["started"]) => "STARTED",
        () => "",
    }
}

/// What follows `Resource ARN :`, up to the next space; the spelling of the name is not always the same.
fn after(said: &str, name: &str) -> Option<String> {
    let at = said.to_ascii_lowercase().find(&name.to_ascii_lowercase())?;
    let (_, rest) = said.split_at_checked(at + name.len())?;
    let (_, value) = rest.split_once(':')?;
    let value = value.split_whitespace().next()?.trim_end_matches(['.', ',']);
    (!value.is_empty()).then(|| value.to_owned())
}

fn advice(message: &Message) -> Notice {
    let body = &message.body;
    let check = first(body, &["check-name", "checkName"]).unwrap_or_else(|| "A check".to_owned());
    let details = at(body, "check-item-detail").unwrap_or(&Value::Null);
    let resource = first(body, &["resource_id", "resourceId"]).filter(|it| !it.is_empty());
    let about = first(details, &["Service", "Resource"])
        .or_else(|| resource.as_deref().map(|it| last(it).to_owned()));
    let mut title = check.clone();
    title.extend(about.as_deref().map(|it| format!(": {it}")));
    let mut notice = Notice::of("trusted-advisor.check", "aws.trustedadvisor", title);
    let state = text(body, "status").unwrap_or_default();
    (notice.status, notice.severity) = match state.to_ascii_uppercase().as_str() {
        "ERROR" | "RED" => (Status::Firing, Severity::Error),
        "WARN" | "WARNING" | "YELLOW" => (Status::Firing, Severity::Warning),
        "OK" | "GREEN" => (Status::Resolved, Severity::Error),
        _ => (Status::Info, Severity::Info),
    };
    notice.field("Check", Some(check.clone()));
    notice.field("Status", Some(state).filter(|it| !it.is_empty()));
    notice.field("Resource", resource.clone());
    for (name, value) in flat(details).into_iter().filter(|(name, _)| name != "Status") {
        notice.field(&name, Some(value));
    }
    notice.page(message, "Trusted Advisor", "trustedadvisor/home#/dashboard");
    let thing =
        [Some(check), resource.clone(), text(details, "Region"), text(details, "Limit Name")];
    let thing: Vec<_> = thing.into_iter().flatten().collect();
    notice.dedup_key = format!("trusted-advisor/{}", thing.join("/"));
    notice.resource = resource.or(about);
    notice
}

fn quota(message: &Message) -> Notice {
    let body = &message.body;
    let name = first(body, &["quotaName", "quota-name", "quota/name", "quotaCode", "quota-code"]);
    let kind = message.detail_type.as_deref().unwrap_or("Service Quotas");
    let status = text(body, "status");
    let mut title = kind.to_owned();
    title.extend(name.as_deref().map(|it| format!(": {it}")));
    title.extend(status.as_deref().map(|it| format!(" ({})", words(it).to_lowercase())));
    let mut notice = Notice::of("service-quotas.event", "aws.servicequotas", title);
    let lower = format!("{kind} {}", status.unwrap_or_default()).to_lowercase();
    notice.severity = match () {
        () if ["denied", "not_approved", "invalid", "exceed"]
            .iter()
            .any(|it| lower.contains(it)) =>
        {
            Severity::Error
        }
        () if ["threshold", "approach", "pending"].iter().any(|it| lower.contains(it)) => {
            Severity::Warning
        }
        () => Severity::Info,
    };
    for (path, value) in flat(body) {
        notice.field(&path, Some(value));
    }
    let service = first(body, &["serviceCode", "service-code"])
        .map(|it| format!("/services/{}/quotas", encoded(&it)));
    notice.page(message, "Quotas", &format!("servicequotas/home{}", service.unwrap_or_default()));
    notice.resource = name;
    notice
}
