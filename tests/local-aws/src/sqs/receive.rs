//! Receiving: who takes what is visible, and how to wait for it.

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::message::Message;
use super::{Answer, bounded, name_of_url, no_queue, seconds, wrong};
use crate::clock::Clock;
use crate::world::{State as Account, World};

/// One look into a queue.
pub(crate) struct Poll {
    pub(crate) messages: Vec<Message>,
    bell: watch::Receiver<()>,
    /// When the next of those that are left becomes visible by itself.
    next: Option<Timestamp>,
}

impl Poll {
    /// Waits until it makes sense to look again, at the latest `until`. Without messages on their
    /// way nothing but the bell wakes: a paused clock is not driven on by who waits in vain.
    pub(crate) async fn news(mut self, clock: Clock, until: Option<Timestamp>) {
        // An error means that the queue is gone, which the next look finds out.
        match self.next.into_iter().chain(until).min() {
            None => drop(self.bell.changed().await),
            Some(at) => {
                let wait = at.duration_since(clock.now());
                tokio::select! {
                    _ = self.bell.changed() => {}
                    () = clock.sleep(wait.try_into().unwrap_or_default()) => {}
                }
            }
        }
    }
}

/// Takes up to `most` visible messages; `None` if there is no such queue.
pub(crate) fn take(state: &mut Account, arn: &str, most: usize, now: Timestamp) -> Option<Poll> {
    look(state, super::name_of_arn(arn)?, most, None, now)
}

fn look(
    state: &mut Account,
    name: &str,
    most: usize,
    visibility: Option<u64>,
    now: Timestamp,
) -> Option<Poll> {
    bury(state, name, now);
    let queue = state.sqs.queues.get_mut(name)?;
    queue.forget_old(now);
    let hidden = seconds(visibility.unwrap_or_else(|| queue.number("VisibilityTimeout")));
    let visible = queue.messages.iter_mut().filter(|it| it.visible_at <= now);
    let taken = visible.take(most).map(|it| {
        it.received += 1;
        it.first_received.get_or_insert(now);
        it.last_received = now;
        it.visible_at = now + hidden;
        it.clone()
    });
    let messages = taken.collect();
    let next = queue.messages.iter().map(|it| it.visible_at).filter(|it| *it > now).min();
    Some(Poll { messages, bell: queue.bell.subscribe(), next })
}

/// Moves what was received too often to the dead-letter queue. AWS: "When the `ReceiveCount` for a
/// message exceeds the `maxReceiveCount` for a queue, Amazon SQS moves the message to the
/// dead-letter-queue", with the timestamp it was sent at. Without that queue everything stays.
fn bury(state: &mut Account, name: &str, now: Timestamp) {
    let Some(queue) = state.sqs.queues.get_mut(name) else { return };
    let Some((target, most)) = queue.dead_letters() else { return };
    if target == name || !state.sqs.queues.contains_key(&target) {
        return;
    }
    let Some(queue) = state.sqs.queues.get_mut(name) else { return };
    let source = queue.arn();
    let is_dead = |it: &mut Message| it.visible_at <= now && it.received >= most;
    let dead: Vec<Message> = queue.messages.extract_if(.., is_dead).collect();
    let Some(target) = state.sqs.queues.get_mut(&target) else { return };
    for mut message in dead {
        message.system.insert("DeadLetterQueueSourceArn".to_owned(), json!(source));
        message.received = 0;
        message.first_received = None;
        target.add(message);
    }
}

/// AWS: "The duration (in seconds) for which the call waits for a message to arrive in the queue
/// before returning. If a message is available, the call returns sooner".
pub(super) async fn receive(world: &World, input: &Value) -> Answer {
    let name = name_of_url(input)?;
    let clock = world.clock();
    let wait = {
        let mut state = world.state();
        state.sqs.queue(input, clock.now())?.number("ReceiveMessageWaitTimeSeconds")
    };
    let wait = bounded(input, "WaitTimeSeconds", 20, wait)?;
    let most = match &input["MaxNumberOfMessages"] {
        Value::Null => 1,
        value => match value.as_u64().and_then(|it| usize::try_from(it).ok()) {
            Some(most @ 1..=10) => most,
            _ => {
                let reason = "Must be between 1 and 10, if provided.";
                return Err(wrong(value, "MaxNumberOfMessages", reason));
            }
        },
    };
    let visibility = match input["VisibilityTimeout"].is_null() {
        true => None,
        false => Some(bounded(input, "VisibilityTimeout", 43_200, 0)?),
    };
    let until = clock.now() + seconds(wait);
    loop {
        let now = clock.now();
        let poll = look(&mut world.state(), name, most, visibility, now).ok_or_else(no_queue)?;
        if !poll.messages.is_empty() {
            return Ok(shown(input, &poll.messages));
        }
        if now >= until {
            return Ok(json!({}));
        }
        poll.news(clock, Some(until)).await;
    }
}

fn shown(input: &Value, messages: &[Message]) -> Value {
    let names = |member: &str| input[member].as_array().into_iter().flatten();
    let system: Vec<&str> = names("AttributeNames")
        .chain(names("MessageSystemAttributeNames"))
        .filter_map(Value::as_str)
        .collect();
    let attributes: Vec<&str> = names("MessageAttributeNames").filter_map(Value::as_str).collect();
    let shown: Vec<Value> = messages.iter().map(|it| it.shown(&system, &attributes)).collect();
    json!({"Messages": shown})
}
