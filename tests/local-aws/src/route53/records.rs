//! A zone's records, listed.

use serde_json::{Value, json};

use super::record::Key;
use super::{Answer, invalid, max_items, names};
use crate::world::World;

/// AWS: "`ListResourceRecordSets` returns up to 300 resource record sets at a time".
const MOST: usize = 300;

/// AWS: "If you specify Type but not Name", and an identifier without both, is an `InvalidInput`
/// error.
pub(super) fn list(world: &World, input: &Value) -> Answer {
    let most = max_items(input, MOST)?;
    let mut state = world.state();
    let zone = state.route53.zone(input["HostedZoneId"].as_str())?;
    let [name, kind, identifier] = ["StartRecordName", "StartRecordType", "StartRecordIdentifier"]
        .map(|it| input[it].as_str());
    if (kind.is_some() && name.is_none()) || (identifier.is_some() && kind.is_none()) {
        return Err(invalid(
            "A start needs a name before its type and a type before its identifier.",
        ));
    }
    let name = match name {
        None => String::new(),
        Some(name) => names::domain(name).ok_or_else(|| invalid("The start name is not valid."))?,
    };
    let start = Key::at(&name, kind.unwrap_or_default(), identifier.unwrap_or_default());
    let rest: Vec<&Value> = zone.records.range(start..).map(|it| it.1).collect();
    let mut answer = json!({
        "ResourceRecordSets": rest.iter().take(most).collect::<Vec<_>>(),
        "IsTruncated": rest.len() > most,
        "MaxItems": most.to_string(),
    });
    if let Some(next) = rest.get(most) {
        answer["NextRecordName"] = next["Name"].clone();
        answer["NextRecordType"] = next["Type"].clone();
        answer["NextRecordIdentifier"] = next["SetIdentifier"].clone();
    }
    Ok(answer)
}
