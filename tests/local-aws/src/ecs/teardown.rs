//! What was deleted and is still there for a while: services that drain, task definitions in use.

use std::collections::{BTreeMap, BTreeSet};

use super::{State, services, task_definitions, tasks};
use crate::world::World;

/// When what was deleted may go.
#[derive(Default)]
pub(super) struct Leaving {
    /// By cluster and name.
    services: BTreeMap<(String, String), f64>,
    /// By ARN.
    definitions: BTreeMap<String, f64>,
}

impl Leaving {
    /// The service is INACTIVE then.
    pub(super) fn drain(&mut self, key: (String, String), then: f64) {
        self.services.insert(key, then);
    }

    /// The task definition is gone then, if nothing uses it.
    pub(super) fn vanish(&mut self, arn: String, then: f64) {
        self.definitions.entry(arn).or_insert(then);
    }

    /// Whether it is INACTIVE by now.
    pub(super) fn has_drained(&self, key: &(String, String), now: f64) -> bool {
        self.services.get(key).is_some_and(|then| *then <= now)
    }
}

/// Lets go of everything whose time has come; called before anybody looks.
pub(super) fn advance(world: &World) {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let ecs = &mut state.ecs;
    for (key, then) in due(&ecs.leaving.services, now) {
        services::drained(ecs, &key, then);
        ecs.leaving.services.remove(&key);
    }
    let definitions = due(&ecs.leaving.definitions, now);
    if definitions.is_empty() {
        return;
    }
    // AWS: "A task definition revision will stay in DELETE_IN_PROGRESS status until all the
    // associated tasks and services have been terminated."
    let used = used(ecs);
    // Looking at everything is too much for each call.
    let later = now + world.pace().definition_delete.as_secs_f64() / 60.0;
    for (arn, _) in definitions {
        if used.contains(&arn) {
            ecs.leaving.definitions.insert(arn, later);
        } else {
            task_definitions::vanish(ecs, &arn);
            ecs.leaving.definitions.remove(&arn);
        }
    }
}

fn due<K: Ord + Clone>(leaving: &BTreeMap<K, f64>, now: f64) -> Vec<(K, f64)> {
    let due = leaving.iter().filter(|(_, then)| **then <= now);
    due.map(|(key, then)| (key.clone(), *then)).collect()
}

/// The task definitions of everything that runs or may run again.
fn used(state: &State) -> BTreeSet<String> {
    let mut used: BTreeSet<String> =
        tasks::in_use(state).map(|(_, definition)| definition.to_owned()).collect();
    for service in state.services.values().filter(|it| it["status"] != "INACTIVE") {
        let parts = ["taskSets", "deployments"].into_iter();
        let parts = parts.filter_map(|it| service[it].as_array()).flatten();
        let definitions = parts.chain([service]).filter_map(|it| it["taskDefinition"].as_str());
        used.extend(definitions.map(str::to_owned));
    }
    used
}
