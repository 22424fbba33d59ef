//! A notice as each destination shows it, within every limit that destination has.
//!
//! Every part has its share of the room, so that a payload fits whatever it is made of, and nothing has to
//! be measured and thrown away. What is cut ends with `…`; the page with the whole event, if there is one,
//! is always among the links.
//!
//! **Invariant:** no text pings anybody, forms a link of its own, or makes a destination refuse.

mod discord;
mod email;
mod pagerduty;
mod slack;
mod teams;
mod text;
mod webhook;

pub use discord::discord;
pub use email::email;
pub use pagerduty::pagerduty;
pub use slack::slack;
pub use teams::teams;
pub use webhook::webhook;

use crate::{Link, Notice, Severity, Status};
use text::{clean, https, one_line};

/// The longest address that is shown; a presigned one of S3 has about 1,800 characters.
const LONGEST_URL: usize = 2048;

/// What a rendered notice has besides its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look<'a> {
    /// The page with the whole event. Its address is left out if it has more than 2,048 characters.
    pub full: Option<&'a Link>,
    /// What stands before the title: `production`.
    pub prefix: Option<&'a str>,
}

/// A notice without anything that must not be shown, not yet cut.
struct View {
    status: Status,
    severity: Severity,
    /// Never empty: `[production] Migrations failed`.
    title: String,
    text: String,
    fields: Vec<(String, String)>,
    lines: Vec<String>,
    links: Vec<Link>,
    full: Option<Link>,
    /// Where and when: `Firing, critical`, `123456789012`, `eu-west-1` …
    footer: Vec<String>,
}

impl View {
    fn of(notice: &Notice, look: &Look<'_>) -> Self {
        Self {
            status: notice.status,
            severity: notice.severity,
            title: title(notice, look),
            text: clean(&notice.text),
            fields: fields(notice),
            lines: lines(notice),
            links: notice.links.iter().filter_map(link).collect(),
            full: look.full.and_then(link),
            footer: footer(notice),
        }
    }

    /// What a person sees before reading anything.
    fn mark(&self) -> &'static str {
        match (self.status, self.severity) {
            (Status::Resolved, _) => "🟢",
            (_, Severity::Critical | Severity::Error) => "🔴",
            (_, Severity::Warning) => "🟠",
            (_, Severity::Info) => "🔵",
        }
    }

    /// The same as red, green and blue.
    fn color(&self) -> u32 {
        match (self.status, self.severity) {
            (Status::Resolved, _) => 0x2e_b6_7d,
            (_, Severity::Critical | Severity::Error) => 0xd4_1c_1c,
            (_, Severity::Warning) => 0xe8_91_2d,
            (_, Severity::Info) => 0x1d_72_d8,
        }
    }

    /// Marked, for where a title is only text.
    fn headline(&self) -> String {
        format!("{} {}", self.mark(), self.title)
    }
}

fn title(notice: &Notice, look: &Look<'_>) -> String {
    let title = one_line(&notice.title);
    let title = if title.is_empty() { "Alert" } else { &title };
    match look.prefix.map(one_line).filter(|it| !it.is_empty()) {
        Some(prefix) => format!("[{prefix}] {title}"),
        None => title.to_owned(),
    }
}

/// Without the ones that say nothing; a value without a name stands for itself.
fn fields(notice: &Notice) -> Vec<(String, String)> {
    let said = |field: &crate::Field| {
        let (name, value) = (one_line(&field.name), clean(&field.value));
        match (name.is_empty(), value.is_empty()) {
            (true, true) => None,
            (true, false) => Some(("–".to_owned(), value)),
            (false, true) => Some((name, "–".to_owned())),
            (false, false) => Some((name, value)),
        }
    };
    notice.fields.iter().filter_map(said).collect()
}

/// One line each, without the empty ones before and after.
fn lines(notice: &Notice) -> Vec<String> {
    let mut lines: Vec<String> = notice
        .lines
        .iter()
        .flat_map(|line| clean(line).split('\n').map(str::to_owned).collect::<Vec<_>>())
        .skip_while(String::is_empty)
        .collect();
    while lines.pop_if(|last| last.is_empty()).is_some() {}
    lines
}

fn link(link: &Link) -> Option<Link> {
    let title = one_line(&link.title);
    let title = if title.is_empty() { "Link".to_owned() } else { title };
    Some(Link { title, url: https(&link.url, LONGEST_URL)? })
}

fn footer(notice: &Notice) -> Vec<String> {
    // A topic's name is the last part of its ARN.
    let topic = notice.topic.as_deref().and_then(|topic| topic.rsplit(':').next());
    [
        Some(state(notice)),
        notice.account.clone(),
        notice.region.clone(),
        notice.time.map(|time| format!("{time:.0}")),
        topic.map(str::to_owned),
        Some(notice.id.clone()),
    ]
    .into_iter()
    .flatten()
    .map(|part| one_line(&part))
    .filter(|part| !part.is_empty())
    .collect()
}

/// In words, for not everybody tells red from green.
fn state(notice: &Notice) -> String {
    match (notice.status, severity(notice.severity)) {
        (Status::Firing, severity) => format!("firing, {severity}"),
        (Status::Resolved, _) => "resolved".to_owned(),
        (Status::Info, severity) => severity.to_owned(),
    }
}

/// The word `PagerDuty` has for it too.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "limits_tests.rs"]
mod limits;
