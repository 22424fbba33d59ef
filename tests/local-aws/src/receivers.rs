//! Where alerts go: services that behave like Slack, Teams, `PagerDuty`, Discord and a webhook.
//!
//! They are no part of AWS, but what a function sends to them is what an operator sees of it. Each
//! kind is one file, which judges a message as the service does; a message that is accepted here
//! and would be refused there is a defect.

mod address;
mod discord;
mod exchange;
mod pagerduty;
mod people;
mod reply;
mod shown;
mod slack;
mod teams;
mod webhook;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use address::{in_process, served};
pub(crate) use exchange::answer;
pub(crate) use people::answer as answer_people;
pub use shown::shown;

use crate::connector::Connector;
use crate::world::World;

/// A kind of receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An incoming webhook of Slack.
    Slack,
    /// Slack's `chat.postMessage`; the token is `xoxb-NAME`.
    SlackApi,
    /// A workflow of Teams: "when a Teams webhook request is received".
    Teams,
    /// `PagerDuty`'s Events API v2; [`World::routing_key`] gives the key.
    PagerDuty,
    /// A webhook of Discord.
    Discord,
    /// Anything that takes JSON.
    Webhook {
        /// With it a message has to be signed as Standard Webhooks says; `whsec_` and base64.
        signing_secret: Option<String>,
    },
}

impl Receiver {
    fn called(kind: &str, signing_secret: Option<String>) -> Option<Self> {
        match kind {
            "slack" => Some(Self::Slack),
            "slack-api" => Some(Self::SlackApi),
            "teams" => Some(Self::Teams),
            "pagerduty" => Some(Self::PagerDuty),
            "discord" => Some(Self::Discord),
            "webhook" => Some(Self::Webhook { signing_secret }),
            _ => None,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::SlackApi => "slack-api",
            Self::Teams => "teams",
            Self::PagerDuty => "pagerduty",
            Self::Discord => "discord",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// What a receiver does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What the service does when all is well: it accepts what is valid.
    Ok,
    /// Refused before anything happened.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds, in the header and where the service has them in the body.
        retry_after: Option<u64>,
        /// The body; otherwise the service's own words for this status.
        body: Option<String>,
    },
    /// Nobody listens. Over HTTP, where somebody does, the connection is closed without an answer.
    Refused,
    /// As [`Answer::Ok`], but the connection breaks before the answer.
    Cut,
    /// As [`Answer::Ok`], after this long; nothing happens if the sender gives up before.
    Slow(Duration),
    /// Neither accepted nor ever answered.
    Hang,
}

impl Answer {
    /// Reads `"ok"`, `{"cut": true}`, `{"status": 429, "retryAfter": 2}`, `{"slow": 500}` (ms).
    fn from_json(answer: &Value) -> Result<Self, String> {
        let is = |word: &str| *answer == word || answer[word] == true;
        let status = answer["status"].as_u64().and_then(|it| u16::try_from(it).ok());
        match status.filter(|it| (100..1000).contains(it)) {
            Some(status) => Ok(Self::Status {
                status,
                retry_after: answer["retryAfter"].as_u64(),
                body: answer["body"].as_str().map(str::to_owned),
            }),
            None if is("ok") => Ok(Self::Ok),
            None if is("cut") => Ok(Self::Cut),
            None if is("refused") => Ok(Self::Refused),
            None if is("hang") => Ok(Self::Hang),
            None => answer["slow"].as_u64().map(|ms| Self::Slow(Duration::from_millis(ms))).ok_or(
                format!(
                    "unknown answer {answer}; one of \"ok\", {{\"status\": 429, \"retryAfter\": \
                     2}}, {{\"cut\": true}}, {{\"refused\": true}}, {{\"hang\": true}}, \
                     {{\"slow\": 500}}"
                ),
            ),
        }
    }
}

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// When.
    pub at: Timestamp,
    /// What it said; a string where a webhook got something else than JSON.
    pub body: Value,
    /// The request's headers, in lower case and without `authorization`.
    pub headers: BTreeMap<String, String>,
}

/// Every receiver, by name.
pub(crate) type State = BTreeMap<String, Registered>;

pub(crate) struct Registered {
    kind: Receiver,
    /// How often it was rotated: older credentials are known, and refused.
    generation: u32,
    disabled: bool,
    script: VecDeque<Answer>,
    asked: usize,
    arrived: Vec<Arrived>,
    lost: Vec<Arrived>,
    incidents: Vec<pagerduty::Incident>,
}

impl World {
    /// Registers a receiver, or an empty one in place of an older one of that name, and gives its
    /// address. A name consists of lower-case letters, digits, `-` and `_`.
    pub fn receiver(&self, name: &str, kind: Receiver) -> String {
        assert!(address::is_name(name), "{name:?} is no name for a receiver");
        let address = address::address(&kind, name, 0, None);
        let registered = Registered {
            kind,
            generation: 0,
            disabled: false,
            script: VecDeque::new(),
            asked: 0,
            arrived: Vec::new(),
            lost: Vec::new(),
            incidents: Vec::new(),
        };
        self.state().receivers.insert(name.to_owned(), registered);
        address
    }

    /// The address of a receiver in an account that is served on a port: [`World::receiver`] gives the
    /// one by which it is reached in process.
    pub fn served_receiver(&self, name: &str, port: u16) -> String {
        let base = format!("http://127.0.0.1:{port}/_receivers");
        self.at_receiver(name, |it| address::address(&it.kind, name, it.generation, Some(&base)))
    }

    /// The routing key by which `PagerDuty` knows this receiver.
    pub fn routing_key(&self, name: &str) -> String {
        self.at_receiver(name, |it| address::credential(&Receiver::PagerDuty, name, it.generation))
    }

    /// The next requests are answered like this, one answer each; then all is well again.
    pub fn script(&self, name: &str, answers: Vec<Answer>) {
        self.at_receiver(name, |it| it.script = answers.into());
    }

    /// Somebody removes the webhook, revokes the token or deletes the integration.
    pub fn disable(&self, name: &str) {
        self.at_receiver(name, |it| it.disabled = true);
    }

    /// Gives the receiver a new address, or the new token or routing key where that is what tells
    /// receivers apart; the old one is refused from now on.
    pub fn rotate(&self, name: &str) -> String {
        self.at_receiver(name, |it| {
            it.generation += 1;
            it.disabled = false;
            match it.kind {
                Receiver::SlackApi | Receiver::PagerDuty => {
                    address::credential(&it.kind, name, it.generation)
                }
                _ => address::address(&it.kind, name, it.generation, None),
            }
        })
    }

    /// What it accepted and shows to people, oldest first.
    pub fn arrived(&self, name: &str) -> Vec<Arrived> {
        self.at_receiver(name, |it| it.arrived.clone())
    }

    /// What it accepted and nobody ever sees: cards that are too large for Teams.
    pub fn lost(&self, name: &str) -> Vec<Arrived> {
        self.at_receiver(name, |it| it.lost.clone())
    }

    /// How many requests there were, whatever came of them.
    pub fn asked(&self, name: &str) -> usize {
        self.at_receiver(name, |it| it.asked)
    }

    /// `PagerDuty`'s incidents, oldest first: `dedup_key`, state, and the event that triggered it.
    pub fn incidents(&self, name: &str) -> Vec<(String, String, Value)> {
        self.at_receiver(name, |it| {
            let incidents = it.incidents.iter();
            incidents.map(|it| (it.key.clone(), it.state.to_owned(), it.event.clone())).collect()
        })
    }

    /// What a person sees who looks there, as plain text.
    pub fn shown(&self, name: &str) -> String {
        self.at_receiver(name, |it| {
            let lines: Vec<String> = match it.kind {
                Receiver::PagerDuty => it
                    .incidents
                    .iter()
                    .map(|incident| {
                        format!("[{}] {}", incident.state, shown(&it.kind, &incident.event))
                    })
                    .collect(),
                _ => it.arrived.iter().map(|message| shown(&it.kind, &message.body)).collect(),
            };
            lines.join("\n\n")
        })
    }

    /// The connector of [`World::http_client_for`], for a function that sends requests itself.
    pub fn http_connector_for(&self, name: &str) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { world: self.clone(), caller: Some(name.to_owned()) })
    }

    fn at_receiver<T>(&self, name: &str, what: impl FnOnce(&mut Registered) -> T) -> T {
        let mut state = self.state();
        let registered = state.receivers.get_mut(name);
        what(registered.unwrap_or_else(|| panic!("no receiver is registered as {name:?}")))
    }
}

impl Arrived {
    fn to_json(&self) -> Value {
        json!({"at": self.at, "body": self.body, "headers": self.headers})
    }
}
