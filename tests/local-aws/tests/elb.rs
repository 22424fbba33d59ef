//! What keeps a load balancer's rules and target groups, and what removes them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

/// A load balancer with one listener, and two target groups.
struct Account {
    world: World,
    balancer: Value,
    listener: Value,
    shared: Value,
    review: Value,
}

async fn elb(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let answer = world.call(Service::ElasticLoadBalancing, operation, input).await;
    answer.map_err(|error| error.code)
}

impl Account {
    async fn new() -> Self {
        let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL);
        let input = json!({"Name": "live", "Subnets": ["subnet-1", "subnet-2"]});
        let balancer = elb(&world, "CreateLoadBalancer", input).await.unwrap();
        let balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"].clone();
        let shared = target_group(&world, "shared").await;
        let review = target_group(&world, "core-review-12").await;
        let actions = json!([{"Type": "forward", "TargetGroupArn": shared}]);
        let input = json!({"LoadBalancerArn": balancer, "Port": 80, "DefaultActions": actions});
        let listener = elb(&world, "CreateListener", input).await.unwrap();
        let listener = listener["Listeners"][0]["ListenerArn"].clone();
        Self { world, balancer, listener, shared, review }
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        elb(&self.world, operation, input).await
    }

    /// A rule for `/NUMBER/*`, with this priority.
    async fn rule(&self, number: u64, groups: &[&Value]) -> Result<Value, String> {
        let groups: Vec<Value> =
            groups.iter().map(|it| json!({"TargetGroupArn": it, "Weight": 1})).collect();
        let input = json!({
            "ListenerArn": self.listener,
            "Priority": number,
            "Conditions": [{"Field": "path-pattern", "Values": [format!("/{number}/*")]}],
            "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        });
        Ok(self.call("CreateRule", input).await?["Rules"][0]["RuleArn"].clone())
    }

    async fn rules(&self) -> Vec<Value> {
        let input = json!({"ListenerArn": self.listener});
        let answer = self.call("DescribeRules", input).await.unwrap();
        answer["Rules"].as_array().unwrap().clone()
    }
}

async fn target_group(world: &World, name: &str) -> Value {
    let made = elb(world, "CreateTargetGroup", json!({"Name": name, "Port": 80})).await.unwrap();
    made["TargetGroups"][0]["TargetGroupArn"].clone()
}

#[tokio::test]
async fn rules_come_in_order_and_the_default_one_stays() {
    let account = Account::new().await;
    account.rule(20, &[&account.review]).await.unwrap();
    account.rule(3, &[&account.review, &account.shared]).await.unwrap();
    assert_eq!(account.rule(20, &[&account.review]).await.unwrap_err(), "PriorityInUse");
    let rules = account.rules().await;
    let priorities: Vec<&Value> = rules.iter().map(|it| &it["Priority"]).collect();
    assert_eq!(priorities, ["3", "20", "default"]);
    assert_eq!(rules[1]["Actions"][0]["TargetGroupArn"], account.review);
    assert_eq!(rules[0]["Actions"][0].get("TargetGroupArn"), None);
    let delete = json!({"RuleArn": rules[2]["RuleArn"]});
    assert_eq!(account.call("DeleteRule", delete).await.unwrap_err(), "OperationNotPermitted");
}

#[tokio::test]
async fn a_target_group_stays_while_a_rule_or_a_default_action_uses_it() {
    let account = Account::new().await;
    let rule = account.rule(12, &[&account.review, &account.shared]).await.unwrap();
    let delete = json!({"TargetGroupArn": account.review});
    assert_eq!(
        account.call("DeleteTargetGroup", delete.clone()).await.unwrap_err(),
        "ResourceInUse"
    );
    account.call("DeleteRule", json!({"RuleArn": rule})).await.unwrap();
    let again = account.call("DeleteRule", json!({"RuleArn": rule})).await;
    assert_eq!(again.unwrap_err(), "RuleNotFound");
    for _ in 0..2 {
        account.call("DeleteTargetGroup", delete.clone()).await.unwrap();
    }
    let shared = account.call("DeleteTargetGroup", json!({"TargetGroupArn": account.shared})).await;
    assert_eq!(shared.unwrap_err(), "ResourceInUse");
}

#[tokio::test]
async fn a_target_group_says_which_load_balancers_use_it() {
    let account = Account::new().await;
    account.rule(12, &[&account.review]).await.unwrap();
    let by_balancer = json!({"LoadBalancerArn": account.balancer});
    let used = account.call("DescribeTargetGroups", by_balancer).await.unwrap();
    let names: Vec<&Value> =
        used["TargetGroups"].as_array().unwrap().iter().map(|it| &it["TargetGroupName"]).collect();
    assert_eq!(names, ["core-review-12", "shared"]);
    assert_eq!(used["TargetGroups"][0]["LoadBalancerArns"], json!([account.balancer]));
    let named = json!({"Names": ["shared", "core-review-13"]});
    let named = account.call("DescribeTargetGroups", named).await;
    assert_eq!(named.unwrap_err(), "TargetGroupNotFound");

    let other = json!({"Name": "other", "Subnets": ["subnet-1", "subnet-2"]});
    let other = account.call("CreateLoadBalancer", other).await.unwrap();
    let input = json!({
        "LoadBalancerArn": other["LoadBalancers"][0]["LoadBalancerArn"], "Port": 80,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": account.review}],
    });
    let input = account.call("CreateListener", input).await;
    assert_eq!(input.unwrap_err(), "TargetGroupAssociationLimit");
}

#[tokio::test]
async fn rules_come_in_pages() {
    let account = Account::new().await;
    for number in 1..=401 {
        account.rule(number, &[&account.review]).await.unwrap();
    }
    let first = json!({"ListenerArn": account.listener, "PageSize": "400"});
    let first = account.call("DescribeRules", first).await.unwrap();
    assert_eq!(first["Rules"].as_array().unwrap().len(), 400);
    let second = json!({"ListenerArn": account.listener, "Marker": first["NextMarker"]});
    let second = account.call("DescribeRules", second).await.unwrap();
    assert_eq!(second["Rules"].as_array().unwrap().len(), 2);
    assert_eq!(second.get("NextMarker"), None);
    for wrong in [json!({"Marker": "not-a-token"}), json!({"PageSize": 401})] {
        let mut input = wrong;
        input["ListenerArn"] = account.listener.clone();
        assert_eq!(account.call("DescribeRules", input).await.unwrap_err(), "ValidationError");
    }
}

#[tokio::test]
async fn one_vanished_resource_takes_the_tags_of_all() {
    let account = Account::new().await;
    let rule = account.rule(12, &[&account.review]).await.unwrap();
    let tags = json!([{"Key": "github-pr", "Value": "12"}]);
    let both = json!([rule, account.review]);
    account.call("AddTags", json!({"ResourceArns": both, "Tags": tags})).await.unwrap();
    let seen = account.call("DescribeTags", json!({"ResourceArns": both})).await.unwrap();
    assert_eq!(seen["TagDescriptions"][0]["Tags"], tags);
    assert_eq!(seen["TagDescriptions"][1]["Tags"], tags);
    account.call("DeleteRule", json!({"RuleArn": rule})).await.unwrap();
    let seen = account.call("DescribeTags", json!({"ResourceArns": both})).await;
    assert_eq!(seen.unwrap_err(), "RuleNotFound");
    let many = vec![account.review.clone(); 21];
    let many = account.call("DescribeTags", json!({"ResourceArns": many})).await;
    assert_eq!(many.unwrap_err(), "ValidationError");
}

#[tokio::test]
async fn a_load_balancer_takes_its_listeners_and_rules_with_it() {
    let account = Account::new().await;
    let rule = account.rule(12, &[&account.review]).await.unwrap();
    let delete = json!({"LoadBalancerArn": account.balancer});
    for _ in 0..2 {
        account.call("DeleteLoadBalancer", delete.clone()).await.unwrap();
    }
    let rule = account.call("DescribeRules", json!({"RuleArns": [rule]})).await;
    assert_eq!(rule.unwrap_err(), "RuleNotFound");
    account.call("DeleteTargetGroup", json!({"TargetGroupArn": account.shared})).await.unwrap();
}
