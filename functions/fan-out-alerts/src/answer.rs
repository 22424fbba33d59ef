//! What came of an event.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::outcome::Why;

/// What the function did, or in a dry run would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Answer {
    /// Each alert that the event held.
    pub alerts: Vec<Told>,
    /// The messages of a batch from SQS that stay in their queue.
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    pub batch_item_failures: Option<Vec<Stays>>,
}

/// One message of a batch that stays in its queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// Its id.
    #[serde(rename = "itemIdentifier")]
    pub item_identifier: String,
}

/// One alert, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The message's id.
    pub id: String,
    /// What it says.
    pub title: String,
    /// Who was to be told, and what came of it.
    pub destinations: Vec<Destined>,
}

/// What came of one alert for one destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Destined {
    /// Its name in the routes; `-` for nobody.
    pub name: String,
    /// What came of it.
    pub outcome: State,
}

/// Where an alert is now.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// The destination has it.
    Delivered,
    /// It was delivered, or queued, when the event came before.
    Before,
    /// It waits in the retry queue.
    Queued(String),
    /// It will not be tried again; the failed queue has it.
    Failed(String),
    /// It is nowhere but in the event, which has to come again.
    Unsafe(String),
    /// A route says that nobody is told.
    Dropped,
    /// A dry run: it would be sent.
    Planned,
    /// A dry run: nobody would be told.
    NobodyPlanned,
}

impl State {
    /// Whether the event may be forgotten.
    pub(crate) fn is_safe(&self) -> bool {
        !matches!(self, Self::Unsafe(_))
    }

    pub(crate) fn queued(why: &Why) -> Self {
        Self::Queued(why.to_string())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("delivered"),
            Self::Before => f.write_str("delivered or queued before"),
            Self::Queued(why) => write!(f, "queued ({why})"),
            Self::Failed(why) => write!(f, "failed ({why})"),
            Self::Unsafe(why) => write!(f, "not delivered ({why})"),
            Self::Dropped => f.write_str("dropped by a route"),
            Self::Planned => f.write_str("would be told"),
            Self::NobodyPlanned => f.write_str("nobody would be told: no route fits"),
        }
    }
}

impl Answer {
    /// Why the event has to come again, if it has to.
    pub(crate) fn lost(&self) -> Option<String> {
        let all = self.alerts.iter().flat_map(|it| &it.destinations);
        let lost: Vec<String> = all
            .filter(|it| !it.outcome.is_safe())
            .map(|it| format!("{}: {}", it.name, it.outcome))
            .collect();
        (!lost.is_empty()).then(|| lost.join("; "))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || self.alerts.iter().flat_map(|it| &it.destinations);
        let width = all().map(|it| it.name.chars().count()).max().unwrap_or_default();
        for (n, alert) in self.alerts.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", alert.title)?;
            for it in &alert.destinations {
                write!(f, "\n  {:width$}  {}", it.name, it.outcome)?;
            }
        }
        Ok(())
    }
}
