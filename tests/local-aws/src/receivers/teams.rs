//! A workflow of Teams that posts what it gets as a card.

use serde_json::{Value, json};

use super::reply::{Message, Reply, Verdict};

/// 28 KB, and what Teams adds before it measures: a request of 24,453 bytes became 28,897
/// (MicrosoftDocs/msteams-docs#11274).
const LIMIT: usize = 28_672 - (28_897 - 24_453);

/// The workflow answers before it runs, so that nobody hears of a card that is too large.
pub(super) fn judge(message: &Message<'_>) -> Verdict {
    let Some(body) = &message.json else {
        return refused("the request is not JSON");
    };
    if body["type"] != "message" {
        return refused("the request is no message");
    }
    let attachments = body["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    if attachments.is_empty() || !attachments.iter().all(is_card) {
        return refused("an attachment is no Adaptive Card of a version up to 1.5");
    }
    match message.raw.len() > LIMIT {
        true => Verdict::lost(body.clone(), Reply::empty(202)),
        false => Verdict::shown(body.clone(), Reply::empty(202)),
    }
}

fn is_card(attachment: &Value) -> bool {
    let card = &attachment["content"];
    let version = card["version"].as_str().and_then(|it| it.split_once('.'));
    let version = version.and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
    attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        && card["type"] == "AdaptiveCard"
        && version.is_some_and(|it| ((1, 0)..=(1, 5)).contains(&it))
}

fn refused(why: &str) -> Verdict {
    Verdict::refused(why, error(400, "TriggerInputSchemaMismatch", why))
}

pub(super) fn disabled() -> Reply {
    let why = "Could not execute workflow trigger 'manual' with state 'Disabled'.";
    error(400, "WorkflowTriggerIsNotEnabled", why)
}

pub(super) fn unknown() -> Reply {
    error(404, "WorkflowNotFound", "The workflow could not be found.")
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, json!({"error": {"code": code, "message": message}}))
}
