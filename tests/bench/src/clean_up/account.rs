//! What apps cost, asked of AWS without a quota.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use local_aws::scene::ReviewApps;
use local_aws::{AwsError, Service, World};
use serde_json::{Value, json};

/// How many services and caches of these apps are paid for.
pub(super) async fn spending(world: &World, apps: &BTreeSet<String>) -> Result<usize> {
    let mut spending = 0;
    for name in apps {
        let input = json!({
            "cluster": format!("{name}-app"), "services": [format!("{name}-app"), format!("{name}-sidekiq")],
        });
        let described = match world.call(Service::Ecs, "DescribeServices", input).await {
            Err(error) if error.code == "ClusterNotFoundException" => Value::Null,
            described => described.map_err(|it| said(&it))?,
        };
        spending += items(&described["services"]).filter(|it| it["status"] == "ACTIVE").count();
    }
    let caches =
        ReviewApps::pages(world, Service::ElastiCache, "DescribeReplicationGroups", json!({}));
    let caches = caches.await.map_err(|it| said(&it))?;
    let caches = caches.iter().flat_map(|it| items(&it["ReplicationGroups"]));
    let paid = caches.filter(|it| it["Status"] != "deleting");
    let name = |it: &Value| it["ReplicationGroupId"].as_str().unwrap_or_default().to_owned();
    Ok(spending + paid.filter(|it| apps.contains(&name(it))).count())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(super) fn said(error: &AwsError) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}
