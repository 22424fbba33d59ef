//! Who calls, and what is to be answered.

use aws_lambda_events::codedeploy::CodeDeployLifecycleEvent;
use jiff::Timestamp;
use one_off_task::Waiter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who asks, and what to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Who asks.
    pub caller: Caller,
    /// The deployment that waits: its id, or its ARN.
    pub deployment: String,
    /// Which of its hooks: what makes two deliveries of one event the same.
    pub execution: String,
    /// What an earlier call for the same hook has left.
    pub memory: Memory,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A lifecycle event hook of `CodeDeploy`.
    CodeDeploy,
    /// A Lambda hook of an ECS service deployment.
    EcsLambda(EcsHook),
    /// A pause hook of an ECS service deployment.
    EcsPause {
        /// The stage it pauses.
        stage: String,
        /// When ECS stops waiting.
        expires: Option<Timestamp>,
    },
    /// An action of a pipeline.
    CodePipeline {
        /// The job to answer; another one for every call.
        job: String,
        /// What the action was given.
        parameters: String,
    },
}

/// What ECS says when it calls a Lambda hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcsHook {
    /// The stage of the deployment.
    pub stage: String,
    /// The service revision that is deployed.
    pub revision: String,
    /// Whether the traffic goes back to where it was.
    pub rolls_back: bool,
}

/// What travels from one call for a hook to the next: in ECS's `hookDetails`, in `CodePipeline`'s
/// continuation token, or in the event of a later call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// When the first call came, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// The task that was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The first of several jobs of one action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// An event that is none, with what could be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Who seems to call.
    pub caller: Seems,
    /// What was expected.
    pub why: String,
}

/// Who seems to call, and can be told that this came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seems {
    /// Nobody that is known.
    Nobody,
    /// `CodeDeploy`, for a deployment.
    CodeDeploy {
        /// The deployment that was named.
        deployment: String,
        /// The hook execution, if one was named.
        execution: Option<String>,
    },
    /// ECS, which reads the function's answer.
    EcsLambda,
}

const SHAPE: &str = r#"expected {"DeploymentId": "d-…", "LifecycleEventHookExecutionId": "…"} of CodeDeploy, the event of an ECS deployment lifecycle hook, an `ECS Hook State Change` event or a `CodePipeline.job`"#;
/// The member of events and `hookDetails` that is ours.
pub(crate) const MEMORY: &str = "quayside";

impl Hook {
    /// Reads the event.
    ///
    /// # Errors
    /// It is no hook event. What looks like an id of `CodeDeploy`, spelt in any case and also one
    /// level down, is told all the same: then `CodeDeploy` can be told that this came to nothing.
    pub fn read(event: &Value) -> Result<Self, Unreadable> {
        if event.get("CodePipeline.job").is_some() {
            return pipeline(&event["CodePipeline.job"]).ok_or_else(|| unreadable(event));
        }
        if event["detail-type"] == "ECS Hook State Change" {
            return pause(event).ok_or_else(|| unreadable(event));
        }
        if event.get("lifecycleStage").is_some() || event.get("executionDetails").is_some() {
            return ecs_lambda(event).ok_or_else(|| Unreadable {
                caller: Seems::EcsLambda,
                why: format!(
                    "the event of an ECS lifecycle hook lacks a member: {}",
                    sketch(event)
                ),
            });
        }
        codedeploy(event).ok_or_else(|| unreadable(event))
    }

    /// Who hears of the task's end, and how.
    pub(crate) fn waiter(&self) -> Waiter {
        match self.caller {
            Caller::CodeDeploy => Waiter::CodeDeployHook,
            Caller::EcsLambda(_) => Waiter::EcsLambdaHook,
            Caller::EcsPause { .. } => Waiter::EcsPauseHook,
            Caller::CodePipeline { .. } => Waiter::CodePipeline,
        }
    }

    /// The stage of the deployment, where the event says it.
    pub(crate) fn stage(&self) -> Option<&str> {
        match &self.caller {
            Caller::EcsLambda(EcsHook { stage, .. }) | Caller::EcsPause { stage, .. } => {
                Some(stage)
            }
            Caller::CodeDeploy | Caller::CodePipeline { .. } => None,
        }
    }

    /// The deployment as people call it.
    pub(crate) fn name(&self) -> &str {
        self.deployment.rsplit('/').next().unwrap_or(&self.deployment)
    }
}

fn filled(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned)
}

fn codedeploy(event: &Value) -> Option<Hook> {
    let read = serde_json::from_value::<CodeDeployLifecycleEvent>(event.clone()).ok();
    let (deployment, execution) = match read {
        Some(it) => (it.deployment_id, it.lifecycle_event_hook_execution_id),
        // A dry run needs nobody to answer.
        None if event["dry_run"] == true => (filled(&event["DeploymentId"])?, "dry-run".to_owned()),
        None => return None,
    };
    let blank = deployment.trim().is_empty() || execution.trim().is_empty();
    let memory = Memory { task: None, ..memory(event.get(MEMORY)) };
    (!blank).then_some(Hook { caller: Caller::CodeDeploy, deployment, execution, memory })
}

/// The fields of `executionDetails` stood at the top level in an older description.
fn ecs_lambda(event: &Value) -> Option<Hook> {
    let detail = |name: &str| match event["executionDetails"].get(name) {
        Some(it) => it,
        None => &event[name],
    };
    let stage = filled(&event["lifecycleStage"])?;
    let revision = filled(detail("targetServiceRevisionArn"))?;
    let weight = |name: &str| detail(name)[revision.as_str()].as_f64();
    // AWS: "If the targetServiceRevisionArn (green revision) has a weight of 0% and the other revision
    // has 100%, the deployment is rolling back." Before the shift it has none either, so only the
    // shifts themselves say so: "Amazon ECS re-invokes hooks registered at the
    // PRODUCTION_TRAFFIC_SHIFT and TEST_TRAFFIC_SHIFT stages".
    let rolls_back = match stage.as_str() {
        "PRODUCTION_TRAFFIC_SHIFT" => weight("productionTrafficWeights") == Some(0.0),
        "TEST_TRAFFIC_SHIFT" => weight("testTrafficWeights") == Some(0.0),
        _ => false,
    };
    Some(Hook {
        deployment: filled(&event["resourceArn"])?,
        execution: if rolls_back { format!("{stage}/rollback") } else { stage.clone() },
        caller: Caller::EcsLambda(EcsHook { stage, revision, rolls_back }),
        memory: memory(event.pointer(&format!("/hookDetails/{MEMORY}"))),
    })
}

fn pause(event: &Value) -> Option<Hook> {
    let detail = &event["detail"];
    let is_pause = detail["eventName"] == "HOOK_AWAITING_ACTION" && detail["hookType"] == "PAUSE";
    let caller = Caller::EcsPause {
        stage: filled(&detail["lifecycleStage"])?,
        expires: filled(&detail["expiresAt"]).and_then(|it| it.parse().ok()),
    };
    is_pause.then_some(Hook {
        caller,
        deployment: filled(&detail["serviceDeploymentArn"])?,
        execution: filled(&detail["hookId"])?,
        memory: Memory { task: None, ..memory(event.get(MEMORY)) },
    })
}

fn pipeline(job: &Value) -> Option<Hook> {
    let id = filled(&job["id"])?;
    let data = &job["data"];
    let token = filled(&data["continuationToken"]).unwrap_or_default();
    let memory: Memory = serde_json::from_str(&token).unwrap_or_default();
    Some(Hook {
        deployment: memory.job.clone().unwrap_or_else(|| id.clone()),
        execution: "codepipeline".to_owned(),
        caller: Caller::CodePipeline {
            job: id,
            parameters: data
                .pointer("/actionConfiguration/configuration/UserParameters")
                .and_then(filled)
                .unwrap_or_default(),
        },
        memory,
    })
}

fn memory(value: Option<&Value>) -> Memory {
    value.and_then(|it| serde_json::from_value(it.clone()).ok()).unwrap_or_default()
}

fn unreadable(event: &Value) -> Unreadable {
    let caller = match search(event, "deploymentid") {
        Some(deployment) => Seems::CodeDeploy {
            deployment,
            execution: search(event, "lifecycleeventhookexecutionid"),
        },
        None => Seems::Nobody,
    };
    let why = format!("the event is not a hook event: {SHAPE}, got {}", sketch(event));
    Unreadable { caller, why }
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
#[path = "hook_tests.rs"]
mod tests;
