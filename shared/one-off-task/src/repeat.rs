//! From a task that has ended to the next one: another start, or the next command.

use aws_sdk_ecs::types::Task;

use crate::mark::{ENVIRONMENT_NAME, Mark};
use crate::task::{Capacity, OneOffTask, Overrides, Placement, Provider};

impl OneOffTask {
    /// The next start of a task that never ran: everything as before, one attempt later. Spot
    /// capacity that was not there is not asked for again.
    ///
    /// Exactly the same for every caller, because the same client token must mean the same request.
    pub fn again(task: &Task, mark: &Mark) -> Self {
        let mut again = Self::of(task, mark);
        again.mark.attempt += 1;
        if task.capacity_provider_name() == Some("FARGATE_SPOT") {
            again.placement.capacity = Capacity::LaunchType("FARGATE".to_owned());
        }
        again
    }

    /// The task of the command that follows, if one does: everything as before but the command.
    pub fn next(task: &Task, mark: &Mark) -> Option<Self> {
        let (command, then) = mark.then.split_first()?;
        let mut next = Self::of(task, mark);
        next.command.clone_from(command);
        next.mark.then = then.to_vec();
        next.mark.step += 1;
        next.mark.attempt = 1;
        Some(next)
    }

    /// A task as it was asked for.
    fn of(task: &Task, mark: &Mark) -> Self {
        let overrides = task.overrides();
        let container = overrides
            .map(|it| it.container_overrides())
            .unwrap_or_default()
            .iter()
            .find(|it| it.name() == Some(&mark.container));
        let environment = container.map(|it| it.environment()).unwrap_or_default();
        let environment = environment
            .iter()
            .filter_map(|it| Some((it.name()?.to_owned(), it.value()?.to_owned())))
            .filter(|(name, _)| name != ENVIRONMENT_NAME);
        let number = |text: Option<&str>| text.and_then(|it| it.parse().ok());
        let capacity = match (task.capacity_provider_name(), task.launch_type()) {
            (Some(name), _) => {
                Capacity::Strategy(vec![Provider { name: name.to_owned(), weight: 1, base: 0 }])
            }
            (None, Some(launch_type)) => Capacity::LaunchType(launch_type.as_str().to_owned()),
            (None, None) => Capacity::ClusterDefault,
        };
        let tags = task
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .filter(|(key, _)| !key.starts_with("aws:"))
            .collect();
        Self {
            cluster: task.cluster_arn().unwrap_or_default().to_owned(),
            task_definition: task.task_definition_arn().unwrap_or_default().to_owned(),
            command: container.map(|it| it.command().to_vec()).unwrap_or_default(),
            placement: Placement {
                network: mark.network.clone(),
                capacity,
                platform_version: task.platform_version().map(str::to_owned),
            },
            tags,
            overrides: Overrides {
                cpu: number(overrides.and_then(|it| it.cpu())),
                memory: number(overrides.and_then(|it| it.memory())),
                ephemeral_storage: overrides
                    .and_then(|it| it.ephemeral_storage())
                    .and_then(|it| u32::try_from(it.size_in_gib()).ok()),
                environment: environment.collect(),
                execution_role: overrides.and_then(|it| it.execution_role_arn()).map(str::to_owned),
                task_role: overrides.and_then(|it| it.task_role_arn()).map(str::to_owned),
                execute_command: task.enable_execute_command(),
            },
            mark: mark.clone(),
        }
    }
}
