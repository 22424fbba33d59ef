//! Slack: incoming webhooks and `chat.postMessage`.
//!
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
//! <https://docs.slack.dev/reference/methods/chat.postMessage>

mod blocks;

use serde_json::{Value, json};

use super::reply::{Message, Reply, Verdict, characters};

/// Nobody documents it: messages of more than about 13,200 characters are refused.
const CHARACTERS: usize = 13_000;

/// What is wrong with a message: Slack's word for it, and ours for the reader of a timeline.
struct Wrong(&'static str, Option<String>);

pub(super) fn judge(message: &Message<'_>) -> Verdict {
    let Some(body) = &message.json else {
        return Verdict::refused("invalid_payload", Reply::text(400, "invalid_payload"));
    };
    match wrong(body) {
        None => Verdict::shown(body.clone(), Reply::text(200, "ok")),
        Some(Wrong(error, why)) => {
            let why = why.map_or_else(|| error.to_owned(), |it| format!("{error}: {it}"));
            Verdict::refused(why, Reply::text(400, error))
        }
    }
}

pub(super) fn judge_for_api(message: &Message<'_>) -> Verdict {
    let refused = |error: &'static str, why: Option<String>| {
        Verdict::refused(error, refused_by_api(error, why))
    };
    let Some(body) = &message.json else { return refused("invalid_form_data", None) };
    let Some(channel) = body["channel"].as_str().filter(|it| is_channel(it)) else {
        return refused("channel_not_found", None);
    };
    if let Some(Wrong(error, why)) = wrong(body) {
        return refused(error, why);
    }
    let ts = format!("{}.{:06}", message.now.as_second(), message.number);
    let answer = json!({"ok": true, "channel": channel, "ts": ts, "message": {"type": "message"}});
    Verdict::shown(body.clone(), Reply::json(200, answer))
}

/// `#alerts`, or the id of a channel, a private channel or a conversation.
fn is_channel(channel: &str) -> bool {
    let name = |it: &str| !it.is_empty() && !it.contains(char::is_whitespace);
    let id = |it: &str| {
        it.len() > 1 && it.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    };
    channel.strip_prefix('#').is_some_and(name)
        || (channel.starts_with(['C', 'G', 'D']) && id(channel))
}

/// The API refuses with status 200.
pub(super) fn refused_by_api(error: &str, why: Option<String>) -> Reply {
    let mut answer = json!({"ok": false, "error": error});
    if let Some(why) = why {
        answer["response_metadata"] = json!({"messages": [format!("[ERROR] {why}")]});
    }
    Reply::json(200, answer)
}

pub(super) fn usual(status: u16, retry_after: Option<u64>) -> Reply {
    match status {
        400 => Reply::text(400, "invalid_payload"),
        403 => Reply::text(403, "invalid_token"),
        404 => Reply::text(404, "no_service"),
        410 => Reply::text(410, "channel_is_archived"),
        429 => {
            let seconds = retry_after.unwrap_or(1);
            let body = json!({"retry_after": seconds, "ok": false, "error": "rate_limited"});
            Reply::json(429, body)
        }
        500 => Reply::text(500, "rollup_error"),
        other => Reply::status(other),
    }
}

pub(super) fn usual_of_api(status: u16) -> Reply {
    let error = match status {
        429 => "ratelimited",
        503 => "service_unavailable",
        _ => "internal_error",
    };
    Reply::json(status, json!({"ok": false, "error": error}))
}

fn wrong(body: &Value) -> Option<Wrong> {
    let some = |name: &str| body[name].as_array().is_some_and(|it| !it.is_empty());
    let rich = some("blocks") || some("attachments");
    if !rich && body["text"].as_str().is_none_or(str::is_empty) {
        return Some(Wrong("no_text", None));
    }
    if let Err(why) = blocks::valid(body) {
        return Some(Wrong("invalid_blocks", Some(why)));
    }
    let too_long = if rich { "msg_blocks_too_long" } else { "msg_too_long" };
    (texts(body) > CHARACTERS).then_some(Wrong(too_long, None))
}

/// The characters of everything that is called `text`, at any depth.
fn texts(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, it)| match it {
                Value::String(text) if name == "text" => characters(text),
                it => texts(it),
            })
            .sum(),
        _ => 0,
    }
}
