//! A second service in the same account, whose migrations use the same database.

use local_aws::Service;
use local_aws::scene::BlueGreen;
use serde_json::{Value, json};

use crate::{Stage, text};

impl Stage {
    /// A service like the web service, called `name`, with a deployment group of its own.
    pub async fn second_service(&self, name: &str) {
        let live = self.definition_of(name, crate::NEW_IMAGE, &[]).await;
        let call = async |service, operation: &str, input: Value| {
            self.world.call(service, operation, input).await.expect(operation);
        };
        let service = json!({
            "cluster": BlueGreen::CLUSTER, "serviceName": name, "taskDefinition": live,
            "desiredCount": 1, "launchType": "FARGATE",
            "deploymentController": {"type": "CODE_DEPLOY"},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
        });
        call(Service::Ecs, "CreateService", service).await;
        let application = json!({"applicationName": name, "computePlatform": "ECS"});
        call(Service::CodeDeploy, "CreateApplication", application).await;
        let group = json!({
            "applicationName": name, "deploymentGroupName": name,
            "serviceRoleArn": "arn:aws:iam::123456789012:role/codedeploy",
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
            "deploymentStyle": {
                "deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL",
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
                "targetGroups": [{"name": "blue"}, {"name": "green"}],
                "prodTrafficRoute": {"listenerArns": [
                    "arn:aws:elasticloadbalancing:eu-west-2:123456789012:listener/app/web/1/2",
                ]},
            }]},
            "ecsServices": [{"clusterName": BlueGreen::CLUSTER, "serviceName": name}],
        });
        call(Service::CodeDeploy, "CreateDeploymentGroup", group).await;
    }

    /// Deploys `definition` to the second service `name`; the deployment's id.
    pub async fn deploy_to(&self, name: &str, definition: &str) -> String {
        let deployment = json!({
            "applicationName": name, "deploymentGroupName": name,
            "revision": {
                "revisionType": "AppSpecContent",
                "appSpecContent": {"content": BlueGreen::appspec(definition)},
            },
        });
        let answer = self.world.call(Service::CodeDeploy, "CreateDeployment", deployment).await;
        text(&answer.expect("a deployment")["deploymentId"]).to_owned()
    }
}

impl<S> Stage<S> {
    /// Registers a task definition of `family` that runs `image` and has these docker labels besides
    /// its migration command; its ARN.
    pub async fn definition_of(
        &self,
        family: &str,
        image: &str,
        labels: &[(&str, &str)],
    ) -> String {
        let mut definition = BlueGreen::definition(image);
        definition["family"] = json!(family);
        for (name, value) in labels {
            definition["containerDefinitions"][0]["dockerLabels"][*name] = json!(value);
        }
        let made = self.world.call(Service::Ecs, "RegisterTaskDefinition", definition).await;
        let made = made.expect("a task definition");
        text(&made["taskDefinition"]["taskDefinitionArn"]).to_owned()
    }
}
