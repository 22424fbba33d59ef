//! GitHub: one comment under each pull request, and never more than the run may write.

use std::time::Duration;

use tokio::time::Instant;

use crate::Desk;
use crate::announce::text;
use crate::github::{Comment, Commented};
use crate::report::Report;

/// GitHub asks for a second between two writes.
const PAUSE: Duration = Duration::from_secs(1);
/// What comments may take of the time that is kept back.
const TIME: Duration = Duration::from_secs(20);

/// Says what became of the apps that this run has touched. Whatever goes wrong is noted, and keeps nothing.
pub(crate) async fn announce(desk: &Desk<'_>, report: &mut Report) {
    let (until, now) = (Instant::now() + TIME.min(desk.invocation.time_left / 8), desk.now());
    let mut left = desk.settings.max_comments;
    // What has ended is worth more than what goes on.
    for state in ["gone", "stays", "going"] {
        for (number, row) in report.apps.iter_mut().filter(|it| it.1.state == state) {
            let Some(text) = text(row, now).filter(|_| left > 0) else { continue };
            let comment = Comment { number: *number, text: &text, create: true };
            match desk.aws.github.upsert_comment(&comment, desk.clock(), until).await {
                Ok(Commented::Unchanged | Commented::None) => continue,
                Ok(Commented::Created | Commented::Edited) => left -= 1,
                Ok(Commented::Refused(why)) => row.note = Some(why),
                Err(unclear) => {
                    row.note = Some(unclear.why);
                    return;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
