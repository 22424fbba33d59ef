//! Security groups.

use serde_json::{Value, json};

use super::permissions::Permission;
use super::{
    ACCOUNT, Answer, Moment, State, VPC, arn, filter, interfaces, is_id, missing_parameter,
    paged_list, permissions, tags,
};
use crate::wire::{AwsError, texts};

pub(super) struct Group {
    pub(super) name: String,
    description: String,
    pub(super) permissions: Vec<Permission>,
}

/// A new group lets everything out and nothing in.
pub(super) fn insert(state: &mut State, name: &str, description: &str) -> String {
    let id = state.new_id("sg");
    let everything = permissions::everything_out(state);
    let group = Group {
        name: name.to_owned(),
        description: description.to_owned(),
        permissions: vec![everything],
    };
    state.groups.insert(id.clone(), group);
    id
}

pub(super) fn missing(id: &str) -> AwsError {
    AwsError::bad("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

fn malformed(id: &str) -> AwsError {
    AwsError::bad("InvalidGroupId.Malformed", format!("Invalid id: \"{id}\""))
}

/// The groups of a list of ids, all of which are there.
pub(super) fn named(state: &State, ids: &Value) -> Result<Vec<String>, AwsError> {
    let ids = texts(ids);
    for id in &ids {
        expect(state, id)?;
    }
    Ok(ids.into_iter().map(str::to_owned).collect())
}

/// The error for a group that is not there.
pub(super) fn expect(state: &State, id: &str) -> Result<(), AwsError> {
    match state.groups.contains_key(id) {
        true => Ok(()),
        false if is_id(id, "sg") => Err(missing(id)),
        false => Err(malformed(id)),
    }
}

/// The group that everything is in that names none.
pub(super) fn default_group(state: &State) -> Option<String> {
    by_name(state, "default")
}

fn by_name(state: &State, name: &str) -> Option<String> {
    state.groups.iter().find(|(_, it)| it.name == name).map(|(id, _)| id.clone())
}

/// Groups as those who are in them show them.
pub(super) fn shown(state: &State, ids: &[String]) -> Value {
    let groups = ids.iter().filter_map(|id| Some((id, state.groups.get(id)?)));
    groups.map(|(id, it)| json!({"groupId": id, "groupName": it.name})).collect()
}

/// AWS: "You can't have two security groups for the same VPC with the same name."
pub(super) fn create(state: &mut State, input: &Value, _: Moment) -> Answer {
    let name = input["GroupName"].as_str().ok_or_else(|| missing_parameter("GroupName"))?;
    let description = input["GroupDescription"].as_str();
    let description = description.ok_or_else(|| missing_parameter("GroupDescription"))?;
    if input["VpcId"].as_str().is_some_and(|it| it != VPC) {
        let message = format!("The vpc ID {} does not exist", input["VpcId"]);
        return Err(AwsError::bad("InvalidVpcID.NotFound", message));
    }
    let tags = tags::of_new(input, "security-group")?;
    if by_name(state, name).is_some() {
        let message = format!("The security group '{name}' already exists for VPC '{VPC}'");
        return Err(AwsError::bad("InvalidGroup.Duplicate", message));
    }
    let id = insert(state, name, description);
    tags::set(state, &id, tags);
    let shown = tags::shown(state, &id);
    Ok(json!({"groupId": id, "tagSet": shown, "securityGroupArn": arn(&id)}))
}

pub(super) fn describe(state: &mut State, input: &Value, _: Moment) -> Answer {
    let wanted = named(state, &input["GroupId"])?;
    let names = texts(&input["GroupName"]);
    if let Some(unknown) = names.iter().find(|it| by_name(state, it).is_none()) {
        return Err(missing(unknown));
    }
    let everything = wanted.is_empty() && names.is_empty();
    let mut found = Vec::new();
    for (id, group) in &state.groups {
        let property = |name: &str| match name {
            "group-id" => Some(vec![id.clone()]),
            "group-name" => Some(vec![group.name.clone()]),
            "description" => Some(vec![group.description.clone()]),
            "vpc-id" => Some(vec![VPC.to_owned()]),
            "owner-id" => Some(vec![ACCOUNT.to_owned()]),
            "ip-permission.group-id" => Some(permissions::groups_of(group, false)),
            "egress.ip-permission.group-id" => Some(permissions::groups_of(group, true)),
            _ => None,
        };
        let is_named = everything || wanted.contains(id) || names.contains(&group.name.as_str());
        if is_named && filter::fits(input, state.tags.get(id), property)? {
            found.push(json!({
                "groupId": id,
                "groupName": group.name,
                "groupDescription": group.description,
                "ownerId": ACCOUNT,
                "vpcId": VPC,
                "securityGroupArn": arn(id),
                "ipPermissions": permissions::shown(group, false),
                "ipPermissionsEgress": permissions::shown(group, true),
                "tagSet": tags::shown(state, id),
            }));
        }
    }
    paged_list("securityGroupInfo", &found, input, "GroupId")
}

/// AWS: "If you attempt to delete a security group that is associated with an instance or network
/// interface, is referenced by another security group in the same VPC, or has a VPC association,
/// the operation fails with `DependencyViolation`."
pub(super) fn delete(state: &mut State, input: &Value, at: Moment) -> Answer {
    let id = match (input["GroupId"].as_str(), input["GroupName"].as_str()) {
        (Some(id), _) => id.to_owned(),
        (None, Some(name)) => by_name(state, name).ok_or_else(|| missing(name))?,
        (None, None) => return Err(missing_parameter("GroupId")),
    };
    expect(state, &id)?;
    if state.groups.get(&id).is_some_and(|it| it.name == "default") {
        let message = "name: \"default\" cannot be deleted by a user";
        let message = format!("the specified group: \"{id}\" {message}");
        return Err(AwsError::bad("CannotDelete", message));
    }
    let mut others = state.groups.iter().filter(|(other, _)| **other != id);
    let is_referred = others.any(|(_, it)| it.permissions.iter().any(|rule| rule.refers_to(&id)));
    if is_referred || interfaces::any_in(state, &id, at) {
        let message = format!("resource {id} has a dependent object");
        return Err(AwsError::bad("DependencyViolation", message));
    }
    state.groups.remove(&id);
    state.tags.remove(&id);
    Ok(json!({"return": true, "groupId": id}))
}
