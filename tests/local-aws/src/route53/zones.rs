//! Hosted zones: made, read, listed, deleted.

use serde_json::{Value, json};

use super::record::{Key, Records};
use super::{Answer, State, invalid, max_items, names};
use crate::tags::Tags;
use crate::wire::AwsError;
use crate::world::World;

pub(super) struct Zone {
    /// `HostedZone`, without what is counted when it is read.
    shown: Value,
    pub(super) name: String,
    vpc: Value,
    pub(super) tags: Tags,
    pub(super) records: Records,
}

/// AWS gives every zone four servers of its own.
const SERVERS: [&str; 4] =
    ["ns-1.awsdns-00.com", "ns-2.awsdns-00.net", "ns-3.awsdns-00.org", "ns-4.awsdns-00.co.uk"];

impl State {
    /// The zone of an id, with or without `/hostedzone/` before it.
    pub(super) fn zone(&mut self, id: Option<&str>) -> Result<&mut Zone, AwsError> {
        let id = id.unwrap_or_default();
        let found = self.zones.get_mut(id.strip_prefix("/hostedzone/").unwrap_or(id));
        found.ok_or_else(|| {
            let message = format!("No hosted zone found with ID: {id}");
            AwsError::new(404, "NoSuchHostedZone", &message)
        })
    }

    /// A new change as Route 53 answers it: not yet on all of its servers.
    pub(super) fn changed(&mut self, world: &World, comment: &Value) -> Value {
        self.changes += 1;
        let at = world.clock().now().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        let id = format!("/change/C{:013}", self.changes);
        json!({"Id": id, "Status": "PENDING", "SubmittedAt": at, "Comment": comment})
    }
}

impl Zone {
    fn shown(&self) -> Value {
        let mut shown = self.shown.clone();
        shown["ResourceRecordSetCount"] = json!(self.records.len());
        shown
    }

    fn is_private(&self) -> bool {
        !self.vpc.is_null()
    }
}

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let name = input["Name"].as_str().and_then(names::domain).ok_or_else(|| {
        let message = format!("The domain name {} is not valid.", input["Name"]);
        AwsError::bad("InvalidDomainName", message)
    })?;
    let reference = input["CallerReference"].as_str().filter(|it| (1..=128).contains(&it.len()));
    let reference = reference.ok_or_else(|| invalid("CallerReference has 1 to 128 characters."))?;
    let mut state = world.state();
    let state = &mut state.route53;
    if state.zones.values().any(|it| it.shown["CallerReference"] == reference) {
        let message = "A hosted zone has already been created with the specified caller reference.";
        return Err(AwsError::new(409, "HostedZoneAlreadyExists", message));
    }
    state.made += 1;
    let id = format!("Z{:013}", state.made);
    let vpc = input["VPC"].clone();
    let shown = json!({
        "Id": format!("/hostedzone/{id}"),
        "Name": name,
        "CallerReference": reference,
        "Config": {"Comment": input["HostedZoneConfig"]["Comment"], "PrivateZone": !vpc.is_null()},
    });
    let zone = Zone { shown, vpc, tags: Tags::new(), records: own_records(&name), name };
    let mut answer = json!({
        "HostedZone": zone.shown(),
        "ChangeInfo": state.changed(world, &Value::Null),
        "DelegationSet": {"NameServers": SERVERS},
    });
    if zone.is_private() {
        answer["VPC"] = zone.vpc.clone();
    }
    state.zones.insert(id, zone);
    Ok(answer)
}

/// AWS: "When you create a hosted zone, Amazon Route 53 automatically creates a name server (NS)
/// record and a start of authority (SOA) record for the zone."
fn own_records(zone: &str) -> Records {
    let of = |kind: &str, ttl: u32, values: Vec<String>| {
        let values: Vec<Value> = values.into_iter().map(|it| json!({"Value": it})).collect();
        let set = json!({"Name": zone, "Type": kind, "TTL": ttl, "ResourceRecords": values});
        (Key::of(&set), set)
    };
    let authority =
        format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", SERVERS[0]);
    let servers = SERVERS.iter().map(|it| format!("{it}.")).collect();
    Records::from([of("NS", 172_800, servers), of("SOA", 900, vec![authority])])
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let zone = state.route53.zone(input["Id"].as_str())?;
    let mut answer = json!({"HostedZone": zone.shown()});
    match zone.is_private() {
        true => answer["VPCs"] = json!([zone.vpc]),
        false => answer["DelegationSet"] = json!({"NameServers": SERVERS}),
    }
    Ok(answer)
}

/// AWS: "If the value of `IsTruncated` in the previous response was true, … submit another
/// `ListHostedZones` request. For the value of marker, specify the value of `NextMarker`".
pub(super) fn list(world: &World, input: &Value) -> Answer {
    let most = max_items(input, 100)?;
    let state = world.state();
    let zones = &state.route53.zones;
    let marker = input["Marker"].as_str().unwrap_or_default();
    if !marker.is_empty() && !zones.contains_key(marker) {
        return Err(invalid("The marker is not the ID of a hosted zone."));
    }
    let wants_private = input["HostedZoneType"] == "PrivateHostedZone";
    let rest: Vec<(&String, &Zone)> = zones
        .range(marker.to_owned()..)
        .filter(|(_, it)| input["HostedZoneType"].is_null() || it.is_private() == wants_private)
        .collect();
    let page: Vec<Value> = rest.iter().take(most).map(|(_, it)| it.shown()).collect();
    let next = rest.get(most).map(|(id, _)| *id);
    Ok(json!({
        "HostedZones": page,
        "Marker": marker,
        "IsTruncated": next.is_some(),
        "NextMarker": next,
        "MaxItems": most.to_string(),
    }))
}

/// AWS, of records other than the default SOA and NS: "Attempting to delete a hosted zone with
/// additional records … returns a `HostedZoneNotEmpty` error."
pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let id = input["Id"].as_str().unwrap_or_default();
    let mut state = world.state();
    let state = &mut state.route53;
    if state.zone(Some(id))?.records.len() > 2 {
        let message = "The specified hosted zone contains non-required resource record sets and \
                       so cannot be deleted.";
        return Err(AwsError::bad("HostedZoneNotEmpty", message));
    }
    state.zones.remove(id.strip_prefix("/hostedzone/").unwrap_or(id));
    Ok(json!({"ChangeInfo": state.changed(world, &Value::Null)}))
}
