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
mod codedeploy;
mod conclusion;
mod ecs;
mod report;
mod settings;
mod ssm;
mod trigger;
mod waiting;

use std::time::Duration;

use ::report::{About, Outcome};
use alert::Alert;
use anyhow::{Result, anyhow, bail};
use aws_call::{Class, Failed};
use aws_sdk_ecs::types::Task;
use deployment::{Answered, name_of};
use one_off_task::{Failure, Kind, Mark, OneOffTask, Start, Verdict, Waiter};
use runtime::Invocation;

pub use answer::{Answer, Concluded};
pub use aws::Aws;
pub use clock::Clock;
pub use conclusion::Conclusion;
pub use settings::{Overdue, Settings};
pub use trigger::{TaskRef, Trigger};
pub use waiting::Waiting;

/// How often the watchdog is called; a deadline that falls before its next call is waited for.
const NEXT_PASS: Duration = Duration::from_secs(300);
/// Kept back from the function's time for what follows a wait.
const TIME_TO_ANSWER: Duration = Duration::from_secs(30);
/// An alert gets this long, its log lines the same: somebody waits for what comes after.
const TIME_TO_ALERT: Duration = Duration::from_secs(10);
/// An event on the bus gets this long.
const TIME_TO_TELL: Duration = Duration::from_secs(5);

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
    if !desk.dry_run {
        pass.errors.extend(ssm::missed_runs(desk).await.err().map(|it| format!("{it:#}")));
        pass.errors.extend(
            ecs::clear_away(&desk.aws.ecs, desk.clock.now()).await.err().map(|it| it.to_string()),
        );
    }
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
    let cluster = name_of(task.cluster_arn().unwrap_or_default());
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
        Ok(mark) => (mark.clone(), waiting(desk, task, &mark).await),
        Err(why) => {
            let refused = Conclusion::Refuse { why };
            return apply(desk, task, None, &Waiting::NoSuchDeployment, refused).await;
        }
    };
    let conclusion = Conclusion::of(task, &mark, &waiting, desk.clock.now(), desk.settings);
    apply(desk, task, Some(&mark), &waiting, conclusion).await
}

/// Who waits for the task.
async fn waiting(desk: &Desk<'_>, task: &Task, mark: &Mark) -> Waiting {
    let mut waiting = match mark.waiter {
        Waiter::CodeDeployHook => codedeploy::waiting(desk.aws, mark).await,
        Waiter::EcsPauseHook | Waiter::EcsLambdaHook => ecs::waiting(&desk.aws.ecs, mark).await,
        // CodePipeline can't be asked about a job that is not a custom action's.
        Waiter::CodePipeline => Waiting::Asks(Box::new(ecs::as_it_is(task, mark))),
        Waiter::Nobody => ssm::waiting(desk, task, mark).await,
    };
    if let Waiting::Deployment(it) | Waiting::WentOn(it) | Waiting::Nobody(it) | Waiting::Asks(it) =
        &mut waiting
        && let Some(derived) =
            deployment::ecs::derived_from_one_of(&desk.aws.ecs, task, mark, it).await
    {
        it.task_definitions.push(derived);
    }
    waiting
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
        (Conclusion::Succeed, Some(mark)) => match succeed(desk, task, mark, waiting).await {
            Err(failed) if made_up(&failed) => {
                concluded.conclusion = Conclusion::Refuse { why: failed.to_string() };
                refuse(desk, task, waiting, &failed.to_string()).await;
            }
            answered => answered?,
        },
        (Conclusion::Fail { failure, stop }, Some(mark)) => {
            fail(desk, task, mark, waiting, failure, *stop).await?;
        }
        (Conclusion::Next(next), Some(_)) => start(desk, next).await?,
        (Conclusion::StartAgain { task: next, failure }, Some(mark)) => {
            match start(desk, next).await {
                Ok(()) => {}
                Err(failed) if failed.class == Class::Retry => return Err(failed.into()),
                Err(failed) => {
                    let reason = format!("{}; starting it again: {failed}", failure.reason);
                    let failure = Failure { reason, ..failure.clone() };
                    fail(desk, task, mark, waiting, &failure, false).await?;
                    concluded.conclusion = Conclusion::Fail { failure, stop: false };
                }
            }
        }
        (Conclusion::Stop { why }, _) => stop(desk, task, &format!("quayside: {why}")).await?,
        (Conclusion::TidyUp { why }, _) => tidy_up(desk, task, waiting, why).await?,
        (Conclusion::Refuse { why }, _) => refuse(desk, task, waiting, why).await,
        (Conclusion::TryLater { why }, _) => bail!("{}: {why}", concluded.task),
        _ => {}
    }
    if let Some(mark) = mark
        && concluded.conclusion.is_final()
        && Verdict::of(task, mark) != Verdict::Running
    {
        one_off_task::ecs::release(&desk.aws.ecs, task, mark).await?;
    }
    tracing::info!(
        task = concluded.task,
        id = concluded.id,
        conclusion = concluded.conclusion.to_string(),
        "concluded"
    );
    Ok(concluded)
}

/// Starts a further task: another attempt, or the next command.
async fn start(desk: &Desk<'_>, task: &OneOffTask) -> Result<(), Failed> {
    let now = desk.clock.now().into();
    match one_off_task::lock::ecs::start(&desk.aws.ecs, task, now).await? {
        Start::Started(arn) | Start::Already(arn) => {
            tracing::warn!(
                task = arn,
                attempt = task.mark.attempt,
                step = task.mark.step,
                "started"
            );
            Ok(())
        }
        Start::Held(other) => Err(Failed {
            operation: "RunTask",
            code: None,
            message: format!("{} has the lock", other.arn()),
            class: Class::Retry,
        }),
    }
}

async fn succeed(
    desk: &Desk<'_>,
    task: &Task,
    mark: &Mark,
    waiting: &Waiting,
) -> Result<(), Failed> {
    if answer(desk, mark, deployment::Outcome::Succeeded).await? == Answered::Now {
        tell(desk, task, mark, waiting, None).await;
    }
    if mark.kind == Kind::Job {
        ssm::succeeded(desk, task, mark).await;
    }
    Ok(())
}

/// Says the word that somebody waits for, if somebody does.
async fn answer(
    desk: &Desk<'_>,
    mark: &Mark,
    outcome: deployment::Outcome,
) -> Result<Answered, Failed> {
    let Mark { id, hook, .. } = mark;
    match mark.waiter {
        Waiter::CodeDeployHook => {
            deployment::codedeploy::answer(&desk.aws.codedeploy, id, Some(hook), outcome).await
        }
        Waiter::EcsPauseHook => deployment::ecs::answer(&desk.aws.ecs, id, hook, outcome).await,
        Waiter::EcsLambdaHook | Waiter::CodePipeline | Waiter::Nobody => Ok(Answered::Now),
    }
}

/// `CodeDeploy` never gave out this hook execution: the task's mark was made up.
fn made_up(failed: &Failed) -> bool {
    failed.is("InvalidLifecycleEventHookExecutionIdException")
}

/// The alert goes first: once the deployment has its answer, a function that dies comes back to one
/// that has ended, and would say nothing.
async fn fail(
    desk: &Desk<'_>,
    task: &Task,
    mark: &Mark,
    waiting: &Waiting,
    failure: &Failure,
    stop: bool,
) -> Result<()> {
    // Once a deployment has gone on nothing says that its failure has been told: then only the event of
    // the task's end tells it, not every pass of the watchdog.
    let now = desk.announce && task.last_status() == Some("STOPPED");
    let told = matches!(waiting, Waiting::WentOn(_)) && !now;
    let mut told_now = true;
    if report::is_worth_an_alert(mark, waiting) && !told {
        let log = ::report::cloudwatchlogs::tail(
            &desk.aws.logs,
            &desk.aws.ecs,
            task,
            mark,
            desk.settings.log_tail,
            TIME_TO_ALERT,
        )
        .await;
        let alert = report::failed(task, mark, waiting, failure, log, desk.clock.now());
        told_now = publish(desk, &alert).await;
    }
    match answer(desk, mark, deployment::Outcome::Failed).await {
        Err(failed) if made_up(&failed) => {
            refuse(desk, task, waiting, &failed.to_string()).await;
            return Ok(());
        }
        Ok(Answered::Now) => tell(desk, task, mark, waiting, Some(failure)).await,
        answered => drop(answered?),
    }
    // Before the stop: its event must find that this has been told. What could not be told is not
    // remembered, so that the next pass tells it.
    if mark.kind == Kind::Job && told_now {
        ssm::failed(desk, task, mark).await;
    }
    if stop {
        self::stop(desk, task, "quayside: past its deadline").await?;
    }
    Ok(())
}

/// One structured result for the event bus and for metrics.
async fn tell(
    desk: &Desk<'_>,
    task: &Task,
    mark: &Mark,
    waiting: &Waiting,
    failure: Option<&Failure>,
) {
    let About { service, .. } = report::about(mark, waiting);
    let outcome = Outcome::of(task, mark, service.as_deref(), failure, desk.clock.now());
    outcome.record(desk.clock.now());
    ::report::eventbridge::put(&desk.aws.events, &outcome, TIME_TO_TELL).await;
}

async fn tidy_up(desk: &Desk<'_>, task: &Task, waiting: &Waiting, why: &str) -> Result<()> {
    publish(desk, &report::tidied_up(task, waiting, why, desk.clock.now())).await;
    stop(desk, task, &format!("quayside: {why}")).await
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

/// Whether it was published; if not, the log has the alert.
async fn publish(desk: &Desk<'_>, alert: &Alert) -> bool {
    alert::sns::publish(&desk.aws.sns, &desk.settings.alerts_topic, alert, TIME_TO_ALERT).await
}
