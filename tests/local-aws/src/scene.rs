//! Ready-made accounts: a web service that is deployed blue/green, with everything around it.

mod fan_out;
mod native;
mod review;

pub use fan_out::FanOut;
pub use native::Native;
pub use review::ReviewApps;

use serde_json::{Value, json};

use crate::image::{Image, Script};
use crate::wire::{AwsError, Service};
use crate::world::{ACCOUNT, REGION, World};

/// The hook function's name; the prefix is the one CodeDeploy's limited role may invoke.
pub const HOOK_FUNCTION: &str = "CodeDeployHook_run-migrations";
/// The function that hears of ended tasks.
pub const CONCLUDE_FUNCTION: &str = "conclude-task";

/// The account in which the events of the repository's `events` folder happen: deployment
/// `d-KXQ0TI2MF` waits for the hook of `codedeploy-lifecycle-hook.json`, and nobody answers but you.
///
/// Functions that were installed before are called; the others take every event and do nothing.
pub async fn waiting(world: &World, hook_event: &Value) -> Result<BlueGreen, AwsError> {
    for image in ["registry.local/web:1", "registry.local/web:2"] {
        let known = world.state().ecs.tasks.images.contains_key(image);
        if !known {
            world.image(image, Image::script(|_| Script::exits(0)));
        }
    }
    for function in [HOOK_FUNCTION, CONCLUDE_FUNCTION] {
        if !crate::lambda::exists(world, function) {
            world.function(function, |_| Box::pin(async { Ok(Value::Null) }));
        }
    }
    let scene = BlueGreen::set(world, "registry.local/web:1").await?;
    scene.wire_events().await?;
    let id = |name: &str| hook_event[name].as_str().unwrap_or_default();
    world.next_deployment(id("DeploymentId"), id("LifecycleEventHookExecutionId"));
    let definition = scene.register("registry.local/web:2").await?;
    scene.deploy(&definition).await?;
    Ok(scene)
}

/// A web service `web` in cluster `live`, deployed by CodeDeploy, and the alerts topic.
#[derive(Debug, Clone)]
pub struct BlueGreen {
    world: World,
    /// The alerts topic.
    pub topic: String,
}

impl BlueGreen {
    /// The cluster.
    pub const CLUSTER: &'static str = "live";
    /// The service; the application and the task definition's family are called the same.
    pub const SERVICE: &'static str = "web";
    /// The deployment group.
    pub const GROUP: &'static str = "web-live";
    /// The container that gets the traffic.
    pub const CONTAINER: &'static str = "app";
    /// Where it logs.
    pub const LOG_GROUP: &'static str = "/ecs/web";

    /// Sets the scene: revision 1 runs image `live_image`.
    pub async fn set(world: &World, live_image: &str) -> Result<Self, AwsError> {
        let scene =
            Self { world: world.clone(), topic: format!("arn:aws:sns:{REGION}:{ACCOUNT}:alerts") };
        let definition = foundations(world, live_image).await?;
        let mut service = web(&definition);
        service["deploymentController"] = json!({"type": "CODE_DEPLOY"});
        scene.ecs("CreateService", service).await?;
        scene.deployments_by_codedeploy().await?;
        Ok(scene)
    }

    async fn deployments_by_codedeploy(&self) -> Result<(), AwsError> {
        let application = json!({"applicationName": Self::SERVICE, "computePlatform": "ECS"});
        self.codedeploy("CreateApplication", application).await?;
        let group = json!({
            "applicationName": Self::SERVICE,
            "deploymentGroupName": Self::GROUP,
            "serviceRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/codedeploy"),
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
            "deploymentStyle": {
                "deploymentType": "BLUE_GREEN",
                "deploymentOption": "WITH_TRAFFIC_CONTROL",
            },
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE", "terminationWaitTimeInMinutes": 0,
                },
                "deploymentReadyOption": {
                    "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0,
                },
            },
            "loadBalancerInfo": {"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "web-blue"}, {"name": "web-green"}],
                "prodTrafficRoute": {"listenerArns": [format!(
                    "arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/1/2"
                )]},
            }]},
            "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE"]},
            "ecsServices": [{"clusterName": Self::CLUSTER, "serviceName": Self::SERVICE}],
        });
        self.codedeploy("CreateDeploymentGroup", group).await?;
        Ok(())
    }

    /// The rule and the schedule that call [`CONCLUDE_FUNCTION`], as in the template.
    pub async fn wire_events(&self) -> Result<(), AwsError> {
        conclude_by_events(&self.world).await
    }

    /// Registers the next revision of the task definition, running `image`; its ARN.
    pub async fn register(&self, image: &str) -> Result<String, AwsError> {
        self.register_with(Self::definition(image)).await
    }

    /// Registers a task definition; its ARN.
    pub async fn register_with(&self, definition: Value) -> Result<String, AwsError> {
        register(&self.world, definition).await
    }

    /// The task definition of the web service, with its migration command as a docker label.
    pub fn definition(image: &str) -> Value {
        json!({
            "family": Self::SERVICE,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/web-execution"),
            "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/web-task"),
            "containerDefinitions": [{
                "name": Self::CONTAINER,
                "image": image,
                "essential": true,
                "command": ["serve"],
                "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
                "dockerLabels": {"quayside.migrate.command": "migrate"},
                "logConfiguration": {"logDriver": "awslogs", "options": {
                    "awslogs-group": Self::LOG_GROUP,
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "web",
                }},
            }],
        })
    }

    /// An AppSpec that deploys `definition`, with the migration at `BeforeInstall`.
    pub fn appspec(definition: &str) -> String {
        format!(
            "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      \
             Properties:\n        TaskDefinition: \"{definition}\"\n        LoadBalancerInfo:\n          \
             ContainerName: \"{}\"\n          ContainerPort: 8000\nHooks:\n  - BeforeInstall: \
             \"{HOOK_FUNCTION}\"\n",
            Self::CONTAINER
        )
    }

    /// Deploys `definition`; the deployment's id.
    pub async fn deploy(&self, definition: &str) -> Result<String, AwsError> {
        let content = Self::appspec(definition);
        self.deploy_revision(json!({
            "revisionType": "AppSpecContent", "appSpecContent": {"content": content},
        }))
        .await
    }

    /// Deploys a revision; the deployment's id.
    pub async fn deploy_revision(&self, revision: Value) -> Result<String, AwsError> {
        let deployment = json!({
            "applicationName": Self::SERVICE,
            "deploymentGroupName": Self::GROUP,
            "revision": revision,
        });
        let answer = self.codedeploy("CreateDeployment", deployment).await?;
        Ok(answer["deploymentId"].as_str().unwrap_or_default().to_owned())
    }

    /// What CodeDeploy says of a deployment.
    pub async fn deployment(&self, id: &str) -> Result<Value, AwsError> {
        let answer = self.codedeploy("GetDeployment", json!({"deploymentId": id})).await?;
        Ok(answer["deploymentInfo"].clone())
    }

    /// The task definition that has the traffic.
    pub async fn live(&self) -> Result<String, AwsError> {
        let services = json!({"cluster": Self::CLUSTER, "services": [Self::SERVICE]});
        let answer = self.ecs("DescribeServices", services).await?;
        let sets = answer["services"][0]["taskSets"].as_array().cloned().unwrap_or_default();
        let primary = sets.iter().find(|it| it["status"] == "PRIMARY");
        Ok(primary.and_then(|it| it["taskDefinition"].as_str()).unwrap_or_default().to_owned())
    }

    async fn ecs(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.world.call(Service::Ecs, operation, input).await
    }

    async fn codedeploy(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.world.call(Service::CodeDeploy, operation, input).await
    }
}

/// What every web service needs: cluster, log group, alerts topic, and revision 1 of its task
/// definition, whose ARN it gives.
async fn foundations(world: &World, live_image: &str) -> Result<String, AwsError> {
    let cluster = json!({"clusterName": BlueGreen::CLUSTER});
    world.call(Service::Ecs, "CreateCluster", cluster).await?;
    let definition = register(world, BlueGreen::definition(live_image)).await?;
    let group = json!({"logGroupName": BlueGreen::LOG_GROUP});
    world.call(Service::Logs, "CreateLogGroup", group).await?;
    world.call(Service::Sns, "CreateTopic", json!({"Name": "alerts"})).await?;
    Ok(definition)
}

async fn register(world: &World, definition: Value) -> Result<String, AwsError> {
    let answer = world.call(Service::Ecs, "RegisterTaskDefinition", definition).await?;
    Ok(answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap_or_default().to_owned())
}

/// What it takes to create the web service.
fn web(definition: &str) -> Value {
    let blue = format!(
        "arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web-blue/73e2d6bc24d8a067"
    );
    json!({
        "cluster": BlueGreen::CLUSTER,
        "serviceName": BlueGreen::SERVICE,
        "taskDefinition": definition,
        "desiredCount": 2,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
            "securityGroups": ["sg-0123abcd"],
            "assignPublicIp": "DISABLED",
        }},
        "loadBalancers": [{
            "targetGroupArn": blue,
            "containerName": BlueGreen::CONTAINER,
            "containerPort": 8000,
        }],
        "tags": [{"key": "team", "value": "shop"}],
    })
}

async fn conclude_by_events(world: &World) -> Result<(), AwsError> {
    let pattern = json!({
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"startedBy": [{"prefix": "quayside/"}]},
    });
    let ended = json!({"Name": "quayside-task-ended", "EventPattern": pattern.to_string()});
    let watchdog = json!({"Name": "quayside-watchdog", "ScheduleExpression": "rate(5 minutes)"});
    rule(world, ended, "conclude-task", CONCLUDE_FUNCTION).await?;
    rule(world, watchdog, "conclude-task", CONCLUDE_FUNCTION).await
}

async fn rule(world: &World, rule: Value, id: &str, function: &str) -> Result<(), AwsError> {
    let name = rule["Name"].clone();
    world.call(Service::Events, "PutRule", rule).await?;
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}");
    let targets = json!({"Rule": name, "Targets": [{"Id": id, "Arn": arn}]});
    world.call(Service::Events, "PutTargets", targets).await?;
    Ok(())
}
