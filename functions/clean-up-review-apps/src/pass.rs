//! A pass: what is planned is looked at once more, proven, and removed.
//!
//! **Invariant:** the only thing that is handed to a removing call is a [`crate::Ticket`], and between proof and
//! removal there is nothing but the way to AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_call::Class;
use futures::StreamExt as _;
use futures::stream;
use tokio::time::Instant;

use crate::kind::{Kind, Phase};
use crate::outcome::{Outcome, outcome};
use crate::ownership::{Denial, Ticket, prove};
use crate::plan::{Leaving, Plan};
use crate::resource::Key;
use crate::rules::Seen;
use crate::services::Edge;
use crate::verdict::Going;
use crate::{Desk, lock, pre_delete};

/// So many apps are asked about, looked at and taken apart together.
const CHUNK: usize = 25;
/// So many of those at once: while one waits for a quota, another has work for a different one.
const CHUNKS: usize = 4;
/// So many resources are described together right before they are removed.
const LOOK_AT: usize = 10;
/// After so many denials of one kind the others are not tried: one may be about one resource.
const DENIALS: u32 = 5;
/// Task definitions take hours; what else waits is looked at again after this.
const DEFINITIONS: Duration = Duration::from_secs(60);

/// What GitHub says is believed for so long while an app is taken apart.
const ANSWER_IS_GOOD_FOR: Duration = Duration::from_secs(30);

/// What waits for what: an app's money is not stopped before it fell silent, and no app's shape is touched
/// before the bill of all others has stopped.
const TIERS: [&[Phase]; 3] = [
    &[Phase::Silence, Phase::Unroute, Phase::Spending],
    &[Phase::Shape, Phase::Leftovers],
    &[Phase::TaskDefinitions],
];

impl Desk<'_> {
    /// Removes what can be removed now; whether anything was.
    pub(crate) async fn carry_out(&self, plan: &Plan) -> bool {
        let mut progress = false;
        for tier in TIERS {
            let due =
                |it: &&Leaving| it.steps.iter().any(|it| it.is_due() && tier.contains(&it.phase));
            let due: Vec<&Leaving> = plan.leaving.iter().filter(due).collect();
            let chunks = due.chunks(CHUNK).map(|it| self.chunk(it, tier));
            *lock(&self.bound) = bound(plan, tier);
            let mut chunks = stream::iter(chunks).buffered(CHUNKS);
            while let Some(removed) = chunks.next().await {
                progress |= removed;
            }
        }
        progress
    }

    /// Some apps, phase by phase.
    async fn chunk(&self, apps: &[&Leaving], tier: &[Phase]) -> bool {
        let going: Vec<&Going> = apps.iter().map(|it| &it.going).collect();
        let still = self.confirmed(&going).await;
        let mut apps: Vec<&Leaving> =
            apps.iter().copied().filter(|it| still.contains(&it.going.number())).collect();
        let mut progress = false;
        for phase in tier {
            let kinds = Kind::ALL.into_iter().filter(|it| it.phase() == *phase);
            let work = kinds.map(|kind| self.kind(kind, &apps));
            let done = futures::future::join_all(work).await;
            progress |= done.iter().any(|it| it.progress);
            // What would start again, or ring, has to be quiet first.
            if *phase == Phase::Silence {
                let loud: BTreeSet<u32> = done.into_iter().flat_map(|it| it.later).collect();
                apps.retain(|it| !loud.contains(&it.going.number()));
            }
            if *phase == Phase::Unroute {
                apps = self.ready_to_stop(apps).await;
            }
        }
        progress
    }

    /// Those of which GitHub still says the same: a pull request may have been opened again. Its answer is good for
    /// a moment.
    async fn confirmed(&self, going: &[&Going]) -> BTreeSet<u32> {
        let mut asked = self.asked.lock().await;
        let fresh = |it: &Instant| it.elapsed() < ANSWER_IS_GOOD_FOR;
        let numbers: BTreeSet<u32> = going.iter().map(|it| it.number()).collect();
        let stale: BTreeSet<u32> =
            numbers.iter().copied().filter(|it| !asked.get(it).is_some_and(fresh)).collect();
        let mut still = &numbers - &stale;
        if stale.is_empty() {
            return still;
        }
        let github = &self.aws.github;
        match github.pull_requests(&stale, self.clock(), self.until).await {
            Ok(answers) => {
                let (policy, now) = (&self.settings.policy, self.now());
                for it in going.iter().filter(|it| stale.contains(&it.number())) {
                    if it.still(policy, &answers, now) {
                        asked.insert(it.number(), Instant::now());
                        still.insert(it.number());
                    }
                }
            }
            Err(unclear) => lock(&self.report).problem(format!("left for later: {unclear}")),
        }
        still
    }

    /// Lets what an app wants to run before it goes run. An app whose command is at work waits.
    async fn ready_to_stop<'b>(&self, apps: Vec<&'b Leaving>) -> Vec<&'b Leaving> {
        let Some(settings) = &self.settings.pre_delete else { return apps };
        let mut ready = Vec::new();
        for app in apps {
            let number = app.going.number();
            let due = app.steps.iter().filter(|it| it.is_due()).map(|it| &it.key);
            let service = pre_delete::service(settings, app, due);
            // What may not be removed, or can't be seen, is not asked to drop its database either.
            let Some(ticket) = self.ticket(&app.going, service).await else {
                ready.push(app);
                continue;
            };
            let ecs = &self.aws.ecs;
            let asked = pre_delete::ecs::is_over(ecs, settings, &app.going, &ticket, self.clock());
            let (over, why) = asked.await;
            let mut report = lock(&self.report);
            if let Some(why) = why {
                report.problem(format!("the command before the removal of #{number}: {why}"));
            }
            match over {
                true => ready.push(app),
                false => {
                    report.waits(number, ticket.key(), "the command before its removal is at work")
                }
            }
        }
        ready
    }

    /// The proof that a service may go now.
    async fn ticket(&self, going: &Going, service: Option<&Key>) -> Option<Ticket> {
        let service = service.filter(|_| going.successor().is_none())?;
        let seen = self.look(Edge::Ecs, vec![service.clone()]).await.ok()?;
        prove(&self.rules, going, seen.get(service)?, &seen, self.now()).ok()
    }

    /// All that is due of one kind.
    async fn kind(&self, kind: Kind, apps: &[&Leaving]) -> Done {
        let due: Vec<(&Going, &Key)> = apps
            .iter()
            .flat_map(|it| it.steps.iter().map(move |step| (&it.going, step)))
            .filter(|(_, step)| step.key.kind == kind && step.is_due())
            .map(|(going, step)| (going, &step.key))
            .collect();
        let (mut done, Some(edge)) = (Done::default(), Edge::of(kind)) else {
            return Done::default();
        };
        for batch in due.chunks(LOOK_AT.max(kind.batch())) {
            if lock(&self.bound).is_some_and(|it| it < Instant::now()) {
                break;
            }
            let denied = lock(&self.denied).get(&kind).copied().unwrap_or_default();
            if denied >= DENIALS || lock(&self.stopped).is_some() {
                for (going, key) in batch {
                    let denied = Outcome::Denied("denied before in this run".to_owned());
                    lock(&self.report).outcome(going.number(), key, &denied);
                }
                continue;
            }
            self.batch(edge, kind, batch, &mut done).await;
        }
        done
    }

    /// Describes some resources, proves that they may go, and removes them.
    async fn batch(&self, edge: Edge, kind: Kind, batch: &[(&Going, &Key)], done: &mut Done) {
        let going: Vec<&Going> = batch.iter().map(|it| it.0).collect();
        let still = self.confirmed(&going).await;
        let changed = Outcome::Later("GitHub no longer says that it should go".to_owned());
        for (going, key) in batch.iter().filter(|it| !still.contains(&it.0.number())) {
            self.note(going.number(), key, &changed, done);
        }
        let batch: Vec<&(&Going, &Key)> =
            batch.iter().filter(|it| still.contains(&it.0.number())).collect();
        let keys = batch.iter().map(|it| it.1).chain(going.iter().filter_map(|it| it.successor()));
        let keys: BTreeSet<Key> = keys.cloned().collect();
        let seen = match self.look(edge, keys.into_iter().collect()).await {
            Ok(seen) => seen,
            // One that can't be described keeps no others.
            Err(failed) if failed.class != Class::Retry && batch.len() > 1 => {
                for one in batch {
                    Box::pin(self.batch(edge, kind, &[*one], done)).await;
                }
                return;
            }
            Err(failed) => {
                for (going, key) in batch {
                    let outcome = match outcome(kind, &Err(failed.clone())) {
                        Outcome::Gone => Outcome::Failed(failed.to_string()),
                        other => other,
                    };
                    self.note(going.number(), key, &outcome, done);
                }
                return;
            }
        };
        let (mut tickets, mut owners) = (Vec::new(), BTreeMap::new());
        for (going, key) in batch {
            let outcome = match seen.get(*key) {
                None => Outcome::Gone,
                Some(fresh) => match prove(&self.rules, going, fresh, &seen, self.now()) {
                    Ok(ticket) => {
                        owners.insert((*key).clone(), going.number());
                        tickets.push(ticket);
                        continue;
                    }
                    Err(Denial::NotYet(why)) => Outcome::Later(why),
                    Err(Denial::Never(why)) => Outcome::Failed(why),
                },
            };
            self.note(going.number(), key, &outcome, done);
        }
        let mut tickets = tickets.into_iter().peekable();
        let mut removals = Vec::new();
        while tickets.peek().is_some() {
            let some = tickets.by_ref().take(kind.batch()).collect();
            removals.push(edge.remove(self.aws, some));
        }
        for removed in futures::future::join_all(removals).await.into_iter().flatten() {
            let (key, answer) = removed;
            let number = owners.get(&key).copied().unwrap_or_default();
            self.note(number, &key, &outcome(kind, &answer), done);
        }
    }

    /// Resources as they are now, with what they are a part of.
    async fn look(&self, edge: Edge, keys: Vec<Key>) -> Result<Seen, aws_call::Failed> {
        let mut seen = Seen::new();
        let mut asked: BTreeSet<Key> = keys.iter().cloned().collect();
        let mut wanted = BTreeMap::from([(edge, keys)]);
        while let Some((edge, keys)) = wanted.pop_first() {
            for it in edge.look(self.aws, &self.rules, &keys).await? {
                for parent in &it.part_of {
                    if asked.insert(parent.clone())
                        && let Some(edge) = Edge::of(parent.kind)
                    {
                        wanted.entry(edge).or_default().push(parent.clone());
                    }
                }
                seen.insert(it.key.clone(), it);
            }
        }
        Ok(seen)
    }

    fn note(&self, number: u32, key: &Key, outcome: &Outcome, done: &mut Done) {
        let (kind, id) = (key.kind.word(), key.id.as_str());
        match outcome {
            Outcome::Removed => tracing::info!(pull_request = number, kind, id, "removed"),
            Outcome::Gone => tracing::info!(pull_request = number, kind, id, "gone already"),
            other => {
                tracing::warn!(pull_request = number, kind, id, why = other.why(), "not removed")
            }
        }
        match outcome {
            Outcome::Removed | Outcome::Gone => {}
            Outcome::Later(_) | Outcome::Throttled => {
                done.later.insert(number);
            }
            Outcome::Denied(why) => {
                *lock(&self.denied).entry(key.kind).or_default() += 1;
                lock(&self.report).problem(why.clone());
            }
            Outcome::Stranger(why) => *lock(&self.stopped) = Some(why.clone()),
            Outcome::Failed(_) => {
                lock(&self.failed).insert(key.clone());
            }
        }
        // What comes back after each removal is no progress, however often AWS agrees to remove it.
        done.progress |= lock(&self.report).outcome(number, key, outcome);
    }
}

/// Until when a tier may take, if other work of the plan waits to be looked at again.
fn bound(plan: &Plan, tier: &[Phase]) -> Option<Instant> {
    let others = plan.leaving.iter().flat_map(|it| &it.steps);
    let mut others = others.filter(|it| it.phase != Phase::TaskDefinitions && it.kept.is_none());
    let wait = tier.contains(&Phase::TaskDefinitions) && others.next().is_some();
    wait.then(|| Instant::now() + DEFINITIONS)
}

/// What became of the removals of one kind.
#[derive(Default)]
struct Done {
    progress: bool,
    later: BTreeSet<u32>,
}
