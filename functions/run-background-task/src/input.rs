//! What is to be run: a schedule's input, or the same by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::size::{Size, units};

/// A job that says nothing of it may run this long.
const DEFAULT_DURATION: Duration = Duration::from_secs(24 * 3600);
/// And none longer.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// What happens if the job's last run is still at work; the words are those of Kubernetes' cron jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// This one runs as well.
    Allow,
    /// This one does not run.
    #[default]
    Forbid,
    /// That one is stopped first.
    Replace,
}

/// What the job runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityWish {
    /// What the service runs on.
    #[default]
    AsService,
    /// Fargate, on demand.
    OnDemand,
    /// Fargate Spot, or if there is none on demand.
    Spot,
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The job's name.
    pub job: String,
    /// The cluster of the service.
    pub cluster: String,
    /// The service whose live image runs.
    pub service: String,
    /// The container to run in; without it the one that gets the traffic, or the only one.
    #[serde(default)]
    pub container: Option<String>,
    #[serde(default)]
    command: Option<Words>,
    #[serde(default)]
    commands: Vec<Words>,
    #[serde(default, deserialize_with = "units")]
    cpu: Option<u32>,
    #[serde(default, deserialize_with = "units")]
    memory: Option<u32>,
    #[serde(default)]
    ephemeral_storage: Option<u32>,
    /// More environment for the container.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What happens if the last run is still at work.
    #[serde(default)]
    pub overlap: Overlap,
    /// What it runs on.
    #[serde(default)]
    pub capacity: CapacityWish,
    /// After this time it is stopped.
    #[serde(default = "default_duration", deserialize_with = "duration")]
    pub max_duration: Duration,
    /// Exit codes besides 0 that mean success.
    #[serde(default)]
    pub success_exit_codes: Vec<i32>,
    /// After so many failures in a row people are told.
    #[serde(default = "one")]
    pub alert_after: u32,
    /// People are told if it has not run for this long.
    #[serde(default, deserialize_with = "some_duration")]
    pub alert_if_not_run_for: Option<Duration>,
    /// Run this revision of a task definition instead of what is live.
    #[serde(default)]
    pub task_definition: Option<String>,
    /// Run exactly the image that is live, by its digest.
    #[serde(default = "yes")]
    pub exact_image: bool,
    /// Whether people may look into the running container.
    #[serde(default)]
    pub enable_execute_command: bool,
    #[serde(default)]
    schedule: Option<String>,
    #[serde(default)]
    scheduled_time: Option<String>,
    /// Read by the runtime, which takes it in any form.
    #[serde(default)]
    dry_run: Option<Value>,
}

/// A command as people write it: words in one text, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

fn default_duration() -> Duration {
    DEFAULT_DURATION
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = text.parse::<SignedDuration>().ok().and_then(|it| Duration::try_from(it).ok());
    read.filter(|it| !it.is_zero() && *it <= LONGEST).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no time such as 12h, at most 30 days"))
    })
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

impl Input {
    /// Reads the input.
    ///
    /// # Errors
    /// A member is missing, unknown or wrong: the error names it.
    pub fn read(event: &Value) -> Result<Self> {
        if event.get("detail-type").is_some() {
            bail!(
                "this is an event of EventBridge, not a job: give the rule's target an input, such \
                 as {SHAPE}"
            );
        }
        let input = Self::deserialize(event)
            .map_err(|error| anyhow!("{}{error}", named(event)))
            .with_context(|| format!("the input is no job; expected {SHAPE}"))?;
        for (name, value) in
            [("job", &input.job), ("cluster", &input.cluster), ("service", &input.service)]
        {
            check_name(name, value)?;
        }
        if input.alert_after == 0 {
            bail!("alert_after is 0: a job's failures are told after 1 or more in a row");
        }
        if let Some(it) = &input.task_definition
            && !it.rsplit('/').next().unwrap_or_default().contains(':')
        {
            bail!("task_definition `{it}` has no revision, and the latest one may be anything");
        }
        input.commands()?;
        Ok(input)
    }

    /// The commands, one after another.
    ///
    /// # Errors
    /// There is none, or one is empty.
    pub fn commands(&self) -> Result<Vec<Vec<String>>> {
        let all: Vec<&Words> = match (&self.command, self.commands.as_slice()) {
            (Some(one), []) => vec![one],
            (None, several @ [_, ..]) => several.iter().collect(),
            (None, []) => bail!("there is no command; give `command` or `commands`"),
            (Some(_), _) => bail!("there is both `command` and `commands`; give one of them"),
        };
        all.into_iter().map(Words::split).collect()
    }

    pub(crate) fn size(&self) -> Size {
        Size { cpu: self.cpu, memory: self.memory, storage: self.ephemeral_storage }
    }

    /// What makes two deliveries of one run the same: the schedule and the time that it was for. By
    /// hand, the invocation.
    ///
    /// # Errors
    /// Only one of the two is known.
    pub(crate) fn run(&self, invocation: &str) -> Result<String> {
        // Who calls by hand with a schedule's input has its placeholders unfilled.
        let filled = |it: &&String| !it.is_empty() && !it.starts_with("<aws.scheduler.");
        let schedule = self.schedule.as_ref().filter(filled);
        let time = self.scheduled_time.as_ref().filter(filled);
        match (schedule, time) {
            (Some(schedule), Some(time)) => Ok(format!("{schedule} {time}")),
            (None, None) => Ok(invocation.to_owned()),
            _ => bail!(
                "give both `schedule` (<aws.scheduler.schedule-arn>) and `scheduled_time` \
                 (<aws.scheduler.scheduled-time>), or neither"
            ),
        }
    }
}

/// The member that can't be read: the one that a job of nothing else but names can't have either.
fn named(event: &Value) -> String {
    let wrong = event.as_object().into_iter().flatten().find(|(name, value)| {
        let mut job = json!({"job": "", "cluster": "", "service": ""});
        if let Some(members) = job.as_object_mut() {
            members.insert((*name).clone(), (*value).clone());
        }
        Input::deserialize(&job).is_err()
    });
    wrong.map(|(name, _)| format!("`{name}`: ")).unwrap_or_default()
}

const SHAPE: &str =
    r#"{"job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind"}"#;

impl Words {
    fn split(&self) -> Result<Vec<String>> {
        let words = match self {
            Self::List(words) => words.clone(),
            Self::Text(text) => shell_words::split(text)
                .with_context(|| format!("command `{text}`: a quote is not closed"))?,
        };
        if words.first().is_none_or(String::is_empty) {
            bail!("a command is empty");
        }
        Ok(words)
    }
}

/// A job's name is part of `startedBy` and of a parameter's name; names of clusters and services have
/// the same characters.
fn check_name(name: &str, value: &str) -> Result<()> {
    let longest = if name == "job" { 64 } else { 255 };
    let fits = !value.is_empty()
        && value.len() <= longest
        && value.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'));
    if !fits {
        bail!(
            "{name} is `{value}`: expected up to {longest} letters, digits, hyphens, underscores"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(more: &Value) -> Value {
        let mut job = json!({
            "job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind",
        });
        for (name, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(job.as_object_mut().unwrap().remove(name)),
                value => job[name] = value.clone(),
            }
        }
        job
    }

    #[test]
    fn four_members_make_a_job() {
        let input = Input::read(&job(&json!({}))).unwrap();
        assert_eq!(input.commands().unwrap(), [["bin/jobs", "remind"]]);
        assert_eq!((input.overlap, input.alert_after), (Overlap::Forbid, 1));
        assert_eq!(input.max_duration, Duration::from_secs(86_400));
    }

    #[test]
    fn the_event_of_the_repository_is_a_job() {
        let event = include_str!("../../../events/scheduler-background-task.json");
        let input = Input::read(&serde_json::from_str(event).unwrap()).unwrap();
        assert_eq!(input.job, "reminders");
        assert!(input.run("by hand").unwrap().ends_with("2026-01-01T00:15:00Z"));
    }

    #[test]
    fn sizes_and_times_are_written_as_people_write_them() {
        let input = Input::read(&job(&json!({
            "cpu": "4 vCPU", "memory": "8GB", "ephemeral_storage": 50, "max_duration": "12h",
            "overlap": "replace", "capacity": "spot", "alert_if_not_run_for": "90m",
        })))
        .unwrap();
        let size = Size { cpu: Some(4096), memory: Some(8192), storage: Some(50) };
        assert_eq!(input.size(), size);
        assert_eq!(input.max_duration, Duration::from_secs(43_200));
        let number = Input::read(&job(&json!({"cpu": 1024, "memory": "2048"}))).unwrap();
        assert_eq!((number.cpu, number.memory), (Some(1024), Some(2048)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |more: Value, why: &str| {
            let error = format!("{:#}", Input::read(&job(&more)).unwrap_err());
            assert!(error.contains(why), "{error}");
        };
        check(json!({"job": null}), "missing field `job`");
        check(json!({"commando": "x"}), "unknown field `commando`");
        check(json!({"command": null}), "there is no command");
        check(json!({"commands": ["a"]}), "both `command` and `commands`");
        check(json!({"command": "  "}), "a command is empty");
        check(json!({"command": "it's"}), "a quote is not closed");
        check(json!({"job": "a job"}), "job is `a job`");
        check(json!({"cluster": "arn:aws:ecs:x:1:cluster/live"}), "cluster is `arn:");
        check(json!({"overlap": "skip"}), "`overlap`: unknown variant `skip`");
        check(json!({"max_duration": "soon"}), "`max_duration`: `soon` is no time");
        check(json!({"max_duration": 3600}), "`max_duration`: invalid type: integer");
        check(json!({"alert_if_not_run_for": "1y"}), "`alert_if_not_run_for`: `1y` is no time");
        check(json!({"cpu": "many"}), "`cpu`: `many` is no size");
        check(json!({"environment": {"BATCH": 7}}), "`environment`: invalid type: integer");
        check(json!({"success_exit_codes": 3}), "`success_exit_codes`: invalid type");
        check(json!({"alert_after": 0}), "alert_after is 0");
        check(json!({"task_definition": "web"}), "`web` has no revision");
        check(json!({"detail-type": "Scheduled Event"}), "give the rule's target an input");
        assert!(Input::read(&json!(null)).is_err() && Input::read(&json!("x")).is_err());
    }

    #[test]
    fn a_run_is_known_by_its_schedule_and_time() {
        let run = |more: Value| Input::read(&job(&more)).unwrap().run("invocation");
        let both = json!({"schedule": "arn:schedule", "scheduled_time": "2026-01-01T00:00:00Z"});
        assert_eq!(run(both).unwrap(), "arn:schedule 2026-01-01T00:00:00Z");
        let unfilled = json!({
            "schedule": "<aws.scheduler.schedule-arn>",
            "scheduled_time": "<aws.scheduler.scheduled-time>",
        });
        assert_eq!(run(unfilled).unwrap(), "invocation");
        assert_eq!(run(json!({})).unwrap(), "invocation");
        assert!(run(json!({"schedule": "arn:schedule"})).is_err());
    }
}
