//! Values in words.

use jiff::Timestamp;
use serde_json::Value;

/// One line: no breaks, no runs of spaces.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A moment, to the second.
pub(super) fn when(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// The moment a text tells, as all are written; the text itself if it tells none.
pub(super) fn when_told(text: String) -> String {
    super::message::moment(&text).map(when).unwrap_or(text)
}

/// `90 s`, `5 min`, `2 h`: in the largest unit without a remainder.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        it if it >= 86_400 && it % 86_400 == 0 => format!("{} d", it / 86_400),
        it if it >= 3_600 && it % 3_600 == 0 => format!("{} h", it / 3_600),
        it if it >= 60 && it % 60 == 0 => format!("{} min", it / 60),
        it => format!("{it} s"),
    }
}

/// A name as a person writes it: `deployment_group`, `SERVICE_STEADY_STATE` → `Deployment group` …
pub(super) fn words(name: &str) -> String {
    let words = line(&name.replace(['_', '-'], " ").to_lowercase());
    let mut characters = words.chars();
    characters.next().map(|it| it.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// What stands after the last slash, or the whole.
pub(super) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// `web` of `arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8`.
pub(super) fn family(task_definition: &str) -> &str {
    let name = last(task_definition);
    name.split_once(':').map_or(name, |(family, _)| family)
}

/// The value as JSON says it, texts without their quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// Every value with its path, `a.b.c`; a list of plain values is one. What is empty is left out.
pub(super) fn flat(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(String::new(), value, &mut found);
    found
}

fn collect(path: String, value: &Value, found: &mut Vec<(String, String)>) {
    let under =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(members) => {
            members.iter().for_each(|(name, it)| collect(under(name), it, found));
        }
        Value::Array(items) if items.iter().any(|it| it.is_object() || it.is_array()) => {
            items.iter().enumerate().for_each(|(n, it)| collect(under(&n.to_string()), it, found));
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(plain).collect();
            found.extend((!items.is_empty()).then(|| (path, items.join(", "))));
        }
        scalar => {
            let text = plain(scalar);
            found.extend((!text.is_empty()).then_some((path, text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_and_names_are_in_words() {
        let durations = [0, 10, 60, 90, 300, 3_600, 5_400, 86_400].map(duration);
        assert_eq!(durations.join(", "), "0 s, 10 s, 1 min, 90 s, 5 min, 1 h, 90 min, 1 d");
        assert_eq!(words("SERVICE_STEADY_STATE"), "Service steady state");
        assert_eq!(words(""), "");
        assert_eq!(family("arn:aws:ecs:eu-west-2:1:task-definition/web:8"), "web");
    }

    #[test]
    fn values_are_told_with_their_path() {
        let value = json!({"a": {"b": [1, "x"], "c": [{"d": true}], "e": null, "f": []}});
        let flat: Vec<_> =
            flat(&value).into_iter().map(|(name, it)| format!("{name}={it}")).collect();
        assert_eq!(flat, ["a.b=1, x", "a.c.0.d=true"]);
    }
}
