//! The time: given once, then kept by tokio's clock, which tests can pause.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// What time it is.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    since: Instant,
}

impl Clock {
    /// A clock that shows `now`.
    pub fn started(now: SystemTime) -> Self {
        let start = Timestamp::try_from(now).unwrap_or_default();
        Self { start, since: Instant::now() }
    }

    /// What time it is.
    pub fn now(self) -> Timestamp {
        self.now_in(Duration::ZERO)
    }

    /// What time it will be.
    pub(crate) fn now_in(self, later: Duration) -> Timestamp {
        let passed = SignedDuration::try_from(self.since.elapsed() + later).unwrap_or_default();
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How long until `moment`; nothing if it has passed.
    pub(crate) fn until(self, moment: Timestamp) -> Duration {
        Duration::try_from(self.now().duration_until(moment)).unwrap_or_default()
    }
}
