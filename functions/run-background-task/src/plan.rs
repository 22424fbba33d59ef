//! What to do about a run: a value that can be printed before anything happens.

use std::fmt;

use anyhow::{Context as _, Result, bail};
use aws_sdk_ecs::types::{Compatibility, NetworkMode, Service, TaskDefinition};
use live_service::Live;
use one_off_task::{
    Capacity, Changes, Derived, JobTerms, Kind, Mark, OneOffTask, Overrides, Placement, Provider,
    Waiter,
};

use crate::input::{CapacityWish, Input, Overlap};
use crate::settings::Settings;

/// A task to start, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The task. If its definition is to be made, this is what that is derived from.
    pub task: OneOffTask,
    /// The task definition to make: the live one with its images by their digests.
    pub derived: Option<Derived>,
    /// What happens if the last run is still at work.
    pub overlap: Overlap,
    /// How the image is known to be live.
    pub because: String,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Live: {}.", self.because)?;
        if let Some(derived) = &self.derived {
            writeln!(f, "RegisterTaskDefinition")?;
            writeln!(f, "  {:<16}{}", "family", derived.family)?;
            writeln!(f, "  {:<16}{}", "derived from", derived.from)?;
        }
        let overlap = match self.overlap {
            Overlap::Allow => "runs as well",
            Overlap::Forbid => "keeps this one from running",
            Overlap::Replace => "is stopped first",
        };
        write!(f, "{}If the last run is still at work, it {overlap}.", self.task)
    }
}

/// What a run is made of.
pub(crate) struct Ingredients<'a> {
    pub(crate) input: &'a Input,
    pub(crate) run: &'a str,
    pub(crate) service: &'a Service,
    pub(crate) live: &'a Live,
    pub(crate) definition: &'a TaskDefinition,
    pub(crate) settings: &'a Settings,
    pub(crate) now: i64,
}

impl Plan {
    pub(crate) fn of(of: &Ingredients<'_>) -> Result<Self> {
        let Ingredients { input, live, definition, service, .. } = of;
        Live::check_images(definition)?;
        let commands = commands(input, of.settings)?;
        let (command, then) = commands.split_first().context("there is no command")?;
        let container = container(input, service, definition)?;
        let placement = placement(input, live, definition)?;
        let on_fargate = is_fargate(&placement.capacity, definition);
        let platform = live.platform_version.as_deref();
        input.size().check(definition, on_fargate, platform)?;
        let derived = exact(input, live, definition);
        let deadline = i64::try_from(input.max_duration.as_secs()).unwrap_or(i64::MAX);
        let task = OneOffTask {
            cluster: input.cluster.clone(),
            task_definition: definition.task_definition_arn().unwrap_or_default().to_owned(),
            command: command.clone(),
            tags: live_service::placement::tags(service),
            overrides: overrides(input),
            mark: Mark {
                kind: Kind::Job,
                id: input.job.clone(),
                hook: of.run.to_owned(),
                container,
                deadline: of.now.saturating_add(deadline),
                attempt: 1,
                allowed_exit_codes: input.success_exit_codes.clone(),
                network: placement.network.clone(),
                waiter: Waiter::Nobody,
                lock: (input.overlap != Overlap::Allow).then(|| format!("job/{}", input.job)),
                then: then.to_vec(),
                derived_from: derived.as_ref().map(|it| it.from.clone()),
                job: Some(JobTerms {
                    service: input.service.clone(),
                    alert_after: input.alert_after,
                }),
                ..Mark::default()
            },
            placement,
        };
        task.check_length()?;
        Ok(Self { task, derived, overlap: input.overlap, because: live.because.clone() })
    }

    /// The same where there is no Spot capacity; `None` if none was wanted.
    ///
    /// It is the same attempt, with the same client token: if the task runs on Spot after all, ECS
    /// names it in a conflict instead of starting another one.
    pub(crate) fn on_demand(task: &OneOffTask) -> Option<OneOffTask> {
        let mut task = task.clone();
        match &task.placement.capacity {
            Capacity::Strategy(providers) if is_spot(providers) => {
                task.placement.capacity = Capacity::LaunchType("FARGATE".to_owned());
                Some(task)
            }
            _ => None,
        }
    }
}

fn is_spot(providers: &[Provider]) -> bool {
    matches!(providers, [only] if only.name == "FARGATE_SPOT")
}

fn commands(input: &Input, settings: &Settings) -> Result<Vec<Vec<String>>> {
    let commands = input.commands()?;
    if let Some(allowed) = &settings.allowed
        && let Some(command) = commands.iter().find(|it| !allowed.permits(it))
    {
        bail!("command {command:?} is not among ALLOWED_COMMANDS");
    }
    Ok(commands)
}

/// The container that gets the traffic, unless the input says otherwise; it must exist.
fn container(input: &Input, service: &Service, definition: &TaskDefinition) -> Result<String> {
    let name = definition.task_definition_arn().unwrap_or("the task definition");
    let names: Vec<&str> =
        definition.container_definitions().iter().filter_map(|it| it.name()).collect();
    let balanced = service
        .load_balancers()
        .iter()
        .chain(
            live_service::placement::primary(service)
                .into_iter()
                .flat_map(|it| it.load_balancers()),
        )
        .find_map(|it| it.container_name());
    let wanted = match (input.container.as_deref(), balanced, names.as_slice()) {
        (Some(wanted), ..) => wanted,
        (None, Some(balanced), _) if names.contains(&balanced) => balanced,
        (None, _, [only]) => only,
        _ => bail!(
            "which container? {name} has {}, and none of them gets traffic; give `container`",
            names.join(", ")
        ),
    };
    match names.contains(&wanted) {
        true => Ok(wanted.to_owned()),
        false => bail!("container is `{wanted}`, but {name} has only {}", names.join(", ")),
    }
}

fn placement(input: &Input, live: &Live, definition: &TaskDefinition) -> Result<Placement> {
    let has_interface = definition.network_mode() == Some(&NetworkMode::Awsvpc);
    if has_interface && live.network.is_none() {
        bail!(
            "the task definition is in awsvpc mode, but the service has no network configuration"
        );
    }
    let spot = || vec![Provider { name: "FARGATE_SPOT".to_owned(), weight: 1, base: 0 }];
    let capacity = match input.capacity {
        CapacityWish::AsService => live.capacity.clone().unwrap_or(Capacity::ClusterDefault),
        CapacityWish::OnDemand => Capacity::LaunchType("FARGATE".to_owned()),
        CapacityWish::Spot => Capacity::Strategy(spot()),
    };
    let platform_version = live.platform_version.clone();
    Ok(Placement {
        network: live.network.clone().filter(|_| has_interface),
        platform_version: platform_version.filter(|_| is_fargate(&capacity, definition)),
        capacity,
    })
}

fn is_fargate(capacity: &Capacity, definition: &TaskDefinition) -> bool {
    match capacity {
        Capacity::LaunchType(it) => it == "FARGATE",
        Capacity::Strategy(providers) => providers.iter().any(|it| it.name.starts_with("FARGATE")),
        Capacity::ClusterDefault => {
            definition.requires_compatibilities().contains(&Compatibility::Fargate)
        }
    }
}

fn overrides(input: &Input) -> Overrides {
    let size = input.size();
    Overrides {
        cpu: size.cpu,
        memory: size.memory,
        ephemeral_storage: size.storage,
        environment: input.environment.clone().into_iter().collect(),
        execute_command: input.enable_execute_command,
        ..Overrides::default()
    }
}

/// `RunTask` resolves a tag anew, and it may have moved since the service was deployed; a digest can't.
fn exact(input: &Input, live: &Live, definition: &TaskDefinition) -> Option<Derived> {
    if !input.exact_image || input.task_definition.is_some() {
        return None;
    }
    let containers = definition.container_definitions().iter();
    let images = containers.filter_map(|it| {
        let (name, image) = (it.name()?, it.image()?);
        let (_, digest) = live.digests.iter().find(|(container, _)| container == name)?;
        (!image.contains('@')).then(|| (name.to_owned(), pinned(image, digest)))
    });
    let changes = Changes { images: images.collect(), ..Changes::default() };
    (!changes.is_empty()).then(|| Derived::of(definition, &changes))
}

/// A colon after the last slash begins a tag; before it, a port.
fn pinned(image: &str, digest: &str) -> String {
    let (path, name) = image.rsplit_once('/').map_or(("", image), |(path, name)| (path, name));
    let name = name.split(':').next().unwrap_or(name);
    match path {
        "" => format!("{name}@{digest}"),
        path => format!("{path}/{name}@{digest}"),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
