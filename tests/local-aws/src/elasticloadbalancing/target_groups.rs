//! Target groups.

use serde_json::{Value, json};

use super::{
    Answer, LOAD_BALANCER, State, TARGET_GROUP, actions, arn, invalid, kind_of, name, named, paged,
    same, tags,
};
use crate::wire::{AwsError, texts, whole};

pub(super) fn create(state: &mut State, input: &Value) -> Answer {
    let name = name(input, "Target group")?;
    let tags = tags::read(&input["Tags"])?;

    let arn = arn(TARGET_GROUP, &format!("{name}/{}", state.new_id()));
    let protocol = input["Protocol"].as_str().unwrap_or("HTTP");
    let shown = json!({
        "TargetGroupArn": arn,
        "TargetGroupName": name,
        "Protocol": protocol,
        "Port": whole(&input["Port"]).unwrap_or(80),
        "VpcId": input["VpcId"].as_str().unwrap_or(crate::ec2::VPC),
        "HealthCheckProtocol": protocol,
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": input["HealthCheckPath"].as_str().unwrap_or("/"),
        "Matcher": {"HttpCode": "200"},
        "TargetType": input["TargetType"].as_str().unwrap_or("instance"),
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    });
    if let Some(twin) = same(state, TARGET_GROUP, &shown, &["TargetGroupArn"]) {
        return Ok(json!({"TargetGroups": [used(state, twin.shown.clone())]}));
    }
    if state.all(TARGET_GROUP).any(|(_, it)| it.shown["TargetGroupName"] == name) {
        let message = "A target group with the same name exists, but with different settings";
        return Err(AwsError::bad("DuplicateTargetGroupName", message));
    }
    state.insert(&arn, shown.clone(), tags);

    Ok(json!({"TargetGroups": [used(state, shown)]}))
}

/// A group with the load balancers that send requests to it.
fn used(state: &State, mut group: Value) -> Value {
    let arn = group["TargetGroupArn"].as_str().unwrap_or_default();
    group["LoadBalancerArns"] = json!(actions::balancers(state, arn));
    group
}

pub(super) fn describe(state: &State, input: &Value) -> Answer {
    let balancer = input["LoadBalancerArn"].as_str();
    let given = [
        balancer.is_some(),
        !texts(&input["TargetGroupArns"]).is_empty(),
        !texts(&input["Names"]).is_empty(),
    ];
    if given.iter().filter(|it| **it).count() > 1 {
        return Err(invalid("Only one of ARNs, names and a load balancer ARN may be specified"));
    }
    if let Some(balancer) = balancer {
        state.one(LOAD_BALANCER, balancer)?;
    }
    let found = named(state, TARGET_GROUP, input, "TargetGroupArns", "TargetGroupName")?;
    let found = found.into_iter().map(|it| used(state, it));
    let sends = |group: &Value| match balancer {
        Some(balancer) => texts(&group["LoadBalancerArns"]).contains(&balancer),
        None => true,
    };
    let found: Vec<Value> = found.filter(sends).collect();
    paged("TargetGroups", &found, input)
}

/// AWS: "You can delete a target group if it is not referenced by any actions." The model has no
/// error for a group that is gone.
pub(super) fn delete(state: &mut State, input: &Value) -> Answer {
    let arn = input["TargetGroupArn"].as_str().unwrap_or_default();
    if kind_of(arn) != TARGET_GROUP {
        return Err(invalid(format!("'{arn}' is not a valid target group ARN")));
    }
    if actions::users(state, arn).next().is_some() {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(AwsError::bad("ResourceInUse", message));
    }
    state.resources.remove(arn);
    Ok(json!({}))
}

/// Nothing here registers targets.
pub(super) fn health(state: &State, input: &Value) -> Answer {
    state.one(TARGET_GROUP, input["TargetGroupArn"].as_str().unwrap_or_default())?;
    Ok(json!({"TargetHealthDescriptions": []}))
}
