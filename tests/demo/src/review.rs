//! A pull request is closed: what it left in AWS goes, and its neighbours stay.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::{SignedDuration, Timestamp};
use local_aws::scene::ReviewApps;
use local_aws::{ACCOUNT, Pace, REGION, Service, World, serve};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::play::{PATIENCE, said};
use crate::prepare::Programs;
use crate::show::Show;

/// Closed, open, closed with a label that keeps its app, and closed with an EC2 instance.
const CLOSED: u32 = 12;
const OPEN: u32 = 123;
const KEPT: u32 = 45;
const INSTANCE: u32 = 31;
/// In which order an app goes.
const PHASES: [&str; 6] =
    ["silence", "unroute", "spending", "shape", "leftovers", "task-definitions"];

/// What this chapter needs.
struct Set<'a> {
    show: &'a Show,
    world: World,
    program: PathBuf,
    settings: BTreeMap<String, String>,
    instance: String,
}

/// In an account of its own.
pub(crate) async fn play(show: &Show, programs: &Programs, now: Timestamp) -> Result<()> {
    show.chapter("9  A pull request is closed: its review app goes, and nothing else");
    let world = World::new(now, Pace::BRISK);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let server = tokio::spawn(serve(world.clone(), listener));
    let set = set(show, &world, programs, port).await?;
    let told = story(&set).await;
    server.abort();
    told
}

async fn set<'a>(show: &'a Show, world: &World, programs: &Programs, port: u16) -> Result<Set<'a>> {
    let apps = ReviewApps::set(world).await.map_err(|it| said(&it))?;
    for number in [CLOSED, OPEN, KEPT] {
        apps.app(number, 2).await.map_err(|it| said(&it))?;
    }
    let instance = apps.instance("preview", &INSTANCE.to_string()).await;
    let instance = instance.map_err(|it| said(&it))?;
    apps.open(OPEN);
    for number in [CLOSED, KEPT, INSTANCE] {
        apps.closed(number, world.clock().now() - SignedDuration::from_hours(1));
    }
    world.label(ReviewApps::REPOSITORY, KEPT.into(), "keep-review-app");
    let settings = [
        ("ALERTS_TOPIC_ARN", apps.topic.as_str()),
        ("ALLOWED_ACCOUNTS", &format!("{ACCOUNT}/{REGION}")),
        ("REPOSITORY", ReviewApps::REPOSITORY),
        ("REPOSITORY_ID", ReviewApps::REPOSITORY_ID),
        ("GITHUB_URL", &format!("http://127.0.0.1:{port}/_github")),
        ("GITHUB_SECRET", ReviewApps::GITHUB_SECRET),
        ("NAME_TEMPLATES", ReviewApps::TEMPLATES),
        ("PREVIEW_TAGS", "environment=preview"),
        // These apps are new, and people who watch do not wait for half an hour.
        ("GRACE_PERIOD", "1s"),
        ("MODE", "apply"),
    ];
    let mut settings: BTreeMap<String, String> =
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let program = programs.clean_up_review_apps.clone();
    world.function_binary(ReviewApps::FUNCTION, program.clone(), settings.clone());
    // On a command line somebody has to say where AWS is, too.
    let places = [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIALOCAL00000000000".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
    ];
    settings.extend(places.map(|(name, value)| (name.to_owned(), value)));
    // Tasks start, caches become available, and the grace period ends.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    Ok(Set { show, world: world.clone(), program, settings, instance })
}

async fn story(set: &Set<'_>) -> Result<()> {
    let before = neighbours(set).await?;
    set.show.busy("a dry run on the command line");
    let table = by_hand(set).await?;
    set.show.quiet();
    set.show.quote("clean-up-review-apps --dry-run", &table);
    let plan = invoke(set, json!({"dry_run": true})).await?;
    let changes = changes(set);
    ensure!(changes.is_empty(), "the dry run has changed something: {changes:?}");
    set.show.checked("nothing was changed: it only said what it would do");

    let phases = phases(&plan);
    set.show.busy("the schedule invokes it");
    let passes = tokio::time::timeout(PATIENCE, passes(set, &phases)).await;
    set.show.quiet();
    let passes = passes.map_err(|_| anyhow!("the apps were not gone within {PATIENCE:?}"))??;
    in_order(set)?;
    let gone = format!("#{CLOSED} and #{INSTANCE} are gone after {passes} passes, in this order");
    set.show.checked(&gone);

    let after = neighbours(set).await?;
    ensure!(before == after, "the neighbours were {before:?} and are {after:?}");
    set.show.checked(&format!(
        "untouched: production, #{OPEN}, which is open, and #{KEPT}, which has the label keep-review-app"
    ));
    set.show.quote("clean-up-review-apps --dry-run, once more", &by_hand(set).await?);
    for number in [CLOSED, INSTANCE] {
        let comments = set.world.comments(ReviewApps::REPOSITORY, number.into());
        ensure!(comments.len() == 1, "#{number} has {} comments", comments.len());
        let lines = comments.iter().flat_map(|it| it.2.lines());
        let lines = lines.filter(|it| !it.trim().is_empty() && !it.starts_with("<!--"));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        set.show.quote(&format!("Under pull request #{number}"), &lines);
    }
    for number in [OPEN, KEPT] {
        let comments = set.world.comments(ReviewApps::REPOSITORY, number.into());
        ensure!(comments.is_empty(), "somebody wrote under #{number}: {comments:?}");
    }
    Ok(())
}

/// How much there is of what stays.
async fn neighbours(set: &Set<'_>) -> Result<BTreeMap<String, usize>> {
    let mut found = ReviewApps::inventory(&set.world).await.map_err(|it| said(&it))?;
    found.remove(&format!("core-review-{CLOSED}"));
    Ok(found)
}

/// What the command prints.
async fn by_hand(set: &Set<'_>) -> Result<Vec<String>> {
    let mut command = Command::new(&set.program);
    command.args(["--event", "-", "--dry-run"]).env_clear().envs(&set.settings);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().context("starting clean-up-review-apps")?;
    child.stdin.take().context("no standard input")?.write_all(b"{}").await?;
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let ended = ended.map_err(|_| anyhow!("the command did not end within {PATIENCE:?}"))??;
    let errors = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "the command failed: {errors}");
    Ok(String::from_utf8_lossy(&ended.stdout).lines().map(str::to_owned).collect())
}

async fn invoke(set: &Set<'_>, event: Value) -> Result<Value> {
    let answer = set.world.invoke(ReviewApps::FUNCTION, event).await;
    answer.map_err(|error| anyhow!("{} failed: {error:?}", ReviewApps::FUNCTION))
}

/// In which phase each resource goes, by kind and name.
fn phases(plan: &Value) -> BTreeMap<(String, String), String> {
    let steps = rows(plan).flat_map(|(_, row)| items(&row["steps"]));
    steps.map(|it| (key(it), text(&it["phase"]))).collect()
}

/// Invokes the function, each time for a pass, until nothing that is closed is left; how often.
///
/// It makes a pass and no more, because the time-out of this function is a minute.
async fn passes(set: &Set<'_>, phases: &BTreeMap<(String, String), String>) -> Result<u32> {
    let began = set.world.clock().now();
    for pass in 1.. {
        let report = invoke(set, json!({})).await?;
        ensure!(report["problems"].as_object().is_some_and(|it| it.is_empty()), "{report}");
        let now = set.world.clock().now();
        let after = Duration::try_from(now.duration_since(began)).unwrap_or_default();
        for (number, row) in rows(&report) {
            for (phase, words) in removed(row, phases) {
                set.show.happened(after, &format!("pass {pass}: #{number:<3} {phase:<16} {words}"));
            }
        }
        if rows(&report).all(|(_, row)| row["state"] == "stays") {
            return Ok(pass - 1);
        }
        // What AWS is busy with takes its time.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(0)
}

/// What a pass has removed of an app, phase by phase.
fn removed<'a>(
    row: &'a Value,
    phases: &'a BTreeMap<(String, String), String>,
) -> impl Iterator<Item = (&'static str, String)> + 'a {
    PHASES.into_iter().filter_map(move |phase| {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let of_phase = |it: &&Value| phases.get(&key(it)).is_some_and(|it| it == phase);
        for it in items(&row["removed"]).filter(of_phase) {
            *kinds.entry(text(&it["kind"])).or_default() += 1;
        }
        let words: Vec<String> = kinds.iter().map(|(kind, n)| format!("{n} × {kind}")).collect();
        (!words.is_empty()).then(|| (phase, words.join(", ")))
    })
}

/// No alarm rings for what is taken away, and nobody is sent where nothing answers.
fn in_order(set: &Set<'_>) -> Result<()> {
    let changes = changes(set);
    let steps = [
        (Service::CloudWatch, "DeleteAlarms"),
        (Service::ElasticLoadBalancing, "DeleteRule"),
        (Service::Ecs, "DeleteService"),
        (Service::Ecs, "DeleteCluster"),
        (Service::Ecs, "DeleteTaskDefinitions"),
    ];
    let places = steps.map(|it| changes.iter().position(|(a, b)| (*a, b.as_str()) == it));
    ensure!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} of {changes:?}");
    let terminated = changes.iter().filter(|it| it.1 == "TerminateInstances").count();
    ensure!(terminated == 1, "instance {} was terminated {terminated} times", set.instance);
    Ok(())
}

/// Requests that change something.
fn changes(set: &Set<'_>) -> Vec<(Service, String)> {
    let requests = set.world.requests().into_iter().map(|it| (it.service, it.operation));
    let reads = ["Describe", "List", "Get", "BatchGet"];
    requests.filter(|it| !reads.iter().any(|read| it.1.starts_with(read))).collect()
}

fn rows(report: &Value) -> impl Iterator<Item = (&String, &Value)> {
    report["apps"].as_object().into_iter().flatten()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn key(it: &Value) -> (String, String) {
    (text(&it["kind"]), text(&it["id"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
