//! What to do about a hook: a value that can be printed before anything happens.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_ecs::types::{Service, TaskDefinition};
use deployment::name_of;
use jiff::Timestamp;
use one_off_task::{Changes, Derived, Kind, Locked, Mark, OneOffTask, Overrides, Verdict, Waiter};

use crate::hook::{Caller, Hook};
use crate::labels::Labels;
use crate::placement;
use crate::settings::Settings;
use crate::target::Target;
use crate::words::Commands;

/// `CodeDeploy` fails a hook after an hour.
const CODEDEPLOYS_HOUR: Duration = Duration::from_secs(59 * 60);
/// Kept back from a pause hook's time to answer it.
const BEFORE_IT_EXPIRES: i64 = 120;

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Start the task; its end answers the hook.
    Run(Box<Run>),
    /// An earlier delivery of the same event has started it.
    Runs {
        /// The task's ARN.
        task: String,
    },
    /// Somebody else has the lock: come back.
    Wait(Box<Wait>),
    /// Answer Succeeded at once.
    Skip {
        /// Why nothing has to run.
        reason: String,
    },
    /// Nobody waits any longer.
    Over {
        /// How the deployment ended.
        status: String,
    },
    /// Somebody else's to answer.
    NotOurs {
        /// Why.
        reason: String,
    },
}

/// A task, and the task definition that has to be made for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The task. If its definition is to be made, this is what that is derived from.
    pub task: OneOffTask,
    /// The task definition to make.
    pub derived: Option<Derived>,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The task that has the lock.
    pub task: String,
    /// What it runs for.
    pub id: String,
    /// The lock.
    pub lock: String,
    /// When waiting ends, in seconds since 1970.
    pub deadline: i64,
}

impl Wait {
    /// For the task that has the lock which `mark` wants.
    pub(crate) fn for_(holder: &Locked, mark: &Mark) -> Self {
        Self {
            task: holder.arn().to_owned(),
            id: holder.mark.id.clone(),
            lock: mark.lock.clone().unwrap_or_default(),
            deadline: mark.deadline,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, id, lock, .. } = self;
        write!(f, "the migration of {} has the lock {lock} (task {task})", name_of(id))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => {
                let Run { task, derived } = &**run;
                if let Some(derived) = derived {
                    writeln!(f, "RegisterTaskDefinition")?;
                    writeln!(f, "  {:<16}{}", "family", derived.family)?;
                    writeln!(f, "  {:<16}{}", "derived from", derived.from)?;
                }
                write!(
                    f,
                    "{task}Then: Succeeded when container {} exits with 0, Failed otherwise.",
                    task.mark.container
                )
            }
            Self::Runs { task } => write!(f, "Nothing: task {task} was started for this hook."),
            Self::Wait(wait) => write!(f, "Wait: {wait}."),
            Self::Skip { reason } => write!(f, "Answer Succeeded: {reason}."),
            Self::Over { status } => write!(f, "Nothing: the deployment is {status}."),
            Self::NotOurs { reason } => write!(f, "Nothing: {reason}."),
        }
    }
}

/// What a migration is made of.
pub(crate) struct Ingredients<'a> {
    pub(crate) hook: &'a Hook,
    pub(crate) target: &'a Target,
    pub(crate) live: &'a Service,
    pub(crate) definition: &'a TaskDefinition,
    pub(crate) labels: &'a Labels,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

/// The commands of a stage: the revision's own word, or the setting.
pub(crate) fn commands(
    labels: &Labels,
    stage: Option<&str>,
    definition: &TaskDefinition,
    settings: &Settings,
) -> Result<Commands> {
    labels.commands_at(stage).or(settings.commands.as_ref()).cloned().with_context(|| {
        format!(
            "no migration command{}: give a container of {} the docker label \
             quayside.migrate.command, or set MIGRATION_COMMAND",
            stage.map(|it| format!(" for {it}")).unwrap_or_default(),
            name_of(definition.task_definition_arn().unwrap_or("?"))
        )
    })
}

/// The task that runs the first of `commands` and remembers the others: the new revision, where and
/// how the live service runs.
pub(crate) fn migration(of: &Ingredients<'_>, commands: &Commands) -> Result<Run> {
    let Ingredients { hook, target, live, definition, labels, settings, .. } = of;
    let (command, then) = commands.split_first().context("there is no command")?;
    let container = container(target, definition, labels, settings)?;
    let placement = placement::placement(target, live, definition)?;
    let changes = changes(target, labels, &container);
    let derived = (!changes.is_empty()).then(|| Derived::of(definition, &changes));
    let task = OneOffTask {
        cluster: target.cluster.clone(),
        task_definition: definition.task_definition_arn().unwrap_or_default().to_owned(),
        command: command.clone(),
        tags: live_service::placement::tags(live),
        overrides: Overrides {
            execution_role: labels.execution_role.clone(),
            task_role: labels.task_role.clone(),
            ..Overrides::default()
        },
        mark: Mark {
            kind: Kind::Migration,
            id: hook.deployment.clone(),
            hook: hook.execution.clone(),
            container,
            deadline: deadline(of)?,
            attempt: 1,
            allowed_exit_codes: labels.success_exit_codes.clone(),
            network: placement.network.clone(),
            waiter: hook.waiter(),
            lock: Some(lock(target, labels)),
            then: then.to_vec(),
            derived_from: derived.as_ref().map(|it| it.from.clone()),
            ..Mark::default()
        },
        placement,
    };
    task.check_length()?;
    Ok(Run { task, derived })
}

/// Secrets that only the migration has, and an image that is to be deployed.
fn changes(target: &Target, labels: &Labels, container: &str) -> Changes {
    let secrets = labels.secrets.iter();
    let images = target.image.iter().map(|it| (container.to_owned(), it.clone()));
    Changes {
        images: images.collect(),
        secrets: secrets
            .map(|(name, from)| (container.to_owned(), name.clone(), from.clone()))
            .collect(),
    }
}

/// What no two migrations use at once: the label's word, or the service itself.
fn lock(target: &Target, labels: &Labels) -> String {
    let own = || format!("{}/{}", target.cluster, target.service);
    labels.lock.clone().unwrap_or_else(own)
}

/// Counted from the first call: waiting for others is part of it.
fn deadline(of: &Ingredients<'_>) -> Result<i64> {
    let Ingredients { hook, labels, settings, now, .. } = of;
    let timeout = labels.timeout.unwrap_or(settings.timeout);
    if hook.caller == Caller::CodeDeploy && timeout > CODEDEPLOYS_HOUR {
        bail!(
            "label quayside.migrate.timeout is {timeout:?}: at most 59 minutes, because CodeDeploy \
             fails a hook after an hour"
        );
    }
    let since = hook.memory.since.unwrap_or_else(|| now.as_second());
    let deadline = since.saturating_add(i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX));
    Ok(match &hook.caller {
        Caller::EcsPause { expires: Some(expires), .. } => {
            deadline.min(expires.as_second() - BEFORE_IT_EXPIRES)
        }
        _ => deadline,
    })
}

/// The container to run the command in; it must exist, whoever names it.
fn container(
    target: &Target,
    definition: &TaskDefinition,
    labels: &Labels,
    settings: &Settings,
) -> Result<String> {
    let name = name_of(definition.task_definition_arn().unwrap_or("?"));
    let names: Vec<&str> =
        definition.container_definitions().iter().filter_map(|it| it.name()).collect();
    let (wanted, by) = match (&labels.container, &settings.container, &target.container) {
        (Some(name), ..) => (name, "the label quayside.migrate.container"),
        (None, Some(name), _) => (name, "MIGRATION_CONTAINER"),
        (None, None, Some(name)) => (name, "the load balancer's configuration"),
        (None, None, None) => match names.as_slice() {
            [only] => return Ok((*only).to_owned()),
            _ => bail!(
                "which container migrates? {name} has {}, and neither the deployment nor the label \
                 quayside.migrate.container nor MIGRATION_CONTAINER names one",
                names.join(", ")
            ),
        },
    };
    if !names.contains(&wanted.as_str()) {
        bail!("{by} names container {wanted}, but {name} has only {}", names.join(", "));
    }
    Ok(wanted.clone())
}

/// A task under the same lock that has already done exactly this: the same commands, by the same
/// image, known by its digest. A tag proves nothing: it may have moved.
pub(crate) fn done_before<'a>(
    seen: &'a [Locked],
    run: &Run,
    target: &Target,
    definition: &TaskDefinition,
) -> Option<&'a Locked> {
    let mark = &run.task.mark;
    let wanted = digest(target, definition, &mark.container)?;
    let last = mark.then.last().unwrap_or(&run.task.command);
    let steps = mark.then.len();
    seen.iter().find(|it| {
        it.mark.kind == Kind::Migration
            // Nobody can be asked whether such a task is what it says.
            && it.mark.waiter != Waiter::CodePipeline
            && !it.mark.is_same_cause(mark)
            && it.verdict() == Verdict::Succeeded
            && it.mark.then.is_empty()
            && usize::try_from(it.mark.step) == Ok(steps)
            && runs_exactly(it, last)
            && image_of(it).is_some_and(|it| it == wanted)
    })
}

/// The cluster in a task's ARN.
pub(crate) fn cluster_of(task: &str) -> Option<&str> {
    task.split_once(":task/")?.1.split_once('/').map(|(cluster, _)| cluster)
}

/// The digest of the image that a container of the target runs.
fn digest(target: &Target, definition: &TaskDefinition, container: &str) -> Option<String> {
    if target.image.is_some() {
        return None;
    }
    if let Some((_, digest)) = target.digests.iter().find(|(it, _)| it == container) {
        return Some(digest.clone());
    }
    let mut containers = definition.container_definitions().iter();
    let image = containers.find(|it| it.name() == Some(container))?.image()?;
    image.split_once('@').map(|(_, digest)| digest.to_owned())
}

fn image_of(done: &Locked) -> Option<&str> {
    let mut containers = done.task.containers().iter();
    containers.find(|it| it.name() == Some(&done.mark.container))?.image_digest()
}

/// Its command, and nothing in its environment but the mark: another database would prove nothing.
fn runs_exactly(done: &Locked, command: &[String]) -> bool {
    let overrides = done.task.overrides().map(|it| it.container_overrides()).unwrap_or_default();
    match overrides {
        [only] => only.command() == command && only.environment().len() == 1,
        _ => false,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
