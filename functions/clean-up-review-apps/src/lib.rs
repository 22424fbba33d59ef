//! Removes what closed pull requests left in AWS, and provably nothing else.
//!
//! A run makes passes: look at the account, ask GitHub about exactly the pull requests that were seen there,
//! plan, remove what can be removed now, look again. Nothing is remembered between runs; the next one goes on
//! where this one ended.
//!
//! **Invariant:** nothing is passed to a removing call that was not proven, a moment before, to belong to a
//! pull request of which GitHub says that it is closed (or which an operator's rule covers). What is unclear
//! stays.

mod announce;
mod answer;
mod applicationautoscaling;
mod aws;
mod cloudformation;
mod cloudwatch;
mod cloudwatchlogs;
mod codedeploy;
#[cfg(feature = "ec2")]
mod ec2;
mod ecr;
mod ecs;
mod elasticache;
mod elasticloadbalancingv2;
mod eventbridge;
pub mod evidence;
mod fuse;
pub mod github;
mod http;
mod kind;
mod name;
mod outcome;
mod ownership;
mod pace;
mod pass;
mod plan;
mod pre_delete;
mod protect;
mod report;
pub mod repository;
mod resource;
mod resourcegroupstagging;
mod route53;
mod rules;
mod scheduler;
mod scope;
mod secretsmanager;
mod servicediscovery;
mod services;
mod settings;
mod sns;
mod ssm;
mod sts;
mod trigger;
mod verdict;
mod warning;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail};
use aws_call::{Class, Failed};
use jiff::Timestamp;
use runtime::{Invocation, metrics};
use tokio::time::Instant;

pub use answer::Answer;
pub use aws::Aws;
pub use kind::{Kind, Phase};
pub use name::Template;
pub use outcome::{Outcome, outcome};
pub use ownership::{Denial, Ticket, prove};
pub use report::{Report, Row};
pub use resource::{Key, Readiness, Resource, Tags};
pub use rules::{Claim, Rules, Seen};
pub use settings::Settings;
pub use verdict::{App, Apps, Because, Going, Policy, Stays, Verdict, judge};

use fuse::Approval;
use plan::Plan;
use scope::Scope;
use services::Edge;
use trigger::Trigger;

/// Kept back from the function's time to tell what was done.
const TIME_TO_ANSWER: Duration = Duration::from_secs(60);
/// Between two looks at what AWS is still busy with.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// So many looks in vain, and the rest is for the next run.
const IN_VAIN: u32 = 6;
/// An approval holds for this long.
const APPROVED_FOR: i64 = 7 * 24 * 3600;

/// Everything a run needs.
struct Desk<'a> {
    aws: &'a Aws,
    settings: &'a Settings,
    invocation: &'a Invocation,
    started: Instant,
    until: Instant,
    rules: Rules,
    apply: bool,
    report: Mutex<Report>,
    /// Of which kinds how many removals were denied: after some nobody tries the others.
    denied: Mutex<BTreeMap<Kind, u32>>,
    /// What only a person can help with.
    failed: Mutex<BTreeSet<Key>>,
    /// Until when task definitions are removed in this pass, if there is other work that waits.
    bound: Mutex<Option<Instant>>,
    /// Why nothing would work any more.
    stopped: Mutex<Option<String>>,
    /// When GitHub was last asked about a pull request, one question after the other.
    asked: tokio::sync::Mutex<BTreeMap<u32, Instant>>,
}

/// Handles one event.
///
/// # Errors
/// The account is the wrong one, AWS could not be read, or GitHub did not say clearly what is closed: nothing
/// was removed, and people were told.
pub async fn handle(aws: &Aws, settings: &Settings, invocation: Invocation) -> Result<Answer> {
    match Trigger::read(&invocation.event)? {
        Trigger::Webhook(request) => {
            webhook::scheduler::hook(aws, settings, &invocation, request).await
        }
        Trigger::Sweep { only, approve } => {
            sweep(aws, settings, &invocation, only, approve.as_deref()).await
        }
    }
}

async fn sweep(
    aws: &Aws,
    settings: &Settings,
    invocation: &Invocation,
    only: Option<u32>,
    approve: Option<&str>,
) -> Result<Answer> {
    let time = invocation.time_left.saturating_sub(TIME_TO_ANSWER.min(invocation.time_left / 4));
    let mut desk = Desk::new(aws, settings, invocation, time);
    let ended = tokio::time::timeout(time, desk.run(only, approve)).await;
    let out_of_time = ended.is_err();
    let looked = lock(&desk.report).passes > 0;
    let late = || anyhow!("the time was up before everything had been looked at");
    let ended = ended.unwrap_or_else(|_| if looked { Ok(()) } else { Err(late()) });
    let mut report = std::mem::take(&mut *lock(&desk.report));
    report.out_of_time = out_of_time;
    report.finish();
    if desk.apply {
        sns::tell(&desk, &report, ended.as_ref().err()).await;
        announce::github::announce(&desk, &mut report).await;
        metrics::emit(&report.metrics(desk.settings.stuck_after, desk.now()));
    }
    let (removed, problems) = (report.removed.values().sum::<usize>(), report.problems.len());
    tracing::info!(removed, problems, passes = report.passes, "the run ended");
    ended?;
    Ok(Answer::Swept(Box::new(report)))
}

impl<'a> Desk<'a> {
    fn new(
        aws: &'a Aws,
        settings: &'a Settings,
        invocation: &'a Invocation,
        time: Duration,
    ) -> Self {
        let (apply, started) = (settings.apply && !invocation.dry_run, Instant::now());
        let report = Report {
            dry_run: !apply,
            repository: settings.repository.clone(),
            ..Report::default()
        };
        Self {
            aws,
            settings,
            invocation,
            started,
            until: started + time,
            rules: Rules { kinds: settings.kinds.clone(), ..settings.rules.clone() },
            apply,
            report: Mutex::new(report),
            denied: Mutex::default(),
            failed: Mutex::default(),
            bound: Mutex::default(),
            stopped: Mutex::default(),
            asked: tokio::sync::Mutex::default(),
        }
    }

    fn clock(&self) -> SystemTime {
        self.invocation.now + self.started.elapsed()
    }

    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock()).unwrap_or_default()
    }

    /// Passes, until there is nothing to do or no time left.
    async fn run(&mut self, only: Option<u32>, approve: Option<&str>) -> Result<()> {
        self.guard().await?;
        let mut apps: Option<BTreeMap<u32, Because>> = None;
        let mut in_vain = 0;
        loop {
            let (mut plan, known) = match self.plan(apps.as_ref()).await {
                Ok(planned) => planned,
                // What was removed until now has to be told.
                Err(error) if lock(&self.report).passes > 0 => {
                    lock(&self.report).problem(format!("left for the next run: {error:#}"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            // The fuses see all there is, also if only one pull request's app is wanted.
            let may = apps.is_some() || self.may(&plan, known, approve).await?;
            plan.limit(only);
            {
                let mut report = lock(&self.report);
                report.planned(&plan);
                report.passes += 1;
            }
            if !may {
                return Ok(());
            }
            if !self.apply {
                return Ok(());
            }
            // A run works on what it found at its start: the fuses have seen nothing else.
            let going = plan.going().into_iter();
            apps = Some(going.map(|it| (it.number(), it.because().clone())).collect());
            let progress = self.carry_out(&plan).await;
            if let Some(why) = lock(&self.stopped).take() {
                bail!("{why}");
            }
            let left = {
                let failed = lock(&self.failed);
                let mut steps = plan.leaving.iter().flat_map(|it| &it.steps);
                steps.any(|it| it.kept.is_none() && !failed.contains(&it.key))
            };
            in_vain = if progress { 0 } else { in_vain + 1 };
            if !left || in_vain >= IN_VAIN || self.until < Instant::now() + 2 * LOOK_AGAIN {
                return Ok(());
            }
            let pause = if progress { LOOK_AGAIN / 3 } else { LOOK_AGAIN };
            tokio::time::sleep(pause).await;
        }
    }

    /// Nothing happens in an account that nobody named.
    async fn guard(&mut self) -> Result<()> {
        let account = sts::account(self.aws).await?;
        let region = self.aws.region.clone().context("no region is set")?;
        let place = format!("{account}/{region}");
        let allowed = &self.settings.allowed_accounts;
        if !allowed.contains(&(account.clone(), region.clone())) {
            let allowed: Vec<String> = allowed.iter().map(|(a, b)| format!("{a}/{b}")).collect();
            bail!("this is {place}, and ALLOWED_ACCOUNTS has {}", allowed.join(", "));
        }
        (self.rules.account, self.rules.region) = (account, region);
        lock(&self.report).place = place;
        Ok(())
    }

    /// AWS first, GitHub second: a pull request that is opened in between was never asked about.
    async fn plan(&self, apps: Option<&BTreeMap<u32, Because>>) -> Result<(Plan, usize)> {
        let (seen, unseen, protected) = self.observe().await?;
        let mut found = Apps::of(&self.rules, &seen);
        let known = found.apps.len();
        if let Some(apps) = apps {
            found.apps.retain(|number, _| apps.contains_key(number));
        }
        let numbers: BTreeSet<u32> = found.apps.keys().copied().collect();
        let asked = self.aws.github.pull_requests(&numbers, self.clock(), self.until).await;
        let answers = asked.map_err(|it| {
            anyhow!("nothing was removed, for it is unclear which pull requests are closed: {it}")
        })?;
        // How old an app is shows only if all of it does.
        let policy = match unseen.is_empty() {
            true => self.settings.policy.clone(),
            false => self.settings.policy.only_closed(),
        };
        let now = self.now();
        let mut plan = Plan::of(&self.rules, &policy, &found, &seen, &answers, &protected, now);
        plan.wait_for_unseen(&unseen);
        if let Some(apps) = apps {
            plan.leaving.retain(|it| apps.get(&it.going.number()) == Some(it.going.because()));
        }
        Ok((plan, known))
    }

    /// Everything that may be a review app's, what could not be seen, and whose apps somebody protects.
    async fn observe(&self) -> Result<(Seen, BTreeSet<Kind>, BTreeMap<u32, String>)> {
        let tagged = resourcegroupstagging::tagged(self.aws, &self.rules).await;
        let tagged = tagged.context("what is tagged is unclear")?;
        let scope = Scope { rules: &self.rules, kinds: &self.settings.kinds, tagged };
        let edges: BTreeSet<Edge> =
            self.settings.kinds.iter().filter_map(|it| Edge::of(*it)).collect();
        let asked = edges.into_iter().map(|edge| {
            let seen = edge.seen(self.aws, &scope);
            async move { (edge, seen.await) }
        });
        let (mut seen, mut unseen) = (Seen::new(), BTreeSet::new());
        for (edge, answer) in futures::future::join_all(asked).await {
            match answer {
                Ok(found) => seen.extend(found.into_iter().map(|it| (it.key.clone(), it))),
                // What AWS can't say now may be what protects an app.
                Err(failed) if is_passing(&failed) || outcome::is_stranger(&failed) => {
                    return Err(failed).context("not everything could be seen");
                }
                Err(_) => {
                    let (found, without) = self.kind_by_kind(edge, &scope).await?;
                    seen.extend(found.into_iter().map(|it| (it.key.clone(), it)));
                    unseen.extend(without);
                }
            }
        }
        // What was not described goes by what is said of its tags until it is looked at.
        for it in seen.values_mut().filter(|it| it.tags.is_empty()) {
            let said = it.arn.as_ref().and_then(|arn| scope.tagged.get(arn));
            it.tags = said.cloned().unwrap_or_default();
        }
        let protected = protect::hints(&self.rules, &scope.tagged, &seen, self.now());
        Ok((seen, unseen, protected))
    }

    /// What a service says of each kind by itself, where it has no answer for one of them; and for which.
    async fn kind_by_kind(
        &self,
        edge: Edge,
        scope: &Scope<'_>,
    ) -> Result<(Vec<Resource>, BTreeSet<Kind>)> {
        let (mut found, mut without) = (Vec::new(), BTreeSet::new());
        for kind in self.settings.kinds.iter().filter(|it| Edge::of(**it) == Some(edge)) {
            let kinds = BTreeSet::from([*kind]);
            let tagged = scope.tagged.clone();
            let scope = Scope { rules: scope.rules, kinds: &kinds, tagged };
            match edge.seen(self.aws, &scope).await {
                Ok(some) => found.extend(some),
                Err(failed) if is_passing(&failed) => {
                    return Err(failed).context("not everything could be seen");
                }
                Err(failed) => {
                    lock(&self.report).not_seen(&failed);
                    without.insert(*kind);
                }
            }
        }
        Ok((found, without))
    }

    /// Whether the fuses let the plan through, or a person did.
    async fn may(&self, plan: &Plan, known: usize, approve: Option<&str>) -> Result<bool> {
        let (going, repository) = (plan.going(), &self.settings.repository_id);
        let now = self.now().as_second();
        let name = &self.settings.approval;
        let mut approval = match ssm::approval(self.aws, name).await {
            Ok(text) => text.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default(),
            // Without it less is allowed, not more.
            Err(failed) => {
                lock(&self.report).problem(format!("approvals: {failed}"));
                Approval::default()
            }
        };
        if let Some(approve) = approve {
            let plan = fuse::digest(&going, repository);
            if plan != approve {
                bail!("the plan is {plan} now, not {approve}: have another look at it");
            }
            approval = Approval::of(&going, repository, now + APPROVED_FOR);
            if self.apply {
                let text = serde_json::to_string(&approval)?;
                ssm::approve(self.aws, name, &text).await?;
            }
        }
        let checked = self.settings.fuses.check(
            known,
            &going,
            &approval.numbers(repository, now),
            repository,
        );
        let Err(tripped) = checked else { return Ok(true) };
        tracing::warn!(why = tripped.why, approve = tripped.approve, "a fuse has tripped");
        lock(&self.report).tripped = Some(tripped);
        Ok(false)
    }
}

/// Whether the next run may well get an answer. One that makes no sense will not be better then: somebody who is
/// not quite AWS has given it.
fn is_passing(failed: &Failed) -> bool {
    failed.class == Class::Retry && !(failed.code.is_none() && failed.message.is_empty())
}

fn lock<T>(it: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    it.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
