//! What caches need: groups of parameters and groups of subnets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Life, Resource, State, arn, clusters, id, paged, tags};
use crate::wire::{AwsError, texts};

/// What differs between the two kinds.
pub(super) struct Kind {
    /// The shape, which all names begin with.
    pub(super) shape: &'static str,
    /// How the ARN calls it.
    pub(super) arn: &'static str,
    list: &'static str,
    description: &'static str,
    exists: &'static str,
    missing: (u16, &'static str),
    in_use: &'static str,
    /// The member of a cluster that names it.
    setting: &'static str,
}

pub(super) const PARAMETER_GROUP: Kind = Kind {
    shape: "CacheParameterGroup",
    arn: "parametergroup",
    list: "CacheParameterGroups",
    description: "Description",
    exists: "CacheParameterGroupAlreadyExists",
    missing: (404, "CacheParameterGroupNotFound"),
    in_use: "InvalidCacheParameterGroupState",
    setting: "CacheParameterGroup",
};

pub(super) const SUBNET_GROUP: Kind = Kind {
    shape: "CacheSubnetGroup",
    arn: "subnetgroup",
    list: "CacheSubnetGroups",
    description: "CacheSubnetGroupDescription",
    exists: "CacheSubnetGroupAlreadyExists",
    missing: (400, "CacheSubnetGroupNotFoundFault"),
    in_use: "CacheSubnetGroupInUse",
    setting: "CacheSubnetGroupName",
};

impl Kind {
    fn name_member(&self) -> String {
        format!("{}Name", self.shape)
    }

    pub(super) fn all<'a>(&self, state: &'a State) -> &'a BTreeMap<String, Resource> {
        match self.arn {
            "parametergroup" => &state.parameter_groups,
            _ => &state.subnet_groups,
        }
    }

    fn all_mut<'a>(&self, state: &'a mut State) -> &'a mut BTreeMap<String, Resource> {
        match self.arn {
            "parametergroup" => &mut state.parameter_groups,
            _ => &mut state.subnet_groups,
        }
    }

    pub(super) fn missing(&self, name: &str) -> AwsError {
        let (status, code) = self.missing;
        AwsError::new(status, code, &format!("{} {name} not found.", self.shape))
    }
}

/// Those that AWS brings along: `default`, `default.redis7`, ….
fn is_default(name: &str) -> bool {
    name == "default" || name.starts_with("default.")
}

/// The error for a group that is not there.
pub(super) fn expect(state: &State, kind: &Kind, name: &str) -> Result<(), AwsError> {
    match is_default(name) || kind.all(state).contains_key(&name.to_lowercase()) {
        true => Ok(()),
        false => Err(kind.missing(name)),
    }
}

pub(super) fn create(state: &mut State, input: &Value, kind: &Kind) -> Answer {
    let name = super::new_id_up_to(input, &kind.name_member(), 255)?;
    if is_default(&name) || kind.all(state).contains_key(&name) {
        let message = format!("{} {name} already exists.", kind.shape);
        return Err(AwsError::bad(kind.exists, message));
    }
    let tags = tags::read(&input["Tags"])?;
    let text = |member: &str| json!(input[member].as_str().unwrap_or_default());
    let mut shown = json!({"ARN": arn(kind.arn, &name)});
    shown[kind.name_member()] = json!(name);
    shown[kind.description] = text(kind.description);
    if kind.arn == "parametergroup" {
        shown["CacheParameterGroupFamily"] = text("CacheParameterGroupFamily");
        shown["IsGlobal"] = json!(false);
    } else {
        let subnets = texts(&input["SubnetIds"]).into_iter();
        shown["VpcId"] = json!(crate::ec2::VPC);
        shown["Subnets"] = subnets.map(|id| json!({"SubnetIdentifier": id})).collect();
    }
    let answer = json!({kind.shape: shown});
    let made = Resource { shown, tags, life: Life::stays("available") };
    kind.all_mut(state).insert(name, made);
    Ok(answer)
}

pub(super) fn describe(state: &State, input: &Value, kind: &Kind) -> Answer {
    let wanted = input[kind.name_member()].as_str().map(str::to_lowercase);
    let all = kind.all(state);
    if let Some(name) = wanted.as_ref().filter(|name| !all.contains_key(*name)) {
        return Err(kind.missing(name));
    }
    let found = all.iter().filter(|(name, _)| wanted.as_ref().is_none_or(|it| it == *name));
    let found: Vec<Value> = found.map(|(_, it)| it.shown.clone()).collect();
    paged(kind.list, &found, input)
}

/// AWS: "You cannot delete a cache parameter group if it is associated with any cache clusters." And:
/// "You cannot delete a default cache subnet group or one that is associated with any clusters."
pub(super) fn delete(state: &mut State, input: &Value, kind: &Kind) -> Answer {
    let name = id(input, &kind.name_member())?;
    if is_default(&name) {
        let message = format!("{} {name} is a default one and cannot be deleted.", kind.shape);
        return Err(AwsError::bad(kind.in_use, message));
    }
    if !kind.all(state).contains_key(&name) {
        return Err(kind.missing(&name));
    }
    if clusters::uses(state, kind.setting, &name) {
        let message = format!("{} {name} is currently in use by a cache cluster.", kind.shape);
        return Err(AwsError::bad(kind.in_use, message));
    }
    kind.all_mut(state).remove(&name);
    Ok(Value::Null)
}
