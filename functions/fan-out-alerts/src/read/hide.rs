//! What nobody should read in a chat room: passwords, tokens, signatures.

use serde_json::Value;

use crate::notice::{Field, Notice};

/// The notice without them. Our own alerts come without any, but a task that could not be pulled has
/// a signed address in its reason, and a document by hand may have anything.
pub(super) fn hidden(notice: Notice) -> Notice {
    let field = |it: Field| Field { value: value_of(&it.name, &it.value), ..it };
    Notice {
        title: alert::redact(&notice.title),
        text: alert::redact(&notice.text),
        fields: notice.fields.into_iter().map(field).collect(),
        lines: notice.lines.iter().map(|it| alert::redact(it)).collect(),
        original: everywhere(notice.original),
        ..notice
    }
}

/// Every text within; a member's name may be all that tells what its text is.
fn everywhere(value: Value) -> Value {
    match value {
        Value::String(text) => alert::redact(&text).into(),
        Value::Array(values) => values.into_iter().map(everywhere).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| match value {
                Value::String(text) => {
                    let text = value_of(&name, &text);
                    (name, text.into())
                }
                other => (name, everywhere(other)),
            };
            members.into_iter().map(member).collect()
        }
        other => other,
    }
}

/// A text that has a name.
fn value_of(name: &str, text: &str) -> String {
    // As it would be written: `token=…` is a secret whatever the token looks like.
    let written = alert::redact(&format!("{}=x", name.replace(' ', "_")));
    if !text.is_empty() && written.ends_with("=[redacted]") {
        return "[redacted]".to_owned();
    }
    alert::redact(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_are() {
        let notice = Notice {
            title: "Pull failed".into(),
            text: "GET https://s3.example/x?X-Amz-Signature=hidden: 403".into(),
            fields: vec![
                Field { name: "Session token".into(), value: "hidden".into() },
                Field { name: "Service".into(), value: "web".into() },
            ],
            lines: vec!["PASSWORD=hidden".into()],
            original: json!({"a": [{"secretAccessKey": "hidden", "b": "token: hidden"}], "c": 7}),
            ..Notice::default()
        };
        let told = json!(hidden(notice)).to_string();
        assert!(!told.contains("hidden"), "{told}");
        assert!(told.contains("Pull failed") && told.contains("web") && told.contains('7'));
    }
}
