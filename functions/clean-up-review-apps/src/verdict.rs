//! Which apps go: decided by what GitHub says of their pull requests, never by what it doesn't say.
//!
//! **Invariant:** a [`Going`] is made here and nowhere else, and only of a pull request that is closed, or that
//! is open and an operator decided that such apps go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::evidence::{Answers, Evidence, PullRequest, State};
use crate::kind::Kind;
use crate::protect::protection;
use crate::resource::{Key, Readiness, Resource};
use crate::rules::{Claim, Rules, Seen};

/// A review app: everything in the account that belongs to one pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The pull request.
    pub number: u32,
    /// What it consists of, in the order in which it goes.
    pub resources: Vec<Resource>,
}

/// The apps in an account, and what looks like a part of one and contradicts itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apps {
    /// By pull request.
    pub apps: BTreeMap<u32, App>,
    /// What is kept because nobody can tell whose it is, and why.
    pub unclear: BTreeMap<Key, String>,
}

impl Apps {
    /// Sorts what was seen by whose it is.
    pub fn of(rules: &Rules, seen: &Seen) -> Self {
        let mut apps = Self::default();
        for it in seen.values() {
            match rules.claim(it, seen) {
                Claim::Of(number) => {
                    let app = App { number, resources: Vec::new() };
                    apps.apps.entry(number).or_insert(app).resources.push(it.clone());
                }
                Claim::Unclear(why) => {
                    apps.unclear.insert(it.key.clone(), why);
                }
                Claim::Nobodys | Claim::Foreign => {}
            }
        }
        apps
    }
}

/// What an operator decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long a closed pull request keeps its app.
    pub grace: SignedDuration,
    /// A label that keeps the app.
    pub keep_label: String,
    /// A label without which an open pull request has no app.
    pub review_label: Option<String>,
    /// After how long without a deployment the app of an open pull request goes.
    pub max_age: Option<SignedDuration>,
    /// Whether of several instances of an open pull request only the newest one stays.
    pub keep_newest_instance: bool,
}

impl Policy {
    /// The same for what is closed, and nothing else.
    pub(crate) fn only_closed(&self) -> Self {
        Self { review_label: None, max_age: None, keep_newest_instance: false, ..self.clone() }
    }
}

/// Why an app goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The pull request was closed.
    Closed {
        /// When.
        at: Timestamp,
        /// With its changes.
        merged: bool,
    },
    /// It is open, without the label that review apps need.
    Unlabelled,
    /// It is open, and nothing was deployed for too long.
    TooOld,
    /// It is open, and there are newer instances.
    Superseded,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { at, merged: true } => write!(f, "merged at {}", minute(*at)),
            Self::Closed { at, merged: false } => write!(f, "closed at {}", minute(*at)),
            Self::Unlabelled => f.write_str("open, without the label"),
            Self::TooOld => f.write_str("open, and too old"),
            Self::Superseded => f.write_str("open, with a newer instance"),
        }
    }
}

/// A moment as people read it.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What goes of an app that stays, and what has taken its place.
type Old = (BTreeSet<Key>, Key);

/// An app that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    number: u32,
    because: Because,
    /// Only these; and what has taken their place.
    only: Option<Old>,
    judged_at: Timestamp,
}

impl Going {
    /// The pull request.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Why it goes.
    pub fn because(&self) -> &Because {
        &self.because
    }

    /// Since when it should be gone.
    pub fn since(&self) -> Option<Timestamp> {
        match self.because {
            Because::Closed { at, .. } => Some(at),
            _ => None,
        }
    }

    /// Whether what GitHub says now still lets it go: a pull request may have been opened again, or somebody
    /// wants to keep its app.
    pub(crate) fn still(&self, policy: &Policy, answers: &Answers, now: Timestamp) -> bool {
        let Some(Evidence::Is(it)) = answers.get(&self.number) else {
            return false;
        };
        let unlabelled = || policy.review_label.as_ref().is_some_and(|label| !has(it, label));
        let same = match (&self.because, it.state) {
            (Because::Closed { .. }, State::Closed { at, .. }) => {
                at.checked_add(policy.grace).is_ok_and(|it| it <= now)
            }
            (Because::Unlabelled, State::Open) => unlabelled(),
            (Because::TooOld | Because::Superseded, State::Open) => true,
            _ => false,
        };
        same && it.number == self.number && !has(it, &policy.keep_label)
    }

    /// Whether a resource of the app goes with it.
    pub fn covers(&self, key: &Key) -> bool {
        self.only.as_ref().is_none_or(|it| it.0.contains(key))
    }

    /// What has taken the place of what goes, if the app stays.
    pub fn successor(&self) -> Option<&Key> {
        self.only.as_ref().map(|it| &it.1)
    }

    /// When it was decided: what is newer was not looked at.
    pub fn judged_at(&self) -> Timestamp {
        self.judged_at
    }
}

/// What becomes of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Going(Going),
    /// It stays.
    Stays(Stays),
}

/// Why an app stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stays {
    /// The pull request is open.
    Open,
    /// The number is an issue's, or nobody's.
    NotAPullRequest,
    /// Somebody wants to keep it.
    Protected(String),
    /// It goes at this moment.
    Until(Timestamp, Because),
}

impl fmt::Display for Stays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::NotAPullRequest => f.write_str("there is no such pull request"),
            Self::Protected(why) => f.write_str(why),
            Self::Until(at, Because::TooOld) => {
                write!(f, "open; goes after {} if nothing is deployed", minute(*at))
            }
            Self::Until(at, because) => write!(f, "{because}; goes after {}", minute(*at)),
        }
    }
}

/// What becomes of an app.
pub fn judge(
    rules: &Rules,
    policy: &Policy,
    app: &App,
    evidence: &Evidence,
    now: Timestamp,
) -> Verdict {
    let Evidence::Is(pull_request) = evidence else {
        return Verdict::Stays(Stays::NotAPullRequest);
    };
    // The evidence has to be of this app, whoever mixed up what.
    if pull_request.number != app.number {
        return Verdict::Stays(Stays::NotAPullRequest);
    }
    if let Some(why) = app.resources.iter().find_map(|it| protection(rules, it, now)) {
        return Verdict::Stays(Stays::Protected(why));
    }
    if has(pull_request, &policy.keep_label) {
        let why = format!("the pull request has the label {}", policy.keep_label);
        return Verdict::Stays(Stays::Protected(why));
    }
    let Some((because, only, from)) = reason(policy, app, pull_request) else {
        return Verdict::Stays(Stays::Open);
    };
    let wait = match because {
        Because::TooOld => policy.max_age.unwrap_or(policy.grace),
        _ => policy.grace,
    };
    match from.checked_add(wait) {
        Ok(at) if at <= now => {
            Verdict::Going(Going { number: app.number, because, only, judged_at: now })
        }
        Ok(at) => Verdict::Stays(Stays::Until(at, because)),
        // A date beyond all calendars has not come yet.
        Err(_) => Verdict::Stays(Stays::Open),
    }
}

/// Why it goes, what of it, and from when its grace counts.
fn reason(
    policy: &Policy,
    app: &App,
    pull_request: &PullRequest,
) -> Option<(Because, Option<Old>, Timestamp)> {
    // A deployment that still ran when the pull request was closed counts, too.
    let newest = app.resources.iter().filter_map(|it| it.born).max();
    match pull_request.state {
        State::Closed { at, merged } => {
            let from = newest.map_or(at, |it| it.max(at));
            return Some((Because::Closed { at, merged }, None, from));
        }
        State::Open => {}
    }
    let unlabelled = policy.review_label.as_ref().is_some_and(|it| !has(pull_request, it));
    // Nobody knows how old it is if nothing of it tells.
    if let (true, Some(newest)) = (unlabelled, newest) {
        return Some((Because::Unlabelled, None, newest));
    }
    let old = superseded(app).filter(|_| policy.keep_newest_instance);
    if let Some((old, newest)) = old {
        return Some((Because::Superseded, Some(old), newest));
    }
    let _max_age = policy.max_age?;
    Some((Because::TooOld, None, newest?))
}

/// Labels of GitHub differ by more than their case.
fn has(pull_request: &PullRequest, label: &str) -> bool {
    pull_request.labels.iter().any(|it| it.to_lowercase() == label.to_lowercase())
}

/// The instances that have a successor, which one that is, and when it was started. Only one that is at work has
/// taken the place of others.
fn superseded(app: &App) -> Option<(Old, Timestamp)> {
    let instances = || app.resources.iter().filter(|it| it.key.kind == Kind::Instance);
    let at_work = instances().filter(|it| it.at_work);
    let newest = at_work.max_by_key(|it| (it.born, &it.key))?;
    let since = newest.born?;
    let old: BTreeSet<Key> = instances()
        .filter(|it| !matches!(it.readiness, Readiness::Leaving(_)))
        .filter(|it| it.born.is_some_and(|it| it < since))
        .map(|it| it.key.clone())
        .collect();
    (!old.is_empty()).then(|| ((old, newest.key.clone()), since))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
