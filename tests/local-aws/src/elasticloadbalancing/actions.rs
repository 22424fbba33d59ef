//! The actions of listeners and rules: what they send where, and what they keep from being deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{LISTENER, RULE, Resource, State, TARGET_GROUP, invalid};
use crate::wire::AwsError;

/// Actions as AWS shows them: an action that forwards to one group has its ARN both in
/// `TargetGroupArn` and in `ForwardConfig`, whichever was given.
pub(super) fn checked(
    state: &State,
    actions: &Value,
    load_balancer: &str,
) -> Result<Value, AwsError> {
    let mut shown = actions.as_array().cloned().unwrap_or_default();
    if shown.is_empty() {
        return Err(invalid("At least one action must be specified"));
    }
    for action in &mut shown {
        if action["Type"].as_str().is_none_or(str::is_empty) {
            return Err(invalid("Action type must be specified"));
        }
        if action["Type"] != "forward" {
            continue;
        }
        complete(action);
        for group in target_groups(action) {
            state.one(TARGET_GROUP, &group)?;
            let elsewhere = users(state, &group).any(|it| balancer(it) != Some(load_balancer));
            if elsewhere {
                let message = format!(
                    "The following target groups cannot be associated with more than one load \
                     balancer: {group}"
                );
                return Err(AwsError::bad("TargetGroupAssociationLimit", message));
            }
        }
    }
    Ok(shown.into())
}

fn complete(action: &mut Value) {
    let groups = action["ForwardConfig"]["TargetGroups"].as_array().map_or(&[][..], Vec::as_slice);
    match (groups, action["TargetGroupArn"].as_str()) {
        ([], Some(arn)) => {
            let group = json!({"TargetGroupArn": arn, "Weight": 1});
            let stickiness = json!({"Enabled": false});
            action["ForwardConfig"] =
                json!({"TargetGroups": [group], "TargetGroupStickinessConfig": stickiness});
        }
        ([only], None) => action["TargetGroupArn"] = only["TargetGroupArn"].clone(),
        _ => {}
    }
}

/// The target groups an action forwards to.
fn target_groups(action: &Value) -> BTreeSet<String> {
    let groups = action["ForwardConfig"]["TargetGroups"].as_array().into_iter().flatten();
    groups
        .map(|it| &it["TargetGroupArn"])
        .chain([&action["TargetGroupArn"]])
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

/// The load balancer of a listener or rule.
fn balancer(user: &Resource) -> Option<&str> {
    user.shown["LoadBalancerArn"].as_str()
}

/// The listeners and rules with an action that forwards to a group.
pub(super) fn users<'a>(state: &'a State, group: &'a str) -> impl Iterator<Item = &'a Resource> {
    let all = state.all(LISTENER).chain(state.all(RULE)).map(|(_, it)| it);
    all.filter(move |it| {
        let actions = it.shown["Actions"].as_array().or(it.shown["DefaultActions"].as_array());
        actions.into_iter().flatten().any(|action| target_groups(action).contains(group))
    })
}

/// The load balancers that send requests to a group.
pub(super) fn balancers(state: &State, group: &str) -> BTreeSet<String> {
    users(state, group).filter_map(|it| balancer(it).map(str::to_owned)).collect()
}
