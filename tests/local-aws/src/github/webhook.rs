//! What GitHub sends by itself.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::json;
use super::repository::Found;
use crate::world::World;

/// A delivery as GitHub makes it: headers and body. The same payload is the same delivery.
pub fn webhook(secret: &str, event: &str, payload: &Value) -> (BTreeMap<String, String>, String) {
    let body = payload.to_string();
    let digest = Sha256::digest(format!("{event} {body}"));
    let id: [u8; 16] = std::array::from_fn(|index| digest[index]);
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("User-Agent", "GitHub-Hookshot/0000000".to_owned()),
        ("X-GitHub-Delivery", uuid::Uuid::from_bytes(id).to_string()),
        ("X-GitHub-Event", event.to_owned()),
        ("X-GitHub-Hook-ID", "292430182".to_owned()),
        ("X-Hub-Signature-256", signature(secret, body.as_bytes())),
    ];
    (headers.map(|(name, value)| (name.to_owned(), value)).into(), body)
}

/// `X-Hub-Signature-256` of a body.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    let digest = mac.chain_update(body).finalize().into_bytes();
    digest.iter().fold("sha256=".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The payload of `pull_request` for an action (`closed`, `reopened`, `labeled`) of this one, as
/// it is now; from the installation of an app, if there is one.
pub fn pull_request_event(world: &World, repository: &str, number: u64, action: &str) -> Value {
    let state = &world.state().github;
    let Some(Found::Here(id)) = state.named(repository) else {
        panic!("no repository is called {repository:?}");
    };
    let repository = &state.repositories[&id];
    let (issue, pull_request) = repository.pull_request(number).expect("a pull request");
    let mut event = json!({
        "action": action,
        "number": number,
        "pull_request": json::pull_request(repository, issue, pull_request),
        "repository": json::repository(repository),
        "sender": {"login": "octocat", "type": "User"},
    });
    if let Some(app) = state.apps.values().next() {
        event["installation"] = json!({"id": app.installation});
    }
    event
}
