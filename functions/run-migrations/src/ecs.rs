//! Amazon ECS: what its own hooks are about, and a task that was started before.

use anyhow::{Context as _, Result, bail};
use aws_call::Failed;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::Task;
use one_off_task::{Locked, Mark, OneOffTask, Waiter};

use crate::aws::Aws;
use crate::found::{Found, Seen, over, skip};
use crate::hook::EcsHook;
use crate::settings::Rollbacks;
use crate::target::{Parameters, Target};
use crate::{Desk, plan};

/// ECS may show a task only some seconds after it has taken it.
const TIME_TO_APPEAR: i64 = 120;

/// A Lambda hook names the revision that is deployed.
pub(crate) async fn found_by_lambda_hook(
    desk: &Desk<'_>,
    seen: &mut Seen,
    hook: &EcsHook,
) -> Result<Found> {
    seen.about.deployment = Some(desk.hook.deployment.clone());
    if hook.rolls_back && desk.settings.rollbacks == Rollbacks::Skip {
        return Ok(skip("the deployment is rolled back, which runs no migrations"));
    }
    let revision = deployment::ecs::revision(&desk.aws.ecs, &hook.revision).await?;
    Ok(Found::Target { target: Box::new(Target::try_from(&revision)?), undo: hook.rolls_back })
}

/// A pause hook names its service deployment.
pub(crate) async fn found_by_pause_hook(desk: &Desk<'_>, seen: &mut Seen) -> Result<Found> {
    let arn = desk.hook.deployment.as_str();
    seen.about.deployment = Some(arn.to_owned());
    let found = deployment::ecs::describe(&desk.aws.ecs, arn).await?;
    let status = found.status().map_or("in an unknown status", |it| it.as_str());
    let paused = deployment::ecs::hook(&found, &desk.hook.execution);
    if !paused.is_some_and(deployment::ecs::is_paused) && !desk.invocation.dry_run {
        return Ok(over(&format!("{status} and no longer paused by this hook")));
    }
    let target = found.target_service_revision().and_then(|it| it.arn());
    let target = target.context("the service deployment names no target revision")?;
    let revision = deployment::ecs::revision(&desk.aws.ecs, target).await?;
    Ok(Found::Target { target: Box::new(Target::try_from(&revision)?), undo: false })
}

/// The action of a pipeline says what will be deployed.
pub(crate) async fn found_by_action(desk: &Desk<'_>, parameters: &str) -> Result<Found> {
    let parameters = Parameters::read(parameters)?;
    let live = match parameters.image {
        None => String::new(),
        Some(_) => {
            let (cluster, service) = (&parameters.cluster, &parameters.service);
            let service = live_service::ecs::service(&desk.aws.ecs, cluster, service).await?;
            live_service::ecs::live(&desk.aws.ecs, &service).await?.task_definition
        }
    };
    Ok(Found::Target { target: Box::new(parameters.target(&live)), undo: false })
}

/// The tasks that have, or had, the lock that a task wants.
pub(crate) async fn under_lock(ecs: &Client, task: &OneOffTask) -> Result<Vec<Locked>, Failed> {
    let lock = task.mark.lock.as_deref().unwrap_or_default();
    one_off_task::lock::ecs::with_lock(ecs, &task.cluster, lock).await
}

/// Whether a task that has done the same is what it says: a migration of the deployment that it names,
/// of exactly what that deploys. What can't be told is not believed.
pub(crate) async fn is_what_it_says(aws: &Aws, done: &Locked) -> bool {
    let id = &done.mark.id;
    let deployed = match done.mark.waiter {
        Waiter::CodeDeployHook => {
            deployment::codedeploy::deployed(&aws.codedeploy, &aws.s3, id).await
        }
        Waiter::EcsLambdaHook | Waiter::EcsPauseHook => {
            deployment::ecs::deployed(&aws.ecs, id).await
        }
        Waiter::CodePipeline | Waiter::Nobody => return false,
    };
    let Ok(mut deployed) = deployed else { return false };
    let derived = deployment::ecs::derived_from_one_of(&aws.ecs, &done.task, &done.mark, &deployed);
    deployed.task_definitions.extend(derived.await);
    deployed.check(&done.task).is_ok()
}

/// The task that an earlier call for this hook has started; `None` if ECS does not show it yet.
///
/// # Errors
/// There is no such task any more, or it is another hook's.
pub(crate) async fn followed(desk: &Desk<'_>, arn: &str) -> Result<Option<(Task, Mark)>> {
    let cluster = plan::cluster_of(arn).with_context(|| format!("`{arn}` is not a task"))?;
    let found = one_off_task::ecs::tasks(&desk.aws.ecs, cluster, &[arn.to_owned()]).await?;
    let Some(task) = found.into_iter().next() else {
        let age = desk.now().as_second() - desk.hook.memory.since.unwrap_or_default();
        if age <= TIME_TO_APPEAR {
            return Ok(None);
        }
        bail!("ECS does not know the task {arn} any more");
    };
    let mark = Mark::of(&task).map_err(anyhow::Error::msg)?;
    let mark = mark.with_context(|| format!("the task {arn} is not ours"))?;
    if mark.id != desk.hook.deployment || mark.hook != desk.hook.execution {
        bail!("the task {arn} runs for {} {}, not for this hook", mark.id, mark.hook);
    }
    Ok(Some((task, mark)))
}
