//! Tags of scalable targets.

use serde_json::{Value, json};

use super::{Answer, State, Target, invalid};
use crate::tags::{self, Tags};
use crate::wire::AwsError;
use crate::world::World;

/// Tags as a request gives them: a map.
pub(super) fn read(tags: &Value) -> Result<Tags, AwsError> {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let tags = tags.as_object().into_iter().flatten();
    let tags: Tags = tags.map(|(key, value)| (key.clone(), text(value))).collect();
    if tags.keys().any(|it| it.is_empty() || it.to_lowercase().starts_with("aws:")) {
        return Err(invalid("A tag key must not be empty, and not begin with aws:."));
    }
    room(&tags, "")?;
    Ok(tags)
}

fn room(tags: &Tags, arn: &str) -> Result<(), AwsError> {
    match tags.len() > 50 {
        true => Err(AwsError::bad("TooManyTagsException", "A resource can have 50 tags.")
            .with("ResourceName", json!(arn))),
        false => Ok(()),
    }
}

impl State {
    fn resource(&mut self, input: &Value) -> Result<&mut Target, AwsError> {
        let arn = input["ResourceARN"].as_str().unwrap_or_default();
        self.targets.values_mut().find(|it| it.arn() == arn).ok_or_else(|| {
            AwsError::bad("ResourceNotFoundException", format!("The resource {arn} was not found"))
                .with("ResourceName", json!(arn))
        })
    }
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    Ok(json!({"Tags": state.applicationautoscaling.resource(input)?.tags}))
}

pub(super) fn tag(world: &World, input: &Value) -> Answer {
    let added = read(&input["Tags"])?;
    let mut state = world.state();
    let target = state.applicationautoscaling.resource(input)?;
    let mut tags = target.tags.clone();
    tags.extend(added);
    room(&tags, target.arn())?;
    target.tags = tags;
    Ok(json!({}))
}

pub(super) fn untag(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let target = state.applicationautoscaling.resource(input)?;
    tags::remove(&mut target.tags, &input["TagKeys"]);
    Ok(json!({}))
}
