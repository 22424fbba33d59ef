//! What a person would see of a message, as plain text.

mod markup;

use serde_json::Value;

use super::Receiver;
use markup::{markdown, mrkdwn};

/// What a person sees of a message to this kind of receiver: its texts, without markup, with the
/// addresses of links in brackets.
pub fn shown(kind: &Receiver, message: &Value) -> String {
    let mut lines = Vec::new();
    match kind {
        Receiver::Slack | Receiver::SlackApi => slack(message, &mut lines),
        Receiver::Teams => {
            list(&message["attachments"]).for_each(|it| card(&it["content"], &mut lines));
        }
        Receiver::PagerDuty => event(message, &mut lines),
        Receiver::Discord => discord(message, &mut lines),
        Receiver::Webhook { .. } => lines.push(format!("{message:#}")),
    }
    lines.retain(|it| !it.is_empty());
    lines.join("\n")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A link as people read it; who cannot press it sees where it leads.
fn link(words: &str, address: &str) -> String {
    match (words, address) {
        (words, "") => words.to_owned(),
        ("", address) => address.to_owned(),
        (words, address) if words == address => words.to_owned(),
        (words, address) => format!("{words} ({address})"),
    }
}

/// Where there are blocks, the text is for notifications only.
fn slack(message: &Value, lines: &mut Vec<String>) {
    if list(&message["blocks"]).next().is_none() {
        lines.push(mrkdwn(text(&message["text"])));
    }
    list(&message["blocks"]).for_each(|it| block(it, lines));
    for attachment in list(&message["attachments"]) {
        list(&attachment["blocks"]).for_each(|it| block(it, lines));
        lines.push(mrkdwn(text(&attachment["pretext"])));
        lines.push(link(&mrkdwn(text(&attachment["title"])), text(&attachment["title_link"])));
        lines.push(mrkdwn(text(&attachment["text"])));
        for field in list(&attachment["fields"]) {
            lines.push(mrkdwn(&format!("{}: {}", text(&field["title"]), text(&field["value"]))));
        }
        lines.push(mrkdwn(text(&attachment["footer"])));
    }
}

fn block(block: &Value, lines: &mut Vec<String>) {
    if block["type"] == "markdown" {
        return lines.push(markdown(text(&block["text"])));
    }
    lines.push(text_object(&block["text"]));
    lines.extend(list(&block["fields"]).map(text_object));
    lines.push(pressable(&block["accessory"]));
    let elements = list(&block["elements"]);
    match block["type"].as_str() {
        Some("context") => lines.push(elements.map(text_object).collect::<Vec<_>>().join(" ")),
        Some("rich_text") => lines.extend(elements.map(rich_text)),
        Some("image") => lines.push(text(&block["alt_text"]).to_owned()),
        _ => lines.extend(elements.map(pressable)),
    }
}

/// A text object, or what an image is described as.
fn text_object(object: &Value) -> String {
    match object["type"].as_str() {
        Some("mrkdwn") => mrkdwn(text(&object["text"])),
        Some("image") => text(&object["alt_text"]).to_owned(),
        _ => text(&object["text"]).to_owned(),
    }
}

fn pressable(element: &Value) -> String {
    match element["type"].as_str() {
        Some("button") => link(&text_object(&element["text"]), text(&element["url"])),
        _ => text(&element["alt_text"]).to_owned(),
    }
}

fn rich_text(element: &Value) -> String {
    let own = link(text(&element["text"]), text(&element["url"]));
    list(&element["elements"]).map(rich_text).fold(own, |all, it| all + &it)
}

/// An element of an Adaptive Card, and everything in it.
fn card(element: &Value, lines: &mut Vec<String>) {
    match element["type"].as_str() {
        Some("TextBlock") => lines.push(markdown(text(&element["text"]))),
        Some("RichTextBlock") => {
            let words = |it: &Value| it.as_str().unwrap_or(text(&it["text"])).to_owned();
            lines.push(list(&element["inlines"]).map(words).collect());
        }
        Some("FactSet") => lines.extend(list(&element["facts"]).map(|it| {
            format!("{}: {}", markdown(text(&it["title"])), markdown(text(&it["value"])))
        })),
        Some("Image") => lines.push(text(&element["altText"]).to_owned()),
        Some(action) if action.starts_with("Action.") => {
            lines.push(link(text(&element["title"]), text(&element["url"])));
        }
        _ => {}
    }
    for inner in ["body", "items", "columns", "rows", "cells", "actions"] {
        list(&element[inner]).for_each(|it| card(it, lines));
    }
}

fn event(event: &Value, lines: &mut Vec<String>) {
    let payload = &event["payload"];
    let (severity, source) = (text(&payload["severity"]), text(&payload["source"]));
    lines.push(format!("{} ({severity}, {source})", text(&payload["summary"])));
    lines.extend(list(&event["links"]).map(|it| link(text(&it["text"]), text(&it["href"]))));
}

fn discord(message: &Value, lines: &mut Vec<String>) {
    lines.push(markdown(text(&message["content"])));
    for embed in list(&message["embeds"]) {
        lines.push(text(&embed["author"]["name"]).to_owned());
        lines.push(link(&markdown(text(&embed["title"])), text(&embed["url"])));
        lines.push(markdown(text(&embed["description"])));
        lines.extend(list(&embed["fields"]).map(|it| {
            format!("{}: {}", markdown(text(&it["name"])), markdown(text(&it["value"])))
        }));
        lines.push(text(&embed["footer"]["text"]).to_owned());
    }
}
