//! The states a cache goes through by itself.

use jiff::{SignedDuration, Timestamp};

use super::Moment;

/// A state, and until when it lasts.
#[derive(Clone)]
pub(super) struct Life {
    state: String,
    until: Option<Timestamp>,
}

impl Life {
    /// A state that nothing ends by itself.
    pub(super) fn stays(state: &str) -> Self {
        Self { state: state.to_owned(), until: None }
    }

    /// A state that ends after the account's time: `deleting` with the end of the cache, every
    /// other one with `available`.
    pub(super) fn passes(state: &str, at: Moment) -> Self {
        let time = SignedDuration::try_from(at.pace).unwrap_or(SignedDuration::MAX);
        Self { state: state.to_owned(), until: Some(at.now + time) }
    }

    fn has_passed(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether the cache is gone.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.state == "deleting" && self.has_passed(now)
    }

    /// The state that it is in.
    pub(super) fn state(&self, now: Timestamp) -> &str {
        if self.has_passed(now) { "available" } else { &self.state }
    }
}
