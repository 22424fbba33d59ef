//! Where tasks like those of a service run.

use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, LaunchType, NetworkConfiguration, Service, Tag, TaskSet,
};
use one_off_task::{Capacity, Network, Provider};

/// The network of a service, a deployment, a task set or a service revision.
pub fn network(configuration: Option<&NetworkConfiguration>) -> Option<Network> {
    let vpc = configuration?.awsvpc_configuration()?;
    Some(Network {
        subnets: vpc.subnets().to_vec(),
        security_groups: vpc.security_groups().to_vec(),
        public_ip: vpc.assign_public_ip().is_some_and(|it| it.as_str() == "ENABLED"),
    })
}

/// What they run on. ECS names a strategy or a launch type, never both.
pub fn capacity(
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

/// The task set that has the traffic.
pub fn primary(service: &Service) -> Option<&TaskSet> {
    service.task_sets().iter().find(|it| it.status() == Some("PRIMARY"))
}

/// The service's tags, so that cost reports and tag policies see the task as part of it.
pub fn tags(service: &Service) -> Vec<(String, String)> {
    let of = |tags: &[Tag]| -> Vec<(String, String)> {
        tags.iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .filter(|(key, _)| !key.to_ascii_lowercase().starts_with("aws:"))
            .collect()
    };
    let from_primary = primary(service).map(|it| of(it.tags())).unwrap_or_default();
    if from_primary.is_empty() { of(service.tags()) } else { from_primary }
}
