//! Event source mappings: which function consumes which queue. Each enabled one has a poller.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::operations::{decoded, from_query, invalid, not_found};
use super::{arn, name_of, poller};
use crate::sqs;
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{ACCOUNT, REGION, State as Account, World};

/// By UUID.
pub(super) type Mappings = BTreeMap<String, Mapping>;

/// A function and the queue it consumes.
pub(super) struct Mapping {
    pub(super) function: String,
    pub(super) queue: String,
    /// What can be set, as `GetEventSourceMapping` shows it.
    shown: Value,
    /// Another one with each change, so that a poller notices that it is the old one.
    pub(super) generation: u64,
}

impl Mapping {
    pub(super) fn is_enabled(&self) -> bool {
        self.shown["State"] == "Enabled"
    }

    pub(super) fn number(&self, member: &str) -> u64 {
        self.shown[member].as_u64().unwrap_or_default()
    }

    /// AWS: "Lambda starts by polling the queue with five concurrent invocations", and adds more
    /// where there is much to do, which nothing here waits for.
    pub(super) fn concurrency(&self) -> usize {
        let most = self.shown["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap_or(5);
        usize::try_from(most).unwrap_or(5)
    }

    pub(super) fn reports_failures(&self) -> bool {
        let types = self.shown["FunctionResponseTypes"].as_array();
        types.is_some_and(|it| it.iter().any(|it| it == "ReportBatchItemFailures"))
    }
}

/// The answer to a change, which says that it is on its way; `GetEventSourceMapping` finds it done.
fn accepted(mapping: &Value, state: &str) -> Reply {
    let mut shown = mapping.clone();
    shown["State"] = json!(state);
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Reply::Raw(202, headers, Bytes::from(shown.to_string()))
}

pub(super) fn create(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    let reference = input["FunctionName"].as_str().unwrap_or_default();
    let queue = input["EventSourceArn"].as_str().unwrap_or_default();
    if !queue.starts_with("arn:aws:sqs:") {
        return Err(invalid("Event source is not a queue, and local-aws has no others."));
    }
    let uuid = uuid::Uuid::new_v4().to_string();
    let mut shown = json!({
        "UUID": uuid,
        "EventSourceMappingArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{uuid}"),
        "EventSourceArn": queue,
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "StateTransitionReason": "USER_INITIATED",
        "State": "Enabled",
    });
    apply(world, &mut shown, input)?;
    let function = {
        let mut state = world.state();
        let function = consumer(&state, reference, queue)?;
        let twin =
            state.lambda.mappings.values().find(|it| it.queue == queue && it.function == function);
        if let Some(twin) = twin {
            let uuid = twin.shown["UUID"].as_str().unwrap_or_default();
            let message = format!(
                "An event source mapping with SQS arn (\" {queue} \") and function (\" {function} \
                 \") already exists. Please update or delete the existing mapping with UUID {uuid}"
            );
            let error = AwsError::new(409, "ResourceConflictException", &message);
            return Err(error.with("Type", json!("User")));
        }
        shown["FunctionArn"] = json!(arn(&function));
        let mapping = Mapping {
            function: function.clone(),
            queue: queue.to_owned(),
            shown: shown.clone(),
            generation: 0,
        };
        state.lambda.mappings.insert(uuid.clone(), mapping);
        function
    };
    world.note(format!("lambda: {function} consumes {queue}"));
    poller::start(world, &uuid);
    Ok(accepted(&shown, "Creating"))
}

/// The function, if it and the queue are there and fit each other.
fn consumer(state: &Account, reference: &str, queue: &str) -> Result<String, AwsError> {
    let found = name_of(reference).and_then(|it| Some((state.lambda.functions.get(&it)?, it)));
    let (function, name) = found.ok_or_else(|| not_found(reference))?;
    let hidden = sqs::visibility_timeout(state, queue).ok_or_else(|| {
        invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: \
             AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does \
             not exist.",
        )
    })?;
    let timeout = function.timeout.as_secs();
    // Otherwise others would get a message while the function is still at it.
    if hidden < timeout {
        return Err(invalid(format!(
            "Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} \
             seconds"
        )));
    }
    Ok(name)
}

/// Takes over the members that callers may set.
fn apply(world: &World, shown: &mut Value, input: &Value) -> Result<(), AwsError> {
    for member in
        ["BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "ScalingConfig"]
    {
        if let Some(value) = input.get(member).filter(|it| !it.is_null()) {
            shown[member] = value.clone();
        }
    }
    if input.get("FilterCriteria").is_some_and(|it| !it.is_null()) {
        return Err(invalid("local-aws does not filter messages of queues"));
    }
    let within = |value: &Value, least: u64, most: u64| {
        value.is_null() || value.as_u64().is_some_and(|it| (least..=most).contains(&it))
    };
    if !within(&shown["BatchSize"], 1, 10_000) {
        return Err(invalid("BatchSize must be between 1 and 10000"));
    }
    if !within(&shown["MaximumBatchingWindowInSeconds"], 0, 300) {
        return Err(invalid("MaximumBatchingWindowInSeconds must be between 0 and 300"));
    }
    if !within(&shown["ScalingConfig"]["MaximumConcurrency"], 2, 1000) {
        return Err(invalid("MaximumConcurrency must be between 2 and 1000"));
    }
    if shown["BatchSize"].as_u64() > Some(10) && shown["MaximumBatchingWindowInSeconds"] == 0 {
        return Err(invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is \
             greater than 10",
        ));
    }
    if let Some(enabled) = input["Enabled"].as_bool() {
        shown["State"] = json!(if enabled { "Enabled" } else { "Disabled" });
    }
    shown["LastModified"] = json!(world.clock().epoch_seconds());
    Ok(())
}

/// The mapping a request is about: in its path over HTTP, a member when called directly.
fn uuid(call: &Call) -> String {
    let mut parts = call.uri.path().split('/').skip_while(|it| *it != "event-source-mappings");
    match parts.nth(1).filter(|it| !it.is_empty()) {
        Some(uuid) => decoded(uuid),
        None => call.input["UUID"].as_str().unwrap_or_default().to_owned(),
    }
}

fn no_mapping() -> AwsError {
    let message = "The resource you requested does not exist.";
    AwsError::new(404, "ResourceNotFoundException", message).with("Type", json!("User"))
}

pub(super) fn get(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let state = world.state();
    let mapping = state.lambda.mappings.get(&uuid(call)).ok_or_else(no_mapping)?;
    Ok(mapping.shown.clone().into())
}

pub(super) fn list(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let asked = |member: &str| from_query(call, member);
    let function = match asked("FunctionName") {
        Some(reference) => Some(name_of(&reference).ok_or_else(|| not_found(&reference))?),
        None => None,
    };
    let queue = asked("EventSourceArn");
    let most = asked("MaxItems").and_then(|it| it.parse().ok()).unwrap_or(100).clamp(1, 100);
    let state = world.state();
    let all: Vec<Value> = state
        .lambda
        .mappings
        .values()
        .filter(|it| function.as_ref().is_none_or(|name| *name == it.function))
        .filter(|it| queue.as_ref().is_none_or(|queue| *queue == it.queue))
        .map(|it| it.shown.clone())
        .collect();
    let marker = asked("Marker").map_or(Value::Null, Value::String);
    let (page, next) = page(&all, &marker, most, "InvalidParameterValueException")?;
    let mut answer = json!({"EventSourceMappings": page});
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    Ok(answer.into())
}

pub(super) fn update(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let uuid = uuid(call);
    let shown = {
        let mut state = world.state();
        let mapping = state.lambda.mappings.get(&uuid).ok_or_else(no_mapping)?;
        let mut shown = mapping.shown.clone();
        let reference = call.input["FunctionName"].as_str().unwrap_or(&mapping.function);
        let (function, queue) =
            (consumer(&state, reference, &mapping.queue)?, mapping.queue.clone());
        apply(world, &mut shown, &call.input)?;
        shown["FunctionArn"] = json!(arn(&function));
        let mapping = state.lambda.mappings.get_mut(&uuid).ok_or_else(no_mapping)?;
        mapping.function = function;
        mapping.shown = shown.clone();
        mapping.generation += 1;
        sqs::wake(&state, &queue);
        shown
    };
    poller::start(world, &uuid);
    Ok(accepted(&shown, "Updating"))
}

pub(super) fn delete(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let mut state = world.state();
    let mapping = state.lambda.mappings.remove(&uuid(call)).ok_or_else(no_mapping)?;
    sqs::wake(&state, &mapping.queue);
    Ok(accepted(&mapping.shown, "Deleting"))
}

/// Lets the pollers of a function that is gone find that out.
pub(super) fn function_is_gone(state: &Account, function: &str) {
    for mapping in state.lambda.mappings.values().filter(|it| it.function == function) {
        sqs::wake(state, &mapping.queue);
    }
}
