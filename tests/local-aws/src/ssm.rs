//! Parameter Store of AWS Systems Manager: parameters, their versions, their tags.

mod names;
mod put;
mod read;
mod search;
mod tags;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::wire::{AwsError, Call, Reply, Service};
use crate::world::{ACCOUNT, REGION, State as Account, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    parameters: BTreeMap<String, Parameter>,
}

struct Parameter {
    name: String,
    /// `String`, `StringList` or `SecureString`; it never changes.
    kind: String,
    tags: BTreeMap<String, String>,
    /// Oldest first, and never empty.
    versions: Vec<Version>,
}

#[derive(Clone)]
struct Version {
    number: u64,
    value: String,
    tier: &'static str,
    at: Timestamp,
    /// `AllowedPattern`, `DataType`, `Description`, `KeyId`: told back as they came.
    told: Value,
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "PutParameter" => put::put(world, input),
        "DeleteParameter" => put::delete(world, input),
        "DeleteParameters" => put::delete_many(world, input),
        "GetParameter" => read::get(world, input),
        "GetParameters" => read::get_many(world, input),
        "GetParameterHistory" => read::history(world, input),
        "GetParametersByPath" => search::by_path(world, input),
        "DescribeParameters" => search::describe(world, input),
        "AddTagsToResource" => tags::add(world, input),
        "RemoveTagsFromResource" => tags::remove(world, input),
        "ListTagsForResource" => tags::list(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

type Answer = Result<Value, AwsError>;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationException", message)
}

/// As AWS words a member that is outside its model.
fn constraint(value: &str, member: &str, must: &str) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {must}"
    ))
}

/// Parameter Store says nothing about it.
fn not_found() -> AwsError {
    AwsError::bad("ParameterNotFound", "")
}

fn epoch(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

impl Parameter {
    /// The leading slash of a path is not doubled in an ARN.
    fn arn(&self) -> String {
        let path = self.name.trim_start_matches('/');
        format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{path}")
    }

    fn current(&self) -> &Version {
        self.versions.last().expect("a parameter is made with its first version")
    }

    /// The value as it is told: a `SecureString` is ciphertext unless the caller decrypts it.
    fn told_value(&self, version: &Version, decrypted: bool) -> String {
        if self.kind != "SecureString" || decrypted {
            return version.value.clone();
        }
        let key = version.told["KeyId"].as_str().unwrap_or_default();
        let sealed = Sha256::digest(format!("{key}\n{}\n{}", self.arn(), version.value));
        format!("kms:{key}:{}", STANDARD.encode(sealed))
    }
}

impl State {
    /// The parameter of a name or an ARN, and the version that follows either after a colon.
    fn find(&self, reference: &str) -> Result<(&Parameter, &Version, Option<String>), AwsError> {
        let (name, selector) = names::split(reference);
        let parameter = self
            .parameters
            .values()
            .find(|it| it.name == name || it.arn() == name)
            .ok_or_else(not_found)?;
        let Some(selector) = selector else { return Ok((parameter, parameter.current(), None)) };
        let version = parameter.versions.iter().find(|it| it.number.to_string() == selector);
        // Labels are not modelled: no parameter has one.
        let version = version.ok_or_else(|| {
            let message = format!(
                "Systems Manager could not find version {selector} of {name}. Verify the version \
                 and try again."
            );
            AwsError::bad("ParameterVersionNotFound", message)
        })?;
        Ok((parameter, version, Some(format!(":{selector}"))))
    }
}

/// Every parameter with its tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, BTreeMap<String, String>)> {
    state.ssm.parameters.values().map(|it| (it.arn(), it.tags.clone())).collect()
}

/// What ECS puts into a container for `valueFrom`.
///
/// AWS: "If the SSM Parameter Store parameter exists in the same Region as the task you're
/// launching, then you can use either the full ARN or name of the parameter."
pub(crate) fn value(world: &World, value_from: &str) -> Option<String> {
    let state = world.state();
    let (_, version, _) = state.ssm.find(value_from).ok()?;
    Some(version.value.clone())
}

/// Takes the values of `SecureString` parameters out of what is remembered of a request, as
/// `CloudTrail` does: `HIDDEN_DUE_TO_SECURITY_REASONS`.
pub(crate) fn hide(world: &World, call: &Call, remembered: &mut Value) {
    const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
    if call.service != Service::Ssm {
        return;
    }
    let name = remembered["Name"].as_str().unwrap_or_default();
    let secure = |kind: &Value| kind == "SecureString";
    let known = || world.state().ssm.find(name).is_ok_and(|it| it.0.kind == "SecureString");
    if remembered["Value"].is_string() && (secure(&remembered["Type"]) || known()) {
        remembered["Value"] = json!(HIDDEN);
    }
    let decrypted = call.input["WithDecryption"] == true;
    let hide_one = |it: &mut Value| {
        if decrypted && secure(&it["Type"]) {
            it["Value"] = json!(HIDDEN);
        }
    };
    if let Some(one) = remembered.get_mut("Parameter") {
        hide_one(one);
    }
    let many = remembered.get_mut("Parameters").and_then(Value::as_array_mut);
    many.into_iter().flatten().for_each(hide_one);
}
