//! Repositories, and what is numbered in them: issues, some of which are pull requests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::State;

pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) node_id: String,
    /// `OWNER/NAME`.
    pub(super) full_name: String,
    pub(super) issues: BTreeMap<u64, Issue>,
}

/// An issue, or a pull request.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    /// `None` is an issue.
    pub(super) pull_request: Option<PullRequest>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) labels: BTreeSet<String>,
    pub(super) locked: bool,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct PullRequest {
    pub(super) merged_at: Option<Timestamp>,
    pub(super) draft: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Where a name leads.
pub(super) enum Found {
    Here(u64),
    /// It is the former name of this one.
    Moved(u64),
}

impl State {
    /// Names are the same in upper and lower case, here as at GitHub.
    pub(super) fn named(&self, full_name: &str) -> Option<Found> {
        let here = |it: &&Repository| it.full_name.eq_ignore_ascii_case(full_name);
        match self.repositories.values().find(here) {
            Some(repository) => Some(Found::Here(repository.id)),
            None => self.renamed.get(&full_name.to_ascii_lowercase()).copied().map(Found::Moved),
        }
    }
}

impl Repository {
    pub(super) fn name(&self) -> &str {
        self.full_name.split_once('/').map_or("", |(_, name)| name)
    }

    pub(super) fn owner(&self) -> &str {
        self.full_name.split_once('/').map_or("", |(owner, _)| owner)
    }

    pub(super) fn pull_request(&self, number: u64) -> Option<(&Issue, &PullRequest)> {
        let issue = self.issues.get(&number)?;
        Some((issue, issue.pull_request.as_ref()?))
    }
}
