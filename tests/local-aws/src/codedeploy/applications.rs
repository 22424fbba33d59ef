//! Applications: the names under which deployment groups and revisions are kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Answer, PAGE, State, error, groups::Group, name, revisions::Registered, tags, with_token,
};
use crate::wire::{AwsError, page};
use crate::world::World;

pub(super) struct Application {
    id: String,
    created: f64,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) revisions: Vec<Registered>,
}

impl State {
    pub(super) fn application(&self, name: &str) -> Result<&Application, AwsError> {
        self.applications.get(name).ok_or_else(|| no_application(name))
    }

    pub(super) fn application_mut(&mut self, name: &str) -> Result<&mut Application, AwsError> {
        self.applications.get_mut(name).ok_or_else(|| no_application(name))
    }
}

fn no_application(name: &str) -> AwsError {
    error("ApplicationDoesNotExistException", format!("No application found for name: {name}"))
}

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let name = name(input, "applicationName", "Application")?;
    match input["computePlatform"].as_str() {
        Some("ECS") => {}
        None | Some("Server" | "Lambda") => {
            let message = "local-aws deploys to the ECS compute platform only";
            return Err(error("InvalidComputePlatformException", message));
        }
        Some(other) => {
            let message = format!("The compute platform {other} is not valid");
            return Err(error("InvalidComputePlatformException", message));
        }
    }
    let given = tags::read(&input["tags"])?;
    let id = uuid::Uuid::new_v4().to_string();
    let created = world.clock().epoch_seconds();
    let mut state = world.state();
    if state.codedeploy.applications.contains_key(name) {
        let message = format!("Application name {name} already exists");
        return Err(error("ApplicationAlreadyExistsException", message));
    }
    let (groups, revisions) = (BTreeMap::new(), Vec::new());
    let application = Application { id: id.clone(), created, groups, revisions };
    state.codedeploy.applications.insert(name.to_owned(), application);
    state.codedeploy.tags.insert(tags::application_arn(name), given);
    Ok(json!({"applicationId": id}))
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let name = name(input, "applicationName", "Application")?;
    let state = world.state();
    let application = state.codedeploy.application(name)?;
    Ok(json!({"application": {
        "applicationId": application.id,
        "applicationName": name,
        "createTime": application.created,
        "linkedToGitHub": false,
        "computePlatform": "ECS",
    }}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let names: Vec<String> = world.state().codedeploy.applications.keys().cloned().collect();
    let (names, next) = page(&names, &input["nextToken"], PAGE, "InvalidNextTokenException")?;
    Ok(with_token(json!({"applications": names}), next))
}

/// The model has no error for an application that does not exist: deleting it again succeeds.
pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let name = name(input, "applicationName", "Application")?;
    let mut state = world.state();
    if let Some(application) = state.codedeploy.applications.remove(name) {
        state.codedeploy.tags.remove(&tags::application_arn(name));
        for group in application.groups.keys() {
            state.codedeploy.tags.remove(&tags::group_arn(name, group));
        }
    }
    Ok(json!({}))
}
