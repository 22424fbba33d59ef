//! Whole functions in one account: events in, AWS's state and the answer out.
//!
//! A [`Stage`] is an account with a web service, `CodeDeploy` or ECS itself to deploy it, and all
//! functions installed. The functions are the real ones, on real SDK clients; the account is local-aws, in
//! process; time is tokio's, paused, so that an hour takes milliseconds.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a stage that can't be set should say so at once; a missing member of JSON is null"
)]

pub mod alerts;
pub mod inventory;
mod native;
pub mod review;
mod second;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
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
use local_aws::{ACCOUNT, Image, Invocation, Pace, REGION, Recorded, Run, Script, Service, World};
use runtime::Environment;
use serde::Serialize;
use serde_json::{Value, json};

/// What a function answers its runtime.
pub type Handled = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// The function that starts jobs.
pub const JOB_FUNCTION: &str = "run-background-task";
/// The image of the revision that is deployed.
pub const NEW_IMAGE: &str = "registry/web:2";

/// An account with a web service and all functions.
pub struct Stage<S = BlueGreen> {
    /// The account.
    pub world: World,
    /// Its web service.
    pub scene: S,
    topic: String,
    settings: BTreeMap<String, String>,
    answered: Arc<Mutex<Vec<Value>>>,
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
        let world = account(migration);
        let scene = BlueGreen::set(&world, "registry/web:1").await.expect("an empty account");
        let topic = scene.topic.clone();
        Self::of(world, scene, topic)
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
}

/// An empty account, long ago, with the images of two revisions.
pub(crate) fn account(migration: impl Fn(&Run) -> Script + Send + Sync + 'static) -> World {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
    let world = World::new(start, Pace::REAL);
    world.image("registry/web:1", Image::script(|_| Script::exits(0)));
    world.image(NEW_IMAGE, Image::script(migration));
    world
}

impl<S> Stage<S> {
    pub(crate) fn of(world: World, scene: S, topic: String) -> Self {
        let settings = [("ALERTS_TOPIC_ARN".to_owned(), topic.clone())].into();
        let stage = Self { world, scene, topic, settings, answered: Arc::default() };
        stage.install();
        stage
    }

    /// Changes a setting of all functions.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self.install();
        self
    }

    /// Installs all functions with the settings there are.
    pub fn install(&self) {
        let clock = self.world.clock();
        let environment: Environment = self.settings.clone().into_iter().collect();
        let aws = run_migrations::Aws::new(&sdk(&self.world, HOOK_FUNCTION));
        let settings = run_migrations::Settings::read(&environment);
        let settings = Arc::new(settings.map_err(|error| format!("{error:#}")));
        let told = Arc::clone(&self.answered);
        self.world.function(HOOK_FUNCTION, move |invocation| -> Handled {
            let (aws, settings, told) = (aws.clone(), settings.clone(), Arc::clone(&told));
            Box::pin(async move {
                let invocation = arrived(HOOK_FUNCTION, invocation, clock.system_time());
                match &*settings {
                    Ok(it) => {
                        let answer = answered(run_migrations::handle(&aws, it, invocation).await);
                        told.lock().expect("nobody panicked").extend(answer.clone().ok());
                        answer
                    }
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
                let invocation = arrived(CONCLUDE_FUNCTION, invocation, clock.system_time());
                answered(conclude_task::handle(&aws, &settings, invocation).await)
            })
        });
        let aws = run_background_task::Aws::new(&sdk(&self.world, JOB_FUNCTION));
        let Ok(settings) = run_background_task::Settings::read(&environment) else { return };
        let settings = Arc::new(settings);
        self.world.function(JOB_FUNCTION, move |invocation| -> Handled {
            let (aws, settings) = (aws.clone(), settings.clone());
            Box::pin(async move {
                let invocation = arrived(JOB_FUNCTION, invocation, clock.system_time());
                answered(run_background_task::handle(&aws, &settings, invocation).await)
            })
        });
        // As in the template.
        self.world.function_timeout(CONCLUDE_FUNCTION, Duration::from_secs(400));
        self.world.function_timeout(JOB_FUNCTION, Duration::from_secs(300));
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

    /// What ECS says of a task.
    pub async fn task(&self, arn: &str) -> Value {
        let input = json!({"cluster": BlueGreen::CLUSTER, "tasks": [arn]});
        let answer = self.world.call(Service::Ecs, "DescribeTasks", input).await;
        answer.expect("the task")["tasks"][0].clone()
    }

    /// When each one-off task started and ended, in seconds since 1970; one that runs ends never.
    pub async fn times(&self) -> Vec<(f64, f64)> {
        let input = json!({"cluster": BlueGreen::CLUSTER, "tasks": self.tasks()});
        let answer = self.world.call(Service::Ecs, "DescribeTasks", input).await;
        let tasks = answer.expect("tasks")["tasks"].as_array().cloned().unwrap_or_default();
        let times = |shown: &Value| {
            let at = |name: &str| shown[name].as_f64();
            Some((at("startedAt")?, at("executionStoppedAt").unwrap_or(f64::MAX)))
        };
        tasks.iter().filter_map(times).collect()
    }

    /// What the hook function answered, one after the other.
    pub fn hook_answers(&self) -> Vec<Value> {
        self.answered.lock().expect("nobody panicked").clone()
    }

    /// The alerts on the topic, as documents.
    pub fn alerts(&self) -> Vec<Value> {
        let published = self.world.published(&self.topic);
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
fn arrived(function: &str, invocation: Invocation, now: SystemTime) -> runtime::Invocation {
    let Invocation { payload, deadline, request_id } = invocation;
    runtime::Invocation {
        time_left: deadline.duration_since(now).unwrap_or_default(),
        function_arn: Some(format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")),
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
