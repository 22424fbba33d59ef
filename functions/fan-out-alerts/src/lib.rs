//! Every alert reaches everyone it should, once, or says why not.
//!
//! An event is read into notices ([`read()`]), the routes say who is told of each ([`Routes`]), it is rendered
//! as each destination shows it ([`render`]), and every destination is told on its own: what one of them can't
//! take now waits for it alone.
//!
//! **Invariant:** success is said only if every alert is with every destination it is for, or in a queue. What
//! may have arrived is sent at most once more.

mod answer;
mod aws;
pub mod command;
mod destination;
mod http;
mod item;
mod matcher;
mod memory;
mod notice;
mod outcome;
mod read;
pub mod render;
mod request;
mod routes;
mod settings;
mod sns;
mod sqs;
mod ssm;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use futures::StreamExt as _;
use jiff::Timestamp;
use runtime::{Invocation, metrics};
use tokio::time::Instant;

use item::Item;
use memory::Known;
use outcome::{Outcome, Reason, Why};

pub use answer::{Answer, Destined, State, Stays, Told};
pub use aws::Aws;
pub use destination::Destination;
pub use matcher::Matcher;
pub use notice::{Field, Link, Notice, Severity, Status};
pub use read::read;
pub use routes::{Problem, Route, Routes, Who};
pub use settings::{LogPlace, Settings, Source};

/// The name of nobody, where no route leads anywhere.
const NOBODY: &str = "-";
/// Kept back from the function's time to put into queues what is left.
const TIME_TO_KEEP: Duration = Duration::from_secs(15);
/// So many deliveries at once; the rest of a large batch waits.
const AT_ONCE: usize = 32;

/// Reads the routes before the first event, and logs what is wrong with them.
///
/// # Errors
/// There are none to be had; the first event tries again.
pub async fn start(aws: &Aws, settings: &Settings) -> Result<Arc<Routes>> {
    ssm::routes(aws, settings).await
}

/// Handles one event.
///
/// # Errors
/// An alert is neither with its destination nor in a queue. Lambda delivers the event again.
pub async fn handle(aws: &Aws, settings: &Settings, invocation: Invocation) -> Result<Answer> {
    let started = Instant::now();
    let routes = ssm::routes(aws, settings).await?;
    let desk = Desk::at(aws, settings, &routes, &invocation, started);
    match item::records(&invocation.event) {
        Some(records) => Ok(desk.batch(records).await),
        None => {
            let answer = desk.everybody().await;
            match answer.lost() {
                None => Ok(answer),
                Some(lost) => bail!("not everybody was told, and no queue has the alert: {lost}"),
            }
        }
    }
}

/// Sends a test to every destination, or to one.
///
/// # Errors
/// There are no routes, or no destination of that name; or somebody was not told.
pub async fn test(
    aws: &Aws,
    settings: &Settings,
    to: Option<&str>,
    now: SystemTime,
) -> Result<Answer> {
    let routes = command::to_everybody(&*ssm::routes(aws, settings).await?, to)?;
    let event = command::test_event(Timestamp::try_from(now).unwrap_or_default());
    let invocation = Invocation::new(event, now);
    // A test is not for any queue.
    let settings = Settings { retry_queue: None, failed_queue: None, ..settings.clone() };
    let desk = Desk::at(aws, &settings, &routes, &invocation, Instant::now());
    let answer = desk.everybody().await;
    let arrived = |it: &Destined| it.outcome == State::Delivered;
    match answer.alerts.iter().flat_map(|it| &it.destinations).all(arrived) {
        true => Ok(answer),
        false => bail!("not everybody was told\n{answer}"),
    }
}

/// Everything that handling one event needs.
struct Desk<'a> {
    aws: &'a Aws,
    settings: &'a Settings,
    routes: &'a Routes,
    invocation: &'a Invocation,
    now: Timestamp,
    started: Instant,
    /// After this nothing is sent any more, only kept.
    until: Instant,
    /// After this nothing is begun any more.
    ends: Instant,
}

impl<'a> Desk<'a> {
    fn at(
        aws: &'a Aws,
        settings: &'a Settings,
        routes: &'a Routes,
        invocation: &'a Invocation,
        started: Instant,
    ) -> Self {
        let time = invocation.time_left;
        let keeping = TIME_TO_KEEP.min(time / 2);
        let now = Timestamp::try_from(invocation.now).unwrap_or_default();
        let (until, ends) = (started + time - keeping, started + time - keeping / 10);
        Self { aws, settings, routes, invocation, now, started, until, ends }
    }

    /// Tells everybody of everything in the event.
    async fn everybody(&self) -> Answer {
        let notices = self.notices(self.event());
        let alerts: Vec<_> = notices.iter().map(|it| self.tell(it)).collect();
        let alerts = futures::stream::iter(alerts);
        Answer { alerts: alerts.buffered(AT_ONCE).collect().await, ..Answer::default() }
    }

    /// The moment it is.
    fn now(&self) -> Timestamp {
        self.now.saturating_add(self.started.elapsed()).unwrap_or(self.now)
    }

    /// The event, or the one that a failure of this function itself is about: such a record, moved back into
    /// the retry queue, is handled as the event that it kept.
    fn event(&self) -> &serde_json::Value {
        item::replayed(&self.invocation.event, self.invocation.function_arn.as_deref())
    }

    fn notices(&self, event: &serde_json::Value) -> Vec<Notice> {
        let mut notices = read(event, self.now);
        for notice in &mut notices {
            // What has no id of its own is another alert in another event, though it says the same.
            if notice.id.starts_with(read::CONTENT) {
                notice.id = format!("{}-{}", notice.id, self.invocation.id);
            }
            // The whole, for the link to the log.
            tracing::info!(
                id = notice.id,
                kind = notice.kind,
                title = notice.title,
                event = alert::redact(&notice.original.to_string()),
                "an alert"
            );
        }
        notices
    }

    /// Tells everybody of one alert.
    async fn tell(&self, notice: &Notice) -> Told {
        let one = |name: &str, outcome| vec![Destined { name: name.to_owned(), outcome }];
        let destinations = match self.routes.of(notice) {
            Who::Dropped => one(NOBODY, State::Dropped),
            Who::Nobody if self.invocation.dry_run => one(NOBODY, State::NobodyPlanned),
            Who::Nobody => {
                let why = Why::new(Reason::NoRoute, "no route fits it, and there is no `default`");
                one(NOBODY, self.give_up(Item::new(NOBODY, notice, why, self.now())).await)
            }
            Who::These(names) => {
                let told = names.iter().map(|name| async move {
                    let outcome = self.tell_one(name, notice, false).await;
                    Destined { name: (*name).to_owned(), outcome }
                });
                futures::future::join_all(told).await
            }
        };
        if !self.invocation.dry_run {
            self.tell_fallback(notice, &destinations).await;
        }
        Told { id: notice.id.clone(), title: notice.title.clone(), destinations }
    }

    /// Tells one destination of one alert, for the first time.
    async fn tell_one(&self, name: &str, notice: &Notice, instead: bool) -> State {
        if self.invocation.dry_run {
            return State::Planned;
        }
        let full = self.whole_event(notice);
        let item =
            |why| Item { instead, full: full.clone(), ..Item::new(name, notice, why, self.now()) };
        let turn = self.aws.memory.turn(&notice.id, name);
        let _mine = turn.lock().await;
        let mut unsure = match self.aws.memory.of(&notice.id, name) {
            Some(Known::Delivered | Known::Queued | Known::Kept) => return State::Before,
            Some(Known::Refused(why)) => return self.give_up(item(why)).await,
            Some(Known::Unsure) => true,
            None => false,
        };
        match http::attempts(self, name, notice, full.as_ref(), &mut unsure).await {
            Outcome::Delivered => State::Delivered,
            Outcome::Never(why) => self.give_up(Item { unsure, ..item(why) }).await,
            Outcome::Later { after, why, .. } => {
                let item = Item { unsure, ..item(why) };
                match self.queue(&item, item.wait(1, after)).await {
                    Ok(()) => State::queued(&item.why),
                    Err(why) => State::Unsafe(why),
                }
            }
        }
    }

    /// Tells the fallback whom an alert did not reach. Best effort: the alert itself is safe by now.
    pub(crate) async fn tell_fallback(&self, notice: &Notice, failed: &[Destined]) {
        let Some(fallback) = self.routes.fallback.as_deref() else { return };
        let has_it = match self.routes.of(notice) {
            Who::These(names) => names.contains(&fallback),
            Who::Dropped | Who::Nobody => false,
        };
        let failed: Vec<(&str, &str)> = failed
            .iter()
            .filter(|it| it.name != fallback)
            .filter_map(|it| match &it.outcome {
                State::Failed(why) => Some((it.name.as_str(), why.as_str())),
                _ => None,
            })
            .collect();
        if has_it || failed.is_empty() {
            return;
        }
        let names: Vec<&str> = failed.iter().map(|it| it.0).collect();
        let field = |(name, why): &(&str, &str)| Field {
            name: "Not delivered to".to_owned(),
            value: format!("{name}: {why}"),
        };
        let notice = Notice {
            // It is another message.
            id: format!("{}-instead-of-{}", notice.id, names.join("-")),
            fields: failed.iter().map(field).chain(notice.fields.clone()).collect(),
            ..notice.clone()
        };
        Box::pin(self.tell_one(fallback, &notice, true)).await;
    }

    /// The page of this environment's log, where the event is, whole.
    fn whole_event(&self, notice: &Notice) -> Option<Link> {
        let place = self.settings.log.as_ref()?;
        let function = alert::Arn::parse(self.invocation.function_arn.as_deref()?)?;
        let page = alert::log_stream(&function, &place.group, &place.stream).url;
        // The console looks for a word.
        let words = notice.id.split(|it: char| !it.is_ascii_alphanumeric());
        let wanted = words.max_by_key(|it| it.len()).unwrap_or_default();
        Some(Link {
            title: "Whole event".to_owned(),
            url: format!("{page}$3FfilterPattern$3D{wanted}"),
        })
    }

    pub(crate) fn count(&self, destination: &str, reason: Reason, metric: &str) {
        let mut dimensions = vec![("Destination", destination)];
        if metric != "Delivered" {
            dimensions.push(("Reason", reason.as_str()));
        }
        metrics::emit(&metrics::line(self.now(), &dimensions, &[(metric, "Count", 1.0)]));
    }
}
