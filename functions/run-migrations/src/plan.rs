//! What to do about a hook: a value that can be printed before anything happens.

use std::fmt;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, Compatibility, LaunchType, NetworkConfiguration, NetworkMode,
    Service, Tag, TaskDefinition, TaskSet,
};
use deployment::Deployment;
use one_off_task::{Capacity, Kind, Mark, Network, OneOffTask, Overrides, Placement, Provider};

use crate::hook::Hook;
use crate::labels::Labels;
use crate::settings::Settings;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Start the task; its end answers the hook.
    Run(Box<OneOffTask>),
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
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(task) => write!(
                f,
                "{task}Then: Succeeded when container {} exits with 0, Failed otherwise.",
                task.mark.container
            ),
            Self::Skip { reason } => write!(f, "Answer Succeeded: {reason}."),
            Self::Over { status } => write!(f, "Nothing: the deployment is {status}."),
        }
    }
}

/// The task that migrates for `deployment`: the new revision, where and how the live service runs.
pub(crate) fn migration(
    deployment: &Deployment,
    live: &Service,
    definition: &TaskDefinition,
    settings: &Settings,
    hook: &Hook,
    now: SystemTime,
) -> Result<OneOffTask> {
    let labels = Labels::of(definition)?;
    let container = container(deployment, definition, &labels, settings)?;
    let command = labels.command.or_else(|| settings.command.clone()).with_context(|| {
        format!(
            "no migration command: give a container of {} the docker label \
             quayside.migrate.command, or set MIGRATION_COMMAND",
            name_of(definition)
        )
    })?;
    let primary = live.task_sets().iter().find(|it| it.status() == Some("PRIMARY"));
    let placement = placement(deployment, live, primary, definition)?;
    let timeout = labels.timeout.unwrap_or(settings.timeout);
    let task = OneOffTask {
        cluster: deployment.cluster.clone(),
        task_definition: definition.task_definition_arn().unwrap_or_default().to_owned(),
        command,
        tags: tags(live, primary),
        overrides: Overrides::default(),
        mark: Mark {
            kind: Kind::Migration,
            id: deployment.id.clone(),
            hook: hook.execution.clone(),
            container,
            deadline: seconds(now, timeout),
            attempt: 1,
            allowed_exit_codes: labels.success_exit_codes,
            network: placement.network.clone(),
            ..Mark::default()
        },
        placement,
    };
    task.check_length()?;
    Ok(task)
}

fn seconds(now: SystemTime, later: Duration) -> i64 {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + later;
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

fn name_of(definition: &TaskDefinition) -> &str {
    definition.task_definition_arn().and_then(|it| it.rsplit('/').next()).unwrap_or("?")
}

/// The container to run the command in; it must exist, whoever names it.
fn container(
    deployment: &Deployment,
    definition: &TaskDefinition,
    labels: &Labels,
    settings: &Settings,
) -> Result<String> {
    let names: Vec<&str> =
        definition.container_definitions().iter().filter_map(|it| it.name()).collect();
    let (wanted, by) = match (&labels.container, &settings.container, &deployment.appspec.container)
    {
        (Some(name), ..) => (name, "the label quayside.migrate.container"),
        (None, Some(name), _) => (name, "MIGRATION_CONTAINER"),
        (None, None, Some(name)) => (name, "the AppSpec's LoadBalancerInfo"),
        (None, None, None) => match names.as_slice() {
            [only] => return Ok((*only).to_owned()),
            _ => bail!(
                "which container migrates? {} has {}, and neither the AppSpec nor the label \
                 quayside.migrate.container nor MIGRATION_CONTAINER names one",
                name_of(definition),
                names.join(", ")
            ),
        },
    };
    if !names.contains(&wanted.as_str()) {
        bail!(
            "{by} names container {wanted}, but {} has only {}",
            name_of(definition),
            names.join(", ")
        );
    }
    Ok(wanted.clone())
}

/// The AppSpec's word counts most, then the PRIMARY task set's, then the service's.
fn placement(
    deployment: &Deployment,
    live: &Service,
    primary: Option<&TaskSet>,
    definition: &TaskDefinition,
) -> Result<Placement> {
    let appspec = &deployment.appspec;
    let network = appspec
        .network
        .clone()
        .or_else(|| primary.and_then(|it| network(it.network_configuration())))
        .or_else(|| network(live.network_configuration()));
    let has_interface = definition.network_mode() == Some(&NetworkMode::Awsvpc);
    if has_interface && network.is_none() {
        bail!(
            "{} is in awsvpc mode, but neither the AppSpec nor service {} has a network \
             configuration",
            name_of(definition),
            deployment.service
        );
    }
    let capacity = if appspec.capacity.is_empty() {
        let from_primary =
            primary.and_then(|it| capacity(it.capacity_provider_strategy(), it.launch_type()));
        from_primary
            .or_else(|| capacity(live.capacity_provider_strategy(), live.launch_type()))
            .unwrap_or(Capacity::ClusterDefault)
    } else {
        Capacity::Strategy(appspec.capacity.clone())
    };
    let capacity = on_demand(capacity, definition);
    let on_fargate = capacity == Capacity::LaunchType("FARGATE".to_owned());
    let platform_version = appspec
        .platform_version
        .clone()
        .or_else(|| primary.and_then(|it| it.platform_version()).map(str::to_owned))
        .or_else(|| live.platform_version().map(str::to_owned))
        .filter(|_| on_fargate);
    Ok(Placement { network: network.filter(|_| has_interface), capacity, platform_version })
}

fn network(configuration: Option<&NetworkConfiguration>) -> Option<Network> {
    let vpc = configuration?.awsvpc_configuration()?;
    Some(Network {
        subnets: vpc.subnets().to_vec(),
        security_groups: vpc.security_groups().to_vec(),
        public_ip: vpc.assign_public_ip().is_some_and(|it| it.as_str() == "ENABLED"),
    })
}

/// ECS names a strategy or a launch type, never both.
fn capacity(
    strategy: &[CapacityProviderStrategyItem],
    launch_type: Option<&LaunchType>,
) -> Option<Capacity> {
    if strategy.is_empty() {
        return launch_type.map(|it| Capacity::LaunchType(it.as_str().to_owned()));
    }
    let providers = strategy.iter().map(|it| Provider {
        name: it.capacity_provider().to_owned(),
        weight: it.weight(),
        base: it.base(),
    });
    Some(Capacity::Strategy(providers.collect()))
}

/// A migration must not be interrupted half-way: Fargate always means on-demand Fargate, also where
/// the service runs on Spot, and where nobody says what to run on (a cluster's default may be Spot).
fn on_demand(capacity: Capacity, definition: &TaskDefinition) -> Capacity {
    let fargate = Capacity::LaunchType("FARGATE".to_owned());
    match &capacity {
        Capacity::Strategy(providers)
            if providers.iter().any(|it| it.name.starts_with("FARGATE")) =>
        {
            fargate
        }
        Capacity::ClusterDefault
            if definition.requires_compatibilities().contains(&Compatibility::Fargate) =>
        {
            fargate
        }
        _ => capacity,
    }
}

/// The service's tags, so that cost reports and tag policies see the task as part of it.
fn tags(live: &Service, primary: Option<&TaskSet>) -> Vec<(String, String)> {
    let of = |tags: &[Tag]| -> Vec<(String, String)> {
        tags.iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .filter(|(key, _)| !key.to_ascii_lowercase().starts_with("aws:"))
            .collect()
    };
    let from_primary = primary.map(|it| of(it.tags())).unwrap_or_default();
    if from_primary.is_empty() { of(live.tags()) } else { from_primary }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
