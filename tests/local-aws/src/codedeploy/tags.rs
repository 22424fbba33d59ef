//! Tags of applications and deployment groups.

use serde_json::{Value, json};

use super::{Answer, State, error};
use crate::tags::{self, Refused, Tags};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, State as Account, World};

/// The applications and groups that are there, with their tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    state.codedeploy.tags.iter().map(|(arn, it)| (arn.clone(), it.clone())).collect()
}

pub(super) fn application_arn(application: &str) -> String {
    format!("arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:{application}")
}

pub(super) fn group_arn(application: &str, group: &str) -> String {
    format!("arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:{application}/{group}")
}

/// The tags of a request.
pub(super) fn read(given: &Value) -> Result<Tags, AwsError> {
    tags::read(given).map_err(bad_tags)
}

fn bad_tags(refused: Refused) -> AwsError {
    let message = match refused {
        Refused::TooMany => "A resource can have no more than 50 tags.".to_owned(),
        Refused::Invalid(message) => message,
    };
    error("InvalidTagsToAddException", message)
}

fn of<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Tags, AwsError> {
    let arn = input["ResourceArn"].as_str().unwrap_or_default();
    if arn.is_empty() {
        return Err(error("ResourceArnRequiredException", "ResourceArn is required"));
    }
    state.tags.get_mut(arn).ok_or_else(|| {
        error("InvalidArnException", format!("The ARN {arn} is no application's and no group's"))
    })
}

pub(super) fn add(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    tags::add(of(&mut state.codedeploy, input)?, &input["Tags"]).map_err(bad_tags)?;
    Ok(json!({}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    Ok(json!({"Tags": tags::tag_list(of(&mut state.codedeploy, input)?)}))
}
