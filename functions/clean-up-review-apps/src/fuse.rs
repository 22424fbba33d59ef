//! Fuses: a plan that is too large to be true is not carried out.
//!
//! **Invariant:** 0 means 0, and a fuse that has tripped lets nothing through but what a person approved.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::verdict::Going;

/// How much one run may do without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fuses {
    /// At most so many apps.
    pub max_apps: usize,
    /// At most this share of all apps there are, in percent, if there are more than [`FEW`].
    pub max_share: u32,
}

/// Of so few apps all may go at once.
pub(crate) const FEW: usize = 4;

/// A fuse that has tripped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tripped {
    /// What is too much.
    pub why: String,
    /// What a person says who has looked at the plan and wants it.
    pub approve: String,
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; to let it happen, invoke the function with {{\"approve\": \"{}\"}}",
            self.why, self.approve
        )
    }
}

/// What a person approved: these pull requests' apps, for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approval {
    /// The plan's name.
    pub approve: String,
    /// The pull requests, as ranges: `1-500,503`.
    pub pull_requests: String,
    /// Until when, in seconds since the epoch.
    pub until: i64,
    /// Of this repository.
    pub repository: String,
}

impl Approval {
    /// An approval of a plan.
    pub(crate) fn of(going: &[&Going], repository: &str, until: i64) -> Self {
        let numbers: BTreeSet<u32> = going.iter().map(|it| it.number()).collect();
        Self {
            approve: digest(going, repository),
            pull_requests: ranges(&numbers),
            until,
            repository: repository.to_owned(),
        }
    }

    /// The pull requests that are approved now.
    pub(crate) fn numbers(&self, repository: &str, now: i64) -> BTreeSet<u32> {
        let holds = now < self.until && self.repository == repository;
        let parts = self.pull_requests.split(',').filter(|_| holds);
        parts
            .filter_map(|part| {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                Some(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?)
            })
            .flat_map(|range| range.take(MOST))
            .collect()
    }
}

/// Nobody has more review apps than this.
const MOST: usize = 100_000;

fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    text.collect::<Vec<_>>().join(",")
}

/// The name of a plan: the same for the same apps, whatever of them is left.
pub(crate) fn digest(going: &[&Going], repository: &str) -> String {
    let mut lines: Vec<String> =
        going.iter().map(|it| format!("{} {}", it.number(), it.because())).collect();
    lines.sort();
    let digest = Sha256::digest(format!("{repository}\n{}", lines.join("\n")));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Fuses {
    /// Whether these may go. `known` is the number of all apps, `approved` what a person approved.
    ///
    /// # Errors
    /// It is too much: why, and how to approve it.
    pub fn check(
        &self,
        known: usize,
        going: &[&Going],
        approved: &BTreeSet<u32>,
        repository: &str,
    ) -> Result<(), Tripped> {
        let asked = going.iter().filter(|it| !approved.contains(&it.number())).count();
        let share = u64::try_from(asked.saturating_mul(100)).unwrap_or(u64::MAX);
        let allowed =
            u64::from(self.max_share).saturating_mul(u64::try_from(known).unwrap_or(u64::MAX));
        let why = if asked == 0 {
            return Ok(());
        } else if asked > self.max_apps {
            format!("{asked} apps would go, and MAX_APPS is {}", self.max_apps)
        } else if (known > FEW || self.max_share == 0) && share > allowed {
            format!("{asked} of {known} apps would go, and MAX_SHARE is {} %", self.max_share)
        } else {
            return Ok(());
        };
        Err(Tripped { why, approve: digest(going, repository) })
    }
}
