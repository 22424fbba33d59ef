//! An index that is behind: it lists what is deleted, and shows tags that were changed.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::tags::Tags;

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    index: BTreeMap<String, Entry>,
}

struct Entry {
    /// The tags it has, or had when it was last seen.
    tags: Tags,
    /// When it was last seen with them.
    seen: Timestamp,
    /// Other tags that are still shown, and until when.
    stale: Option<(Tags, Timestamp)>,
}

/// For which part of the lag a change of tags is not seen: a minute of twenty.
const CHANGES: u32 = 20;

impl State {
    /// What is listed, given what exists `now`.
    ///
    /// The index is only looked at when somebody asks: what was deleted since it was last seen
    /// stays listed until the lag has passed since then. AWS: "returns all the tagged or
    /// previously tagged resources"; what never had a tag is not listed.
    pub(super) fn bring_up_to_date(
        &mut self,
        existing: BTreeMap<String, Tags>,
        now: Timestamp,
        lag: Duration,
    ) -> BTreeMap<String, Tags> {
        let after = |at: Timestamp, wait: Duration| {
            at + SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO)
        };
        self.index.retain(|arn, entry| existing.contains_key(arn) || now < after(entry.seen, lag));
        for (arn, tags) in existing {
            match self.index.get_mut(&arn) {
                Some(entry) => {
                    if entry.tags != tags {
                        let until = after(entry.seen, lag / CHANGES);
                        let old = std::mem::replace(&mut entry.tags, tags);
                        // What is shown already wins: the index does not skip back and forth.
                        entry.stale.get_or_insert((old, until));
                    }
                    entry.seen = now;
                    entry.stale.take_if(|(_, until)| *until <= now);
                }
                None if tags.is_empty() => {}
                None => {
                    self.index.insert(arn, Entry { tags, seen: now, stale: None });
                }
            }
        }
        let shown = |entry: &Entry| match &entry.stale {
            Some((tags, _)) => tags.clone(),
            None => entry.tags.clone(),
        };
        self.index.iter().map(|(arn, entry)| (arn.clone(), shown(entry))).collect()
    }
}
