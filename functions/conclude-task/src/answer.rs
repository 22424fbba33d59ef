//! What came of an event.

use std::fmt;

use aws_sdk_ecs::types::Task;
use deployment::name_of;
use jiff::Timestamp;
use one_off_task::{Kind, Mark};
use serde::{Serialize, Serializer};

use crate::conclusion::Conclusion;
use crate::trigger::TaskRef;

/// What came of an event: one line per task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The tasks that were looked at.
    pub tasks: Vec<Concluded>,
    /// Why there was nothing to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing: Option<&'static str>,
}

/// What came of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Concluded {
    /// Its ARN.
    pub task: String,
    /// The deployment or the job it says it runs for.
    pub id: String,
    /// What was done, or in a dry run would be.
    #[serde(serialize_with = "in_words")]
    pub conclusion: Conclusion,
    #[serde(skip)]
    cluster: String,
    #[serde(skip)]
    deadline: i64,
    #[serde(skip)]
    is_job: bool,
}

/// A running task and when its time is up.
pub(crate) struct Due {
    pub(crate) task: TaskRef,
    pub(crate) deadline: Timestamp,
}

impl Answer {
    pub(crate) fn of(tasks: Vec<Concluded>) -> Self {
        Self { tasks, nothing: None }
    }

    pub(crate) fn nothing(why: &'static str) -> Self {
        Self { tasks: Vec::new(), nothing: Some(why) }
    }
}

impl Concluded {
    pub(crate) fn of(task: &Task, mark: Option<&Mark>, conclusion: Conclusion) -> Self {
        Self {
            task: task.task_arn().unwrap_or_default().to_owned(),
            id: mark.map(|it| it.id.clone()).unwrap_or_default(),
            conclusion,
            cluster: task.cluster_arn().unwrap_or_default().to_owned(),
            deadline: mark.map_or(i64::MAX, |it| it.deadline),
            is_job: mark.is_some_and(|it| it.kind == Kind::Job),
        }
    }

    /// Its deadline, if it runs and somebody waits. A job may be stopped at the watchdog's next pass.
    pub(crate) fn due(&self) -> Option<Due> {
        let deadline = Timestamp::from_second(self.deadline).ok()?;
        let task = TaskRef { cluster: self.cluster.clone(), arn: self.task.clone(), version: 0 };
        let waited_for = self.conclusion == Conclusion::Wait && !self.is_job;
        waited_for.then_some(Due { task, deadline })
    }
}

fn in_words<S: Serializer>(conclusion: &Conclusion, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(conclusion)
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.nothing {
            return write!(f, "nothing to do: {why}");
        }
        if self.tasks.is_empty() {
            return f.write_str("no task of ours runs or has just ended");
        }
        write!(f, "{:<34}{:<24}CONCLUSION", "TASK", "RUNS FOR")?;
        for it in &self.tasks {
            write!(f, "\n{:<34}{:<24}{}", name_of(&it.task), name_of(&it.id), it.conclusion)?;
        }
        Ok(())
    }
}
