//! Who asks: somebody with a token, an app's installation, the app itself, or nobody.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use ring::rsa::KeyPair;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::State;
use super::json::time;
use super::reply::Reply;
use super::repository::Repository;
use crate::world::World;

/// A private key of an app, in the form in which GitHub gives it: PKCS#1, 2048 bits. It is in the
/// sources for everybody to read, so that it proves nothing to anybody but this GitHub.
pub const TEST_APP_KEY: &str = include_str!("only-for-tests.private-key.pem");

/// "Installation access tokens expire one hour from the time you create them."
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// Of an app's JSON Web Token: "no more than 10 minutes into the future".
const ASSERTION_LIFE: i64 = 600;
/// How far the clock of whoever signs may be ahead.
const SKEW: i64 = 60;

pub(super) type Permissions = BTreeMap<String, String>;

/// An app with its one installation.
pub(super) struct App {
    pub(super) installation: u64,
    key: Vec<u8>,
    permissions: Permissions,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Who comments, and whose hour it is.
    pub(super) login: String,
    installation: bool,
    permissions: Permissions,
    /// `None`: all.
    repositories: Option<BTreeSet<u64>>,
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) enum Caller {
    Nobody,
    Token(Token),
    /// An app, by its id.
    App(String),
}

impl World {
    /// A token of somebody called `name`, for all repositories, with permissions like
    /// `("pull_requests", "read")`. Without any it sees none of them.
    pub fn token(&self, name: &str, permissions: &[(&str, &str)]) -> String {
        let key = format!("ghp_{}", hex36(name));
        let token = Token {
            login: name.to_owned(),
            installation: false,
            permissions: owned(permissions),
            repositories: None,
            expires_at: None,
        };
        self.state().github.tokens.insert(key.clone(), token);
        key
    }

    /// An app that is installed once, for all repositories, and may read and comment; it signs
    /// with this key, of which [`TEST_APP_KEY`] is one.
    pub fn github_app(&self, app: u64, installation: u64, private_key_pem: &str) {
        let der = der(private_key_pem).expect("a PEM block");
        let key = KeyPair::from_der(&der).expect("an RSA key as PKCS#1, of 2048 bits or more");
        let permissions = [("issues", "write"), ("metadata", "read"), ("pull_requests", "write")];
        let key = key.public_key().as_ref().to_vec();
        let app_of = App { installation, key, permissions: owned(&permissions) };
        self.state().github.apps.insert(app.to_string(), app_of);
    }

    /// What the app's installation may do from now on; tokens it has keep what they have.
    pub fn github_app_may(&self, app: u64, permissions: &[(&str, &str)]) {
        let mut state = self.state();
        let app = state.github.apps.get_mut(&app.to_string()).expect("an app that is registered");
        app.permissions = owned(permissions);
    }
}

impl Caller {
    /// Whose hour it is.
    pub(super) fn who(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Token(token) => Some(&token.login),
            Self::App(id) => Some(id),
        }
    }

    /// Whether it may know that this repository exists.
    pub(super) fn sees(&self, repository: &Repository) -> bool {
        let Self::Token(token) = self else { return false };
        let chosen = token.repositories.as_ref().is_none_or(|it| it.contains(&repository.id));
        chosen && !token.permissions.is_empty()
    }

    /// Any of these permissions is enough.
    pub(super) fn may(&self, write: bool, any_of: &[&str]) -> Result<(), &'static str> {
        let Self::Token(token) = self else {
            return Err("Resource not accessible by integration");
        };
        let enough = |level: &String| level == "write" || (!write && level == "read");
        match any_of.iter().any(|it| token.permissions.get(*it).is_some_and(enough)) {
            true => Ok(()),
            false if token.installation => Err("Resource not accessible by integration"),
            false => Err("Resource not accessible by personal access token"),
        }
    }
}

impl State {
    /// Reads `Authorization`.
    pub(super) fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Reply> {
        let Some(authorization) = headers.get("authorization") else { return Ok(Caller::Nobody) };
        let bad = || Reply::refused(401, "Bad credentials");
        let authorization = authorization.to_str().map_err(|_| bad())?;
        let (scheme, key) = authorization.split_once(' ').ok_or_else(bad)?;
        if !["bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(bad());
        }
        let key = key.trim();
        // A JSON Web Token has two dots, all other tokens have none.
        if key.contains('.') {
            return self.app_that_signed(key, now).map(Caller::App);
        }
        let token = self.tokens.get(key).filter(|it| it.expires_at.is_none_or(|at| now < at));
        token.cloned().map(Caller::Token).ok_or_else(bad)
    }

    fn app_that_signed(&self, assertion: &str, now: Timestamp) -> Result<String, Reply> {
        const ISSUED: &str = "'Issued at' claim ('iat') must be an Integer representing the time \
                              that the assertion was issued";
        const EXPIRES: &str = "'Expiration time' claim ('exp') must be a numeric value \
                               representing the future time at which the assertion expires";
        const TOO_FAR: &str = "'Expiration time' claim ('exp') is too far in the future";
        let refused = |message: &str| Reply::refused(401, message);
        let undecodable = || refused("A JSON web token could not be decoded");
        let (signed, signature) = assertion.rsplit_once('.').ok_or_else(undecodable)?;
        let (header, claims) = signed.split_once('.').ok_or_else(undecodable)?;
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (header, claims) = (read(header), read(claims));
        let (header, claims) = header.zip(claims).ok_or_else(undecodable)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| undecodable())?;

        // GitHub takes a number as well as a text.
        let issuer = match &claims["iss"] {
            Value::String(text) => text.clone(),
            issuer => issuer.to_string(),
        };
        let app =
            self.apps.get(&issuer).ok_or_else(|| Reply::refused(404, "Integration not found"))?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app.key);
        if header["alg"] != "RS256" || key.verify(signed.as_bytes(), &signature).is_err() {
            return Err(undecodable());
        }
        let now = now.as_second();
        let issued = claims["iat"].as_i64().filter(|it| *it <= now + SKEW);
        issued.ok_or_else(|| refused(ISSUED))?;
        match claims["exp"].as_i64().filter(|it| *it > now).ok_or_else(|| refused(EXPIRES))? {
            expires if expires > now + ASSERTION_LIFE => Err(refused(TOO_FAR)),
            _ => Ok(issuer),
        }
    }

    /// `POST /app/installations/ID/access_tokens`, which may ask for less than the app has.
    pub(super) fn installation_token(
        &mut self,
        app_id: &str,
        installation: &str,
        asked: &Value,
        now: Timestamp,
    ) -> Result<Reply, Reply> {
        let app = self.apps.get(app_id).filter(|it| it.installation.to_string() == installation);
        let app = app.ok_or_else(Reply::not_found)?;
        let mut permissions = app.permissions.clone();
        if let Some(asked) = asked["permissions"].as_object() {
            let granted = |(name, level): (&String, &Value)| {
                let has = app.permissions.get(name);
                has.is_some_and(|has| has == "write" || level == has)
            };
            if !asked.iter().all(granted) {
                let message = "The permissions requested are not granted to this installation.";
                return Err(Reply::invalid(message));
            }
            let level = |it: &Value| it.as_str().unwrap_or_default().to_owned();
            permissions = asked.iter().map(|(name, it)| (name.clone(), level(it))).collect();
            // Every installation has it.
            permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
        }
        let repositories = self.chosen(asked)?;
        let key = format!("ghs_{}", hex36(&format!("{app_id} {}", self.id())));
        let expires_at = time(now + TOKEN_LIFE);
        let answer = json!({
            "token": key,
            "expires_at": expires_at,
            "permissions": permissions,
            "repository_selection": if repositories.is_some() { "selected" } else { "all" },
        });
        let token = Token {
            login: format!("app-{app_id}[bot]"),
            installation: true,
            permissions,
            repositories,
            expires_at: Some(expires_at),
        };
        self.tokens.insert(key, token);
        Ok(Reply::json(201, answer))
    }

    /// The repositories by name (without owner) or id that a token is asked for.
    fn chosen(&self, asked: &Value) -> Result<Option<BTreeSet<u64>>, Reply> {
        const UNKNOWN: &str = "There is at least one repository that does not exist or is not \
                               accessible to the parent installation.";
        let (names, ids) = (asked["repositories"].as_array(), asked["repository_ids"].as_array());
        if names.is_none() && ids.is_none() {
            return Ok(None);
        }
        let named = names.into_iter().flatten().map(|name| {
            let found = self.repositories.values().find(|it| name == it.name());
            found.map(|it| it.id)
        });
        let with_id = ids
            .into_iter()
            .flatten()
            .map(|id| id.as_u64().filter(|it| self.repositories.contains_key(it)));
        let chosen: Option<BTreeSet<u64>> = named.chain(with_id).collect();
        chosen.map(Some).ok_or_else(|| Reply::invalid(UNKNOWN))
    }
}

fn owned(permissions: &[(&str, &str)]) -> Permissions {
    permissions.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect()
}

/// As many characters as GitHub's tokens have after their prefix.
fn hex36(text: &str) -> String {
    Sha256::digest(text).iter().take(18).map(|it| format!("{it:02x}")).collect()
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let lines = pem.lines().map(str::trim).filter(|it| !it.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).ok()
}
