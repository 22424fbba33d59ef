//! A schedule's invocation of its target, with its attempts, and what becomes of one that fails.
//!
//! Lambda takes an event and answers; that the function fails later is Lambda's business. So an
//! attempt fails only where there is no function, or where `World::schedule_attempts_fail` says so.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Key;
use crate::world::World;
use crate::{lambda, sqs};

/// The waits between attempts: "exponential backoff", of which AWS says no more.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl World {
    /// The next `times` attempts of Scheduler to invoke a target are refused, as if it were busy.
    pub fn schedule_attempts_fail(&self, times: u32) {
        self.state().scheduler.refusals = times;
    }

    /// What no attempt delivered: for each, `Queue` (the `DeadLetterConfig` of its target, or
    /// `null` if it has none and the event is gone), `Input`, and the attributes of the message.
    pub fn undelivered_schedules(&self) -> Vec<Value> {
        self.state().scheduler.undelivered.clone()
    }
}

/// Why an attempt failed, as a dead-letter event names it.
struct Refusal {
    code: &'static str,
    message: String,
    again: bool,
}

/// "Retry attempts with exponential backoff continue until either the maximum number of attempts is
/// made or until the duration of the `MaximumEventAgeInSeconds` is reached."
pub(super) async fn deliver(world: &World, key: &Key, target: &Value, at: Timestamp) {
    let number = |member: &str, default| target["RetryPolicy"][member].as_u64().unwrap_or(default);
    let retries = number("MaximumRetryAttempts", 185);
    let oldest = Duration::from_secs(number("MaximumEventAgeInSeconds", 86_400));
    let function = target["Arn"].as_str().unwrap_or_default();
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        // "The unique ID that EventBridge Scheduler assigns for each attempted invocation of a
        // target".
        let execution = uuid::Uuid::new_v4().simple().to_string();
        let input = input(target, key, at, &execution, attempt);
        let Some(refusal) = refusal(world, function) else {
            world.note(format!("scheduler: {} invokes {function}", key.name));
            return lambda::invoke_event(world, function, input);
        };
        world.note(format!("scheduler: {} is refused: {}", key.name, refusal.code));
        let age = world.clock().now().duration_since(at).try_into().unwrap_or(Duration::ZERO);
        let exhausted = match () {
            () if !refusal.again => Some(None),
            () if attempt > retries => Some(Some("MaximumRetryAttempts")),
            () if age + wait > oldest => Some(Some("MaximumEventAgeInSeconds")),
            () => None,
        };
        if let Some(condition) = exhausted {
            return give_up(
                world,
                key,
                target,
                json!({
                    "ERROR_CODE": refusal.code,
                    "ERROR_MESSAGE": refusal.message,
                    "EXECUTION_ID": execution,
                    "EXHAUSTED_RETRY_CONDITION": condition,
                    "Input": input,
                    "RETRY_ATTEMPTS": (attempt - 1).to_string(),
                    "SCHEDULED_TIME": time(at),
                }),
            );
        }
        world.clock().sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn refusal(world: &World, function: &str) -> Option<Refusal> {
    if !lambda::exists(world, function) {
        let message = format!("Function not found: {function}");
        return Some(Refusal { code: "ResourceNotFoundException", message, again: false });
    }
    let mut state = world.state();
    let left = state.scheduler.refusals.checked_sub(1)?;
    state.scheduler.refusals = left;
    let message = "Rate Exceeded.".to_owned();
    Some(Refusal { code: "TooManyRequestsException", message, again: true })
}

/// "When a schedule fails to invoke its target, EventBridge Scheduler delivers a JSON payload
/// containing invocation details and any response received from the target to an Amazon SQS
/// standard queue that you specify." It is kept for the tests as well, which may do without a queue.
fn give_up(world: &World, key: &Key, target: &Value, mut event: Value) {
    event["SCHEDULE_ARN"] = json!(key.arn());
    event["TARGET_ARN"] = target["Arn"].clone();
    event["Queue"] = target["DeadLetterConfig"]["Arn"].clone();
    let queue = event["Queue"].as_str().and_then(|it| it.rsplit(':').next());
    if let Some(arn) = event["Queue"].as_str() {
        let attributes = event.as_object().into_iter().flatten();
        let attributes: Map<String, Value> = attributes
            .filter(|(name, _)| !matches!(name.as_str(), "Queue" | "Input"))
            .filter_map(|(name, value)| Some((name.clone(), sqs::text(value.as_str()?))))
            .collect();
        sqs::put(world, arn, event["Input"].to_string(), &Value::Object(attributes));
    }
    world.note(match queue {
        Some(queue) => format!("scheduler: {} gives up: dead letter to {queue}", key.name),
        None => format!("scheduler: {} gives up: the event is lost", key.name),
    });
    world.state().scheduler.undelivered.push(event);
}

/// The target's input with its context attributes filled in.
fn input(target: &Value, key: &Key, at: Timestamp, execution: &str, attempt: u64) -> Value {
    let Some(text) = target["Input"].as_str() else { return json!({}) };
    let text = text
        .replace("<aws.scheduler.schedule-arn>", &key.arn())
        .replace("<aws.scheduler.scheduled-time>", &time(at))
        .replace("<aws.scheduler.execution-id>", execution)
        .replace("<aws.scheduler.attempt-number>", &attempt.to_string());
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
