//! What this environment of the function remembers of its earlier events.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::outcome::Why;

/// How many deliveries are remembered: some megabytes, and days for most.
const MANY: usize = 20_000;

/// What is known of one alert for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has arrived.
    Delivered,
    /// The retry queue has it.
    Queued,
    /// The failed queue has it.
    Kept,
    /// It will not be taken, and nobody keeps it yet.
    Refused(Why),
    /// It may have arrived.
    Unsure,
}

/// Which alerts are known for which destinations: Lambda delivers an event again if one of them could not be
/// told, and may do so for no reason at all. Only what is at hand: another environment knows nothing of it.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<Key, Known>,
    order: VecDeque<Key>,
    turns: HashMap<Key, Turn>,
}

/// An alert's id and a destination's name.
type Key = (String, String);

/// Who holds it is the only one to tell a destination of an alert: a queue may have a message twice, and
/// deliver both at once.
pub(crate) type Turn = Arc<futures::lock::Mutex<()>>;

impl Memory {
    /// What is known.
    pub(crate) fn of(&self, id: &str, destination: &str) -> Option<Known> {
        self.inner().known.get(&(id.to_owned(), destination.to_owned())).cloned()
    }

    /// The turn to tell it.
    pub(crate) fn turn(&self, id: &str, destination: &str) -> Turn {
        let mut inner = self.inner();
        // Nobody waits for the others any more.
        inner.turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(inner.turns.entry((id.to_owned(), destination.to_owned())).or_default())
    }

    /// Remembers it.
    pub(crate) fn keep(&self, id: &str, destination: &str, known: Known) {
        let mut inner = self.inner();
        let key = (id.to_owned(), destination.to_owned());
        if inner.known.insert(key.clone(), known).is_none() {
            inner.order.push_back(key);
        }
        if inner.order.len() > MANY
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.known.remove(&oldest);
        }
    }

    /// Forgets it: somebody wants it to be tried from the beginning.
    pub(crate) fn forget(&self, id: &str, destination: &str) {
        // Its place in the order may stay: there is nothing left to forget.
        self.inner().known.remove(&(id.to_owned(), destination.to_owned()));
    }

    /// A panic elsewhere leaves nothing here that could be wrong.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let memory = Memory::default();
        memory.keep("first", "chat", Known::Unsure);
        memory.keep("first", "chat", Known::Delivered);
        assert_eq!(memory.of("first", "chat"), Some(Known::Delivered));
        assert_eq!(memory.of("first", "mail"), None);
        for n in 0..MANY {
            memory.keep(&n.to_string(), "chat", Known::Delivered);
        }
        assert_eq!(memory.of("first", "chat"), None);
        assert_eq!(memory.of("0", "chat"), Some(Known::Delivered));
    }
}
