//! AWS Cloud Map: namespaces, the services in them, and their instances.

mod instances;
mod namespaces;
mod services;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tags::{self, Refused, Tags};
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{State as Account, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    namespaces: BTreeMap<String, namespaces::Namespace>,
    services: BTreeMap<String, services::Service>,
    /// By id: what `GetOperation` answers.
    operations: BTreeMap<String, Value>,
    /// How many ids there ever were.
    ids: u64,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "CreatePrivateDnsNamespace" => namespaces::create(world, input, "DNS_PRIVATE"),
        "CreateHttpNamespace" => namespaces::create(world, input, "HTTP"),
        "ListNamespaces" => namespaces::list(world, input),
        "GetOperation" => get_operation(world, input),
        "CreateService" => services::create(world, input),
        "GetService" => services::get(world, input),
        "ListServices" => services::list(world, input),
        "DeleteService" => services::delete(world, input),
        "RegisterInstance" => instances::register(world, input),
        "DeregisterInstance" => instances::deregister(world, input),
        "ListInstances" => instances::list(world, input),
        "TagResource" => tag(world, input),
        "ListTagsForResource" => list_tags(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

/// The namespaces and services that are there, with their tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    let state = &state.servicediscovery;
    let namespaces = state.namespaces.values().map(|it| (it.arn(), it.tags.clone()));
    namespaces.chain(state.services.values().map(|it| (it.arn(), it.tags.clone()))).collect()
}

impl State {
    /// An id nobody else has: `ns-` or `srv-`, and what follows it.
    fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}-{:016x}", self.ids)
    }

    /// Remembers what was done, as an operation that is through at once; its id.
    fn done(&mut self, world: &World, kind: &str, target: (&str, &str)) -> String {
        let id = self.id("op");
        let now = world.clock().epoch_seconds();
        let operation = json!({
            "Id": id,
            "Type": kind,
            "Status": "SUCCESS",
            "CreateDate": now,
            "UpdateDate": now,
            "Targets": {target.0: target.1},
        });
        self.operations.insert(id.clone(), operation);
        id
    }

    fn tags(&mut self, input: &Value) -> Result<&mut Tags, AwsError> {
        let arn = input["ResourceARN"].as_str().unwrap_or_default();
        let id = arn.rsplit('/').next().unwrap_or_default();
        let namespace = self.namespaces.get_mut(id).filter(|it| it.arn() == arn);
        let service = self.services.get_mut(id).filter(|it| it.arn() == arn);
        let found = namespace.map(|it| &mut it.tags).or(service.map(|it| &mut it.tags));
        found.ok_or_else(|| {
            let message = format!("The resource {arn} does not exist.");
            AwsError::new(404, "ResourceNotFoundException", &message)
        })
    }
}

fn get_operation(world: &World, input: &Value) -> Answer {
    let state = world.state();
    let id = input["OperationId"].as_str().unwrap_or_default();
    let found = state.servicediscovery.operations.get(id);
    let operation = found
        .ok_or_else(|| AwsError::new(404, "OperationNotFound", "The operation does not exist."))?;
    Ok(json!({"Operation": operation}))
}

fn tag(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    tags::add(state.servicediscovery.tags(input)?, &input["Tags"]).map_err(bad_tags)?;
    Ok(json!({}))
}

fn list_tags(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let tags = state.servicediscovery.tags(input)?;
    Ok(json!({"Tags": tags::tag_list(tags)}))
}

fn bad_tags(refused: Refused) -> AwsError {
    match refused {
        Refused::TooMany => {
            let message = "The list of tags on the resource is over the limit of 50.";
            AwsError::bad("TooManyTagsException", message)
        }
        Refused::Invalid(message) => invalid(message),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidInput", message)
}

/// A required text.
fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    let text = input[member].as_str().filter(|it| !it.is_empty());
    text.ok_or_else(|| invalid(format!("{member} must not be empty.")))
}

/// The values of the filter of this name; Cloud Map knows no filters but these.
fn filter<'a>(
    input: &'a Value,
    names: &[&str],
) -> Result<BTreeMap<&'a str, Vec<&'a str>>, AwsError> {
    let mut filters = BTreeMap::new();
    for filter in input["Filters"].as_array().into_iter().flatten() {
        let name = filter["Name"].as_str().unwrap_or_default();
        if !names.contains(&name) {
            return Err(invalid(format!("The filter {name} is not valid.")));
        }
        // "EQ: When you specify EQ for the condition, you can specify only one value."
        let values: Vec<&str> =
            filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        match filter["Condition"].as_str().unwrap_or("EQ") {
            "EQ" if values.len() == 1 => {}
            condition => {
                let message = format!("The filter {name} takes one value, and EQ: {condition}");
                return Err(invalid(message));
            }
        }
        filters.insert(name, values);
    }
    Ok(filters)
}

/// One page of a list. AWS: "If you don't specify a value for `MaxResults`, Cloud Map returns up to
/// 100".
fn paged(input: &Value, member: &str, items: &[Value]) -> Answer {
    let limit = match &input["MaxResults"] {
        Value::Null => Some(100),
        value => value.as_u64().and_then(|it| usize::try_from(it).ok()),
    };
    let limit = limit.filter(|it| (1..=100).contains(it));
    let limit = limit.ok_or_else(|| invalid("MaxResults must be between 1 and 100."))?;
    let (items, next) = page(items, &input["NextToken"], limit, "InvalidInput")?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}
