//! Copies of a secret in other Regions: of these, only that they are there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Secret;
use super::operations::{invalid_parameter, named, secret_id, usable};
use crate::wire::AwsError;
use crate::world::{REGION, World};

/// The Regions of a request's list, each with the key it names.
pub(super) fn read(list: &Value) -> Result<BTreeMap<String, Value>, AwsError> {
    let mut replicas = BTreeMap::new();
    for it in list.as_array().into_iter().flatten() {
        let region = it["Region"].as_str().filter(|it| !it.is_empty() && *it != REGION);
        let region = region.ok_or_else(|| invalid_parameter("Invalid replica region."))?;
        replicas.insert(region.to_owned(), it["KmsKeyId"].clone());
    }
    Ok(replicas)
}

/// `ReplicationStatus`. AWS replicates within seconds; here a replica is in sync at once.
pub(super) fn shown(secret: &Secret) -> Value {
    let one = |(region, key): (&String, &Value)| {
        let mut shown = Map::from_iter([
            ("Region".to_owned(), json!(region)),
            ("Status".to_owned(), json!("InSync")),
            ("StatusMessage".to_owned(), json!("Replication succeeded")),
        ]);
        if !key.is_null() {
            shown.insert("KmsKeyId".to_owned(), key.clone());
        }
        Value::Object(shown)
    };
    secret.replicas.iter().map(one).collect()
}

fn answer(secret: &Secret) -> Value {
    json!({"ARN": named(secret)["ARN"], "ReplicationStatus": shown(secret)})
}

pub(super) fn add(world: &World, input: &Value) -> Result<Value, AwsError> {
    let added = read(&input["AddReplicaRegions"])?;
    if added.is_empty() {
        return Err(invalid_parameter("You must specify at least one replica region."));
    }
    let now = world.clock().now();
    let mut state = world.state();
    let secret = usable(state.secretsmanager.find(secret_id(input)?, now)?)?;
    secret.replicas.extend(added);
    Ok(answer(secret))
}

pub(super) fn remove(world: &World, input: &Value) -> Result<Value, AwsError> {
    let regions = input["RemoveReplicaRegions"].as_array().filter(|it| !it.is_empty());
    let regions = regions
        .ok_or_else(|| invalid_parameter("You must specify at least one replica region."))?;
    let now = world.clock().now();
    let mut state = world.state();
    let secret = usable(state.secretsmanager.find(secret_id(input)?, now)?)?;
    for region in regions.iter().filter_map(Value::as_str) {
        if secret.replicas.remove(region).is_none() {
            let message = format!("The secret has no replica in {region}.");
            return Err(invalid_parameter(message));
        }
    }
    Ok(answer(secret))
}
