//! Elastic IP addresses, which nothing here is associated with.

use serde_json::{Value, json};

use super::{Answer, Moment, State, filter, missing_parameter, tags};
use crate::wire::{AwsError, texts};

fn missing(id: &str) -> AwsError {
    let message = format!("The allocation ID '{id}' does not exist");
    AwsError::bad("InvalidAllocationID.NotFound", message)
}

pub(super) fn allocate(state: &mut State, input: &Value, _: Moment) -> Answer {
    let tags = tags::of_new(input, "elastic-ip")?;
    let id = state.new_id("eipalloc");
    // From TEST-NET-3, which is nobody's.
    let address = format!("203.0.113.{}", state.made % 254 + 1);
    state.addresses.insert(id.clone(), address.clone());
    tags::set(state, &id, tags);
    Ok(json!({"allocationId": id, "publicIp": address, "domain": "vpc"}))
}

pub(super) fn describe(state: &mut State, input: &Value, _: Moment) -> Answer {
    let wanted = texts(&input["AllocationId"]);
    if let Some(unknown) = wanted.iter().find(|it| !state.addresses.contains_key(**it)) {
        return Err(missing(unknown));
    }
    let mut found = Vec::new();
    for (id, address) in &state.addresses {
        let property = |name: &str| match name {
            "allocation-id" => Some(vec![id.clone()]),
            "public-ip" => Some(vec![address.clone()]),
            "domain" => Some(vec!["vpc".to_owned()]),
            _ => None,
        };
        let is_named = wanted.is_empty() || wanted.contains(&id.as_str());
        if is_named && filter::fits(input, state.tags.get(id), property)? {
            found.push(json!({
                "allocationId": id, "publicIp": address, "domain": "vpc",
                "tagSet": tags::shown(state, id),
            }));
        }
    }
    Ok(json!({"addressesSet": found}))
}

pub(super) fn release(state: &mut State, input: &Value, _: Moment) -> Answer {
    let id = input["AllocationId"].as_str().ok_or_else(|| missing_parameter("AllocationId"))?;
    state.addresses.remove(id).ok_or_else(|| missing(id))?;
    state.tags.remove(id);
    Ok(json!({"return": true}))
}
