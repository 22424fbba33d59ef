//! Parameters are written and deleted.

use serde_json::{Value, json};

use super::{Answer, Parameter, Version, constraint, invalid, names, not_found, read, tags};
use crate::wire::AwsError;
use crate::world::World;

/// AWS: "Parameter Store retains the 100 most recently created versions of a parameter. After this
/// number of versions has been created, Parameter Store deletes the oldest version when a new one
/// is created."
const VERSIONS: usize = 100;

const TYPES: [&str; 3] = ["String", "StringList", "SecureString"];

/// The key of the account that `SecureString` parameters without a `KeyId` are encrypted with.
const KEY: &str = "alias/aws/ssm";

pub(super) fn put(world: &World, input: &Value) -> Answer {
    let name = names::of_new(input["Name"].as_str().unwrap_or_default())?;
    let overwrite = input["Overwrite"] == true;
    let given_tags = input["Tags"].as_array().is_some_and(|it| !it.is_empty());
    if overwrite && given_tags {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter \
             with tags, please remove overwrite flag. To update tags for an existing parameter, \
             please use AddTagsToResource or RemoveTagsFromResource.",
        ));
    }
    if let Some(kind) = input["Type"].as_str().filter(|it| !TYPES.contains(it)) {
        let must = format!("satisfy enum value set: [{}]", TYPES.join(", "));
        return Err(constraint(kind, "type", &must));
    }
    let tags = tags::read(&input["Tags"])?;
    let value = value(input)?;
    let now = world.clock().now();
    let mut state = world.state();
    let known = state.ssm.parameters.get(name);
    if known.is_some() && !overwrite {
        return Err(AwsError::bad(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in \
             the request to true.",
        ));
    }
    let kind = kind(input, known)?;
    let tier = tier(input, known, value.len())?;
    let told = told(input, known, &kind);
    let number = known.map_or(1, |it| it.current().number + 1);
    let version = Version { number, value, tier, at: now, told };
    let parameter = state.ssm.parameters.entry(name.to_owned()).or_insert_with(|| Parameter {
        name: name.to_owned(),
        kind,
        tags,
        versions: Vec::new(),
    });
    parameter.versions.push(version);
    let forgotten = parameter.versions.len().saturating_sub(VERSIONS);
    parameter.versions.drain(..forgotten);
    Ok(json!({"Version": number, "Tier": tier}))
}

/// AWS: "Parameters can't be referenced or nested in the values of other parameters. You can't
/// include values wrapped in double brackets {{}} or {{ssm:parameter-name}} in a parameter value."
fn value(input: &Value) -> Result<String, AwsError> {
    let value = input["Value"].as_str().unwrap_or_default();
    if value.is_empty() {
        return Err(constraint(value, "value", "have length greater than or equal to 1"));
    }
    let nested = value.find("{{").is_some_and(|at| value[at..].contains("}}"));
    if nested {
        return Err(invalid(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    // Checking a value against a pattern that everybody else ignores would be worse than this.
    if input["AllowedPattern"].as_str().is_some_and(|it| !it.is_empty()) {
        return Err(invalid("local-aws does not know AllowedPattern"));
    }
    Ok(value.to_owned())
}

/// AWS: "Specifying a parameter type isn't required when updating a parameter. You must specify a
/// parameter type when creating a parameter."
fn kind(input: &Value, known: Option<&Parameter>) -> Result<String, AwsError> {
    match (input["Type"].as_str(), known) {
        (None, None) => Err(invalid("A parameter type is required when you create a parameter.")),
        (None, Some(known)) => Ok(known.kind.clone()),
        (Some(kind), Some(known)) if kind != known.kind => Err(AwsError::bad(
            "HierarchyTypeMismatchException",
            "Parameter Store doesn't support changing a parameter type in a hierarchy. For \
             example, you can't change a parameter from a String type to a SecureString type. You \
             must create a new, unique parameter.",
        )),
        (Some(kind), _) => Ok(kind.to_owned()),
    }
}

/// AWS: "Standard parameters have a content size limit of 4 KB … Advanced parameters have a content
/// size limit of 8 KB … you can't revert an advanced parameter to a standard parameter."
fn tier(input: &Value, known: Option<&Parameter>, size: usize) -> Result<&'static str, AwsError> {
    let was = known.map(|it| it.current().tier);
    let tier = match input["Tier"].as_str() {
        Some("Advanced") => "Advanced",
        Some("Intelligent-Tiering") if size > 4096 => "Advanced",
        None | Some("Intelligent-Tiering") => was.unwrap_or("Standard"),
        Some("Standard") if was == Some("Advanced") => {
            return Err(invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter \
                 from the advanced-parameter tier to the standard-parameter tier. If necessary, \
                 you can delete the advanced parameter and recreate it as a standard parameter.",
            ));
        }
        Some("Standard") => "Standard",
        Some(other) => {
            let must = "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]";
            return Err(constraint(other, "tier", must));
        }
    };
    match (tier, size) {
        ("Standard", 4097..) => Err(invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To \
             create a larger parameter value, upgrade the parameter to use the advanced-parameter \
             tier.",
        )),
        ("Advanced", 8193..) => Err(invalid(
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        )),
        _ => Ok(tier),
    }
}

fn told(input: &Value, known: Option<&Parameter>, kind: &str) -> Value {
    let before = known.map(|it| &it.current().told).unwrap_or(&Value::Null);
    let mut told = json!({"DataType": input["DataType"].as_str().unwrap_or("text")});
    if !input["Description"].is_null() {
        told["Description"] = input["Description"].clone();
    }
    if kind == "SecureString" {
        // "If you don't specify a key ID, the system uses the default key associated with your
        // Amazon Web Services account".
        let key = input["KeyId"].as_str().or(before["KeyId"].as_str()).unwrap_or(KEY);
        told["KeyId"] = json!(key);
    }
    told
}

pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let name = input["Name"].as_str().unwrap_or_default();
    let removed = world.state().ssm.parameters.remove(name);
    removed.map(|_| json!({})).ok_or_else(not_found)
}

pub(super) fn delete_many(world: &World, input: &Value) -> Answer {
    let names = read::names(input)?;
    let mut state = world.state();
    let (deleted, unknown): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|it| state.ssm.parameters.remove(it).is_some());
    Ok(json!({"DeletedParameters": deleted, "InvalidParameters": unknown}))
}
