//! Who waits for a task.

use deployment::Deployed;

/// Who waits for a task, as AWS says.
#[derive(Debug, Clone, PartialEq)]
pub enum Waiting {
    /// A deployment, still in progress.
    Deployment(Box<Deployed>),
    /// A deployment that somebody has let go on in the meantime: it waits no longer, but people must hear
    /// of a failure.
    WentOn(Box<Deployed>),
    /// A deployment in progress that asks by itself, again and again.
    Asks(Box<Deployed>),
    /// Nobody: the deployment has ended, like this.
    Nobody(Box<Deployed>),
    /// Nobody: the deployment has ended, and its revision can't be read any more.
    Over {
        /// How it ended.
        status: String,
    },
    /// There is no such deployment.
    NoSuchDeployment,
    /// The deployment or its revision could not be read, for this reason.
    Unknown(String),
    /// Only people, and only if the job fails.
    People {
        /// Whether its end has been told before.
        told: bool,
        /// How often the job has failed in a row before this run.
        failures: u32,
    },
}

impl Waiting {
    /// The deployment, if there is one.
    pub(crate) fn deployment(&self) -> Option<&Deployed> {
        match self {
            Self::Deployment(it) | Self::WentOn(it) | Self::Asks(it) | Self::Nobody(it) => Some(it),
            Self::Over { .. } | Self::NoSuchDeployment | Self::Unknown(_) | Self::People { .. } => {
                None
            }
        }
    }
}
