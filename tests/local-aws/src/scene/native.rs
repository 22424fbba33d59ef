//! The web service with deployments that ECS carries out itself.

use serde_json::{Value, json};

use super::{BlueGreen, HOOK_FUNCTION, conclude_by_events, foundations, register, rule, web};
use crate::ecs;
use crate::wire::{AwsError, Service};
use crate::world::{ACCOUNT, REGION, World};

/// A web service `web` in cluster `live`, deployed by ECS itself, and the alerts topic. Names, task
/// definition and log group are those of [`BlueGreen`]. Revision 1 is live; hooks begin with the
/// next deployment.
#[derive(Debug, Clone)]
pub struct Native {
    world: World,
    /// The alerts topic.
    pub topic: String,
}

impl Native {
    /// `BLUE_GREEN`, with a Lambda hook at `PRE_SCALE_UP`: [`HOOK_FUNCTION`].
    pub async fn lambda(world: &World, live_image: &str) -> Result<Self, AwsError> {
        let scene = Self::set(world, live_image, Self::blue_green(&json!([]))).await?;
        scene.configure(Self::blue_green(&json!([Self::lambda_hook("PRE_SCALE_UP")]))).await?;
        Ok(scene)
    }

    /// `BLUE_GREEN`, with a pause at `PRE_SCALE_UP`.
    pub async fn pause(world: &World, live_image: &str) -> Result<Self, AwsError> {
        let scene = Self::set(world, live_image, Self::blue_green(&json!([]))).await?;
        scene.configure(Self::blue_green(&json!([Self::pause_hook("PRE_SCALE_UP")]))).await?;
        Ok(scene)
    }

    /// A rolling service: no strategy, no hooks.
    pub async fn rolling(world: &World, live_image: &str) -> Result<Self, AwsError> {
        let configuration = json!({"maximumPercent": 200, "minimumHealthyPercent": 100});
        Self::set(world, live_image, configuration).await
    }

    /// Any other `deploymentConfiguration`; revision 1 runs image `live_image`.
    pub async fn set(
        world: &World,
        live_image: &str,
        configuration: Value,
    ) -> Result<Self, AwsError> {
        let definition = foundations(world, live_image).await?;
        let mut service = web(&definition);
        service["deploymentController"] = json!({"type": "ECS"});
        service["deploymentConfiguration"] = configuration;
        world.call(Service::Ecs, "CreateService", service).await?;
        let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:alerts");
        Ok(Self { world: world.clone(), topic })
    }

    /// A `deploymentConfiguration` with the strategy `BLUE_GREEN` and these hooks.
    pub fn blue_green(hooks: &Value) -> Value {
        json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": hooks})
    }

    /// A hook that calls [`HOOK_FUNCTION`] at a stage.
    pub fn lambda_hook(stage: &str) -> Value {
        json!({
            "targetType": "AWS_LAMBDA",
            "hookTargetArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{HOOK_FUNCTION}"),
            "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/ecs-hooks"),
            "lifecycleStages": [stage],
        })
    }

    /// A hook that pauses at a stage.
    pub fn pause_hook(stage: &str) -> Value {
        json!({"targetType": "PAUSE", "lifecycleStages": [stage]})
    }

    /// Changes the service's `deploymentConfiguration`, for the deployments to come.
    pub async fn configure(&self, configuration: Value) -> Result<(), AwsError> {
        self.update(json!({"deploymentConfiguration": configuration})).await?;
        Ok(())
    }

    /// `UpdateService` with these members; the service as it is then.
    pub async fn update(&self, mut change: Value) -> Result<Value, AwsError> {
        change["cluster"] = json!(BlueGreen::CLUSTER);
        change["service"] = json!(BlueGreen::SERVICE);
        let answer = self.world.call(Service::Ecs, "UpdateService", change).await?;
        Ok(answer["service"].clone())
    }

    /// Registers the next revision of the task definition, running `image`; its ARN.
    pub async fn register(&self, image: &str) -> Result<String, AwsError> {
        self.register_with(BlueGreen::definition(image)).await
    }

    /// Registers a task definition; its ARN.
    pub async fn register_with(&self, definition: Value) -> Result<String, AwsError> {
        register(&self.world, definition).await
    }

    /// Deploys `definition`; the ARN of the service deployment.
    pub async fn deploy(&self, definition: &str) -> Result<String, AwsError> {
        let service = self.update(json!({"taskDefinition": definition})).await?;
        Ok(service["currentServiceDeployment"].as_str().unwrap_or_default().to_owned())
    }

    /// What ECS says of a service deployment.
    pub async fn service_deployment(&self, arn: &str) -> Result<Value, AwsError> {
        let which = json!({"serviceDeploymentArns": [arn]});
        let answer = self.world.call(Service::Ecs, "DescribeServiceDeployments", which).await?;
        Ok(answer["serviceDeployments"][0].clone())
    }

    /// What ECS says of the service.
    pub async fn service(&self) -> Result<Value, AwsError> {
        let which = json!({"cluster": BlueGreen::CLUSTER, "services": [BlueGreen::SERVICE]});
        let answer = self.world.call(Service::Ecs, "DescribeServices", which).await?;
        Ok(answer["services"][0].clone())
    }

    /// The task definition that has the production traffic; empty before anything has it.
    pub fn live(&self) -> String {
        ecs::live_definition(&self.world, BlueGreen::CLUSTER, BlueGreen::SERVICE)
            .unwrap_or_default()
    }

    /// The rules and the schedule of [`BlueGreen::wire_events`], and the rule that tells
    /// [`HOOK_FUNCTION`] of a deployment that has paused.
    pub async fn wire_events(&self) -> Result<(), AwsError> {
        conclude_by_events(&self.world).await?;
        let pattern = json!({
            "source": ["aws.ecs"],
            "detail-type": ["ECS Hook State Change"],
            "detail": {"eventName": ["HOOK_AWAITING_ACTION"], "hookType": ["PAUSE"]},
        });
        let paused =
            json!({"Name": "quayside-deployment-paused", "EventPattern": pattern.to_string()});
        rule(&self.world, paused, "run-migrations", HOOK_FUNCTION).await
    }
}
