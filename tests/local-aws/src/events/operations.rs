//! `EventBridge`'s operations on rules, targets and events.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Rule, pattern, put, rule_arn, schedule::Expression, tags, timer};
use crate::lambda;
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{ACCOUNT, REGION, World, unknown};

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    if !matches!(call.operation.as_str(), "PutEvents" | "TestEventPattern") {
        only_default_bus(input)?;
    }
    let answer = match call.operation.as_str() {
        "ListEventBuses" => Ok(json!({"EventBuses": [{
            "Name": "default",
            "Arn": format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"),
        }]})),
        "PutRule" => put_rule(world, input),
        "DescribeRule" => describe_rule(world, input),
        "ListRules" => list_rules(world, input),
        "DeleteRule" => delete_rule(world, input),
        "EnableRule" => switch(world, input, true),
        "DisableRule" => switch(world, input, false),
        "PutTargets" => put_targets(world, input),
        "ListTargetsByRule" => list_targets(world, input),
        "RemoveTargets" => remove_targets(world, input),
        "TagResource" => tags::add(world, input),
        "ListTagsForResource" => tags::list(world, input),
        "PutEvents" => put_events(world, input),
        "TestEventPattern" => test_pattern(input),
        _ => return Err(unknown(call)),
    };
    answer.map(Reply::Json)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationException", message)
}

fn only_default_bus(input: &Value) -> Result<(), AwsError> {
    match input["EventBusName"].as_str() {
        None | Some("default") => Ok(()),
        Some(arn) if arn.ends_with(":event-bus/default") => Ok(()),
        Some(other) => Err(AwsError::bad(
            "ResourceNotFoundException",
            format!("Event bus {other} does not exist."),
        )),
    }
}

/// A name of a rule or target: "[\.\-_A-Za-z0-9]+", at most 64 characters.
fn name(input: &Value, member: &str) -> Result<String, AwsError> {
    let name = input[member].as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        )));
    }
    Ok(name.to_owned())
}

fn no_rule(name: &str) -> AwsError {
    let message = format!("Rule {name} does not exist on EventBus default.");
    AwsError::bad("ResourceNotFoundException", message)
}

fn put_rule(world: &World, input: &Value) -> Result<Value, AwsError> {
    let name = name(input, "Name")?;
    let (pattern, schedule) =
        (input["EventPattern"].as_str(), input["ScheduleExpression"].as_str());
    // "A rule must contain at least an EventPattern or ScheduleExpression."
    if pattern.is_none() && schedule.is_none() {
        return Err(invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
    }
    let read_pattern =
        pattern.map(pattern::read).transpose().map_err(|reason| bad_pattern(&reason))?;
    let read_schedule = schedule.map(Expression::parse).transpose().map_err(invalid)?;
    if matches!(read_schedule, Some(Expression::At(_))) {
        return Err(invalid("Parameter ScheduleExpression is not valid."));
    }
    let mut description = json!({
        "Name": name,
        "Arn": rule_arn(&name),
        "EventBusName": "default",
        "State": input["State"].as_str().unwrap_or("ENABLED"),
    });
    for member in ["EventPattern", "ScheduleExpression", "Description", "RoleArn"] {
        if let Some(value) = input[member].as_str() {
            description[member] = json!(value);
        }
    }
    let enabled = match description["State"].as_str() {
        Some("DISABLED") => false,
        Some("ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => true,
        _ => return Err(invalid("Parameter State is not valid.")),
    };
    let tags = tags::read(&input["Tags"])?;
    {
        let mut state = world.state();
        if let Some(rule) = state.events.rules.get(&name) {
            unmanaged(rule, &Value::Null)?;
        }
        state.events.generations += 1;
        let generation = state.events.generations;
        // "If you are updating an existing rule, the rule is replaced with what you specify in
        // this PutRule command." Its targets stay. "If you are updating an existing rule, any tags
        // you specify in the PutRule operation are ignored."
        let old = state.events.rules.remove(&name).map(|it| (it.targets, it.tags));
        let (targets, tags) = old.unwrap_or_else(|| (BTreeMap::new(), tags));
        let rule = Rule {
            name: name.clone(),
            pattern: read_pattern,
            schedule: read_schedule,
            enabled,
            description,
            targets,
            tags,
            managed_by: None,
            generation,
        };
        state.events.rules.insert(name.clone(), rule);
    }
    timer::start(world, &name);
    Ok(json!({"RuleArn": rule_arn(&name)}))
}

fn bad_pattern(reason: &str) -> AwsError {
    let message = format!("Event pattern is not valid. Reason: {reason}");
    AwsError::bad("InvalidEventPatternException", message)
}

fn described(rule: &Rule) -> Value {
    let mut description = rule.description.clone();
    description["State"] = json!(if rule.enabled { "ENABLED" } else { "DISABLED" });
    if let Some(service) = &rule.managed_by {
        description["ManagedBy"] = json!(service);
    }
    description
}

/// "If this is a managed rule, created by an AWS service on your behalf, you must specify Force as
/// True to delete the rule." Operations without `Force` have no way.
pub(super) fn unmanaged(rule: &Rule, force: &Value) -> Result<(), AwsError> {
    if rule.managed_by.is_none() || *force == true {
        return Ok(());
    }
    let message = format!("Rule {} is managed by an AWS service.", rule.name);
    Err(AwsError::bad("ManagedRuleException", message))
}

fn describe_rule(world: &World, input: &Value) -> Result<Value, AwsError> {
    let name = name(input, "Name")?;
    let state = world.state();
    let mut answer = state.events.rules.get(&name).map(described).ok_or_else(|| no_rule(&name))?;
    answer["CreatedBy"] = json!(crate::ACCOUNT);
    Ok(answer)
}

fn limit(input: &Value) -> Result<usize, AwsError> {
    match &input["Limit"] {
        Value::Null => Ok(100),
        value => value
            .as_u64()
            .filter(|n| (1..=100).contains(n))
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| {
                invalid(format!("Value '{value}' at 'limit' must be between 1 and 100"))
            }),
    }
}

fn list_rules(world: &World, input: &Value) -> Result<Value, AwsError> {
    let prefix = input["NamePrefix"].as_str().unwrap_or_default();
    let state = world.state();
    let rules = state.events.rules.values().filter(|rule| rule.name.starts_with(prefix));
    let rules: Vec<Value> = rules.map(described).collect();
    let (rules, next) = page(&rules, &input["NextToken"], limit(input)?, "ValidationException")?;
    Ok(with_token(json!({"Rules": rules}), next))
}

fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

/// "Before you can delete the rule, you must remove all targets, using `RemoveTargets`. … If you call
/// delete rule multiple times for the same rule, all calls will succeed."
fn delete_rule(world: &World, input: &Value) -> Result<Value, AwsError> {
    let name = name(input, "Name")?;
    let mut state = world.state();
    if let Some(rule) = state.events.rules.get(&name) {
        unmanaged(rule, &input["Force"])?;
        if !rule.targets.is_empty() {
            return Err(invalid("Rule can't be deleted since it has targets."));
        }
    }
    state.events.rules.remove(&name);
    Ok(json!({}))
}

fn switch(world: &World, input: &Value, enabled: bool) -> Result<Value, AwsError> {
    let name = name(input, "Name")?;
    {
        let mut state = world.state();
        state.events.generations += 1;
        let generation = state.events.generations;
        let rule = state.events.rules.get_mut(&name).ok_or_else(|| no_rule(&name))?;
        unmanaged(rule, &Value::Null)?;
        if rule.enabled == enabled {
            return Ok(json!({}));
        }
        rule.enabled = enabled;
        rule.generation = generation;
    }
    timer::start(world, &name);
    Ok(json!({}))
}

fn put_targets(world: &World, input: &Value) -> Result<Value, AwsError> {
    let rule = name(input, "Rule")?;
    let targets = input["Targets"].as_array().filter(|it| (1..=10).contains(&it.len()));
    let targets = targets.ok_or_else(|| invalid("1 to 10 targets must be specified."))?;
    for target in targets {
        check_target(target)?;
    }
    let mut state = world.state();
    let rule = state.events.rules.get_mut(&rule).ok_or_else(|| no_rule(&rule))?;
    unmanaged(rule, &Value::Null)?;
    let mut failed = Vec::new();
    let mut kept = rule.targets.clone();
    for target in targets {
        let id = target["Id"].as_str().unwrap_or_default();
        let arn = target["Arn"].as_str().unwrap_or_default();
        if !arn.starts_with("arn:aws:lambda:") || lambda::name_of(arn).is_none() {
            failed.push(json!({
                "TargetId": id,
                "ErrorCode": "InvalidArgument",
                "ErrorMessage": "local-aws delivers to the functions of its own account only",
            }));
            continue;
        }
        kept.insert(id.to_owned(), target.clone());
    }
    // "Each rule can have up to five (5) targets associated with it at one time."
    if kept.len() > 5 {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(AwsError::bad("LimitExceededException", message));
    }
    rule.targets = kept;
    Ok(json!({"FailedEntryCount": failed.len(), "FailedEntries": failed}))
}

fn check_target(target: &Value) -> Result<(), AwsError> {
    let id = name(target, "Id")?;
    if target["Arn"].as_str().is_none_or(str::is_empty) {
        return Err(invalid(format!("Parameter Arn of target {id} is not valid.")));
    }
    // "Input, InputPath, and InputTransformer are mutually exclusive and optional parameters of a
    // target."
    let inputs = ["Input", "InputPath", "InputTransformer"];
    if inputs.iter().filter(|it| !target[**it].is_null()).count() > 1 {
        return Err(invalid(format!(
            "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
        )));
    }
    if let Some(text) = target["Input"].as_str()
        && serde_json::from_str::<Value>(text).is_err()
    {
        return Err(invalid(format!("JSON syntax error in input for target {id}")));
    }
    if target["InputPath"].as_str().is_some_and(|path| !path.starts_with('$')) {
        return Err(invalid(format!("Reason: InputPath for target {id} is invalid.")));
    }
    if !target["InputTransformer"].is_null() {
        return Err(invalid("local-aws lacks InputTransformer; use Input or InputPath"));
    }
    Ok(())
}

fn list_targets(world: &World, input: &Value) -> Result<Value, AwsError> {
    let rule = name(input, "Rule")?;
    let state = world.state();
    let rule = state.events.rules.get(&rule).ok_or_else(|| no_rule(&rule))?;
    let targets: Vec<Value> = rule.targets.values().cloned().collect();
    let (targets, next) =
        page(&targets, &input["NextToken"], limit(input)?, "ValidationException")?;
    Ok(with_token(json!({"Targets": targets}), next))
}

fn remove_targets(world: &World, input: &Value) -> Result<Value, AwsError> {
    let rule = name(input, "Rule")?;
    let ids = input["Ids"].as_array().filter(|it| !it.is_empty());
    let ids = ids.ok_or_else(|| invalid("At least one target id must be specified."))?;
    let mut state = world.state();
    let events = &mut state.events;
    let rule = events.rules.get_mut(&rule).ok_or_else(|| no_rule(&rule))?;
    unmanaged(rule, &input["Force"])?;
    let mut failed = Vec::new();
    for id in ids.iter().filter_map(Value::as_str) {
        if events.kept_targets > 0 {
            events.kept_targets -= 1;
            failed.push(json!({
                "TargetId": id,
                "ErrorCode": "ConcurrentModificationException",
                "ErrorMessage": "Too many requests were made at the same time.",
            }));
            continue;
        }
        rule.targets.remove(id);
    }
    Ok(json!({"FailedEntryCount": failed.len(), "FailedEntries": failed}))
}

fn put_events(world: &World, input: &Value) -> Result<Value, AwsError> {
    let entries = input["Entries"].as_array().filter(|it| (1..=10).contains(&it.len()));
    let entries = entries.ok_or_else(|| invalid("1 to 10 entries must be specified."))?;
    let mut failed = 0;
    let mut answers = Vec::new();
    for entry in entries {
        match put_event(world, entry) {
            Ok(id) => answers.push(json!({"EventId": id})),
            Err((code, message)) => {
                failed += 1;
                answers.push(json!({"ErrorCode": code, "ErrorMessage": message}));
            }
        }
    }
    Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
}

fn put_event(world: &World, entry: &Value) -> Result<String, (&'static str, String)> {
    let text = |member: &str| {
        let text = entry[member].as_str().filter(|it| !it.is_empty());
        let wrong =
            || format!("Parameter {member} is not valid. Reason: {member} is a required argument.");
        text.ok_or_else(|| ("InvalidArgument", wrong()))
    };
    let (source, detail_type) = (text("Source")?, text("DetailType")?);
    // "You do not have permissions to publish events with this source onto this event bus."
    if source.starts_with("aws.") {
        let message = format!("Not authorized for the source: {source}");
        return Err(("NotAuthorizedForSourceException", message));
    }
    let detail: Option<Value> = serde_json::from_str(text("Detail")?).ok();
    let Some(detail) = detail.filter(Value::is_object) else {
        return Err(("MalformedDetail", "Detail is malformed.".to_owned()));
    };
    if only_default_bus(entry).is_err() {
        // AWS accepts such an event and drops it: nothing on that bus can match.
        return Ok(uuid::Uuid::new_v4().to_string());
    }
    let resources = entry["Resources"].as_array().into_iter().flatten();
    let resources = resources.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    Ok(put(world, source, detail_type, resources, detail))
}

fn test_pattern(input: &Value) -> Result<Value, AwsError> {
    let pattern = input["EventPattern"].as_str().unwrap_or_default();
    let pattern = pattern::read(pattern).map_err(|reason| bad_pattern(&reason))?;
    let event: Value = input["Event"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| invalid("Parameter Event is not valid."))?;
    // "… and the following fields are mandatory: id, account, source, time, region, resources,
    // detail-type".
    const REQUIRED: [&str; 7] =
        ["id", "account", "source", "time", "region", "resources", "detail-type"];
    if let Some(missing) = REQUIRED.iter().find(|it| event[**it].is_null()) {
        return Err(invalid(format!("Parameter Event is not valid. Reason: {missing} is missing")));
    }
    Ok(json!({"Result": pattern::matches(&pattern, &event)}))
}
