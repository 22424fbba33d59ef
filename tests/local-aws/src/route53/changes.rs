//! A batch of changes to a zone's records: all of them happen, or none.

use serde_json::{Value, json};

use super::record::{self, Key, ROUTING, Records};
use super::{Answer, invalid, names};
use crate::wire::AwsError;
use crate::world::World;

/// AWS: "A request cannot contain more than 1,000 `ResourceRecord` elements … When the value of
/// the Action element is UPSERT, each `ResourceRecord` element is counted twice."
const MOST: usize = 1000;

/// AWS: "Route 53 … then either makes all or none of the changes in the change batch request."
pub(super) fn change(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let zone = state.route53.zone(input["HostedZoneId"].as_str())?;
    let changes = input["ChangeBatch"]["Changes"].as_array().filter(|it| !it.is_empty());
    let changes = changes.ok_or_else(|| invalid("A change batch has at least one change."))?;
    let mut read = Vec::new();
    for change in changes {
        let action = change["Action"].as_str().unwrap_or_default();
        if !matches!(action, "CREATE" | "UPSERT" | "DELETE") {
            return Err(invalid(format!("Invalid value '{action}' for 'Action'")));
        }
        read.push((action, record::read(change)?));
    }
    let count = |(action, set): &(&str, Value)| {
        record::values(set).len().max(1) * if *action == "UPSERT" { 2 } else { 1 }
    };
    if read.iter().map(count).sum::<usize>() > MOST {
        return Err(refuse(&[format!("Number of records limit of {MOST} exceeded.")]));
    }
    let mut records = zone.records.clone();
    let mut wrong = Vec::new();
    for (action, set) in read {
        if let Err(message) = apply(&mut records, &zone.name, action, set) {
            wrong.push(message);
        }
    }
    wrong.extend(missing(&records, &zone.name));
    if !wrong.is_empty() {
        return Err(refuse(&wrong));
    }
    zone.records = records;
    let info = state.route53.changed(world, &input["ChangeBatch"]["Comment"]);
    Ok(json!({"ChangeInfo": info}))
}

fn refuse(messages: &[String]) -> AwsError {
    AwsError::bad("InvalidChangeBatch", format!("[{}]", messages.join(", ")))
        .with("Messages", json!(messages))
}

/// Makes one change, or says why Route 53 would not.
fn apply(records: &mut Records, zone: &str, action: &str, set: Value) -> Result<(), String> {
    let name = set["Name"].as_str().unwrap_or_default();
    if !names::is_in(name, zone) {
        return Err(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    let key = Key::of(&set);
    if action == "DELETE" {
        return match records.get(&key) {
            None => Err(format!("Tried to delete {} but it was not found", called(&set))),
            Some(there) if !same(there, &set) => Err(format!(
                "Tried to delete {} but the values provided do not match the current values",
                called(&set)
            )),
            Some(_) => {
                records.remove(&key);
                Ok(())
            }
        };
    }
    check_values(&set)?;
    check_neighbours(records, zone, &key, &set)?;
    if action == "CREATE" && records.contains_key(&key) {
        return Err(format!("Tried to create {} but it already exists", called(&set)));
    }
    records.insert(key, set);
    Ok(())
}

fn called(set: &Value) -> String {
    let text = |member: &str| set[member].as_str().unwrap_or_default();
    let identifier = match set["SetIdentifier"].as_str() {
        Some(identifier) => format!(", set identifier='{identifier}'"),
        None => String::new(),
    };
    format!("resource record set [name='{}', type='{}'{identifier}]", text("Name"), text("Type"))
}

/// AWS: "To delete a resource record set, you must specify all the same values that you specified
/// when you created it." Their order is no part of them.
fn same(there: &Value, given: &Value) -> bool {
    let sorted = |set: &Value| {
        let mut values: Vec<String> = record::values(set).into_iter().map(str::to_owned).collect();
        values.sort_unstable();
        let mut set = set.clone();
        set["ResourceRecords"] = json!(values);
        set
    };
    sorted(there) == sorted(given)
}

fn check_values(set: &Value) -> Result<(), String> {
    let kind = set["Type"].as_str().unwrap_or_default();
    let values = record::values(set);
    for (place, value) in values.iter().enumerate() {
        if let Some(message) = record::wrong_value(kind, value) {
            return Err(message);
        }
        if values[..place].contains(value) {
            return Err(format!("Duplicate Resource Record: '{value}'"));
        }
    }
    Ok(())
}

/// Refuses a set that does not go with those that have its name.
fn check_neighbours(records: &Records, zone: &str, key: &Key, set: &Value) -> Result<(), String> {
    let (name, kind) = (&set["Name"], &set["Type"]);
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let what = format!("RRSet of type {} with DNS name {}", text(kind), text(name));
    if kind == "CNAME" && name == zone {
        return Err(format!("{what} is not permitted at apex in zone {zone}"));
    }
    let others = || records.iter().filter(|(other, _)| other.same_name(key) && *other != key);
    if others().any(|(_, it)| (it["Type"] == "CNAME") != (kind == "CNAME")) {
        return Err(format!(
            "{what} is not permitted as it conflicts with other records with the same DNS name in \
             zone {zone}"
        ));
    }
    let policy = |set: &Value| ROUTING.iter().position(|it| !set[*it].is_null());
    let mut same = others().filter(|(other, _)| other.same_question(key));
    if same.any(|(_, it)| policy(it) != policy(set)) {
        return Err(format!(
            "{what} cannot be created as a set with another routing policy exists with the same \
             name and type"
        ));
    }
    Ok(())
}

/// What a zone cannot be without.
fn missing(records: &Records, zone: &str) -> Vec<String> {
    let has = |kind: &str| records.contains_key(&Key::at(zone, kind, ""));
    let mut missing = Vec::new();
    if !has("SOA") {
        missing.push("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    if !has("NS") {
        let message = "A HostedZone must contain at least one NS record for the zone itself.";
        missing.push(message.to_owned());
    }
    missing
}
