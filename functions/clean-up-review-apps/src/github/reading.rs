//! What GitHub's answers prove.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::answer::start;
use super::question::alias;
use crate::evidence::{Answers, Evidence, PullRequest, State};
use crate::repository::Repository;

/// What one GraphQL answer proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The right repository, and something about its pull requests.
    Read {
        /// What is certain.
        known: Answers,
        /// What GitHub left out: to be asked for one by one.
        left_out: BTreeSet<u32>,
    },
    /// Nothing; fewer at once may prove more.
    Spoilt(String),
    /// Nothing; another way may be open.
    Unavailable(String),
    /// Nothing, however often it is asked.
    Nothing(String),
}

/// What the answer to a query for these numbers proves.
pub(crate) fn graphql(told: &Value, numbers: &BTreeSet<u32>, repository: &Repository) -> Reading {
    let aliases: BTreeMap<String, u32> = numbers.iter().map(|it| (alias(*it), *it)).collect();
    let mut errors: BTreeMap<u32, Vec<bool>> = BTreeMap::new();
    for error in told.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let message = start(error.get("message").and_then(Value::as_str).unwrap_or("no reason"));
        let is_missing = error.get("type").and_then(Value::as_str) == Some("NOT_FOUND");
        let path = error.get("path").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let path: Vec<_> = path.iter().map(Value::as_str).collect();
        match path.as_slice() {
            [Some("repository")] if is_missing => {
                let why = "GitHub finds no such repository, or the token may not see it";
                return Reading::Nothing(format!("{repository}: {why}"));
            }
            [Some("repository")] => return Reading::Nothing(format!("{repository}: {message}")),
            [Some("repository"), Some(name), inside @ ..] if aliases.contains_key(*name) => {
                let number = aliases.get(*name).copied().unwrap_or_default();
                errors.entry(number).or_default().push(is_missing && inside.is_empty());
            }
            _ => return Reading::Spoilt(format!("GitHub's GraphQL said: {message}")),
        }
    }
    // An empty list of errors is unusual and harmless; anything that is no list is not.
    if told.get("errors").is_some_and(|it| !it.is_array() && !it.is_null()) {
        return Reading::Spoilt(
            "GitHub's GraphQL answered with errors that are no list".to_owned(),
        );
    }
    let Some(found) = told.pointer("/data/repository").filter(|it| it.is_object()) else {
        return Reading::Nothing(format!(
            "GitHub answered without saying anything of {repository}"
        ));
    };
    if let Err(wrong) = repository.confirm(found) {
        return Reading::Nothing(wrong);
    }
    let (mut known, mut left_out) = (Answers::new(), BTreeSet::new());
    for (name, number) in aliases {
        let told = found.get(&name).unwrap_or(&Value::Null);
        match one(told, number, errors.get(&number).map(Vec::as_slice)) {
            Some(evidence) => drop(known.insert(number, evidence)),
            None => drop(left_out.insert(number)),
        }
    }
    Reading::Read { known, left_out }
}

/// What is said of one number; `errors` tells of each error whether it says that there is none.
fn one(told: &Value, number: u32, errors: Option<&[bool]>) -> Option<Evidence> {
    match errors {
        None => Some(Evidence::Is(from_graphql(told, number)?)),
        Some(errors) => {
            let is_missing = told.is_null() && errors.iter().all(|it| *it);
            is_missing.then_some(Evidence::NotAPullRequest)
        }
    }
}

fn from_graphql(told: &Value, number: u32) -> Option<PullRequest> {
    if told.get("number")?.as_u64()? != u64::from(number) {
        return None;
    }
    let merged = match told.get("state")?.as_str()? {
        "OPEN" => None,
        "CLOSED" => Some(false),
        "MERGED" => Some(true),
        _ => return None,
    };
    let labels = told.get("labels")?;
    // A label that isn't seen might be the one that protects.
    if labels.pointer("/pageInfo/hasNextPage")?.as_bool()? {
        return None;
    }
    let labels = names(labels.get("nodes")?)?;
    Some(PullRequest { number, state: state(merged, told.get("closedAt"))?, labels })
}

/// The only way to be closed.
fn state(merged: Option<bool>, closed_at: Option<&Value>) -> Option<State> {
    let Some(merged) = merged else { return Some(State::Open) };
    let at: Timestamp = closed_at?.as_str()?.parse().ok()?;
    Some(State::Closed { at, merged })
}

fn names(labels: &Value) -> Option<BTreeSet<String>> {
    labels.as_array()?.iter().map(|it| Some(it.get("name")?.as_str()?.to_owned())).collect()
}

/// What REST's `GET /repos/{owner}/{repo}/pulls/{number}` proves.
///
/// # Errors
/// It proves nothing; says why.
pub(crate) fn rest(
    told: &Value,
    number: u32,
    repository: &Repository,
) -> Result<PullRequest, String> {
    repository.confirm(told.pointer("/base/repo").unwrap_or(&Value::Null))?;
    from_rest(told, number)
        .ok_or_else(|| format!("GitHub's answer about #{number} can't be understood"))
}

fn from_rest(told: &Value, number: u32) -> Option<PullRequest> {
    if told.get("number")?.as_u64()? != u64::from(number) {
        return None;
    }
    let merged = match told.get("state")?.as_str()? {
        "open" => None,
        "closed" => Some(!told.get("merged_at")?.is_null()),
        _ => return None,
    };
    let labels = names(told.get("labels")?)?;
    Some(PullRequest { number, state: state(merged, told.get("closed_at"))?, labels })
}
