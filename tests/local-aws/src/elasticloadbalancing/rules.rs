//! Rules of listeners.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::load_balancers::{of_listener, rule_arn};
use super::{Answer, LISTENER, RULE, State, actions, invalid, missing, paged, tags};
use crate::wire::{AwsError, texts, whole};

/// What the service knows of a rule and does not show.
const UNSEEN: [&str; 2] = ["LoadBalancerArn", "ListenerArn"];

const FIELDS: &str =
    "[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]";

fn insert(
    state: &mut State,
    listener: &str,
    shown: Value,
    tags: BTreeMap<String, String>,
) -> Value {
    let arn = rule_arn(state, listener);
    let mut shown = shown;
    shown["RuleArn"] = json!(arn);
    shown["ListenerArn"] = json!(listener);
    shown["LoadBalancerArn"] = json!(of_listener(state, listener).unwrap_or_default());
    state.insert(&arn, shown.clone(), tags);
    seen(&shown)
}

/// A rule as it is described.
fn seen(rule: &Value) -> Value {
    let mut rule = rule.clone();
    if let Some(members) = rule.as_object_mut() {
        members.retain(|name, _| !UNSEEN.contains(&name.as_str()));
    }
    rule
}

/// The rule that every listener has.
pub(super) fn insert_default(state: &mut State, listener: &str, actions: &Value) {
    let shown =
        json!({"Priority": "default", "Conditions": [], "Actions": actions, "IsDefault": true});
    insert(state, listener, shown, BTreeMap::new());
}

pub(super) fn create(state: &mut State, input: &Value) -> Answer {
    let listener = input["ListenerArn"].as_str().unwrap_or_default();
    let balancer = of_listener(state, listener)?;
    let tags = tags::read(&input["Tags"])?;
    let priority = whole(&input["Priority"]).filter(|it| (1..=50_000).contains(it));
    let priority =
        priority.ok_or_else(|| invalid("Rule priority must be between 1 and 50000"))?.to_string();
    let taken = |it: &Value| it["ListenerArn"] == listener && it["Priority"] == priority;
    if state.all(RULE).any(|(_, it)| taken(&it.shown)) {
        let message = format!("Priority '{priority}' is currently in use");
        return Err(AwsError::bad("PriorityInUse", message));
    }
    let shown = json!({
        "Priority": priority,
        "Conditions": conditions(&input["Conditions"])?,
        "Actions": actions::checked(state, &input["Actions"], &balancer)?,
        "IsDefault": false,
    });
    Ok(json!({"Rules": [insert(state, listener, shown, tags)]}))
}

/// Conditions as AWS shows them: for hosts and paths the values are in both of their places,
/// whichever was given.
fn conditions(given: &Value) -> Result<Value, AwsError> {
    let mut shown = given.as_array().cloned().unwrap_or_default();
    if shown.is_empty() {
        return Err(invalid("A condition must be specified"));
    }
    for condition in &mut shown {
        let config = match condition["Field"].as_str() {
            Some("host-header") => "HostHeaderConfig",
            Some("path-pattern") => "PathPatternConfig",
            Some("http-header" | "http-request-method" | "query-string" | "source-ip") => continue,
            other => {
                let field = other.unwrap_or_default();
                let message = format!("Condition field '{field}' must be one of '{FIELDS}'");
                return Err(invalid(message));
            }
        };
        let values = condition["Values"].as_array().or(condition[config]["Values"].as_array());
        let values = values.cloned().filter(|it| !it.is_empty());
        let values = values.ok_or_else(|| invalid("A condition value must be specified"))?;
        condition["Values"] = json!(values);
        condition[config] = json!({"Values": values});
    }
    Ok(shown.into())
}

/// In the order in which they are evaluated; the default rule is the last of its listener.
pub(super) fn describe(state: &State, input: &Value) -> Answer {
    let wanted = texts(&input["RuleArns"]);
    let listener = input["ListenerArn"].as_str();
    if wanted.is_empty() == listener.is_none() {
        return Err(invalid("You must specify either rule ARNs or a listener ARN"));
    }
    for arn in &wanted {
        state.one(RULE, arn)?;
    }
    if let Some(listener) = listener {
        state.one(LISTENER, listener)?;
    }
    let is_wanted = |arn: &str, it: &Value| match listener {
        Some(listener) => it["ListenerArn"] == listener,
        None => wanted.contains(&arn),
    };
    let found = state.all(RULE).filter(|(arn, it)| is_wanted(arn, &it.shown));
    let mut found: Vec<Value> = found.map(|(_, it)| seen(&it.shown)).collect();
    found.sort_by_key(|it| whole(&it["Priority"]).unwrap_or(u64::MAX));
    paged("Rules", &found, input)
}

pub(super) fn modify(state: &mut State, input: &Value) -> Answer {
    let arn = input["RuleArn"].as_str().unwrap_or_default();
    let mut shown = state.one(RULE, arn)?.shown.clone();
    if shown["IsDefault"] == true {
        return Err(default_rule("modified"));
    }
    let balancer = shown["LoadBalancerArn"].as_str().unwrap_or_default().to_owned();
    if !input["Conditions"].is_null() {
        shown["Conditions"] = conditions(&input["Conditions"])?;
    }
    if !input["Actions"].is_null() {
        shown["Actions"] = actions::checked(state, &input["Actions"], &balancer)?;
    }
    let answer = json!({"Rules": [seen(&shown)]});
    let rule = state.resources.get_mut(arn).ok_or_else(|| missing(RULE, arn))?;
    rule.shown = shown;
    Ok(answer)
}

/// AWS: "You can't delete the default rule."
pub(super) fn delete(state: &mut State, input: &Value) -> Answer {
    let arn = input["RuleArn"].as_str().unwrap_or_default();
    if state.one(RULE, arn)?.shown["IsDefault"] == true {
        return Err(default_rule("deleted"));
    }
    state.resources.remove(arn);
    Ok(json!({}))
}

fn default_rule(what: &str) -> AwsError {
    AwsError::bad("OperationNotPermitted", format!("Default rule cannot be {what}"))
}
