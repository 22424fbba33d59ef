//! What is said under a pull request whose review app goes.

pub(crate) mod github;

use crate::report::Row;
use crate::verdict::minute;
use jiff::Timestamp;

/// The text under a pull request, if this run has done something to its app.
pub(crate) fn text(row: &Row, now: Timestamp) -> Option<String> {
    if row.parts_removed == 0 || row.superseded {
        return None;
    }
    let parts = row.parts_removed;
    // What AWS is busy removing, it removes whether anybody looks or not.
    let over = row.came_back.is_none() && row.steps.iter().all(|it| row.removed.contains(&it.key));
    let again = "Opened again, the pull request gets a new one with its next deployment.";
    match row.state {
        "gone" | "going" if over => Some(format!(
            "The review app of this pull request was removed ({}). {again}",
            minute(now)
        )),
        "going" => Some(format!(
            "The review app of this pull request is being removed: {} ({parts} parts are gone). {again}",
            row.why
        )),
        "stays" => Some(format!(
            "The review app of this pull request was being removed, and stays now. {parts} parts of it \
             are gone; deploy it again."
        )),
        _ => None,
    }
}
