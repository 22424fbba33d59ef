//! AWS Secrets Manager: the values, for as long as they may be believed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use aws_call::{Call as _, Class};
use aws_sdk_secretsmanager::Client;
use tokio::time::Instant;

use crate::{Reference, Secret};

/// A value is believed for this long; one that is refused is fetched again at once.
const BELIEVED: Duration = Duration::from_secs(300);

/// Secrets as they are at the moment, kept for the life of a function's environment.
#[derive(Debug)]
pub struct Secrets {
    client: Client,
    known: Mutex<HashMap<Reference, (Instant, Secret)>>,
}

/// Why there is no value; names the secret and never what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// In one line.
    pub why: String,
    /// Whether it may well be there the next time.
    pub passing: bool,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Unavailable {}

impl Secrets {
    /// None known yet.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// A secret's value.
    ///
    /// # Errors
    /// It is missing, to be deleted, not ours to read, or not what the reference says: the error names
    /// the secret.
    pub async fn get(&self, wanted: &Reference) -> Result<Secret, Unavailable> {
        let known = self.known().get(wanted).cloned();
        if let Some((at, secret)) = &known
            && at.elapsed() < BELIEVED
        {
            return Ok(secret.clone());
        }
        let secret = match (self.fetch(wanted).await, known) {
            (Ok(secret), _) => secret,
            // What was right five minutes ago is better than nothing.
            (Err(why), Some((_, secret))) if why.passing => return Ok(secret),
            (Err(why), _) => return Err(why),
        };
        self.known().insert(wanted.clone(), (Instant::now(), secret.clone()));
        Ok(secret)
    }

    /// Forgets a value that was refused; the next one that asks gets what is there then.
    pub fn forget(&self, refused: &Reference) {
        self.known().remove(refused);
    }

    async fn fetch(&self, wanted: &Reference) -> Result<Secret, Unavailable> {
        let answer = self.client.get_secret_value().secret_id(&wanted.id).send().await;
        let answer = answer.call("GetSecretValue").map_err(|failed| {
            let hint = match failed.code.as_deref() {
                Some("ResourceNotFoundException") => {
                    "; there is no such secret, or it has no value"
                }
                Some("InvalidRequestException") => {
                    "; restore it with `aws secretsmanager restore-secret` if it is scheduled for \
                     deletion"
                }
                _ => "",
            };
            let passing = failed.class == Class::Retry;
            Unavailable { why: format!("secret {}: {failed}{hint}", wanted.id), passing }
        })?;
        let wrong = |why| Unavailable { why, passing: false };
        let text = answer
            .secret_string
            .or_else(|| String::from_utf8(answer.secret_binary?.into_inner()).ok())
            .ok_or_else(|| wrong(format!("secret {} is no text", wanted.id)))?;
        wanted.pick(&text).map_err(wrong)
    }

    /// A panic elsewhere leaves nothing here that could be wrong.
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Reference, (Instant, Secret)>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
