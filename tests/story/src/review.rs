//! An account with review apps, and the function that removes those of closed pull requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clean_up_review_apps::{Aws, Settings, handle};
use jiff::{SignedDuration, Timestamp};
use local_aws::scene::ReviewApps;
use local_aws::{ACCOUNT, Pace, REGION, Recorded, World};
use runtime::Environment;
use serde_json::{Value, json};

use crate::{answered, sdk, text};

/// An account with review apps.
pub struct Reviews {
    /// The account.
    pub world: World,
    /// What is in it.
    pub apps: ReviewApps,
    settings: BTreeMap<String, String>,
    environment: Mutex<Option<(Arc<Aws>, Arc<Settings>)>>,
}

impl Reviews {
    /// An account in which apps go for good as soon as GitHub says that their pull request is closed.
    pub async fn set() -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
        let world = World::new(start, Pace::REAL);
        let apps = ReviewApps::set(&world).await.expect("an empty account");
        let settings = [
            ("ALERTS_TOPIC_ARN", apps.topic.as_str()),
            ("ALLOWED_ACCOUNTS", &format!("{ACCOUNT}/{REGION}")),
            ("REPOSITORY", ReviewApps::REPOSITORY),
            ("REPOSITORY_ID", ReviewApps::REPOSITORY_ID),
            ("GITHUB_SECRET", ReviewApps::GITHUB_SECRET),
            ("NAME_TEMPLATES", ReviewApps::TEMPLATES),
            ("PREVIEW_TAGS", "environment=preview"),
            ("MODE", "apply"),
            ("MAX_COMMENTS", "0"),
            ("MAX_SHARE", "100"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { world, apps, settings, environment: Mutex::default() }
    }

    /// Changes a setting.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self.environment = Mutex::default();
        self
    }

    /// Runs the function once, with fifteen minutes as in Lambda.
    ///
    /// # Errors
    /// What it failed with.
    pub async fn run(&self, event: Value) -> Result<Value, String> {
        let (aws, settings) = self.environment();
        let invocation = runtime::Invocation {
            time_left: Duration::from_secs(900),
            function_arn: Some(format!(
                "arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}",
                ReviewApps::FUNCTION
            )),
            ..runtime::Invocation::new(event, self.world.clock().system_time())
        };
        answered(handle(&aws, &settings, invocation).await)
    }

    fn environment(&self) -> (Arc<Aws>, Arc<Settings>) {
        let mut environment = self.environment.lock().expect("nobody panicked");
        let (aws, settings) = environment.get_or_insert_with(|| {
            let variables: Environment = self.settings.clone().into_iter().collect();
            let settings = Settings::read(&variables).expect("settings");
            let web = self.world.http_connector_for(ReviewApps::FUNCTION);
            let aws = Aws::new(&sdk(&self.world, ReviewApps::FUNCTION), web, &settings);
            (Arc::new(aws.expect("clients")), Arc::new(settings))
        });
        (Arc::clone(aws), Arc::clone(settings))
    }

    /// Hourly runs, until two of them have removed nothing; how many.
    pub async fn hours(&self, most: u32) -> u32 {
        let mut idle = 0;
        for hour in 1..=most {
            let report = self.run(json!({})).await;
            // A run that failed has not looked.
            let in_vain = report.is_ok_and(|it| it["removed"] == json!({}));
            idle = if in_vain { idle + 1 } else { 0 };
            self.wait(3600).await;
            if idle == 2 {
                return hour;
            }
        }
        most
    }

    /// Lets time pass.
    pub async fn wait(&self, seconds: u64) {
        self.world.clock().sleep(Duration::from_secs(seconds)).await;
    }

    /// A moment so many minutes ago.
    pub fn ago(&self, minutes: i64) -> Timestamp {
        self.world.clock().now() - SignedDuration::from_mins(minutes)
    }

    /// Requests of the function that change something, as AWS names them, with what they were about.
    pub fn changes(&self) -> Vec<(String, String)> {
        let requests = self.world.requests();
        let ours = |it: &&Recorded| it.caller.as_deref() == Some(ReviewApps::FUNCTION);
        requests.iter().filter(ours).filter(|it| is_change(&it.operation)).map(about).collect()
    }

    /// The alerts on the topic: titles and reasons.
    pub fn alerts(&self) -> Vec<String> {
        let published = self.world.published(&self.apps.topic);
        let documents = published.iter().map(|it| {
            let document: Value = serde_json::from_str(text(&it["Message"])).unwrap_or_default();
            format!("{}: {}", text(&document["title"]), text(&document["reason"]))
        });
        documents.collect()
    }
}

/// Whether an operation changes anything but what people are told.
fn is_change(operation: &str) -> bool {
    let reads = ["Describe", "List", "Get", "BatchGet", "Publish", "Filter"];
    !reads.iter().any(|it| operation.starts_with(it))
}

/// What a request was about: its input without what is the same for all.
fn about(it: &Recorded) -> (String, String) {
    let mut input = it.input.clone();
    if let Some(members) = input.as_object_mut() {
        for name in ["Action", "Version", "force", "reason"] {
            members.remove(name);
        }
    }
    (it.operation.clone(), input.to_string())
}

/// What is there of a kind, by a reading operation: the texts of a member anywhere in its answer.
pub fn names(value: &Value, member: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, member, &mut found);
    found
}

fn collect(value: &Value, member: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == member => {
                        found.insert(text.clone());
                    }
                    Value::Array(items) if name == member => {
                        found.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                        items.iter().for_each(|it| collect(it, member, found));
                    }
                    other => collect(other, member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| collect(it, member, found)),
        _ => {}
    }
}
