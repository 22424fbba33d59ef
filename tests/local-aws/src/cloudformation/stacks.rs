//! Stacks: created and protected.

use serde_json::{Value, json};

use super::{Answer, COMPLETE, Stack, id, invalid};
use crate::tags::tag_map;
use crate::wire::AwsError;
use crate::world::World;

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let name = input["StackName"].as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(fits) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    if name.len() > 128 {
        return Err(invalid("The name of a stack can have at most 128 characters."));
    }
    let tags = tag_map(&input["Tags"]);
    if tags.len() > 50 || tags.keys().any(|it| it.to_lowercase().starts_with("aws:")) {
        return Err(invalid("A stack has at most 50 tags, and none of them begins with aws:."));
    }
    let description = template(input)?;
    let mut state = world.state();
    let stacks = &mut state.cloudformation;
    if stacks.find(name).is_some() {
        let message = format!("Stack [{name}] already exists");
        return Err(AwsError::bad("AlreadyExistsException", message));
    }
    let id = id(name, stacks.stacks.len() + 1);
    stacks.stacks.push(Stack {
        id: id.clone(),
        name: name.to_owned(),
        description,
        tags,
        created: world.clock().now(),
        deleted: None,
        is_protected: input["EnableTerminationProtection"] == "true",
        status: COMPLETE,
        reason: None,
    });
    Ok(json!({"StackId": id}))
}

/// Checks a template, which is JSON or YAML; its description.
fn template(input: &Value) -> Result<Option<String>, AwsError> {
    if input["TemplateURL"].is_string() {
        return Err(invalid("local-aws reads no templates from an address"));
    }
    let body = input["TemplateBody"].as_str();
    let body =
        body.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let template: yaml_serde::Value = yaml_serde::from_str(body)
        .ok()
        .filter(yaml_serde::Value::is_mapping)
        .ok_or_else(|| invalid("Template format error: unsupported structure."))?;
    let resources = template.get("Resources").and_then(yaml_serde::Value::as_mapping);
    if resources.is_none_or(yaml_serde::Mapping::is_empty) {
        let message = "Template format error: At least one Resources member must be defined.";
        return Err(invalid(message));
    }
    Ok(template.get("Description").and_then(yaml_serde::Value::as_str).map(str::to_owned))
}

pub(super) fn protect(world: &World, input: &Value) -> Answer {
    let name = input["StackName"].as_str().unwrap_or_default();
    let mut state = world.state();
    let missing = || invalid(format!("Stack [{name}] does not exist"));
    let stack = state.cloudformation.find(name).ok_or_else(missing)?;
    stack.is_protected = input["EnableTerminationProtection"] == "true";
    Ok(json!({"StackId": stack.id}))
}
