//! Instances.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Answer, Moment, State, VPC, filter, groups, invalid, is_id, missing_parameter, paged, tags,
};
use crate::wire::{AwsError, is_true, texts, whole};
use crate::world::{ACCOUNT, REGION};

pub(super) struct Instance {
    pub(super) reservation: String,
    /// What never changes, as it is described.
    shown: Value,
    pub(super) zone: String,
    pub(super) groups: Vec<String>,
    pub(super) is_protected: bool,
    running: Timestamp,
    /// When it is terminated, and when it is no longer listed.
    pub(super) ends: Option<(Timestamp, Timestamp)>,
}

impl Instance {
    /// Its state by code and name.
    pub(super) fn state(&self, now: Timestamp) -> (u8, &'static str) {
        match self.ends {
            Some((terminated, _)) if terminated <= now => (48, "terminated"),
            Some(_) => (32, "shutting-down"),
            None if self.running <= now => (16, "running"),
            None => (0, "pending"),
        }
    }

    /// AWS: "Terminated instances remain visible after termination (for approximately one hour)."
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|(_, forgotten)| forgotten <= now)
    }

    /// Begins its end, unless that has begun.
    pub(super) fn terminate(&mut self, at: Moment) {
        let terminated = at.now + span(at.stop);
        self.ends.get_or_insert((terminated, terminated + span(at.hour)));
    }
}

fn span(time: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

/// Terminated instances that are listed no longer are gone with their tags.
pub(super) fn forget(state: &mut State, at: Moment) {
    let gone: Vec<String> = state
        .instances
        .iter()
        .filter(|(_, it)| it.is_forgotten(at.now))
        .map(|(id, _)| id.clone())
        .collect();
    for id in gone {
        state.instances.remove(&id);
        state.tags.remove(&id);
    }
}

pub(super) fn run(state: &mut State, input: &Value, at: Moment) -> Answer {
    let token = input["ClientToken"].as_str();
    if let Some(answer) = token.and_then(|it| state.launched.get(it)) {
        return Ok(answer.clone());
    }
    let image = input["ImageId"].as_str().ok_or_else(|| missing_parameter("ImageId"))?;
    let count = whole(&input["MaxCount"]).ok_or_else(|| missing_parameter("MaxCount"))?;
    let least = whole(&input["MinCount"]).ok_or_else(|| missing_parameter("MinCount"))?;
    if least == 0 || least > count {
        return Err(invalid("MinCount must be at least 1 and at most MaxCount"));
    }
    let tags = tags::of_new(input, "instance")?;
    let mut security = groups::named(state, &input["SecurityGroupId"])?;
    if security.is_empty() {
        security.extend(groups::default_group(state));
    }
    let default = format!("{REGION}a");
    let zone = input["Placement"]["AvailabilityZone"].as_str().unwrap_or(&default);
    let reservation = state.new_id("r");
    let mut launched = Vec::new();
    for index in 0..count {
        let id = state.new_id("i");
        let instance = Instance {
            reservation: reservation.clone(),
            shown: json!({
                "instanceId": id,
                "imageId": image,
                "instanceType": input["InstanceType"].as_str().unwrap_or("m1.small"),
                "amiLaunchIndex": index,
                "launchTime": at.now.to_string(),
                "placement": {"availabilityZone": zone, "tenancy": "default"},
                "vpcId": VPC,
                "architecture": "x86_64",
            }),
            zone: zone.to_owned(),
            groups: security.clone(),
            is_protected: is_true(&input["DisableApiTermination"]),
            running: at.now + span(at.start),
            ends: None,
        };
        state.instances.insert(id.clone(), instance);
        tags::set(state, &id, tags.clone());
        launched.push(id);
    }
    let mut answer = reservations(state, &launched, at).swap_remove(0);
    answer["requesterId"] = json!(ACCOUNT);
    if let Some(token) = token {
        state.launched.insert(token.to_owned(), answer.clone());
    }
    Ok(answer)
}

fn shown(state: &State, id: &str, instance: &Instance, at: Moment) -> Value {
    let (code, name) = instance.state(at.now);
    let mut shown = instance.shown.clone();
    shown["instanceState"] = json!({"code": code, "name": name});
    shown["tagSet"] = tags::shown(state, id);
    // A terminated instance has left its network.
    if name != "terminated" {
        shown["groupSet"] = groups::shown(state, &instance.groups);
    }
    shown
}

/// Instances by the request that launched them.
fn reservations(state: &State, ids: &[String], at: Moment) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for id in ids {
        let Some(instance) = state.instances.get(id) else { continue };
        let shown = shown(state, id, instance, at);
        let same = found.iter_mut().find(|it| it["reservationId"] == *instance.reservation);
        match same.and_then(|it| it["instancesSet"].as_array_mut()) {
            Some(instances) => instances.push(shown),
            None => found.push(json!({
                "reservationId": instance.reservation,
                "ownerId": ACCOUNT,
                "groupSet": [],
                "instancesSet": [shown],
            })),
        }
    }
    found
}

/// The instances a request names. AWS: "If you specify an instance ID that is not valid, an instance
/// that doesn't exist, … an error (`InvalidInstanceID.NotFound`) is returned."
pub(super) fn named(state: &State, input: &Value) -> Result<Vec<String>, AwsError> {
    let ids = texts(&input["InstanceId"]);
    if let Some(wrong) = ids.iter().find(|it| !is_id(it, "i")) {
        let message = format!("Invalid id: \"{wrong}\"");
        return Err(AwsError::bad("InvalidInstanceID.Malformed", message));
    }
    let unknown: Vec<&str> =
        ids.iter().filter(|it| !state.instances.contains_key(**it)).copied().collect();
    let message = match unknown.as_slice() {
        [] => return Ok(ids.into_iter().map(str::to_owned).collect()),
        [one] => format!("The instance ID '{one}' does not exist"),
        several => format!("The instance IDs '{}' do not exist", several.join(", ")),
    };
    Err(AwsError::bad("InvalidInstanceID.NotFound", message))
}

pub(super) fn describe(state: &mut State, input: &Value, at: Moment) -> Answer {
    let wanted = named(state, input)?;
    let mut found = Vec::new();
    for (id, instance) in &state.instances {
        let property = |name: &str| {
            Some(vec![match name {
                "instance-id" => id.clone(),
                "instance-state-name" => instance.state(at.now).1.to_owned(),
                "instance-state-code" => instance.state(at.now).0.to_string(),
                "availability-zone" => instance.zone.clone(),
                "reservation-id" => instance.reservation.clone(),
                "vpc-id" => VPC.to_owned(),
                "instance.group-id" => return Some(instance.groups.clone()),
                _ => return None,
            }])
        };
        if (wanted.is_empty() || wanted.contains(id))
            && filter::fits(input, state.tags.get(id), property)?
        {
            found.push(id.clone());
        }
    }
    let (ids, next) = paged(&found, input, "InstanceId")?;
    let mut answer = json!({"reservationSet": reservations(state, &ids, at)});
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

/// The one instance whose attribute a request is about.
fn one(state: &State, input: &Value) -> Result<String, AwsError> {
    let id = input["InstanceId"].as_str().ok_or_else(|| missing_parameter("InstanceId"))?;
    let mut found = named(state, &json!({"InstanceId": [id]}))?;
    Ok(found.swap_remove(0))
}

pub(super) fn modify_attribute(state: &mut State, input: &Value, _: Moment) -> Answer {
    let id = one(state, input)?;
    let value = match input["Attribute"].as_str() {
        Some("disableApiTermination") => &input["Value"],
        Some(other) => return Err(invalid(format!("local-aws does not know {other}"))),
        None => &input["DisableApiTermination"]["Value"],
    };
    if value.is_null() {
        return Err(AwsError::bad("InvalidParameterCombination", "No attributes specified."));
    }
    if let Some(instance) = state.instances.get_mut(&id) {
        instance.is_protected = is_true(value);
    }
    Ok(json!({"return": true}))
}

pub(super) fn attribute(state: &mut State, input: &Value, _: Moment) -> Answer {
    let id = one(state, input)?;
    match input["Attribute"].as_str() {
        Some("disableApiTermination") => {
            let value = state.instances.get(&id).is_some_and(|it| it.is_protected);
            Ok(json!({"instanceId": id, "disableApiTermination": {"value": value}}))
        }
        Some(other) => Err(invalid(format!("local-aws does not know the attribute {other}"))),
        None => Err(missing_parameter("Attribute")),
    }
}
