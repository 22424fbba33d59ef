//! Tags of alarms.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Alarm, Answer, State, arn};
use crate::tags::{self, tag_list, tag_map};
use crate::wire::AwsError;
use crate::world::World;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValueException", message)
}

/// AWS: "You can associate as many as 50 tags with a `CloudWatch` resource."
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    match tags.len() > 50 {
        true => Err(invalid("A resource can have at most 50 tags.")),
        false => Ok(()),
    }
}

impl State {
    fn resource(&mut self, input: &Value) -> Result<&mut Alarm, AwsError> {
        let wanted = input["ResourceARN"].as_str().unwrap_or_default();
        if !wanted.starts_with("arn:aws:cloudwatch:") {
            return Err(invalid(format!("{wanted} is not a valid ARN")));
        }
        let found = self.alarms.iter_mut().find(|(name, _)| arn(name) == wanted);
        let gone = || {
            AwsError::new(404, "ResourceNotFoundException", "Unknown")
                .with("ResourceType", json!("alarm"))
                .with("ResourceId", json!(wanted))
        };
        found.map(|(_, alarm)| alarm).ok_or_else(gone)
    }
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    Ok(json!({"Tags": tag_list(&state.cloudwatch.resource(input)?.tags)}))
}

pub(super) fn tag(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let alarm = state.cloudwatch.resource(input)?;
    let mut tags = alarm.tags.clone();
    tags.extend(tag_map(&input["Tags"]));
    check(&tags)?;
    alarm.tags = tags;
    Ok(json!({}))
}

pub(super) fn untag(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let alarm = state.cloudwatch.resource(input)?;
    tags::remove(&mut alarm.tags, &input["TagKeys"]);
    Ok(json!({}))
}
