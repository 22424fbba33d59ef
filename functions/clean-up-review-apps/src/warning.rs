//! What people are told.

use alert::{Alert, Severity, Subject};
use jiff::{SignedDuration, Timestamp};

use crate::fuse::Tripped;
use crate::report::Report;

fn alert(severity: Severity, title: String, reason: String, hint: &str, now: Timestamp) -> Alert {
    Alert {
        source: "clean-up-review-apps",
        severity,
        title,
        reason,
        hint: Some(hint.to_owned()),
        exit_code: None,
        subject: Subject::default(),
        log: None,
        links: Vec::new(),
        time: now.to_string(),
    }
}

/// The run ended without having looked after anything.
pub(crate) fn blind(repository: &str, why: &str, now: Timestamp) -> Alert {
    let title = format!("Review apps of {repository} were not looked after");
    let hint = "Nothing more was removed. The next run tries again.";
    alert(Severity::Warning, title, why.to_owned(), hint, now)
}

/// A fuse has tripped.
pub(crate) fn tripped(repository: &str, tripped: &Tripped, now: Timestamp) -> Alert {
    let title = format!("Review apps of {repository}: a fuse has tripped, nothing was removed");
    let hint = format!(
        "Look at the plan with {{\"dry_run\": true}}. If it is what you want, invoke the function with \
         {{\"approve\": \"{}\"}}; it holds for seven days.",
        tripped.approve
    );
    alert(Severity::Warning, title, tripped.why.clone(), &hint, now)
}

/// Something could not be seen, and won't be the next time.
pub(crate) fn incomplete(repository: &str, report: &Report, now: Timestamp) -> Alert {
    let title = format!("Review apps of {repository}: not everything could be seen");
    let problems: Vec<String> = report.problems.keys().take(5).cloned().collect();
    let hint = "Give the function the permissions it lacks, or leave the kinds out of KINDS.";
    alert(Severity::Warning, title, problems.join("\n"), hint, now)
}

/// Apps that should be gone for long.
pub(crate) fn stuck(
    repository: &str,
    report: &Report,
    after: SignedDuration,
    now: Timestamp,
) -> Option<Alert> {
    let stuck = report.stuck(after, now);
    let (first, rest) = stuck.split_first()?;
    let title = match rest.len() {
        0 => format!("The review app of {repository}#{} does not go", first.0),
        n => format!("{} review apps of {repository} do not go", n + 1),
    };
    let lines: Vec<String> =
        stuck.iter().take(10).map(|it| format!("#{}: {}", it.0, it.1)).collect();
    let problems: Vec<String> = report.problems.keys().take(3).cloned().collect();
    let reason = [lines, problems].concat().join("\n");
    let hint =
        "They are of pull requests that were closed more than a day ago, and something keeps them.";
    Some(alert(Severity::Warning, title, reason, hint, now))
}
