//! Which secret, and which part of it.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::Secret;

/// Which secret: its name or ARN, and after a `#` a member of it, if it is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// The name or ARN.
    pub id: String,
    /// The member.
    pub key: Option<String>,
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (id, key) = match text.split_once('#') {
            Some((id, key)) => (id, Some(key.to_owned())),
            None => (text.as_str(), None),
        };
        // A value where a name belongs would be told in errors.
        let is_key = id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit());
        let is_token = ["xox", "whsec_", "ghp_", "ghs_", "gho_", "github_pat_"]
            .iter()
            .any(|it| id.starts_with(it));
        let is_value = id.contains("://") || id.starts_with('{') || is_key || is_token;
        let is_name = id.chars().all(|it| it.is_ascii_alphanumeric() || "/_+=.@:-".contains(it));
        if id.is_empty() || id.len() > 2048 || is_value || !is_name || key.as_deref() == Some("") {
            return Err("expected the name or ARN of a secret, such as alerts/slack or \
                        alerts#slack, not its value"
                .to_owned());
        }
        Ok(Self { id: id.to_owned(), key })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            None => f.write_str(&self.id),
            Some(key) => write!(f, "{}#{key}", self.id),
        }
    }
}

impl Reference {
    /// The value in a secret's text: plain, or a member of a JSON object. Quotes and line breaks around
    /// it are what people leave there by accident.
    ///
    /// # Errors
    /// It is not there; the error names the secret and never its content.
    pub(crate) fn pick(&self, text: &str) -> Result<Secret, String> {
        let text = text.trim().trim_start_matches('\u{feff}');
        let object = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        };
        let found = match (&self.key, object) {
            (Some(key), Some(object)) => object.get(key).and_then(told).ok_or_else(|| {
                let names: Vec<&str> = object.keys().map(String::as_str).collect();
                format!("secret {self} has no text member {key}; it has {}", names.join(", "))
            }),
            (Some(key), None) => {
                Err(format!("secret {self} is no JSON object and so has no member {key}"))
            }
            (None, Some(object)) => {
                let mut texts = object.values().filter_map(Value::as_str);
                match (texts.next(), texts.next()) {
                    (Some(only), None) => Ok(only.to_owned()),
                    _ => Err(format!(
                        "secret {self} is a JSON object; say which member, as in {self}#webhook"
                    )),
                }
            }
            (None, None) => Ok(text.to_owned()),
        }?;
        let value = found.trim().trim_matches(['"', '\'']).trim();
        if value.is_empty() {
            Err(format!("secret {self} is empty"))
        } else {
            Ok(Secret::new(value))
        }
    }
}

/// The value of a member: people write numbers without quotes.
fn told(member: &Value) -> Option<String> {
    match member {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> Reference {
        Reference::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_reference_is_a_name_and_never_a_value() {
        assert_eq!(reference("alerts/slack").to_string(), "alerts/slack");
        let arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:alerts-a1b2c3#slack";
        assert_eq!(reference(arn).key.as_deref(), Some("slack"));
        for value in [
            "xoxb-1-xyz",
            "whsec_xyz",
            "ghp_xyz",
            "github_pat_xyz",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert!(Reference::try_from(value.to_owned()).is_err());
        }
        for value in ["", "https://hooks.slack.com/services/T0/B0/xyz", "{\"a\":1}", "a b", "x#"] {
            let error = Reference::try_from(value.to_owned()).unwrap_err();
            assert!(!error.contains("xyz"), "{error}");
        }
    }

    #[test]
    fn values_are_picked_as_people_leave_them() {
        let check = |name: &str, text: &str, expected: &str| {
            let told = match reference(name).pick(text) {
                Ok(secret) => secret.expose().to_owned(),
                Err(why) => why,
            };
            assert!(told.starts_with(expected), "{told}");
            assert!(!told.contains("hidden"), "{told}");
        };
        check("s", "value\n", "value");
        check("s", " \"value\" ", "value");
        check("s", "{\"url\": \"value\"}", "value");
        check("s#b", "{\"a\": \"hidden\", \"b\": \"'value'\\n\"}", "value");
        check("s", "{\"a\": \"hidden\", \"b\": \"hidden\"}", "secret s is a JSON object; say");
        check("s#c", "{\"a\": \"hidden\"}", "secret s#c has no text member c; it has a");
        check("s#c", "hidden", "secret s#c is no JSON object");
        check("s", "  ", "secret s is empty");
        check("s#a", "{\"a\": 7}", "7");
        check("s#a", "{\"a\": [7]}", "secret s#a has no text member a");
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hidden");
        assert_eq!(format!("{secret:?}"), "[secret]");
    }
}
