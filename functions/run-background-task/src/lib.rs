//! A schedule starts a job on the image that is live.
//!
//! Every schedule passes the job as its input, so one function serves many; the same input by hand
//! does the same. What became of the task is told by `conclude-task`.
//!
//! **Invariant:** one delivery of a run or many, one task; and a job that may not overlap itself never
//! does. A run that is not started is told: as an answer if it was meant, as an alert if not.

mod allowed;
mod answer;
mod aws;
mod ecs;
mod input;
mod plan;
mod settings;
mod size;
mod warning;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_call::Class;
use aws_sdk_ecs::types::{Service, TaskDefinition};
use jiff::Timestamp;
use job_record::{Key, Starts};
use live_service::Live;
use one_off_task::{Locked, OneOffTask, Start, Turn};
use runtime::{Invocation, metrics};

pub use answer::Answer;
pub use aws::Aws;
pub use input::{CapacityWish, Input, Overlap};
pub use plan::Plan;
pub use settings::Settings;

/// Kept back from the function's time to tell people.
const TIME_TO_ANSWER: Duration = Duration::from_secs(15);
/// The alert's share of it.
const TIME_TO_ALERT: Duration = Duration::from_secs(8);
/// And that of reading, and of writing, for which run people were told.
const TIME_TO_REMEMBER: Duration = Duration::from_secs(3);

/// Everything a run needs besides its input.
struct Desk<'a> {
    aws: &'a Aws,
    settings: &'a Settings,
    invocation: &'a Invocation,
    input: &'a Input,
    /// What makes two deliveries of the run the same.
    run: String,
    key: Key,
}

impl Desk<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.invocation.now).unwrap_or_default()
    }
}

/// Handles one run.
///
/// # Errors
/// The job could not be started, and people were told. Lambda delivers the event again.
pub async fn handle(aws: &Aws, settings: &Settings, invocation: Invocation) -> Result<Answer> {
    let time = invocation.time_left.saturating_sub(TIME_TO_ANSWER.min(invocation.time_left / 2));
    let work = Box::pin(run(aws, settings, &invocation));
    let ended = match tokio::time::timeout(time, work).await {
        Ok(ended) => ended,
        Err(_) => Err(anyhow!("run-background-task ran out of time ({} s)", time.as_secs())),
    };
    if let Err(error) = &ended
        && !invocation.dry_run
    {
        let reason = format!("{error:#}");
        tracing::error!(reason, "the job was not started");
        tell(aws, settings, &invocation, &reason).await;
    }
    ended
}

/// Tells people of a run that could not be started: once, however often it is tried again, as far as
/// that can be remembered.
async fn tell(aws: &Aws, settings: &Settings, invocation: &Invocation, reason: &str) {
    let run = Input::read(&invocation.event).and_then(|input| {
        let run = one_off_task::lock::digest(&input.run(&invocation.id)?);
        Ok((key(settings, &input), run))
    });
    let mut known = None;
    if let Ok((key, run)) = &run {
        let record = job_record::ssm::starts(&aws.ssm, key);
        if let Ok(Ok(record)) = tokio::time::timeout(TIME_TO_REMEMBER, record).await {
            if record.told_for == *run {
                return;
            }
            known = Some((key, Starts { told_for: run.clone(), ..record }));
        }
    }
    let now = Timestamp::try_from(invocation.now).unwrap_or_default();
    let alert = warning::not_started(&invocation.event, reason, now);
    let told = alert::sns::publish(&aws.sns, &settings.alerts_topic, &alert, TIME_TO_ALERT).await;
    if let Some((key, record)) = known.filter(|_| told) {
        let written = job_record::ssm::write_starts(&aws.ssm, key, &record);
        // What is not remembered is told again.
        let _ = tokio::time::timeout(TIME_TO_REMEMBER, written).await;
    }
}

fn key(settings: &Settings, input: &Input) -> Key {
    Key {
        prefix: settings.job_records.clone(),
        cluster: input.cluster.clone(),
        job: input.job.clone(),
    }
}

async fn run(aws: &Aws, settings: &Settings, invocation: &Invocation) -> Result<Answer> {
    let input = Input::read(&invocation.event)?;
    let desk = Desk {
        aws,
        settings,
        invocation,
        input: &input,
        run: input.run(&invocation.id)?,
        key: key(settings, &input),
    };
    let (hold, record, found) = futures::join!(
        hold::ssm::hold(&aws.ssm, &settings.hold, desk.now()),
        job_record::ssm::starts(&aws.ssm, &desk.key),
        found(&desk)
    );
    let (hold, record) = (hold?, record?);
    // The same run again is no new run, whatever has changed since.
    if let Some(task) = record.task_of(&desk.run_id()) {
        return Ok(Answer::AlreadyStarted { job: input.job.clone(), task: task.to_owned() });
    }
    if let Some(hold) = hold
        && !invocation.dry_run
    {
        return desk.on_hold(record, &hold).await;
    }
    let plan = desk.plan(&found?)?;
    if invocation.dry_run {
        return desk.dry_run(plan).await;
    }
    desk.start(plan, record).await
}

/// What there is to run.
struct Found {
    service: Service,
    live: Live,
    definition: TaskDefinition,
}

async fn found(desk: &Desk<'_>) -> Result<Found> {
    let Input { cluster, service: name, task_definition, .. } = desk.input;
    let ecs = &desk.aws.ecs;
    let service = live_service::ecs::service(ecs, cluster, name).await?;
    let live = match task_definition {
        // Where nothing is live yet, somebody may say what to run.
        Some(definition) => Live::named(&service, definition),
        None => live_service::ecs::live(ecs, &service).await?,
    };
    let definition = one_off_task::ecs::task_definition(ecs, &live.task_definition).await;
    let definition =
        definition.with_context(|| format!("task definition {}", live.task_definition))?;
    Ok(Found { service, live, definition })
}

impl Desk<'_> {
    fn plan(&self, found: &Found) -> Result<Plan> {
        let Found { service, live, definition } = found;
        let of = plan::Ingredients {
            input: self.input,
            run: &self.run,
            service,
            live,
            definition,
            settings: self.settings,
            now: self.now().as_second(),
        };
        let Input { cluster, service, .. } = self.input;
        Plan::of(&of).with_context(|| format!("service {service} in cluster {cluster}"))
    }

    /// The run as it is remembered: short, whatever the schedule is called.
    fn run_id(&self) -> String {
        one_off_task::lock::digest(&self.run)
    }

    async fn on_hold(&self, mut record: Starts, hold: &hold::Hold) -> Result<Answer> {
        let skipped_in_a_row = self.skip(&mut record, "OnHold").await;
        let (job, reason) = (self.input.job.clone(), hold.to_string());
        tracing::warn!(job, reason, skipped_in_a_row, "not run");
        Ok(Answer::OnHold { job, reason, skipped_in_a_row })
    }

    async fn skipped(&self, mut record: Starts, other: &Locked) -> Result<Answer> {
        let skipped_in_a_row = self.skip(&mut record, "Skipped").await;
        let (job, reason) =
            (self.input.job.clone(), format!("its last run is still at work as {}", other.arn()));
        tracing::warn!(job, reason, skipped_in_a_row, "not run");
        Ok(Answer::Skipped { job, reason, skipped_in_a_row })
    }

    /// Counts a run that is not started, in the record and as a metric.
    async fn skip(&self, record: &mut Starts, metric: &str) -> u32 {
        record.skipped(&self.run_id(), self.now().as_second());
        let dimensions = [("Kind", "job"), ("Job", self.input.job.as_str())];
        metrics::emit(&metrics::line(self.now(), &dimensions, &[(metric, "Count", 1.0)]));
        self.remember(record).await;
        record.skipped_in_a_row
    }

    /// What can't be remembered is no reason not to run: the task itself keeps a run from being started
    /// twice for as long as ECS shows it.
    async fn remember(&self, record: &mut Starts) {
        record.service.clone_from(&self.input.service);
        record.alert_if_not_run_for = self.input.alert_if_not_run_for.map(|it| it.as_secs());
        let written = job_record::ssm::write_starts(&self.aws.ssm, &self.key, record).await;
        if let Err(error) = written {
            tracing::error!(job = self.input.job, error = format!("{error:#}"), "not remembered");
        }
    }

    async fn dry_run(&self, plan: Plan) -> Result<Answer> {
        let but = match &plan.task.mark.lock {
            None => None,
            Some(lock) => {
                let (ecs, cluster) = (&self.aws.ecs, &plan.task.cluster);
                let seen = one_off_task::lock::ecs::with_lock(ecs, cluster, lock).await?;
                match (one_off_task::lock::turn(&seen, &plan.task.mark), plan.overlap) {
                    (Turn::Held(other), Overlap::Forbid) => {
                        Some(format!("its last run is still at work as {}", other.arn()))
                    }
                    _ => None,
                }
            }
        };
        let hold = hold::ssm::hold(&self.aws.ssm, &self.settings.hold, self.now()).await?;
        Ok(Answer::planned(&self.input.job, plan, hold.map(|it| it.to_string()).or(but)))
    }

    async fn start(&self, plan: Plan, mut record: Starts) -> Result<Answer> {
        let Plan { mut task, derived, overlap, because } = plan;
        if let Some(derived) = &derived {
            task.task_definition =
                one_off_task::derived::ecs::ensure(&self.aws.ecs, derived).await?;
        }
        let mut replaced = Vec::new();
        let job = self.input.job.clone();
        loop {
            match (self.started(&task).await?, overlap) {
                ((Start::Started(arn), on_demand), _) => {
                    record.started(&self.run_id(), id_of(&arn), self.now().as_second());
                    self.remember(&mut record).await;
                    tracing::info!(job, task = arn, live = because, "started");
                    return Ok(Answer::Started {
                        job,
                        task: arn,
                        live: because,
                        on_demand,
                        replaced,
                    });
                }
                ((Start::Already(arn), _), _) => {
                    record.started(&self.run_id(), id_of(&arn), self.now().as_second());
                    self.remember(&mut record).await;
                    return Ok(Answer::AlreadyStarted { job, task: arn });
                }
                ((Start::Held(other), _), Overlap::Replace) => {
                    ecs::stop_and_wait(&self.aws.ecs, &other).await?;
                    replaced.push(other.arn().to_owned());
                }
                ((Start::Held(other), _), _) => return self.skipped(record, &other).await,
            }
            if replaced.len() > 3 {
                bail!("other runs of {job} are started as fast as they are replaced");
            }
        }
    }

    /// Starts the task: on Spot, and if there is none on demand.
    async fn started(&self, task: &OneOffTask) -> Result<(Start, bool)> {
        let (ecs, now) = (&self.aws.ecs, self.invocation.now);
        let Some(on_demand) = Plan::on_demand(task) else {
            return Ok((one_off_task::lock::ecs::start(ecs, task, now).await?, false));
        };
        let mut start = one_off_task::lock::ecs::start_once(ecs, task, now).await;
        // Throttled, or no answer: that says nothing of Spot.
        if start.as_ref().is_err_and(|it| it.class == Class::Retry && !ecs::no_capacity(it)) {
            start = one_off_task::lock::ecs::start(ecs, task, now).await;
        }
        match start {
            Err(failed) if ecs::no_capacity(&failed) => {
                tracing::warn!(why = failed.to_string(), "no Spot capacity");
                Ok((one_off_task::lock::ecs::start(ecs, &on_demand, now).await?, true))
            }
            start => Ok((start?, false)),
        }
    }
}

fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
