//! Tasks: started, watched, described, stopped. What a task's containers do is in `image.rs`.

mod container;
mod definition;
mod describe;
mod event;
mod lifecycle;
mod plan;
mod process;
mod run;
mod service;
mod size;
mod stop;
mod validate;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

pub(super) use describe::{describe, list};
pub(super) use run::run;
pub(super) use service::{deactivate, set_service_tasks, stop_deactivated};
pub(super) use stop::stop;

use crate::ecs;
use crate::image::Image;
use crate::world::World;

/// "Currently, stopped tasks appear in the returned results for at least one hour."
const REMEMBERED: f64 = 3600.0;

/// Everything about running tasks.
#[derive(Default)]
pub(crate) struct Tasks {
    /// By full name.
    pub(crate) images: BTreeMap<String, Image>,
    /// Oldest first.
    all: Vec<Task>,
    /// What `RunTask` answered, by cluster and clientToken.
    answered: BTreeMap<(String, String), Answered>,
    /// The reasons for which the next calls of `RunTask` start nothing.
    refusals: VecDeque<String>,
    /// Capacity providers that have nothing to run a task on.
    exhausted: BTreeSet<String>,
    /// How long a new task cannot be seen.
    hidden_for: Duration,
}

/// A task and what its containers wait for.
struct Task {
    cluster: String,
    /// As `DescribeTasks` shows it, without tags.
    shown: Value,
    /// When it was asked for.
    created: f64,
    /// Set once, when it has to stop.
    stopping: watch::Sender<Option<Stop>>,
    /// A service's task: nothing runs behind it.
    of_service: bool,
}

/// A call of `RunTask` that started something.
struct Answered {
    at: Timestamp,
    request: Value,
    answer: Value,
}

/// Why a task stops.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stop {
    code: &'static str,
    reason: String,
}

impl Task {
    fn new(cluster: &str, shown: Value, created: f64) -> Self {
        let stopping = watch::Sender::new(None);
        Self { cluster: cluster.to_owned(), shown, created, stopping, of_service: false }
    }

    fn arn(&self) -> &str {
        self.shown["taskArn"].as_str().unwrap_or_default()
    }

    fn is_stopped(&self) -> bool {
        self.shown["lastStatus"] == "STOPPED"
    }

    /// Whether an operation that reads shows it.
    fn is_visible(&self, now: f64, hidden_for: Duration) -> bool {
        self.created + hidden_for.as_secs_f64() <= now && !self.is_forgotten(now)
    }

    fn is_forgotten(&self, now: f64) -> bool {
        self.shown["stoppedAt"].as_f64().is_some_and(|it| now - it > REMEMBERED)
    }

    /// Decides that the task stops, if that is not decided yet; its containers learn it.
    fn begin_stop(&mut self, stop: &Stop, now: f64) -> bool {
        let first = self.stopping.send_if_modified(|it| {
            let first = it.is_none();
            it.get_or_insert_with(|| stop.clone());
            first
        });
        if first {
            self.shown["desiredStatus"] = json!("STOPPED");
            self.shown["stopCode"] = json!(stop.code);
            self.shown["stoppedReason"] = json!(stop.reason);
            self.shown["stoppingAt"] = json!(now);
        }
        first
    }
}

impl Tasks {
    fn find(&mut self, arn: &str) -> Option<&mut Task> {
        self.all.iter_mut().find(|it| it.arn() == arn)
    }
}

/// The digest of an image whose tag nobody has moved.
pub(super) fn image_digest(image: &str) -> String {
    definition::image_digest(image)
}

/// The last status of the tasks of a cluster that have not stopped.
pub(super) fn statuses<'a>(state: &'a ecs::State, cluster: &str) -> impl Iterator<Item = &'a str> {
    unstopped(state)
        .filter(move |it| it.cluster == cluster)
        .filter_map(|it| it.shown["lastStatus"].as_str())
}

/// The ARNs of all tasks that have not stopped, each with that of its task definition.
pub(super) fn in_use(state: &ecs::State) -> impl Iterator<Item = (&str, &str)> {
    unstopped(state).filter_map(|it| Some((it.arn(), it.shown["taskDefinitionArn"].as_str()?)))
}

fn unstopped(state: &ecs::State) -> impl Iterator<Item = &Task> {
    state.tasks.all.iter().filter(|it| !it.is_stopped())
}

impl World {
    /// The next calls of `RunTask` answer with `failures` and no task: one reason for each call.
    pub fn run_task_failures(&self, reasons: Vec<&str>) {
        self.state().ecs.tasks.refusals.extend(reasons.into_iter().map(str::to_owned));
    }

    /// From now on `RunTask` finds no capacity at this provider: `FARGATE_SPOT`, `FARGATE` (which
    /// is also what the launch type runs on) or one of your own.
    ///
    /// A strategy is no list of fallbacks: what one provider lacks is not asked of another.
    pub fn no_capacity(&self, provider: &str) {
        self.state().ecs.tasks.exhausted.insert(provider.to_owned());
    }

    /// The provider has capacity again.
    pub fn capacity_again(&self, provider: &str) {
        self.state().ecs.tasks.exhausted.remove(provider);
    }

    /// New tasks cannot be described, listed or stopped for this long.
    ///
    /// AWS: "The Amazon ECS API follows an eventual consistency model. … the result of an API
    /// command you run that affects your Amazon ECS resources might not be immediately visible to
    /// all subsequent commands you run."
    pub fn tasks_appear_after(&self, duration: Duration) {
        self.state().ecs.tasks.hidden_for = duration;
    }
}
