//! Application Auto Scaling: scalable targets, their policies and scheduled actions. Nothing is
//! scaled by them: whatever they say, a service keeps the size it is given.

mod attached;
mod tags;
mod targets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tags::Tags;
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{State as Account, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    targets: BTreeMap<Key, Target>,
    /// As `DescribeScalingPolicies` shows them, by target and name.
    policies: BTreeMap<(Key, String), Value>,
    /// As `DescribeScheduledActions` shows them, by target and name.
    actions: BTreeMap<(Key, String), Value>,
    /// How many things were made that have an id.
    made: u64,
}

/// AWS: "Scalable targets are uniquely identified by the combination of resource ID, scalable
/// dimension, and namespace".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    namespace: String,
    resource: String,
    dimension: String,
}

struct Target {
    /// As `DescribeScalableTargets` shows it.
    shown: Value,
    tags: Tags,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "RegisterScalableTarget" => targets::register(world, input),
        "DescribeScalableTargets" => targets::describe(world, input),
        "DeregisterScalableTarget" => targets::deregister(world, input),
        "PutScalingPolicy" => attached::put_policy(world, input),
        "DescribeScalingPolicies" => attached::describe_policies(world, input),
        "DeleteScalingPolicy" => attached::delete_policy(world, input),
        "PutScheduledAction" => attached::put_action(world, input),
        "DescribeScheduledActions" => attached::describe_actions(world, input),
        "DeleteScheduledAction" => attached::delete_action(world, input),
        "ListTagsForResource" => tags::list(world, input),
        "TagResource" => tags::tag(world, input),
        "UntagResource" => tags::untag(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

/// Every scalable target with its tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    let targets = state.applicationautoscaling.targets.values();
    targets.map(|it| (it.arn().to_owned(), it.tags.clone())).collect()
}

impl Target {
    fn arn(&self) -> &str {
        self.shown["ScalableTargetARN"].as_str().unwrap_or_default()
    }
}

impl State {
    /// An id as AWS's look, of letters and digits.
    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{:032x}", self.made)
    }

    fn target(&mut self, key: &Key) -> Result<&mut Target, AwsError> {
        let missing = || {
            let Key { namespace, resource, dimension } = key;
            missing(&format!(
                "No scalable target found for service namespace: {namespace}, resource ID: \
                 {resource}, scalable dimension: {dimension}"
            ))
        };
        self.targets.get_mut(key).ok_or_else(missing)
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationException", message)
}

fn missing(message: &str) -> AwsError {
    AwsError::bad("ObjectNotFoundException", message)
}

/// As AWS words a member that is outside its model.
fn constraint(value: &str, member: &str, must: &str) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {must}"
    ))
}

/// A required text.
fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    let lower = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
    let given = input[member].as_str().filter(|it| !it.is_empty());
    given.ok_or_else(|| constraint("null", &lower, "not be null"))
}

impl Key {
    fn read(input: &Value) -> Result<Self, AwsError> {
        let namespace = text(input, "ServiceNamespace")?;
        let dimension = text(input, "ScalableDimension")?;
        if !dimension.starts_with(&format!("{namespace}:")) {
            let message = "Scalable dimension does not match the service namespace.";
            return Err(invalid(message));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            resource: text(input, "ResourceId")?.to_owned(),
            dimension: dimension.to_owned(),
        })
    }

    /// Whether it is one of the resources a listing asks for.
    fn is_wanted(&self, input: &Value) -> bool {
        let fits = |member: &str, own: &str| input[member].is_null() || input[member] == own;
        fits("ServiceNamespace", &self.namespace)
            && fits("ScalableDimension", &self.dimension)
            && fits("ResourceId", &self.resource)
    }
}

/// AWS: "You can specify up to 50" names or resources.
fn names<'a>(input: &'a Value, member: &str) -> Result<Vec<&'a str>, AwsError> {
    let names = input[member].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<&str> = names.collect();
    match names.len() > 50 {
        true => {
            let lower = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
            let shown = format!("[{}]", names.join(", "));
            Err(constraint(&shown, &lower, "have length less than or equal to 50"))
        }
        false => Ok(names),
    }
}

/// AWS: "This value can be between 1 and 50. The default value is 50."
fn paged(list: &str, all: &[Value], input: &Value) -> Answer {
    let limit = match &input["MaxResults"] {
        Value::Null => 50,
        count => usize::try_from(count.as_u64().unwrap_or_default())
            .ok()
            .filter(|it| (1..=50).contains(it))
            .ok_or_else(|| invalid("MaxResults must be between 1 and 50."))?,
    };
    let (found, next) = page(all, &input["NextToken"], limit, "InvalidNextTokenException")?;
    let mut answer = json!({list: found});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}
