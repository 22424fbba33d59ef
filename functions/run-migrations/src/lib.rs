//! A deployment waits until its migrations have succeeded.
//!
//! A hook of `CodeDeploy`, of ECS itself or an action of `CodePipeline` calls; this function starts
//! the migration as a one-off task of the new revision and ends. The task's end is told to
//! `CodeDeploy` and to pause hooks by `conclude-task`; ECS's Lambda hooks and `CodePipeline` ask again
//! by themselves.
//!
//! **Invariant:** whoever calls always gets an answer, and Succeeded is never said for a migration
//! that has to run and has not succeeded. What keeps the task from being started is answered Failed.

mod answer;
mod aws;
mod codedeploy;
mod codepipeline;
mod ecs;
mod found;
mod hook;
mod labels;
mod placement;
mod plan;
mod scheduler;
mod settings;
mod target;
mod warning;
mod words;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use ::report::{About, Outcome as TaskOutcome};
use alert::Alert;
use anyhow::{Context as _, Result, anyhow, bail};
use aws_sdk_ecs::types::Task;
use deployment::Outcome;
use futures::FutureExt as _;
use jiff::Timestamp;
use one_off_task::{Course, Failure, Mark, OneOffTask, Start, Turn};
use runtime::Invocation;

pub use answer::{Answer, HookReply, Word};
pub use aws::Aws;
pub use hook::{Caller, EcsHook, Hook, Memory, Seems, Unreadable};
pub use plan::{Plan, Run, Wait};
pub use settings::{Rollbacks, Settings};

use found::{Found, Seen};

/// Kept back from the function's time to tell whoever waits and the people on call.
const TIME_TO_ANSWER: Duration = Duration::from_secs(15);
/// The alert's share of it; its log lines and the event on the bus get the same.
const TIME_TO_ALERT: Duration = Duration::from_secs(5);
/// So many of the container's last log lines go into an alert.
const LOG_TAIL: u16 = 20;

/// Everything a hook's answer needs.
struct Desk<'a> {
    aws: &'a Aws,
    settings: &'a Settings,
    hook: &'a Hook,
    invocation: &'a Invocation,
}

impl Desk<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.invocation.now).unwrap_or_default()
    }
}

/// Handles one hook.
///
/// # Errors
/// The event is no hook event, or whoever waits could not be told; then Lambda delivers it again.
pub async fn handle(aws: &Aws, settings: &Settings, invocation: Invocation) -> Result<Answer> {
    let hook = match Hook::read(&invocation.event) {
        Ok(hook) => hook,
        Err(unreadable) => return not_a_hook(aws, settings, &invocation, unreadable).await,
    };
    let desk = Desk { aws, settings, hook: &hook, invocation: &invocation };
    let mut seen = Seen::before(&hook);
    let time = invocation.time_left.saturating_sub(TIME_TO_ANSWER.min(invocation.time_left / 2));
    let work = AssertUnwindSafe(Box::pin(migrate(&desk, &mut seen)));
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
            let alert = warning::not_started(&hook.deployment, &seen, &reason, &invocation);
            publish(aws, settings, &alert).await;
            if !seen.ours {
                bail!(
                    "{reason}; the pause hook was not answered, because it may be somebody else's"
                );
            }
            desk.say(Word::Failed(reason)).await
        }
    }
}

/// The story: what was found, what is to be done about it, done.
async fn migrate(desk: &Desk<'_>, seen: &mut Seen) -> Result<Answer> {
    if let Some(task) = &desk.hook.memory.task {
        return follow(desk, task).await;
    }
    let plan = plan(desk, seen).await?;
    if desk.invocation.dry_run {
        return Ok(Answer::planned(&desk.hook.deployment, plan));
    }
    let id = desk.hook.deployment.as_str();
    match plan {
        Plan::Run(run) => start(desk, *run).await,
        Plan::Runs { task } => desk.say(Word::Started(task)).await,
        Plan::Wait(wait) => self::wait(desk, &wait).await,
        Plan::Skip { reason } => {
            tracing::info!(deployment = id, reason, "nothing to migrate");
            desk.say(Word::Succeeded(reason)).await
        }
        Plan::Over { status } => {
            tracing::info!(deployment = id, status, "nobody waits for this hook any longer");
            Ok(Answer::Over { deployment: id.to_owned(), status })
        }
        Plan::NotOurs { reason } => {
            tracing::info!(deployment = id, reason, "somebody else's hook");
            Ok(Answer::NotOurs { deployment: id.to_owned(), reason })
        }
    }
}

async fn plan(desk: &Desk<'_>, seen: &mut Seen) -> Result<Plan> {
    let Desk { aws, settings, hook, .. } = desk;
    let found = match &hook.caller {
        Caller::CodeDeploy => codedeploy::found(desk, seen).await?,
        Caller::EcsLambda(it) => ecs::found_by_lambda_hook(desk, seen, it).await?,
        Caller::EcsPause { .. } => ecs::found_by_pause_hook(desk, seen).await?,
        Caller::CodePipeline { parameters, .. } => ecs::found_by_action(desk, parameters).await?,
    };
    let (target, undo) = match found {
        Found::Target { target, undo } => (*target, undo),
        Found::Plan(plan) => return Ok(plan),
    };
    seen.about.service = Some(target.service.clone());
    let place = || format!("service {} in cluster {}", target.service, target.cluster);
    let (live, definition, hold) = futures::join!(
        live_service::ecs::service(&aws.ecs, &target.cluster, &target.service),
        one_off_task::ecs::task_definition(&aws.ecs, &target.task_definition),
        hold::ssm::hold(&aws.ssm, &settings.hold, desk.now())
    );
    let definition =
        definition.with_context(|| format!("task definition {}", target.task_definition))?;
    let labels = labels::Labels::of(&definition).with_context(place)?;
    if let Caller::EcsPause { stage, .. } = &hook.caller {
        seen.ours = labels.pause_hooks.contains(stage);
        if !seen.ours {
            return Ok(found::not_ours(stage));
        }
    }
    let commands = match undo {
        true => labels.rollback.clone().unwrap_or_default(),
        false => {
            let stage = codedeploy::stage(desk, &target, &labels).await?;
            plan::commands(&labels, stage.as_deref(), &definition, settings).with_context(place)?
        }
    };
    if commands.is_empty() {
        return Ok(found::nothing_to_run(undo));
    }
    if let Some(hold) = hold? {
        bail!("{hold}");
    }
    let ingredients = plan::Ingredients {
        hook,
        target: &target,
        live: &live?,
        definition: &definition,
        labels: &labels,
        settings,
        now: desk.now(),
    };
    let run = plan::migration(&ingredients, &commands).with_context(place)?;
    let seen = ecs::under_lock(&aws.ecs, &run.task).await?;
    Ok(match one_off_task::lock::turn(&seen, &run.task.mark) {
        Turn::Held(other) => Plan::Wait(Box::new(Wait::for_(other, &run.task.mark))),
        Turn::Already(own) => Plan::Runs { task: own.arn().to_owned() },
        Turn::Free(_) => match plan::done_before(&seen, &run, &target, &definition) {
            Some(done) if ecs::is_what_it_says(aws, done).await => found::migrated_before(done),
            _ => Plan::Run(Box::new(run)),
        },
    })
}

async fn start(desk: &Desk<'_>, run: Run) -> Result<Answer> {
    let Run { mut task, derived } = run;
    let ecs = &desk.aws.ecs;
    if let Some(derived) = &derived {
        task.task_definition = one_off_task::derived::ecs::ensure(ecs, derived).await?;
    }
    match one_off_task::lock::ecs::start(ecs, &task, desk.invocation.now).await? {
        Start::Started(arn) | Start::Already(arn) => {
            tracing::info!(deployment = desk.hook.deployment, task = arn, "the migration runs");
            desk.say(Word::Started(arn)).await
        }
        Start::Held(other) => wait(desk, &Wait::for_(&other, &task.mark)).await,
    }
}

/// Comes back later: another migration has the lock.
async fn wait(desk: &Desk<'_>, wait: &Wait) -> Result<Answer> {
    if desk.now().as_second() >= wait.deadline {
        bail!("{wait} and has kept it too long to wait for");
    }
    if !desk.hook.waiter().asks() {
        scheduler::call_again(desk).await.with_context(|| wait.to_string())?;
    }
    tracing::info!(deployment = desk.hook.deployment, reason = wait.to_string(), "waiting");
    desk.say(Word::Waiting(wait.to_string())).await
}

/// Who asks again wants to hear of the task it was told of before.
async fn follow(desk: &Desk<'_>, arn: &str) -> Result<Answer> {
    let Some((task, mark)) = ecs::followed(desk, arn).await? else {
        return desk.say(Word::Started(arn.to_owned())).await;
    };
    let again = |next: &OneOffTask| {
        let next = next.clone();
        async move {
            match one_off_task::lock::ecs::start(&desk.aws.ecs, &next, desk.invocation.now).await? {
                Start::Started(arn) | Start::Already(arn) => desk.say(Word::Started(arn)).await,
                // Asked again in half a minute.
                Start::Held(_) => desk.say(Word::Started(arn.to_owned())).await,
            }
        }
    };
    match Course::of(&task, &mark, desk.now().as_second()) {
        Course::Wait => desk.say(Word::Started(arn.to_owned())).await,
        Course::Next(next) | Course::StartAgain(next, _) => again(&next).await,
        Course::Succeed => {
            tell(desk, &task, &mark, None).await;
            release(desk, &task, &mark).await;
            desk.say(Word::Succeeded(format!("task {arn} has succeeded"))).await
        }
        Course::Overdue(failure) => {
            fail(desk, &task, &mark, &failure).await;
            let cluster = task.cluster_arn().unwrap_or_default();
            let reason = "quayside: past its deadline";
            if let Err(failed) = one_off_task::ecs::stop(&desk.aws.ecs, cluster, arn, reason).await
            {
                tracing::error!(task = arn, error = failed.to_string(), "not stopped");
            }
            desk.say(Word::Failed(failure.reason)).await
        }
        Course::Fail(failure) => {
            fail(desk, &task, &mark, &failure).await;
            release(desk, &task, &mark).await;
            desk.say(Word::Failed(failure.reason)).await
        }
    }
}

/// The verdict stands, whatever becomes of what the task leaves; the watchdog clears it away, too.
async fn release(desk: &Desk<'_>, task: &Task, mark: &Mark) {
    if let Err(failed) = one_off_task::ecs::release(&desk.aws.ecs, task, mark).await {
        tracing::error!(task = task.task_arn(), error = failed.to_string(), "not cleared away");
    }
}

/// Tells people and the bus of a task that failed. The answer comes after.
async fn fail(desk: &Desk<'_>, task: &Task, mark: &Mark, failure: &Failure) {
    let Aws { logs, ecs, .. } = desk.aws;
    let log = ::report::cloudwatchlogs::tail(logs, ecs, task, mark, LOG_TAIL, TIME_TO_ALERT).await;
    let about = warning::about(desk.hook, task);
    let alert = ::report::failed(warning::SOURCE, task, mark, &about, failure, log, desk.now());
    publish(desk.aws, desk.settings, &alert).await;
    tell(desk, task, mark, Some(failure)).await;
}

/// One structured result for the event bus and for metrics.
async fn tell(desk: &Desk<'_>, task: &Task, mark: &Mark, failure: Option<&Failure>) {
    let About { service, .. } = warning::about(desk.hook, task);
    let outcome = TaskOutcome::of(task, mark, service.as_deref(), failure, desk.now());
    outcome.record(desk.now());
    ::report::eventbridge::put(&desk.aws.events, &outcome, TIME_TO_ALERT).await;
}

impl Desk<'_> {
    /// Says a word to whoever called, in the way that it hears.
    async fn say(&self, word: Word) -> Result<Answer> {
        let Hook { deployment, execution, caller, .. } = self.hook;
        match (caller, &word) {
            (Caller::EcsLambda(_), _) => {
                return Ok(Answer::Hook(HookReply::of(&word, &self.memory(&word))));
            }
            (Caller::CodePipeline { job, .. }, _) => {
                codepipeline::say(&self.aws.codepipeline, job, &word, &self.memory(&word)).await?;
            }
            // They hear of the end from conclude-task.
            (_, Word::Started(_) | Word::Waiting(_)) => {}
            (Caller::CodeDeploy, Word::Succeeded(_) | Word::Failed(_)) => {
                let (client, hook) = (&self.aws.codedeploy, Some(execution.as_str()));
                deployment::codedeploy::answer(client, deployment, hook, word.outcome()).await?;
            }
            (Caller::EcsPause { .. }, Word::Succeeded(_) | Word::Failed(_)) => {
                let client = &self.aws.ecs;
                deployment::ecs::answer(client, deployment, execution, word.outcome()).await?;
            }
        }
        Ok(Answer::told(deployment, word))
    }

    /// What the next call for the same hook must know.
    fn memory(&self, word: &Word) -> Memory {
        let before = &self.hook.memory;
        Memory {
            since: before.since.or_else(|| Some(self.now().as_second())),
            task: match word {
                Word::Started(arn) => Some(arn.clone()),
                _ => None,
            },
            job: match self.hook.caller {
                Caller::CodePipeline { .. } => Some(self.hook.deployment.clone()),
                _ => None,
            },
        }
    }
}

/// An event that is no hook event is an error; a deployment that it names is told Failed all the
/// same, because nothing else will answer it.
async fn not_a_hook(
    aws: &Aws,
    settings: &Settings,
    invocation: &Invocation,
    unreadable: Unreadable,
) -> Result<Answer> {
    let Unreadable { caller, why } = unreadable;
    let seen = Seen::default();
    match caller {
        Seems::CodeDeploy { deployment: id, execution } if !invocation.dry_run => {
            publish(aws, settings, &warning::not_started(&id, &seen, &why, invocation)).await;
            let (client, execution) = (&aws.codedeploy, execution.as_deref());
            deployment::codedeploy::answer(client, &id, execution, Outcome::Failed)
                .await
                .with_context(|| format!("{why}; and deployment {id} could not be told"))?;
            Err(anyhow!("{why}; deployment {id} was told Failed"))
        }
        Seems::EcsLambda if !invocation.dry_run => {
            let id = "a service deployment";
            publish(aws, settings, &warning::not_started(id, &seen, &why, invocation)).await;
            Ok(Answer::Hook(HookReply::of(&Word::Failed(why), &Memory::default())))
        }
        _ => Err(anyhow!(why)),
    }
}

/// Answers every hook with Failed: the function's own settings are wrong.
///
/// # Errors
/// Always, so that Lambda counts the invocation as failed; ECS takes that for Failed, too. A pause hook
/// is left to its own time-out: without settings nobody knows whose it is.
pub async fn refuse(aws: &Aws, invocation: Invocation, why: &anyhow::Error) -> Result<Answer> {
    if let Ok(hook) = Hook::read(&invocation.event)
        && !invocation.dry_run
    {
        let Hook { deployment: id, execution, caller, .. } = &hook;
        match caller {
            Caller::CodeDeploy => {
                let client = &aws.codedeploy;
                deployment::codedeploy::answer(client, id, Some(execution), Outcome::Failed)
                    .await?;
            }
            Caller::CodePipeline { job, .. } => {
                let word = Word::Failed(format!("{why:#}"));
                codepipeline::say(&aws.codepipeline, job, &word, &Memory::default()).await?;
            }
            Caller::EcsLambda(_) | Caller::EcsPause { .. } => {}
        }
    }
    Err(anyhow!("{why:#}"))
}

/// Tells the people on call, before the answer: once the deployment has it, a function that dies comes
/// back to one that has ended and would say nothing.
async fn publish(aws: &Aws, settings: &Settings, alert: &Alert) {
    alert::sns::publish(&aws.sns, &settings.alerts_topic, alert, TIME_TO_ALERT).await;
}
