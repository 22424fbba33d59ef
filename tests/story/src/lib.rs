//! Whole functions in one account: events in, AWS's state and the answer out.
//!
//! A [`Stage`] is an account with a web service, `CodeDeploy` in front of it and both functions
//! installed. The functions are the real ones, on real SDK clients; the account is local-aws, in
//! process; time is tokio's, paused, so that an hour takes milliseconds.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a stage that can't be set should say so at once; a missing member of JSON is null"
)]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use jiff::Timestamp;
use local_aws::scene::{BlueGreen, CONCLUDE_FUNCTION, HOOK_FUNCTION};
use local_aws::{Image, Invocation, Pace, REGION, Recorded, Run, Script, World};
use runtime::Environment;
use serde::Serialize;
use serde_json::Value;

/// What a function answers its runtime.
type Handled = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// The image of the revision that is deployed.
pub const NEW_IMAGE: &str = "registry/web:2";

/// An account with a web service and both functions.
pub struct Stage {
    /// The account.
    pub world: World,
    /// Its web service.
    pub scene: BlueGreen,
    settings: BTreeMap<String, String>,
}

impl Stage {
    /// Everything installed; migrations do what `migration` says.
    pub async fn set(migration: impl Fn(&Run) -> Script + Send + Sync + 'static) -> Self {
        let stage = Self::without_events(migration).await;
        stage.scene.wire_events().await.expect("rules for conclude-task");
        stage
    }

    /// The same, but nobody tells conclude-task anything.
    pub async fn without_events(
        migration: impl Fn(&Run) -> Script + Send + Sync + 'static,
    ) -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
        let world = World::new(start, Pace::REAL);
        world.image("registry/web:1", Image::script(|_| Script::exits(0)));
        world.image(NEW_IMAGE, Image::script(migration));
        let scene = BlueGreen::set(&world, "registry/web:1").await.expect("an empty account");
        let settings = [("ALERTS_TOPIC_ARN".to_owned(), scene.topic.clone())].into();
        let stage = Self { world, scene, settings };
        stage.install();
        stage
    }

    /// Changes a setting of both functions.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self.install();
        self
    }

    /// Installs both functions with the settings there are.
    pub fn install(&self) {
        let clock = self.world.clock();
        let environment: Environment = self.settings.clone().into_iter().collect();
        let aws = run_migrations::Aws::new(&sdk(&self.world, HOOK_FUNCTION));
        let settings = run_migrations::Settings::read(&environment);
        let settings = Arc::new(settings.map_err(|error| format!("{error:#}")));
        self.world.function(HOOK_FUNCTION, move |invocation| -> Handled {
            let (aws, settings) = (aws.clone(), settings.clone());
            Box::pin(async move {
                let invocation = arrived(invocation, clock.system_time());
                match &*settings {
                    Ok(it) => answered(run_migrations::handle(&aws, it, invocation).await),
                    Err(why) => {
                        let why = anyhow::anyhow!(why.clone());
                        answered(run_migrations::refuse(&aws, invocation, &why).await)
                    }
                }
            })
        });
        let aws = conclude_task::Aws::new(&sdk(&self.world, CONCLUDE_FUNCTION));
        let Ok(settings) = conclude_task::Settings::read(&environment) else { return };
        let settings = Arc::new(settings);
        self.world.function(CONCLUDE_FUNCTION, move |invocation| -> Handled {
            let (aws, settings) = (aws.clone(), settings.clone());
            Box::pin(async move {
                let invocation = arrived(invocation, clock.system_time());
                answered(conclude_task::handle(&aws, &settings, invocation).await)
            })
        });
        // As in the template.
        self.world.function_timeout(CONCLUDE_FUNCTION, Duration::from_secs(400));
    }

    /// Deploys the new image; the deployment's id.
    pub async fn deploy(&self) -> String {
        let definition = self.scene.register(NEW_IMAGE).await.expect("a task definition");
        self.scene.deploy(&definition).await.expect("a deployment")
    }

    /// Lets time pass until the deployment has ended; how it ended.
    pub async fn ended(&self, id: &str) -> String {
        for _ in 0..2 * 3600 {
            let info = self.scene.deployment(id).await.expect("the deployment");
            if let Some(status @ ("Succeeded" | "Failed" | "Stopped")) = info["status"].as_str() {
                return status.to_owned();
            }
            self.world.clock().sleep(Duration::from_secs(1)).await;
        }
        "still in progress after two hours".to_owned()
    }

    /// Deploys, lets it end, and says in a few lines what became of it.
    pub async fn deploy_and_tell(&self) -> String {
        let id = self.deploy().await;
        let status = self.ended(&id).await;
        // Late deliveries, retries and the watchdog may still be under way.
        self.world.clock().sleep(Duration::from_secs(30 * 60)).await;
        self.tell(&id, &status).await
    }

    /// What became of a deployment, in a few lines a stranger can judge.
    pub async fn tell(&self, id: &str, status: &str) -> String {
        let mut lines = vec![format!("deployment {status}")];
        let live = self.scene.live().await.unwrap_or_default();
        lines.push(format!("traffic on {}", live.rsplit('/').next().unwrap_or_default()));
        lines.push(format!("tasks {}", self.tasks().len()));
        let answers = self.answers(id);
        lines.push(format!("answers {}", answers.join(", ")));
        for alert in self.alerts() {
            lines.push(format!(
                "alert {}: {}",
                text(&alert["title"]).replace(id, "d-…"),
                text(&alert["reason"])
            ));
        }
        lines.join("\n")
    }

    /// The ARNs of all one-off tasks that were ever started, each once.
    pub fn tasks(&self) -> Vec<String> {
        let mut arns: Vec<String> = self
            .world
            .requests_for("RunTask")
            .into_iter()
            .filter_map(|it| it.outcome.ok())
            .flat_map(|it| it["tasks"].as_array().cloned().unwrap_or_default())
            .map(|it| text(&it["taskArn"]).to_owned())
            .collect();
        arns.sort();
        arns.dedup();
        arns
    }

    /// The answers that `CodeDeploy` took for a deployment.
    pub fn answers(&self, id: &str) -> Vec<String> {
        let taken = |it: &Recorded| it.outcome.is_ok() && it.input["deploymentId"] == id;
        let requests = self.world.requests_for("PutLifecycleEventHookExecutionStatus");
        requests
            .iter()
            .filter(|it| taken(it))
            .map(|it| text(&it.input["status"]).to_owned())
            .collect()
    }

    /// The alerts on the topic, as documents.
    pub fn alerts(&self) -> Vec<Value> {
        let published = self.world.published(&self.scene.topic);
        published
            .iter()
            .map(|it| serde_json::from_str(text(&it["Message"])).unwrap_or(Value::Null))
            .collect()
    }
}

/// Plays one case in a runtime of its own with its own paused clock; everything that still goes on
/// in its account, such as schedules, ends with it.
pub fn alone<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(case)
}

/// What SDK clients of the function `name` share.
pub fn sdk(world: &World, name: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDLOCAL", "local", None, None, "local-aws");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(world.http_client_for(name))
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(aws_call::patience())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(world.clock()))
        .build()
}

/// An invocation as the functions' runtime would hand it over.
fn arrived(invocation: Invocation, now: SystemTime) -> runtime::Invocation {
    let Invocation { payload, deadline, request_id } = invocation;
    runtime::Invocation {
        time_left: deadline.duration_since(now).unwrap_or_default(),
        function_arn: Some("arn:aws:lambda:eu-west-2:123456789012:function:quayside".to_owned()),
        id: request_id,
        ..runtime::Invocation::new(payload, now)
    }
}

fn answered<A: Serialize>(answer: anyhow::Result<A>) -> Result<Value, String> {
    match answer {
        Ok(answer) => serde_json::to_value(answer).map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
