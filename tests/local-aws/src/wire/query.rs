//! The query protocol's names: `Tags.member.1.Key` is a path into a structure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What the flat parameters of a request mean.
#[derive(Default)]
struct Node {
    text: Option<String>,
    members: BTreeMap<String, Node>,
}

/// The structure that flat parameters describe: lists come as `member.N` (or another name for
/// their items), with EC2 as `N` alone; maps as `entry.N.key` and `entry.N.value` (for message
/// attributes `Name` and `Value`).
pub(super) fn structure(body: &[u8]) -> Value {
    let mut root = Node::default();
    for (path, text) in url::form_urlencoded::parse(body) {
        let mut node = &mut root;
        for name in path.split('.') {
            node = node.members.entry(name.to_owned()).or_default();
        }
        node.text = Some(text.into_owned());
    }
    value(&root)
}

fn value(node: &Node) -> Value {
    if let (Some(text), true) = (&node.text, node.members.is_empty()) {
        return json!(text);
    }
    let only = match node.members.len() {
        1 => node.members.iter().next(),
        _ => None,
    };
    match only {
        Some((name, map)) if name == "entry" => {
            numbered(map).into_iter().filter_map(entry).collect::<Map<_, _>>().into()
        }
        Some((name, list)) if !is_number(name) && is_list(list) => items(list),
        _ if is_list(node) => items(node),
        _ => {
            let members = node.members.iter().map(|(name, node)| (name.clone(), value(node)));
            members.collect::<Map<_, _>>().into()
        }
    }
}

fn is_number(name: &str) -> bool {
    name.parse::<u32>().is_ok()
}

fn is_list(node: &Node) -> bool {
    !node.members.is_empty() && node.members.keys().all(|name| is_number(name))
}

fn items(list: &Node) -> Value {
    numbered(list).into_iter().map(value).collect()
}

/// The items `1`, `2`, … in the order of their numbers: as text, `10` would come before `2`.
fn numbered(list: &Node) -> Vec<&Node> {
    let mut items: Vec<(u32, &Node)> =
        list.members.iter().filter_map(|(n, node)| Some((n.parse().ok()?, node))).collect();
    items.sort_by_key(|(n, _)| *n);
    items.into_iter().map(|(_, node)| node).collect()
}

fn entry(node: &Node) -> Option<(String, Value)> {
    let part =
        |lower: &str, upper: &str| node.members.get(lower).or_else(|| node.members.get(upper));
    let key = part("key", "Name")?.text.clone()?;
    Some((key, part("value", "Value").map_or(Value::Null, value)))
}

/// A boolean of the query protocol is text; called directly it may be one.
pub(crate) fn is_true(value: &Value) -> bool {
    *value == json!(true) || *value == json!("true")
}

/// A number of the query protocol is text; called directly it may be one.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_parameters_become_lists_and_entries_become_maps() {
        let body = "Action=Publish&Message=a%20b&MessageAttributes.entry.1.Name=kind&\
                    MessageAttributes.entry.1.Value.DataType=String&\
                    MessageAttributes.entry.1.Value.StringValue=x&\
                    Tags.member.10.Key=last&Tags.member.2.Key=first&\
                    Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=Q";
        let expected = json!({
            "Action": "Publish",
            "Message": "a b",
            "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}},
            "Tags": [{"Key": "first"}, {"Key": "last"}],
            "Attributes": {"DisplayName": "Q"},
        });
        assert_eq!(structure(body.as_bytes()), expected);
    }

    #[test]
    fn a_list_may_name_its_items_or_be_flat() {
        let body = "Action=RunInstances&InstanceId.1=i-1&InstanceId.2=i-2&\
                    Filter.1.Name=tag%3Apr&Filter.1.Value.1=12&\
                    Tags.Tag.1.Key=pr&Tags.Tag.1.Value=12&Placement.AvailabilityZone=eu-west-2a";
        let expected = json!({
            "Action": "RunInstances",
            "InstanceId": ["i-1", "i-2"],
            "Filter": [{"Name": "tag:pr", "Value": ["12"]}],
            "Tags": [{"Key": "pr", "Value": "12"}],
            "Placement": {"AvailabilityZone": "eu-west-2a"},
        });
        assert_eq!(structure(body.as_bytes()), expected);
    }
}
