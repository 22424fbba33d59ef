//! The limits of Slack's Block Kit: <https://docs.slack.dev/reference/block-kit/blocks>

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::reply::characters;

type Valid = Result<(), String>;

/// Whether the blocks of a message, and those of its attachments, are ones that Slack takes.
pub(super) fn valid(message: &Value) -> Valid {
    blocks(&message["blocks"])?;
    let attachments = message["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    attachments.iter().try_for_each(|it| blocks(&it["blocks"]))
}

fn blocks(blocks: &Value) -> Valid {
    let Value::Array(items) = blocks else {
        return match blocks {
            Value::Null => Ok(()),
            _ => Err("blocks is no list".to_owned()),
        };
    };
    at_most(items, 50, "blocks")?;
    let mut ids = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let place = |why: String| format!("block {index}: {why}");
        block(item).map_err(place)?;
        if let Some(id) = item["block_id"].as_str()
            && (characters(id) > 255 || !ids.insert(id))
        {
            return Err(place("block_id is too long or there twice".to_owned()));
        }
    }
    Ok(())
}

fn block(block: &Value) -> Valid {
    match block["type"].as_str() {
        Some("section") => section(block),
        Some("header") => text(&block["text"], &["plain_text"], 150),
        Some("context") => {
            let elements = some(&block["elements"], 10, "elements")?;
            elements.iter().try_for_each(|it| match it["type"].as_str() {
                Some("image") => image(it),
                _ => text(it, &["plain_text", "mrkdwn"], 3000),
            })
        }
        Some("actions") => some(&block["elements"], 25, "elements")?.iter().try_for_each(button),
        Some("image") => image(block),
        Some("markdown") => length(&block["text"], 12_000, "text"),
        Some("rich_text") => some(&block["elements"], usize::MAX, "elements").map(|_| ()),
        Some("divider") => Ok(()),
        other => Err(format!("unknown type {}", other.unwrap_or("(none)"))),
    }
}

fn section(block: &Value) -> Valid {
    let (words, fields) = (&block["text"], &block["fields"]);
    if words.is_null() && fields.is_null() {
        return Err("a section has neither text nor fields".to_owned());
    }
    if !words.is_null() {
        text(words, &["plain_text", "mrkdwn"], 3000)?;
    }
    if !fields.is_null() {
        let fields = some(fields, 10, "fields")?;
        fields.iter().try_for_each(|it| text(it, &["plain_text", "mrkdwn"], 2000))?;
    }
    match &block["accessory"] {
        Value::Null => Ok(()),
        accessory if accessory["type"] == "image" => image(accessory),
        accessory => button(accessory),
    }
}

/// An element that people can press; other interactive elements are taken as they are.
fn button(element: &Value) -> Valid {
    match element["type"].as_str() {
        Some("button") => {}
        Some(_) => return Ok(()),
        None => return Err("an element without a type".to_owned()),
    }
    text(&element["text"], &["plain_text"], 75)?;
    for (name, limit) in [("url", 3000), ("value", 2000), ("action_id", 255)] {
        if !element[name].is_null() {
            length(&element[name], limit, name)?;
        }
    }
    Ok(())
}

fn image(image: &Value) -> Valid {
    length(&image["image_url"], 3000, "image_url")?;
    length(&image["alt_text"], 2000, "alt_text")
}

/// A text object.
fn text(object: &Value, kinds: &[&str], limit: usize) -> Valid {
    match object["type"].as_str() {
        Some(kind) if kinds.contains(&kind) => length(&object["text"], limit, "text"),
        _ => Err(format!("a text is not of type {}", kinds.join(" or "))),
    }
}

fn length(text: &Value, limit: usize, name: &str) -> Valid {
    match text.as_str().map(characters) {
        None | Some(0) => Err(format!("{name} is missing or empty")),
        Some(length) if length > limit => Err(format!("{name} is over {limit} characters")),
        Some(_) => Ok(()),
    }
}

fn some<'a>(list: &'a Value, limit: usize, name: &str) -> Result<&'a [Value], String> {
    let items = list.as_array().filter(|it| !it.is_empty());
    let items = items.ok_or_else(|| format!("{name} is missing or empty"))?;
    at_most(items, limit, name)?;
    Ok(items)
}

fn at_most(items: &[Value], limit: usize, name: &str) -> Valid {
    match items.len() > limit {
        true => Err(format!("more than {limit} {name}")),
        false => Ok(()),
    }
}
