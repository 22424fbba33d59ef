//! Microsoft Teams: a message with one Adaptive Card, for the webhook of a workflow.

use serde_json::{Value, json};

use super::text::{self, Dialect, Room, defuse};
use super::{Look, View};
use crate::{Link, Notice, Severity, Status};

/// A `TextBlock` and a fact are Markdown. Counted are the bytes of JSON, for the limit is of the message.
const MARKDOWN: Dialect = Dialect { cost: text::json, escape: markdown };
const PLAIN: Dialect = Dialect { cost: text::json, escape: text::plain };

/// Teams has 28 KB for a message and what it adds to it; a flow that has too much fails where nobody looks.
/// These, the title twice, and 1 KB for what is around them make less than 18,000 bytes.
const TITLE: usize = 600;
const TEXT: usize = 4000;
const FIELDS: Room = Room { many: 30, name: 150, value: 800, whole: 3500, around: 30 };
const LINES: usize = 3500;
const LINKS: usize = 3500;
const FOOTER: usize = 600;

/// The notice as the JSON a workflow posts to a channel.
#[must_use]
pub fn teams(notice: &Notice, look: &Look<'_>) -> Value {
    let view = View::of(notice, look);
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "fallbackText": PLAIN.fit(&view.headline(), TITLE),
                "body": body(&view),
                "actions": actions(&view),
            },
        }],
    })
}

fn body(view: &View) -> Vec<Value> {
    let title = MARKDOWN.fit(&defuse(&view.headline()), TITLE);
    let mut body = vec![json!({
        "type": "Container",
        "style": style(view),
        "bleed": true,
        "items": [{"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Large", "wrap": true}],
    })];
    if !view.text.is_empty() {
        let text = MARKDOWN.fit(&defuse(&view.text), TEXT);
        body.push(json!({"type": "TextBlock", "text": text, "wrap": true}));
    }
    let facts = facts(view);
    if !facts.is_empty() {
        body.push(json!({"type": "FactSet", "facts": facts}));
    }
    if !view.lines.is_empty() {
        let lines: Vec<_> = view.lines.iter().map(|line| indented(&defuse(line))).collect();
        // A line end is two in Markdown, and each is two bytes: `tail` has counted half of them.
        let lines = MARKDOWN.tail(&lines, LINES).join("\n\n");
        body.push(json!({
            "type": "TextBlock", "text": lines, "fontType": "Monospace", "size": "Small", "wrap": true,
        }));
    }
    let footer = MARKDOWN.fit(&defuse(&view.footer.join(" · ")), FOOTER);
    body.push(json!({
        "type": "TextBlock", "text": footer, "isSubtle": true, "size": "Small", "wrap": true,
    }));
    body
}

fn style(view: &View) -> &'static str {
    match (view.status, view.severity) {
        (Status::Resolved, _) => "good",
        (_, Severity::Critical | Severity::Error) => "attention",
        (_, Severity::Warning) => "warning",
        (_, Severity::Info) => "accent",
    }
}

fn facts(view: &View) -> Vec<Value> {
    let defused: Vec<_> =
        view.fields.iter().map(|(name, value)| (defuse(name), defuse(value))).collect();
    MARKDOWN
        .fields(&defused, &FIELDS)
        .into_iter()
        .map(|(title, value)| json!({"title": title, "value": value}))
        .collect()
}

/// At most six, which is what a card shows without a menu. The whole event comes last and is never the one
/// left out.
fn actions(view: &View) -> Vec<Value> {
    let full = view.full.as_ref().map(action);
    let many = if full.is_some() { 5 } else { 6 };
    let mut left = LINKS - full.as_ref().map_or(0, text::size);
    let mut actions = Vec::new();
    for action in view.links.iter().map(action) {
        let cost = text::size(&action) + 1;
        if actions.len() < many && cost <= left {
            left -= cost;
            actions.push(action);
        }
    }
    actions.extend(full);
    actions
}

/// A button's title is no Markdown.
fn action(link: &Link) -> Value {
    json!({"type": "Action.OpenUrl", "title": PLAIN.fit(&link.title, 120), "url": link.url})
}

/// Blanks at the start of a line that Markdown doesn't take away.
fn indented(line: &str) -> String {
    let text = line.trim_start();
    "\u{A0}".repeat(line.chars().count() - text.chars().count()) + text
}

/// A backslash before whatever could form a link, an image, emphasis or code, and at the start of a line a
/// heading, a quotation or a list. A line's end is a paragraph's.
fn markdown(grapheme: &str, leads: bool) -> String {
    if grapheme == "\n" {
        return "\n\n".to_owned();
    }
    let mut out = String::with_capacity(grapheme.len());
    for character in grapheme.chars() {
        if matches!(character, '\\' | '*' | '_' | '[' | ']' | '`' | '~' | '|' | '<')
            || leads && matches!(character, '#' | '>' | '-' | '+' | '=' | '.' | ')' | '(')
        {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
