//! Where and on what a migration runs.

use anyhow::{Result, bail};
use aws_sdk_ecs::types::{Compatibility, NetworkMode, Service, TaskDefinition};
use deployment::name_of;
use live_service::placement::{capacity, network, primary};
use one_off_task::{Capacity, Placement};

use crate::target::Target;

/// The deployment's word counts most, then the PRIMARY task set's, then the service's.
pub(crate) fn placement(
    target: &Target,
    live: &Service,
    definition: &TaskDefinition,
) -> Result<Placement> {
    let primary = primary(live);
    let network = target
        .network
        .clone()
        .or_else(|| primary.and_then(|it| network(it.network_configuration())))
        .or_else(|| network(live.network_configuration()));
    let has_interface = definition.network_mode() == Some(&NetworkMode::Awsvpc);
    if has_interface && network.is_none() {
        bail!(
            "{} is in awsvpc mode, but neither the deployment nor service {} has a network \
             configuration",
            name_of(definition.task_definition_arn().unwrap_or_default()),
            target.service
        );
    }
    let capacity = target
        .capacity
        .clone()
        .or_else(|| {
            primary.and_then(|it| capacity(it.capacity_provider_strategy(), it.launch_type()))
        })
        .or_else(|| capacity(live.capacity_provider_strategy(), live.launch_type()))
        .unwrap_or(Capacity::ClusterDefault);
    let capacity = on_demand(capacity, definition);
    let on_fargate = capacity == Capacity::LaunchType("FARGATE".to_owned());
    let platform_version = target
        .platform_version
        .clone()
        .or_else(|| primary.and_then(|it| it.platform_version()).map(str::to_owned))
        .or_else(|| live.platform_version().map(str::to_owned))
        .filter(|_| on_fargate);
    Ok(Placement { network: network.filter(|_| has_interface), capacity, platform_version })
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
