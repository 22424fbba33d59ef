//! Load balancers and their listeners.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Answer, LISTENER, LOAD_BALANCER, RULE, State, actions, arn, invalid, name, named, paged, rules,
    same, tags,
};
use crate::wire::{AwsError, texts, whole};
use crate::world::REGION;

/// What differs between two load balancers with the same settings.
const OWN: [&str; 3] = ["LoadBalancerArn", "DNSName", "CreatedTime"];

pub(super) fn create(state: &mut State, input: &Value, now: Timestamp) -> Answer {
    let name = name(input, "Load balancer")?;
    let tags = tags::read(&input["Tags"])?;

    let subnets = texts(&input["Subnets"]);
    if subnets.is_empty() {
        return Err(invalid("At least two subnets must be specified"));
    }
    let id = state.new_id();
    let arn = arn(LOAD_BALANCER, &format!("app/{name}/{id}"));
    let zones: Vec<Value> = subnets
        .iter()
        .zip(["a", "b", "c"].iter().cycle())
        .map(|(subnet, zone)| json!({"ZoneName": format!("{REGION}{zone}"), "SubnetId": subnet}))
        .collect();
    let shown = json!({
        "LoadBalancerArn": arn,
        "DNSName": format!("{name}-{id}.{REGION}.elb.amazonaws.com"),
        "CanonicalHostedZoneId": "ZHURV8PSTC4K8",
        "CreatedTime": now.to_string(),
        "LoadBalancerName": name,
        "Scheme": input["Scheme"].as_str().unwrap_or("internet-facing"),
        "VpcId": crate::ec2::VPC,
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": zones,
        "SecurityGroups": texts(&input["SecurityGroups"]),
        "IpAddressType": "ipv4",
    });
    if let Some(twin) = same(state, LOAD_BALANCER, &shown, &OWN) {
        return Ok(json!({"LoadBalancers": [twin.shown]}));
    }
    if state.all(LOAD_BALANCER).any(|(_, it)| it.shown["LoadBalancerName"] == name) {
        let message = format!("A load balancer with the same name '{name}' exists");
        return Err(AwsError::bad("DuplicateLoadBalancerName", message));
    }
    state.insert(&arn, shown.clone(), tags);
    Ok(json!({"LoadBalancers": [shown]}))
}

pub(super) fn describe(state: &State, input: &Value) -> Answer {
    let found = named(state, LOAD_BALANCER, input, "LoadBalancerArns", "LoadBalancerName")?;
    paged("LoadBalancers", &found, input)
}

/// AWS: "Deleting a load balancer also deletes its listeners. … If the load balancer does not
/// exist or has already been deleted, the call succeeds."
pub(super) fn delete(state: &mut State, input: &Value) -> Answer {
    let arn = input["LoadBalancerArn"].as_str().unwrap_or_default();
    if super::kind_of(arn) != LOAD_BALANCER {
        return Err(invalid(format!("'{arn}' is not a valid load balancer ARN")));
    }
    state.resources.retain(|it, resource| it != arn && resource.shown["LoadBalancerArn"] != arn);
    Ok(json!({}))
}

/// A listener comes with a rule of its own, which has its default actions.
pub(super) fn create_listener(state: &mut State, input: &Value) -> Answer {
    let balancer = input["LoadBalancerArn"].as_str().unwrap_or_default().to_owned();
    state.one(LOAD_BALANCER, &balancer)?;
    let tags = tags::read(&input["Tags"])?;
    let port = whole(&input["Port"]).filter(|it| (1..=65_535).contains(it));
    let port = port.ok_or_else(|| invalid("A listener port must be specified"))?;
    let taken = |it: &Value| it["LoadBalancerArn"] == balancer && it["Port"] == port;
    if state.all(LISTENER).any(|(_, it)| taken(&it.shown)) {
        let message = "A listener already exists on this port for this load balancer";
        return Err(AwsError::bad("DuplicateListener", format!("{message} '{balancer}'")));
    }
    let actions = actions::checked(state, &input["DefaultActions"], &balancer)?;
    let (_, place) = balancer.split_once(":loadbalancer/").unwrap_or_default();
    let id = state.new_id();
    let arn = arn(LISTENER, &format!("{place}/{id}"));
    let mut shown = json!({
        "ListenerArn": arn,
        "LoadBalancerArn": balancer,
        "Port": port,
        "Protocol": input["Protocol"].as_str().unwrap_or("HTTP"),
        "DefaultActions": actions,
    });
    if !input["Certificates"].is_null() {
        shown["Certificates"] = input["Certificates"].clone();
    }
    state.insert(&arn, shown.clone(), tags);
    rules::insert_default(state, &arn, &shown["DefaultActions"]);
    Ok(json!({"Listeners": [shown]}))
}

pub(super) fn describe_listeners(state: &State, input: &Value) -> Answer {
    let wanted = texts(&input["ListenerArns"]);
    let balancer = input["LoadBalancerArn"].as_str();
    if wanted.is_empty() == balancer.is_none() {
        return Err(invalid("You must specify either listener ARNs or a load balancer ARN"));
    }
    for arn in &wanted {
        state.one(LISTENER, arn)?;
    }
    if let Some(balancer) = balancer {
        state.one(LOAD_BALANCER, balancer)?;
    }
    let is_wanted = |arn: &str, it: &Value| match balancer {
        Some(balancer) => it["LoadBalancerArn"] == balancer,
        None => wanted.contains(&arn),
    };
    let found = state.all(LISTENER).filter(|(arn, it)| is_wanted(arn, &it.shown));
    let found: Vec<Value> = found.map(|(_, it)| it.shown.clone()).collect();
    paged("Listeners", &found, input)
}

/// The load balancer of a listener.
pub(super) fn of_listener(state: &State, listener: &str) -> Result<String, AwsError> {
    let listener = state.one(LISTENER, listener)?;
    Ok(listener.shown["LoadBalancerArn"].as_str().unwrap_or_default().to_owned())
}

/// The ARN of a new rule of a listener.
pub(super) fn rule_arn(state: &mut State, listener: &str) -> String {
    let (_, place) = listener.split_once(":listener/").unwrap_or_default();
    let id = state.new_id();
    arn(RULE, &format!("{place}/{id}"))
}
