//! What a pass does: a value that is printed by a dry run and carried out by any other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::Answers;
use crate::kind::{Kind, Phase};
use crate::resource::{Key, Readiness, Resource};
use crate::rules::{Claim, Rules, Seen, stack_of};
use crate::verdict::{App, Apps, Going, Policy, Stays, Verdict, judge};

/// One removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What goes.
    #[serde(flatten)]
    pub key: Key,
    /// When.
    pub phase: Phase,
    /// Why it can't go in this pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Why it stays until a person does something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

impl Step {
    /// Whether this pass can do it.
    pub fn is_due(&self) -> bool {
        self.waits_for.is_none() && self.kept.is_none()
    }
}

/// An app that goes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// The proof.
    pub going: Going,
    /// In order.
    pub steps: Vec<Step>,
    /// What it consists of.
    pub resources: Vec<Resource>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// What goes, the longest closed first.
    pub leaving: Vec<Leaving>,
    /// What stays, and why.
    pub staying: Vec<(u32, Stays)>,
    /// What nobody can tell the owner of.
    pub unclear: BTreeMap<Key, String>,
}

impl Plan {
    /// The plan for these apps, if GitHub says this of their pull requests.
    ///
    /// A number that GitHub said nothing of stays: nobody asked, or nobody answered.
    pub(crate) fn of(
        rules: &Rules,
        policy: &Policy,
        apps: &Apps,
        seen: &Seen,
        answers: &Answers,
        protected: &BTreeMap<u32, String>,
        now: Timestamp,
    ) -> Self {
        let mut plan = Self { unclear: apps.unclear.clone(), ..Self::default() };
        let mut judged = Vec::new();
        for app in apps.apps.values() {
            let verdict = match (answers.get(&app.number), protected.get(&app.number)) {
                (Some(_), Some(why)) => Verdict::Stays(Stays::Protected(why.clone())),
                (Some(evidence), None) => judge(rules, policy, app, evidence, now),
                (None, _) => continue,
            };
            match verdict {
                Verdict::Going(going) => judged.push((going, app)),
                Verdict::Stays(stays) => plan.staying.push((app.number, stays)),
            }
        }
        judged.sort_by_key(|(going, _)| (going.since().is_none(), going.since(), going.number()));
        let gone: BTreeSet<u32> = judged.iter().map(|(going, _)| going.number()).collect();
        let users = users(seen, apps, &gone);
        plan.leaving = judged
            .into_iter()
            .map(|(going, app)| Leaving {
                steps: steps(rules, &going, app, seen, &users),
                resources: app.resources.clone(),
                going,
            })
            .collect();
        plan
    }

    /// Leaves nothing but this pull request's app, if there is one that is wanted.
    pub(crate) fn limit(&mut self, only: Option<u32>) {
        if let Some(only) = only {
            self.leaving.retain(|it| it.going.number() == only);
            self.staying.retain(|it| it.0 == only);
        }
    }

    /// Lets wait what must not go before something that could not be seen.
    pub(crate) fn wait_for_unseen(&mut self, unseen: &BTreeSet<Kind>) {
        for step in self.leaving.iter_mut().flat_map(|it| &mut it.steps).filter(|it| it.is_due()) {
            if let Some(kind) = before(step.key.kind).iter().find(|it| unseen.contains(it)) {
                step.waits_for = Some(format!("nobody knows whether there is a {kind}"));
            }
        }
    }

    /// The proofs, in order.
    pub(crate) fn going(&self) -> Vec<&Going> {
        self.leaving.iter().map(|it| &it.going).collect()
    }
}

/// Who uses what, of all that stays: by what is used.
type Users<'a> = BTreeMap<&'a Key, &'a Resource>;

fn users<'a>(seen: &'a Seen, apps: &Apps, gone: &BTreeSet<u32>) -> Users<'a> {
    let leaving: BTreeSet<&Key> = gone
        .iter()
        .filter_map(|it| apps.apps.get(it))
        .flat_map(|app| app.resources.iter().map(|it| &it.key))
        .collect();
    let staying = seen.values().filter(|it| !leaving.contains(&it.key));
    staying
        .flat_map(|user| {
            // A rule holds the target groups that it forwards to.
            let holds = if user.key.kind == Kind::ListenerRule { &user.part_of[..] } else { &[] };
            user.uses.iter().chain(holds).map(move |used| (used, user))
        })
        .collect()
}

fn steps(rules: &Rules, going: &Going, app: &App, seen: &Seen, users: &Users<'_>) -> Vec<Step> {
    let mut here: BTreeMap<Kind, usize> = BTreeMap::new();
    for it in &app.resources {
        *here.entry(it.key.kind).or_default() += 1;
    }
    let mut steps: Vec<Step> = app
        .resources
        .iter()
        .filter(|it| going.covers(&it.key) && rules.kinds.contains(&it.key.kind))
        .filter(|it| !goes_with_its_stack(it, app))
        .map(|it| step(rules, it, app, &here, seen, users))
        .collect();
    // Of task definitions the newest first: an older one is less likely to be used again by mistake.
    steps.sort_by(|a, b| {
        let newest =
            |it: &Step| (it.key.kind == Kind::TaskDefinition).then(|| Reverse(revision(&it.key)));
        (a.key.kind, newest(a), &a.key).cmp(&(b.key.kind, newest(b), &b.key))
    });
    steps
}

fn revision(key: &Key) -> u64 {
    key.id.rsplit(':').next().and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// What a stack of the app owns, the stack removes.
fn goes_with_its_stack(it: &Resource, app: &App) -> bool {
    it.key.kind != Kind::Stack
        && stack_of(&it.tags).is_some_and(|stack| {
            app.resources.iter().any(|it| it.key.kind == Kind::Stack && it.key.id == stack)
        })
}

fn step(
    rules: &Rules,
    it: &Resource,
    app: &App,
    here: &BTreeMap<Kind, usize>,
    seen: &Seen,
    users: &Users<'_>,
) -> Step {
    let mut step =
        Step { key: it.key.clone(), phase: it.key.kind.phase(), waits_for: None, kept: None };
    match &it.readiness {
        Readiness::Ready => {}
        Readiness::Leaving(why) | Readiness::Waits(why) => step.waits_for = Some(why.clone()),
        Readiness::Kept(why) => step.kept = Some(why.clone()),
    }
    if let Some(stack) = stack_of(&it.tags).filter(|_| it.key.kind != Kind::Stack) {
        step.kept = Some(format!("it is owned by the stack {stack}"));
    } else if let Some(member) = foreign_member(rules, it, app, seen) {
        step.kept = Some(format!("it owns {member}, which isn't the review app's"));
    } else if let Some(user) = users.get(&it.key) {
        step.kept = Some(format!("{} uses it, which stays", user.key));
    } else if step.waits_for.is_none() {
        step.waits_for = blockers(it, app, here, seen);
    }
    step
}

/// Something in a stack that would go with it, and must not.
fn foreign_member<'a>(rules: &Rules, it: &Resource, app: &App, seen: &'a Seen) -> Option<&'a Key> {
    if it.key.kind != Kind::Stack {
        return None;
    }
    let inside = seen.values().filter(|other| stack_of(&other.tags) == Some(it.key.id.as_str()));
    let ours = |claim: Claim| matches!(claim, Claim::Nobodys) || claim == Claim::Of(app.number);
    inside.filter(|other| !ours(rules.claim(other, seen))).map(|it| &it.key).next()
}

/// What has to be gone before a resource can go: AWS would refuse, or something would make it again.
fn before(kind: Kind) -> &'static [Kind] {
    use Kind::{
        CacheCluster, Cluster, Deployment, Instance, ListenerRule, ReplicationGroup,
        ServerlessCache, Service, Task,
    };
    match kind {
        Kind::Cluster | Kind::DiscoveryService => &[Service, Task],
        // ECS no longer lists a service that drains: that it is gone shows in its cluster, which AWS deletes only
        // then.
        Kind::TaskDefinition => &[Service, Task, Cluster],
        Kind::TargetGroup => &[ListenerRule, Service],
        Kind::DeploymentGroup => &[Deployment, Service],
        Kind::CacheParameterGroup | Kind::CacheSubnetGroup => {
            &[ReplicationGroup, CacheCluster, ServerlessCache]
        }
        Kind::SecurityGroup => {
            &[Service, Task, Instance, ReplicationGroup, CacheCluster, ServerlessCache]
        }
        // A container that still runs would make its log group again.
        Kind::LogGroup | Kind::Parameter | Kind::Secret | Kind::Image => {
            &[Service, Task, Instance, Cluster]
        }
        _ => &[],
    }
}

fn blockers(it: &Resource, app: &App, here: &BTreeMap<Kind, usize>, seen: &Seen) -> Option<String> {
    let mut blockers: Vec<String> = before(it.key.kind)
        .iter()
        .filter_map(|kind| {
            here.get(kind).map(|n| format!("{n} {kind}{}", if *n == 1 { "" } else { "s" }))
        })
        .collect();
    // What else AWS showed in it: services and tasks of nobody in an app's own cluster.
    let inside = |other: &&Resource| {
        other.part_of.contains(&it.key) && !app.resources.iter().any(|it| it.key == other.key)
    };
    if it.key.kind == Kind::Cluster {
        blockers.extend(seen.values().filter(inside).map(|it| it.key.to_string()));
    }
    (!blockers.is_empty()).then(|| blockers.join(", "))
}
