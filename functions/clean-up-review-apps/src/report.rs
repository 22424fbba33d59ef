//! What a run has done, for people and for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_call::Failed;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::fuse::Tripped;
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::plan::{Plan, Step};
use crate::resource::Key;

/// So many lines of parts are told in full.
const LINES: usize = 10_000;

/// What a run has done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Whether anything was removed at all, or only said.
    pub dry_run: bool,
    /// The repository.
    pub repository: String,
    /// Account and region.
    pub place: String,
    /// How often everything was looked at.
    pub passes: u32,
    /// Every app that was found, by pull request.
    pub apps: BTreeMap<u32, Row>,
    /// What was removed, by kind.
    pub removed: BTreeMap<Kind, usize>,
    /// A fuse that has tripped: nothing was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tripped: Option<Tripped>,
    /// What looks like a part of a review app and contradicts itself: kept.
    pub unclear: BTreeMap<String, String>,
    /// What could not be seen or is not allowed, and how often.
    pub problems: BTreeMap<String, usize>,
    /// Whether some of what there is could not be seen: nobody knows what else an app has.
    pub incomplete: bool,
    /// Whether the run ended because its time was up.
    pub out_of_time: bool,
}

/// One app.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Row {
    /// `gone`, `going` or `stays`.
    pub state: &'static str,
    /// Why.
    pub why: String,
    /// Since when it should be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What is left of it, or what would be done, in order.
    pub steps: Vec<Step>,
    /// What was removed of it.
    pub removed: BTreeSet<Key>,
    /// What could not be removed, and why.
    pub left: BTreeMap<String, String>,
    /// How many of its parts were removed.
    pub parts_removed: usize,
    /// How many are left.
    pub parts_left: usize,
    /// Only what newer instances have replaced goes: nobody has to know.
    #[serde(skip)]
    pub superseded: bool,
    /// What AWS agreed to remove, and had to be asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_back: Option<Key>,
    /// The comment under the pull request, where it could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Report {
    /// What a pass plans; what an earlier pass planned and is no longer there has gone.
    pub(crate) fn planned(&mut self, plan: &Plan) {
        // Where something could not be seen, absence says nothing.
        let complete = !self.incomplete;
        for row in self.apps.values_mut().filter(|it| it.state == "going" && complete) {
            row.state = "gone";
            row.steps.clear();
            row.left.clear();
        }
        for leaving in &plan.leaving {
            let row = self.apps.entry(leaving.going.number()).or_default();
            row.state = "going";
            row.why = leaving.going.because().to_string();
            row.since = leaving.going.since();
            row.superseded = leaving.going.successor().is_some();
            row.steps.clone_from(&leaving.steps);
            for step in &leaving.steps {
                if let Some(why) = step.kept.as_ref().or(step.waits_for.as_ref()) {
                    row.left.insert(step.key.to_string(), why.clone());
                }
            }
        }
        for (number, stays) in &plan.staying {
            let row = self.apps.entry(*number).or_default();
            (row.state, row.why) = ("stays", stays.to_string());
        }
        self.unclear =
            plan.unclear.iter().map(|(key, why)| (key.to_string(), why.clone())).collect();
    }

    /// What became of one removal; whether that is a step forward.
    pub(crate) fn outcome(&mut self, number: u32, key: &Key, outcome: &Outcome) -> bool {
        let row = self.apps.entry(number).or_default();
        match outcome.why() {
            None => {
                row.left.remove(&key.to_string());
                row.steps.retain(|it| it.key != *key);
                let is_new = row.removed.insert(key.clone());
                match is_new {
                    true => *self.removed.entry(key.kind).or_default() += 1,
                    false => row.came_back = Some(key.clone()),
                }
                is_new
            }
            Some(why) => {
                row.left.insert(key.to_string(), why.to_owned());
                false
            }
        }
    }

    /// Something could not be seen at all.
    pub(crate) fn not_seen(&mut self, failed: &Failed) {
        self.incomplete = true;
        let what = if failed.code.is_none() && failed.message.is_empty() {
            format!("{}: the answer makes no sense", failed.operation)
        } else {
            failed.to_string()
        };
        self.problem(format!("not seen: {what}"));
    }

    /// Counts, and leaves out what would be too long for an answer: Lambda takes six megabytes.
    pub(crate) fn finish(&mut self) {
        let mut room = LINES;
        for row in self.apps.values_mut() {
            (row.parts_removed, row.parts_left) = (row.removed.len(), row.steps.len());
            let lines = row.removed.len() + row.steps.len() + row.left.len();
            room = room.saturating_sub(lines);
            if room == 0 {
                row.removed.clear();
                row.steps.clear();
                row.left.clear();
            }
        }
    }

    /// Something of an app has to wait.
    pub(crate) fn waits(&mut self, number: u32, key: &Key, why: &str) {
        let row = self.apps.entry(number).or_default();
        row.left.insert(key.to_string(), why.to_owned());
    }

    /// Something that a person should know.
    pub(crate) fn problem(&mut self, what: impl Into<String>) {
        *self.problems.entry(what.into()).or_default() += 1;
    }

    /// Apps that should be gone for long and are not, with what is left and why.
    pub fn stuck(&self, after: SignedDuration, now: Timestamp) -> Vec<(u32, String)> {
        let stuck = self.apps.iter().filter(|(_, row)| {
            row.state == "going"
                && (row.parts_removed == 0 || row.came_back.is_some())
                && row.since.is_some_and(|it| now.duration_since(it) > after)
        });
        let words = |row: &Row| {
            let left = row.left.iter().take(3).map(|(key, why)| format!("{key}: {why}"));
            let rest = row.left.len().saturating_sub(3);
            let rest = (rest > 0).then(|| format!("and {rest} more"));
            let back =
                row.came_back.iter().map(|it| format!("{it} is there again after its removal"));
            let words: Vec<String> = back.chain(left).chain(rest).collect();
            if words.is_empty() {
                format!("{} steps to go", row.parts_left)
            } else {
                words.join("; ")
            }
        };
        stuck.map(|(number, row)| (*number, words(row))).collect()
    }

    /// The run in numbers.
    pub(crate) fn metrics(&self, stuck_after: SignedDuration, now: Timestamp) -> serde_json::Value {
        let count = |it: usize| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
        let metrics = [
            ("ReviewAppsGone", "Count", count(self.count("gone"))),
            ("ReviewAppsGoing", "Count", count(self.count("going"))),
            ("ReviewAppsStaying", "Count", count(self.count("stays"))),
            ("ResourcesRemoved", "Count", count(self.removed.values().sum())),
            ("ReviewAppsStuck", "Count", count(self.stuck(stuck_after, now).len())),
            ("FuseTripped", "Count", f64::from(u8::from(self.tripped.is_some()))),
        ];
        runtime::metrics::line(now, &[("Repository", self.repository.as_str())], &metrics)
    }

    /// How many apps are in this state.
    pub fn count(&self, state: &str) -> usize {
        self.apps.values().filter(|it| it.state == state).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.dry_run { "dry run: nothing was removed\n" } else { "" };
        writeln!(f, "{would}review apps of {} in {}", self.repository, self.place)?;
        if let Some(tripped) = &self.tripped {
            writeln!(f, "FUSE: {tripped}")?;
        }
        if self.apps.is_empty() {
            writeln!(f, "there are none")?;
        } else {
            writeln!(f, "\n  {:>8}  {:<6} {:>7} {:>5}  WHY", "PR", "STATE", "REMOVED", "LEFT")?;
        }
        for (number, row) in &self.apps {
            let number = format!("#{number}");
            let (removed, left) = (row.parts_removed, row.parts_left);
            writeln!(f, "  {number:>8}  {:<6} {removed:>7} {left:>5}  {}", row.state, row.why)?;
            self.steps(f, row)?;
            if let Some(note) = &row.note {
                writeln!(f, "            comment: {note}")?;
            }
        }
        for (key, why) in &self.unclear {
            writeln!(f, "  kept: {key}: {why}")?;
        }
        for (problem, times) in &self.problems {
            let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
            writeln!(f, "  problem: {problem}{times}")?;
        }
        if self.out_of_time {
            writeln!(f, "  the time was up; the next run goes on")?;
        }
        let removed: usize = self.removed.values().sum();
        let passes = if self.passes == 1 { "pass" } else { "passes" };
        write!(
            f,
            "\n{removed} removed in {} {passes}; {} apps gone, {} going, {} stay",
            self.passes,
            self.count("gone"),
            self.count("going"),
            self.count("stays")
        )
    }
}

impl Report {
    fn steps(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        for step in &row.steps {
            let left = row.left.get(&step.key.to_string());
            let note = match (&step.kept, &step.waits_for, left) {
                (Some(why), ..) => format!(" — kept: {why}"),
                (None, Some(why), _) => format!(" — after: {why}"),
                (None, None, Some(why)) => format!(" — {why}"),
                (None, None, None) => String::new(),
            };
            writeln!(f, "            {:<17} {}{note}", step.phase.to_string(), step.key)?;
        }
        Ok(())
    }
}
