//! Tags of log groups: a map, where other services have a list.

use serde_json::{Value, json};

use super::{State, group_arn, invalid, not_found};
use crate::tags::{self, Refused, Tags};
use crate::wire::AwsError;
use crate::world::State as Account;

/// The groups that are there, with their tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    state.logs.groups.iter().map(|(name, it)| (group_arn(name), it.tags.clone())).collect()
}

/// The tags of a request.
pub(super) fn read(given: &Value) -> Result<Tags, AwsError> {
    tags::read(&as_list(given)).map_err(bad_tags)
}

fn as_list(given: &Value) -> Value {
    let given = given.as_object().into_iter().flatten();
    given.map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn bad_tags(refused: Refused) -> AwsError {
    match refused {
        Refused::TooMany => {
            let message = "A resource can have no more than 50 tags.";
            AwsError::bad("TooManyTagsException", message)
        }
        Refused::Invalid(message) => invalid(message),
    }
}

/// "The ARN format of a log group is arn:aws:logs:Region:account-id:log-group:log-group-name": the
/// one that ends in `:*` is not meant.
fn of<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Tags, AwsError> {
    let arn = input["resourceArn"].as_str().unwrap_or_default();
    let name = arn.strip_prefix(&group_arn("")).filter(|it| !it.contains(':'));
    let name = name.ok_or_else(|| invalid("The resource ARN is not a log group's."))?;
    state.groups.get_mut(name).map(|it| &mut it.tags).ok_or_else(|| not_found("group"))
}

pub(super) fn add(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    tags::add(of(state, input)?, &as_list(&input["tags"])).map_err(bad_tags)?;
    Ok(json!({}))
}

pub(super) fn list(state: &mut State, input: &Value) -> Result<Value, AwsError> {
    Ok(json!({"tags": of(state, input)?}))
}
