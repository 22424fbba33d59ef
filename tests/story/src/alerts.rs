//! An account in which alerts go out: a topic, the function, its queues, and people who listen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fan_out_alerts::{Aws, Settings, handle};
use jiff::Timestamp;
use local_aws::scene::FanOut;
use local_aws::{Pace, Receiver, Service, World};
use runtime::Environment;
use serde_json::{Value, json};

use crate::{Handled, answered, arrived, sdk, text};

/// The parameter that holds the routes.
pub const ROUTES_PARAMETER: &str = "/quayside/routes";
/// What the webhook `hook` is signed with.
pub const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Every destination is told of everything.
pub const ROUTES: &str = "
destinations:
  chat: {type: slack, webhook: 'alerts#chat'}
  team: {type: teams, webhook: alerts/team}
  oncall: {type: pagerduty, routing_key: 'alerts#oncall'}
  game: {type: discord, webhook: 'alerts#game'}
  hook: {type: webhook, webhook: 'alerts#hook', signing_secret: 'alerts#signing'}
default: [chat, team, oncall, game, hook]
";

/// The five destinations of [`ROUTES`].
pub const FIVE: [&str; 5] = ["chat", "team", "oncall", "game", "hook"];

/// An account in which alerts go out.
pub struct Alerts {
    /// The account.
    pub world: World,
    queues: FanOut,
    settings: BTreeMap<String, String>,
}

impl Alerts {
    /// Everything installed as the template does, with these routes.
    pub async fn set(routes: &str) -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
        let world = World::new(start, Pace::REAL);
        let queues = FanOut::set(&world).await.expect("an empty account");
        let settings = [
            ("ROUTES_PARAMETER", ROUTES_PARAMETER),
            ("RETRY_QUEUE_URL", &queues.retry_queue),
            ("FAILED_QUEUE_URL", &queues.failed_queue),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let alerts = Self { world, queues, settings };
        alerts.receivers().await;
        alerts.routes(routes).await;
        alerts.install();
        alerts.queues.wire(&alerts.world).await.expect("a function to wire");
        alerts
    }

    /// Without queues: Lambda's own retries are all there is.
    #[must_use]
    pub fn without_queues(mut self) -> Self {
        self.settings.remove("RETRY_QUEUE_URL");
        self.settings.remove("FAILED_QUEUE_URL");
        self.install();
        self
    }

    /// People who listen, and the secrets that lead to them.
    async fn receivers(&self) {
        let world = &self.world;
        let chat = world.receiver("chat", Receiver::Slack);
        let team = world.receiver("team", Receiver::Teams);
        world.receiver("oncall", Receiver::PagerDuty);
        let game = world.receiver("game", Receiver::Discord);
        let signing_secret = Some(SIGNING_SECRET.to_owned());
        let hook = world.receiver("hook", Receiver::Webhook { signing_secret });
        let all = json!({
            "chat": chat, "oncall": world.routing_key("oncall"), "game": game, "hook": hook,
            "signing": SIGNING_SECRET,
        });
        self.secret("alerts", &all.to_string()).await;
        self.secret("alerts/team", &team).await;
    }

    /// Creates a secret.
    pub async fn secret(&self, name: &str, value: &str) {
        let input = json!({"Name": name, "SecretString": value});
        call(&self.world, Service::SecretsManager, "CreateSecret", input).await;
    }

    /// Gives a secret another value.
    pub async fn rotate(&self, name: &str, value: &str) {
        let input = json!({"SecretId": name, "SecretString": value});
        call(&self.world, Service::SecretsManager, "PutSecretValue", input).await;
    }

    /// Changes the routes.
    pub async fn routes(&self, routes: &str) {
        let input = json!({
            "Name": ROUTES_PARAMETER, "Value": routes, "Type": "String", "Overwrite": true,
        });
        call(&self.world, Service::Ssm, "PutParameter", input).await;
    }

    /// Installs the function in a fresh environment.
    pub fn install(&self) {
        let clock = self.world.clock();
        let environment: Environment = self.settings.clone().into_iter().collect();
        let web = self.world.http_connector_for(FanOut::FUNCTION);
        let aws = Arc::new(Aws::new(&sdk(&self.world, FanOut::FUNCTION), web));
        let settings = Arc::new(Settings::read(&environment).expect("settings"));
        self.world.function(FanOut::FUNCTION, move |invocation| -> Handled {
            let (aws, settings) = (Arc::clone(&aws), Arc::clone(&settings));
            Box::pin(async move {
                let invocation = arrived(FanOut::FUNCTION, invocation, clock.system_time());
                answered(handle(&aws, &settings, invocation).await)
            })
        });
        self.world.function_timeout(FanOut::FUNCTION, Duration::from_secs(60));
    }

    /// Publishes an alert.
    pub async fn publish(&self, message: &str) {
        self.queues.publish(&self.world, message).await.expect("a topic");
    }

    /// Publishes an alert with this title.
    pub async fn alert(&self, title: &str) {
        self.publish(
            &json!({"title": title, "text": "It hurts.", "severity": "error"}).to_string(),
        )
        .await;
    }

    /// Lets time pass.
    pub async fn wait(&self, minutes: u64) {
        self.world.clock().sleep(Duration::from_secs(60 * minutes)).await;
    }

    /// How often each of the five shows what has this title; for `PagerDuty`, how many incidents.
    pub fn shown(&self, title: &str) -> String {
        let times = |name: &str| match name {
            "oncall" => {
                let incidents = self.world.incidents(name);
                incidents.iter().filter(|it| it.2.to_string().contains(title)).count()
            }
            _ => {
                let arrived = self.world.arrived(name);
                arrived.iter().filter(|it| it.body.to_string().contains(title)).count()
            }
        };
        FIVE.map(|name| format!("{name} {}", times(name))).join(", ")
    }

    /// What is in the failed queue: whom it was for, and why it is there.
    pub fn failed(&self) -> Vec<String> {
        let told =
            |it: &Value| format!("{}: {}", text(&it["destination"]), text(&it["why"]["text"]));
        FanOut::failed(&self.world).iter().map(told).collect()
    }

    /// Moves a message of the failed queue back into the retry queue, as an operator does.
    pub async fn move_back(&self, message: &Value) {
        let input =
            json!({"QueueUrl": self.queues.retry_queue, "MessageBody": message.to_string()});
        call(&self.world, Service::Sqs, "SendMessage", input).await;
    }

    /// How many alerts wait to be tried again.
    pub fn waiting(&self) -> usize {
        self.world.queued(FanOut::RETRY_QUEUE).len()
    }
}

async fn call(world: &World, service: Service, operation: &str, input: Value) -> Value {
    world.call(service, operation, input).await.expect("an account that does as it is asked")
}
