//! Deployments: created, rolled back, stopped.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Answer, State, driver, error, groups, name, revisions};
use crate::wire::AwsError;
use crate::world::World;

/// What ECS deployments go through, in this order.
pub(super) const LIFECYCLE: [&str; 8] = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];

/// One step of the lifecycle, as its target shows it.
pub(super) struct LifecycleEvent {
    pub(super) name: &'static str,
    pub(super) status: &'static str,
    pub(super) started: Option<f64>,
    pub(super) ended: Option<f64>,
    pub(super) diagnostics: Value,
}

/// One call of a hook's function that waits, or waited, for its answer.
pub(super) struct Hook {
    pub(super) id: String,
    /// What the function answered.
    pub(super) succeeded: Option<bool>,
    /// Nobody waits any more.
    pub(super) closed: bool,
}

pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) application: String,
    pub(super) group: String,
    pub(super) cluster: String,
    pub(super) service: String,
    pub(super) configuration: String,
    pub(super) revision: Value,
    pub(super) previous: Option<Value>,
    pub(super) status: &'static str,
    pub(super) error: Option<(&'static str, String)>,
    pub(super) created: f64,
    pub(super) started: Option<f64>,
    pub(super) completed: Option<f64>,
    pub(super) description: Option<String>,
    pub(super) creator: &'static str,
    pub(super) rollback: Option<Value>,
    pub(super) auto_rollback: Value,
    pub(super) style: Value,
    pub(super) blue_green: Value,
    pub(super) events: Vec<LifecycleEvent>,
    pub(super) hooks: Vec<Hook>,
    /// The execution id of the first hook, if it was chosen beforehand.
    pub(super) first_hook: Option<String>,
    pub(super) blue: Option<String>,
    pub(super) green: Option<String>,
    pub(super) shifted: bool,
    /// `StopDeployment` asked for a rollback.
    pub(super) roll_back_on_stop: bool,
    /// `ContinueDeployment` was called for this wait.
    pub(super) continued: Option<String>,
    /// Wakes the driver: something above changed.
    pub(super) changed: Arc<Notify>,
}

impl Deployment {
    pub(super) fn active(&self) -> bool {
        matches!(self.status, "Created" | "Queued" | "InProgress" | "Ready")
    }

    pub(super) fn summary(&self) -> Value {
        let mut summary = json!({
            "deploymentId": self.id,
            "status": self.status,
            "createTime": self.created,
        });
        if let Some(completed) = self.completed {
            summary["endTime"] = json!(completed);
        }
        summary
    }

    /// The status of its only target.
    pub(super) fn target_status(&self) -> &'static str {
        match self.status {
            "Created" | "Queued" => "Pending",
            // There is no such status of a target; nothing further happens to it.
            "Stopped" => "Skipped",
            other => other,
        }
    }

    pub(super) fn info(&self) -> Value {
        let mut overview = json!({"Pending": 0, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 0});
        overview[self.target_status()] = json!(1);
        let mut info = json!({
            "applicationName": self.application,
            "deploymentGroupName": self.group,
            "deploymentConfigName": self.configuration,
            "deploymentId": self.id,
            "revision": revisions::without_content(&self.revision),
            "status": self.status,
            "createTime": self.created,
            "deploymentOverview": overview,
            "creator": self.creator,
            "ignoreApplicationStopFailures": false,
            "autoRollbackConfiguration": self.auto_rollback,
            "updateOutdatedInstancesOnly": false,
            "rollbackInfo": self.rollback.clone().unwrap_or_else(|| json!({})),
            "deploymentStyle": self.style,
            "instanceTerminationWaitTimeStarted": false,
            "fileExistsBehavior": "DISALLOW",
            "deploymentStatusMessages": [],
            "computePlatform": "ECS",
        });
        if let Some(previous) = &self.previous {
            info["previousRevision"] = revisions::without_content(previous);
        }
        if let Some((code, message)) = &self.error {
            info["errorInformation"] = json!({"code": code, "message": message});
        }
        let times = [("startTime", self.started), ("completeTime", self.completed)];
        for (member, time) in times.into_iter().filter(|it| it.1.is_some()) {
            info[member] = json!(time);
        }
        if let Some(description) = &self.description {
            info["description"] = json!(description);
        }
        if self.blue_green.is_object() {
            info["blueGreenDeploymentConfiguration"] = self.blue_green.clone();
        }
        info
    }
}

impl State {
    /// A deployment by the id in a request.
    pub(super) fn deployment(&mut self, input: &Value) -> Result<&mut Deployment, AwsError> {
        let id = input["deploymentId"].as_str().unwrap_or_default();
        check_id(id)?;
        self.deployments.iter_mut().find(|it| it.id == id).ok_or_else(|| {
            let message = format!("The deployment {id} could not be found");
            error("DeploymentDoesNotExistException", message)
        })
    }
}

pub(super) fn check_id(id: &str) -> Result<(), AwsError> {
    if id.is_empty() {
        return Err(error("DeploymentIdRequiredException", "Deployment ID is required"));
    }
    let shaped = id.strip_prefix("d-").is_some_and(|rest| {
        (9..=10).contains(&rest.len())
            && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    });
    if !shaped {
        let message = format!("The deployment ID {id} is not valid");
        return Err(error("InvalidDeploymentIdException", message));
    }
    Ok(())
}

fn new_id() -> String {
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let random = uuid::Uuid::new_v4().into_bytes();
    let letters = random.iter().filter(|byte| **byte < 252).take(9);
    let id: String = letters.map(|byte| char::from(LETTERS[usize::from(byte % 36)])).collect();
    if id.len() == 9 { format!("d-{id}") } else { new_id() }
}

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    world.state().codedeploy.application(application)?;
    let group = name(input, "deploymentGroupName", "DeploymentGroup")?;
    let description = input["description"].as_str().map(str::to_owned);
    if description.as_ref().is_some_and(|it| it.chars().count() > 512) {
        return Err(error("DescriptionTooLongException", "The description is too long"));
    }
    groups::check_rollback(&input["autoRollbackConfiguration"])?;
    let now = world.clock().epoch_seconds();
    let id = {
        let mut state = world.state();
        let codedeploy = &mut state.codedeploy;
        codedeploy.group(application, group)?;
        let mut revision = revisions::read(&input["revision"])?;
        let kind = revision["revisionType"].as_str().unwrap_or_default();
        let by_hash = kind != "S3" && revision[revisions::member(kind)]["content"].is_null();
        if by_hash {
            let known = &codedeploy.application(application)?.revisions;
            revision = revisions::find(known, &revision).ok_or_else(|| {
                error("RevisionDoesNotExistException", "The named revision does not exist")
            })?;
        }
        let mut deployment = new(codedeploy, application, group, revision, now)?;
        if let Some((id, hook)) = codedeploy.next_ids.take() {
            deployment.id = id;
            deployment.first_hook = Some(hook);
        }
        deployment.description = description;
        if !input["autoRollbackConfiguration"].is_null() {
            deployment.auto_rollback = input["autoRollbackConfiguration"].clone();
        }
        if let Some(configuration) = input["deploymentConfigName"].as_str() {
            groups::shift_minutes(configuration)?;
            deployment.configuration = configuration.to_owned();
        }
        add(codedeploy, deployment)?
    };
    start(world, &id);
    Ok(json!({"deploymentId": id}))
}

/// Makes a deployment of a group, as the group says.
fn new(
    state: &State,
    application: &str,
    group: &str,
    revision: Value,
    now: f64,
) -> Result<Deployment, AwsError> {
    let found = state.group(application, group)?;
    let mut of_group = state.deployments.iter().rev().filter(|it| {
        it.application == application && it.group == group && it.status == "Succeeded"
    });
    let previous = of_group.next().map(|it| it.revision.clone());
    let event = |name| LifecycleEvent {
        name,
        status: "Pending",
        started: None,
        ended: None,
        diagnostics: Value::Null,
    };
    Ok(Deployment {
        id: new_id(),
        application: application.to_owned(),
        group: group.to_owned(),
        cluster: found.cluster().to_owned(),
        service: found.service().to_owned(),
        configuration: found.info["deploymentConfigName"].as_str().unwrap_or_default().to_owned(),
        revision,
        previous,
        status: "Created",
        error: None,
        created: now,
        started: None,
        completed: None,
        description: None,
        creator: "user",
        rollback: None,
        auto_rollback: found.info["autoRollbackConfiguration"].clone(),
        style: found.info["deploymentStyle"].clone(),
        blue_green: found.info["blueGreenDeploymentConfiguration"].clone(),
        events: LIFECYCLE.into_iter().map(event).collect(),
        hooks: Vec::new(),
        first_hook: None,
        blue: None,
        green: None,
        shifted: false,
        roll_back_on_stop: false,
        continued: None,
        changed: Arc::new(Notify::new()),
    })
}

/// AWS: the number of concurrent deployments to a deployment group is 1.
fn add(state: &mut State, deployment: Deployment) -> Result<String, AwsError> {
    let (application, group) = (deployment.application.clone(), deployment.group.clone());
    let mut active = state.deployments.iter().filter(|it| it.active());
    if let Some(other) = active.find(|it| it.application == application && it.group == group) {
        let message = format!(
            "The Deployment Group '{group}' already has an active Deployment '{}'",
            other.id
        );
        return Err(error("DeploymentLimitExceededException", message));
    }
    let id = deployment.id.clone();
    let known = &mut state.application_mut(&application)?.revisions;
    revisions::remember(known, &deployment.revision, Some(&group), deployment.created);
    state.deployments.push(deployment);
    Ok(id)
}

/// Makes the deployment that rolls back `failed`, if there is something to go back to.
///
/// AWS: `CodeDeploy` rolls back by redeploying a previously deployed revision as a new deployment,
/// with a new deployment id.
pub(super) fn roll_back(world: &World, failed: &str) {
    let now = world.clock().epoch_seconds();
    let made = {
        let mut state = world.state();
        let codedeploy = &mut state.codedeploy;
        let Some(index) = codedeploy.deployments.iter().position(|it| it.id == failed) else {
            return;
        };
        let origin = &codedeploy.deployments[index];
        let (application, group) = (origin.application.clone(), origin.group.clone());
        let made = origin.previous.clone().and_then(|revision| {
            let mut deployment = new(codedeploy, &application, &group, revision, now).ok()?;
            deployment.creator = "codeDeployRollback";
            deployment.rollback = Some(json!({
                "rollbackTriggeringDeploymentId": failed,
                "rollbackMessage": format!("Rolling back deployment {failed}"),
            }));
            add(codedeploy, deployment).ok()
        });
        codedeploy.deployments[index].rollback = Some(match &made {
            Some(id) => json!({
                "rollbackDeploymentId": id,
                "rollbackMessage": format!("Deployment {id} rolls back this deployment"),
            }),
            None => json!({
                "rollbackMessage":
                    "The deployment can't be rolled back: no earlier deployment succeeded",
            }),
        });
        made
    };
    if let Some(id) = made {
        world.note(format!("codedeploy: {id} rolls back {failed}"));
        start(world, &id);
    }
}

fn start(world: &World, id: &str) {
    let (world, id) = (world.clone(), id.to_owned());
    tokio::spawn(async move { driver::drive(&world, &id).await });
}

fn completed(deployment: &Deployment) -> AwsError {
    let message = format!("The deployment {} has already completed", deployment.id);
    error("DeploymentAlreadyCompletedException", message)
}

pub(super) fn stop(world: &World, input: &Value) -> Answer {
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let deployment = state.codedeploy.deployment(input)?;
    if !deployment.active() {
        return Err(completed(deployment));
    }
    deployment.status = "Stopped";
    deployment.completed = Some(now);
    deployment.roll_back_on_stop = input["autoRollbackEnabled"] == true;
    deployment.changed.notify_one();
    Ok(json!({
        "status": "Succeeded",
        "statusMessage": "No more commands will be scheduled for execution in the deployment",
    }))
}

pub(super) fn go_on(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let deployment = state.codedeploy.deployment(input)?;
    if !deployment.active() {
        return Err(completed(deployment));
    }
    let wait = input["deploymentWaitType"].as_str().unwrap_or("READY_WAIT");
    let fits = match wait {
        "READY_WAIT" => deployment.status == "Ready",
        "TERMINATION_WAIT" => deployment.shifted && deployment.status == "InProgress",
        _ => return Err(error("InvalidDeploymentWaitTypeException", "The wait type is invalid")),
    };
    if !fits {
        let message = format!("The deployment {} does not wait for this", deployment.id);
        return Err(error("DeploymentIsNotInReadyStateException", message));
    }
    deployment.continued = Some(wait.to_owned());
    deployment.changed.notify_one();
    Ok(json!({}))
}
