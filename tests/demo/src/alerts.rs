//! An alert on its way to people: one service is busy, one is down, one is gone.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::Timestamp;
use local_aws::scene::FanOut;
use local_aws::{Answer, Pace, Receiver, Service, World, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::play::{PATIENCE, said};
use crate::prepare::{Programs, workspace};
use crate::show::Show;

/// What this chapter needs.
struct Set<'a> {
    show: &'a Show,
    world: World,
    queues: FanOut,
}

/// In an account of its own, with the alert of the chapter before.
pub(crate) async fn play(
    show: &Show,
    programs: &Programs,
    alert: &str,
    now: Timestamp,
) -> Result<()> {
    show.chapter("7  The alert arrives: Slack is busy, Teams is down, one webhook is gone");
    let world = World::new(now, Pace::BRISK);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let server = tokio::spawn(serve(world.clone(), listener));
    let queues = install(&world, programs, port).await?;
    let told = story(&Set { show, world, queues }, alert).await;
    server.abort();
    told
}

/// The function, its queues, and the secrets that lead to receivers on this machine.
async fn install(world: &World, programs: &Programs, port: u16) -> Result<FanOut> {
    world.receiver("chat", Receiver::Slack);
    world.receiver("old-chat", Receiver::Slack);
    world.receiver("team", Receiver::Teams);
    world.receiver("oncall", Receiver::PagerDuty);
    world.receiver("hook", Receiver::Webhook { signing_secret: None });
    let mut secret = json!({"key": world.routing_key("oncall")});
    for name in ["chat", "old-chat", "team", "hook"] {
        secret[name] = json!(world.served_receiver(name, port));
    }
    let secret = json!({
        "Name": "alerts", "SecretString": secret.to_string(),
        "ClientRequestToken": "0".repeat(32),
    });
    let secret = world.call(Service::SecretsManager, "CreateSecret", secret).await;
    secret.map_err(|it| said(&it))?;
    let routes = json!({
        "destinations": {
            "chat": {"type": "slack", "webhook": "alerts#chat"},
            "old-chat": {"type": "slack", "webhook": "alerts#old-chat"},
            "team": {"type": "teams", "webhook": "alerts#team"},
            "oncall": {
                "type": "pagerduty", "routing_key": "alerts#key",
                "endpoint": world.served_receiver("oncall", port),
            },
            "hook": {"type": "webhook", "webhook": "alerts#hook"},
        },
        "routes": [{"match": {"severity": "critical"}, "to": ["oncall"]}],
        "default": ["chat", "old-chat", "team", "oncall"],
        "fallback": "hook",
        "allowed_hosts": ["127.0.0.1"],
        "prefix": "production",
    });
    let queues = FanOut::set(world).await.map_err(|it| said(&it))?;
    let settings: BTreeMap<_, _> = [
        ("ROUTES".to_owned(), routes.to_string()),
        ("RETRY_QUEUE_URL".to_owned(), queues.retry_queue.clone()),
        ("FAILED_QUEUE_URL".to_owned(), queues.failed_queue.clone()),
    ]
    .into();
    world.function_binary(FanOut::FUNCTION, programs.fan_out_alerts.clone(), settings);
    queues.wire(world).await.map_err(|it| said(&it))?;
    Ok(queues)
}

async fn story(set: &Set<'_>, alert: &str) -> Result<()> {
    let busy = Answer::Status { status: 429, retry_after: Some(1), body: None };
    let down = Answer::Status { status: 500, retry_after: None, body: None };
    set.world.script("chat", vec![busy]);
    set.world.script("team", vec![down; 3]);
    set.world.disable("old-chat");
    let began = set.world.clock().now();
    let before = set.world.timeline().len();
    set.queues.publish(&set.world, alert).await.map_err(|it| said(&it))?;
    set.show.busy("the alert of the failed migration is on its way");
    until(set, began, before, || {
        ["chat", "team", "hook"].iter().all(|name| !set.world.arrived(name).is_empty())
            && !set.world.incidents("oncall").is_empty()
    })
    .await?;
    set.show.quiet();
    for (name, service) in [("chat", "Slack"), ("team", "Teams"), ("oncall", "PagerDuty")] {
        let shown = set.world.shown(name);
        ensure!(shown.contains("CREATE UNIQUE INDEX") || name == "oncall", "{service}: {shown}");
        set.show.quote(&format!("In {service}"), &as_read(&shown));
    }
    let counts = ["chat", "team", "hook"].map(|name| set.world.arrived(name).len());
    ensure!(counts == [1, 1, 1], "it was told {counts:?} times");
    set.show.checked("each was told once: Slack after its pause, Teams from the retry queue");
    let failed = FanOut::failed(&set.world);
    ensure!(
        failed.len() == 1 && failed[0]["destination"] == "old-chat",
        "the failed queue holds {failed:?}"
    );
    set.show
        .checked("the webhook that is gone: kept in the failed queue, and told to the fallback");

    set.show.chapter("8  An alarm goes off, and is over: PagerDuty's incident is resolved");
    for file in ["alert-alarm-metric", "alert-alarm-ok"] {
        let path = workspace().join("events").join(format!("{file}.json"));
        let event: Value = serde_json::from_str(&read(&path)?).with_context(|| file.to_owned())?;
        let answer = set.world.invoke(FanOut::FUNCTION, event).await;
        answer.map_err(|error| anyhow!("{} failed: {error:?}", FanOut::FUNCTION))?;
    }
    let shown = set.world.shown("oncall");
    set.show.quote("In PagerDuty", &as_read(&shown));
    let resolved = set.world.incidents("oncall").iter().filter(|it| it.1 == "resolved").count();
    ensure!(resolved == 1, "{shown}");
    set.show.checked("one incident for the alarm, resolved; that of the migration is open");
    Ok(())
}

/// The lines of a message as people see them: a link is its title.
fn as_read(shown: &str) -> Vec<String> {
    let without_addresses = |line: &str| {
        let mut parts = line.split(" (https://");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |line, part| line + part.split_once(')').map_or("", |(_, rest)| rest))
    };
    shown.lines().map(without_addresses).filter(|it| !it.trim().is_empty()).collect()
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Shows what happens until something is true.
async fn until(
    set: &Set<'_>,
    began: Timestamp,
    mut shown: usize,
    done: impl Fn() -> bool,
) -> Result<()> {
    let follow = async {
        loop {
            let ended = done();
            for (at, what) in set.world.timeline().into_iter().skip(shown) {
                shown += 1;
                let after = Duration::try_from(at.duration_since(began)).unwrap_or_default();
                set.show.happened(after, &what);
            }
            if ended {
                return;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    };
    let followed = tokio::time::timeout(PATIENCE, follow).await;
    followed.map_err(|_| anyhow!("the alert did not arrive within {PATIENCE:?}"))
}
