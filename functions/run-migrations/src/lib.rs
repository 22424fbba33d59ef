//! A deployment waits until its migrations have succeeded.
//!
//! `CodeDeploy` calls with two ids; this function starts the migration as a one-off task of the new
//! revision and ends. The task's end is told to `CodeDeploy` by `conclude-task`.
//!
//! **Invariant:** `CodeDeploy` always gets an answer, and Succeeded is never said here for a
//! migration that has to run. What keeps the task from being started is answered Failed.

mod answer;
mod aws;
mod ecs;
mod hook;
mod labels;
mod plan;
mod settings;
mod warning;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use alert::Alert;
use anyhow::{Context as _, Result, anyhow, bail};
use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentStatus};
use deployment::{Outcome, codedeploy};
use futures::FutureExt as _;
use one_off_task::Start;
use runtime::Invocation;

pub use answer::Answer;
pub use aws::Aws;
pub use hook::{Hook, Unreadable};
pub use plan::Plan;
pub use settings::{Rollbacks, Settings};

/// Kept back from the function's time to tell `CodeDeploy` and the people on call.
const TIME_TO_ANSWER: Duration = Duration::from_secs(15);
/// The alert's share of it.
const TIME_TO_ALERT: Duration = Duration::from_secs(5);

/// Handles one lifecycle event hook.
///
/// # Errors
/// The event is no hook event, or `CodeDeploy` could not be told; then Lambda delivers it again.
pub async fn handle(aws: &Aws, settings: &Settings, invocation: Invocation) -> Result<Answer> {
    let hook = match Hook::read(&invocation.event) {
        Ok(hook) => hook,
        Err(unreadable) => return not_a_hook(aws, settings, &invocation, unreadable).await,
    };
    let mut info = None;
    let time = invocation.time_left.saturating_sub(TIME_TO_ANSWER.min(invocation.time_left / 2));
    let work = AssertUnwindSafe(Box::pin(migrate(aws, settings, &hook, &invocation, &mut info)));
    let ended = match tokio::time::timeout(time, work.catch_unwind()).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err(anyhow!("run-migrations panicked; its log has the place")),
        Err(_) => Err(anyhow!("run-migrations ran out of time ({} s)", time.as_secs())),
    };
    match ended {
        Ok(answer) => Ok(answer),
        Err(error) if invocation.dry_run => {
            Ok(Answer::Refused { deployment: hook.deployment, reason: format!("{error:#}") })
        }
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::error!(deployment = hook.deployment, reason, "the migration did not start");
            let alert = warning::not_started(&hook.deployment, info.as_ref(), &reason, &invocation);
            publish(aws, settings, &alert).await;
            say_failed(aws, &hook.deployment, Some(&hook.execution)).await?;
            Ok(Answer::Failed { deployment: hook.deployment, reason })
        }
    }
}

async fn migrate(
    aws: &Aws,
    settings: &Settings,
    hook: &Hook,
    invocation: &Invocation,
    seen: &mut Option<DeploymentInfo>,
) -> Result<Answer> {
    let id = hook.deployment.as_str();
    let info = seen.insert(codedeploy::describe(&aws.codedeploy, id).await?);
    let plan = plan(aws, settings, hook, invocation, info).await?;
    if invocation.dry_run {
        return Ok(Answer::planned(id, plan));
    }
    match plan {
        Plan::Run(task) => {
            let arn = match one_off_task::lock::ecs::start(&aws.ecs, &task, invocation.now).await? {
                Start::Started(arn) | Start::Already(arn) => arn,
                Start::Held(other) => bail!("{} has the lock", other.arn()),
            };
            tracing::info!(deployment = id, task = arn, "the migration task was started");
            Ok(Answer::Started { deployment: id.to_owned(), task: arn })
        }
        Plan::Skip { reason } => {
            codedeploy::answer(&aws.codedeploy, id, Some(&hook.execution), Outcome::Succeeded)
                .await?;
            tracing::info!(deployment = id, reason, "nothing to migrate");
            Ok(Answer::Skipped { deployment: id.to_owned(), reason })
        }
        Plan::Over { status } => {
            tracing::info!(deployment = id, status, "nobody waits for this hook any longer");
            Ok(Answer::Over { deployment: id.to_owned(), status })
        }
    }
}

async fn plan(
    aws: &Aws,
    settings: &Settings,
    hook: &Hook,
    invocation: &Invocation,
    info: &DeploymentInfo,
) -> Result<Plan> {
    let status = info.status().cloned().unwrap_or(DeploymentStatus::InProgress);
    if !codedeploy::in_progress(&status) && !invocation.dry_run {
        return Ok(Plan::Over { status: status.as_str().to_owned() });
    }
    if codedeploy::is_rollback(info) {
        let Rollbacks::Skip = settings.rollbacks;
        return Ok(Plan::Skip { reason: "a rollback deployment runs no migrations".into() });
    }
    let deployment = codedeploy::resolve(&aws.codedeploy, &aws.s3, &hook.deployment, info).await?;
    let (live, definition) = futures::join!(
        ecs::service(&aws.ecs, &deployment.cluster, &deployment.service),
        one_off_task::ecs::task_definition(&aws.ecs, &deployment.appspec.task_definition)
    );
    let definition = definition
        .with_context(|| format!("task definition {}", deployment.appspec.task_definition))?;
    let task = plan::migration(&deployment, &live?, &definition, settings, hook, invocation.now)
        .with_context(|| {
            format!("service {} in cluster {}", deployment.service, deployment.cluster)
        })?;
    Ok(Plan::Run(Box::new(task)))
}

/// An event that is no hook event is an error; a deployment that it names is told Failed all the
/// same, because nothing else will answer it.
async fn not_a_hook(
    aws: &Aws,
    settings: &Settings,
    invocation: &Invocation,
    unreadable: Unreadable,
) -> Result<Answer> {
    let Unreadable { deployment, execution, why } = unreadable;
    if let Some(id) = deployment.filter(|_| !invocation.dry_run) {
        publish(aws, settings, &warning::not_started(&id, None, &why, invocation)).await;
        say_failed(aws, &id, execution.as_deref())
            .await
            .with_context(|| format!("{why}; and deployment {id} could not be told"))?;
        return Err(anyhow!("{why}; deployment {id} was told Failed"));
    }
    Err(anyhow!(why))
}

/// Answers every hook with Failed: the function's own settings are wrong.
///
/// # Errors
/// Always, so that Lambda counts the invocation as failed.
pub async fn refuse(aws: &Aws, invocation: Invocation, why: &anyhow::Error) -> Result<Answer> {
    if let Ok(hook) = Hook::read(&invocation.event)
        && !invocation.dry_run
    {
        say_failed(aws, &hook.deployment, Some(&hook.execution)).await?;
    }
    Err(anyhow!("{why:#}"))
}

async fn say_failed(aws: &Aws, deployment: &str, execution: Option<&str>) -> Result<()> {
    codedeploy::answer(&aws.codedeploy, deployment, execution, Outcome::Failed).await?;
    Ok(())
}

/// Tells the people on call, before the answer: once `CodeDeploy` has it, a function that dies comes
/// back to a deployment that has ended and would say nothing.
async fn publish(aws: &Aws, settings: &Settings, alert: &Alert) {
    alert::sns::publish(&aws.sns, &settings.alerts_topic, alert, TIME_TO_ALERT).await;
}
