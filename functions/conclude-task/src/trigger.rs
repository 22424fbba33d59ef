//! Why the function was called.

use alert::Arn;
use anyhow::{Result, bail};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use one_off_task::STARTED_BY_PREFIX;
use serde_json::Value;

/// Why the function was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A container of a task has ended.
    Ended(TaskRef),
    /// Look after everything that may have been missed.
    Watchdog,
    /// An event that concerns nobody here.
    Nothing(&'static str),
}

/// A task, as an event names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRef {
    /// Its cluster's ARN or name.
    pub cluster: String,
    /// Its ARN.
    pub arn: String,
    /// How new the event's view of it is.
    pub version: i64,
}

impl Trigger {
    /// Reads the event. Nothing in it is believed but which task to look at.
    pub fn read(event: &Value) -> Result<Self> {
        if event["watchdog"] == true {
            return Ok(Self::Watchdog);
        }
        if let Some(arn) = event["task"].as_str() {
            return by_hand(arn);
        }
        let read = serde_json::from_value::<EventBridgeEvent<Value>>(event.clone());
        match read {
            Ok(it) if it.detail_type == "Scheduled Event" => Ok(Self::Watchdog),
            Ok(it) if it.detail_type == "ECS Task State Change" => task_state_change(&it.detail),
            _ => bail!(
                "unknown event; expected an EventBridge event of detail-type `ECS Task State \
                 Change` or `Scheduled Event`, or by hand {{\"watchdog\": true}} or {{\"task\": \
                 \"arn:…\"}}"
            ),
        }
    }
}

fn by_hand(arn: &str) -> Result<Trigger> {
    let resource = Arn::parse(arn).and_then(|it| it.resource.strip_prefix("task/"));
    let Some((cluster, _)) = resource.and_then(|it| it.split_once('/')) else {
        bail!("`{arn}` is not a task; expected arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID");
    };
    Ok(Trigger::Ended(TaskRef { cluster: cluster.to_owned(), arn: arn.to_owned(), version: 0 }))
}

fn task_state_change(detail: &Value) -> Result<Trigger> {
    if !detail["startedBy"].as_str().is_some_and(|it| it.starts_with(STARTED_BY_PREFIX)) {
        return Ok(Trigger::Nothing("the task was started by somebody else"));
    }
    let (Some(arn), Some(cluster)) = (detail["taskArn"].as_str(), detail["clusterArn"].as_str())
    else {
        bail!("the event's detail lacks taskArn or clusterArn");
    };
    let stopped = |it: &Value| it["lastStatus"] == "STOPPED" || it["exitCode"].is_number();
    let ended = matches!(detail["lastStatus"].as_str(), Some("DEPROVISIONING" | "STOPPED"))
        || detail["containers"].as_array().is_some_and(|it| it.iter().any(stopped));
    if !ended {
        return Ok(Trigger::Nothing("no container has ended yet"));
    }
    Ok(Trigger::Ended(TaskRef {
        cluster: cluster.to_owned(),
        arn: arn.to_owned(),
        version: detail["version"].as_i64().unwrap_or(0),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:ecs:eu-west-2:123456789012:task/live/0123";

    fn change(detail: &Value) -> Value {
        json!({"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": detail})
    }

    #[test]
    fn only_the_end_of_a_task_of_ours_is_looked_at() {
        let detail = |status: &str, exit: Value| {
            change(&json!({
                "taskArn": ARN, "clusterArn": "live", "startedBy": "quayside/migration/d-1",
                "lastStatus": status, "version": 4,
                "containers": [{"name": "app", "lastStatus": status, "exitCode": exit}],
            }))
        };
        let ended = Trigger::Ended(TaskRef { cluster: "live".into(), arn: ARN.into(), version: 4 });
        assert_eq!(Trigger::read(&detail("STOPPED", json!(0))).unwrap(), ended);
        assert_eq!(Trigger::read(&detail("DEPROVISIONING", json!(null))).unwrap(), ended);
        assert_eq!(Trigger::read(&detail("RUNNING", json!(1))).unwrap(), ended);
        let nothing = |event: &Value| matches!(Trigger::read(event), Ok(Trigger::Nothing(_)));
        assert!(nothing(&detail("RUNNING", json!(null))));
        assert!(nothing(&change(&json!({"taskArn": ARN, "startedBy": "ecs-svc/1"}))));
        assert!(nothing(&change(&json!({"taskArn": ARN}))));
    }

    #[test]
    fn schedules_and_people_may_call_too() {
        let scheduled =
            json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}});
        assert_eq!(Trigger::read(&scheduled).unwrap(), Trigger::Watchdog);
        assert_eq!(Trigger::read(&json!({"watchdog": true})).unwrap(), Trigger::Watchdog);
        let by_hand = Trigger::read(&json!({"task": ARN})).unwrap();
        let task = TaskRef { cluster: "live".into(), arn: ARN.into(), version: 0 };
        assert_eq!(by_hand, Trigger::Ended(task));
    }

    #[test]
    fn anything_else_is_an_error_that_names_the_shapes() {
        let check = |event: Value, why: &str| {
            let error = Trigger::read(&event).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        check(json!(null), "ECS Task State Change");
        check(json!({"detail-type": "x", "source": "y", "detail": {}}), "Scheduled Event");
        check(json!({"task": "0123"}), "`0123` is not a task");
        check(change(&json!({"startedBy": "quayside/migration/d-1"})), "lacks taskArn");
    }
}
