//! Review apps of pull requests, and what lives beside them.

mod inventory;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::github::{GitHubApi, TEST_APP_KEY};
use crate::image::{Image, Script};
use crate::wire::{AwsError, Service};
use crate::world::{ACCOUNT, REGION, World};

/// An account with a load balancer, a production service, and a repository whose pull requests get review
/// apps.
pub struct ReviewApps {
    world: World,
    /// The alerts topic.
    pub topic: String,
    listener: String,
    /// The token that a function asks GitHub with.
    pub token: String,
}

impl ReviewApps {
    /// The function that removes them.
    pub const FUNCTION: &'static str = "clean-up-review-apps";
    /// The repository.
    pub const REPOSITORY: &'static str = "acme/web";
    /// Its id.
    pub const REPOSITORY_ID: &'static str = "R_kgDOABC123";
    /// The secret with the token.
    pub const GITHUB_SECRET: &'static str = "review-apps/github";
    /// The names of its review apps.
    pub const TEMPLATES: &'static str = r#"["core-review-{pr}", "core-review-{pr}-app",
        "core-review-{pr}-sidekiq", "core-review-{pr}-ad-hoc", "alarm:core-review-{pr}-*",
        "event-rule:core-review-{pr}-*", "parameter:CORE-REVIEW-{pr}_DATABASE_URL"]"#;
    /// The private key of the local GitHub's apps.
    pub const APP_KEY: &'static str = TEST_APP_KEY;

    /// An empty account gets what all review apps share.
    pub async fn set(world: &World) -> Result<Self, AwsError> {
        world.image("registry/web:1", Image::script(|_| Script::exits(0)));
        world.repository(Self::REPOSITORY, Self::REPOSITORY_ID, 4711);
        let token = world.token("clean-up", &[("pull_requests", "write")]);
        let secret = json!({"Name": Self::GITHUB_SECRET, "SecretString": token});
        world.call(Service::SecretsManager, "CreateSecret", secret).await?;
        let topic = world.call(Service::Sns, "CreateTopic", json!({"Name": "alerts"})).await?;
        let topic = text(&topic["TopicArn"]);
        let mut it = Self { world: world.clone(), topic, listener: String::new(), token };
        let balancer = json!({"Name": "review", "Subnets": ["subnet-1", "subnet-2"]});
        let balancer = it.elb("CreateLoadBalancer", balancer).await?;
        let production = it.target_group("production").await?;
        let listener = json!({
            "LoadBalancerArn": balancer["LoadBalancers"][0]["LoadBalancerArn"], "Port": 443,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": production}],
        });
        let listener = it.elb("CreateListener", listener).await?;
        it.listener = text(&listener["Listeners"][0]["ListenerArn"]);
        it.cluster("production").await?;
        it.definition("production", "production").await?;
        it.service("production", "production", "production").await?;
        it.alarm("production-cpu").await?;
        it.cache("production").await?;
        Ok(it)
    }

    /// The review app of a pull request, with so many revisions of each of its three families; it is named,
    /// and has no tags.
    pub async fn app(&self, number: u32, revisions: u32) -> Result<(), AwsError> {
        let name = format!("core-review-{number}");
        let cluster = format!("{name}-app");
        self.cluster(&cluster).await?;
        for part in ["app", "sidekiq", "ad-hoc"] {
            let family = format!("{name}-{part}");
            for _ in 0..revisions {
                self.definition(&family, part).await?;
            }
        }
        for part in ["app", "sidekiq"] {
            let service = format!("{name}-{part}");
            self.service(&cluster, &service, &service).await?;
            self.scaled(&cluster, &service).await?;
            for what in ["average-cpu", "max-task-cpu", "average-memory", "max-task-memory"] {
                self.alarm(&format!("{service}-{what}")).await?;
            }
            for what in ["tasks-exited", "service-action-problem"] {
                self.alarm(&format!("{service}-{what}")).await?;
                self.rule(&format!("{service}-{what}")).await?;
            }
        }
        let group = self.target_group(&name).await?;
        self.route(number, &[&group]).await?;
        self.cache(&name).await?;
        let log = json!({"logGroupName": cluster});
        self.world.call(Service::Logs, "CreateLogGroup", log).await?;
        let parameter = json!({
            "Name": format!("CORE-REVIEW-{number}_DATABASE_URL"), "Type": "SecureString", "Value": "x",
        });
        self.world.call(Service::Ssm, "PutParameter", parameter).await.map(drop)
    }

    /// An EC2 instance with a pull request's tags, as text: some are wrong.
    pub async fn instance(&self, environment: &str, number: &str) -> Result<String, AwsError> {
        let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
        let tags = json!([tag("environment", environment), tag("github-pr", number)]);
        let input = json!({
            "ImageId": "ami-1", "MinCount": 1, "MaxCount": 1,
            "TagSpecification": [{"ResourceType": "instance", "Tag": tags}],
        });
        let answer = self.world.call(Service::Ec2, "RunInstances", input).await?;
        Ok(text(&answer["instancesSet"][0]["instanceId"]))
    }

    /// A pull request that is open.
    pub fn open(&self, number: u32) {
        self.world.pull_request(Self::REPOSITORY, number.into());
    }

    /// A pull request that was closed at a moment.
    pub fn closed(&self, number: u32, at: Timestamp) {
        self.open(number);
        self.world.close(Self::REPOSITORY, number.into(), at);
    }

    /// The interface of GitHub that a trouble may be limited to.
    pub const GRAPHQL: GitHubApi = GitHubApi::Graphql;

    async fn elb(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.world.call(Service::ElasticLoadBalancing, operation, input).await
    }

    /// A cluster.
    pub async fn cluster(&self, name: &str) -> Result<(), AwsError> {
        let input = json!({"clusterName": name});
        self.world.call(Service::Ecs, "CreateCluster", input).await.map(drop)
    }

    /// Tags a cluster.
    pub async fn tag_cluster(&self, name: &str, key: &str, value: &str) -> Result<(), AwsError> {
        let tags = json!([{"key": key, "value": value}]);
        let input = json!({"resourceArn": Self::ecs("cluster", name), "tags": tags});
        self.world.call(Service::Ecs, "TagResource", input).await.map(drop)
    }

    /// Tags an instance.
    pub async fn tag_instance(&self, id: &str, key: &str, value: &str) -> Result<(), AwsError> {
        let input = json!({"ResourceId": [id], "Tag": [{"Key": key, "Value": value}]});
        self.world.call(Service::Ec2, "CreateTags", input).await.map(drop)
    }

    /// One more revision of a family.
    pub async fn definition(&self, family: &str, container: &str) -> Result<(), AwsError> {
        let input = json!({
            "family": family, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{"name": container, "image": "registry/web:1"}],
        });
        self.world.call(Service::Ecs, "RegisterTaskDefinition", input).await.map(drop)
    }

    /// A service that runs the newest revision of a family.
    pub async fn service(&self, cluster: &str, name: &str, family: &str) -> Result<(), AwsError> {
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        let input = json!({
            "cluster": cluster, "serviceName": name, "taskDefinition": family, "desiredCount": 1,
            "launchType": "FARGATE", "networkConfiguration": network,
        });
        self.world.call(Service::Ecs, "CreateService", input).await.map(drop)
    }

    async fn scaled(&self, cluster: &str, service: &str) -> Result<(), AwsError> {
        let input = json!({
            "ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{service}"),
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 2,
        });
        self.world
            .call(Service::ApplicationAutoScaling, "RegisterScalableTarget", input)
            .await
            .map(drop)
    }

    /// An alarm.
    pub async fn alarm(&self, name: &str) -> Result<(), AwsError> {
        let input = json!({
            "AlarmName": name, "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Period": 60,
            "Statistic": "Average", "EvaluationPeriods": 1, "Threshold": 90.0,
            "ComparisonOperator": "GreaterThanThreshold",
        });
        self.world.call(Service::CloudWatch, "PutMetricAlarm", input).await.map(drop)
    }

    async fn rule(&self, name: &str) -> Result<(), AwsError> {
        let pattern = json!({"source": ["aws.ecs"]}).to_string();
        let input = json!({"Name": name, "EventPattern": pattern});
        self.world.call(Service::Events, "PutRule", input).await.map(drop)
    }

    /// A target group; its ARN.
    pub async fn target_group(&self, name: &str) -> Result<String, AwsError> {
        let made = self.elb("CreateTargetGroup", json!({"Name": name, "Port": 80})).await?;
        Ok(text(&made["TargetGroups"][0]["TargetGroupArn"]))
    }

    /// A rule of the shared listener that forwards to these target groups; its ARN.
    pub async fn route(&self, number: u32, groups: &[&str]) -> Result<String, AwsError> {
        let groups: Vec<Value> =
            groups.iter().map(|it| json!({"TargetGroupArn": it, "Weight": 1})).collect();
        let input = json!({
            "ListenerArn": self.listener, "Priority": number,
            "Conditions": [{"Field": "path-pattern", "Values": [format!("/{number}/*")]}],
            "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        });
        let made = self.elb("CreateRule", input).await?;
        Ok(text(&made["Rules"][0]["RuleArn"]))
    }

    /// A replication group with a parameter group.
    pub async fn cache(&self, name: &str) -> Result<(), AwsError> {
        let parameters = json!({
            "CacheParameterGroupName": name, "CacheParameterGroupFamily": "redis7",
            "Description": "review",
        });
        let cache = Service::ElastiCache;
        self.world.call(cache, "CreateCacheParameterGroup", parameters).await?;
        let group = json!({
            "ReplicationGroupId": name, "ReplicationGroupDescription": "review",
            "NumCacheClusters": 1, "CacheParameterGroupName": name,
        });
        self.world.call(cache, "CreateReplicationGroup", group).await.map(drop)
    }

    /// The ARN of something of ECS in this account.
    pub fn ecs(kind: &str, name: &str) -> String {
        format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{kind}/{name}")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
