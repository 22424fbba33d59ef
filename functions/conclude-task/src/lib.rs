//! What became of a one-off task: verdict, answer, alert, watchdog.
//!
//! ECS says that a task has ended; this function looks at the task itself, at who waits for it, and
//! answers. Every five minutes it looks at all tasks of ours, so that no event need ever arrive.
//!
//! **Invariant:** Succeeded is said only for a task that ECS describes, that runs what the waiting
//! deployment deploys, and whose named container reported success. Nothing is believed because an
//! event says so.

mod answer;
mod aws;
mod clock;
mod cloudwatchlogs;
mod conclusion;
mod ecs;
mod log_place;
mod report;
mod settings;
mod trigger;

use std::time::Duration;

use alert::Alert;
use anyhow::{Result, anyhow, bail};
use aws_call::{Class, Failed};
use aws_sdk_ecs::types::Task;
use deployment::codedeploy;
use deployment::{Answered, Outcome};
use one_off_task::{Failure, Mark};
use runtime::Invocation;

pub use answer::{Answer, Concluded};
pub use aws::Aws;
pub use clock::Clock;
pub use conclusion::{Conclusion, Waiting};
pub use settings::{Overdue, Settings};
pub use trigger::{TaskRef, Trigger};

use log_place::LogPlace;

/// How often the watchdog is called; a deadline that falls before its next call is waited for.
const NEXT_PASS: Duration = Duration::from_secs(300);
/// Kept back from the function's time for what follows a wait.
const TIME_TO_ANSWER: Duration = Duration::from_secs(30);
/// An alert gets this long, its log lines the same: `CodeDeploy` waits for what comes after.
const TIME_TO_ALERT: Duration = Duration::from_secs(10);

/// Everything a conclusion needs besides the task.
struct Desk<'a> {
    aws: &'a Aws,
    settings: &'a Settings,
    clock: Clock,
    dry_run: bool,
    /// Whether a task that is not what it claims to be is worth an alert: once, when its event
    /// comes, not at every pass of the watchdog.
    announce: bool,
}

/// Handles one event.
///
/// # Errors
/// The event has no known shape, or a task could not be concluded; then Lambda delivers it again,
/// and the watchdog comes by.
pub async fn handle(aws: &Aws, settings: &Settings, invocation: Invocation) -> Result<Answer> {
    let trigger = Trigger::read(&invocation.event)?;
    let desk = Desk {
        aws,
        settings,
        clock: Clock::started(invocation.now),
        dry_run: invocation.dry_run,
        announce: matches!(trigger, Trigger::Ended(_)),
    };
    match trigger {
        Trigger::Nothing(why) => Ok(Answer::nothing(why)),
        Trigger::Ended(wanted) => {
            let task = ecs::task(&aws.ecs, &wanted).await?;
            Ok(Answer::of(vec![conclude(&desk, &task).await?]))
        }
        Trigger::Watchdog => watch(&desk, invocation.time_left).await,
    }
}

/// Looks after every task of ours: what was missed is repaired, and deadlines are kept to the second.
async fn watch(desk: &Desk<'_>, time_left: Duration) -> Result<Answer> {
    let mut pass = Pass::default();
    let clusters = match desk.settings.clusters.as_slice() {
        [] => ecs::clusters(&desk.aws.ecs).await?,
        named => named.to_vec(),
    };
    for cluster in &clusters {
        match ecs::ours(&desk.aws.ecs, cluster).await {
            Ok(tasks) => {
                for task in &tasks {
                    pass.add(conclude(desk, task).await);
                }
            }
            Err(failed) => pass.errors.push(format!("cluster {cluster}: {failed}")),
        }
    }
    let patience = NEXT_PASS.min(time_left.saturating_sub(TIME_TO_ANSWER));
    for due in pass.due_within(desk.clock, if desk.dry_run { Duration::ZERO } else { patience }) {
        tokio::time::sleep(desk.clock.until(due.deadline)).await;
        match ecs::task(&desk.aws.ecs, &due.task).await {
            Ok(task) => pass.add(conclude(desk, &task).await),
            Err(error) => pass.errors.push(format!("{error:#}")),
        }
    }
    if pass.errors.is_empty() {
        Ok(Answer::of(pass.concluded))
    } else {
        bail!(pass.errors.join("; "))
    }
}

/// What a pass of the watchdog has come to.
#[derive(Default)]
struct Pass {
    concluded: Vec<Concluded>,
    errors: Vec<String>,
}

impl Pass {
    /// One task's error is no reason to leave the others alone.
    fn add(&mut self, concluded: Result<Concluded>) {
        match concluded {
            Ok(concluded) => self.concluded.push(concluded),
            Err(error) => self.errors.push(format!("{error:#}")),
        }
    }

    fn due_within(&self, clock: Clock, patience: Duration) -> Vec<answer::Due> {
        let latest = clock.now_in(patience);
        let mut due: Vec<_> = self.concluded.iter().filter_map(Concluded::due).collect();
        due.retain(|it| it.deadline <= latest);
        due.sort_by_key(|it| it.deadline);
        due
    }
}

/// Reads who waits for a task, decides, and carries the decision out.
async fn conclude(desk: &Desk<'_>, task: &Task) -> Result<Concluded> {
    let cluster = conclusion::name_of(task.cluster_arn().unwrap_or_default());
    let allowed = &desk.settings.clusters;
    let mark = match Mark::of(task) {
        Ok(None) => bail!("the task {} is not ours", task.task_arn().unwrap_or_default()),
        Ok(Some(_)) if !allowed.is_empty() && !allowed.iter().any(|it| it == cluster) => {
            Err(format!("cluster {cluster} is not among CLUSTERS"))
        }
        Ok(Some(mark)) => Ok(mark),
        Err(why) => Err(why),
    };
    let (mark, waiting) = match mark {
        Ok(mark) => (mark.clone(), waiting(desk.aws, &mark).await),
        Err(why) => {
            let refused = Conclusion::Refuse { why };
            return apply(desk, task, None, &Waiting::NoSuchDeployment, refused).await;
        }
    };
    let conclusion = Conclusion::of(task, &mark, &waiting, desk.clock.now(), desk.settings);
    apply(desk, task, Some(&mark), &waiting, conclusion).await
}

/// Who waits for the task, as `CodeDeploy` says.
async fn waiting(aws: &Aws, mark: &Mark) -> Waiting {
    let info = match codedeploy::describe(&aws.codedeploy, &mark.id).await {
        Ok(info) => info,
        Err(failed) if failed.class == Class::Gone || failed.is("InvalidDeploymentIdException") => {
            return Waiting::NoSuchDeployment;
        }
        Err(failed) => return Waiting::Unknown(failed.to_string()),
    };
    match codedeploy::resolve(&aws.codedeploy, &aws.s3, &mark.id, &info).await {
        Ok(it) if it.in_progress() => Waiting::Deployment(Box::new(it)),
        Ok(it) => Waiting::Nobody(Box::new(it)),
        Err(error) => match info.status() {
            Some(status) if !codedeploy::in_progress(status) => {
                Waiting::Over { status: status.as_str().to_owned() }
            }
            _ => Waiting::Unknown(format!("{error:#}")),
        },
    }
}

async fn apply(
    desk: &Desk<'_>,
    task: &Task,
    mark: Option<&Mark>,
    waiting: &Waiting,
    conclusion: Conclusion,
) -> Result<Concluded> {
    let mut concluded = Concluded::of(task, mark, conclusion);
    if desk.dry_run {
        return Ok(concluded);
    }
    match (&concluded.conclusion, mark) {
        (Conclusion::Succeed, Some(mark)) => match answer(desk, mark, Outcome::Succeeded).await {
            Err(failed) if made_up(&failed) => {
                concluded.conclusion = Conclusion::Refuse { why: failed.to_string() };
                refuse(desk, task, waiting, &failed.to_string()).await;
            }
            answered => drop(answered?),
        },
        (Conclusion::Fail { failure, stop }, Some(mark)) => {
            fail(desk, task, mark, waiting, failure, *stop).await?;
        }
        (Conclusion::StartAgain { task: next, failure }, Some(mark)) => {
            match one_off_task::ecs::start(&desk.aws.ecs, next).await {
                Ok(arn) => tracing::warn!(task = arn, why = failure.reason, "started again"),
                Err(failed) if failed.class == Class::Retry => return Err(failed.into()),
                Err(failed) => {
                    let reason = format!("{}; starting it again: {failed}", failure.reason);
                    let failure = Failure { reason, ..failure.clone() };
                    fail(desk, task, mark, waiting, &failure, false).await?;
                    concluded.conclusion = Conclusion::Fail { failure, stop: false };
                }
            }
        }
        (Conclusion::TidyUp { status }, _) => tidy_up(desk, task, waiting, status).await?,
        (Conclusion::Refuse { why }, _) => refuse(desk, task, waiting, why).await,
        (Conclusion::TryLater { why }, _) => bail!("{}: {why}", concluded.task),
        _ => {}
    }
    tracing::info!(
        task = concluded.task,
        deployment = concluded.deployment,
        conclusion = concluded.conclusion.to_string(),
        "concluded"
    );
    Ok(concluded)
}

async fn answer(desk: &Desk<'_>, mark: &Mark, outcome: Outcome) -> Result<Answered, Failed> {
    codedeploy::answer(&desk.aws.codedeploy, &mark.id, Some(&mark.hook), outcome).await
}

/// `CodeDeploy` never gave out this hook execution: the task's mark was made up.
fn made_up(failed: &Failed) -> bool {
    failed.is("InvalidLifecycleEventHookExecutionIdException")
}

/// The alert goes first: once `CodeDeploy` has its answer, a function that dies comes back to a
/// deployment that has ended, and would say nothing.
async fn fail(
    desk: &Desk<'_>,
    task: &Task,
    mark: &Mark,
    waiting: &Waiting,
    failure: &Failure,
    stop: bool,
) -> Result<()> {
    let log = log_tail(desk, task, mark).await;
    publish(desk, &report::failed(task, mark, waiting, failure, log, desk.clock.now())).await;
    match answer(desk, mark, Outcome::Failed).await {
        Err(failed) if made_up(&failed) => {
            refuse(desk, task, waiting, &failed.to_string()).await;
            return Ok(());
        }
        answered => drop(answered?),
    }
    if stop {
        self::stop(desk, task, "quayside: past its deadline").await?;
    }
    Ok(())
}

async fn tidy_up(desk: &Desk<'_>, task: &Task, waiting: &Waiting, status: &str) -> Result<()> {
    publish(desk, &report::tidied_up(task, waiting, status, desk.clock.now())).await;
    stop(desk, task, &format!("quayside: the deployment is {status}")).await
}

async fn refuse(desk: &Desk<'_>, task: &Task, waiting: &Waiting, why: &str) {
    tracing::error!(task = task.task_arn(), why, "refused");
    if desk.announce {
        publish(desk, &report::refused(task, waiting, why, desk.clock.now())).await;
    }
}

async fn stop(desk: &Desk<'_>, task: &Task, reason: &str) -> Result<()> {
    let cluster = task.cluster_arn().unwrap_or_default();
    let arn = task.task_arn().unwrap_or_default();
    one_off_task::ecs::stop(&desk.aws.ecs, cluster, arn, reason).await.map_err(|it| anyhow!(it))
}

/// The end of the container's log, or a note why there is none.
async fn log_tail(desk: &Desk<'_>, task: &Task, mark: &Mark) -> alert::Log {
    let definition = task.task_definition_arn().unwrap_or_default();
    let read = async {
        match one_off_task::ecs::task_definition(&desk.aws.ecs, definition).await {
            Ok(it) => {
                let arn = task.task_arn().unwrap_or_default();
                let place = LogPlace::of(&it, &mark.container, arn);
                cloudwatchlogs::tail(&desk.aws.logs, &place, desk.settings.log_tail).await
            }
            Err(failed) => alert::Log { note: Some(failed.to_string()), ..Default::default() },
        }
    };
    tokio::time::timeout(TIME_TO_ALERT, read).await.unwrap_or_else(|_| alert::Log {
        note: Some("the log could not be read in time".into()),
        ..Default::default()
    })
}

async fn publish(desk: &Desk<'_>, alert: &Alert) {
    alert::sns::publish(&desk.aws.sns, &desk.settings.alerts_topic, alert, TIME_TO_ALERT).await;
}
