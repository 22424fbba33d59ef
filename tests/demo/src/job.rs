//! A job on the live image, delivered twice.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use local_aws::Service;
use local_aws::scene::BlueGreen;
use serde_json::{Value, json};

use crate::play::{PATIENCE, Set, said};

/// The function that starts jobs.
pub(crate) const FUNCTION: &str = "run-background-task";

/// A schedule delivers a run twice; one task counts the customers.
pub(crate) async fn play(set: &Set<'_>) -> Result<()> {
    let input = json!({
        "job": "count-customers", "cluster": BlueGreen::CLUSTER, "service": BlueGreen::SERVICE,
        "command": "sample-app jobs count-customers",
        "schedule": "arn:aws:scheduler:eu-west-2:123456789012:schedule/default/count-customers",
        "scheduled_time": "2026-01-01T00:15:00Z",
    });
    set.show.busy("a schedule delivers its run, twice");
    let first = invoke(set, &input).await?;
    let second = invoke(set, &input).await?;
    ensure!(first["outcome"] == "started", "the job was not started: {first}");
    ensure!(second["outcome"] == "already-started", "it was started twice: {second}");
    let arn = first["task"].as_str().unwrap_or_default();
    let task = ended(set, arn).await?;
    set.show.quiet();
    let container = &task["containers"][0];
    ensure!(container["exitCode"] == 0, "the job failed: {task}");
    ensure!(container["image"] == "registry.local/shop:v2", "it ran {}", container["image"]);
    set.show.checked("one task, of shop:v2: v3 is the latest revision, but it has never been live");
    set.show.quote("What it said", &said_by(set, arn).await?);
    Ok(())
}

async fn invoke(set: &Set<'_>, input: &Value) -> Result<Value> {
    let answer = set.world.invoke(FUNCTION, input.clone()).await;
    answer.map_err(|error| anyhow!("{FUNCTION} failed: {error:?}"))
}

async fn ended(set: &Set<'_>, arn: &str) -> Result<Value> {
    let which = json!({"cluster": BlueGreen::CLUSTER, "tasks": [arn]});
    let look = async {
        loop {
            let found = set.world.call(Service::Ecs, "DescribeTasks", which.clone()).await;
            let task = found.map_err(|it| said(&it))?["tasks"][0].clone();
            if task["lastStatus"] == "STOPPED" {
                return anyhow::Ok(task);
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, look).await;
    ended.map_err(|_| anyhow!("the job did not end within {PATIENCE:?}"))?
}

async fn said_by(set: &Set<'_>, arn: &str) -> Result<Vec<String>> {
    let id = arn.rsplit('/').next().unwrap_or_default();
    let stream = json!({
        "logGroupName": BlueGreen::LOG_GROUP,
        "logStreamName": format!("web/{}/{id}", BlueGreen::CONTAINER),
    });
    let events = set.world.call(Service::Logs, "GetLogEvents", stream).await;
    let events = events.map_err(|it| said(&it))?["events"].as_array().cloned().unwrap_or_default();
    Ok(events.iter().filter_map(|it| Some(it["message"].as_str()?.to_owned())).collect())
}
