//! What Lambda does with a queue that a function consumes: it takes batches of messages, invokes
//! the function with each, and deletes what the function has handled.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::mappings::Mapping;
use super::{batch, invoke};
use crate::sqs::{self, Message};
use crate::world::{State as Account, WeakWorld, World};

/// A poller of one mapping as it was when the poller started.
struct Poller {
    world: WeakWorld,
    mapping: String,
    generation: u64,
    function: String,
    queue: String,
    size: usize,
    window: Duration,
    reports: bool,
}

/// Starts the poller of a mapping that was just set. It ends by itself when the mapping is
/// changed, disabled or deleted, when queue or function are gone, and with the account.
pub(super) fn start(world: &World, uuid: &str) {
    let state = world.state();
    let Some(mapping) = state.lambda.mappings.get(uuid).filter(|it| it.is_enabled()) else {
        return;
    };
    let poller = Poller {
        world: world.downgrade(),
        mapping: uuid.to_owned(),
        generation: mapping.generation,
        function: mapping.function.clone(),
        queue: mapping.queue.clone(),
        size: usize::try_from(mapping.number("BatchSize")).unwrap_or(10),
        window: Duration::from_secs(mapping.number("MaximumBatchingWindowInSeconds")),
        reports: mapping.reports_failures(),
    };
    let slots = Arc::new(Semaphore::new(mapping.concurrency()));
    tokio::spawn(async move {
        let poller = Arc::new(poller);
        // No message is taken, and hidden from others, before it can be handled.
        while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
            let Some(messages) = poller.gather().await else { return };
            tokio::spawn(handle(Arc::clone(&poller), messages, slot));
        }
    });
}

async fn handle(poller: Arc<Poller>, messages: Vec<Message>, _slot: OwnedSemaphorePermit) {
    let Some(world) = poller.world.upgrade() else { return };
    let records: Vec<Value> = messages.iter().map(|it| it.record(&poller.queue)).collect();
    let (function, queue) = (&poller.function, poller.queue.rsplit(':').next().unwrap_or_default());
    let all = messages.len();
    let handled = match invoke(&world, function, json!({"Records": records})).await {
        Ok(answer) if poller.reports => batch::handled(&answer, messages),
        Ok(_) => messages,
        Err(error) => {
            world.note(format!("lambda: {function} failed: {}: {}", error.kind, error.message));
            Vec::new()
        }
    };
    world
        .note(format!("lambda: {function} handled {} of {all} messages of {queue}", handled.len()));
    let handles: Vec<String> = handled.iter().map(Message::handle).collect();
    sqs::delete(&mut world.state(), &poller.queue, &handles);
}

impl Poller {
    /// The next batch; `None` if there will never be one. AWS: "Lambda … waits until you have a
    /// full batch, or until the batch window expires".
    async fn gather(&self) -> Option<Vec<Message>> {
        let mut batch = Vec::new();
        let mut until = None;
        loop {
            let (poll, clock) = {
                let world = self.world.upgrade()?;
                let clock = world.clock();
                let mut state = world.state();
                if !self.is_wanted(&state) {
                    return None;
                }
                let most = self.size - batch.len();
                (sqs::take(&mut state, &self.queue, most, clock.now())?, clock)
            };
            let mut poll = poll;
            batch.append(&mut poll.messages);
            let now = clock.now();
            if until.is_none() && !batch.is_empty() {
                until = Some(now + self.window);
            }
            if batch.len() >= self.size || until.is_some_and(|it| it <= now) {
                return Some(batch);
            }
            poll.news(clock, until).await;
        }
    }

    fn is_wanted(&self, state: &Account) -> bool {
        let current = |it: &Mapping| it.generation == self.generation && it.is_enabled();
        state.lambda.mappings.get(&self.mapping).is_some_and(current)
            && state.lambda.functions.contains_key(&self.function)
    }
}
