//! `TerminateInstances`, which does not do all or nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Moment, State, instances, invalid, missing_parameter};
use crate::wire::AwsError;

/// AWS: "If you specify multiple instances and the request fails (for example, because of a single
/// incorrect instance ID), none of the instances are terminated." And: "If you terminate multiple
/// instances across multiple Availability Zones, and one or more of the specified instances are
/// enabled for termination protection, the request fails with the following results: The specified
/// instances that are in the same Availability Zone as the protected instance are not terminated.
/// The specified instances that are in different Availability Zones, where no other specified
/// instances are protected, are successfully terminated."
pub(super) fn terminate(state: &mut State, input: &Value, at: Moment) -> Answer {
    let ids = instances::named(state, input)?;
    if ids.is_empty() {
        return Err(missing_parameter("InstanceId"));
    }
    if ids.len() > 1000 {
        return Err(invalid("At most 1000 instances can be terminated by one request"));
    }
    let alive = |id: &&String| state.instances.get(*id).is_some_and(|it| it.ends.is_none());
    let is_protected = |id: &&String| state.instances.get(*id).is_some_and(|it| it.is_protected);
    let protected: Option<String> = ids.iter().filter(alive).find(is_protected).cloned();
    let kept: BTreeSet<String> = ids
        .iter()
        .filter(alive)
        .filter(is_protected)
        .filter_map(|id| Some(state.instances.get(id)?.zone.clone()))
        .collect();
    let mut changes = Vec::new();
    for id in &ids {
        let Some(instance) = state.instances.get_mut(id) else { continue };
        if kept.contains(&instance.zone) {
            continue;
        }
        let before = instance.state(at.now);
        instance.terminate(at);
        let after = instance.state(at.now);
        let shown = |(code, name): (u8, &str)| json!({"code": code, "name": name});
        let change =
            json!({"instanceId": id, "previousState": shown(before), "currentState": shown(after)});
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    match protected {
        None => Ok(json!({"instancesSet": changes})),
        Some(id) => Err(AwsError::bad(
            "OperationNotPermitted",
            format!(
                "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' \
                 instance attribute and try again."
            ),
        )),
    }
}
