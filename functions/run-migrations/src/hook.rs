//! `CodeDeploy`'s lifecycle event hook: two ids and nothing else.

use aws_lambda_events::codedeploy::CodeDeployLifecycleEvent;
use serde_json::{Map, Value};

/// Who asks, and what to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The deployment that waits.
    pub deployment: String,
    /// The hook execution to answer.
    pub execution: String,
}

/// An event that is none, with what could be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The deployment, if one was named.
    pub deployment: Option<String>,
    /// The hook execution, if one was named.
    pub execution: Option<String>,
    /// What was expected.
    pub why: String,
}

const SHAPE: &str = r#"expected {"DeploymentId": "d-…", "LifecycleEventHookExecutionId": "…"}"#;

impl Hook {
    /// Reads the event.
    ///
    /// # Errors
    /// It is no hook event. What looks like one of the two ids, spelt in any case and also one level
    /// down, is told all the same: then `CodeDeploy` can be told that this came to nothing.
    pub fn read(event: &Value) -> Result<Self, Unreadable> {
        let filled = |id: &str| !id.trim().is_empty();
        let read = serde_json::from_value::<CodeDeployLifecycleEvent>(event.clone()).ok();
        let read = read.map(|it| (it.deployment_id, it.lifecycle_event_hook_execution_id));
        match (read, event["DeploymentId"].as_str()) {
            (Some((deployment, execution)), _) if filled(&deployment) && filled(&execution) => {
                Ok(Self { deployment, execution })
            }
            // A dry run needs nobody to answer.
            (None, Some(deployment)) if event["dry_run"] == true && filled(deployment) => {
                Ok(Self { deployment: deployment.to_owned(), execution: "dry-run".to_owned() })
            }
            _ => Err(Unreadable {
                deployment: search(event, "deploymentid"),
                execution: search(event, "lifecycleeventhookexecutionid"),
                why: format!(
                    "the event is not a CodeDeploy hook event: {SHAPE}, got {}",
                    sketch(event)
                ),
            }),
        }
    }
}

/// A text member whose name is `name` but for case and underscores, here or one level down.
fn search(event: &Value, name: &str) -> Option<String> {
    let members = event.as_object()?;
    named(members, name)
        .or_else(|| members.values().filter_map(Value::as_object).find_map(|it| named(it, name)))
}

fn named(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.iter().find_map(|(key, value)| {
        let key = key.replace(['_', '-'], "").to_ascii_lowercase();
        let id = value.as_str().filter(|it| key == name && !it.trim().is_empty())?;
        Some(id.trim().to_owned())
    })
}

/// The outline of an event, without its values: they may be anything.
fn sketch(event: &Value) -> String {
    match event {
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(members) => {
            let names: Vec<_> = members.keys().take(8).map(String::as_str).collect();
            format!("an object with {}", names.join(", "))
        }
        Value::Array(_) => "a list".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => event.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hook_event_has_two_ids() {
        let event = json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e"});
        let hook = Hook { deployment: "d-1".into(), execution: "e".into() };
        assert_eq!(Hook::read(&event), Ok(hook));
        let dry = json!({"DeploymentId": "d-1", "dry_run": true});
        assert_eq!(Hook::read(&dry).unwrap().deployment, "d-1");
    }

    #[test]
    fn anything_else_is_refused_and_searched_for_ids() {
        let check = |event: Value, deployment: Option<&str>, execution: Option<&str>, got: &str| {
            let error = Hook::read(&event).unwrap_err();
            assert_eq!(error.deployment.as_deref(), deployment, "{event}");
            assert_eq!(error.execution.as_deref(), execution, "{event}");
            assert!(error.why.contains(SHAPE) && error.why.ends_with(got), "{}", error.why);
        };
        check(json!(null), None, None, "null");
        check(json!([1]), None, None, "a list");
        check(json!("d-1"), None, None, "text");
        check(json!({}), None, None, "an empty object");
        check(json!({"DeploymentId": ""}), None, None, "DeploymentId");
        check(json!({"DeploymentId": 7}), None, None, "DeploymentId");
        check(json!({"DeploymentId": "d-1"}), Some("d-1"), None, "DeploymentId");
        check(
            json!({"deploymentId": "d-1", "lifecycle_event_hook_execution_id": "e"}),
            Some("d-1"),
            Some("e"),
            "deploymentId, lifecycle_event_hook_execution_id",
        );
        check(json!({"detail": {"deploymentId": "d-1"}}), Some("d-1"), None, "detail");
    }
}
