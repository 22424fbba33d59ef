//! Schedule groups.

use serde_json::{Value, json};

use super::{Answer, DEFAULT, exists, invalid, name, not_found, option, paged};
use crate::wire::Call;
use crate::world::{ACCOUNT, REGION, World};

fn arn(name: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}")
}

fn shown(name: &str, created: f64) -> Value {
    json!({
        "Arn": arn(name),
        "CreationDate": created,
        "LastModificationDate": created,
        "Name": name,
        "State": "ACTIVE",
    })
}

/// Whether schedules can be put into this group.
pub(super) fn is_there(world: &World, name: &str) -> bool {
    name == DEFAULT || world.state().scheduler.groups.contains_key(name)
}

pub(super) fn create(world: &World, call: &Call) -> Answer {
    let name = name(call)?;
    if is_there(world, &name) {
        return Err(exists("Schedule group", &name));
    }
    let now = world.clock().epoch_seconds();
    world.state().scheduler.groups.insert(name.clone(), now);
    Ok(json!({"ScheduleGroupArn": arn(&name)}))
}

/// Every group, the default one too: it has been there as long as the account.
fn all(world: &World) -> Vec<(String, f64)> {
    let groups = world.state().scheduler.groups.clone();
    let mut all: Vec<(String, f64)> = groups.into_iter().collect();
    all.push((DEFAULT.to_owned(), 0.0));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

pub(super) fn get(world: &World, call: &Call) -> Answer {
    let name = name(call)?;
    let found = all(world).into_iter().find(|it| it.0 == name);
    found
        .map(|(name, created)| shown(&name, created))
        .ok_or_else(|| not_found("Schedule group", &name))
}

pub(super) fn list(world: &World, call: &Call) -> Answer {
    let prefix = option(call, "NamePrefix", "NamePrefix").unwrap_or_default();
    let wanted = all(world).into_iter().filter(|it| it.0.starts_with(&prefix));
    let groups: Vec<Value> = wanted.map(|(name, created)| shown(&name, created)).collect();
    paged(call, "ScheduleGroups", &groups)
}

/// "Deleting a schedule group results in `EventBridge` Scheduler deleting all schedules associated
/// with the group."
pub(super) fn delete(world: &World, call: &Call) -> Answer {
    let name = name(call)?;
    if name == DEFAULT {
        return Err(invalid("The default schedule group cannot be deleted."));
    }
    let mut state = world.state();
    if state.scheduler.groups.remove(&name).is_none() {
        return Err(not_found("Schedule group", &name));
    }
    state.scheduler.schedules.retain(|key, _| key.group != name);
    Ok(json!({}))
}
