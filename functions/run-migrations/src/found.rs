//! What was found out about a deployment on the way to a plan.

use ::report::About;
use deployment::name_of;
use one_off_task::Locked;

use crate::hook::{Caller, Hook};
use crate::plan::Plan;
use crate::target::Target;

/// What a hook is about.
pub(crate) enum Found {
    /// Something is deployed, or undone.
    Target {
        /// What: if it is undone, the revision that failed.
        target: Box<Target>,
        /// Whether it is undone.
        undo: bool,
    },
    /// That is all there is to know.
    Plan(Plan),
}

/// What is known by the time something goes wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whom the migration is for.
    pub(crate) about: About,
    /// Whether the hook is this function's to answer.
    pub(crate) ours: bool,
}

impl Seen {
    /// What the event itself says. A pause hook may be for people to answer: only the revision that is
    /// deployed says otherwise.
    pub(crate) fn before(hook: &Hook) -> Self {
        let ours = !matches!(hook.caller, Caller::EcsPause { .. });
        Self { about: About::default(), ours }
    }
}

pub(crate) fn skip(reason: impl Into<String>) -> Found {
    Found::Plan(Plan::Skip { reason: reason.into() })
}

pub(crate) fn over(status: &str) -> Found {
    Found::Plan(Plan::Over { status: status.to_owned() })
}

pub(crate) fn not_ours(stage: &str) -> Plan {
    Plan::NotOurs {
        reason: format!(
            "the pause hook at {stage} is not ours: the label quayside.migrate.pause-hooks does not \
             name this stage"
        ),
    }
}

pub(crate) fn nothing_to_run(undo: bool) -> Plan {
    let reason = match undo {
        true => "the failed revision has no quayside.rollback.command",
        false => "the revision has no command for this stage",
    };
    Plan::Skip { reason: reason.to_owned() }
}

pub(crate) fn migrated_before(done: &Locked) -> Plan {
    Plan::Skip {
        reason: format!(
            "the migration of {} has done the same with the same image (task {}, lock {})",
            name_of(&done.mark.id),
            done.arn(),
            done.mark.lock.as_deref().unwrap_or_default()
        ),
    }
}
