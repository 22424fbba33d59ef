//! A webhook that takes anything, or only what is signed as Standard Webhooks says:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::reply::{Message, Reply, Verdict};

/// How far a timestamp may be from now.
const TOLERANCE_SECONDS: u64 = 5 * 60;

pub(super) fn judge(message: &Message<'_>, secret: Option<&str>) -> Verdict {
    if let Some(secret) = secret
        && let Err(why) = verify(message, secret)
    {
        return Verdict::refused(why, Reply::status(401));
    }
    let text = || Value::String(String::from_utf8_lossy(message.raw).into_owned());
    let body = serde_json::from_slice(message.raw).unwrap_or_else(|_| text());
    Verdict::shown(body, Reply::empty(204))
}

fn verify(message: &Message<'_>, secret: &str) -> Result<(), &'static str> {
    let header = |name: &str| {
        let value = message.headers.get(name).and_then(|it| it.to_str().ok());
        value.filter(|it| !it.is_empty()).ok_or("a header is missing")
    };
    let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
    let seconds: i64 = at.parse().map_err(|_| "the timestamp is no number of seconds")?;
    if seconds.abs_diff(message.now.as_second()) > TOLERANCE_SECONDS {
        return Err("the timestamp is not of now");
    }
    let mac = mac(secret).chain_update(format!("{id}.{at}.")).chain_update(message.raw);
    // While secrets are rotated there is a signature for each of them.
    let mut signatures = header("webhook-signature")?.split(' ');
    let ours = |it: &str| {
        let signature = it.strip_prefix("v1,").and_then(|it| STANDARD.decode(it).ok());
        signature.is_some_and(|it| mac.clone().verify_slice(&it).is_ok())
    };
    signatures.any(ours).then_some(()).ok_or("the signature is not ours")
}

/// A secret without the prefix is taken as it is.
fn mac(secret: &str) -> Hmac<Sha256> {
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).expect("whsec_ and base64"),
        None => secret.as_bytes().to_vec(),
    };
    Hmac::new_from_slice(&key).expect("HMAC takes keys of any length")
}
