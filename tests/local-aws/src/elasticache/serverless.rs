//! Serverless caches.

use serde_json::{Value, json};

use super::{Answer, Life, Moment, Resource, State, arn, id, invalid, new_id, tags};
use crate::wire::{AwsError, page, texts, whole};

pub(super) fn missing(name: &str) -> AwsError {
    let message = format!("ServerlessCache {name} not found.");
    AwsError::new(404, "ServerlessCacheNotFoundFault", &message)
}

pub(super) fn not_available(name: &str, status: &str) -> AwsError {
    let message = format!("Serverless cache {name} is not available: its status is {status}.");
    AwsError::bad("InvalidServerlessCacheStateFault", message)
}

pub(super) fn create(state: &mut State, input: &Value, at: Moment) -> Answer {
    let name = new_id(input, "ServerlessCacheName")?;
    if state.serverless.contains_key(&name) {
        let message = format!("Serverless cache {name} already exists.");
        return Err(AwsError::bad("ServerlessCacheAlreadyExistsFault", message));
    }
    let engine = input["Engine"].as_str().unwrap_or_default();
    if !["redis", "valkey", "memcached"].contains(&engine) {
        return Err(invalid(format!("Engine '{engine}' is not supported.")));
    }
    let tags = tags::read(&input["Tags"])?;
    let shown = json!({
        "ServerlessCacheName": name,
        "Description": input["Description"].as_str().unwrap_or_default(),
        "CreateTime": at.now.to_string(),
        "Engine": engine,
        "SecurityGroupIds": texts(&input["SecurityGroupIds"]),
        "SubnetIds": texts(&input["SubnetIds"]),
        "ARN": arn("serverlesscache", &name),
    });
    let answer = json!({"ServerlessCache": seen(&shown, "creating")});
    state.serverless.insert(name, Resource { shown, tags, life: Life::passes("creating", at) });
    Ok(answer)
}

fn seen(cache: &Value, status: &str) -> Value {
    let mut shown = cache.clone();
    shown["Status"] = json!(status);
    shown
}

/// AWS, of `MaxResults`: "The default is 50. The Validation Constraints are a maximum of 50."
pub(super) fn describe(state: &State, input: &Value, at: Moment) -> Answer {
    let wanted = input["ServerlessCacheName"].as_str().map(str::to_lowercase);
    if let Some(name) = wanted.as_ref().filter(|name| !state.serverless.contains_key(*name)) {
        return Err(missing(name));
    }
    let most = match &input["MaxResults"] {
        Value::Null => 50,
        given => whole(given)
            .filter(|it| (1..=50).contains(it))
            .ok_or_else(|| invalid("MaxResults must be between 1 and 50"))?,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let found = state.serverless.iter();
    let found = found.filter(|(name, _)| wanted.as_ref().is_none_or(|it| it == *name));
    let found: Vec<Value> = found.map(|(_, it)| seen(&it.shown, it.life.state(at.now))).collect();
    let (caches, next) = page(&found, &input["NextToken"], most, "InvalidParameterValue")?;
    let mut answer = json!({"ServerlessCaches": caches});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

pub(super) fn delete(state: &mut State, input: &Value, at: Moment) -> Answer {
    let name = id(input, "ServerlessCacheName")?;
    let cache = state.serverless.get_mut(&name).ok_or_else(|| missing(&name))?;
    match cache.life.state(at.now) {
        "available" | "create-failed" => {
            cache.life = Life::passes("deleting", at);
            Ok(json!({"ServerlessCache": seen(&cache.shown, "deleting")}))
        }
        status => Err(not_available(&name, status)),
    }
}
