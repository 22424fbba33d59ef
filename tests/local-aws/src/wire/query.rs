//! The query protocol's names: `Tags.member.1.Key` is a path into a structure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What the flat parameters of a request mean.
#[derive(Default)]
struct Node {
    text: Option<String>,
    members: BTreeMap<String, Node>,
}

/// The structure that flat parameters describe: lists come as `member.N`, maps as
/// `entry.N.key` and `entry.N.value` (for message attributes `Name` and `Value`).
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
        Some((name, list)) if name == "member" => numbered(list).into_iter().map(value).collect(),
        Some((name, map)) if name == "entry" => {
            numbered(map).into_iter().filter_map(entry).collect::<Map<_, _>>().into()
        }
        _ => {
            let members = node.members.iter().map(|(name, node)| (name.clone(), value(node)));
            members.collect::<Map<_, _>>().into()
        }
    }
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
}
