//! Deployments, read and listed.

use serde_json::{Value, json};

use super::deployments::{Deployment, check_id};
use super::{Answer, PAGE, error, name, with_token};
use crate::wire::page;
use crate::world::World;

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    Ok(json!({"deploymentInfo": state.codedeploy.deployment(input)?.info()}))
}

pub(super) fn batch_get(world: &World, input: &Value) -> Answer {
    let ids = input["deploymentIds"].as_array().map_or(&[][..], Vec::as_slice);
    if ids.is_empty() {
        return Err(error("DeploymentIdRequiredException", "Deployment ID is required"));
    }
    // "The maximum number of deployments that can be returned is 25."
    if ids.len() > 25 {
        return Err(error("BatchLimitExceededException", "At most 25 deployment ids are allowed"));
    }
    ids.iter().try_for_each(|id| check_id(id.as_str().unwrap_or_default()))?;
    let state = world.state();
    let all = state.codedeploy.deployments.iter();
    let wanted = all.filter(|it| ids.iter().any(|id| *id == it.id.as_str()));
    let infos: Vec<Value> = wanted.map(Deployment::info).collect();
    Ok(json!({"deploymentsInfo": infos}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let (application, group) = (&input["applicationName"], &input["deploymentGroupName"]);
    let state = world.state();
    // "If applicationName is specified, then deploymentGroupName must be specified. If it is not
    // specified, then deploymentGroupName must not be specified."
    if application.is_string() || group.is_string() {
        let application = name(input, "applicationName", "Application")?;
        state.codedeploy.application(application)?;
        state
            .codedeploy
            .group(application, name(input, "deploymentGroupName", "DeploymentGroup")?)?;
    }
    let statuses = input["includeOnlyStatuses"].as_array().map_or(&[][..], Vec::as_slice);
    const STATUSES: [&str; 8] =
        ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];
    if !statuses.iter().all(|it| it.as_str().is_some_and(|it| STATUSES.contains(&it))) {
        let message = "The deployment status filter is not valid";
        return Err(error("InvalidDeploymentStatusException", message));
    }
    let range = &input["createTimeRange"];
    let (from, to) = (range["start"].as_f64(), range["end"].as_f64());
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(error("InvalidTimeRangeException", "The end is before the start"));
    }
    let newest_first = state.codedeploy.deployments.iter().rev();
    let ids: Vec<&String> = newest_first
        .filter(|it| application.is_null() || *application == it.application.as_str())
        .filter(|it| group.is_null() || *group == it.group.as_str())
        .filter(|it| statuses.is_empty() || statuses.iter().any(|status| *status == it.status))
        .filter(|it| from.is_none_or(|from| it.created >= from))
        .filter(|it| to.is_none_or(|to| it.created <= to))
        .map(|it| &it.id)
        .collect();
    let (ids, next) = page(&ids, &input["nextToken"], PAGE, "InvalidNextTokenException")?;
    Ok(with_token(json!({"deployments": ids}), next))
}
