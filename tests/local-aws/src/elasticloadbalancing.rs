//! Elastic Load Balancing: load balancers, listeners, their rules, target groups.

mod actions;
mod load_balancers;
mod rules;
mod tags;
mod target_groups;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::{AwsError, Call, Reply, page, texts, whole};
use crate::world::{ACCOUNT, REGION, State as Account, World, hex_id, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    /// How many were ever made: where their ids come from.
    made: u64,
    /// By ARN, which says what kind each is.
    resources: BTreeMap<String, Resource>,
}

/// A load balancer, listener, rule or target group.
struct Resource {
    /// As its Describe operation shows it.
    shown: Value,
    tags: BTreeMap<String, String>,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    let now = world.clock().now();
    let mut account = world.state();
    let state = &mut account.elasticloadbalancing;
    match call.operation.as_str() {
        "CreateLoadBalancer" => load_balancers::create(state, input, now),
        "DescribeLoadBalancers" => load_balancers::describe(state, input),
        "DeleteLoadBalancer" => load_balancers::delete(state, input),
        "CreateListener" => load_balancers::create_listener(state, input),
        "DescribeListeners" => load_balancers::describe_listeners(state, input),
        "CreateRule" => rules::create(state, input),
        "DescribeRules" => rules::describe(state, input),
        "ModifyRule" => rules::modify(state, input),
        "DeleteRule" => rules::delete(state, input),
        "CreateTargetGroup" => target_groups::create(state, input),
        "DescribeTargetGroups" => target_groups::describe(state, input),
        "DeleteTargetGroup" => target_groups::delete(state, input),
        "DescribeTargetHealth" => target_groups::health(state, input),
        "AddTags" => tags::add(state, input),
        "RemoveTags" => tags::remove(state, input),
        "DescribeTags" => tags::describe(state, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

/// The ARN and the tags of everything that exists.
pub(crate) fn tagged(state: &Account) -> Vec<(String, BTreeMap<String, String>)> {
    let resources = &state.elasticloadbalancing.resources;
    resources.iter().map(|(arn, it)| (arn.clone(), it.tags.clone())).collect()
}

impl State {
    fn new_id(&mut self) -> String {
        self.made += 1;
        hex_id(self.made)
    }

    /// Everything of one kind: `kind` is how the ARN's last part begins.
    fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Resource)> {
        self.resources.iter().filter(move |(arn, _)| kind_of(arn) == kind)
    }

    /// One of a kind, or the error that it is not there.
    fn one(&self, kind: &str, arn: &str) -> Result<&Resource, AwsError> {
        if kind_of(arn) != kind {
            return Err(invalid(format!("'{arn}' is not a valid {} ARN", spoken(kind))));
        }
        self.resources.get(arn).ok_or_else(|| missing(kind, arn))
    }

    fn insert(&mut self, arn: &str, shown: Value, tags: BTreeMap<String, String>) {
        self.resources.insert(arn.to_owned(), Resource { shown, tags });
    }
}

const LOAD_BALANCER: &str = "loadbalancer";
const LISTENER: &str = "listener";
const RULE: &str = "listener-rule";
const TARGET_GROUP: &str = "targetgroup";

fn arn(kind: &str, rest: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:{kind}/{rest}")
}

fn kind_of(arn: &str) -> &str {
    let prefix = "arn:aws:elasticloadbalancing:";
    let last = arn.strip_prefix(prefix).and_then(|it| it.splitn(3, ':').nth(2));
    last.and_then(|it| it.split('/').next()).unwrap_or_default()
}

/// What messages call a kind.
fn spoken(kind: &str) -> &str {
    match kind {
        LOAD_BALANCER => "load balancer",
        TARGET_GROUP => "target group",
        RULE => "rule",
        other => other,
    }
}

fn missing(kind: &str, name: &str) -> AwsError {
    match kind {
        LOAD_BALANCER => {
            AwsError::bad("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found"))
        }
        TARGET_GROUP => {
            AwsError::bad("TargetGroupNotFound", format!("Target groups '{name}' not found"))
        }
        LISTENER => AwsError::bad("ListenerNotFound", "One or more listeners not found"),
        _ => AwsError::bad("RuleNotFound", "One or more rules not found"),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

/// AWS: "This name must be unique per region per account, can have a maximum of 32 characters,
/// must contain only alphanumeric characters or hyphens, and must not begin or end with a hyphen."
fn name<'a>(input: &'a Value, what: &str) -> Result<&'a str, AwsError> {
    let name = input["Name"].as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let hyphens = name.starts_with('-') || name.ends_with('-');
    if name.is_empty() || name.len() > 32 || !name.chars().all(fits) || hyphens {
        let must = "have 1 to 32 alphanumeric characters or hyphens, hyphens only between others";
        return Err(invalid(format!("{what} name '{name}' must {must}")));
    }
    Ok(name)
}

/// One page of a Describe operation; the model has 1 to 400 for `PageSize`.
fn paged(list: &str, items: &[Value], input: &Value) -> Answer {
    let size = match &input["PageSize"] {
        Value::Null => 400,
        given => whole(given)
            .filter(|it| (1..=400).contains(it))
            .ok_or_else(|| invalid("Value at 'pageSize' must be between 1 and 400"))?,
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let (items, next) = page(items, &input["Marker"], size, "ValidationError")?;
    let mut answer = json!({list: items});
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    Ok(answer)
}

/// A resource as AWS would show it again: creating twice what has the same settings succeeds.
fn same<'a>(state: &'a State, kind: &'a str, new: &Value, own: &[&str]) -> Option<&'a Resource> {
    let settings = |shown: &Value| {
        let mut shown = shown.clone();
        if let Some(members) = shown.as_object_mut() {
            members.retain(|name, _| !own.contains(&name.as_str()));
        }
        shown
    };
    state.all(kind).map(|(_, it)| it).find(|it| settings(&it.shown) == settings(new))
}

/// What a request names by ARN or by name, in the order of the account; all of it if it names
/// nothing. One that is not there fails the request.
fn named(
    state: &State,
    kind: &str,
    input: &Value,
    arns: &str,
    name: &str,
) -> Result<Vec<Value>, AwsError> {
    let wanted = texts(&input[arns]);
    for arn in &wanted {
        state.one(kind, arn)?;
    }
    let names = texts(&input["Names"]);
    let known = |wanted: &str| state.all(kind).any(|(_, it)| it.shown[name] == wanted);
    if let Some(unknown) = names.iter().find(|it| !known(it)) {
        return Err(missing(kind, unknown));
    }
    let everything = wanted.is_empty() && names.is_empty();
    let is_wanted = |arn: &str, it: &Resource| {
        everything || wanted.contains(&arn) || names.iter().any(|name_| it.shown[name] == **name_)
    };
    let found = state.all(kind).filter(|(arn, it)| is_wanted(arn, it));
    Ok(found.map(|(_, it)| it.shown.clone()).collect())
}
