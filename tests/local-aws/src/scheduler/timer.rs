//! The timer each enabled schedule has.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Key, delivery};
use crate::events::schedule::Expression;
use crate::world::World;

/// Starts the timer of a schedule; it ends when the schedule is replaced, deleted or has no next
/// time.
pub(super) fn start(world: &World, key: &Key) {
    let now = world.clock().now();
    let (expression, generation, shown) = {
        let state = world.state();
        let Some(found) = state.scheduler.schedules.get(key) else { return };
        (found.expression.clone(), found.generation, found.shown.clone())
    };
    if shown["State"] != "ENABLED" {
        return;
    }
    // "EventBridge Scheduler ignores StartDate for one-time schedules", and EndDate too.
    let recurring = !matches!(expression, Expression::At(_));
    let date = |member: &str| bound(&shown[member]).filter(|_| recurring);
    let (starts, ends) = (date("StartDate"), date("EndDate"));
    let since = starts.map_or(now, |starts| starts.max(now));
    let (world, key) = (world.clone(), key.clone());
    tokio::spawn(async move {
        let mut last = since;
        while let Some(next) = expression.next_after(last, since) {
            if ends.is_some_and(|ends| next >= ends) {
                break;
            }
            let wait: SignedDuration = next.duration_since(world.clock().now());
            world.clock().sleep(wait.try_into().unwrap_or_default()).await;
            last = next;
            if !fire(&world, &key, generation, next) {
                return;
            }
        }
        complete(&world, &key, generation);
    });
}

/// A moment as the JSON protocol writes it.
fn bound(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64()?;
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

/// Whether the timer is to go on.
fn fire(world: &World, key: &Key, generation: u64, at: Timestamp) -> bool {
    let target = {
        let state = world.state();
        match state.scheduler.schedules.get(key) {
            Some(it) if it.generation == generation => it.shown["Target"].clone(),
            _ => return false,
        }
    };
    let (world, key) = (world.clone(), key.clone());
    tokio::spawn(async move { delivery::deliver(&world, &key, &target, at).await });
    true
}

/// A schedule that has no next time stays, unless it is to delete itself.
fn complete(world: &World, key: &Key, generation: u64) {
    let mut state = world.state();
    let schedules = &mut state.scheduler.schedules;
    let gone = schedules.get(key).is_some_and(|it| {
        it.generation == generation && it.shown["ActionAfterCompletion"] == "DELETE"
    });
    if gone {
        schedules.remove(key);
    }
}
