//! Deployment groups: which ECS service is deployed to, and how.

use serde_json::{Value, json};

use super::{Answer, PAGE, State, error, name, tags, with_token};
use crate::ecs;
use crate::wire::{AwsError, page};
use crate::world::World;

pub(super) struct Group {
    /// `deploymentGroupInfo`, without what is found out when it is read.
    pub(super) info: Value,
}

impl Group {
    fn text(&self, pointer: &str) -> &str {
        self.info.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn cluster(&self) -> &str {
        self.text("/ecsServices/0/clusterName")
    }

    pub(super) fn service(&self) -> &str {
        self.text("/ecsServices/0/serviceName")
    }
}

/// AWS's own configurations for ECS, and how many minutes each takes to shift all traffic.
const CONFIGURATIONS: [(&str, u64); 5] = [
    ("CodeDeployDefault.ECSAllAtOnce", 0),
    ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", 9),
    ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", 27),
    ("CodeDeployDefault.ECSCanary10Percent5Minutes", 5),
    ("CodeDeployDefault.ECSCanary10Percent15Minutes", 15),
];

/// How many minutes a deployment configuration takes to shift all traffic.
pub(super) fn shift_minutes(configuration: &str) -> Result<u64, AwsError> {
    let found = CONFIGURATIONS.iter().find(|it| it.0 == configuration).map(|it| it.1);
    found.ok_or_else(|| {
        let message = format!("No deployment configuration found for name: {configuration}");
        error("DeploymentConfigDoesNotExistException", message)
    })
}

impl State {
    pub(super) fn group(&self, application: &str, group: &str) -> Result<&Group, AwsError> {
        let groups = &self.application(application)?.groups;
        groups.get(group).ok_or_else(|| no_group(group))
    }
}

fn no_group(name: &str) -> AwsError {
    let message = format!("No Deployment Group found for name: {name}");
    error("DeploymentGroupDoesNotExistException", message)
}

fn taken(name: &str) -> AwsError {
    let message = format!("Deployment Group name {name} already exists");
    error("DeploymentGroupAlreadyExistsException", message)
}

/// The members a caller may set, besides the names.
const SETTABLE: [&str; 9] = [
    "deploymentConfigName",
    "serviceRoleArn",
    "triggerConfigurations",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "deploymentStyle",
    "blueGreenDeploymentConfiguration",
    "loadBalancerInfo",
    "ecsServices",
];

fn apply(info: &mut Value, input: &Value) {
    for member in SETTABLE {
        if let Some(value) = input.get(member).filter(|it| !it.is_null()) {
            info[member] = value.clone();
        }
    }
}

/// Refuses what no deployment to ECS could use.
fn check(info: &Value) -> Result<(), AwsError> {
    shift_minutes(info["deploymentConfigName"].as_str().unwrap_or_default())?;
    let style = &info["deploymentStyle"];
    if style["deploymentType"] != "BLUE_GREEN"
        || style["deploymentOption"] != "WITH_TRAFFIC_CONTROL"
    {
        let message = "For ECS deployment group, deploymentType must be BLUE_GREEN and \
                       deploymentOption must be WITH_TRAFFIC_CONTROL";
        return Err(error("InvalidDeploymentStyleException", message));
    }
    check_rollback(&info["autoRollbackConfiguration"])?;
    let termination = &info["blueGreenDeploymentConfiguration"]["terminateBlueInstancesOnDeploymentSuccess"]
        ["terminationWaitTimeInMinutes"];
    // "The maximum setting is 2880 minutes (2 days)."
    if termination.as_i64().is_some_and(|minutes| !(0..=2880).contains(&minutes)) {
        return Err(error(
            "InvalidBlueGreenDeploymentConfigurationException",
            "terminationWaitTimeInMinutes must be between 0 and 2880",
        ));
    }
    let services = info["ecsServices"].as_array().map_or(&[][..], Vec::as_slice);
    let named = |it: &Value| {
        let named = |member: &str| it[member].as_str().is_some_and(|name| !name.is_empty());
        named("serviceName") && named("clusterName")
    };
    match services {
        [service] if named(service) => Ok(()),
        _ => Err(error(
            "InvalidECSServiceException",
            "A deployment group needs exactly one ECS service, with its cluster",
        )),
    }
}

/// Refuses an automatic rollback that says nothing about when.
pub(super) fn check_rollback(configuration: &Value) -> Result<(), AwsError> {
    const EVENTS: [&str; 3] =
        ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
    let events = configuration["events"].as_array().map_or(&[][..], Vec::as_slice);
    let known = events.iter().all(|it| it.as_str().is_some_and(|it| EVENTS.contains(&it)));
    if !known || (configuration["enabled"] == true && events.is_empty()) {
        return Err(error(
            "InvalidAutoRollbackConfigException",
            "The automatic rollback configuration is enabled but names no valid event",
        ));
    }
    Ok(())
}

/// Refuses services that `CodeDeploy` cannot deploy to, or already does from another group.
fn check_service(world: &World, info: &Value) -> Result<(), AwsError> {
    let group = Group { info: info.clone() };
    let (cluster, service) = (group.cluster(), group.service());
    if !ecs::service_exists(world, cluster, service) {
        let message =
            format!("The ECS service cannot be found for the cluster: {cluster}/{service}");
        return Err(error("InvalidECSServiceException", message));
    }
    let state = world.state();
    let groups = state.codedeploy.applications.values().flat_map(|it| it.groups.values());
    let taken = groups
        .filter(|it| it.info["deploymentGroupId"] != info["deploymentGroupId"])
        .any(|it| it.cluster() == cluster && it.service() == service);
    if taken {
        // "An Amazon ECS service can be associated with only one deployment group."
        let message = format!("The ECS service {service} is in another deployment group");
        return Err(error("ECSServiceMappingLimitExceededException", message));
    }
    Ok(())
}

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let group = name(input, "deploymentGroupName", "DeploymentGroup")?;
    if world.state().codedeploy.application(application)?.groups.contains_key(group) {
        return Err(taken(group));
    }
    match input["serviceRoleArn"].as_str() {
        None | Some("") => {
            return Err(error("RoleRequiredException", "serviceRoleArn is required"));
        }
        Some(role) if !role.starts_with("arn:aws:iam::") => {
            return Err(error("InvalidRoleException", "The service role ARN is not valid"));
        }
        Some(_) => {}
    }
    let id = uuid::Uuid::new_v4().to_string();
    let mut info = json!({
        "applicationName": application,
        "deploymentGroupId": id,
        "deploymentGroupName": group,
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "deploymentStyle":
            {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "autoRollbackConfiguration": {"enabled": false, "events": []},
        "triggerConfigurations": [],
        "computePlatform": "ECS",
        "outdatedInstancesStrategy": "UPDATE",
        "terminationHookEnabled": false,
    });
    apply(&mut info, input);
    check(&info)?;
    check_service(world, &info)?;
    let given = tags::read(&input["tags"])?;
    let mut state = world.state();
    let groups = &mut state.codedeploy.application_mut(application)?.groups;
    groups.insert(group.to_owned(), Group { info });
    state.codedeploy.tags.insert(tags::group_arn(application, group), given);
    Ok(json!({"deploymentGroupId": id}))
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let group = name(input, "deploymentGroupName", "DeploymentGroup")?;
    let state = world.state();
    let mut info = state.codedeploy.group(application, group)?.info.clone();
    let of_group =
        |it: &&super::deployments::Deployment| it.application == application && it.group == group;
    let newest = state.codedeploy.deployments.iter().rev().filter(of_group);
    if let Some(last) = newest.clone().next() {
        info["lastAttemptedDeployment"] = last.summary();
        info["targetRevision"] = super::revisions::without_content(&last.revision);
    }
    if let Some(last) = newest.clone().find(|it| it.status == "Succeeded") {
        info["lastSuccessfulDeployment"] = last.summary();
    }
    Ok(json!({"deploymentGroupInfo": info}))
}

/// Those that are missing are told in a sentence, not as an error.
pub(super) fn get_many(world: &World, input: &Value) -> Answer {
    name(input, "applicationName", "Application")?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    let wanted = input["deploymentGroupNames"].as_array().cloned().unwrap_or_default();
    if wanted.len() > 100 {
        return Err(AwsError::bad("BatchLimitExceededException", "At most 100 groups."));
    }
    for group in wanted {
        let one = json!({
            "applicationName": input["applicationName"], "deploymentGroupName": group,
        });
        match get(world, &one) {
            Ok(answer) => found.push(answer["deploymentGroupInfo"].clone()),
            Err(error) if error.code == "DeploymentGroupDoesNotExistException" => {
                missing.push(error.message);
            }
            Err(error) => return Err(error),
        }
    }
    let mut answer = json!({"deploymentGroupsInfo": found});
    if !missing.is_empty() {
        answer["errorMessage"] = json!(missing.join(" "));
    }
    Ok(answer)
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let state = world.state();
    let groups: Vec<&String> = state.codedeploy.application(application)?.groups.keys().collect();
    let (groups, next) = page(&groups, &input["nextToken"], PAGE, "InvalidNextTokenException")?;
    Ok(with_token(json!({"applicationName": application, "deploymentGroups": groups}), next))
}

pub(super) fn update(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let current = name(input, "currentDeploymentGroupName", "DeploymentGroup")?;
    let mut info = world.state().codedeploy.group(application, current)?.info.clone();
    apply(&mut info, input);
    check(&info)?;
    check_service(world, &info)?;
    let renamed = match input["newDeploymentGroupName"] {
        Value::Null => current,
        _ => name(input, "newDeploymentGroupName", "DeploymentGroup")?,
    };
    let mut state = world.state();
    let groups = &mut state.codedeploy.application_mut(application)?.groups;
    if renamed != current && groups.contains_key(renamed) {
        return Err(taken(renamed));
    }
    groups.remove(current);
    info["deploymentGroupName"] = json!(renamed);
    groups.insert(renamed.to_owned(), Group { info });
    if let Some(kept) = state.codedeploy.tags.remove(&tags::group_arn(application, current)) {
        state.codedeploy.tags.insert(tags::group_arn(application, renamed), kept);
    }
    Ok(json!({"hooksNotCleanedUp": []}))
}

/// The model has no error for a group that does not exist: deleting it again succeeds.
pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let group = name(input, "deploymentGroupName", "DeploymentGroup")?;
    let mut state = world.state();
    if let Ok(application) = state.codedeploy.application_mut(application) {
        application.groups.remove(group);
    }
    state.codedeploy.tags.remove(&tags::group_arn(application, group));
    Ok(json!({"hooksNotCleanedUp": []}))
}
