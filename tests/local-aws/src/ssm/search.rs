//! Parameters are found by path and by filter.

use serde_json::{Value, json};

use super::read::{limit, metadata, paged, shown};
use super::{Answer, Parameter, invalid};
use crate::wire::AwsError;
use crate::world::World;

/// AWS: "Hierarchies start with a forward slash (/). The hierarchy is the parameter name except the
/// last part of the parameter."
pub(super) fn by_path(world: &World, input: &Value) -> Answer {
    let path = input["Path"].as_str().unwrap_or_default();
    if !path.starts_with('/') || path.contains("//") {
        return Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must \
             begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" \
             (case-insensitive). It must use only letters, numbers, or the following symbols: . \
             (period), - (hyphen), _ (underscore). Special characters are not allowed. All \
             sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: \
             /get/parameters2-/by1./path0_.",
        ));
    }
    let limit = limit(input, 10)?;
    let filters = &input["ParameterFilters"];
    check(filters, &["Type", "KeyId", "Label"])?;
    let decrypted = input["WithDecryption"] == true;
    let state = world.state();
    let found = state.ssm.parameters.values().filter(|it| {
        is_under(&it.name, path, input["Recursive"] == true) && matches_all(it, filters)
    });
    let found: Vec<Value> = found.map(|it| shown(it, it.current(), decrypted)).collect();
    paged(&found, input, limit)
}

pub(super) fn describe(world: &World, input: &Value) -> Answer {
    let limit = limit(input, 50)?;
    if input["Filters"].as_array().is_some_and(|it| !it.is_empty()) {
        return Err(invalid("local-aws knows ParameterFilters, not Filters"));
    }
    let filters = &input["ParameterFilters"];
    check(filters, &["Name", "Type", "KeyId", "Path", "Tier", "DataType", "Label"])?;
    let state = world.state();
    let found = state.ssm.parameters.values().filter(|it| matches_all(it, filters));
    let found = found.map(|it| {
        let mut shown = metadata(it, it.current());
        shown["ARN"] = json!(it.arn());
        shown
    });
    paged(&found.collect::<Vec<Value>>(), input, limit)
}

fn is_under(name: &str, path: &str, recursive: bool) -> bool {
    let rest = name.strip_prefix(path.trim_end_matches('/')).and_then(|it| it.strip_prefix('/'));
    rest.is_some_and(|it| recursive || !it.contains('/'))
}

fn check(filters: &Value, known: &[&str]) -> Result<(), AwsError> {
    for filter in filters.as_array().into_iter().flatten() {
        let key = filter["Key"].as_str().unwrap_or_default();
        // Tags are a filter of DescribeParameters only, where names are one too.
        let tag = key.starts_with("tag:") && known.contains(&"Name");
        if !tag && !known.contains(&key) {
            let message = format!("The following filter key is not valid: {key}.");
            return Err(AwsError::bad("InvalidFilterKey", message));
        }
        let option = filter["Option"].as_str().unwrap_or("Equals");
        let fits = match key {
            "Path" => ["Recursive", "OneLevel", "Equals"].contains(&option),
            "Name" => ["BeginsWith", "Equals", "Contains"].contains(&option),
            _ => ["BeginsWith", "Equals"].contains(&option),
        };
        if !fits {
            let message = format!("The following filter option is not valid: {option}.");
            return Err(AwsError::bad("InvalidFilterOption", message));
        }
    }
    Ok(())
}

fn matches_all(parameter: &Parameter, filters: &Value) -> bool {
    filters.as_array().into_iter().flatten().all(|it| matches(parameter, it))
}

fn matches(parameter: &Parameter, filter: &Value) -> bool {
    let key = filter["Key"].as_str().unwrap_or_default();
    let option = filter["Option"].as_str().unwrap_or("Equals");
    let mut values = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let version = parameter.current();
    let has = match key {
        "Path" => {
            let recursive = option == "Recursive";
            return values.any(|it| is_under(&parameter.name, it, recursive));
        }
        "Name" => Some(parameter.name.as_str()),
        "Type" => Some(parameter.kind.as_str()),
        "Tier" => Some(version.tier),
        "KeyId" | "DataType" => version.told[key].as_str(),
        tag => tag.strip_prefix("tag:").and_then(|it| parameter.tags.get(it)).map(String::as_str),
    };
    let Some(has) = has else { return false };
    // A filter without values asks whether there is such a thing at all.
    let any = filter["Values"].as_array().is_none_or(Vec::is_empty);
    any || values.any(|it| match option {
        "BeginsWith" => has.starts_with(it),
        "Contains" => has.contains(it),
        _ => has == it,
    })
}
