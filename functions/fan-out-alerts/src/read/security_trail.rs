//! Who did what: `CloudTrail`'s calls and sign-ins; and what Config says of the outcome.

use serde_json::Value;

use super::message::{Message, at, encoded, first, text};
use super::text::{last, plain, words};
use crate::{Notice, Severity, Status};

/// A call, or a sign-in, that a rule was made for.
pub(super) fn call(message: &Message) -> Notice {
    let body = &message.body;
    let name = text(body, "eventName").unwrap_or_else(|| "A call".to_owned());
    let who = who(body);
    let signed_in = name == "ConsoleLogin";
    let outcome = text(body, "responseElements/ConsoleLogin");
    let refused = outcome.as_deref() == Some("Failure") || text(body, "errorCode").is_some();
    // What a service does on behalf of root is nothing root did.
    let by_service = text(body, "userIdentity/invokedBy").is_some()
        || text(body, "eventType").as_deref() == Some("AwsServiceEvent");
    let is_root = text(body, "userIdentity/type").as_deref() == Some("Root") && !by_service;
    let title = match (signed_in, refused) {
        (true, true) => format!("Console sign-in failed: {who}"),
        (true, false) => format!("Console sign-in: {who}"),
        (false, true) => format!("{name} by {who} was refused"),
        (false, false) => format!("{name} by {who}"),
    };
    let kind = if signed_in { "cloudtrail.sign-in" } else { "cloudtrail.call" };
    let source = message.source.clone().unwrap_or_else(|| "aws.cloudtrail".to_owned());
    let mut notice = Notice::of(kind, &source, title);
    notice.severity = match () {
        () if is_root => Severity::Error,
        () if refused => Severity::Warning,
        () => Severity::Info,
    };
    let why: Vec<_> =
        ["errorCode", "errorMessage"].into_iter().filter_map(|it| text(body, it)).collect();
    notice.text = why.join(": ");
    notice.field("Who", Some(who.clone()));
    notice.members(
        body,
        &[
            ("Identity", "userIdentity/arn"),
            ("Invoked by", "userIdentity/invokedBy"),
            ("Call", "eventName"),
            ("Service", "eventSource"),
            ("From", "sourceIPAddress"),
            ("With", "userAgent"),
        ],
    );
    let mfa =
        ["additionalEventData/MFAUsed", "userIdentity/sessionContext/attributes/mfaAuthenticated"];
    notice.field("MFA", first(body, &mfa));
    let request = at(body, "requestParameters").filter(|it| !it.is_null());
    notice.field("Request", request.map(plain));
    notice.members(body, &[("Time", "eventTime")]);
    notice.region = text(body, "awsRegion");
    notice.account = first(body, &["recipientAccountId", "userIdentity/accountId"]);
    let id = text(body, "eventID");
    if let Some(id) = &id {
        notice.page(message, "Event", &format!("cloudtrailv2/home#/events/{}", encoded(id)));
    }
    notice.dedup_key = format!("cloudtrail/{name}/{who}/{}", id.unwrap_or_default());
    notice.resource = Some(who);
    notice
}

/// A person's name rather than the ARN of the session they have.
fn who(body: &Value) -> String {
    let user = at(body, "userIdentity").unwrap_or(&Value::Null);
    let kind = text(user, "type").unwrap_or_default();
    let arn = text(user, "arn");
    match kind.as_str() {
        "Root" => Some("root".to_owned()),
        // `…:assumed-role/admin/jane@example.com`
        "AssumedRole" => {
            arn.as_deref().and_then(|it| it.split_once('/')).map(|(_, it)| it.to_owned())
        }
        _ => None,
    }
    .or_else(|| first(user, &["userName", "invokedBy"]))
    .or_else(|| arn.as_deref().map(|it| last(it).to_owned()))
    .or_else(|| first(user, &["principalId", "accountId", "type"]))
    .unwrap_or_else(|| "somebody".to_owned())
}

/// Config: whether a rule is kept, or what has changed.
pub(super) fn rule(message: &Message) -> Option<Notice> {
    let body = &message.body;
    let rule = text(body, "configRuleName");
    let kind = first(body, &["messageType"]).or_else(|| message.detail_type.clone())?;
    let item = |name: &str| first(body, &[name, &format!("configurationItem/{name}")]);
    let (id, of) = (item("resourceId"), item("resourceType"));
    let resource = item("resourceName").or_else(|| id.clone());
    let about = resource.clone().unwrap_or_default();
    let Some(rule) = rule else {
        let mine = message.is_from("aws.config")
            || kind.contains("Configuration") && (id.is_some() || text(body, "s3Bucket").is_some());
        return mine.then(|| change(message, &kind, of, resource));
    };
    let state = |age: &str| text(body, &format!("{age}EvaluationResult/complianceType"));
    let (now, before) = (state("new").unwrap_or_default(), state("old"));
    let (what, status) = match (now.as_str(), before.as_deref()) {
        ("NON_COMPLIANT", _) => ("not kept", Status::Firing),
        ("COMPLIANT", _) => ("kept", Status::Resolved),
        (_, Some("NON_COMPLIANT")) => ("no longer applies", Status::Resolved),
        _ => ("evaluated", Status::Info),
    };
    let mut notice =
        Notice::of("config.rule", "aws.config", format!("Rule {rule} {what}: {about}"));
    notice.status = status;
    // Routes go by severity: the end must reach those who were told of the beginning.
    let is_news = status == Status::Info;
    notice.severity = if is_news { Severity::Info } else { Severity::Warning };
    notice.text = text(body, "newEvaluationResult/annotation").unwrap_or_default();
    notice.field("Rule", Some(rule.clone()));
    notice.field("Resource", id.clone());
    notice.field("Type", of);
    notice.field("Compliance", Some(words(&now)).filter(|it| !it.is_empty()));
    notice.field("Before", before.map(|it| words(&it)));
    let times = [
        ("Invoked", "newEvaluationResult/configRuleInvokedTime"),
        ("Recorded", "newEvaluationResult/resultRecordedTime"),
    ];
    notice.members(body, &times);
    notice.region = text(body, "awsRegion");
    notice.account = text(body, "awsAccountId");
    let page = format!("config/home#/rules/details?configRuleName={}", encoded(&rule));
    notice.page(message, "Rule", &page);
    let account = notice.account.clone().unwrap_or_default();
    let id = id.unwrap_or_default();
    notice.dedup_key = format!("config/{account}/{rule}/{id}");
    notice.resource = resource;
    Some(notice)
}

fn change(message: &Message, kind: &str, of: Option<String>, resource: Option<String>) -> Notice {
    let body = &message.body;
    let mut title = kind.to_owned();
    title.extend(resource.as_deref().map(|it| format!(": {it}")));
    let mut notice = Notice::of("config.change", "aws.config", title);
    notice.severity = if kind.contains("Failed") { Severity::Error } else { Severity::Info };
    notice.field("Resource", resource.clone());
    notice.field("Type", of);
    notice.members(
        body,
        &[
            ("Change", "configurationItemDiff/changeType"),
            ("State", "configurationItem/configurationItemStatus"),
            ("Bucket", "s3Bucket"),
            ("Object", "s3ObjectKey"),
            ("Error", "errorMessage"),
            ("Captured", "configurationItem/configurationItemCaptureTime"),
        ],
    );
    notice.region = first(body, &["awsRegion", "configurationItem/awsRegion"]);
    notice.account = first(body, &["awsAccountId", "configurationItem/awsAccountId"]);
    notice.page(message, "Config", "config/home#/dashboard");
    notice.resource = resource;
    notice
}
