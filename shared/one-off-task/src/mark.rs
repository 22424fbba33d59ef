//! What a task must remember about itself: why it runs, who waits for it, until when.

use aws_sdk_ecs::types::Task;
use serde::{Deserialize, Serialize};

use crate::task::Network;

/// The environment variable of the container that carries the mark.
pub const ENVIRONMENT_NAME: &str = "QUAYSIDE_TASK";
/// How `startedBy` of every task of ours begins; the `EventBridge` rule filters by it.
pub const STARTED_BY_PREFIX: &str = "quayside/";

/// Why a task runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A deployment waits for it.
    #[default]
    Migration,
    /// A schedule or a person wanted it.
    Job,
}

impl Kind {
    /// The word in `startedBy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migration => "migration",
            Self::Job => "job",
        }
    }
}

/// Who hears of the end of a task, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiter {
    /// A lifecycle event hook of `CodeDeploy`: it is told.
    #[default]
    CodeDeployHook,
    /// A pause hook of an ECS service deployment: it is told.
    EcsPauseHook,
    /// A Lambda hook of an ECS service deployment: it asks again by itself.
    EcsLambdaHook,
    /// An action of `CodePipeline`: it asks again by itself.
    CodePipeline,
    /// Nobody waits: only people hear of it, if it fails.
    Nobody,
}

impl Waiter {
    /// Whether whoever waits asks again, instead of being told.
    pub fn asks(self) -> bool {
        matches!(self, Self::EcsLambdaHook | Self::CodePipeline)
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the end of a job means to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTerms {
    /// The service whose image it runs.
    pub service: String,
    /// After how many failures in a row they are told.
    pub alert_after: u32,
}

/// The mark: one environment variable and `startedBy` of the task itself.
///
/// The id of a hook execution has about 300 characters, too long for `startedBy` (128) or the value
/// of a tag (256); an environment override has room for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Why the task runs.
    pub kind: Kind,
    /// Who waits for it: the deployment, or its ARN. Of a job its name.
    pub id: String,
    /// Which of its hooks: what makes two deliveries of one event the same. Of a job the run.
    pub hook: String,
    /// The container whose exit code counts.
    pub container: String,
    /// When nobody waits any longer, in seconds since 1970.
    pub deadline: i64,
    /// The how-manieth start this is, from 1.
    pub attempt: u32,
    /// Exit codes besides 0 that mean success.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_exit_codes: Vec<i32>,
    /// Where the task runs. ECS does not tell afterwards, and a further start needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Who hears of its end, and how.
    #[serde(default, skip_serializing_if = "Waiter::is_default")]
    pub waiter: Waiter,
    /// What it has for itself while it runs: no two tasks with the same lock run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// Which of several commands this is, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub step: u32,
    /// The commands that follow if this one succeeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Vec<String>>,
    /// The task definition that this task's own was derived from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<String>,
    /// Of a job: what its end means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobTerms>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(step: &u32) -> bool {
    *step == 0
}

impl Mark {
    /// The task's `startedBy`. An ARN has characters that ECS does not allow there; its last part
    /// says enough.
    pub fn started_by(&self) -> String {
        let id = self.id.rsplit('/').next().unwrap_or_default();
        format!("{STARTED_BY_PREFIX}{}/{id}", self.kind.as_str())
    }

    /// Whether both are starts for the same cause: one event, however often it came.
    pub fn is_same_cause(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.id == other.id
            && self.hook == other.hook
            && self.step == other.step
    }

    /// The mark as it travels.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the mark of a task of ours; `Ok(None)` for everybody else's tasks.
    ///
    /// # Errors
    /// The task calls itself ours, and its mark is missing, unreadable or contradicts it.
    pub fn of(task: &Task) -> Result<Option<Self>, String> {
        let started_by = task.started_by().unwrap_or_default();
        if !started_by.starts_with(STARTED_BY_PREFIX) {
            return Ok(None);
        }
        let overrides = task.overrides().map(|it| it.container_overrides()).unwrap_or_default();
        let (container, text) = overrides
            .iter()
            .find_map(|it| {
                let variable =
                    it.environment().iter().find(|it| it.name() == Some(ENVIRONMENT_NAME))?;
                Some((it.name().unwrap_or_default(), variable.value().unwrap_or_default()))
            })
            .ok_or_else(|| {
                format!("startedBy is {started_by}, but no container carries the mark")
            })?;
        let mark: Self = serde_json::from_str(text)
            .map_err(|error| format!("the mark is unreadable: {error}"))?;
        if mark.started_by() != started_by {
            return Err(format!(
                "startedBy is {started_by}, but the mark says {}",
                mark.started_by()
            ));
        }
        if mark.container != container {
            return Err(format!(
                "container {container} carries the mark of container {}",
                mark.container
            ));
        }
        Ok(Some(mark))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{ContainerOverride, KeyValuePair, TaskOverride};

    use super::*;

    fn mark() -> Mark {
        Mark {
            kind: Kind::Migration,
            id: "d-KXQ0TI2MF".into(),
            hook: "eyJ…".into(),
            container: "app".into(),
            deadline: 1_767_229_500,
            attempt: 1,
            ..Mark::default()
        }
    }

    fn task(started_by: &str, container: &str, mark: &str) -> Task {
        let variable = KeyValuePair::builder().name(ENVIRONMENT_NAME).value(mark).build();
        let container = ContainerOverride::builder().name(container).environment(variable).build();
        Task::builder()
            .started_by(started_by)
            .overrides(TaskOverride::builder().container_overrides(container).build())
            .build()
    }

    #[test]
    fn a_mark_survives_the_journey() {
        let read = Mark::of(&task("quayside/migration/d-KXQ0TI2MF", "app", &mark().encode()));
        assert_eq!(read, Ok(Some(mark())));
    }

    #[test]
    fn a_mark_says_no_more_than_it_must() {
        let encoded = mark().encode();
        assert_eq!(
            encoded,
            r#"{"kind":"migration","id":"d-KXQ0TI2MF","hook":"eyJ…","container":"app","deadline":1767229500,"attempt":1}"#
        );
        let arn =
            "arn:aws:ecs:eu-west-2:123456789012:service-deployment/live/web/EZe5RNVLH6PPzHXINuP28";
        let of_ecs = Mark { id: arn.into(), waiter: Waiter::EcsPauseHook, ..mark() };
        assert_eq!(of_ecs.started_by(), "quayside/migration/EZe5RNVLH6PPzHXINuP28");
        assert_eq!(serde_json::from_str::<Mark>(&of_ecs.encode()).unwrap(), of_ecs);
    }

    #[test]
    fn other_peoples_tasks_have_none() {
        assert_eq!(Mark::of(&task("ecs-svc/1", "app", &mark().encode())), Ok(None));
        assert_eq!(Mark::of(&Task::builder().build()), Ok(None));
    }

    #[test]
    fn a_mark_that_contradicts_its_task_is_refused() {
        let check = |task: Task, why: &str| {
            let error = Mark::of(&task).unwrap_err();
            assert!(error.contains(why), "{error}");
        };
        let encoded = mark().encode();
        check(task("quayside/migration/d-OTHER0000", "app", &encoded), "but the mark says");
        check(task("quayside/migration/d-KXQ0TI2MF", "sidecar", &encoded), "carries the mark of");
        check(task("quayside/migration/d-KXQ0TI2MF", "app", "{}"), "unreadable");
        let bare = Task::builder().started_by("quayside/migration/d-KXQ0TI2MF").build();
        check(bare, "no container carries");
    }
}
