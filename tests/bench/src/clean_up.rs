//! Many pull requests are closed at once.

mod account;
mod deployments;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use jiff::Timestamp;
use local_aws::World;
use local_aws::scene::ReviewApps;
use serde_json::{Value, json};
use story::review::Reviews;

use crate::memory;

/// Revisions of each of an app's three families.
const REVISIONS: u32 = 10;
/// Pull requests that are open; one number begins those of closed ones, another one ends like one of them.
const OPEN: [u32; 3] = [7, 10, 11_001];
/// The first one that is closed.
const FIRST: u32 = 1001;
const HOUR: Duration = Duration::from_secs(3600);
/// Nobody waits longer.
const MOST_HOURS: usize = 24 * 14;

/// Closes so many pull requests, lets the function run every hour until their apps are gone, and tells what it
/// took.
pub(crate) async fn measure(apps: u32) -> Result<String> {
    let numbers: Vec<u32> = (FIRST..FIRST + apps).collect();
    let reviews = account(&numbers).await?;
    let world = &reviews.world;
    let untouched = neighbours(world).await?;
    let ledger = Ledger {
        began: world.clock().now(),
        apps: numbers.iter().map(|it| named(*it)).collect(),
        pages: Mutex::default(),
    };
    let ledger = Arc::new(ledger);
    let (clerk, deployments) = (
        tokio::spawn(Arc::clone(&ledger).keep(world.clone())),
        tokio::spawn(deployments::run(world.clone())),
    );
    let busy = memory::busy();
    let hours = hours(&reviews, &ledger).await;
    let busy = memory::busy() - busy;
    ensure!(!clerk.is_finished(), "nobody has kept the books: {:?}", clerk.await);
    ensure!(!deployments.is_finished(), "the deployments have failed: {:?}", deployments.await);
    clerk.abort();
    deployments.abort();
    let hours = hours?;
    ensure!(neighbours(world).await? == untouched, "something of an open pull request is gone");
    ledger.count(world);
    report::of(world, &hours, &ledger, busy)
}

async fn account(closed: &[u32]) -> Result<Reviews> {
    let reviews = Reviews::set().await.with("MAX_APPS", &closed.len().to_string());
    for number in OPEN {
        reviews.apps.app(number, 2).await.map_err(|it| account::said(&it))?;
        reviews.apps.open(number);
    }
    for number in closed {
        reviews.apps.app(*number, REVISIONS).await.map_err(|it| account::said(&it))?;
        reviews.apps.closed(*number, reviews.ago(0));
    }
    // The grace period is over.
    reviews.wait(3600).await;
    reviews.world.forget_requests();
    reviews.world.limit_requests();
    Ok(reviews)
}

/// How much there is of the apps that nobody may touch.
async fn neighbours(world: &World) -> Result<BTreeMap<String, usize>> {
    let mut apps = ReviewApps::inventory(world).await.map_err(|it| account::said(&it))?;
    apps.retain(|name, _| OPEN.map(named).contains(name));
    Ok(apps)
}

fn named(number: u32) -> String {
    format!("core-review-{number}")
}

/// One run of the function.
struct Hour {
    took: Duration,
    report: Value,
    /// How many names of apps that should be gone are left.
    left: usize,
    calls: usize,
}

/// Hourly runs, until nothing is left.
async fn hours(reviews: &Reviews, ledger: &Ledger) -> Result<Vec<Hour>> {
    let (world, mut hours) = (&reviews.world, Vec::new());
    loop {
        let (began, before) = (tokio::time::Instant::now(), ledger.ours(world));
        let report = reviews.run(json!({})).await;
        let report = report.map_err(|it| anyhow!("the run of hour {}: {it}", hours.len() + 1))?;
        let took = began.elapsed();
        ensure!(report["tripped"].is_null(), "a fuse has tripped: {}", report["tripped"]);
        reviews.wait((HOUR - took).as_secs()).await;
        let apps = ReviewApps::inventory(world).await.map_err(|it| account::said(&it))?;
        let left = apps.iter().filter(|it| ledger.apps.contains(it.0)).map(|it| it.1).sum();
        let calls = ledger.ours(world) - before;
        hours.push(Hour { took, report, left, calls });
        if left == 0 {
            return Ok(hours);
        }
        ensure!(hours.len() < MOST_HOURS, "after {MOST_HOURS} hours {left} names are left");
    }
}

/// What was asked of AWS, and until when apps have cost money.
struct Ledger {
    began: Timestamp,
    /// The names of those that go.
    apps: BTreeSet<String>,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// The function's requests.
    ours: BTreeMap<String, usize>,
    /// Requests of deployments.
    deployments: usize,
    /// When nothing that is paid by the hour was left.
    free: Option<Timestamp>,
}

impl Ledger {
    /// Once a minute, for a hundred thousand requests take a lot of memory.
    async fn keep(self: Arc<Self>, world: World) -> Result<()> {
        loop {
            world.clock().sleep(Duration::from_secs(60)).await;
            self.count(&world);
            if self.pages().free.is_none() && account::spending(&world, &self.apps).await? == 0 {
                self.pages().free = Some(world.clock().now());
            }
        }
    }

    fn count(&self, world: &World) {
        let mut pages = self.pages();
        for it in world.requests() {
            match it.caller.as_deref() {
                Some(ReviewApps::FUNCTION) => *pages.ours.entry(it.operation).or_default() += 1,
                Some(deployments::CALLER) => pages.deployments += 1,
                _ => {}
            }
        }
        world.forget_requests();
    }

    /// How many requests the function has made until now.
    fn ours(&self, world: &World) -> usize {
        self.count(world);
        self.pages().ours.values().sum()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
