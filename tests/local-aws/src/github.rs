//! A GitHub: repositories, pull requests, comments, tokens and limits, behind REST and GraphQL.
//!
//! It is no part of AWS, but whether a pull request is closed is known nowhere else. In process it
//! is `api.github.com`, and `ghes.example.com` for a GitHub Enterprise Server, which limits nobody;
//! a served account has it below `/_github`, with the paths of an Enterprise Server.

mod credentials;
mod exchange;
mod graphql;
mod json;
mod limit;
mod people;
mod reply;
mod repository;
mod rest;
mod seed;
mod trouble;
mod webhook;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

pub use credentials::TEST_APP_KEY;
pub(crate) use exchange::{answer, in_process, served};
pub(crate) use people::answer as answer_people;
pub use trouble::{GitHubAnswer, GitHubApi};
pub use webhook::{pull_request_event, signature, webhook};

use crate::world::World;

/// Everything GitHub remembers.
#[derive(Default)]
pub(crate) struct State {
    repositories: BTreeMap<u64, repository::Repository>,
    /// Former names in lower case, and whose they were.
    renamed: BTreeMap<String, u64>,
    /// How many ids were given away.
    ids: u64,
    tokens: BTreeMap<String, credentials::Token>,
    apps: BTreeMap<String, credentials::App>,
    limits: limit::Limits,
    script: VecDeque<GitHubAnswer>,
    always: Option<GitHubAnswer>,
    requests: Vec<GitHubRequest>,
}

/// When it arrived, the method, the path with its query, and the status; 0 without an answer.
pub type GitHubRequest = (Timestamp, String, String, u16);

impl State {
    /// An id that nothing else has.
    fn id(&mut self) -> u64 {
        self.ids += 1;
        1_000_000 + self.ids
    }
}

impl World {
    /// The next requests are answered like this, one answer each; then all is well again.
    pub fn github_answers(&self, answers: Vec<GitHubAnswer>) {
        self.state().github.script = answers.into();
    }

    /// Every request is answered like this, as soon as the script is used up; `None` heals it.
    pub fn github_is(&self, answer: Option<GitHubAnswer>) {
        self.state().github.always = answer;
    }

    /// Everything that was asked of it, oldest first.
    pub fn github_requests(&self) -> Vec<GitHubRequest> {
        self.state().github.requests.clone()
    }

    /// How many requests, and how many points of GraphQL, everybody has in an hour: 5,000 unless
    /// this says otherwise.
    pub fn github_limit(&self, an_hour: u64) {
        self.state().github.limits.set(an_hour);
    }
}
