//! `RunTask`: at most once for each clientToken.

use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::validate::{Request, request, token};
use super::{Answered, Task, definition, event, lifecycle};
use crate::ecs::{self, tags};
use crate::wire::AwsError;
use crate::world::World;

pub(in crate::ecs) fn run(world: &World, input: &Value) -> Result<Value, AwsError> {
    let clock = world.clock();
    let (answer, started) = {
        let mut state = world.state();
        let state = &mut state.ecs;
        let token = token(&input["clientToken"])?;
        let cluster = ecs::clusters::resolve(state, &input["cluster"])?;
        if let Some(token) = &token
            && let Some(answer) = earlier(state, &cluster, token, input, clock.now())?
        {
            return Ok(answer);
        }
        let request = request(state, input)?;
        // A call without a task is not remembered: the same token may try again.
        let refused = state.tasks.refusals.pop_front();
        if let Some(reason) = refused.or_else(|| no_capacity(state, &request)) {
            world.note(format!("ecs: RunTask starts nothing: {reason}"));
            return Ok(json!({"tasks": [], "failures": [{"reason": reason}]}));
        }
        let started = start(state, &request, clock.epoch_seconds());
        let tasks: Vec<Value> = started.iter().map(|it| tagged(state, it)).collect();
        let answer = json!({"tasks": tasks, "failures": []});
        if let Some(token) = token {
            let request = parameters(input);
            let answered = Answered { at: clock.now(), request, answer: answer.clone() };
            state.tasks.answered.insert((cluster, token), answered);
        }
        (answer, started)
    };
    for task in started {
        lifecycle::begin(world, task["taskArn"].as_str().unwrap_or_default());
        event::announce(world, task);
    }
    Ok(answer)
}

/// Why there is no capacity for a request, if there is none.
fn no_capacity(state: &ecs::State, request: &Request<'_>) -> Option<String> {
    let capacity = &request.capacity;
    let provider = capacity.provider.as_ref().unwrap_or(&capacity.launch_type);
    state.tasks.exhausted.contains(provider).then(|| {
        "Capacity is unavailable at this time. Please try again later or in a different \
         availability zone"
            .to_owned()
    })
}

/// What was answered to this token before, if anything.
///
/// AWS: "The provided clientToken is already in use with a different `RunTask` request. The
/// resourceIds are the existing task ARNs which are already associated with the clientToken." A
/// token belongs to its cluster and is kept for 24 hours.
fn earlier(
    state: &mut ecs::State,
    cluster: &str,
    token: &str,
    input: &Value,
    now: jiff::Timestamp,
) -> Result<Option<Value>, AwsError> {
    state.tasks.answered.retain(|_, it| it.at + 24.hours() > now);
    let key = (cluster.to_owned(), token.to_owned());
    let Some(answered) = state.tasks.answered.get(&key) else { return Ok(None) };
    if answered.request == parameters(input) {
        return Ok(Some(answered.answer.clone()));
    }
    let tasks = answered.answer["tasks"].as_array().into_iter().flatten();
    let arns: Vec<&Value> = tasks.map(|it| &it["taskArn"]).collect();
    let message = "The provided clientToken is already in use with a different RunTask request.";
    Err(AwsError::bad("ConflictException", message).with("resourceIds", json!(arns)))
}

/// What two calls with one token have to agree on. The cluster is compared by its name.
fn parameters(input: &Value) -> Value {
    let mut parameters = input.clone();
    if let Some(members) = parameters.as_object_mut() {
        members.remove("clientToken");
        members.remove("cluster");
        members.retain(|_, value| !value.is_null());
    }
    parameters
}

fn start(state: &mut ecs::State, request: &Request<'_>, now: f64) -> Vec<Value> {
    state.tasks.all.retain(|it| !it.is_forgotten(now));
    let mut started = Vec::new();
    for _ in 0..request.count {
        let task = definition::task(request, now);
        let arn = task["taskArn"].as_str().unwrap_or_default().to_owned();
        let tags = own_tags(state, request);
        tags::set(state, &arn, &tags);
        state.tasks.all.push(Task::new(&request.cluster, task.clone(), now));
        started.push(task);
    }
    started
}

/// The task definition's tags, if they are to be propagated, the managed ones, and its own, which
/// win.
fn own_tags(state: &ecs::State, request: &Request<'_>) -> Value {
    let mut all = serde_json::Map::new();
    let mut add = |tags: &Value| {
        for tag in tags.as_array().into_iter().flatten() {
            let key = tag["key"].as_str().unwrap_or_default().to_owned();
            all.insert(key, json!(tag["value"].as_str().unwrap_or_default()));
        }
    };
    if request.input["propagateTags"] == "TASK_DEFINITION" {
        let arn = request.definition["taskDefinitionArn"].as_str().unwrap_or_default();
        add(&tags::of(state, arn));
    }
    if request.input["enableECSManagedTags"] == true {
        add(&json!([{"key": "aws:ecs:clusterName", "value": request.cluster}]));
    }
    add(&request.input["tags"]);
    all.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// A task as `RunTask` shows it: with its tags.
fn tagged(state: &ecs::State, task: &Value) -> Value {
    let mut shown = task.clone();
    shown["tags"] = tags::of(state, task["taskArn"].as_str().unwrap_or_default());
    shown
}
