//! What is remembered of a job between its runs: two SSM parameters.
//!
//! [`Starts`] is written only by who starts runs, [`Ends`] only by who concludes them, so that neither
//! loses what the other has written.
//!
//! **Invariant:** a record that can't be read is an error; what follows from not knowing is for the
//! caller to say.

pub mod ssm;

use serde::{Deserialize, Serialize};

/// So many runs and ends are remembered.
const REMEMBERED: usize = 20;

/// Which job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What the parameters' names begin with: `/quayside/jobs`.
    pub prefix: String,
    /// The cluster's name.
    pub cluster: String,
    /// The job's name.
    pub job: String,
}

/// What who starts a job must know next time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Starts {
    /// The service whose image it runs.
    pub service: String,
    /// When it was last started, or skipped on purpose, in seconds since 1970.
    pub last_run: i64,
    /// The id of the task of its last start.
    pub last_task: String,
    /// After how many seconds without a run people are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert_if_not_run_for: Option<u64>,
    /// How often in a row it was skipped.
    pub skipped_in_a_row: u32,
    /// The last run that was skipped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_skipped: String,
    /// The last run of which people were told that it could not be started.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub told_for: String,
    /// Its last runs.
    pub runs: Vec<Run>,
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// What makes two deliveries of one event the same.
    pub id: String,
    /// The id of its task.
    pub task: String,
}

/// What who concludes a job's runs must know next time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ends {
    /// How often in a row it has failed.
    pub failed_in_a_row: u32,
    /// The ids of the tasks whose end has been told.
    pub concluded: Vec<String>,
    /// The last run after which people were told that none followed, in seconds since 1970.
    pub missed_told_for: i64,
}

impl Starts {
    /// A run was started.
    pub fn started(&mut self, run: &str, task: &str, now: i64) {
        self.last_run = now;
        task.clone_into(&mut self.last_task);
        self.skipped_in_a_row = 0;
        if self.task_of(run).is_none() {
            self.runs.push(Run { id: run.to_owned(), task: task.to_owned() });
        }
        let excess = self.runs.len().saturating_sub(REMEMBERED);
        self.runs.drain(..excess);
    }

    /// A run was not started, on purpose; one that is delivered twice is skipped once.
    pub fn skipped(&mut self, run: &str, now: i64) {
        self.last_run = now;
        if self.last_skipped != run {
            self.skipped_in_a_row = self.skipped_in_a_row.saturating_add(1);
        }
        run.clone_into(&mut self.last_skipped);
    }

    /// The id of the task that a run was started as.
    pub fn task_of(&self, run: &str) -> Option<&str> {
        self.runs.iter().find(|it| it.id == run).map(|it| it.task.as_str())
    }
}

impl Ends {
    /// A run has succeeded.
    pub fn succeeded(&mut self, task: &str) {
        self.failed_in_a_row = 0;
        self.conclude(task);
    }

    /// A run has failed.
    pub fn failed(&mut self, task: &str) {
        if !self.knows(task) {
            self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        }
        self.conclude(task);
    }

    /// Whether a task's end has been told.
    pub fn knows(&self, task: &str) -> bool {
        self.concluded.iter().any(|it| it == task)
    }

    fn conclude(&mut self, task: &str) {
        if !self.knows(task) {
            self.concluded.push(task.to_owned());
        }
        let excess = self.concluded.len().saturating_sub(REMEMBERED);
        self.concluded.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_know_their_last_runs() {
        let mut starts = Starts::default();
        for (run, now, times) in [("a", 10, 1), ("a", 11, 1), ("b", 20, 2), ("b", 21, 2)] {
            starts.skipped(run, now);
            assert_eq!((starts.skipped_in_a_row, starts.last_run), (times, now));
        }
        for n in 0..30 {
            starts.started(&format!("run-{n}"), &format!("task-{n}"), n);
        }
        starts.started("run-29", "task-29", 30);
        assert_eq!((starts.skipped_in_a_row, starts.last_run), (0, 30));
        assert_eq!(starts.runs.len(), 20);
        assert_eq!(starts.task_of("run-29"), Some("task-29"));
        assert_eq!(starts.task_of("run-0"), None);
    }

    #[test]
    fn ends_count_failures_in_a_row_and_each_task_once() {
        let mut ends = Ends::default();
        ends.failed("a");
        ends.failed("a");
        ends.failed("b");
        assert_eq!(ends.failed_in_a_row, 2);
        assert!(ends.knows("a") && !ends.knows("c"));
        ends.succeeded("c");
        assert_eq!(ends.failed_in_a_row, 0);
    }

    #[test]
    fn a_full_record_fits_a_standard_parameter() {
        let id = "0".repeat(32);
        let mut starts = Starts { service: "s".repeat(255), ..Starts::default() };
        (starts.last_skipped, starts.told_for) = (id.clone(), id.clone());
        let mut ends = Ends::default();
        for n in 0..30 {
            starts.started(&format!("{n:032}"), &id, i64::MAX);
            ends.failed(&format!("{n:032}"));
        }
        assert!(serde_json::to_string(&starts).unwrap().len() <= 4096);
        assert!(serde_json::to_string(&ends).unwrap().len() <= 4096);
    }

    #[test]
    fn a_record_of_another_version_is_read() {
        let starts: Starts = serde_json::from_str(r#"{"last_run": 7, "news": 1}"#).unwrap();
        assert_eq!(starts.last_run, 7);
    }
}
