//! Amazon SNS: people are told what kept a run from its work.

use std::time::Duration;

use alert::sns::publish;

use crate::report::Report;
use crate::{Desk, warning};

/// What an alert may take of the time that is kept back.
const TIME_TO_ALERT: Duration = Duration::from_secs(8);

/// Tells people if they have to know.
pub(crate) async fn tell(desk: &Desk<'_>, report: &Report, failed: Option<&anyhow::Error>) {
    let (repository, now) = (&desk.settings.repository, desk.now());
    let alert = match (failed, &report.tripped) {
        (Some(error), _) => Some(warning::blind(repository, &format!("{error:#}"), now)),
        (None, Some(tripped)) => Some(warning::tripped(repository, tripped, now)),
        (None, None) if report.incomplete => Some(warning::incomplete(repository, report, now)),
        (None, None) => warning::stuck(repository, report, desk.settings.stuck_after, now),
    };
    if let Some(alert) = alert {
        publish(&desk.aws.sns, &desk.settings.alerts_topic, &alert, TIME_TO_ALERT).await;
    }
}
