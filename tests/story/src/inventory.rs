//! Everything that is in an account, by name and by ARN: what is compared before and after.

use std::collections::BTreeSet;

use local_aws::{Service, World};
use serde_json::{Value, json};

use crate::review::names;

/// A listing: its service and operation, its input, and the members of its answer that say what is there.
type Listing = (Service, &'static str, Value, &'static [&'static str]);

fn listings() -> Vec<Listing> {
    let running =
        json!([{"Name": "instance-state-name", "Value": ["pending", "running", "stopped"]}]);
    let scaling = json!({"ServiceNamespace": "ecs"});
    vec![
        (Service::Ecs, "ListClusters", json!({}), &["clusterArns"]),
        (Service::Ecs, "ListTaskDefinitions", json!({}), &["taskDefinitionArns"]),
        (
            Service::Ecs,
            "ListTaskDefinitions",
            json!({"status": "INACTIVE"}),
            &["taskDefinitionArns"],
        ),
        (Service::CloudWatch, "DescribeAlarms", json!({"MaxRecords": 100}), &["AlarmName"]),
        (Service::Events, "ListRules", json!({}), &["Name"]),
        (Service::ApplicationAutoScaling, "DescribeScalableTargets", scaling, &["ResourceId"]),
        (
            Service::ElasticLoadBalancing,
            "DescribeTargetGroups",
            json!({}),
            &["TargetGroupArn", "TargetGroupName"],
        ),
        (Service::ElastiCache, "DescribeReplicationGroups", json!({}), &["ReplicationGroupId"]),
        (
            Service::ElastiCache,
            "DescribeCacheParameterGroups",
            json!({}),
            &["CacheParameterGroupName"],
        ),
        (Service::Logs, "DescribeLogGroups", json!({}), &["logGroupName"]),
        (Service::Ssm, "DescribeParameters", json!({"MaxResults": 50}), &["Name"]),
        (Service::SecretsManager, "ListSecrets", json!({}), &["ARN", "Name"]),
        (Service::Ec2, "DescribeInstances", json!({"Filter": running}), &["instanceId"]),
        (Service::Ec2, "DescribeSecurityGroups", json!({}), &["groupId", "GroupId"]),
    ]
}

/// Members by which AWS asks for the next page.
const TOKENS: [&str; 3] = ["nextToken", "NextToken", "Marker"];

/// Everything that is in the account: kind of listing and name.
pub async fn inventory(world: &World) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (service, operation, input, members) in listings() {
        for page in pages(world, service, operation, input).await {
            for member in members {
                let names = names(&page, member).into_iter();
                found.extend(names.map(|name| (format!("{operation} {member}"), name)));
            }
        }
    }
    services(world, &mut found).await;
    rules(world, &mut found).await;
    found
}

/// Services of every cluster, those that drain not among them.
async fn services(world: &World, found: &mut BTreeSet<(String, String)>) {
    let clusters: Vec<String> =
        found.iter().filter(|it| it.0.starts_with("ListClusters")).map(|it| it.1.clone()).collect();
    for cluster in clusters {
        for page in pages(world, Service::Ecs, "ListServices", json!({"cluster": cluster})).await {
            let names = names(&page, "serviceArns").into_iter();
            found.extend(names.map(|name| ("ListServices serviceArns".to_owned(), name)));
        }
    }
}

/// Rules of every listener of every load balancer.
async fn rules(world: &World, found: &mut BTreeSet<(String, String)>) {
    let elb = Service::ElasticLoadBalancing;
    for page in pages(world, elb, "DescribeLoadBalancers", json!({})).await {
        for balancer in names(&page, "LoadBalancerArn") {
            let listeners = json!({"LoadBalancerArn": balancer});
            for page in pages(world, elb, "DescribeListeners", listeners).await {
                for listener in names(&page, "ListenerArn") {
                    let rules = json!({"ListenerArn": listener});
                    for page in pages(world, elb, "DescribeRules", rules).await {
                        let names = names(&page, "RuleArn").into_iter();
                        found.extend(names.map(|it| ("DescribeRules RuleArn".to_owned(), it)));
                    }
                }
            }
        }
    }
}

async fn pages(world: &World, service: Service, operation: &str, mut input: Value) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let page = world.call(service, operation, input.clone()).await.expect("a listing");
        let answers = ["nextToken", "NextToken", "Marker", "NextMarker"];
        let next = answers.iter().find_map(|it| page[it].as_str()).map(str::to_owned);
        pages.push(page);
        let Some(next) = next.filter(|it| !it.is_empty()) else { return pages };
        let name = match service {
            Service::Ecs | Service::Logs => TOKENS[0],
            Service::ElasticLoadBalancing | Service::ElastiCache => TOKENS[2],
            _ => TOKENS[1],
        };
        input[name] = json!(next);
    }
}
