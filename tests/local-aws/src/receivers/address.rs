//! Where receivers are found, and which one a request is for.

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Receiver, State};

/// A request to one kind of receiver.
pub(crate) struct Sent<'a> {
    /// The kind; a webhook's secret is not known here.
    pub(super) kind: Receiver,
    /// The path at that service.
    pub(super) path: String,
    pub(super) request: &'a Request<Bytes>,
}

/// Whom a request is for.
pub(super) enum Addressee {
    Current(String),
    /// The credential was replaced, or the receiver is disabled.
    Revoked(String),
    Unknown,
}

/// A request that names its host: as a function sends it.
pub(crate) fn in_process<'a>(state: &State, request: &'a Request<Bytes>) -> Option<Sent<'a>> {
    let host = request.uri().host().unwrap_or_default().to_ascii_lowercase();
    let path = request.uri().path();
    let webhook = host.strip_suffix(".example.com").and_then(|name| state.get(name));
    let (kind, path) = match host.as_str() {
        "hooks.slack.com" => (Receiver::Slack, path),
        "slack.com" => (Receiver::SlackApi, path.strip_prefix("/api").unwrap_or(path)),
        "events.pagerduty.com" | "events.eu.pagerduty.com" => (Receiver::PagerDuty, path),
        "discord.com" => (Receiver::Discord, path),
        host if host.ends_with(".logic.azure.com") || host.ends_with(".api.powerplatform.com") => {
            (Receiver::Teams, path)
        }
        _ if webhook.is_some_and(|it| matches!(it.kind, Receiver::Webhook { .. })) => {
            (Receiver::Webhook { signing_secret: None }, path)
        }
        _ => return None,
    };
    Some(Sent { kind, path: path.to_owned(), request })
}

/// A request to `/_receivers/KIND/…` of a served account.
pub(crate) fn served(request: &Request<Bytes>) -> Option<Sent<'_>> {
    let path = request.uri().path().strip_prefix("/_receivers/").unwrap_or_default();
    let (kind, path) = path.split_once('/').unwrap_or((path, ""));
    let kind = Receiver::called(kind, None)?;
    Some(Sent { kind, path: format!("/{path}"), request })
}

/// Names are part of hosts, paths and tokens.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    !name.is_empty() && name.len() <= 60 && name.bytes().all(plain)
}

/// The address of a receiver: at the service itself, or below `base` of a served account.
pub(super) fn address(kind: &Receiver, name: &str, generation: u32, base: Option<&str>) -> String {
    let credential = credential(kind, name, generation);
    let path = match kind {
        Receiver::Slack => format!("/services/T00000000/B00000000/{credential}"),
        Receiver::SlackApi => "/chat.postMessage".to_owned(),
        Receiver::Teams => format!(
            "/workflows/{name}/triggers/manual/paths/invoke?api-version=2016-06-01\
             &sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={credential}"
        ),
        Receiver::PagerDuty => "/v2/enqueue".to_owned(),
        Receiver::Discord => format!("/api/webhooks/{}/{credential}", discord_id(name)),
        Receiver::Webhook { .. } => format!("/{credential}"),
    };
    let service = match kind {
        Receiver::Slack => "hooks.slack.com",
        Receiver::SlackApi => "slack.com/api",
        Receiver::Teams => "prod-00.uksouth.logic.azure.com",
        Receiver::PagerDuty => "events.pagerduty.com",
        Receiver::Discord => "discord.com",
        Receiver::Webhook { .. } => &format!("{name}.example.com"),
    };
    match base {
        Some(base) => format!("{base}/{}{path}", kind.kind()),
        None => format!("https://{service}{path}"),
    }
}

/// What a sender has to know: part of the address, a token, or a routing key.
pub(super) fn credential(kind: &Receiver, name: &str, generation: u32) -> String {
    // No name has a dot in it, so that no receiver's new token is another one's first.
    let token = match generation {
        0 => name.to_owned(),
        generation => format!("{name}.{generation}"),
    };
    match kind {
        Receiver::SlackApi => format!("xoxb-{token}"),
        Receiver::PagerDuty => hex(&token),
        _ => token,
    }
}

/// 32 hexadecimal digits.
pub(super) fn hex(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|it| format!("{it:02x}")).collect()
}

fn discord_id(name: &str) -> String {
    let id = Sha256::digest(name).iter().take(8).fold(0u64, |id, it| id << 8 | u64::from(*it));
    format!("{:018}", id % 1_000_000_000_000_000_000)
}

/// Whether this path names a webhook of Discord that is there, whatever its token.
pub(super) fn is_discord_webhook(state: &State, path: &str) -> bool {
    let id = path.strip_prefix("/api/webhooks/").and_then(|it| it.split('/').next());
    state.iter().any(|(name, it)| it.kind == Receiver::Discord && id == Some(&discord_id(name)))
}

/// Finds the receiver whose credential, of today or of old, the request has.
pub(super) fn addressee(state: &State, sent: &Sent<'_>) -> Addressee {
    let Some(presented) = presented(sent) else { return Addressee::Unknown };
    let same_kind = |kind: &Receiver| kind.kind() == sent.kind.kind();
    for (name, registered) in state.iter().filter(|(_, it)| same_kind(&it.kind)) {
        let known = (0..=registered.generation)
            .rev()
            .find(|generation| credential(&sent.kind, name, *generation) == presented);
        match known {
            Some(generation) if generation == registered.generation && !registered.disabled => {
                return Addressee::Current(name.clone());
            }
            Some(_) => return Addressee::Revoked(name.clone()),
            None => {}
        }
    }
    Addressee::Unknown
}

/// The credential in a request, where its kind has it.
fn presented(sent: &Sent<'_>) -> Option<String> {
    let segments: Vec<&str> = sent.path.split('/').skip(1).collect();
    match (&sent.kind, segments.as_slice()) {
        (Receiver::Slack, ["services", _, _, token])
        | (Receiver::Discord, ["api", "webhooks", _, token])
        | (Receiver::Webhook { .. }, [token]) => Some((*token).to_owned()),
        (Receiver::SlackApi, ["chat.postMessage"]) => {
            let authorization = sent.request.headers().get("authorization")?.to_str().ok()?;
            authorization.strip_prefix("Bearer ").map(str::to_owned)
        }
        (Receiver::Teams, ["workflows", name, "triggers", "manual", "paths", "invoke"]) => {
            let query = sent.request.uri().query()?.as_bytes();
            let (_, signature) = url::form_urlencoded::parse(query).find(|it| it.0 == "sig")?;
            let of_this = signature.split('.').next() == Some(name);
            of_this.then(|| signature.into_owned())
        }
        (Receiver::PagerDuty, ["v2", "enqueue"]) => {
            let event: Value = serde_json::from_slice(sent.request.body()).ok()?;
            event["routing_key"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}
