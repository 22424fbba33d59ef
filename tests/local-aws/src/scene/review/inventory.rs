//! What of review apps is in an account, in all lists that AWS gives.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ReviewApps;
use crate::wire::{AwsError, Service};
use crate::world::World;

/// What an answer has its token in, and what the next request takes it in.
const TOKENS: [(&str, &str); 4] = [
    ("nextToken", "nextToken"),
    ("NextToken", "NextToken"),
    ("NextMarker", "Marker"),
    ("Marker", "Marker"),
];

impl ReviewApps {
    /// How many names AWS knows of each review app (`core-review-12`), and of `production`.
    pub async fn inventory(world: &World) -> Result<BTreeMap<String, usize>, AwsError> {
        let revisions = |status: &str| json!({"status": status});
        let all = || json!({});
        let lists = [
            (Service::Ecs, "ListClusters", all()),
            (Service::Ecs, "ListTaskDefinitions", revisions("ACTIVE")),
            (Service::Ecs, "ListTaskDefinitions", revisions("INACTIVE")),
            (Service::Ecs, "ListTaskDefinitions", revisions("DELETE_IN_PROGRESS")),
            (Service::ElasticLoadBalancing, "DescribeTargetGroups", all()),
            (Service::ElastiCache, "DescribeReplicationGroups", all()),
            (Service::ElastiCache, "DescribeCacheParameterGroups", all()),
            (Service::CloudWatch, "DescribeAlarms", all()),
            (Service::Events, "ListRules", all()),
            (
                Service::ApplicationAutoScaling,
                "DescribeScalableTargets",
                json!({"ServiceNamespace": "ecs"}),
            ),
            (Service::Logs, "DescribeLogGroups", all()),
            (Service::Ssm, "DescribeParameters", all()),
        ];
        let mut found = BTreeMap::new();
        for (service, operation, input) in lists {
            for page in Self::pages(world, service, operation, input).await? {
                count(&page, &mut found);
            }
        }
        Ok(found)
    }

    /// All pages of a list.
    pub async fn pages(
        world: &World,
        service: Service,
        operation: &str,
        mut input: Value,
    ) -> Result<Vec<Value>, AwsError> {
        let mut pages = Vec::new();
        loop {
            let page = world.call(service, operation, input.clone()).await?;
            let mut tokens =
                TOKENS.iter().filter_map(|(has, takes)| Some((takes, page[*has].as_str()?)));
            let next = tokens.find(|it| !it.1.is_empty());
            let next = next.map(|(takes, token)| (*takes, json!(token)));
            pages.push(page);
            match next {
                Some((takes, token)) => input[takes] = token,
                None => return Ok(pages),
            }
        }
    }
}

fn count(value: &Value, found: &mut BTreeMap<String, usize>) {
    match value {
        Value::String(text) => {
            if let Some(name) = named(text) {
                *found.entry(name).or_default() += 1;
            }
        }
        Value::Array(items) => items.iter().for_each(|it| count(it, found)),
        Value::Object(members) => members.values().for_each(|it| count(it, found)),
        _ => {}
    }
}

fn named(text: &str) -> Option<String> {
    const REVIEW: &str = "core-review-";
    let text = text.to_ascii_lowercase();
    match text.split_once(REVIEW) {
        Some((_, after)) => {
            let number: String = after.chars().take_while(char::is_ascii_digit).collect();
            Some(format!("{REVIEW}{number}"))
        }
        None => text.contains("production").then(|| "production".to_owned()),
    }
}
