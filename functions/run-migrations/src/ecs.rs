//! Amazon ECS: the live service, the new task definition, the task.

use anyhow::{Context as _, Result, bail};
use aws_call::Call as _;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Service, ServiceField};

/// The service that is being deployed, as it runs now.
pub(crate) async fn service(ecs: &Client, cluster: &str, name: &str) -> Result<Service> {
    let answer = ecs
        .describe_services()
        .cluster(cluster)
        .services(name)
        .include(ServiceField::Tags)
        .send()
        .await
        .call("DescribeServices")?;
    if let Some(failure) = answer.failures().first() {
        let reason = failure.reason().unwrap_or("no reason");
        bail!("service {name} in cluster {cluster}: {reason}");
    }
    let service = answer.services.unwrap_or_default().into_iter().next();
    let service = service
        .with_context(|| format!("DescribeServices returned no service {name} in {cluster}"))?;
    if service.status() == Some("INACTIVE") {
        bail!("service {name} in cluster {cluster} is INACTIVE");
    }
    Ok(service)
}
