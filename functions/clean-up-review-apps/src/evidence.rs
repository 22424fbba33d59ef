//! What GitHub is known to have said about a pull request.
//!
//! **Invariant:** what is unclear is never closed. [`State::Closed`] comes from an object whose state is
//! known and whose time of closing can be read, and from nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

/// One pull request, as GitHub has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository it wants to be merged into.
    pub number: u32,
    /// Open or closed.
    pub state: State,
    /// The names of all its labels.
    pub labels: BTreeSet<String>,
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Open, draft or not.
    Open,
    /// Closed, and certainly so.
    Closed {
        /// When, by GitHub's clock: it may be later than it is here.
        at: Timestamp,
        /// Whether it was merged.
        merged: bool,
    },
}

/// What is certain about one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// It is this pull request.
    Is(PullRequest),
    /// It is an issue, or nothing yet: GitHub found the repository and no pull request of this number.
    NotAPullRequest,
}

/// What is certain about every number that was asked for.
pub type Answers = BTreeMap<u32, Evidence>;

/// GitHub didn't say clearly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// What it did, in one line, without any secret.
    pub why: String,
}

impl Unclear {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Unclear {}
