//! Route 53: hosted zones and their records.

mod changes;
mod names;
mod record;
mod records;
mod xml;
mod zones;

use std::collections::BTreeMap;

use http::Request;
use serde_json::{Value, json};

use crate::tags::{self, Refused, Tags};
use crate::wire::{AwsError, Call, Reply};
use crate::world::{State as Account, World, unknown};

pub(crate) use xml::{document, error};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    /// By id, without `/hostedzone/`.
    zones: BTreeMap<String, zones::Zone>,
    /// How many zones there ever were.
    made: u64,
    /// How many changes there ever were.
    changes: u64,
}

type Answer = Result<Value, AwsError>;

/// The operation a request asks for, from its method and the parts of its path.
pub(crate) fn operation(method: &str, parts: &[&str]) -> &'static str {
    match (method, parts) {
        ("POST", [_, "hostedzone"]) => "CreateHostedZone",
        ("GET", [_, "hostedzone"]) => "ListHostedZones",
        ("GET", [_, "hostedzone", _]) => "GetHostedZone",
        ("DELETE", [_, "hostedzone", _]) => "DeleteHostedZone",
        ("POST", [_, "hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", [_, "hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", [_, "tags", _, _]) => "ChangeTagsForResource",
        ("GET", [_, "tags", _, _]) => "ListTagsForResource",
        _ => "Unknown",
    }
}

/// The members of a request, wherever they travel: in its path, its query or its body.
pub(crate) fn input<B: AsRef<[u8]>>(request: &Request<B>) -> Value {
    let body = std::str::from_utf8(request.body().as_ref()).unwrap_or_default();
    let Some(mut input) = xml::read(body) else { return Value::Null };
    let parts: Vec<&str> = request.uri().path().split('/').filter(|it| !it.is_empty()).collect();
    match parts.as_slice() {
        [_, "hostedzone", id] => input["Id"] = json!(id),
        [_, "hostedzone", id, ..] => input["HostedZoneId"] = json!(id),
        [_, "tags", kind, id] => {
            input["ResourceType"] = json!(kind);
            input["ResourceId"] = json!(id);
        }
        _ => {}
    }
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let member = match name.as_ref() {
            "marker" => "Marker",
            "maxitems" => "MaxItems",
            "hostedzonetype" => "HostedZoneType",
            "name" => "StartRecordName",
            "type" => "StartRecordType",
            "identifier" => "StartRecordIdentifier",
            _ => continue,
        };
        input[member] = json!(value);
    }
    input
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    if !input.is_object() {
        return Err(invalid("The XML of the request is not well-formed."));
    }
    match call.operation.as_str() {
        "CreateHostedZone" => zones::create(world, input),
        "ListHostedZones" => zones::list(world, input),
        "GetHostedZone" => zones::get(world, input),
        "DeleteHostedZone" => zones::delete(world, input),
        "ChangeResourceRecordSets" => changes::change(world, input),
        "ListResourceRecordSets" => records::list(world, input),
        "ChangeTagsForResource" => change_tags(world, input),
        "ListTagsForResource" => list_tags(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

/// The zones that are there, with their tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    let zones = state.route53.zones.iter();
    zones.map(|(id, it)| (format!("arn:aws:route53:::hostedzone/{id}"), it.tags.clone())).collect()
}

fn change_tags(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let zone = tagged_zone(&mut state.route53, input)?;
    let mut changed = zone.tags.clone();
    tags::remove(&mut changed, &input["RemoveTagKeys"]);
    tags::add(&mut changed, &input["AddTags"]).map_err(|refused| match refused {
        Refused::TooMany => invalid("A resource can have at most 50 tags."),
        Refused::Invalid(message) => invalid(message),
    })?;
    zone.tags = changed;
    Ok(json!({}))
}

fn list_tags(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let tags = tags::tag_list(&tagged_zone(&mut state.route53, input)?.tags);
    let (kind, id) = (&input["ResourceType"], &input["ResourceId"]);
    Ok(json!({"ResourceTagSet": {"ResourceType": kind, "ResourceId": id, "Tags": tags}}))
}

fn tagged_zone<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut zones::Zone, AwsError> {
    match input["ResourceType"].as_str() {
        Some("hostedzone") => state.zone(input["ResourceId"].as_str()),
        Some("healthcheck") => {
            let message = "local-aws has no health checks";
            Err(AwsError::new(404, "NoSuchHealthCheck", message))
        }
        _ => Err(invalid("The resource type is neither healthcheck nor hostedzone.")),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidInput", message)
}

/// A request's `MaxItems`. AWS, of more than that: "Route 53 returns only the first" so many.
fn max_items(input: &Value, most: usize) -> Result<usize, AwsError> {
    let count = match &input["MaxItems"] {
        Value::Null => Some(most),
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|it| usize::try_from(it).ok()),
    };
    let count = count.filter(|it| *it > 0).ok_or_else(|| invalid("MaxItems must be 1 or more."))?;
    Ok(count.min(most))
}
