//! What is live: a value, from what ECS says of the service.

use anyhow::{Context as _, Result, bail};
use aws_sdk_ecs::types::{
    ContainerImage, Deployment, DeploymentControllerType, DeploymentRolloutState,
    DeploymentStrategy, Service, ServiceDeployment, ServiceDeploymentStatus, ServiceRevision,
    TaskDefinition,
};
use one_off_task::{Capacity, Network};

use crate::placement;

/// What serves at this moment, and where its tasks run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The task definition, with its revision.
    pub task_definition: String,
    /// Containers and the digests of their images, where ECS knows them.
    pub digests: Vec<(String, String)>,
    /// Where its tasks' network interfaces are.
    pub network: Option<Network>,
    /// What its tasks run on.
    pub capacity: Option<Capacity>,
    /// Their Fargate platform version.
    pub platform_version: Option<String>,
    /// How this is known.
    pub because: String,
}

/// What ECS tells of a service's deployments besides the service itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deployments {
    /// The current service deployment.
    pub current: Option<ServiceDeployment>,
    /// Service revisions, as far as they were asked for.
    pub revisions: Vec<ServiceRevision>,
}

/// Who drives the deployments of a service.
enum Driver {
    TaskSets,
    Rolling,
    Revisions,
}

impl Driver {
    fn of(service: &Service) -> Self {
        let controller = service.deployment_controller().map(|it| it.r#type());
        let strategy = service.deployment_configuration().and_then(|it| it.strategy());
        match (controller, strategy) {
            (
                Some(DeploymentControllerType::CodeDeploy | DeploymentControllerType::External),
                _,
            ) => Self::TaskSets,
            (_, None | Some(DeploymentStrategy::Rolling)) => Self::Rolling,
            (_, Some(_)) => Self::Revisions,
        }
    }
}

impl Live {
    /// What is live.
    ///
    /// # Errors
    /// Nothing is, or it can't be told.
    pub fn of(service: &Service, known: &Deployments) -> Result<Self> {
        let live = match Driver::of(service) {
            Driver::TaskSets => by_task_set(service),
            Driver::Rolling => by_rolling_deployment(service, known),
            Driver::Revisions => by_revision(service, known),
        };
        Ok(live?.or_as_the(service))
    }

    /// A task definition that somebody names, where the service's tasks run: nothing need be live.
    pub fn named(service: &Service, task_definition: &str) -> Self {
        let primary = placement::primary(service);
        let network = primary.and_then(|it| placement::network(it.network_configuration()));
        let capacity = primary
            .and_then(|it| placement::capacity(it.capacity_provider_strategy(), it.launch_type()));
        let platform_version = primary.and_then(|it| it.platform_version()).map(str::to_owned);
        let because = "the input names the task definition".to_owned();
        let task_definition = task_definition.to_owned();
        let digests = Vec::new();
        Self { task_definition, digests, network, capacity, platform_version, because }
            .or_as_the(service)
    }

    /// What a task set or a deployment does not say, the service says.
    fn or_as_the(mut self, service: &Service) -> Self {
        self.network = self.network.or_else(|| placement::network(service.network_configuration()));
        self.capacity = self.capacity.or_else(|| {
            placement::capacity(service.capacity_provider_strategy(), service.launch_type())
        });
        let version = || service.platform_version().map(str::to_owned);
        self.platform_version = self.platform_version.or_else(version);
        self
    }

    /// Refuses what stands where an image will be once something has been deployed.
    ///
    /// # Errors
    /// An image is no image.
    pub fn check_images(definition: &TaskDefinition) -> Result<()> {
        for container in definition.container_definitions() {
            let image = container.image().unwrap_or_default();
            if is_placeholder(image) {
                bail!(
                    "nothing has been deployed yet: container {} of {} has the image `{image}`",
                    container.name().unwrap_or("?"),
                    definition.task_definition_arn().unwrap_or("the task definition")
                );
            }
        }
        Ok(())
    }
}

/// `dummy-image`, `IMAGE_PLACEHOLDER`, `<IMAGE1_NAME>`, `${IMAGE}`.
fn is_placeholder(image: &str) -> bool {
    let lower = image.to_ascii_lowercase();
    let mut words = lower.split(|it: char| !it.is_ascii_alphanumeric());
    image.trim().is_empty()
        || image.contains(['<', '>', '$', '{', '}'])
        || words.any(|it| matches!(it, "placeholder" | "dummy"))
}

fn by_task_set(service: &Service) -> Result<Live> {
    let primary = placement::primary(service);
    let primary = primary.with_context(|| nothing(service, "it has no PRIMARY task set"))?;
    Ok(Live {
        task_definition: definition(primary.task_definition())?,
        digests: Vec::new(),
        network: placement::network(primary.network_configuration()),
        capacity: placement::capacity(primary.capacity_provider_strategy(), primary.launch_type()),
        platform_version: primary.platform_version().map(str::to_owned),
        because: format!("task set {} is PRIMARY", primary.id().unwrap_or("?")),
    })
}

/// AWS, of `rolloutState`: "When a service deployment is started, it begins in an `IN_PROGRESS` state.
/// When the service reaches a steady state, the deployment transitions to a COMPLETED state." Until
/// then the one before it is still there, `ACTIVE`. While the circuit breaker rolls back, that one is in
/// progress again, and nothing has completed: then the service deployment says where it goes back to.
fn by_rolling_deployment(service: &Service, known: &Deployments) -> Result<Live> {
    let all = service.deployments();
    let completed =
        |it: &&Deployment| it.rollout_state() == Some(&DeploymentRolloutState::Completed);
    let newest = |it: &&Deployment| it.created_at().map(|at| at.as_nanos());
    let live = match all.iter().filter(completed).max_by_key(newest) {
        Some(it) => it,
        None if all.iter().any(|it| it.rollout_state().is_some()) => {
            let why = nothing(service, "none of its deployments has completed");
            return match &known.current {
                Some(it) if source(it).is_some() => by_revision(service, known),
                _ => Err(anyhow::anyhow!(why)),
            };
        }
        // "The rolloutState of a service is only returned for services that use the rolling update
        // (ECS) deployment type that aren't behind a Classic Load Balancer."
        None => match all {
            [only] if only.running_count() >= only.desired_count() => only,
            _ => bail!(nothing(service, "ECS does not say which of its deployments has completed")),
        },
    };
    let task_definition = definition(live.task_definition())?;
    Ok(Live {
        digests: digests_in_service(service, known, &task_definition),
        network: placement::network(live.network_configuration()),
        capacity: placement::capacity(live.capacity_provider_strategy(), live.launch_type()),
        platform_version: live.platform_version().map(str::to_owned),
        because: format!("deployment {} has completed", live.id().unwrap_or("?")),
        task_definition,
    })
}

/// The digests of the revisions in service that have this task definition. A service that is deployed
/// anew for a tag that has moved has two, and the one that is being rolled out is not live; where they
/// disagree, nobody can tell.
fn digests_in_service(
    service: &Service,
    known: &Deployments,
    task_definition: &str,
) -> Vec<(String, String)> {
    let in_service = in_service(service, known.current.as_ref());
    let mut all = known
        .revisions
        .iter()
        .filter(|it| it.task_definition() == Some(task_definition))
        .filter(|it| it.service_revision_arn().is_some_and(|arn| in_service.contains(&arn)))
        .map(|it| digests(it.container_images()));
    let first = all.next().unwrap_or_default();
    if all.all(|it| it == first) { first } else { Vec::new() }
}

/// The revisions that a service deployment leaves in service, as far as ECS tells.
fn in_service<'a>(service: &'a Service, deployment: Option<&'a ServiceDeployment>) -> Vec<&'a str> {
    use ServiceDeploymentStatus as Status;
    let current = || service.current_service_revisions().iter().filter_map(|it| it.arn()).collect();
    let Some(it) = deployment else { return current() };
    let sources = || it.source_service_revisions().iter().filter_map(|it| it.arn()).collect();
    match it.status() {
        Some(Status::Successful) => {
            it.target_service_revision().and_then(|it| it.arn()).into_iter().collect()
        }
        Some(Status::RollbackSuccessful) => {
            let restored = it.rollback().and_then(|it| it.service_revision_arn());
            restored.map_or_else(sources, |it| vec![it])
        }
        Some(Status::Stopped | Status::RollbackFailed) => current(),
        _ => sources(),
    }
}

fn by_revision(service: &Service, known: &Deployments) -> Result<Live> {
    let (arn, because) = match &known.current {
        Some(deployment) => by_deployment(service, deployment)?,
        None => (only_one(service)?, "it is the only service revision".to_owned()),
    };
    let mut revisions = known.revisions.iter();
    let revision = revisions.find(|it| it.service_revision_arn() == Some(&arn));
    let revision = revision.with_context(|| format!("the service revision {arn} is unknown"))?;
    Ok(Live {
        task_definition: definition(revision.task_definition())?,
        digests: digests(revision.container_images()),
        network: placement::network(revision.network_configuration()),
        capacity: placement::capacity(
            revision.capacity_provider_strategy(),
            revision.launch_type(),
        ),
        platform_version: revision.platform_version().map(str::to_owned),
        because,
    })
}

/// The revision that a service deployment leaves in service, at whatever stage it is.
fn by_deployment(service: &Service, it: &ServiceDeployment) -> Result<(String, String)> {
    use ServiceDeploymentStatus as Status;
    let name = it.service_deployment_arn().and_then(|it| it.rsplit('/').next()).unwrap_or("?");
    let status = it.status().cloned().unwrap_or(Status::InProgress);
    let because = format!("service deployment {name} is {}", status.as_str());
    let arn = match status {
        Status::Successful => it.target_service_revision().and_then(|it| it.arn()),
        Status::RollbackSuccessful => {
            let restored = it.rollback().and_then(|it| it.service_revision_arn());
            restored.or_else(|| source(it))
        }
        Status::Stopped | Status::RollbackFailed => {
            return only_one(service).map(|arn| (arn, because));
        }
        _ => source(it),
    };
    match arn {
        Some(arn) => Ok((arn.to_owned(), because)),
        None => bail!(nothing(service, &format!("{because}, and nothing was live before it"))),
    }
}

/// What was live when a deployment began: of several, the one that has the traffic.
fn source(deployment: &ServiceDeployment) -> Option<&str> {
    match deployment.source_service_revisions() {
        [] => None,
        [only] => only.arn(),
        several => several
            .iter()
            .find(|it| it.requested_production_traffic_weight() == Some(100.0))
            .and_then(|it| it.arn()),
    }
}

fn only_one(service: &Service) -> Result<String> {
    let all = service.current_service_revisions();
    let running: Vec<_> = all.iter().filter(|it| it.running_task_count() > 0).collect();
    match (all, running.as_slice()) {
        ([only], _) => Ok(only),
        (_, [only]) => Ok(*only),
        _ => Err(all.len()),
    }
    .map_err(|count| {
        let why = format!("{count} service revisions are current; deploy once more to settle it");
        anyhow::anyhow!(nothing(service, &why))
    })
    .map(|it| it.arn().unwrap_or_default().to_owned())
}

fn definition(arn: Option<&str>) -> Result<String> {
    Ok(arn.filter(|it| !it.is_empty()).context("ECS names no task definition")?.to_owned())
}

fn digests(images: &[ContainerImage]) -> Vec<(String, String)> {
    images
        .iter()
        .filter_map(|it| Some((it.container_name()?.to_owned(), it.image_digest()?.to_owned())))
        .collect()
}

fn nothing(service: &Service, why: &str) -> String {
    format!("no image of service {} is live: {why}", service.service_name().unwrap_or("?"))
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
