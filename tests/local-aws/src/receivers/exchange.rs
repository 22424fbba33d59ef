//! One request to a receiver: what it was told to do with it, and what it does by itself.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde_json::Value;

use super::address::{Addressee, Sent, addressee, is_discord_webhook};
use super::reply::{Fate, Message, Reply, Verdict};
use super::{Answer, Arrived, Receiver, Registered, State};
use super::{discord, pagerduty, slack, teams, webhook};
use crate::world::{Outcome, World};

/// Answers as the service would, or as it was told to.
pub(crate) async fn answer(world: &World, sent: Sent<'_>) -> Outcome {
    let kind = sent.kind.kind();
    let next = next(&mut world.state().receivers, &sent);
    let (name, told) = match next {
        Ok(found) => found,
        Err((name, reply)) => {
            let who = name.unwrap_or_else(|| "unknown".to_owned());
            return answered(world, &format!("{kind} {who}"), reply);
        }
    };
    let who = format!("{kind} {name}");
    match told {
        Answer::Ok => accept(world, &name, &who, &sent),
        Answer::Status { status, retry_after, body } => {
            let mut reply = usual(&sent.kind, status, retry_after).after(retry_after);
            if let Some(body) = body {
                reply.body = body;
            }
            answered(world, &who, reply)
        }
        Answer::Refused => {
            world.note(format!("{who}: refused the connection"));
            Outcome::ConnectionRefused
        }
        Answer::Cut => {
            accept(world, &name, &who, &sent);
            world.note(format!("{who}: cut the connection"));
            Outcome::ConnectionLost
        }
        Answer::Slow(duration) => {
            world.clock().sleep(duration).await;
            accept(world, &name, &who, &sent)
        }
        Answer::Hang => {
            world.note(format!("{who}: does not answer"));
            std::future::pending().await
        }
    }
}

/// The addressee and what it was told to do with this request, or the refusal of those who do not
/// know it. What is refused for its credential does not use up the script.
fn next(state: &mut State, sent: &Sent<'_>) -> Result<(String, Answer), (Option<String>, Reply)> {
    let (name, current) = match addressee(state, sent) {
        Addressee::Current(name) => (name, true),
        Addressee::Revoked(name) => (name, false),
        Addressee::Unknown => return Err((None, unknown(state, sent))),
    };
    let registered = state.get_mut(&name).expect("addressees are registered");
    registered.asked += 1;
    match current {
        _ if sent.request.method() != Method::POST => Err((Some(name), Reply::status(405))),
        false => Err((Some(name), revoked(&sent.kind))),
        true => Ok((name, registered.script.pop_front().unwrap_or(Answer::Ok))),
    }
}

/// An address or a key that was never given to anybody.
fn unknown(state: &State, sent: &Sent<'_>) -> Reply {
    match &sent.kind {
        Receiver::Slack => Reply::text(403, "invalid_token"),
        Receiver::SlackApi => slack::refused_by_api("invalid_auth", None),
        Receiver::Teams => teams::unknown(),
        Receiver::PagerDuty => pagerduty::unknown(sent.request.body()),
        Receiver::Discord if is_discord_webhook(state, &sent.path) => discord::invalid_token(),
        Receiver::Discord => discord::unknown(),
        Receiver::Webhook { .. } => Reply::status(404),
    }
}

/// What was there once.
fn revoked(kind: &Receiver) -> Reply {
    match kind {
        Receiver::Slack => Reply::text(404, "no_service"),
        Receiver::SlackApi => slack::refused_by_api("token_revoked", None),
        Receiver::Teams => teams::disabled(),
        Receiver::PagerDuty => pagerduty::invalid_key(),
        Receiver::Discord => discord::unknown(),
        Receiver::Webhook { .. } => Reply::status(410),
    }
}

/// What the service says with this status.
fn usual(kind: &Receiver, status: u16, retry_after: Option<u64>) -> Reply {
    match kind {
        Receiver::Slack => slack::usual(status, retry_after),
        Receiver::SlackApi => slack::usual_of_api(status),
        Receiver::PagerDuty => pagerduty::usual(status),
        Receiver::Discord => discord::usual(status, retry_after),
        Receiver::Teams | Receiver::Webhook { .. } => Reply::status(status),
    }
}

fn judge(registered: &Registered, message: &Message<'_>) -> Verdict {
    match &registered.kind {
        Receiver::Slack => slack::judge(message),
        Receiver::SlackApi => slack::judge_for_api(message),
        Receiver::Teams => teams::judge(message),
        Receiver::PagerDuty => pagerduty::judge(message),
        Receiver::Discord => discord::judge(message),
        Receiver::Webhook { signing_secret } => webhook::judge(message, signing_secret.as_deref()),
    }
}

/// Accepts what the service would accept.
fn accept(world: &World, name: &str, who: &str, sent: &Sent<'_>) -> Outcome {
    let now = world.clock().now();
    let (headers, raw) = (sent.request.headers(), sent.request.body());
    let query = sent.request.uri().query().unwrap_or_default();
    let verdict = world.at_receiver(name, |registered| {
        let json = is_json(headers).then(|| serde_json::from_slice(raw).ok()).flatten();
        let json = json.filter(Value::is_object);
        let message = Message { json, raw, headers, query, now, number: registered.asked };
        let verdict = judge(registered, &message);
        let arrived =
            |body: &Value| Arrived { at: now, body: body.clone(), headers: plain(headers) };
        match &verdict.fate {
            Fate::Shown(body) => registered.show(arrived(body)),
            Fate::Lost(body) => registered.lost.push(arrived(body)),
            Fate::Refused(_) => {}
        }
        verdict
    });
    match verdict.fate {
        Fate::Refused(reason) => {
            world.note(format!("{who}: answered {} ({reason})", verdict.reply.status));
        }
        Fate::Lost(_) => world.note(format!("{who}: accepted and lost")),
        Fate::Shown(_) => world.note(format!("{who}: accepted")),
    }
    Outcome::Answered(verdict.reply.into_response())
}

fn answered(world: &World, who: &str, reply: Reply) -> Outcome {
    world.note(format!("{who}: answered {}", reply.status));
    Outcome::Answered(reply.into_response())
}

impl Registered {
    fn show(&mut self, message: Arrived) {
        let fresh = match self.kind {
            Receiver::PagerDuty => pagerduty::happen(&mut self.incidents, &message.body),
            Receiver::Webhook { .. } => {
                let id = message.headers.get("webhook-id");
                id.is_none() || self.arrived.iter().all(|it| it.headers.get("webhook-id") != id)
            }
            _ => true,
        };
        if fresh {
            self.arrived.push(message);
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// The headers as text, but for the one that is a secret.
fn plain(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| *name != "authorization")
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}
