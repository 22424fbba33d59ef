//! The rules of security groups.

use serde_json::{Value, json};

use super::groups::{self, Group};
use super::{ACCOUNT, Answer, Moment, State, missing_parameter};
use crate::wire::{AwsError, texts, whole};

#[derive(Clone)]
pub(super) struct Permission {
    id: String,
    is_egress: bool,
    protocol: String,
    ports: Option<(u64, u64)>,
    peer: Peer,
}

/// What a rule lets in or out.
#[derive(Clone, PartialEq)]
enum Peer {
    V4(String),
    V6(String),
    Group(String),
}

impl Permission {
    pub(super) fn refers_to(&self, group: &str) -> bool {
        matches!(&self.peer, Peer::Group(id) if id == group)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.is_egress == other.is_egress
            && self.protocol == other.protocol
            && self.ports == other.ports
            && self.peer == other.peer
    }

    /// As a rule of its own.
    fn shown(&self, group: &str) -> Value {
        let mut shown = json!({
            "securityGroupRuleId": self.id,
            "groupId": group,
            "groupOwnerId": ACCOUNT,
            "isEgress": self.is_egress,
            "ipProtocol": self.protocol,
            "fromPort": self.ports.map_or(json!(-1), |it| json!(it.0)),
            "toPort": self.ports.map_or(json!(-1), |it| json!(it.1)),
        });
        match &self.peer {
            Peer::V4(range) => shown["cidrIpv4"] = json!(range),
            Peer::V6(range) => shown["cidrIpv6"] = json!(range),
            Peer::Group(id) => {
                shown["referencedGroupInfo"] = json!({"groupId": id, "userId": ACCOUNT});
            }
        }
        shown
    }
}

/// The rule that every new group has.
pub(super) fn everything_out(state: &mut State) -> Permission {
    Permission {
        id: state.new_id("sgr"),
        is_egress: true,
        protocol: "-1".to_owned(),
        ports: None,
        peer: Peer::V4("0.0.0.0/0".to_owned()),
    }
}

/// The groups that a group's rules refer to.
pub(super) fn groups_of(group: &Group, is_egress: bool) -> Vec<String> {
    let rules = group.permissions.iter().filter(|it| it.is_egress == is_egress);
    rules
        .filter_map(|it| match &it.peer {
            Peer::Group(id) => Some(id.clone()),
            _ => None,
        })
        .collect()
}

/// The rules of one direction, those of the same protocol and ports as one.
pub(super) fn shown(group: &Group, is_egress: bool) -> Value {
    let mut found: Vec<Value> = Vec::new();
    for rule in group.permissions.iter().filter(|it| it.is_egress == is_egress) {
        let mut start = json!({
            "ipProtocol": rule.protocol, "groups": [], "ipRanges": [], "ipv6Ranges": [],
        });
        if let Some((from, to)) = rule.ports {
            start["fromPort"] = json!(from);
            start["toPort"] = json!(to);
        }
        let same = |it: &Value| {
            ["ipProtocol", "fromPort", "toPort"].iter().all(|name| it[*name] == start[*name])
        };
        let place = found.iter().position(same).unwrap_or(found.len());
        if place == found.len() {
            found.push(start);
        }
        let (list, peer) = match &rule.peer {
            Peer::V4(range) => ("ipRanges", json!({"cidrIp": range})),
            Peer::V6(range) => ("ipv6Ranges", json!({"cidrIpv6": range})),
            Peer::Group(id) => ("groups", json!({"groupId": id, "userId": ACCOUNT})),
        };
        if let Some(peers) = found[place][list].as_array_mut() {
            peers.push(peer);
        }
    }
    found.into()
}

/// The rules that a request spells, which may spell one without `IpPermissions`.
fn spelled(state: &mut State, input: &Value, is_egress: bool) -> Result<Vec<Permission>, AwsError> {
    let short = json!([{
        "IpProtocol": input["IpProtocol"], "FromPort": input["FromPort"],
        "ToPort": input["ToPort"], "IpRanges": [{"CidrIp": input["CidrIp"]}],
    }]);
    let given = if input["IpPermissions"].is_null() { &short } else { &input["IpPermissions"] };
    let mut found = Vec::new();
    for one in given.as_array().into_iter().flatten() {
        let protocol = one["IpProtocol"].as_str().ok_or_else(|| missing_parameter("IpProtocol"))?;
        let ports = match (whole(&one["FromPort"]), whole(&one["ToPort"])) {
            (Some(from), Some(to)) if protocol != "-1" => Some((from, to)),
            _ => None,
        };
        for peer in peers(state, one)? {
            found.push(Permission {
                id: state.new_id("sgr"),
                is_egress,
                protocol: protocol.to_owned(),
                ports,
                peer,
            });
        }
    }
    match found.is_empty() {
        true => Err(missing_parameter("CidrIp")),
        false => Ok(found),
    }
}

fn peers(state: &State, permission: &Value) -> Result<Vec<Peer>, AwsError> {
    let list = |name: &str, member: &str| -> Vec<String> {
        let items = permission[name].as_array().into_iter().flatten();
        items.filter_map(|it| it[member].as_str().map(str::to_owned)).collect()
    };
    let groups = list("Groups", "GroupId");
    for id in &groups {
        groups::expect(state, id)?;
    }
    let v4 = list("IpRanges", "CidrIp").into_iter().map(Peer::V4);
    let v6 = list("Ipv6Ranges", "CidrIpv6").into_iter().map(Peer::V6);
    Ok(v4.chain(v6).chain(groups.into_iter().map(Peer::Group)).collect())
}

pub(super) fn authorize_ingress(state: &mut State, input: &Value, _: Moment) -> Answer {
    authorize(state, input, false)
}

pub(super) fn authorize_egress(state: &mut State, input: &Value, _: Moment) -> Answer {
    authorize(state, input, true)
}

fn group_id(state: &State, input: &Value) -> Result<String, AwsError> {
    let id = input["GroupId"].as_str().ok_or_else(|| missing_parameter("GroupId"))?;
    groups::expect(state, id)?;
    Ok(id.to_owned())
}

fn authorize(state: &mut State, input: &Value, is_egress: bool) -> Answer {
    let id = group_id(state, input)?;
    let added = spelled(state, input, is_egress)?;
    let group = state.groups.get_mut(&id).ok_or_else(|| groups::missing(&id))?;
    if added.iter().any(|new| group.permissions.iter().any(|it| it.is_same(new))) {
        let message = "the specified rule already exists";
        return Err(AwsError::bad("InvalidPermission.Duplicate", message));
    }
    let shown: Vec<Value> = added.iter().map(|it| it.shown(&id)).collect();
    group.permissions.extend(added);
    Ok(json!({"return": true, "securityGroupRuleSet": shown}))
}

pub(super) fn revoke_ingress(state: &mut State, input: &Value, _: Moment) -> Answer {
    revoke(state, input, false)
}

pub(super) fn revoke_egress(state: &mut State, input: &Value, _: Moment) -> Answer {
    revoke(state, input, true)
}

/// AWS: "For a non-default VPC, if the values you specify do not match the existing rule's values,
/// an `InvalidPermission.NotFound` client error is returned, and no rules are revoked."
fn revoke(state: &mut State, input: &Value, is_egress: bool) -> Answer {
    let id = group_id(state, input)?;
    let ids = texts(&input["SecurityGroupRuleId"]);
    let spelled = if ids.is_empty() { spelled(state, input, is_egress)? } else { Vec::new() };
    let group = state.groups.get_mut(&id).ok_or_else(|| groups::missing(&id))?;
    let rules = &group.permissions;
    let has = |rule: &str| rules.iter().any(|it| it.id == rule && it.is_egress == is_egress);
    if let Some(unknown) = ids.iter().find(|it| !has(it)) {
        let message = format!("The security group rule ID '{unknown}' does not exist");
        return Err(AwsError::bad("InvalidSecurityGroupRuleId.NotFound", message));
    }
    if spelled.iter().any(|one| !rules.iter().any(|it| it.is_same(one))) {
        let message = "The specified rule does not exist in this security group.";
        return Err(AwsError::bad("InvalidPermission.NotFound", message));
    }
    let goes = |it: &Permission| {
        ids.contains(&it.id.as_str()) || spelled.iter().any(|one| one.is_same(it))
    };
    let revoked: Vec<Value> = rules.iter().filter(|it| goes(it)).map(|it| gone(it, &id)).collect();
    group.permissions.retain(|it| !goes(it));
    Ok(json!({"return": true, "revokedSecurityGroupRuleSet": revoked}))
}

/// A rule as it is told to have been revoked.
fn gone(rule: &Permission, group: &str) -> Value {
    let mut shown = rule.shown(group);
    if let Some(members) = shown.as_object_mut() {
        members.remove("groupOwnerId");
        if let Some(group) = members.remove("referencedGroupInfo") {
            members.insert("referencedGroupId".to_owned(), group["groupId"].clone());
        }
    }
    shown
}
