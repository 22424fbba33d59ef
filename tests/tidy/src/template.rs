//! `template.yaml`, with the short forms of intrinsic functions written out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

use crate::read;

/// A function of the template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The folder under `functions/` that the template deploys.
    pub name: String,
    /// The variables its settings come in.
    pub environment: BTreeSet<String>,
    /// What its policies allow, e.g. `ecs:RunTask`.
    pub actions: BTreeSet<String>,
    /// What they deny, whatever else they allow.
    pub denied: BTreeSet<String>,
}

/// The template as JSON: `!Ref X` is `{"Ref": "X"}`, the long form of the same.
///
/// # Panics
/// Where the file isn't there or isn't YAML.
pub fn template() -> Value {
    parse(&read("template.yaml"))
}

fn parse(text: &str) -> Value {
    json(yaml_serde::from_str(text).unwrap_or_else(|error| panic!("template.yaml: {error}")))
}

fn json(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Tagged(it) => {
            let name = it.tag.to_string();
            let name = name.trim_start_matches('!');
            let long = if name == "Ref" { name.to_owned() } else { format!("Fn::{name}") };
            json!({ long: json(it.value) })
        }
        Yaml::Mapping(it) => {
            let key = |it: Yaml| it.as_str().unwrap_or_default().to_owned();
            Value::Object(it.into_iter().map(|(k, v)| (key(k), json(v))).collect::<Map<_, _>>())
        }
        Yaml::Sequence(it) => Value::Array(it.into_iter().map(json).collect()),
        plain => serde_json::to_value(plain).unwrap_or_else(|error| panic!("template: {error}")),
    }
}

/// The template as it is deployed while a condition doesn't hold.
#[must_use]
pub fn without(template: &Value, condition: &str) -> Value {
    match template {
        Value::Array(items) => items.iter().map(|it| without(it, condition)).collect(),
        Value::Object(members) => match members.get("Fn::If").and_then(Value::as_array) {
            Some(choice) if choice.first().is_some_and(|it| it == condition) => {
                choice.last().map(|it| without(it, condition)).unwrap_or_default()
            }
            _ => {
                let member = |(name, it): (&String, _)| (name.clone(), without(it, condition));
                Value::Object(members.iter().map(member).collect())
            }
        },
        plain => plain.clone(),
    }
}

/// The functions a template deploys.
pub fn functions_of(template: &Value) -> Vec<Function> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(_, resource)| function(&resource["Properties"]))
        .collect()
}

fn function(properties: &Value) -> Function {
    let code = properties["CodeUri"].as_str().unwrap_or_default();
    let variables = properties["Environment"]["Variables"].as_object();
    let (mut actions, mut denied) = (BTreeSet::new(), BTreeSet::new());
    collect(&properties["Policies"], &mut actions, &mut denied);
    Function {
        name: code.trim_start_matches("target/lambda/").trim_end_matches('/').to_owned(),
        environment: variables.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        actions,
        denied,
    }
}

/// A statement may stand behind an `!If`, so every `Action` below counts.
fn collect(policies: &Value, allowed: &mut BTreeSet<String>, denied: &mut BTreeSet<String>) {
    match policies {
        Value::Array(items) => items.iter().for_each(|it| collect(it, allowed, denied)),
        Value::Object(members) => {
            let effect = members.get("Effect");
            let actions =
                if effect.is_some_and(|it| it == "Deny") { &mut *denied } else { &mut *allowed };
            match members.get("Action") {
                Some(Value::String(one)) => _ = actions.insert(one.clone()),
                Some(Value::Array(several)) => {
                    actions.extend(several.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                _ => members.values().for_each(|it| collect(it, allowed, denied)),
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_read_with_what_stands_behind_a_condition() {
        let template = parse(
            "
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/water-plants/
      Environment: { Variables: { GARDEN: !Ref Garden, TOPIC_ARN: !Sub 'x${Garden}' } }
      Policies:
        - Statement:
            - { Effect: Allow, Action: sns:Publish, Resource: !Ref Topic }
            - !If [Wet, { Action: [s3:GetObject, s3:PutObject] }, !Ref AWS::NoValue]
            - { Effect: Deny, Action: s3:PutObject, Resource: !Ref Garden }
",
        );
        let set = |items: &[&str]| items.iter().map(|it| (*it).to_owned()).collect();
        let expected = Function {
            name: "water-plants".to_owned(),
            environment: set(&["GARDEN", "TOPIC_ARN"]),
            actions: set(&["s3:GetObject", "s3:PutObject", "sns:Publish"]),
            denied: set(&["s3:PutObject"]),
        };
        assert_eq!(functions_of(&template), std::slice::from_ref(&expected));
        let dry = Function { actions: set(&["sns:Publish"]), ..expected.clone() };
        assert_eq!(functions_of(&without(&template, "Wet")), [dry]);
        assert_eq!(functions_of(&without(&template, "Cold")), [expected]);
        let properties = &template["Resources"]["Function"]["Properties"];
        assert_eq!(properties["Environment"]["Variables"]["GARDEN"], json!({ "Ref": "Garden" }));
    }
}
