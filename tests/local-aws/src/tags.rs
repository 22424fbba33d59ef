//! Tags as most services list them: `Key` and `Value`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a resource is tagged with.
pub(crate) type Tags = BTreeMap<String, String>;

/// Why tags are refused; each service has its own codes for that.
#[derive(Debug)]
pub(crate) enum Refused {
    TooMany,
    Invalid(String),
}

/// AWS: "Maximum number of tags per resource - 50".
const MOST: usize = 50;

/// The tags of a list of `Key` and `Value`, whatever they are.
pub(crate) fn tag_map(list: &Value) -> Tags {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = list.as_array().into_iter().flatten();
    list.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect()
}

/// The tags of a request, given as a list.
pub(crate) fn read(list: &Value) -> Result<Tags, Refused> {
    let mut tags = Tags::new();
    add(&mut tags, list)?;
    Ok(tags)
}

/// Adds the tags of a list to those that are there, all or none.
///
/// AWS: "Maximum key length - 128 … Maximum value length - 256 … Do not use aws: … as a prefix".
pub(crate) fn add(tags: &mut Tags, list: &Value) -> Result<(), Refused> {
    let mut all = tags.clone();
    for (key, value) in tag_map(list) {
        if key.is_empty() || key.chars().count() > 128 || key.to_lowercase().starts_with("aws:") {
            return Err(Refused::Invalid(format!("The tag key '{key}' is not valid.")));
        }
        if value.chars().count() > 256 {
            return Err(Refused::Invalid(format!("The value of the tag '{key}' is too long.")));
        }
        all.insert(key, value);
    }
    if all.len() > MOST {
        return Err(Refused::TooMany);
    }
    *tags = all;
    Ok(())
}

/// Takes away the tags of these keys, as far as they are there.
pub(crate) fn remove(tags: &mut Tags, keys: &Value) {
    for key in keys.as_array().into_iter().flatten().filter_map(Value::as_str) {
        tags.remove(key);
    }
}

/// The list of `Key` and `Value` that shows these tags.
pub(crate) fn tag_list(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}
