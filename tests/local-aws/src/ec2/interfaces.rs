//! Network interfaces: each instance has one, and tests make those of tasks and caches.

use serde_json::{Value, json};

use super::{ACCOUNT, Answer, Moment, State, VPC, filter, groups, paged_list, tags};
use crate::wire::{AwsError, texts};
use crate::world::World;

pub(super) struct Interface {
    description: String,
    groups: Vec<String>,
}

impl World {
    /// Makes a network interface in a security group, as a task or a cache would; its id.
    pub fn network_interface(&self, group_id: &str, description: &str) -> String {
        let mut account = self.state();
        let id = account.ec2.new_id("eni");
        let groups = vec![group_id.to_owned()];
        let interface = Interface { description: description.to_owned(), groups };
        account.ec2.interfaces.insert(id.clone(), interface);
        id
    }

    /// Removes it, as AWS does minutes after its task or cache is gone.
    pub fn remove_network_interface(&self, id: &str) {
        let mut account = self.state();
        account.ec2.interfaces.remove(id);
        account.ec2.tags.remove(id);
    }
}

/// Id, description and groups of every interface: that of an instance has the instance's number.
fn all(state: &State, at: Moment) -> Vec<(String, String, Vec<String>)> {
    let of_instances = state.instances.iter().filter(|(_, it)| it.state(at.now).1 != "terminated");
    let of_instances =
        of_instances.map(|(id, it)| (format!("en{id}"), String::new(), it.groups.clone()));
    let others = state.interfaces.iter();
    let others = others.map(|(id, it)| (id.clone(), it.description.clone(), it.groups.clone()));
    of_instances.chain(others).collect()
}

/// Whether any interface is in a group.
pub(super) fn any_in(state: &State, group: &str, at: Moment) -> bool {
    all(state, at).iter().any(|(_, _, groups)| groups.iter().any(|it| it == group))
}

pub(super) fn describe(state: &mut State, input: &Value, at: Moment) -> Answer {
    let all = all(state, at);
    let wanted = texts(&input["NetworkInterfaceId"]);
    if let Some(unknown) = wanted.iter().find(|it| !all.iter().any(|(id, ..)| id == *it)) {
        let message = format!("The networkInterface ID '{unknown}' does not exist");
        return Err(AwsError::bad("InvalidNetworkInterfaceID.NotFound", message));
    }
    let mut found = Vec::new();
    for (id, description, groups) in all {
        let property = |name: &str| match name {
            "network-interface-id" => Some(vec![id.clone()]),
            "description" => Some(vec![description.clone()]),
            "group-id" => Some(groups.clone()),
            "status" => Some(vec!["in-use".to_owned()]),
            "vpc-id" => Some(vec![VPC.to_owned()]),
            _ => None,
        };
        let is_named = wanted.is_empty() || wanted.contains(&id.as_str());
        if is_named && filter::fits(input, state.tags.get(&id), property)? {
            found.push(json!({
                "networkInterfaceId": id,
                "description": description,
                "groupSet": groups::shown(state, &groups),
                "interfaceType": "interface",
                "ownerId": ACCOUNT,
                "status": "in-use",
                "vpcId": VPC,
                "tagSet": tags::shown(state, &id),
            }));
        }
    }
    paged_list("networkInterfaceSet", &found, input, "NetworkInterfaceId")
}
