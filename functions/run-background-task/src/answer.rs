//! What came of a run.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::plan::Plan;

/// What the function did, or in a dry run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Answer {
    /// The job runs.
    Started {
        /// The job.
        job: String,
        /// The task's ARN.
        task: String,
        /// How the image is known to be live.
        live: String,
        /// Whether it was to run on Spot and there was none.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        on_demand: bool,
        /// The tasks that were stopped for it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        replaced: Vec<String>,
    },
    /// An earlier delivery of the same event has started it.
    AlreadyStarted {
        /// The job.
        job: String,
        /// The task: its ARN, or its id.
        task: String,
    },
    /// The last run is still at work.
    Skipped {
        /// The job.
        job: String,
        /// Which task that is.
        reason: String,
        /// The how-manieth time in a row.
        skipped_in_a_row: u32,
    },
    /// The pause switch is on.
    OnHold {
        /// The job.
        job: String,
        /// Who wants it, and until when.
        reason: String,
        /// The how-manieth time in a row.
        skipped_in_a_row: u32,
    },
    /// A dry run: what would be done.
    Planned {
        /// The job.
        job: String,
        /// The request that would be made, as the AWS CLI would take it.
        run_task: Value,
        /// How the image is known to be live.
        live: String,
        /// Why it would not be made now.
        #[serde(skip_serializing_if = "Option::is_none")]
        but: Option<String>,
        /// The same for people.
        #[serde(skip)]
        plan: Box<Plan>,
    },
}

impl Answer {
    pub(crate) fn planned(job: &str, plan: Plan, but: Option<String>) -> Self {
        let mut run_task = plan.task.run_task_input();
        // A family without a revision is its latest one: the one that would be registered.
        if let (Some(derived), Some(members)) = (&plan.derived, run_task.as_object_mut()) {
            members.insert("taskDefinition".into(), json!(derived.family));
        }
        Self::Planned {
            job: job.to_owned(),
            run_task,
            live: plan.because.clone(),
            but,
            plan: Box::new(plan),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { job, task, live, on_demand, replaced } => {
                write!(f, "{job}: task {task} ({live})")?;
                if *on_demand {
                    f.write_str(", on demand because there is no Spot capacity")?;
                }
                for stopped in replaced {
                    write!(f, ", instead of {stopped}")?;
                }
                Ok(())
            }
            Self::AlreadyStarted { job, task } => write!(f, "{job}: started before as task {task}"),
            Self::Skipped { job, reason, skipped_in_a_row: times }
            | Self::OnHold { job, reason, skipped_in_a_row: times } => {
                write!(f, "{job}: not run, {reason} (skipped {times} in a row)")
            }
            Self::Planned { job, plan, but, .. } => {
                write!(f, "{job}\n{plan}")?;
                but.as_ref().map_or(Ok(()), |it| write!(f, "\nBut not now: {it}."))
            }
        }
    }
}
