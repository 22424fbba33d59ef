//! Somebody who deploys in the same account, whatever else happens there.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, Compatibility, ContainerDefinition, LaunchType, NetworkConfiguration,
    NetworkMode,
};
use local_aws::World;
use story::sdk;

/// Who asks.
pub(super) const CALLER: &str = "deploy";
/// Between two deployments.
const EVERY: Duration = Duration::from_secs(30);
/// Between two looks at one.
const LOOK: Duration = Duration::from_secs(5);
/// What is deployed, and where.
const PRODUCTION: &str = "production";

/// Deploys and deploys, until it fails.
pub(super) async fn run(world: World) -> Result<()> {
    let ecs = Client::new(&sdk(&world, CALLER));
    let mut former: Option<String> = None;
    for n in 1.. {
        let revision = register(&ecs).await.context("RegisterTaskDefinition")?;
        update(&ecs, &revision).await.context("UpdateService")?;
        let service = format!("preview-{n}");
        create(&ecs, &service, &revision).await.context("CreateService")?;
        for name in [PRODUCTION, &service] {
            world.clock().sleep(LOOK).await;
            let described = ecs.describe_services().cluster(PRODUCTION).services(name).send().await;
            described.context("DescribeServices")?;
        }
        if let Some(former) = former.replace(service) {
            let delete = ecs.delete_service().cluster(PRODUCTION).service(former).force(true);
            delete.send().await.context("DeleteService")?;
        }
        world.clock().sleep(EVERY - 2 * LOOK).await;
    }
    Ok(())
}

async fn register(ecs: &Client) -> Result<String> {
    let container = ContainerDefinition::builder().name("web").image("registry/web:1").build();
    let registered = ecs
        .register_task_definition()
        .family(PRODUCTION)
        .network_mode(NetworkMode::Awsvpc)
        .requires_compatibilities(Compatibility::Fargate)
        .cpu("256")
        .memory("512")
        .container_definitions(container)
        .send()
        .await?;
    let arn = registered.task_definition().and_then(|it| it.task_definition_arn());
    Ok(arn.context("a revision without an ARN")?.to_owned())
}

async fn update(ecs: &Client, revision: &str) -> Result<()> {
    let update = ecs.update_service().cluster(PRODUCTION).service(PRODUCTION);
    update.task_definition(revision).send().await?;
    Ok(())
}

async fn create(ecs: &Client, name: &str, revision: &str) -> Result<()> {
    let subnet = AwsVpcConfiguration::builder().subnets("subnet-1").build()?;
    ecs.create_service()
        .cluster(PRODUCTION)
        .service_name(name)
        .task_definition(revision)
        .desired_count(1)
        .launch_type(LaunchType::Fargate)
        .network_configuration(NetworkConfiguration::builder().awsvpc_configuration(subnet).build())
        .send()
        .await?;
    Ok(())
}
