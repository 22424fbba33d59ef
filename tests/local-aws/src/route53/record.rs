//! One resource record set: what it is known by, and what Route 53 takes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::{invalid, names};
use crate::wire::AwsError;

/// A zone's sets, in the order in which Route 53 lists them.
pub(super) type Records = BTreeMap<Key, Value>;

/// What distinguishes one set from the others of its zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    reversed: String,
    kind: String,
    identifier: String,
}

impl Key {
    pub(super) fn at(domain: &str, kind: &str, identifier: &str) -> Self {
        let (reversed, kind) = (names::reversed(domain), kind.to_owned());
        // No name at all is before every name, and not the root.
        let reversed = if domain.is_empty() { String::new() } else { reversed };
        Self { reversed, kind, identifier: identifier.to_owned() }
    }

    /// The key of a set whose name is spelled as Route 53 keeps it.
    pub(super) fn of(set: &Value) -> Self {
        let text = |member: &str| set[member].as_str().unwrap_or_default();
        Self::at(text("Name"), text("Type"), text("SetIdentifier"))
    }

    /// Whether both are answers to one question.
    pub(super) fn same_question(&self, other: &Self) -> bool {
        self.reversed == other.reversed && self.kind == other.kind
    }

    pub(super) fn same_name(&self, other: &Self) -> bool {
        self.reversed == other.reversed
    }
}

const TYPES: [&str; 16] = [
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS",
    "TLSA", "SSHFP", "HTTPS",
];

/// What makes a set one of several with the same name and type.
pub(super) const ROUTING: [&str; 5] =
    ["Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer"];

/// A set as Route 53 keeps it, or why it is not read at all.
pub(super) fn read(change: &Value) -> Result<Value, AwsError> {
    let given = &change["ResourceRecordSet"];
    let text = |member: &str| given[member].as_str().unwrap_or_default();
    let place = format!(
        "in Change with [Action={}, Name={}, Type={}, SetIdentifier={}]",
        change["Action"].as_str().unwrap_or_default(),
        text("Name"),
        text("Type"),
        given["SetIdentifier"].as_str().unwrap_or("null"),
    );
    let refuse = |what: &str| invalid(format!("Invalid request: {what} {place}"));
    let name = names::domain(text("Name")).ok_or_else(|| refuse("Invalid value for 'Name'"))?;
    if !TYPES.contains(&text("Type")) {
        return Err(refuse("Invalid value for 'Type'"));
    }
    let mut set = given.clone();
    if let Some(members) = set.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    set["Name"] = json!(name);
    let records = given["ResourceRecords"].as_array().is_some_and(|it| !it.is_empty());
    let found = match (given["AliasTarget"].is_object(), records && !given["TTL"].is_null()) {
        (true, false) if !records && given["TTL"].is_null() => return alias(set, &refuse),
        (false, true) => None,
        (false, false) if records => return Err(refuse("Missing field 'TTL'")),
        (false, false) => Some("none"),
        (true, _) => Some("more than one"),
    };
    if let Some(found) = found {
        return Err(refuse(&format!(
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
             TrafficPolicyInstanceId], but found {found}"
        )));
    }
    if !set["TTL"].as_i64().is_some_and(|it| (0..=2_147_483_647).contains(&it)) {
        return Err(refuse("Invalid value for 'TTL'"));
    }
    routing(set, &refuse)
}

/// The target's name is kept as every name is.
fn alias(mut set: Value, refuse: &dyn Fn(&str) -> AwsError) -> Result<Value, AwsError> {
    let target = &mut set["AliasTarget"];
    let name = target["DNSName"].as_str().and_then(names::domain);
    let name = name.ok_or_else(|| refuse("Invalid value for 'DNSName'"))?;
    if target["HostedZoneId"].as_str().is_none_or(str::is_empty) {
        return Err(refuse("Missing field 'HostedZoneId'"));
    }
    if !target["EvaluateTargetHealth"].is_boolean() {
        return Err(refuse("Missing field 'EvaluateTargetHealth'"));
    }
    target["DNSName"] = json!(name);
    if let Some(members) = set.as_object_mut() {
        members.remove("ResourceRecords");
    }
    routing(set, refuse)
}

/// A set with an identifier has one routing policy, and one with a policy has an identifier.
fn routing(set: Value, refuse: &dyn Fn(&str) -> AwsError) -> Result<Value, AwsError> {
    let policies = ROUTING.iter().filter(|it| !set[**it].is_null()).count();
    let named = set["SetIdentifier"].as_str().is_some_and(|it| !it.is_empty());
    match (policies, named) {
        (0, false) | (1, true) => {}
        (0, true) => {
            return Err(refuse(
                "Expected exactly one of [Weight, Region, Failover, GeoLocation, or \
                 MultiValueAnswer], but found none",
            ));
        }
        (1, false) => return Err(refuse("Missing field 'SetIdentifier'")),
        _ => {
            return Err(refuse(
                "Expected exactly one of [Weight, Region, Failover, GeoLocation, or \
                 MultiValueAnswer], but found more than one",
            ));
        }
    }
    if !set["Weight"].is_null() && !set["Weight"].as_i64().is_some_and(|it| (0..=255).contains(&it))
    {
        return Err(refuse("Invalid value for 'Weight'"));
    }
    Ok(set)
}

/// The values of a set, each as Route 53 was given it.
pub(super) fn values(set: &Value) -> Vec<&str> {
    let records = set["ResourceRecords"].as_array().into_iter().flatten();
    records.filter_map(|it| it["Value"].as_str()).collect()
}

/// What is wrong with a value, in Route 53's words.
pub(super) fn wrong_value(kind: &str, value: &str) -> Option<String> {
    let problem = match kind {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
        }
        "TXT" | "SPF" if !(value.starts_with('"') && value.ends_with('"') && value.len() > 1) => {
            "InvalidCharacterString (Value should be enclosed in quotation marks)"
        }
        _ => return None,
    };
    Some(format!("Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}''"))
}
