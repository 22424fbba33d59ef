//! Amazon EventBridge Scheduler: this function is called again, once, in a minute.

use anyhow::{Context as _, Result, bail};
use aws_call::Call as _;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::Desk;
use crate::hook::{MEMORY, Memory};

/// When it is called again.
const LATER: SignedDuration = SignedDuration::from_secs(60);

/// Has the same event delivered again in a minute, with the time of its first delivery. Two deliveries
/// of one event make one schedule.
pub(crate) async fn call_again(desk: &Desk<'_>) -> Result<()> {
    let Some(role) = &desk.settings.wait_role else {
        bail!("LOCK_WAIT_ROLE_ARN is not set, so this one can't wait");
    };
    let function = desk.invocation.function_arn.as_deref();
    let function = function.context("only a function in Lambda can be called again")?;
    let now = desk.now();
    let at = now.checked_add(LATER)?;
    let memory = Memory {
        since: desk.hook.memory.since.or_else(|| Some(now.as_second())),
        ..desk.hook.memory.clone()
    };
    let mut event = desk.invocation.event.clone();
    if let Some(members) = event.as_object_mut() {
        members.insert(MEMORY.to_owned(), json!(memory));
    }
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build()?;
    let target = Target::builder().arn(function).role_arn(role).input(event.to_string()).build()?;
    let created = desk
        .aws
        .scheduler
        .create_schedule()
        .name(name(desk, at.as_second() / 60))
        .schedule_expression(format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S")))
        .schedule_expression_timezone("UTC")
        .flexible_time_window(window)
        .action_after_completion(ActionAfterCompletion::Delete)
        .target(target)
        .send()
        .await
        .call("CreateSchedule");
    match created {
        Err(failed) if failed.is("ConflictException") => Ok(()),
        created => Ok(created.map(drop)?),
    }
}

fn name(desk: &Desk<'_>, minute: i64) -> String {
    let cause = format!("{}\n{}\n{minute}", desk.hook.deployment, desk.hook.execution);
    let digest = Sha256::digest(cause);
    let hash: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("quayside-wait-{hash}")
}
