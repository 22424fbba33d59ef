//! Amazon `EventBridge`: the default bus, its rules, and their delivery to functions.

mod operations;
pub(crate) mod pattern;
pub(crate) mod schedule;
mod tags;
mod timer;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use operations::answer;
pub(crate) use tags::tagged;

use crate::lambda;
use crate::tags::Tags;
use crate::world::{ACCOUNT, REGION, World};

/// How events reach their targets; one copy of each, in order, unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventDelivery {
    /// How often each target gets each event. AWS promises at least once.
    pub copies: u32,
    /// The events of one second are delivered newest first. AWS promises no order.
    pub reversed: bool,
    /// No event reaches a rule; schedules go on. AWS calls some services' events "best effort".
    pub lost: bool,
}

impl Default for EventDelivery {
    fn default() -> Self {
        Self { copies: 1, reversed: false, lost: false }
    }
}

struct Rule {
    name: String,
    pattern: Option<Value>,
    schedule: Option<schedule::Expression>,
    enabled: bool,
    /// What `DescribeRule` answers.
    description: Value,
    /// `Targets` as `PutTargets` got them, by id.
    targets: BTreeMap<String, Value>,
    tags: Tags,
    /// The service that made the rule on somebody's behalf.
    managed_by: Option<String>,
    /// Changes whenever a running timer of this rule has to end.
    generation: u64,
}

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    rules: BTreeMap<String, Rule>,
    generations: u64,
    delivery: EventDelivery,
    held_back: Vec<Value>,
    /// How many more targets are not removed.
    kept_targets: u32,
}

impl World {
    /// Changes how events reach their targets from now on.
    pub fn event_delivery(&self, delivery: EventDelivery) {
        self.state().events.delivery = delivery;
    }

    /// From now on the rule is one that another AWS service made and manages.
    pub fn manage_rule(&self, name: &str) {
        let mut state = self.state();
        let rule = state.events.rules.get_mut(name).expect("a rule that is there");
        rule.managed_by = Some("autoscaling.amazonaws.com".to_owned());
    }

    /// The next `count` targets that `RemoveTargets` is asked for fail; the rest of the request
    /// succeeds.
    pub fn keep_targets(&self, count: u32) {
        self.state().events.kept_targets = count;
    }
}

/// The ARN of a rule on the default bus.
fn rule_arn(name: &str) -> String {
    format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}")
}

/// An event on the default bus, sent by an AWS service or with `PutEvents`; gives its id.
pub(crate) fn put(
    world: &World,
    source: &str,
    detail_type: &str,
    resources: Vec<String>,
    detail: Value,
) -> String {
    let event = envelope(world, source, detail_type, resources, detail);
    let id = event["id"].as_str().unwrap_or_default().to_owned();
    let delivery = world.state().events.delivery;
    if delivery.lost {
        world.note(format!("events: {detail_type} lost"));
    } else if delivery.reversed {
        hold_back(world, event);
    } else {
        deliver(world, &event);
    }
    id
}

fn envelope(
    world: &World,
    source: &str,
    detail_type: &str,
    resources: Vec<String>,
    detail: Value,
) -> Value {
    let mut event = json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": world.clock().now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
    });
    event["resources"] = resources.into();
    event["detail"] = detail;
    event
}

/// The first event of a burst waits a second for the others; then the newest goes first.
fn hold_back(world: &World, event: Value) {
    let first = {
        let mut state = world.state();
        state.events.held_back.push(event);
        state.events.held_back.len() == 1
    };
    if !first {
        return;
    }
    let world = world.clone();
    tokio::spawn(async move {
        world.clock().sleep(Duration::from_secs(1)).await;
        let held = std::mem::take(&mut world.state().events.held_back);
        for event in held.iter().rev() {
            deliver(&world, event);
        }
    });
}

/// Hands an event to every target of every rule that it matches.
fn deliver(world: &World, event: &Value) {
    let matched: Vec<(String, Vec<Value>)> = {
        let state = world.state();
        let enabled = state.events.rules.values().filter(|rule| rule.enabled);
        enabled
            .filter(|rule| rule.pattern.as_ref().is_some_and(|it| pattern::matches(it, event)))
            .map(|rule| (rule.name.clone(), rule.targets.values().cloned().collect()))
            .collect()
    };
    for (rule, targets) in matched {
        hand_over(world, &rule, &targets, event);
    }
}

fn hand_over(world: &World, rule: &str, targets: &[Value], event: &Value) {
    let copies = world.state().events.delivery.copies;
    for target in targets {
        let arn = target["Arn"].as_str().unwrap_or_default();
        let payload = payload(target, event);
        let what = event["detail-type"].as_str().unwrap_or_default();
        world.note(format!("events: rule {rule} sends {what} to {}", last(arn)));
        for _ in 0..copies {
            lambda::invoke_event(world, arn, payload.clone());
        }
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// "If Input is specified in the form of valid JSON, then the matched event is overridden with this
/// constant. If `InputPath` is specified in the form of `JSONPath` …, then only the part of the event
/// specified in the path is passed to the target."
fn payload(target: &Value, event: &Value) -> Value {
    if let Some(input) = target["Input"].as_str() {
        return serde_json::from_str(input).unwrap_or_default();
    }
    let path = target["InputPath"].as_str().unwrap_or("$");
    let mut value = event;
    for key in path.trim_start_matches('$').split('.').filter(|it| !it.is_empty()) {
        value = &value[key];
    }
    value.clone()
}
