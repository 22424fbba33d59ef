//! The figures, for people.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use local_aws::World;
use local_aws::scene::ReviewApps;
use serde_json::Value;

use super::{Hour, Ledger, REVISIONS, deployments};

/// So many hours have a row.
const SHOWN: usize = 3;
/// So many operations are named.
const NAMED: usize = 6;
/// In so many hours the bill has to have stopped: two runs.
const BILL: f64 = 2.0;

/// The figures, if they are as they should be.
#[expect(clippy::cast_precision_loss, reason = "a report rounds")]
pub(super) fn of(world: &World, hours: &[Hour], ledger: &Ledger, busy: f64) -> Result<String> {
    let (apps, pages) = (ledger.apps.len(), ledger.pages());
    let throttled = |name: &str| -> BTreeMap<String, usize> {
        let all = world.throttled().into_iter();
        all.filter(|it| it.0.0.as_deref() == Some(name)).map(|it| (it.0.1, it.1)).collect()
    };
    let theirs = throttled(deployments::CALLER);
    let ours = throttled(ReviewApps::FUNCTION);
    let free = pages.free.context("something was paid for to the end")?;
    let free = free.duration_since(ledger.began).as_secs_f64() / 3600.0;
    let calls: usize = pages.ours.values().sum();
    let mut lines = vec![
        format!(
            "{apps} review apps of closed pull requests, {REVISIONS} revisions of each of 3 families"
        ),
        format!("spending stopped after     {free:>10.2} h"),
        format!("everything was gone after  {:>10} hourly runs", hours.len()),
        format!(
            "AWS calls                  {calls:>10} ({:.1} an app)",
            calls as f64 / apps as f64
        ),
        format!("… above all                {}", often(&pages.ours)),
        format!("… throttled                {:>10} {}", ours.values().sum::<usize>(), often(&ours)),
        format!(
            "calls of deployments       {:>10}, {} throttled",
            pages.deployments,
            theirs.values().sum::<usize>()
        ),
        format!("GitHub requests            {:>10}", world.github_requests().len()),
        format!("processor time             {busy:>10.1} s, with the simulated AWS"),
        String::new(),
        format!(
            "{:>4} {:>9} {:>6} {:>7} {:>5} {:>5} {:>6} {:>6}",
            "hour", "took", "passes", "removed", "gone", "going", "calls", "left"
        ),
    ];
    lines.extend(hours.iter().enumerate().take(SHOWN).map(|(n, hour)| row(n + 1, hour)));
    let text = lines.join("\n");
    ensure!(theirs.is_empty(), "deployments were throttled: {}\n{text}", often(&theirs));
    ensure!(free <= BILL, "the bill should have stopped after {BILL} hours\n{text}");
    Ok(text)
}

fn row(n: usize, hour: &Hour) -> String {
    let (report, took) = (&hour.report, hour.took.as_secs_f64() / 60.0);
    let rows = || report["apps"].as_object().into_iter().flatten();
    let count = |state: &str| rows().filter(|it| it.1["state"] == state).count();
    let removed: u64 =
        report["removed"].as_object().into_iter().flatten().filter_map(|it| it.1.as_u64()).sum();
    let passes = report["passes"].as_u64().unwrap_or_default();
    let (gone, going) = (count("gone"), count("going"));
    let mut row = format!(
        "{n:>4} {took:>5.1} min {passes:>6} {removed:>7} {gone:>5} {going:>5} {:>6} {:>6}",
        hour.calls, hour.left
    );
    for (problem, times) in report["problems"].as_object().into_iter().flatten() {
        row.push_str(&format!("\n     {problem} ({} times)", Value::to_string(times)));
    }
    row
}

/// The most frequent first.
fn often(counts: &BTreeMap<String, usize>) -> String {
    let mut counts: Vec<(&String, &usize)> = counts.iter().collect();
    counts.sort_by_key(|it| std::cmp::Reverse(it.1));
    let words: Vec<String> =
        counts.iter().take(NAMED).map(|it| format!("{} {}", it.0, it.1)).collect();
    words.join(", ")
}
