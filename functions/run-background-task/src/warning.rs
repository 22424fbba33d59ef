//! The alert about a job that could not be started.

use alert::{Alert, Severity, Subject};
use jiff::Timestamp;
use serde_json::Value;

/// What the people on call are told. The input may be unreadable; what it names is named.
pub(crate) fn not_started(event: &Value, reason: &str, now: Timestamp) -> Alert {
    let member = |name: &str| event[name].as_str().map(str::to_owned);
    let job = member("job").unwrap_or_else(|| "an unnamed job".to_owned());
    let service = match (member("service"), member("cluster")) {
        (Some(service), Some(cluster)) => format!(" ({service} in cluster {cluster})"),
        _ => String::new(),
    };
    Alert {
        source: "run-background-task",
        severity: Severity::Error,
        title: format!("Job not started: {job}{service}"),
        reason: reason.to_owned(),
        hint: None,
        exit_code: None,
        subject: Subject {
            cluster: member("cluster"),
            service: member("service"),
            container: member("container"),
            ..Subject::default()
        },
        log: None,
        links: Vec::new(),
        time: now.to_string(),
    }
}
