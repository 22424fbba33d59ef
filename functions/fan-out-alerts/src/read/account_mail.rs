//! SES: mail that bounced, was complained of, was late, was delivered.

use serde_json::Value;

use super::message::{Message, at, first, list, text, texts};
use super::text::when_told;
use crate::{Notice, Severity};

/// How many of the recipients are told.
const TOLD: usize = 20;

/// A notice of what became of a mail.
pub(super) fn notice(message: &Message) -> Option<Notice> {
    let body = &message.body;
    let kind = first(body, &["notificationType", "eventType"])?;
    if kind == "AmazonSnsSubscriptionSucceeded" {
        let title = "SES will send its notifications to this topic";
        let mut notice = Notice::of("ses.subscription", "aws.ses", title);
        notice.text = text(body, "message").unwrap_or_default();
        return Some(notice);
    }
    let mail = at(body, "mail").filter(|it| it.is_object())?;
    let what = told_of(body, &kind);
    let to = what.recipients(mail);
    let mut title = what.title.clone();
    title.extend(to.first().map(|it| format!(": {it}")));
    if to.len() > 1 {
        title = format!("{title} and {} more", to.len() - 1);
    }
    let mut notice =
        Notice::of(&format!("ses.{}", kind.to_lowercase().replace(' ', "-")), "aws.ses", title);
    notice.severity = what.severity;
    notice.text = what.why;
    let sender = first(mail, &["commonHeaders/from/0", "source"]);
    notice.field("Recipients", Some(shown(&to)).filter(|it| !it.is_empty()));
    notice.field("From", sender);
    notice.field("Subject", text(mail, "commonHeaders/subject"));
    notice.members(
        body,
        &[
            ("Bounce", "bounce/bounceType"),
            ("Kind", "bounce/bounceSubType"),
            ("Complaint", "complaint/complaintFeedbackType"),
            ("Delay", "deliveryDelay/delayType"),
            ("Template", "failure/templateName"),
            ("Clicked", "click/link"),
            ("Reported by", "bounce/reportingMTA"),
        ],
    );
    notice.field("Sent", text(mail, "timestamp").map(when_told));
    notice.field("Message", text(mail, "messageId"));
    notice.account = text(mail, "sendingAccountId");
    notice.resource = first(mail, &["source"]);
    notice.page(message, "Reputation", "ses/home#/reputation");
    let id = text(mail, "messageId").unwrap_or_default();
    notice.dedup_key = format!("ses/{}/{id}", kind.to_lowercase());
    Some(notice)
}

struct Told<'a> {
    title: String,
    severity: Severity,
    why: String,
    /// Those it happened to: not always all the mail went to.
    about: Vec<&'a Value>,
}

fn told_of<'a>(body: &'a Value, kind: &str) -> Told<'a> {
    let about = |path: &str| list(body, path).iter().collect::<Vec<_>>();
    let first_of = |paths: &[&str]| first(body, paths).unwrap_or_default();
    let told =
        |title: &str, severity, why, about| Told { title: title.to_owned(), severity, why, about };
    match kind {
        "Bounce" => {
            let lasting = text(body, "bounce/bounceType").as_deref() == Some("Permanent");
            let severity = if lasting { Severity::Warning } else { Severity::Info };
            let recipients = about("bounce/bouncedRecipients");
            let mut why: Vec<_> = recipients
                .iter()
                .filter_map(|it| first(it, &["diagnosticCode", "status"]))
                .collect();
            why.dedup();
            why.truncate(TOLD);
            told("Mail bounced", severity, why.join("\n"), recipients)
        }
        "Complaint" => {
            let why = first_of(&["complaint/complaintFeedbackType"]);
            told(
                "Mail complained of",
                Severity::Warning,
                why,
                about("complaint/complainedRecipients"),
            )
        }
        "DeliveryDelay" => {
            let recipients = about("deliveryDelay/delayedRecipients");
            let why = recipients.iter().find_map(|it| text(it, "diagnosticCode"));
            told("Mail delayed", Severity::Warning, why.unwrap_or_default(), recipients)
        }
        "Reject" => {
            told("Mail rejected", Severity::Error, first_of(&["reject/reason"]), Vec::new())
        }
        "Rendering Failure" | "RenderingFailure" => {
            let why = first_of(&["failure/errorMessage"]);
            told("Mail could not be rendered", Severity::Error, why, Vec::new())
        }
        "Delivery" => {
            let why = first_of(&["delivery/smtpResponse"]);
            told("Mail delivered", Severity::Info, why, about("delivery/recipients"))
        }
        "Received" => {
            told("Mail received", Severity::Info, String::new(), about("receipt/recipients"))
        }
        other => told(
            &format!("Mail: {}", other.to_lowercase()),
            Severity::Info,
            String::new(),
            Vec::new(),
        ),
    }
}

impl Told<'_> {
    fn recipients(&self, mail: &Value) -> Vec<String> {
        let address =
            |it: &&Value| text(it, "emailAddress").or_else(|| it.as_str().map(str::to_owned));
        let named: Vec<_> = self.about.iter().filter_map(address).collect();
        if named.is_empty() { texts(mail, "destination") } else { named }
    }
}

fn shown(recipients: &[String]) -> String {
    let mut shown: Vec<_> = recipients.iter().take(TOLD).cloned().collect();
    if recipients.len() > TOLD {
        shown.push(format!("and {} more", recipients.len() - TOLD));
    }
    shown.join("\n")
}
