//! Rules with a schedule: each has a timer while it is enabled.

use serde_json::json;

use super::{envelope, hand_over, rule_arn};
use crate::world::World;

/// Starts the timer of a rule that was just set or enabled. It ends by itself when the rule is
/// replaced, disabled or deleted.
pub(super) fn start(world: &World, name: &str) {
    let (schedule, generation) = {
        let state = world.state();
        let Some(rule) = state.events.rules.get(name).filter(|it| it.enabled) else { return };
        let Some(schedule) = rule.schedule.clone() else { return };
        (schedule, rule.generation)
    };
    let (world, name) = (world.clone(), name.to_owned());
    tokio::spawn(async move {
        let since = world.clock().now();
        let mut last = since;
        while let Some(next) = schedule.next_after(last, since) {
            let wait = next.duration_since(world.clock().now());
            world.clock().sleep(wait.try_into().unwrap_or_default()).await;
            last = next;
            if !fire(&world, &name, generation) {
                return;
            }
        }
    });
}

/// Whether the timer is to go on.
fn fire(world: &World, name: &str, generation: u64) -> bool {
    let targets: Vec<_> = {
        let state = world.state();
        match state.events.rules.get(name) {
            Some(rule) if rule.enabled && rule.generation == generation => {
                rule.targets.values().cloned().collect()
            }
            _ => return false,
        }
    };
    let arns = vec![rule_arn(name)];
    let event = envelope(world, "aws.events", "Scheduled Event", arns, json!({}));
    // Schedules are EventBridge's own: they come even when the events of other services are lost.
    hand_over(world, name, &targets, &event);
    true
}
