//! How much somebody may ask in an hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::json::time;
use super::reply::Reply;
use super::trouble::GitHubApi;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Of people and of installations with few repositories.
const USUAL: u64 = 5_000;
/// "The primary rate limit for unauthenticated requests is 60 requests per hour."
const NOBODY: u64 = 60;

/// The hours that have begun, by who asks and by interface.
#[derive(Default)]
pub(super) struct Limits {
    an_hour: Option<u64>,
    hours: BTreeMap<(String, &'static str), Hour>,
}

#[derive(Clone, Copy)]
struct Hour {
    began: Timestamp,
    used: u64,
}

/// What somebody has left.
#[derive(Clone, Copy)]
pub(super) struct Left {
    resource: &'static str,
    pub(super) limit: u64,
    pub(super) used: u64,
    reset: Timestamp,
}

impl Limits {
    pub(super) fn set(&mut self, an_hour: u64) {
        self.an_hour = Some(an_hour);
    }

    /// `who` is `None` for requests without a token.
    pub(super) fn left(&self, who: Option<&str>, api: GitHubApi, now: Timestamp) -> Left {
        let limit = match who {
            Some(_) => self.an_hour.unwrap_or(USUAL),
            None => NOBODY,
        };
        let resource = resource(api);
        let hour = self.hours.get(&(who.unwrap_or_default().to_owned(), resource));
        let hour = hour.copied().filter(|it| now < it.began + HOUR);
        let Hour { began, used } = hour.unwrap_or(Hour { began: now, used: 0 });
        Left { resource, limit, used, reset: began + HOUR }
    }

    /// Takes this many, or none of them if they are not left.
    pub(super) fn take(
        &mut self,
        who: Option<&str>,
        api: GitHubApi,
        now: Timestamp,
        points: u64,
    ) -> Result<Left, Left> {
        let mut left = self.left(who, api, now);
        if left.remaining() < points {
            return Err(left);
        }
        left.used += points;
        let hour = Hour { began: left.reset - HOUR, used: left.used };
        self.hours.insert((who.unwrap_or_default().to_owned(), left.resource), hour);
        Ok(left)
    }
}

impl Left {
    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    pub(super) fn reset(&self) -> Timestamp {
        time(self.reset)
    }

    /// Nothing left, whatever was used.
    pub(super) fn used_up(mut self) -> Self {
        self.used = self.limit;
        self
    }

    pub(super) fn to_json(self) -> Value {
        json!({
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining(),
            "reset": self.reset().as_second(),
            "resource": self.resource,
        })
    }

    /// The headers that every answer has.
    pub(super) fn on(self, reply: Reply) -> Reply {
        reply
            .with("x-ratelimit-limit", self.limit.to_string())
            .with("x-ratelimit-remaining", self.remaining().to_string())
            .with("x-ratelimit-reset", self.reset().as_second().to_string())
            .with("x-ratelimit-used", self.used.to_string())
            .with("x-ratelimit-resource", self.resource)
    }
}

/// The refusal of both interfaces: GraphQL's is "a 200 status".
pub(super) fn exceeded(api: GitHubApi, who: Option<&str>) -> Reply {
    let who = who.map_or("127.0.0.1.".to_owned(), |it| format!("user ID {it}."));
    let message = format!("API rate limit exceeded for {who}");
    match api {
        GitHubApi::Graphql => Reply::errors(&[json!({"type": "RATE_LIMITED", "message": message})]),
        GitHubApi::Rest => Reply::refused(403, &message),
    }
}

pub(super) fn secondary(retry_after: u64) -> Reply {
    const MESSAGE: &str = "You have exceeded a secondary rate limit. Please wait a few minutes \
                           before you try again.";
    Reply::refused(403, MESSAGE).with("retry-after", retry_after.to_string())
}

fn resource(api: GitHubApi) -> &'static str {
    match api {
        GitHubApi::Graphql => "graphql",
        GitHubApi::Rest => "core",
    }
}
