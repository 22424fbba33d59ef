//! Databases and caches: RDS, Redshift, DMS (which share a shape) and `ElastiCache`.

use serde_json::Value;

use super::message::{Message, encoded, first, moment, text, texts};
use super::text::{line, when, words};
use crate::{Notice, Severity};

/// A notice of what a database, a cluster, a replication or a cache says.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    match &message.body {
        Value::String(said) => set_up(said).or_else(|| cache_in_words(said)),
        Value::Object(members) => {
            let of_cache = members.iter().find(|(name, _)| name.starts_with("ElastiCache:"));
            match of_cache {
                Some((name, id)) => Some(cache(name, id)),
                None => Told::of(message).map(|it| it.notice(message)),
            }
        }
        _ => None,
    }
}

/// What one of these services told, from either shape.
struct Told {
    /// `rds`, `redshift`, `dms` …
    service: &'static str,
    /// `db-instance`, `DB_CLUSTER` …
    kind: String,
    id: Option<String>,
    code: Option<String>,
    said: String,
    categories: Vec<String>,
    documentation: Option<String>,
}

impl Told {
    fn of(message: &Message) -> Option<Self> {
        let body = &message.body;
        let by_event = ["aws.rds", "aws.redshift", "aws.dms", "aws.docdb", "aws.elasticache"]
            .into_iter()
            .find(|it| message.is_from(it))
            .map(|it| it.trim_start_matches("aws."));
        if let Some(service) = by_event {
            return Self::of_event(message, service);
        }
        let said = text(body, "Event Message")?;
        let kind = text(body, "Event Source").unwrap_or_default();
        let link = text(body, "Identifier Link");
        let event = text(body, "Event ID");
        let all = format!("{link:?} {event:?} {kind}").to_lowercase();
        let service = match () {
            () if all.contains("redshift") => "redshift",
            () if all.contains("dms") || all.contains("replication") => "dms",
            () if all.contains("neptune") => "neptune",
            () if all.contains("docdb") => "docdb",
            () => "rds",
        };
        // In 2016, and from DMS until today, the name is only in the link.
        let named =
            link.as_deref().and_then(|it| it.split_once("SourceId:")).map(|(_, id)| line(id));
        let id = text(body, "Source ID").or(named).filter(|it| !it.is_empty());
        let code = event.as_deref().and_then(|it| it.rsplit(['#', '/']).next()).map(line);
        let documentation = event.filter(|it| it.starts_with("http"));
        let documentation = documentation.map(|it| {
            // The old host answers by http only.
            let page = it.replacen("http://", "https://", 1);
            page.replacen("docs.amazonwebservices.com", "docs.aws.amazon.com", 1)
        });
        let categories = texts(body, "Event Categories");
        Some(Self { service, kind, id, code, said, categories, documentation })
    }

    fn of_event(message: &Message, service: &'static str) -> Option<Self> {
        let detail = &message.body;
        let said = first(detail, &["Message", "message", "detailMessage"])?;
        let arn = first(detail, &["SourceArn", "sourceArn"]);
        let arn = arn.or_else(|| message.resources.first().cloned());
        let id =
            first(detail, &["SourceIdentifier", "sourceIdentifier", "sourceId"]).or_else(|| {
                arn.as_deref().and_then(|it| it.rsplit([':', '/']).next()).map(str::to_owned)
            });
        let kind = first(detail, &["SourceType", "sourceType", "resourceType"]).unwrap_or_default();
        let code = first(detail, &["EventID", "eventId", "eventID"]);
        let categories =
            [texts(detail, "EventCategories"), texts(detail, "eventCategories")].concat();
        let category = first(detail, &["category", "eventType"]);
        let categories = categories.into_iter().chain(category).collect();
        Some(Self { service, kind, id, code, said, categories, documentation: None })
    }

    fn notice(self, message: &Message) -> Notice {
        let about = self.id.clone().unwrap_or_else(|| self.service.to_uppercase());
        let said = line(&self.said);
        // The first sentence is what happened; the whole follows below.
        let short = said.split_once(". ").map_or(said.as_str(), |(first, _)| first);
        let title = format!("{about}: {}", short.trim_end_matches('.'));
        let source = format!("aws.{}", self.service);
        let mut notice = Notice::of(&format!("{}.event", self.service), &source, title);
        notice.severity = self.severity();
        notice.text.clone_from(&self.said);
        let body = &message.body;
        notice.field("Source", self.id.clone());
        notice.field("Type", Some(words(&self.kind)).filter(|it| !it.is_empty()));
        notice.field("Category", Some(self.categories.join(", ")).filter(|it| !it.is_empty()));
        notice.field("Event", self.code.clone());
        notice.members(body, &[("Time", "Date"), ("Time", "date")]);
        // UTC, which is not said.
        let told =
            text(body, "Event Time").map(|it| (moment(&format!("{it}Z")).or(moment(&it)), it));
        if let Some((time, told)) = told {
            notice.time = time;
            notice.field("Time", Some(time.map_or(told, when)));
        }
        let link = text(body, "Identifier Link");
        let link = link.as_deref().and_then(|it| it.split_whitespace().next());
        match (link, self.page()) {
            (Some(link), _) => notice.given("Console", Some(link.to_owned())),
            (None, Some(page)) => notice.page(message, "Console", &page),
            (None, None) => &mut notice,
        };
        notice.given("About this event", self.documentation.clone());
        // A failover begins with one event and ends with another, so no event is the end of one like it.
        let code = self.code.unwrap_or_default();
        notice.dedup_key = format!("{}/{about}/{code}", self.service);
        notice.resource = self.id;
        notice
    }

    fn page(&self) -> Option<String> {
        let id = self.id.as_deref().map(encoded)?;
        let is_cluster = self.kind.to_lowercase().contains("cluster");
        match self.service {
            "rds" if self.kind.to_lowercase().contains("snapshot") => {
                Some(format!("rds/home#db-snapshot:id={id}"))
            }
            "rds" | "docdb" => Some(format!("rds/home#database:id={id};is-cluster={is_cluster}")),
            "redshift" => Some(format!("redshiftv2/home#cluster-details?cluster={id}")),
            "dms" => Some(format!("dms/v2/home#tasks/{id}")),
            _ => None,
        }
    }

    /// What is over, and what is only announced, is told in the same categories as what goes wrong.
    fn severity(&self) -> Severity {
        let said = format!(" {} ", self.said.to_lowercase());
        // A parameter's name, or what did not happen, is no error.
        let said = said.replace("without error", "").replace("no errors", "").replace("error_", "");
        let said = said.replace("log_error", "");
        let categories = self.categories.join(" ").to_lowercase();
        let has = |words: &[&str]| words.iter().any(|it| said.contains(it));
        let about = |words: &[&str]| words.iter().any(|it| categories.contains(it));
        let grave = [
            "storage is full",
            "has run out of",
            "storage-full",
            "not recoverable",
            "storage has been exhausted",
        ];
        let failed =
            ["failed", "failure", "exhausted", "unable to", "cannot", "incompatible", "error"];
        let scarce = ["is low at", "low on", "free storage capacity"];
        let doubtful =
            ["failover", "has been stopped", "restarted", "shutdown", "crash", "terminated"];
        let over = ["completed", "finished", "recovered", "resumed", "no longer"];
        match () {
            () if has(&grave) || categories.contains("low storage") && has(&["exhausted"]) => {
                Severity::Critical
            }
            () if has(&over) && !has(&["not completed", "unable to"]) && !has(&failed) => {
                // It has happened all the same: connections were cut.
                if has(&["failover"]) { Severity::Warning } else { Severity::Info }
            }
            () if about(&["failure"]) || has(&failed) || has(&scarce) => Severity::Error,
            () if about(&["failover", "low storage", "availability", "critical", "error"]) => {
                Severity::Warning
            }
            () if has(&doubtful) => Severity::Warning,
            () => Severity::Info,
        }
    }
}

/// `{"ElastiCache:SnapshotComplete": "cache-1"}`
fn cache(event: &str, id: &Value) -> Notice {
    let name = event.trim_start_matches("ElastiCache:");
    let id = id.as_str().map(line).unwrap_or_default();
    let mut title = apart(name);
    if !id.is_empty() {
        title = format!("{title}: {id}");
    }
    let mut notice = Notice::of("elasticache.event", "aws.elasticache", title);
    let lower = name.to_lowercase();
    notice.severity = match () {
        () if ["fail", "error", "notavailable"].iter().any(|it| lower.contains(it)) => {
            Severity::Error
        }
        () if ["failover", "replacement", "insufficient"].iter().any(|it| lower.contains(it)) => {
            Severity::Warning
        }
        () => Severity::Info,
    };
    // `Failover` has `fail` in it, and is none once it has ended.
    if lower.contains("failover") && !lower.contains("failed") {
        notice.severity = Severity::Warning;
    }
    notice.field("Cache", Some(id.clone()).filter(|it| !it.is_empty()));
    notice.field("Event", Some(event));
    notice.resource = Some(id).filter(|it| !it.is_empty());
    notice
}

/// `Cache node replace started`, of `CacheNodeReplaceStarted` or `cacheNodeReplaceStarted`.
pub(super) fn apart(name: &str) -> String {
    let mut words = String::new();
    for (place, it) in name.chars().enumerate() {
        match it {
            it if place == 0 => words.extend(it.to_uppercase()),
            it if it.is_uppercase() => {
                words.push(' ');
                words.extend(it.to_lowercase());
            }
            it => words.push(it),
        }
    }
    words
}

fn cache_in_words(said: &str) -> Option<Notice> {
    let (name, id) = said.trim().split_once(':').map(|_| said.trim().rsplit_once(':'))??;
    let name = name.trim();
    let known = name.starts_with("ElastiCache:") && !name.contains(char::is_whitespace);
    known.then(|| cache(name, &Value::String(id.to_owned())))
}

/// The first thing a new subscription to events says.
fn set_up(said: &str) -> Option<Notice> {
    let (_, rest) = said.split_once("This is a message to notify that ")?;
    let service = rest.split_whitespace().next()?;
    let source = format!("aws.{}", service.to_lowercase());
    let title = format!("{service} will send its events to this topic");
    let mut notice = Notice::of("rds.subscription", &source, title);
    said.trim().clone_into(&mut notice.text);
    Some(notice)
}
