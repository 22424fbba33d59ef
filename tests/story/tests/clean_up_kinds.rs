//! Every kind of resource that a review app may have goes, and what only looks like it stays.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects")]

use local_aws::{ACCOUNT, REGION, Service};
use serde_json::{Value, json};
use story::inventory::inventory;
use story::review::{Reviews, names};

const TEMPLATES: &str = r#"["core-review-{pr}", "core-review-{pr}-*", "image:review-{pr}-*",
    "record-set:{pr}.review.example.com"]"#;

/// An account in which pull request 12 is closed and 123 is open.
async fn account() -> Reviews {
    let reviews = Reviews::set().await.with("NAME_TEMPLATES", TEMPLATES).with("PREVIEW_TAGS", "");
    reviews.apps.open(123);
    reviews.apps.closed(12, reviews.ago(600));
    reviews
}

async fn make(reviews: &Reviews, service: Service, operation: &str, input: Value) -> Value {
    reviews.world.call(service, operation, input).await.unwrap()
}

/// Lets the graces end, and the function do its work; whether these names are still listed.
async fn left(
    reviews: &Reviews,
    listing: (Service, &str, Value, &str),
    expected: [&str; 2],
) -> [bool; 2] {
    reviews.wait(7200).await;
    reviews.hours(4).await;
    let (service, operation, input, member) = listing;
    let there = names(&make(reviews, service, operation, input).await, member);
    expected.map(|name| there.iter().any(|it| it.contains(name)))
}

const LISTENER: &str = "arn:aws:lambda:eu-west-2:123456789012:function:listener";
const GOES_AND_STAYS: [bool; 2] = [false, true];

#[tokio::test(start_paused = true)]
async fn secrets_go_and_free_their_names() {
    let reviews = account().await;
    for name in ["core-review-12-db", "core-review-12-old", "core-review-123-db", "core-review-12"]
    {
        make(
            &reviews,
            Service::SecretsManager,
            "CreateSecret",
            json!({"Name": name, "SecretString": "x"}),
        )
        .await;
    }
    // Somebody deleted it already: its name is taken for a month.
    let input = json!({"SecretId": "core-review-12-old", "RecoveryWindowInDays": 30});
    make(&reviews, Service::SecretsManager, "DeleteSecret", input).await;
    let listing =
        (Service::SecretsManager, "ListSecrets", json!({"IncludePlannedDeletion": true}), "Name");
    assert_eq!(
        left(&reviews, listing, ["core-review-12-", "core-review-123-db"]).await,
        GOES_AND_STAYS
    );
    let again = json!({"Name": "core-review-12-old", "SecretString": "y"});
    make(&reviews, Service::SecretsManager, "CreateSecret", again).await;
}

#[tokio::test(start_paused = true)]
async fn security_groups_go_though_they_refer_to_each_other() {
    let reviews = account().await;
    let mut ids = Vec::new();
    for name in ["core-review-12-app", "core-review-12-cache", "core-review-123-app"] {
        let input = json!({"GroupName": name, "GroupDescription": "review", "VpcId": local_vpc(&reviews).await});
        ids.push(
            make(&reviews, Service::Ec2, "CreateSecurityGroup", input).await["groupId"].clone(),
        );
    }
    for (from, to) in [(0, 1), (1, 0)] {
        let rule = json!([{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "Groups": [{"GroupId": ids[from]}]}]);
        let input = json!({"GroupId": ids[to], "IpPermissions": rule});
        make(&reviews, Service::Ec2, "AuthorizeSecurityGroupIngress", input).await;
    }
    let listing = (Service::Ec2, "DescribeSecurityGroups", json!({}), "groupName");
    assert_eq!(
        left(&reviews, listing, ["core-review-12-", "core-review-123-app"]).await,
        GOES_AND_STAYS
    );
}

async fn local_vpc(reviews: &Reviews) -> Value {
    let all = make(reviews, Service::Ec2, "DescribeSecurityGroups", json!({})).await;
    names(&all, "vpcId").into_iter().next().map_or(Value::Null, Value::from)
}

#[tokio::test(start_paused = true)]
async fn records_go_value_by_value() {
    let reviews = account().await;
    let zone = json!({"Name": "review.example.com", "CallerReference": "1"});
    let zone = make(&reviews, Service::Route53, "CreateHostedZone", zone).await["HostedZone"]["Id"]
        .clone();
    for name in ["12", "123", "x12"] {
        let set = json!({
            "Name": format!("{name}.review.example.com"), "Type": "A", "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}],
        });
        let changes = json!([{"Action": "CREATE", "ResourceRecordSet": set}]);
        let input = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}});
        make(&reviews, Service::Route53, "ChangeResourceRecordSets", input).await;
    }
    let listing =
        (Service::Route53, "ListResourceRecordSets", json!({"HostedZoneId": zone}), "Name");
    reviews.wait(7200).await;
    reviews.hours(3).await;
    let (service, operation, input, member) = listing;
    let there = names(&make(&reviews, service, operation, input).await, member);
    assert!(!there.contains("12.review.example.com."), "{there:?}");
    assert!(there.contains("123.review.example.com.") && there.contains("x12.review.example.com."));
}

#[tokio::test(start_paused = true)]
async fn services_of_cloud_map_go() {
    let reviews = account().await;
    let namespace = json!({"Name": "review.local"});
    make(&reviews, Service::ServiceDiscovery, "CreateHttpNamespace", namespace).await;
    let spaces = make(&reviews, Service::ServiceDiscovery, "ListNamespaces", json!({})).await;
    let id = spaces["Namespaces"][0]["Id"].clone();
    for name in ["core-review-12-app", "core-review-123-app"] {
        let input = json!({"Name": name, "NamespaceId": id});
        make(&reviews, Service::ServiceDiscovery, "CreateService", input).await;
    }
    let listing = (Service::ServiceDiscovery, "ListServices", json!({}), "Name");
    assert_eq!(
        left(&reviews, listing, ["core-review-12-", "core-review-123-"]).await,
        GOES_AND_STAYS
    );
}

#[tokio::test(start_paused = true)]
async fn tags_of_images_go_and_the_image_stays_for_others() {
    let reviews = account().await;
    make(&reviews, Service::Ecr, "CreateRepository", json!({"repositoryName": "web"})).await;
    for tag in ["review-12-abc", "production-7", "review-123-abc", "review-12"] {
        let manifest = json!({"schemaVersion": 2, "content": "same"}).to_string();
        let input = json!({"repositoryName": "web", "imageManifest": manifest, "imageTag": tag});
        make(&reviews, Service::Ecr, "PutImage", input).await;
    }
    let images = json!({"repositoryName": "web"});
    let listing = (Service::Ecr, "ListImages", images.clone(), "imageTag");
    assert_eq!(left(&reviews, listing, ["review-12-abc", "production-7"]).await, GOES_AND_STAYS);
    let there = names(&make(&reviews, Service::Ecr, "ListImages", images).await, "imageTag");
    assert!(there.contains("review-12") && there.contains("review-123-abc"), "{there:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_the_app_removes_what_it_owns() {
    let reviews = account().await;
    let template = json!({"Resources": {"P": {"Type": "AWS::SSM::Parameter"}}}).to_string();
    for number in [12, 123] {
        let name = format!("core-review-{number}-stack");
        let input = json!({"StackName": name, "TemplateBody": template});
        make(&reviews, Service::CloudFormation, "CreateStack", input).await;
        let parameter = format!("/stack/{number}");
        let input = json!({"Name": parameter, "Value": "x", "Type": "String"});
        make(&reviews, Service::Ssm, "PutParameter", input).await;
        let arn = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{parameter}");
        reviews.world.stack_owns(
            &name,
            &arn,
            (Service::Ssm, "DeleteParameter", json!({"Name": parameter})),
        );
    }
    reviews.wait(7200).await;
    reviews.hours(4).await;
    let there = inventory(&reviews.world).await;
    assert!(!there.iter().any(|it| it.1 == "/stack/12"));
    assert!(there.iter().any(|it| it.1 == "/stack/123"));
    let only: Vec<String> = reviews.changes().into_iter().map(|it| it.0).collect();
    assert_eq!(only, ["DeleteStack"]);
}

#[tokio::test(start_paused = true)]
async fn rules_lose_their_targets_first_and_schedules_go() {
    let reviews = account().await;
    for number in [12, 123] {
        let name = format!("core-review-{number}-nightly");
        let input = json!({"Name": name, "ScheduleExpression": "rate(1 day)"});
        make(&reviews, Service::Events, "PutRule", input).await;
        let targets = json!([{"Id": "1", "Arn": LISTENER}, {"Id": "2", "Arn": LISTENER}]);
        make(&reviews, Service::Events, "PutTargets", json!({"Rule": name, "Targets": targets}))
            .await;
        let target = json!({"Arn": LISTENER, "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/r")});
        let input = json!({
            "Name": name, "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
        });
        make(&reviews, Service::Scheduler, "CreateSchedule", input).await;
    }
    reviews.world.manage_rule("core-review-123-nightly");
    let listing = (Service::Events, "ListRules", json!({}), "Name");
    assert_eq!(
        left(&reviews, listing, ["core-review-12-", "core-review-123-"]).await,
        GOES_AND_STAYS
    );
}

#[tokio::test(start_paused = true)]
async fn caches_of_all_kinds_go_with_their_groups() {
    let reviews = account().await;
    for number in [12, 123] {
        let name = format!("core-review-{number}-x");
        let subnets = json!({
            "CacheSubnetGroupName": name, "CacheSubnetGroupDescription": "x", "SubnetIds": ["subnet-1"],
        });
        make(&reviews, Service::ElastiCache, "CreateCacheSubnetGroup", subnets).await;
        let cluster = json!({
            "CacheClusterId": format!("core-review-{number}-c"), "Engine": "memcached", "NumCacheNodes": 1,
            "CacheNodeType": "cache.t4g.micro", "CacheSubnetGroupName": name,
        });
        make(&reviews, Service::ElastiCache, "CreateCacheCluster", cluster).await;
        let serverless =
            json!({"ServerlessCacheName": format!("core-review-{number}-s"), "Engine": "valkey"});
        make(&reviews, Service::ElastiCache, "CreateServerlessCache", serverless).await;
        reviews.apps.cache(&format!("core-review-{number}-r")).await.unwrap();
    }
    for (operation, member) in [
        ("DescribeCacheClusters", "CacheClusterId"),
        ("DescribeServerlessCaches", "ServerlessCacheName"),
        ("DescribeReplicationGroups", "ReplicationGroupId"),
        ("DescribeCacheParameterGroups", "CacheParameterGroupName"),
        ("DescribeCacheSubnetGroups", "CacheSubnetGroupName"),
    ] {
        let listing = (Service::ElastiCache, operation, json!({}), member);
        let left = left(&reviews, listing, ["core-review-12-", "core-review-123-"]).await;
        assert_eq!(left, GOES_AND_STAYS, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn composite_alarms_go_before_what_they_are_about() {
    let reviews = account().await;
    for number in [12, 123] {
        let name = format!("core-review-{number}-cpu");
        reviews.apps.alarm(&name).await.unwrap();
        let input = json!({
            "AlarmName": format!("core-review-{number}-any"), "AlarmRule": format!("ALARM(\"{name}\")"),
        });
        make(&reviews, Service::CloudWatch, "PutCompositeAlarm", input).await;
    }
    let all = json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]});
    let listing = (Service::CloudWatch, "DescribeAlarms", all, "AlarmName");
    assert_eq!(
        left(&reviews, listing, ["core-review-12-", "core-review-123-"]).await,
        GOES_AND_STAYS
    );
}

#[tokio::test(start_paused = true)]
async fn deployment_groups_go_after_their_deployments() {
    let reviews = account().await;
    let application = json!({"applicationName": "web", "computePlatform": "ECS"});
    make(&reviews, Service::CodeDeploy, "CreateApplication", application).await;
    for number in [12, 123] {
        let service = format!("web-{number}");
        reviews.apps.service("production", &service, "production").await.unwrap();
        let input = json!({
            "applicationName": "web", "deploymentGroupName": format!("core-review-{number}-group"),
            "serviceRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/codedeploy"),
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"clusterName": "production", "serviceName": service}],
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE"},
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
            },
            "loadBalancerInfo": {"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "blue"}, {"name": "green"}],
                "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:x"]},
            }]},
        });
        make(&reviews, Service::CodeDeploy, "CreateDeploymentGroup", input).await;
    }
    reviews.wait(7200).await;
    let groups = json!({"applicationName": "web"});
    let listing = (Service::CodeDeploy, "ListDeploymentGroups", groups, "deploymentGroups");
    assert_eq!(
        left(&reviews, listing, ["core-review-12-", "core-review-123-"]).await,
        GOES_AND_STAYS
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_only_tagged_goes_too_and_ghosts_are_nothing() {
    let reviews = Reviews::set().await.with("NAME_TEMPLATES", "").with("MAX_SHARE", "100");
    let tags = |number: &str| json!([{"Key": "environment", "Value": "preview"}, {"Key": "github-pr", "Value": number}]);
    for number in ["12", "123"] {
        let cluster: Vec<Value> = tags(number)
            .as_array()
            .unwrap()
            .iter()
            .map(|it| json!({"key": it["Key"], "value": it["Value"]}))
            .collect();
        let input = json!({"clusterName": format!("web-{number}"), "tags": cluster});
        make(&reviews, Service::Ecs, "CreateCluster", input).await;
        let group = json!({"Name": format!("web-{number}"), "Port": 80, "Tags": tags(number)});
        make(&reviews, Service::ElasticLoadBalancing, "CreateTargetGroup", group).await;
        let parameter = json!({"Name": format!("/web/{number}"), "Value": "x", "Type": "String", "Tags": tags(number)});
        make(&reviews, Service::Ssm, "PutParameter", parameter).await;
        reviews.apps.instance("preview", number).await.unwrap();
    }
    // Named like one, without tags: in an account of tags that means nothing.
    reviews.apps.cluster("core-review-12-app").await.unwrap();
    reviews.apps.open(123);
    reviews.apps.closed(12, reviews.ago(600));
    reviews.wait(7200).await;
    reviews.hours(3).await;
    let there = inventory(&reviews.world).await;
    let has = |name: &str| there.iter().any(|it| it.1.ends_with(name));
    assert!(!has("cluster/web-12") && !has("/web/12") && has("cluster/web-123") && has("/web/123"));
    assert!(has("cluster/core-review-12-app"));
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_and_comes_back_is_no_progress_and_is_told() {
    let reviews = account().await.with("STUCK_AFTER", "1h").with("MAX_COMMENTS", "50");
    let template = json!({"Resources": {"P": {"Type": "AWS::SSM::Parameter"}}}).to_string();
    let input = json!({"StackName": "core-review-12-stack", "TemplateBody": template});
    make(&reviews, Service::CloudFormation, "CreateStack", input).await;
    reviews.world.stack_fails_to_delete("core-review-12-stack", "a bucket is not empty");
    reviews.wait(7200).await;
    let report = reviews.run(json!({})).await.unwrap();
    let asked = reviews.world.requests_for("DeleteStack").len();
    assert!(asked < 12, "asked for {asked} times in one run");
    assert_eq!(report["apps"]["12"]["state"], "going", "{report:#}");
    let alerts = reviews.alerts();
    assert!(alerts.iter().any(|it| it.contains("#12 does not go")), "{alerts:?}");
    let comments = reviews.world.comments(local_aws::scene::ReviewApps::REPOSITORY, 12);
    assert!(comments.iter().all(|it| !it.2.contains("was removed")), "{comments:?}");
}
