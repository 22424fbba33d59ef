//! Time as the account sees it: tokio's clock, so that a paused test runtime skips the waiting.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Starts at a moment and runs with tokio's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Timestamp,
    started: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows `epoch` now.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, started: tokio::time::Instant::now() }
    }

    /// What time it is in the account.
    pub fn now(&self) -> Timestamp {
        self.epoch + jiff::SignedDuration::try_from(self.started.elapsed()).unwrap_or_default()
    }

    /// The same, for the standard library.
    pub fn system_time(&self) -> SystemTime {
        SystemTime::from(self.now())
    }

    /// Seconds since 1970 with fraction: a timestamp in AWS's JSON protocols.
    pub fn epoch_seconds(&self) -> f64 {
        self.now().as_millisecond() as f64 / 1000.0
    }

    /// Lets `duration` pass.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl aws_smithy_async::time::TimeSource for Clock {
    fn now(&self) -> SystemTime {
        self.system_time()
    }
}
