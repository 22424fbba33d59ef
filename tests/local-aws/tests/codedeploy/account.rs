//! An account with one service that `CodeDeploy` deploys to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

/// Service `web` in cluster `live`, group `web` of application `app`.
pub(crate) struct Account {
    pub(crate) world: World,
    changes: Calls,
}

/// What a function was called with.
pub(crate) type Calls = Arc<Mutex<Vec<Value>>>;

const NAMES: [(&str, &str); 2] = [("applicationName", "app"), ("deploymentGroupName", "web")];

/// The group's names, and more.
pub(crate) fn in_group(mut input: Value) -> Value {
    for (member, name) in NAMES {
        input[member] = json!(name);
    }
    input
}

/// What it takes to create the group.
pub(crate) fn group() -> Value {
    in_group(json!({
        "serviceRoleArn": "arn:aws:iam::123456789012:role/codedeploy",
        "ecsServices": [{"clusterName": "live", "serviceName": "web"}],
    }))
}

/// An `AppSpec` for revision `n` of the task definition.
pub(crate) fn appspec(n: u32, hooks: &[(&str, &str)]) -> Value {
    let hooks: Vec<Value> = hooks.iter().map(|(event, name)| json!({*event: name})).collect();
    let content = json!({
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": format!("web:{n}"),
            "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
        }}}],
        "Hooks": hooks,
    });
    json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": content.to_string()}})
}

impl Account {
    pub(crate) async fn new() -> Self {
        let world = World::new("2026-11-21T10:00:00Z".parse().unwrap(), Pace::REAL);
        let account = Self { world, changes: Calls::default() };
        account.ecs("CreateCluster", json!({"clusterName": "live"})).await;
        for _ in 0..3 {
            let containers = json!([{"name": "app", "image": "app"}]);
            let task = json!({"family": "web", "containerDefinitions": containers});
            account.ecs("RegisterTaskDefinition", task).await;
        }
        let service = json!({
            "cluster": "live", "serviceName": "web", "taskDefinition": "web:1", "desiredCount": 1,
            "deploymentController": {"type": "CODE_DEPLOY"},
        });
        account.ecs("CreateService", service).await;
        let application = json!({"applicationName": "app", "computePlatform": "ECS"});
        account.codedeploy("CreateApplication", application).await.unwrap();
        account.codedeploy("CreateDeploymentGroup", group()).await.unwrap();
        account.listen().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        account
    }

    /// Keeps every state change that `EventBridge` delivers.
    async fn listen(&self) {
        let changes = Arc::clone(&self.changes);
        self.world.function("listener", move |it| {
            changes.lock().unwrap().push(it.payload);
            Box::pin(async { Ok(Value::Null) })
        });
        let kind = "CodeDeploy Deployment State-change Notification";
        let pattern = json!({"source": ["aws.codedeploy"], "detail-type": [kind]}).to_string();
        let rule = json!({"Name": "changes", "EventPattern": pattern});
        self.world.call(Service::Events, "PutRule", rule).await.unwrap();
        let arn = "arn:aws:lambda:eu-west-2:123456789012:function:listener";
        let targets = json!({"Rule": "changes", "Targets": [{"Id": "it", "Arn": arn}]});
        self.world.call(Service::Events, "PutTargets", targets).await.unwrap();
    }

    pub(crate) async fn ecs(&self, operation: &str, input: Value) -> Value {
        self.world.call(Service::Ecs, operation, input).await.unwrap()
    }

    /// The answer, or the code of the error.
    pub(crate) async fn codedeploy(&self, operation: &str, input: Value) -> Result<Value, String> {
        let answer = self.world.call(Service::CodeDeploy, operation, input).await;
        answer.map_err(|error| error.code)
    }

    pub(crate) async fn update_group(&self, mut change: Value) {
        change["applicationName"] = json!("app");
        change["currentDeploymentGroupName"] = json!("web");
        self.codedeploy("UpdateDeploymentGroup", change).await.unwrap();
    }

    pub(crate) async fn roll_back_on(&self, events: &[&str]) {
        let configuration = json!({"enabled": true, "events": events});
        self.update_group(json!({"autoRollbackConfiguration": configuration})).await;
    }

    /// A function that answers each hook at once, or never.
    pub(crate) fn hook(
        &self,
        name: &str,
        says: impl Fn(&Value) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Calls {
        let calls = Calls::default();
        let (world, seen) = (self.world.clone(), Arc::clone(&calls));
        self.world.function(name, move |it| {
            seen.lock().unwrap().push(it.payload.clone());
            let (world, says) = (world.clone(), says(&it.payload));
            Box::pin(async move {
                if let Some(status) = says {
                    put_status(&world, &it.payload, status).await.ok();
                }
                Ok(Value::Null)
            })
        });
        calls
    }

    pub(crate) async fn answer(&self, question: &Value, status: &str) -> Result<Value, String> {
        put_status(&self.world, question, status).await
    }

    pub(crate) async fn deploy(&self, n: u32, hooks: &[(&str, &str)]) -> String {
        self.deploy_revision(appspec(n, hooks)).await
    }

    pub(crate) async fn deploy_revision(&self, revision: Value) -> String {
        let input = in_group(json!({"revision": revision}));
        let answer = self.codedeploy("CreateDeployment", input).await.unwrap();
        answer["deploymentId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn info(&self, id: &str) -> Value {
        let answer = self.codedeploy("GetDeployment", json!({"deploymentId": id})).await;
        answer.unwrap()["deploymentInfo"].clone()
    }

    /// Waits up to a day; the status, with the code of its error.
    pub(crate) async fn end_of(&self, id: &str) -> String {
        for _ in 0..24 * 60 {
            let info = self.info(id).await;
            let status = info["status"].as_str().unwrap();
            if matches!(status, "Succeeded" | "Failed" | "Stopped") {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let info = self.info(id).await;
                return match info["errorInformation"]["code"].as_str() {
                    Some(code) => format!("{status}: {code}"),
                    None => status.to_owned(),
                };
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        "unfinished".to_owned()
    }

    /// Each lifecycle event with its status.
    pub(crate) async fn lifecycle(&self, id: &str) -> String {
        let input = json!({"deploymentId": id, "targetIds": ["live:web"]});
        let answer = self.codedeploy("BatchGetDeploymentTargets", input).await.unwrap();
        let events = &answer["deploymentTargets"][0]["ecsTarget"]["lifecycleEvents"];
        let shown = events.as_array().unwrap().iter().map(|it| {
            let text = |member: &str| it[member].as_str().unwrap().to_owned();
            format!("{} {}", text("lifecycleEventName"), text("status"))
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// The states `EventBridge` told about, in their order.
    pub(crate) fn states(&self, id: &str) -> Vec<String> {
        let changes = self.changes.lock().unwrap();
        let details = changes.iter().map(|it| &it["detail"]);
        let ours = details.filter(|it| it["deploymentId"] == id);
        ours.map(|it| it["state"].as_str().unwrap().to_owned()).collect()
    }

    async fn sets(&self) -> Vec<Value> {
        let input = json!({"cluster": "live", "services": ["web"]});
        let answer = self.ecs("DescribeServices", input).await;
        answer["services"][0]["taskSets"].as_array().unwrap().clone()
    }

    pub(crate) async fn task_sets(&self) -> usize {
        self.sets().await.len()
    }

    /// The task definition that has the traffic.
    pub(crate) async fn primary(&self) -> String {
        let sets = self.sets().await;
        let primary = sets.iter().find(|it| it["status"] == "PRIMARY").unwrap();
        primary["taskDefinition"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

async fn put_status(world: &World, question: &Value, status: &str) -> Result<Value, String> {
    let input = json!({
        "deploymentId": question["DeploymentId"],
        "lifecycleEventHookExecutionId": question["LifecycleEventHookExecutionId"],
        "status": status,
    });
    let operation = "PutLifecycleEventHookExecutionStatus";
    let answer = world.call(Service::CodeDeploy, operation, input).await;
    answer.map_err(|error| error.code)
}
