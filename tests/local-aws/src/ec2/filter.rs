//! `Filter.N`: all filters have to fit, each with any one of its values.

use std::collections::BTreeMap;

use serde_json::Value;

use super::invalid;
use crate::wire::{AwsError, texts};

/// Whether something with these tags and these properties is asked for.
pub(super) fn fits(
    input: &Value,
    tags: Option<&BTreeMap<String, String>>,
    property: impl Fn(&str) -> Option<Vec<String>>,
) -> Result<bool, AwsError> {
    for filter in input["Filter"].as_array().into_iter().flatten() {
        let name = filter["Name"].as_str().unwrap_or_default();
        let seen: Vec<String> = match (name, name.strip_prefix("tag:")) {
            (_, Some(key)) => tags.and_then(|it| it.get(key)).into_iter().cloned().collect(),
            ("tag-key", _) => tags.into_iter().flat_map(BTreeMap::keys).cloned().collect(),
            _ => {
                property(name).ok_or_else(|| invalid(format!("The filter '{name}' is invalid")))?
            }
        };
        let wanted = texts(&filter["Value"]);
        if !seen.iter().any(|seen| wanted.iter().any(|wanted| matches(wanted, seen))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// AWS, of one of these filters: "You can use the * wildcard to match zero or more characters, or
/// the ? wildcard to match zero or one character."
fn matches(pattern: &str, text: &str) -> bool {
    fn from(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|skipped| from(rest, &text[skipped..])),
            (['?', rest @ ..], _) => (0..=text.len().min(1)).any(|it| from(rest, &text[it..])),
            ([one, rest @ ..], [other, text @ ..]) => one == other && from(rest, text),
            _ => false,
        }
    }
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    from(&pattern, &text)
}
