//! CloudWatch alarms: as SNS tells them, as events, and as the alarm itself calls a function.

use alert::Arn;
use serde_json::Value;

use super::alarm_metric::{metrics, threshold, whole};
use super::message::{Message, at, console, encoded, first, list, moment, text};
use super::text::{flat, when, when_told};
use crate::notice::{Notice, Severity, Status};

/// A notice of an alarm that changed its state.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    if message.detail_type.as_deref() == Some("CloudWatch Alarm Configuration Change") {
        return Some(configured(message));
    }
    let alarm = Alarm::of(message)?;
    let resumed = alarm.state == "OK" && alarm.previous.as_deref() == Some("INSUFFICIENT_DATA");
    let title = match alarm.state.as_str() {
        "INSUFFICIENT_DATA" => format!("No data: {}", alarm.name),
        _ if resumed => format!("OK: {} (has data again)", alarm.name),
        state => format!("{state}: {}", alarm.name),
    };
    let mut notice = Notice::of("cloudwatch.alarm", "aws.cloudwatch", title);
    (notice.status, notice.severity) = match alarm.state.as_str() {
        "ALARM" => (Status::Firing, alarm.level(message)),
        // Routes go by severity: what ends an alarm must reach those who were told that it began.
        "OK" => (Status::Resolved, alarm.level(message)),
        "INSUFFICIENT_DATA" => (Status::Info, Severity::Warning),
        _ => (Status::Info, Severity::Info),
    };
    let no_data = (alarm.state == "INSUFFICIENT_DATA").then(|| NO_DATA.to_owned());
    let texts = [alarm.description.clone(), no_data, alarm.reason.clone()];
    notice.text = texts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    alarm.add_fields(&mut notice);
    // For routes that drop an OK after nothing but missing data.
    notice.attributes.extend(alarm.previous.clone().map(|it| ("previous_state".to_owned(), it)));
    notice.time = alarm.since.as_deref().and_then(moment);
    let place = alarm.arn.as_deref().and_then(Arn::parse);
    notice.account = place.map(|it| it.account.to_owned()).or(alarm.account);
    notice.region = place
        .map(|it| it.region.to_owned())
        .filter(|it| !it.is_empty())
        .or_else(|| message.region.clone());
    if let Some(region) = &notice.region {
        let page = format!("cloudwatch/home#alarmsV2:alarm/{}", encoded(&alarm.name));
        notice.link("Alarm", console(region, &page));
    }
    // Without a region code the name of the region tells alarms of the same name apart at least.
    notice.region = notice.region.or(alarm.region);
    let scope =
        [notice.account.as_deref(), notice.region.as_deref()].map(Option::unwrap_or_default);
    notice.dedup_key = alarm.arn.unwrap_or_else(|| format!("{}/{}", alarm.name, scope.join("/")));
    if let Some(contributor) = alarm.contributor.first() {
        notice.dedup_key = format!("{}#{contributor}", notice.dedup_key);
    }
    notice.resource = Some(alarm.name);
    Some(notice)
}

/// Somebody has changed an alarm: that says nothing of its state.
fn configured(message: &Message) -> Notice {
    let body = &message.body;
    let name = first(body, &["alarmName", "configuration/alarmName"]);
    let name = name.unwrap_or_else(|| "an alarm".to_owned());
    let operation = text(body, "operation").unwrap_or_else(|| "update".to_owned());
    let title = format!("Alarm {}d: {name}", operation.trim_end_matches('d'));
    let mut notice = Notice::of("cloudwatch.alarm-configuration", "aws.cloudwatch", title);
    notice.field("Description", first(body, &["configuration/description"]));
    notice.field("State", text(body, "state/value"));
    if let Some(region) = &message.region {
        let page = format!("cloudwatch/home#alarmsV2:alarm/{}", encoded(&name));
        notice.link("Alarm", console(region, &page));
    }
    notice.resource = Some(name);
    notice
}

const NO_DATA: &str =
    "There is no data: what the alarm watches may be down, or may no longer report.";

const UNMUTED: &str = "it went off while it was muted";

/// What the three shapes have in common.
struct Alarm {
    name: String,
    arn: Option<String>,
    account: Option<String>,
    region: Option<String>,
    state: String,
    previous: Option<String>,
    since: Option<String>,
    description: Option<String>,
    reason: Option<String>,
    rule: Option<String>,
    /// Which children of a composite alarm are in which state since when.
    children: Vec<String>,
    /// The metrics and their dimensions, one a line.
    metric: Vec<String>,
    threshold: Option<String>,
    missing: Option<String>,
    /// Which of those an alarm watches one by one: an id, and attributes.
    contributor: Vec<String>,
    notes: Vec<(&'static str, String)>,
}

impl Alarm {
    fn of(message: &Message) -> Option<Self> {
        let body = &message.body;
        let is_event = message
            .detail_type
            .as_deref()
            .is_some_and(|it| it.starts_with("CloudWatch Alarm") && it.ends_with("State Change"));
        if at(body, "alarmData").is_some_and(Value::is_object) {
            Self::told_directly(message, at(body, "alarmData")?, text(body, "alarmArn"))
        } else if is_event {
            Self::told_directly(message, body, message.resources.first().cloned())
        } else {
            Self::by_sns(body)
        }
    }

    fn by_sns(body: &Value) -> Option<Self> {
        let (name, state) = (text(body, "AlarmName")?, text(body, "NewStateValue")?);
        let trigger = at(body, "Trigger").unwrap_or(&Value::Null);
        let late = text(body, "ActionExecutedAfterMuteWindow").filter(|it| it != "false");
        let suppressed = first(body, &["ActionsSuppressedReason", "ActionsSuppressedBy"]);
        Some(Self {
            name,
            state,
            arn: text(body, "AlarmArn"),
            account: text(body, "AWSAccountId"),
            region: text(body, "Region"),
            previous: text(body, "OldStateValue"),
            since: text(body, "StateChangeTime"),
            description: text(body, "AlarmDescription"),
            reason: text(body, "NewStateReason"),
            rule: text(body, "AlarmRule"),
            children: list(body, "TriggeringChildren").iter().filter_map(child).collect(),
            metric: metrics(trigger),
            threshold: threshold(trigger),
            missing: first(trigger, &["TreatMissingData", "treatMissingData"]),
            contributor: contributor(body),
            notes: [("Muted", late.map(|_| UNMUTED.to_owned())), ("Suppressed", suppressed)]
                .into_iter()
                .filter_map(|(name, it)| Some((name, it?)))
                .collect(),
        })
    }

    /// `data` is an event's detail, or what the alarm calls a function with.
    fn told_directly(message: &Message, data: &Value, arn: Option<String>) -> Option<Self> {
        let why = text(data, "state/reasonData").and_then(|it| serde_json::from_str(&it).ok());
        let why: Value = why.unwrap_or_default();
        let configuration = at(data, "configuration").unwrap_or(&Value::Null);
        let paths = ["state/actionsSuppressedReason", "state/actionsSuppressedBy"];
        let late =
            first(data, &["actionExecutedAfterMuteWindow", "state/actionExecutedAfterMuteWindow"]);
        let notes = [
            ("Muted", late.filter(|it| it != "false").map(|_| UNMUTED.to_owned())),
            ("Suppressed", first(data, &paths)),
            ("Suppressor", text(configuration, "actionsSuppressor")),
        ];
        Some(Self {
            name: text(data, "alarmName")?,
            state: text(data, "state/value")?,
            arn,
            account: text(&message.body, "accountId").or_else(|| message.account.clone()),
            region: text(&message.body, "region").or_else(|| message.region.clone()),
            previous: text(data, "previousState/value"),
            since: first(data, &["state/timestamp"]).or_else(|| text(&message.body, "time")),
            description: text(configuration, "description"),
            reason: text(data, "state/reason"),
            rule: text(configuration, "alarmRule"),
            children: list(&why, "triggeringAlarms").iter().filter_map(child).collect(),
            metric: metrics(configuration),
            // The configuration in an event has none: the reason's data has the number.
            threshold: threshold(configuration)
                .or_else(|| text(&why, "threshold").map(|it| whole(&it))),
            missing: text(configuration, "treatMissingData"),
            contributor: contributor(data),
            notes: notes.into_iter().filter_map(|(name, it)| Some((name, it?))).collect(),
        })
    }

    /// How much it matters: what its people say, in a name, a description or an attribute.
    fn level(&self, message: &Message) -> Severity {
        let description = self.description.as_deref().unwrap_or_default();
        let said =
            message.attributes.values().map(String::as_str).chain([&*self.name, description]);
        let said = said.collect::<Vec<_>>().join(" ").to_lowercase();
        let words: Vec<&str> =
            said.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
        let denied = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            before.is_some_and(|it| matches!(*it, "not" | "non" | "no"))
        };
        let says = |word: &str| words.iter().enumerate().any(|(at, it)| *it == word && !denied(at));
        // `low` by itself is mostly a part of what is wrong: low memory, low disk space.
        let is_low = ["low severity", "low priority", "severity: low", "priority: low"];
        // An alarm that scales a service goes off whenever there is little to do.
        if self.name.starts_with("TargetTracking-") {
            Severity::Info
        } else if ["critical", "p1", "sev1"].into_iter().any(says) {
            Severity::Critical
        } else if ["p4", "p5", "sev4", "sev5"].into_iter().any(says) {
            Severity::Info
        } else if ["warning", "p3", "sev3"].into_iter().any(says)
            || is_low.iter().any(|it| said.contains(it))
        {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    fn add_fields(&self, notice: &mut Notice) {
        let joined = |lines: &[String]| (!lines.is_empty()).then(|| lines.join("\n"));
        notice.field("Metric", joined(&self.metric));
        notice.field("Threshold", self.threshold.clone());
        notice.field("Rule", self.rule.clone());
        notice.field("Because of", joined(&self.children));
        notice.field("Contributor", joined(&self.contributor));
        notice.field("Since", self.since.clone().map(when_told));
        notice.field("State before", self.previous.clone());
        notice.field("Missing data", self.missing.as_deref().and_then(unusual));
        for (name, value) in &self.notes {
            notice.field(name, Some(value.clone()));
        }
    }
}

/// `name: ALARM since …`
fn child(child: &Value) -> Option<String> {
    let arn = first(child, &["Arn", "arn"])?;
    let name = arn.split_once(":alarm:").map_or(arn.as_str(), |(_, name)| name);
    let state = first(child, &["State/Value", "state/value"]).unwrap_or_default();
    let since = first(child, &["State/Timestamp", "state/timestamp"]);
    let since = since.and_then(|it| moment(&it)).map(|it| format!(" since {}", when(it)));
    Some(format!("{name}: {state}{}", since.unwrap_or_default()))
}

fn contributor(body: &Value) -> Vec<String> {
    let names = ["AlarmContributorId", "alarmContributor/id", "AlarmContributor/ContributorId"];
    let attributes = [
        "AlarmContributorAttributes",
        "alarmContributor/attributes",
        "AlarmContributor/ContributorAttributes",
    ];
    let attributes =
        attributes.iter().find_map(|path| at(body, path)).map(flat).unwrap_or_default();
    let attributes = attributes.into_iter().map(|(name, value)| format!("{name}: {value}"));
    first(body, &names).into_iter().chain(attributes).collect()
}

/// How missing data counts, unless it is the default. It comes as `- TreatMissingData:      missing`, too.
fn unusual(treatment: &str) -> Option<String> {
    let word = treatment.rsplit(':').next().unwrap_or(treatment).trim().to_lowercase();
    match word.as_str() {
        "missing" | "" => None,
        "notbreaching" | "nonbreaching" => Some("counts as fine".to_owned()),
        "breaching" => Some("counts as breaching".to_owned()),
        "ignore" => Some("keeps the state".to_owned()),
        _ => Some(word),
    }
}
