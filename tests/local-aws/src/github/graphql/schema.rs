//! Which fields there are, and what is wrong with a query that wants others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lex::At;
use super::parse::{Field, Input, Query};

/// A field: its arguments, and the type of what it gives.
struct Known {
    arguments: &'static [(&'static str, &'static str)],
    gives: &'static str,
    is_object: bool,
}

fn known(on: &str, field: &str) -> Option<Known> {
    const NONE: &[(&str, &str)] = &[];
    const REPOSITORY: &[(&str, &str)] =
        &[("owner", "String!"), ("name", "String!"), ("followRenames", "Boolean")];
    const FIRST: &[(&str, &str)] = &[("first", "Int"), ("last", "Int")];
    let (arguments, gives, is_object) = match (on, field) {
        ("Query", "repository") => (REPOSITORY, "Repository", true),
        ("Query", "rateLimit") => (NONE, "RateLimit", true),
        ("Query", "viewer") => (NONE, "User", true),
        ("Repository", "pullRequest") => (&[("number", "Int!")][..], "PullRequest", true),
        ("PullRequest", "labels") => (FIRST, "LabelConnection", true),
        ("LabelConnection", "nodes") => (NONE, "Label", true),
        ("LabelConnection", "pageInfo") => (NONE, "PageInfo", true),
        ("PageInfo", "hasNextPage" | "hasPreviousPage")
        | ("PullRequest", "closed" | "merged" | "isDraft" | "locked")
        | ("Repository", "isPrivate" | "isArchived") => (NONE, "Boolean", false),
        ("Repository" | "PullRequest", "id") => (NONE, "ID", false),
        (_, "__typename")
        | ("Repository", "nameWithOwner" | "name")
        | ("PullRequest", "title")
        | ("Label", "name")
        | ("User", "login") => (NONE, "String", false),
        ("Repository" | "PullRequest", "databaseId")
        | ("PullRequest", "number")
        | ("LabelConnection", "totalCount")
        | ("RateLimit", "cost" | "limit" | "remaining" | "used") => (NONE, "Int", false),
        ("PullRequest", "state") => (NONE, "PullRequestState", false),
        ("PullRequest", "createdAt" | "updatedAt" | "closedAt" | "mergedAt")
        | ("RateLimit", "resetAt") => (NONE, "DateTime", false),
        _ => return None,
    };
    Some(Known { arguments, gives, is_object })
}

/// The variables' values put where they are used.
pub(super) fn bind(query: &mut Query, given: &Value) -> Vec<Value> {
    let mut values = BTreeMap::new();
    let mut errors = Vec::new();
    for variable in &query.variables {
        let value = given.get(&variable.name).or(variable.default.as_ref());
        let value = value.cloned().unwrap_or(Value::Null);
        if !fits(&value, &variable.kind) {
            let (name, kind) = (&variable.name, &variable.kind);
            let message = format!("Variable ${name} of type {kind} was provided invalid value");
            errors.push(json!({"message": message, "locations": [place(variable.at)]}));
        }
        values.insert(variable.name.clone(), value);
    }
    query.fields.iter_mut().for_each(|it| put(it, &values, &mut errors));
    errors
}

fn put(field: &mut Field, values: &BTreeMap<String, Value>, errors: &mut Vec<Value>) {
    for (_, input) in &mut field.arguments {
        let Input::Variable(name) = input else { continue };
        match values.get(name) {
            Some(value) => *input = Input::Value(value.clone()),
            None => {
                let message =
                    format!("Variable ${name} is used by anonymous query but not declared");
                let extensions = json!({"code": "variableNotDefined", "variableName": name});
                errors.push(json!({
                    "message": message,
                    "locations": [place(field.at)],
                    "extensions": extensions,
                }));
            }
        }
    }
    field.fields.iter_mut().for_each(|it| put(it, values, errors));
}

/// Everything that is wrong with these fields of a type.
pub(super) fn validate(fields: &[Field], on: &str, path: &[String]) -> Vec<Value> {
    let mut errors = Vec::new();
    let mut seen: BTreeMap<&str, &Field> = BTreeMap::new();
    for field in fields {
        let path: Vec<String> = path.iter().cloned().chain([field.key().to_owned()]).collect();
        let name = &field.name;
        let mut wrong = Vec::new();
        if let Some(other) = seen.insert(field.key(), field)
            && (other.name != *name || other.arguments != field.arguments)
        {
            let message = format!("Field '{}' has an argument conflict", field.key());
            wrong.push(("fieldConflict", message, json!({})));
        }
        if let Some(known) = known(on, name) {
            wrong.extend(wrong_arguments(field, &known));
            wrong.extend(wrong_selection(field, &known));
            if known.is_object {
                errors.extend(validate(&field.fields, known.gives, &path));
            }
        } else {
            let message = format!("Field '{name}' doesn't exist on type '{on}'");
            let more = json!({"typeName": on, "fieldName": name});
            wrong.push(("undefinedField", message, more));
        }
        errors.extend(wrong.into_iter().map(|(code, message, mut extensions)| {
            extensions["code"] = json!(code);
            json!({
                "path": path,
                "extensions": extensions,
                "locations": [place(field.at)],
                "message": message,
            })
        }));
    }
    errors
}

/// A code, a message, and what else there is to say about it.
type Wrong = (&'static str, String, Value);

fn wrong_arguments(field: &Field, known: &Known) -> Vec<Wrong> {
    let name = &field.name;
    let mut wrong = Vec::new();
    for (argument, _) in &field.arguments {
        if known.arguments.iter().all(|(it, _)| it != argument) {
            let message = format!("Field '{name}' doesn't accept argument '{argument}'");
            wrong.push(("argumentNotAccepted", message, json!({"argumentName": argument})));
        }
    }
    for (argument, kind) in known.arguments {
        let value = field.argument(argument);
        if value.is_none() && kind.ends_with('!') {
            let message = format!("Field '{name}' is missing required arguments: {argument}");
            wrong.push(("missingRequiredArguments", message, json!({"arguments": argument})));
        } else if let Some(value) = value.filter(|it| !fits(it, kind)) {
            let message = format!(
                "Argument '{argument}' on Field '{name}' has an invalid value ({value}). \
                 Expected type '{kind}'."
            );
            wrong.push(("argumentLiteralsIncompatible", message, json!({})));
        }
    }
    wrong
}

fn wrong_selection(field: &Field, known: &Known) -> Option<Wrong> {
    let (name, gives) = (&field.name, known.gives);
    let message = match (known.is_object, field.fields.is_empty()) {
        (true, true) => format!(
            "Field must have selections (field '{name}' returns {gives} but has no selections. \
             Did you mean '{name} {{ ... }}'?)"
        ),
        (false, false) => format!(
            "Selections can't be made on scalars (field '{name}' returns {gives} but has \
             selections)"
        ),
        _ => return None,
    };
    Some(("selectionMismatch", message, json!({"nodeName": name})))
}

pub(super) fn place(at: At) -> Value {
    json!({"line": at.line, "column": at.column})
}

/// Whether this is a value of this type: `Int!`.
fn fits(value: &Value, kind: &str) -> bool {
    match (value, kind.trim_end_matches('!')) {
        (Value::Null, _) => !kind.ends_with('!'),
        // "Int … represents a signed 32-bit numeric non-fractional value."
        (value, "Int") => value.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
        (value, "Boolean") => value.is_boolean(),
        (value, "String" | "ID") => value.is_string(),
        _ => false,
    }
}
