//! Addresses, tokens and keys reach those whom they open, and nobody else: no log, no queue, no answer.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use local_aws::scene::FanOut;
use local_aws::{Answer, Receiver};
use serde_json::{Value, json};
use story::alerts::{Alerts, FIVE, ROUTES, SIGNING_SECRET};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_written_down_holds_a_secret() {
    let log = Log::default();
    let lines = tracing_subscriber::fmt::layer().json().with_writer(log.clone());
    let lines = lines.with_filter(runtime::lines(LevelFilter::TRACE));
    let subscriber = tracing_subscriber::registry().with(lines);
    let _guard = tracing::subscriber::set_default(subscriber);

    let routes = ROUTES.replace(
        "default: [chat,",
        "  bot: {type: slack, token: 'alerts/bot', channel: ops}\ndefault: [bot, chat,",
    );
    let alerts = Alerts::set(&routes).await;
    let world = &alerts.world;
    world.receiver("bot", Receiver::SlackApi);
    alerts.secret("alerts/bot", "xoxb-bot").await;
    let mut secrets = vec!["xoxb-bot".to_owned(), world.routing_key("oncall")];
    secrets.push(SIGNING_SECRET.to_owned());
    let address = |name: &str, kind| world.receiver(name, kind);
    let addresses = [
        address("chat", Receiver::Slack),
        address("team", Receiver::Teams),
        address("game", Receiver::Discord),
    ];
    secrets.extend(addresses.iter().map(|it| it.split('/').skip(3).collect::<Vec<_>>().join("/")));

    for status in [400, 404, 429, 500, 503] {
        for name in FIVE.into_iter().chain(["bot"]) {
            // A service that repeats what it was asked.
            let own = match name {
                "chat" => &addresses[0],
                "team" => &addresses[1],
                "game" => &addresses[2],
                "bot" => &secrets[0],
                "oncall" => &secrets[1],
                _ => &secrets[2],
            };
            let body = Some(format!("you asked {own} for {}", own.split("com/").last().unwrap()));
            world.script(name, vec![Answer::Status { status, retry_after: None, body }]);
        }
        alerts.alert(&format!("Answered {status}")).await;
        alerts.wait(30).await;
    }
    for answer in [Answer::Cut, Answer::Hang, Answer::Refused] {
        for name in FIVE.into_iter().chain(["bot"]) {
            world.script(name, vec![answer.clone(); 3]);
        }
        alerts.alert(&format!("{answer:?}")).await;
        alerts.wait(30).await;
    }
    let chat = world.rotate("chat");
    alerts.rotate("alerts", &json!({"chat": chat}).to_string()).await;
    world.disable("team");
    world.disable("bot");
    alerts.alert("Revoked").await;
    alerts.wait(30).await;
    secrets.push(chat.split('/').next_back().unwrap().to_owned());

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("an alert was not delivered"), "the log is empty");
    let requests: Vec<Value> = world
        .requests()
        .iter()
        .filter(|it| {
            !matches!(it.operation.as_str(), "GetSecretValue" | "CreateSecret" | "PutSecretValue")
        })
        .map(|it| json!([it.input, format!("{:?}", it.outcome)]))
        .collect();
    let queues =
        [FanOut::RETRY_QUEUE, FanOut::FAILED_QUEUE].map(|it| json!(world.queued(it)).to_string());
    assert!(queues[1].contains("Revoked"), "nothing has failed");
    let timeline: Vec<String> = world.timeline().into_iter().map(|it| it.1).collect();
    for written in [log, json!(requests).to_string(), queues.join("\n"), timeline.join("\n")] {
        for secret in &secrets {
            let at = written.find(secret.as_str());
            let around = at.map(|at| {
                written.chars().skip(at.saturating_sub(300)).take(600).collect::<String>()
            });
            assert_eq!(around, None, "{secret}");
        }
    }
}
