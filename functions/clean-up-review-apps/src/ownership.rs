//! The one place that says what may be removed.
//!
//! A [`Ticket`] is the only thing a removing call takes, and [`prove`] is the only thing that makes one: of a
//! resource that was described a moment ago, for a pull request of which GitHub said that it is closed.
//!
//! Nobody else can make one:
//!
//! ```compile_fail
//! use clean_up_review_apps::{Key, Kind, Ticket};
//! let key = Key::new(Kind::Cluster, "arn:aws:ecs:eu-west-2:123456789012:cluster/production");
//! let ticket = Ticket { key, number: 12 };
//! ```
//!
//! nor use one twice:
//!
//! ```compile_fail
//! fn twice(ticket: clean_up_review_apps::Ticket) -> [clean_up_review_apps::Ticket; 2] {
//!     [ticket, ticket]
//! }
//! ```
//!
//! while a key alone can be made by everybody, and removes nothing:
//!
//! ```
//! use clean_up_review_apps::{Key, Kind};
//! let key = Key::new(Kind::Cluster, "arn:aws:ecs:eu-west-2:123456789012:cluster/production");
//! assert_eq!(key.to_string(), "cluster cluster/production");
//! ```

use jiff::Timestamp;

use crate::kind::Kind;
use crate::protect::protection;
use crate::resource::{Key, Readiness, Resource};
use crate::rules::{Claim, Rules, Seen, stack_of};
use crate::verdict::Going;

/// The right to remove one resource, once.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    key: Key,
    number: u32,
}

impl Ticket {
    /// What may be removed.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What its service's API calls it.
    pub fn id(&self) -> &str {
        &self.key.id
    }

    /// Whose it is.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// Why there is no ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// It may be, later.
    NotYet(String),
    /// It isn't the review app's, or somebody wants to keep it.
    Never(String),
}

/// Proves that a resource may be removed. `fresh` was described a moment ago, `seen` holds what it is a part
/// of, described a moment ago as well.
///
/// # Errors
/// It may not: why.
pub fn prove(
    rules: &Rules,
    going: &Going,
    fresh: &Resource,
    seen: &Seen,
    now: Timestamp,
) -> Result<Ticket, Denial> {
    let never = |why: String| Err(Denial::Never(why));
    if !rules.kinds.contains(&fresh.key.kind) {
        return never(format!("KINDS has no {}", fresh.key.kind.word()));
    }
    if let Some(arn) = fresh.arn.as_deref().filter(|it| !rules.is_here(it)) {
        return never(format!(
            "{arn} is not in account {} and region {}",
            rules.account, rules.region
        ));
    }
    match rules.claim(fresh, seen) {
        Claim::Of(n) if n == going.number() => {}
        Claim::Of(n) => return never(format!("it belongs to pull request {n}")),
        Claim::Unclear(why) => return never(why),
        Claim::Nobodys | Claim::Foreign => {
            return never("nothing says that it is a review app's".to_owned());
        }
    }
    if !going.covers(&fresh.key) {
        return never("it is the newest one".to_owned());
    }
    if let Some(successor) = going.successor() {
        let alive =
            |it: &&Resource| it.at_work && rules.claim(it, seen) == Claim::Of(going.number());
        if seen.get(successor).filter(alive).is_none() {
            return never(format!("{successor}, which is newer, is not at work any more"));
        }
    }
    if fresh.born.is_some_and(|it| it > going.judged_at()) {
        return Err(Denial::NotYet("it was deployed since".to_owned()));
    }
    if let Some(why) = protection(rules, fresh, now) {
        return never(why);
    }
    if let Some(stack) = stack_of(&fresh.tags).filter(|_| fresh.key.kind != Kind::Stack) {
        return never(format!("it is owned by the stack {stack}"));
    }
    match &fresh.readiness {
        Readiness::Ready => Ok(Ticket { key: fresh.key.clone(), number: going.number() }),
        Readiness::Leaving(why) | Readiness::Waits(why) => Err(Denial::NotYet(why.clone())),
        Readiness::Kept(why) => never(why.clone()),
    }
}
