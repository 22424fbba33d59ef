//! Amazon EventBridge Scheduler: schedules of apps, and this function's own.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result as Anyhow};
use aws_call::{Call as _, Class, Failed};
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::BuildError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use aws_smithy_types::DateTime;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use runtime::Invocation;
use serde_json::{Value, json};

use crate::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::scope::{Removed, Scope};
use crate::settings::Settings;

/// The group that every account has.
const DEFAULT: &str = "default";

/// What names of this project's own schedules begin with.
const OWN: &str = "quayside-";

/// A look right at the end of a grace might come too early.
const A_MOMENT: SignedDuration = SignedDuration::from_secs(30);

/// So many requests are under way at once.
const AT_ONCE: usize = 8;

/// Schedules that may be a review app's. They have no tags: only groups of them have.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut seen = BTreeMap::new();
    if !scope.wants(Kind::Schedule) {
        return Ok(Vec::new());
    }
    for prefix in scope.prefixes(Kind::Schedule) {
        let prefix = Some(prefix).filter(|it| !it.is_empty()).map(str::to_owned);
        let pages = aws.scheduler.list_schedules().set_name_prefix(prefix).into_paginator();
        let listed = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.call("ListSchedules")?;
        let shown = listed
            .iter()
            .filter_map(|it| shown(it.group_name(), it.name(), it.arn(), it.creation_date()));
        let ours = shown.filter(|it| {
            scope.may_be_ours(Kind::Schedule, &it.name, it.arn.as_deref(), Some(&it.tags))
        });
        seen.extend(ours.map(|it| (it.key.clone(), it)));
    }
    Ok(seen.into_values().collect())
}

/// Exactly these, described anew.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let ours: Vec<_> = keys.iter().filter(|it| it.kind == Kind::Schedule).cloned().collect();
    let looks = ours.into_iter().map(|key| one(&aws.scheduler, key));
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn one(scheduler: &Client, key: Key) -> Result<Option<Resource>, Failed> {
    let (group, name) = parts(&key.id);
    let request = scheduler.get_schedule().group_name(group).name(name);
    match request.send().await.call("GetSchedule") {
        Err(failed) if failed.class == Class::Gone => Ok(None),
        answer => {
            let it = answer?;
            Ok(shown(it.group_name(), it.name(), it.arn(), it.creation_date()))
        }
    }
}

fn shown(
    group: Option<&str>,
    name: Option<&str>,
    arn: Option<&str>,
    created: Option<&DateTime>,
) -> Option<Resource> {
    let name = name.filter(|it| !it.starts_with(OWN))?;
    let id = format!("{}/{name}", group.unwrap_or(DEFAULT));
    let shown = Resource::new(Key::new(Kind::Schedule, id), name).arn(arn?);
    Some(shown.born(created.map(|it| it.secs())))
}

/// The group and the name in an id.
fn parts(id: &str) -> (&str, &str) {
    id.split_once('/').unwrap_or((DEFAULT, id))
}

/// Deletes schedules.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let (group, name) = parts(ticket.id());
        let request = aws.scheduler.delete_schedule().group_name(group).name(name);
        let result = request.send().await.call("DeleteSchedule").map(drop);
        removed.push((ticket.key().clone(), result));
    }
    removed
}

/// Has this function called once at a moment, with this input. Twice with the same name is once.
async fn call_at(
    aws: &Aws,
    at: Timestamp,
    name: &str,
    function_arn: &str,
    role: &str,
    input: &Value,
) -> Result<(), Failed> {
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
    let target =
        Target::builder().arn(function_arn).role_arn(role).input(input.to_string()).build();
    let request = aws
        .scheduler
        .create_schedule()
        .name(name)
        .schedule_expression(format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S")))
        .schedule_expression_timezone("UTC")
        .flexible_time_window(window.map_err(|it| unbuilt(&it))?)
        .action_after_completion(ActionAfterCompletion::Delete)
        .target(target.map_err(|it| unbuilt(&it))?);
    match request.send().await.call("CreateSchedule") {
        Err(failed) if failed.is("ConflictException") => Ok(()),
        created => created.map(drop),
    }
}

fn unbuilt(error: &BuildError) -> Failed {
    Failed {
        operation: "CreateSchedule",
        code: None,
        message: error.to_string(),
        class: Class::Real,
    }
}

/// Has the app of a pull request looked after as soon as its grace is over. What GitHub says then counts, not
/// what a webhook said now.
pub(crate) async fn call_when_due(
    aws: &Aws,
    settings: &Settings,
    invocation: &Invocation,
    number: u32,
) -> Anyhow<Timestamp> {
    let role = settings.call_role.as_deref().context("CALL_ROLE_ARN is not set")?;
    let function = invocation.function_arn.as_deref();
    let function = function.context("only a function in Lambda can be called again")?;
    let now = Timestamp::try_from(invocation.now)?;
    let at = now.checked_add(settings.policy.grace)?.checked_add(A_MOMENT)?;
    let name = format!("quayside-look-{number}-{}", at.as_second() / 60);
    call_at(aws, at, &name, function, role, &json!({"pull_request": number})).await?;
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_the_group() {
        let arn = "arn:aws:scheduler:eu-west-2:123456789012:schedule/apps/core-review-12-nightly";
        let created = DateTime::from_secs(1_700_000_000);
        let it = shown(Some("apps"), Some("core-review-12-nightly"), Some(arn), Some(&created));
        let it = it.unwrap();
        assert_eq!(it.key.id, "apps/core-review-12-nightly");
        assert_eq!(parts(&it.key.id), ("apps", "core-review-12-nightly"));
        assert_eq!(it.born, Timestamp::from_second(1_700_000_000).ok());
    }

    #[test]
    fn this_projects_own_schedules_are_absent() {
        assert_eq!(shown(None, Some("quayside-wait-1"), Some("arn"), None), None);
    }
}
