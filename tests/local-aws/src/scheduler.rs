//! Amazon `EventBridge` Scheduler: schedules that invoke functions with an input of their own.

mod delivery;
mod groups;
mod schedules;
mod timer;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::events::schedule::Expression;
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{ACCOUNT, REGION, World, unknown};

/// "If you omit this, the default schedule group is used."
const DEFAULT: &str = "default";

/// A schedule's name is its own within its group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    group: String,
    name: String,
}

impl Key {
    fn arn(&self) -> String {
        format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{}/{}", self.group, self.name)
    }
}

struct Schedule {
    /// What `GetSchedule` answers.
    shown: Value,
    expression: Expression,
    /// Changes whenever the running timer of this schedule has to end.
    generation: u64,
}

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    schedules: BTreeMap<Key, Schedule>,
    /// When each was created. The default group is always there, and not in here.
    groups: BTreeMap<String, f64>,
    generations: u64,
    /// How many more attempts are refused.
    refusals: u32,
    /// What no attempt delivered.
    undelivered: Vec<Value>,
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let answer = match call.operation.as_str() {
        "CreateSchedule" => schedules::create(world, call),
        "UpdateSchedule" => schedules::update(world, call),
        "GetSchedule" => schedules::get(world, call),
        "ListSchedules" => schedules::list(world, call),
        "DeleteSchedule" => schedules::delete(world, call),
        "CreateScheduleGroup" => groups::create(world, call),
        "GetScheduleGroup" => groups::get(world, call),
        "ListScheduleGroups" => groups::list(world, call),
        "DeleteScheduleGroup" => groups::delete(world, call),
        _ => return Err(unknown(call)),
    };
    answer.map(Reply::Json)
}

type Answer = Result<Value, AwsError>;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationException", message)
}

fn not_found(what: &str, name: &str) -> AwsError {
    let message = format!("{what} {name} does not exist.");
    AwsError::new(404, "ResourceNotFoundException", &message)
}

fn exists(what: &str, name: &str) -> AwsError {
    AwsError::new(409, "ConflictException", &format!("{what} {name} already exists."))
}

/// A query parameter over HTTP, a member in a body or when called directly.
fn option(call: &Call, parameter: &str, member: &str) -> Option<String> {
    let query = call.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(key, _)| key == parameter).map(|(_, value)| value.into_owned());
    found.or_else(|| call.input[member].as_str().map(str::to_owned))
}

/// The name in the path over HTTP, a member when called directly.
fn name(call: &Call) -> Result<String, AwsError> {
    let in_path = call.uri.path().split('/').nth(2).filter(|it| !it.is_empty());
    let name = in_path.or_else(|| call.input["Name"].as_str()).unwrap_or_default().to_owned();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$"
        )));
    }
    Ok(name)
}

/// One page of a list, with its token.
fn paged(call: &Call, member: &str, items: &[Value]) -> Answer {
    let limit = option(call, "MaxResults", "").and_then(|it| it.parse().ok());
    let limit = limit.or_else(|| call.input["MaxResults"].as_u64()).unwrap_or(100);
    if !(1..=100).contains(&limit) {
        return Err(invalid("MaxResults must be between 1 and 100."));
    }
    let limit = usize::try_from(limit).unwrap_or(100);
    let token = option(call, "NextToken", "NextToken").map_or(Value::Null, Value::from);
    let (items, next) = page(items, &token, limit, "ValidationException")?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}
