//! A storm of alerts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::Timestamp;
use local_aws::scene::FanOut;
use local_aws::{Answer, AwsError, Pace, Receiver, Service, World, serve};
use serde_json::json;
use tokio::net::TcpListener;

use crate::memory;

const FIVE: [(&str, Receiver); 5] = [
    ("chat", Receiver::Slack),
    ("team", Receiver::Teams),
    ("oncall", Receiver::PagerDuty),
    ("game", Receiver::Discord),
    ("hook", Receiver::Webhook { signing_secret: None }),
];
/// So many alerts may wait for an environment.
const WAITING: usize = 50;
/// An arm64 function with 256 MB, per second, and its invocation: AWS's prices in eu-west-2, in dollars.
const SECOND: f64 = 0.25 * 0.000_013_333_4;
const INVOCATION: f64 = 0.000_000_2;
/// What the slowest of five services usually takes to answer, in seconds.
const LATENCY: f64 = 0.4;

/// Sends the alerts, waits for all of them, and tells what it took.
pub(crate) async fn measure(alerts: usize) -> Result<String> {
    let world = World::new(Timestamp::UNIX_EPOCH, Pace::BRISK);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let server = tokio::spawn(serve(world.clone(), listener));
    let queues = install(&world, port, alerts).await?;
    let began = Instant::now();
    let asked = || FIVE.map(|(name, _)| world.asked(name));
    for n in 0..alerts {
        // Lambda would start more environments; the four here are given what they can take.
        while asked().into_iter().min().unwrap_or_default() + WAITING < n {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let message = json!({
            "title": format!("Alert {n}."), "severity": "error",
            "text": "The disk of the database is nearly full.", "fields": {"Free": "3 %"},
        });
        queues.publish(&world, &message.to_string()).await.map_err(|it| said(&it))?;
    }
    let counts = || FIVE.map(|(name, _)| arrived(&world, name));
    let (mut memory, mut busy) = (0, 0.0);
    let mut first_round = None;
    // To count what has arrived takes time that the function should have.
    while asked().iter().any(|it| *it < alerts) || counts() != [alerts; 5] {
        let (now, seconds) = memory::of_children(FanOut::FUNCTION);
        (memory, busy) = (now.max(memory), seconds.max(busy));
        let handled = asked().into_iter().min().unwrap_or_default();
        if first_round.is_none() && handled >= alerts {
            first_round = Some(began.elapsed());
        }
        ensure!(
            began.elapsed() < Duration::from_secs(1800),
            "after half an hour {:?} of {alerts} have arrived, {} wait, {} have failed",
            counts(),
            world.queued(FanOut::RETRY_QUEUE).len(),
            FanOut::failed(&world).len()
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = began.elapsed().as_secs_f64();
    // A copy too many would come within the next moments.
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure!(counts() == [alerts; 5], "told too often: {:?} of {alerts}", counts());
    let failed = FanOut::failed(&world).len();
    ensure!(failed == 0, "{failed} deliveries are in the failed queue");
    let asked: usize = FIVE.iter().map(|(name, _)| world.asked(name)).sum();
    server.abort();
    Ok(report(&Figures { alerts, asked, took, memory, busy, first_round }))
}

struct Figures {
    alerts: usize,
    asked: usize,
    took: f64,
    memory: u64,
    busy: f64,
    first_round: Option<Duration>,
}

#[expect(clippy::cast_precision_loss, reason = "a report rounds")]
fn report(it: &Figures) -> String {
    let (alerts, asked) = (it.alerts as f64, it.asked as f64);
    let first = it.first_round.unwrap_or_default().as_secs_f64();
    let cpu = it.busy / alerts;
    let cost = (LATENCY + cpu) * SECOND + INVOCATION;
    [
        format!("{} alerts to 5 destinations, none lost, none told twice", it.alerts),
        format!("requests                 {asked:>10} ({:.0} failed)", asked - 5.0 * alerts),
        format!("each was tried after     {first:>10.1} s ({:.0} alerts a second)", alerts / first),
        format!("the last one after       {:>10.1} s", it.took),
        format!("processor time           {:>10.2} ms an alert", cpu * 1000.0),
        format!(
            "largest memory           {:>10.1} MB in one of four environments",
            it.memory as f64 / 1024.0
        ),
        format!(
            "Lambda, a million alerts {:>10.2} $ where the slowest service takes {LATENCY} s",
            cost * 1e6
        ),
    ]
    .join("\n")
}

fn arrived(world: &World, name: &str) -> usize {
    match name {
        "oncall" => world.incidents(name).len(),
        _ => world.arrived(name).len(),
    }
}

async fn install(world: &World, port: u16, alerts: usize) -> Result<FanOut> {
    let mut secret = json!({});
    let mut destinations = json!({});
    for (n, (name, kind)) in FIVE.into_iter().enumerate() {
        world.receiver(name, kind);
        let faulty = |it: usize| match it % 10 {
            0 if n % 2 == 0 => Answer::Status { status: 429, retry_after: Some(1), body: None },
            0 => Answer::Status { status: 500, retry_after: None, body: None },
            _ => Answer::Ok,
        };
        world.script(name, (0..alerts * 2).map(faulty).collect());
        let address = world.served_receiver(name, port);
        secret[name] = json!(address);
        destinations[name] = match name {
            "oncall" => json!({
                "type": "pagerduty", "routing_key": "alerts#key", "endpoint": address,
            }),
            "chat" => json!({"type": "slack", "webhook": "alerts#chat"}),
            "team" => json!({"type": "teams", "webhook": "alerts#team"}),
            "game" => json!({"type": "discord", "webhook": "alerts#game"}),
            _ => json!({"type": "webhook", "webhook": "alerts#hook"}),
        };
    }
    secret["key"] = json!(world.routing_key("oncall"));
    let secret = json!({
        "Name": "alerts", "SecretString": secret.to_string(), "ClientRequestToken": "0".repeat(32),
    });
    let secret = world.call(Service::SecretsManager, "CreateSecret", secret).await;
    secret.map_err(|it| said(&it))?;
    let routes = json!({
        "destinations": destinations, "default": FIVE.map(|it| it.0), "allowed_hosts": ["127.0.0.1"],
    });
    let queues = FanOut::set(world).await.map_err(|it| said(&it))?;
    let settings: BTreeMap<_, _> = [
        ("ROUTES".to_owned(), routes.to_string()),
        ("RETRY_QUEUE_URL".to_owned(), queues.retry_queue.clone()),
        ("FAILED_QUEUE_URL".to_owned(), queues.failed_queue.clone()),
    ]
    .into();
    let me = std::env::current_exe().context("where is this program?")?;
    let binary = me.with_file_name(FanOut::FUNCTION);
    ensure!(binary.is_file(), "{} was not built", binary.display());
    world.function_binary(FanOut::FUNCTION, binary, settings);
    queues.wire(world).await.map_err(|it| said(&it))?;
    Ok(queues)
}

fn said(error: &AwsError) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}
