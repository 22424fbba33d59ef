//! Tags of rules.

use serde_json::{Value, json};

use super::operations::unmanaged;
use super::{Rule, State, rule_arn};
use crate::tags::{self, Refused, Tags};
use crate::wire::AwsError;
use crate::world::{State as Account, World};

/// The rules that are there, with their tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    state.events.rules.values().map(|it| (rule_arn(&it.name), it.tags.clone())).collect()
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
    AwsError::bad("ValidationException", message)
}

fn rule<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Rule, AwsError> {
    let arn = input["ResourceARN"].as_str().unwrap_or_default();
    let name = arn.strip_prefix(&rule_arn("")).unwrap_or_default();
    state.rules.get_mut(name).ok_or_else(|| {
        let message = format!("The resource {arn} does not exist.");
        AwsError::bad("ResourceNotFoundException", message)
    })
}

pub(super) fn add(world: &World, input: &Value) -> Result<Value, AwsError> {
    let mut state = world.state();
    let rule = rule(&mut state.events, input)?;
    unmanaged(rule, &Value::Null)?;
    tags::add(&mut rule.tags, &input["Tags"]).map_err(bad_tags)?;
    Ok(json!({}))
}

pub(super) fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let mut state = world.state();
    Ok(json!({"Tags": tags::tag_list(&rule(&mut state.events, input)?.tags)}))
}
