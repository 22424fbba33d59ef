//! Event patterns: which are valid, and which events they match.

use serde_json::{Map, Value};

/// Says what is wrong with a pattern, in AWS's words where they are known.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let pattern: Value =
        serde_json::from_str(text).map_err(|error| format!("Invalid JSON: {error}"))?;
    match &pattern {
        Value::Object(members) if !members.is_empty() => check_object(members)?,
        Value::Object(_) => return Err("Empty objects are not allowed".to_owned()),
        _ => return Err("Filter is not an object".to_owned()),
    }
    Ok(pattern)
}

fn check_object(members: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in members {
        match value {
            Value::Array(choices) if key == "$or" && choices.len() > 1 => {
                for choice in choices {
                    let fields = choice.as_object().ok_or("\"$or\" must hold objects")?;
                    check_object(fields)?;
                }
            }
            Value::Array(tests) if tests.is_empty() => {
                return Err("Empty arrays are not allowed".to_owned());
            }
            Value::Array(tests) => tests.iter().try_for_each(check_test)?,
            Value::Object(inner) if inner.is_empty() => {
                return Err("Empty objects are not allowed".to_owned());
            }
            Value::Object(inner) => check_object(inner)?,
            _ => return Err(format!("\"{key}\" must be an object or an array")),
        }
    }
    Ok(())
}

fn check_test(test: &Value) -> Result<(), String> {
    let Value::Object(test) = test else {
        return match test {
            Value::Array(_) => {
                Err("Match value must be String, number, true, false, or null".into())
            }
            _ => Ok(()),
        };
    };
    let mut entries = test.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err("Only one key allowed in match expression".to_owned());
    };
    let fits = match name.as_str() {
        "prefix" | "suffix" => value.is_string() || value["equals-ignore-case"].is_string(),
        "equals-ignore-case" | "wildcard" => value.is_string(),
        "exists" => value.is_boolean(),
        "numeric" => numeric(value, 0.0).is_some(),
        "anything-but" => anything_but_fits(value),
        _ => return Err(format!("Unrecognized match type {name}")),
    };
    if fits { Ok(()) } else { Err(format!("Value of {name} is not valid: {value}")) }
}

fn anything_but_fits(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Number(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(|it| !it.is_object()),
        Value::Object(test) => {
            const KINDS: [&str; 4] = ["prefix", "suffix", "equals-ignore-case", "wildcard"];
            test.len() == 1 && test.keys().all(|kind| KINDS.contains(&kind.as_str()))
        }
        _ => false,
    }
}

/// Whether the event fulfils every member of the pattern.
pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    let Some(members) = pattern.as_object() else { return false };
    members.iter().all(|(key, wanted)| match wanted {
        Value::Array(choices) if key == "$or" && choices.iter().all(Value::is_object) => {
            choices.iter().any(|choice| matches(choice, event))
        }
        Value::Array(tests) => {
            let found = event.get(key);
            tests.iter().any(|test| field_passes(test, found))
        }
        // In a list of objects in the event, any of them may match.
        nested => match event.get(key) {
            Some(Value::Array(items)) => items.iter().any(|item| matches(nested, item)),
            Some(inner) => matches(nested, inner),
            None => matches(nested, &Value::Null),
        },
    })
}

fn field_passes(test: &Value, found: Option<&Value>) -> bool {
    // "Exists matching only works on leaf nodes. It does not work on intermediate nodes."
    if let Some(wanted) = test["exists"].as_bool() {
        return wanted == found.is_some_and(|it| !it.is_object());
    }
    match found {
        None => false,
        Some(Value::Array(items)) => items.iter().any(|item| value_passes(test, item)),
        Some(value) => value_passes(test, value),
    }
}

fn value_passes(test: &Value, value: &Value) -> bool {
    let Some((kind, wanted)) = test.as_object().and_then(|it| it.iter().next()) else {
        return same(test, value);
    };
    let text = value.as_str();
    match kind.as_str() {
        "prefix" => {
            text.is_some_and(|text| affix(wanted, text, |text, part| text.starts_with(part)))
        }
        "suffix" => text.is_some_and(|text| affix(wanted, text, |text, part| text.ends_with(part))),
        "equals-ignore-case" => {
            text.zip(wanted.as_str()).is_some_and(|(a, b)| a.to_lowercase() == b.to_lowercase())
        }
        "wildcard" => text.zip(wanted.as_str()).is_some_and(|(text, it)| wildcard(it, text)),
        "numeric" => value.as_f64().and_then(|n| numeric(wanted, n)).unwrap_or(false),
        "anything-but" => match wanted {
            Value::Array(items) => items.iter().all(|item| !same(item, value)),
            // A list inside such a test excludes every one of its items.
            Value::Object(inner) => inner.iter().all(|(kind, wanted)| {
                let each = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice);
                each.iter().all(|it| !value_passes(&serde_json::json!({ kind: it }), value))
            }),
            single => !same(single, value),
        },
        _ => false,
    }
}

/// Numbers are equal by value: 300, 300.0 and 3.0e2 are the same.
fn same(wanted: &Value, value: &Value) -> bool {
    match (wanted.as_f64(), value.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => wanted == value,
    }
}

fn affix(wanted: &Value, text: &str, has: fn(&str, &str) -> bool) -> bool {
    match (wanted.as_str(), wanted["equals-ignore-case"].as_str()) {
        (Some(part), _) => has(text, part),
        (None, Some(part)) => has(&text.to_lowercase(), &part.to_lowercase()),
        (None, None) => false,
    }
}

/// `[">", 0, "<=", 5]`; `None` if the comparison itself cannot be read.
fn numeric(comparison: &Value, n: f64) -> Option<bool> {
    let parts = comparison.as_array().filter(|it| matches!(it.len(), 2 | 4))?;
    let mut holds = true;
    for pair in parts.chunks(2) {
        let (operator, bound) = (pair.first()?.as_str()?, pair.get(1)?.as_f64()?);
        holds &= match operator {
            "=" => n == bound,
            "<" => n < bound,
            "<=" => n <= bound,
            ">" => n > bound,
            ">=" => n >= bound,
            _ => return None,
        };
    }
    Some(holds)
}

/// `*` stands for any characters; `\*` and `\\` for themselves.
fn wildcard(pattern: &str, text: &str) -> bool {
    fn from(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['\\', escaped @ ('*' | '\\'), rest @ ..] => {
                text.first() == Some(escaped) && from(rest, &text[1..])
            }
            ['*', rest @ ..] => (0..=text.len()).any(|skipped| from(rest, &text[skipped..])),
            [c, rest @ ..] => text.first() == Some(c) && from(rest, &text[1..]),
        }
    }
    from(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}
