//! What became of a task, as data: one event, and metrics.

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::Task;
use jiff::Timestamp;
use one_off_task::{Failure, Kind, Mark};
use runtime::metrics;
use serde::Serialize;
use serde_json::Value;

/// What became of a task. The README documents every member; readers may rely on them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `migration` or `job`.
    pub kind: &'static str,
    /// Whether it did what it was asked to.
    pub succeeded: bool,
    /// The deployment, or the job's name.
    pub id: String,
    /// The service, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The cluster's name.
    pub cluster: String,
    /// The task's ARN.
    pub task: String,
    /// The task definition's ARN.
    pub task_definition: String,
    /// The container whose exit code counts.
    pub container: String,
    /// Its exit code, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The how-manieth start it was.
    pub attempt: u32,
    /// Which of several commands, from 0.
    pub step: u32,
    /// Seconds from its creation to its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_latency_seconds: Option<f64>,
    /// Seconds from its start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
}

impl Outcome {
    /// What became of `task`; it failed if there is a failure.
    pub fn of(
        task: &Task,
        mark: &Mark,
        service: Option<&str>,
        failure: Option<&Failure>,
        now: Timestamp,
    ) -> Self {
        let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
        let container = task.containers().iter().find(|it| it.name() == Some(&mark.container));
        let started = task.started_at().map(DateTime::as_secs_f64);
        let created = task.created_at().map(DateTime::as_secs_f64);
        let ended = task.execution_stopped_at().map(DateTime::as_secs_f64);
        let ended = ended.unwrap_or_else(|| now.as_second() as f64);
        let between = |from: Option<f64>, to: Option<f64>| Some((to? - from?).max(0.0));
        Self {
            kind: mark.kind.as_str(),
            succeeded: failure.is_none(),
            id: mark.id.clone(),
            service: service.map(str::to_owned),
            cluster: text(task.cluster_arn().and_then(|it| it.rsplit('/').next())),
            task: text(task.task_arn()),
            task_definition: text(task.task_definition_arn()),
            container: mark.container.clone(),
            exit_code: container.and_then(|it| it.exit_code()),
            reason: failure.map(|it| alert::redact(&it.reason)),
            attempt: mark.attempt,
            step: mark.step,
            start_latency_seconds: between(created, started),
            duration_seconds: between(started, Some(ended)),
        }
    }

    /// The same as a line in `CloudWatch`'s embedded metric format.
    pub fn metrics(&self, now: Timestamp) -> Value {
        let (dimension, name) = match self.kind {
            it if it == Kind::Job.as_str() => ("Job", self.id.as_str()),
            _ => ("Service", self.service.as_deref().unwrap_or("unknown")),
        };
        let mut metrics = vec![
            ("Succeeded", "Count", f64::from(u8::from(self.succeeded))),
            ("Failed", "Count", f64::from(u8::from(!self.succeeded))),
        ];
        let timed =
            [("Duration", self.duration_seconds), ("StartLatency", self.start_latency_seconds)];
        metrics.extend(timed.into_iter().filter_map(|(name, it)| Some((name, "Seconds", it?))));
        metrics::line(now, &[("Kind", self.kind), (dimension, name)], &metrics)
    }

    /// Writes the metrics to the function's log, where `CloudWatch` finds them.
    pub fn record(&self, now: Timestamp) {
        metrics::emit(&self.metrics(now));
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::Container;
    use serde_json::json;

    use super::*;

    fn task() -> Task {
        Task::builder()
            .task_arn("arn:aws:ecs:eu-west-2:123456789012:task/live/0123")
            .cluster_arn("arn:aws:ecs:eu-west-2:123456789012:cluster/live")
            .task_definition_arn("arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8")
            .created_at(DateTime::from_secs(100))
            .started_at(DateTime::from_secs(130))
            .execution_stopped_at(DateTime::from_secs(190))
            .containers(Container::builder().name("app").exit_code(1).build())
            .build()
    }

    fn mark(kind: Kind) -> Mark {
        Mark { kind, id: "d-1".into(), container: "app".into(), attempt: 1, ..Mark::default() }
    }

    #[test]
    fn an_outcome_says_how_long_and_why() {
        let failure = Failure::because("container app exited with 1, password=hunter2");
        let now = Timestamp::from_second(200).unwrap();
        let outcome =
            Outcome::of(&task(), &mark(Kind::Migration), Some("web"), Some(&failure), now);
        assert_eq!(outcome.duration_seconds, Some(60.0));
        assert_eq!(outcome.start_latency_seconds, Some(30.0));
        assert_eq!((outcome.succeeded, outcome.exit_code), (false, Some(1)));
        assert!(!outcome.reason.unwrap().contains("hunter2"));
    }

    #[test]
    fn metrics_are_in_the_embedded_format() {
        let now = Timestamp::from_second(200).unwrap();
        let line = Outcome::of(&task(), &mark(Kind::Job), Some("web"), None, now).metrics(now);
        let expected = json!({
            "_aws": {
                "Timestamp": 200_000,
                "CloudWatchMetrics": [{
                    "Namespace": "Quayside",
                    "Dimensions": [["Kind"], ["Kind", "Job"]],
                    "Metrics": [
                        {"Name": "Succeeded", "Unit": "Count"},
                        {"Name": "Failed", "Unit": "Count"},
                        {"Name": "Duration", "Unit": "Seconds"},
                        {"Name": "StartLatency", "Unit": "Seconds"},
                    ],
                }],
            },
            "Kind": "job", "Job": "d-1", "Succeeded": 1.0, "Failed": 0.0,
            "Duration": 60.0, "StartLatency": 30.0,
        });
        assert_eq!(line, expected);
    }
}
