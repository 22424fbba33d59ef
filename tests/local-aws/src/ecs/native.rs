//! Deployments that ECS itself carries out: service revisions, service deployments, their stages.

mod configuration;
mod driver;
mod ending;
mod event;
mod hooks;
mod operations;
mod revision;
mod rollback;
mod scaling;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{State as Ecs, clusters, rollouts, services};
use crate::world::{ACCOUNT, REGION, World};

pub(super) use configuration::check;
pub(super) use driver::drive;
pub(super) use ending::tell_of_both_ends;
pub(super) use operations::{describe, list, proceed, stop};
pub(super) use revision::describe as describe_revisions;

type Key = (String, String);

/// What ECS remembers of its own deployments.
#[derive(Default)]
pub(crate) struct State {
    /// The revisions of each service that have tasks or are to get some, oldest first.
    active: BTreeMap<Key, Vec<Active>>,
    /// By ARN, as `DescribeServiceRevisions` shows them.
    revisions: BTreeMap<String, Value>,
    /// Oldest first.
    deployments: Vec<Deployment>,
    unhealthy: BTreeSet<String>,
    older_payload: bool,
    new_execution_ids: bool,
}

/// A service revision that is not history yet.
#[derive(Debug, Clone)]
struct Active {
    revision: String,
    /// Of its entry in the service's `deployments`.
    id: String,
    /// Its tasks run.
    up: bool,
    /// Its shares of the traffic, in percent.
    test: f64,
    production: f64,
}

/// A service deployment.
struct Deployment {
    arn: String,
    key: Key,
    target: String,
    /// What was active when it began.
    sources: Vec<Active>,
    /// As `DescribeServiceDeployments` shows it, without revisions and hooks.
    shown: Value,
    hooks: Vec<Hook>,
    /// What somebody outside has decided about it.
    halt: Option<Halt>,
    /// Wakes whoever waits for a decision.
    changed: watch::Sender<()>,
}

/// A hook that was called.
struct Hook {
    id: String,
    /// The function; none where a person is asked.
    target: Option<String>,
    status: &'static str,
    expires: f64,
    action: String,
}

/// Why a deployment does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Halt {
    /// By another deployment of the service, or by its deletion.
    Overtaken,
    /// `StopServiceDeployment` with ABORT.
    Aborted,
    /// It is rolled back; why.
    Back(String),
    /// The circuit breaker: too many tasks did not start.
    Broken { rolls_back: bool },
}

impl State {
    fn deployment(&mut self, arn: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|it| it.arn == arn)
    }

    fn active(&self, key: &Key) -> &[Active] {
        self.active.get(key).map_or(&[], Vec::as_slice)
    }

    fn active_mut(&mut self, key: &Key, revision: &str) -> Option<&mut Active> {
        self.active.get_mut(key)?.iter_mut().find(|it| it.revision == revision)
    }

    /// The revision that has most of the production traffic; the older one of two equals.
    fn serving(&self, key: &Key) -> Option<&Active> {
        let with_traffic = self.active(key).iter().filter(|it| it.production > 0.0);
        with_traffic.reduce(|best, it| if it.production > best.production { it } else { best })
    }

    /// The id, in the service's `deployments`, of what serves.
    pub(super) fn serving_id(&self, key: &Key) -> Option<&str> {
        self.serving(key).map(|it| it.id.as_str())
    }

    /// Whether the tasks of an entry of the service's `deployments` run.
    pub(super) fn is_up(&self, key: &Key, id: &Value) -> bool {
        self.active(key).iter().any(|it| *id == it.id && it.up)
    }
}

/// The digest of an image in the revision that an entry of a service's `deployments` runs.
pub(super) fn digest(ecs: &Ecs, id: &str, image: &str) -> Option<String> {
    let active = ecs.native.active.values().flatten().find(|it| it.id == id)?;
    let images = ecs.native.revisions.get(&active.revision)?["containerImages"].as_array()?;
    images.iter().find(|it| it["image"] == image)?["imageDigest"].as_str().map(str::to_owned)
}

/// So many characters of the alphabet that ECS's ids have.
fn id(characters: usize) -> String {
    let noise: Vec<u8> = (0..3).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
    URL_SAFE_NO_PAD.encode(noise).chars().take(characters).collect()
}

/// Deploys the service as it is now; the ARN of the service deployment.
///
/// AWS: "Amazon ECS creates a new service deployment automatically when any of the following actions
/// happen: A user creates a service. A user updates the service and uses the force new deployment
/// option. A user updates one or more service properties that require a deployment."
pub(super) fn begin(ecs: &mut Ecs, key: &Key, now: f64) -> String {
    overtake(ecs, key, now);
    let target = revision::make(ecs, key, now);
    let active = ecs.native.active.entry(key.clone()).or_default();
    active.retain(|it| it.up || it.production > 0.0);
    let sources = active.clone();
    let service = ecs.services.get_mut(key).expect("a service that exists is deployed");
    let entry = rollouts::deployment(service, "IN_PROGRESS", now);
    let id = entry["id"].as_str().unwrap_or_default().to_owned();
    let mut entries = service["deployments"].as_array().cloned().unwrap_or_default();
    // What did not come up never will.
    entries.retain(|it| sources.iter().any(|source| it["id"] == source.id));
    entries.iter_mut().for_each(|it| it["status"] = json!("ACTIVE"));
    entries.insert(0, entry);
    service["deployments"] = json!(entries);
    let shown = pending(service, key, now);
    let arn = shown["serviceDeploymentArn"].as_str().unwrap_or_default().to_owned();
    service["currentServiceDeployment"] = json!(arn);
    let (test, production) = (0.0, 0.0);
    active.push(Active { revision: target.clone(), id, up: false, test, production });
    ecs.native.deployments.push(Deployment {
        arn: arn.clone(),
        key: key.clone(),
        target,
        sources,
        shown,
        hooks: Vec::new(),
        halt: None,
        changed: watch::Sender::new(()),
    });
    arn
}

fn pending(service: &Value, key: &Key, now: f64) -> Value {
    let (cluster, name, id) = (&key.0, &key.1, id(21));
    json!({
        "serviceDeploymentArn":
            format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/{cluster}/{name}/{id}"),
        "serviceArn": services::arn(cluster, name),
        "clusterArn": clusters::arn(cluster),
        "createdAt": now,
        "updatedAt": now,
        "status": "PENDING",
        "deploymentConfiguration": service["deploymentConfiguration"],
        "deploymentCircuitBreaker": scaling::breaker(service),
    })
}

/// Ends what is still under way: a service has one deployment at a time. What AWS calls the
/// deployment that another one overtakes is not documented in words; STOPPED is what is left.
pub(super) fn overtake(ecs: &mut Ecs, key: &Key, now: f64) {
    for deployment in ecs.native.deployments.iter_mut().filter(|it| it.key == *key) {
        if deployment.halt != Some(Halt::Overtaken) && !is_over(&deployment.shown) {
            deployment.halt = Some(Halt::Overtaken);
            deployment.shown["statusReason"] = json!("A newer service deployment was started.");
            deployment.shown["stoppedAt"] = json!(now);
            ending::finish(&mut deployment.shown, "STOPPED", now);
            hooks::give_up(deployment);
            deployment.changed.send_replace(());
        }
    }
}

/// Forgets what a deleted service ran.
pub(super) fn end(ecs: &mut Ecs, key: &Key, now: f64) {
    overtake(ecs, key, now);
    ecs.native.active.remove(key);
}

fn is_over(shown: &Value) -> bool {
    ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]
        .iter()
        .any(|it| shown["status"] == *it)
}

/// Completes the first deployment of a service at once, if nothing is there to wait for: whoever
/// sets an account up wants the service to be there.
pub(super) fn is_there_at_once(ecs: &mut Ecs, arn: &str, now: f64) -> bool {
    let Some(deployment) = ecs.native.deployment(arn) else { return false };
    let hooks = deployment.shown["deploymentConfiguration"]["lifecycleHooks"].as_array();
    let no_hooks = hooks.is_none_or(Vec::is_empty);
    let target = deployment.target.clone();
    if !no_hooks || !scaling::is_healthy(ecs, &target) {
        return false;
    }
    ending::complete(ecs, arn, now);
    true
}

/// The task definition that has the production traffic of a service.
pub(crate) fn live_definition(world: &World, cluster: &str, service: &str) -> Option<String> {
    let state = world.state();
    let key = (cluster.to_owned(), service.to_owned());
    let serving = state.ecs.native.serving(&key)?;
    let revision = state.ecs.native.revisions.get(&serving.revision)?;
    revision["taskDefinition"].as_str().map(str::to_owned)
}

/// A service as `DescribeServices` shows it.
pub(super) fn shown(ecs: &Ecs, key: &Key, mut service: Value) -> Value {
    let active = ecs.native.active(key);
    if !active.is_empty() {
        let all = active.iter().map(|it| summary(&service, it));
        service["currentServiceRevisions"] = all.collect();
    }
    service
}

fn summary(service: &Value, active: &Active) -> Value {
    let entries = service["deployments"].as_array();
    let entry = entries.and_then(|it| it.iter().find(|it| it["id"] == active.id));
    let count = |name: &str| entry.and_then(|it| it[name].as_u64()).unwrap_or(0);
    json!({
        "arn": active.revision,
        "requestedTaskCount": count("desiredCount"),
        "runningTaskCount": count("runningCount"),
        "pendingTaskCount": count("pendingCount"),
    })
}

impl World {
    /// Tasks of services that run this image do not start: a deployment of it never completes.
    pub fn unhealthy_image(&self, name: &str) {
        self.state().ecs.native.unhealthy.insert(name.to_owned());
    }

    /// Lambda hooks of ECS get the payload of an older page of AWS's documentation, in which the
    /// members of `executionDetails` are at the top.
    pub fn older_hook_payload(&self, older: bool) {
        self.state().ecs.native.older_payload = older;
    }

    /// A Lambda hook of ECS that answered `IN_PROGRESS` is called again with another `executionId`;
    /// AWS does not say whether it is. By default it stays the same.
    pub fn new_hook_execution_ids(&self, new: bool) {
        self.state().ecs.native.new_execution_ids = new;
    }
}
