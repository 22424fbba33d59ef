//! How this function shows GitHub who it is: with a token, or as a GitHub App that asks for one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secret::{Reference, Secret};
use serde_json::{Value, json};

/// GitHub's clock may be behind ours by this much.
const EARLIER: Duration = Duration::from_secs(60);
/// GitHub takes none that is good for more than ten minutes.
const GOOD_FOR: Duration = Duration::from_secs(9 * 60);

/// What an App's secret holds.
pub(crate) const MEMBERS: [&str; 3] = ["private_key", "app_id", "installation_id"];

/// What a secret says about who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// A token that is sent as it is.
    Token(Secret),
    /// An App, which asks for a token.
    App(App),
}

/// A GitHub App and where it is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    /// The App's id or client id.
    pub(crate) id: String,
    /// Which of its installations.
    pub(crate) installation: u64,
    /// In PEM.
    pub(crate) private_key: Secret,
}

/// Whether a secret's value is the private key alone, so that the ids are to be read from beside it.
pub(crate) fn is_private_key(secret: &Secret) -> bool {
    secret.expose().starts_with("-----BEGIN")
}

/// Reads a token, or a JSON object with `app_id`, `installation_id` and `private_key`.
///
/// # Errors
/// It is neither; says what is missing and nothing of the value.
pub(crate) fn read(secret: &Secret) -> Result<Credentials, String> {
    let text = secret.expose().trim();
    if text.starts_with('{') {
        let told: Value = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
        let member = |name: &str| match told.get(name) {
            Some(Value::String(text)) => Ok(text.trim().to_owned()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(format!("it has no member {name}")),
        };
        let private_key = Secret::new(member("private_key")?);
        return app(&member("app_id")?, &member("installation_id")?, private_key)
            .map(Credentials::App);
    }
    // Whatever else it is must not break a header.
    match !text.is_empty() && text.bytes().all(|it| it.is_ascii_graphic()) {
        true => Ok(Credentials::Token(Secret::new(text))),
        false => Err("it is neither a token nor an App's app_id, installation_id and \
                      private_key"
            .to_owned()),
    }
}

/// An App from its parts.
///
/// # Errors
/// An id is none.
pub(crate) fn app(id: &str, installation: &str, private_key: Secret) -> Result<App, String> {
    if id.is_empty() || !id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'.') {
        return Err("its app_id is none".to_owned());
    }
    let installation = installation.parse().map_err(|_| "its installation_id is no number")?;
    Ok(App { id: id.to_owned(), installation, private_key })
}

/// One of the [`MEMBERS`] of a secret.
pub(crate) fn part(whole: &Reference, member: &str) -> Reference {
    Reference { id: whole.id.clone(), key: Some(member.to_owned()) }
}

/// An App from the [`MEMBERS`] of its secret.
///
/// # Errors
/// One is missing, or wrong.
pub(crate) fn of_parts(parts: &[Secret]) -> Result<Credentials, String> {
    let [private_key, id, installation] = parts else {
        return Err("it is no App's".to_owned());
    };
    app(id.expose(), installation.expose(), private_key.clone()).map(Credentials::App)
}

/// An App's token and when it ends, from GitHub's answer.
pub(crate) fn installed(told: &Value) -> Option<(Secret, SystemTime)> {
    let ends: Timestamp = told.get("expires_at")?.as_str()?.parse().ok()?;
    match read(&Secret::new(told.get("token")?.as_str()?)).ok()? {
        Credentials::Token(token) => Some((token, ends.into())),
        Credentials::App(_) => None,
    }
}

impl App {
    /// What the App signs to be known as itself.
    ///
    /// # Errors
    /// The key can't be read; nothing of it is told.
    pub(crate) fn token(&self, now: SystemTime) -> Result<Secret, String> {
        let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({
            "iat": seconds(now.checked_sub(EARLIER).unwrap_or(UNIX_EPOCH)),
            "exp": seconds(now.checked_add(GOOD_FOR).unwrap_or(now)),
            "iss": self.id,
        });
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let key = key(self.private_key.expose())?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "its private_key can't sign".to_owned())?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// GitHub hands out PKCS#1; other tools turn that into PKCS#8.
fn key(pem: &str) -> Result<RsaKeyPair, String> {
    // Whoever pastes a key into JSON by hand writes its line breaks as two characters.
    let pem = pem.replace("\\n", "\n").replace("\\r", "");
    let wrong = || "its private_key is no RSA key in PEM".to_owned();
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or_else(wrong)?;
    let (kind, rest) = rest.split_once("-----").ok_or_else(wrong)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(wrong)?;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| wrong())?;
    match kind {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
        _ => return Err(wrong()),
    }
    .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    /// Of no App: a key made for these tests.
    const KEY: &str = include_str!("test-key.txt");

    fn pem(kind: &str, body: &str) -> String {
        format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
    }

    /// The same key with PKCS#8's words around it.
    fn pkcs8() -> String {
        let key = STANDARD.decode(KEY.split_whitespace().collect::<String>()).unwrap();
        let length = |it: usize| u16::try_from(it).unwrap().to_be_bytes();
        let rsa = [0x02, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
        let octets = [&[0x04, 0x82][..], &length(key.len()), &key].concat();
        let all = [&[0x30, 0x82][..], &length(rsa.len() + octets.len()), &rsa, &octets].concat();
        pem("PRIVATE KEY", &STANDARD.encode(all))
    }

    fn told(value: &str) -> String {
        match read(&Secret::new(value)) {
            Ok(Credentials::Token(token)) => format!("token {}", token.expose()),
            Ok(Credentials::App(app)) => format!("app {} at {}", app.id, app.installation),
            Err(why) => why,
        }
    }

    #[test]
    fn a_secret_is_a_token_or_an_app() {
        for token in ["ghp_hidden", "github_pat_hidden", "ghs_hidden"] {
            assert_eq!(told(token), format!("token {token}"));
        }
        let app = |id: Value, at: Value| {
            told(&json!({"app_id": id, "installation_id": at, "private_key": "k"}).to_string())
        };
        assert_eq!(app(json!(12), json!(34)), "app 12 at 34");
        assert_eq!(app(json!("Iv1.a2"), json!(" 34 ")), "app Iv1.a2 at 34");
        assert_eq!(app(json!(12), json!("hidden")), "its installation_id is no number");
        assert_eq!(app(json!("a b"), json!(1)), "its app_id is none");
        assert_eq!(app(json!(null), json!(1)), "it has no member app_id");
        assert_eq!(told("{\"app_id\": hidden"), "it is no JSON");
        for bad in ["hid den", "hidden\r\nx: y", ""] {
            assert!(told(bad).starts_with("it is neither"), "{bad}");
        }
    }

    #[test]
    fn an_app_signs_who_it_is_for_less_than_ten_minutes() {
        let one_line = pem("RSA PRIVATE KEY", KEY).replace('\n', "\\n");
        for private_key in [pem("RSA PRIVATE KEY", KEY), pkcs8(), one_line] {
            let app = app("12", "34", Secret::new(&*private_key)).unwrap();
            let token = app.token(UNIX_EPOCH + Duration::from_secs(1_800_000_000)).unwrap();
            let (signed, signature) = token.expose().rsplit_once('.').unwrap();
            let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            let expected = json!({"iat": 1_799_999_940, "exp": 1_800_000_540, "iss": "12"});
            assert_eq!(claims, expected);
            let public = key(&private_key).unwrap().public().as_ref().to_vec();
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
                .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
                .unwrap();
        }
    }

    #[test]
    fn a_bad_key_is_told_without_its_value() {
        for bad in ["", "hidden", &pem("RSA PRIVATE KEY", "aGlkZGVu"), &pem("EC PRIVATE KEY", KEY)]
        {
            let app = app("12", "34", Secret::new(bad)).unwrap();
            let why = app.token(UNIX_EPOCH).unwrap_err();
            assert_eq!(why, "its private_key is no RSA key in PEM");
            assert!(!format!("{app:?}").contains("aGlkZGVu"));
        }
    }
}
