//! Amazon SQS: what is tried again, and what has failed.

use std::time::Duration;

use aws_call::{Call as _, Failed};
use aws_sdk_sqs::{Client, Config};
use aws_smithy_types::retry::RetryConfig;
use futures::StreamExt as _;

use crate::answer::{Answer, Destined, State, Stays, Told};
use crate::item::{self, Item, Record};
use crate::memory::Known;
use crate::outcome::{Outcome, Reason, Why};
use crate::{AT_ONCE, Desk, NOBODY, http};

/// The longest delay of a message.
const LONGEST: i32 = 900;
/// The longest a message can stay hidden, and some room for the time it already has been.
const HIDDEN: i32 = 42_000;

/// Hides a message until it is to be tried again.
async fn hide(sqs: &Client, queue: &str, record: &Record, delay: Duration) -> Result<(), Failed> {
    let request = sqs.change_message_visibility().queue_url(queue).receipt_handle(&record.receipt);
    let request = request.visibility_timeout(seconds(delay, HIDDEN));
    request.send().await.call("ChangeMessageVisibility").map(drop)
}

fn seconds(delay: Duration, most: i32) -> i32 {
    i32::try_from(delay.as_secs()).unwrap_or(most).min(most)
}

impl Desk<'_> {
    /// Puts an alert for one destination into a queue, as long as the function's own time lasts.
    async fn put(&self, queue: &str, item: &Item, delay: Duration) -> Result<(), String> {
        // Whoever asks again without an answer may put it there twice.
        let patience = RetryConfig::standard().with_max_attempts(4);
        let request = self.aws.sqs.send_message().queue_url(queue).message_body(item.body());
        let request = request.delay_seconds(seconds(delay, LONGEST)).customize();
        let request = request.config_override(Config::builder().retry_config(patience)).send();
        match tokio::time::timeout_at(self.ends, request).await {
            Ok(answer) => answer.call("SendMessage").map(drop).map_err(|it| it.to_string()),
            Err(_) => Err("SendMessage: no answer in time".to_owned()),
        }
    }

    /// Puts an alert into the retry queue.
    pub(crate) async fn queue(&self, item: &Item, delay: Duration) -> Result<(), String> {
        let Some(queue) = &self.settings.retry_queue else { return Err(item.why.to_string()) };
        match self.put(queue, item, delay).await {
            Ok(()) => {
                self.aws.memory.keep(&item.notice.id, &item.destination, Known::Queued);
                self.count(&item.destination, item.why.reason, "DeliveryRetried");
                Ok(())
            }
            Err(failed) => Err(format!("{}; {failed}", item.why)),
        }
    }

    /// Keeps what will not be tried again.
    pub(crate) async fn give_up(&self, item: Item) -> State {
        let item = Item { failed: Some(self.now()), ..item };
        let why = item.why.to_string();
        tracing::error!(
            id = item.notice.id,
            destination = item.destination,
            why,
            alert = alert::redact(&item.body()),
            "an alert was not delivered"
        );
        let (id, destination) = (&item.notice.id, &item.destination);
        let Some(queue) = &self.settings.failed_queue else {
            self.aws.memory.keep(id, destination, Known::Refused(item.why.clone()));
            return State::Unsafe(why);
        };
        if let Err(failed) = self.put(queue, &item, Duration::ZERO).await {
            // What was refused is not asked again before it is kept.
            self.aws.memory.keep(id, destination, Known::Refused(item.why.clone()));
            return State::Unsafe(format!("{why}; {failed}"));
        }
        self.aws.memory.keep(id, destination, Known::Kept);
        self.count(destination, item.why.reason, "DeliveryFailed");
        State::Failed(why)
    }

    /// A batch from SQS: what waited in the retry queue, and whatever else comes by a queue.
    pub(crate) async fn batch(&self, records: Vec<Record>) -> Answer {
        let handled = futures::stream::iter(records.into_iter().map(|record| async move {
            let (told, stays) = self.record(&record).await;
            (told, stays.then_some(Stays { item_identifier: record.message_id }))
        }));
        let handled: Vec<_> = handled.buffered(AT_ONCE).collect().await;
        let (alerts, stay): (Vec<_>, Vec<_>) = handled.into_iter().unzip();
        Answer {
            alerts: alerts.into_iter().flatten().collect(),
            batch_item_failures: Some(stay.into_iter().flatten().collect()),
        }
    }

    /// One message, and whether it stays in its queue.
    async fn record(&self, record: &Record) -> (Vec<Told>, bool) {
        if let Some(item) = Item::read(&record.body) {
            // It was kept while no route led anywhere; now one may.
            if item.destination == NOBODY {
                let told = self.tell(&item.notice).await;
                let stays = told.destinations.iter().any(|it| !it.outcome.is_safe());
                return (vec![told], stays);
            }
            let told = Told {
                id: item.notice.id.clone(),
                title: item.notice.title.clone(),
                destinations: Vec::new(),
            };
            let name = item.destination.clone();
            let notice = item.notice.clone();
            let (outcome, stays) = self.again(item, record).await;
            let destinations = vec![Destined { name, outcome }];
            self.tell_fallback(&notice, &destinations).await;
            return (vec![Told { destinations, ..told }], stays);
        }
        if item::is_ours(&record.body) {
            tracing::error!(message = record.message_id, "a delivery is unreadable, and stays");
            return (Vec::new(), true);
        }
        let event = serde_json::from_str(&record.body).unwrap_or_default();
        let own = item::replayed(&event, self.invocation.function_arn.as_deref());
        let event = if std::ptr::eq(own, &raw const event) { &record.event } else { own };
        let mut all = Vec::new();
        for notice in self.notices(event) {
            all.push(self.tell(&notice).await);
        }
        let stays = all.iter().flat_map(|it| &it.destinations).any(|it| !it.outcome.is_safe());
        (all, stays)
    }

    /// Tries an alert that has waited, and whether it goes on waiting in its message.
    async fn again(&self, item: Item, record: &Record) -> (State, bool) {
        if self.invocation.dry_run {
            return (State::Planned, true);
        }
        let id = &item.notice.id;
        let turn = self.aws.memory.turn(id, &item.destination);
        let _mine = turn.lock().await;
        let known = self.aws.memory.of(id, &item.destination);
        let mut unsure = item.unsure;
        match known {
            _ if item.moved_back => self.aws.memory.forget(id, &item.destination),
            // A queue may deliver a message twice, and may have it twice.
            Some(Known::Delivered | Known::Kept) => return (State::Before, false),
            Some(Known::Refused(why)) => return self.fail(Item { why, ..item }).await,
            Some(Known::Unsure) => unsure = true,
            Some(Known::Queued) | None => {}
        }
        let full = item.full.clone();
        let notice = item.late(record.sent, self.now());
        let name = &item.destination;
        let tried = http::attempts(self, name, &notice, full.as_ref(), &mut unsure).await;
        let (after, why) = match tried {
            Outcome::Delivered => return (State::Delivered, false),
            Outcome::Never(why) => return self.fail(Item { why, unsure, ..item }).await,
            Outcome::Later { after, why, .. } => (after, why),
        };
        let since = record.sent.unwrap_or(item.first_tried);
        let waited = Duration::try_from(self.now().duration_since(since)).unwrap_or_default();
        if waited >= self.settings.retry_for {
            let text = format!("tried for {} s; last: {why}", waited.as_secs());
            let why = Why::new(Reason::GaveUp, text);
            return self.fail(Item { why, unsure, ..item }).await;
        }
        let delay = Item { unsure, ..item.clone() }.wait(record.attempts, after);
        let state = State::queued(&why);
        if unsure && !item.unsure {
            // The message can't be changed: another one takes its place.
            let item = Item { unsure, why, ..item.clone() };
            if self.queue(&item, delay).await.is_ok() {
                return (state, false);
            }
            self.aws.memory.keep(id, &item.destination, Known::Unsure);
            return (state, true);
        }
        self.count(&item.destination, why.reason, "DeliveryRetried");
        // A message of another queue comes back in that queue's own time.
        let name = record.queue.rsplit(':').next().unwrap_or_default();
        let queue =
            self.settings.retry_queue.as_ref().filter(|it| it.ends_with(&format!("/{name}")));
        if let Some(queue) = queue {
            let hidden = hide(&self.aws.sqs, queue, record, delay);
            if let Ok(Err(failed)) = tokio::time::timeout_at(self.ends, hidden).await {
                // Then it comes back as soon as the queue's own time is over.
                let error = failed.to_string();
                tracing::warn!(error, "a message could not be hidden for longer");
            }
        }
        (state, true)
    }

    async fn fail(&self, item: Item) -> (State, bool) {
        let state = self.give_up(item).await;
        let stays = !state.is_safe();
        (state, stays)
    }
}
