//! `jobs NAME`: work that runs beside the web app, on a schedule or by hand.

use std::io::Write;

use crate::database::Place;

/// The jobs this app has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    SendReminders,
    CountCustomers,
}

impl Job {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "send-reminders" => Some(Self::SendReminders),
            "count-customers" => Some(Self::CountCustomers),
            _ => None,
        }
    }
}

pub(crate) fn run(job: Job, place: &Place, out: &mut impl Write) -> anyhow::Result<()> {
    let emails = place.open()?.column("SELECT email FROM customers ORDER BY id")?;
    match job {
        Job::SendReminders => {
            for email in &emails {
                writeln!(out, "reminding {email}")?;
            }
            writeln!(out, "{} reminders sent", emails.len())?;
        }
        Job::CountCustomers => writeln!(out, "{} customers", emails.len())?,
    }
    Ok(())
}
