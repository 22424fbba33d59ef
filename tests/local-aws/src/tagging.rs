//! The Resource Groups Tagging API: what is tagged, and for a while what was.

mod filters;
mod index;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::tags::{Tags, tag_list};
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{State as Account, World, unknown};
use crate::{
    applicationautoscaling, cloudformation, cloudwatch, codedeploy, ec2, ecr, ecs, elasticache,
    elasticloadbalancing, events, logs, route53, secretsmanager, servicediscovery, ssm,
};

pub(crate) use index::State;

/// Resources by their ARNs.
type Tagged = Vec<(String, Tags)>;

/// What exists now with its tags, for each service that has tags.
const COLLECTORS: &[fn(&Account) -> Tagged] = &[
    applicationautoscaling::tagged,
    cloudformation::tagged,
    cloudwatch::tagged,
    codedeploy::tagged,
    ecr::tagged,
    elasticloadbalancing::tagged,
    events::tagged,
    logs::tagged,
    route53::tagged,
    secretsmanager::tagged,
    servicediscovery::tagged,
    ssm::tagged,
];

/// The same, for those services where what is deleted exists until its time has come.
const TIMED_COLLECTORS: &[fn(&Account, Timestamp) -> Tagged] =
    &[ec2::tagged, ecs::tagged, elasticache::tagged];

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "GetResources" => resources(world, input),
        "GetTagKeys" => keys(world, input),
        "GetTagValues" => values(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

type Answer = Result<Value, AwsError>;

fn resources(world: &World, input: &Value) -> Answer {
    let wanted = filters::Wanted::read(input)?;
    let found = shown(world).into_iter().filter(|(arn, tags)| wanted.takes(arn, tags));
    let found: Vec<Value> =
        found.map(|(arn, tags)| json!({"ResourceARN": arn, "Tags": tag_list(&tags)})).collect();
    paged("ResourceTagMappingList", &found, input, filters::per_page(input)?)
}

fn keys(world: &World, input: &Value) -> Answer {
    let keys: BTreeSet<String> = shown(world).into_values().flat_map(Tags::into_keys).collect();
    let keys: Vec<Value> = keys.into_iter().map(Value::from).collect();
    paged("TagKeys", &keys, input, PAGE)
}

fn values(world: &World, input: &Value) -> Answer {
    let key = input["Key"].as_str().filter(|it| !it.is_empty());
    let key = key.ok_or_else(|| invalid("Key must have at least one character."))?;
    let values: BTreeSet<String> =
        shown(world).into_values().filter_map(|mut tags| tags.remove(key)).collect();
    let values: Vec<Value> = values.into_iter().map(Value::from).collect();
    paged("TagValues", &values, input, PAGE)
}

/// How many items a page has if nobody says it.
const PAGE: usize = 50;

/// The token of the last page is an empty text, and an empty text asks for the first page.
fn paged(list: &str, items: &[Value], input: &Value, limit: usize) -> Answer {
    let token = Some(&input["PaginationToken"]).filter(|it| *it != "").unwrap_or(&Value::Null);
    let (found, next) = page(items, token, limit, "PaginationTokenExpiredException")?;
    Ok(json!({list: found, "PaginationToken": next.unwrap_or_default()}))
}

/// What the service believes to exist, brought up to date as far as its lag allows.
fn shown(world: &World) -> BTreeMap<String, Tags> {
    let now = world.clock().now();
    let mut state = world.state();
    let mut existing = BTreeMap::new();
    for collect in COLLECTORS {
        existing.extend(collect(&state));
    }
    for collect in TIMED_COLLECTORS {
        existing.extend(collect(&state, now));
    }
    for (arn, tags) in cloudformation::owned(&state) {
        if let Some(resource) = existing.get_mut(&arn) {
            resource.extend(tags);
        }
    }
    state.tagging.bring_up_to_date(existing, now, world.pace().tagging_lag)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}
