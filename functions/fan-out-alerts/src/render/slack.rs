//! Slack: a header over a coloured attachment, for an incoming webhook and for `chat.postMessage`.

use serde_json::{Value, json};

use super::text::{Dialect, Room, defuse, in_code, plain, utf16};
use super::{Look, View};
use crate::{Link, Notice};

/// `&`, `<` and `>` are all that mrkdwn gives a meaning to that could do harm.
const MRKDWN: Dialect = Dialect { cost: utf16, escape: |grapheme, _| escape(grapheme) };
const CODE: Dialect = Dialect { cost: utf16, escape: |grapheme, _| in_code(&escape(grapheme)) };
const PLAIN: Dialect = Dialect { cost: utf16, escape: plain };

/// Slack's own limit of a section is 3,000 characters, and about 13,200 of a message, which it doesn't
/// document. These and the links make less than 10,000.
const HEADER: usize = 150;
const FALLBACK: usize = 250;
const TEXT: usize = 2500;
const FIELDS: Room = Room { many: 20, name: 100, value: 600, whole: 2000, around: 3 };
const LINES: usize = 2000;
const LINKS: usize = 2500;
const FOOTER: usize = 400;

/// The notice as Slack's JSON.
#[must_use]
pub fn slack(notice: &Notice, look: &Look<'_>) -> Value {
    let view = View::of(notice, look);
    json!({
        // Where blocks can't be shown: in a notification, on a watch.
        "text": fallback(&view),
        "blocks": [{
            "type": "header",
            "text": {"type": "plain_text", "text": PLAIN.fit(&defuse(&view.headline()), HEADER), "emoji": true},
        }],
        "attachments": [{"color": format!("#{:06x}", view.color()), "blocks": blocks(&view)}],
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn fallback(view: &View) -> String {
    let why = view.text.lines().next().unwrap_or_default();
    let whole =
        if why.is_empty() { view.headline() } else { format!("{}: {why}", view.headline()) };
    MRKDWN.fit(&defuse(&whole), FALLBACK)
}

fn blocks(view: &View) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !view.text.is_empty() {
        blocks.push(section(&MRKDWN.fit(&defuse(&view.text), TEXT)));
    }
    blocks.extend(fields(view));
    if !view.lines.is_empty() {
        let lines: Vec<_> = view.lines.iter().map(|line| defuse(line)).collect();
        blocks.push(section(&format!("```\n{}\n```", CODE.tail(&lines, LINES).join("\n"))));
    }
    let links = links(view);
    if !links.is_empty() {
        blocks.push(section(&links));
    }
    let footer = PLAIN.fit(&defuse(&view.footer.join(" · ")), FOOTER);
    blocks.push(json!({
        "type": "context",
        "elements": [{"type": "plain_text", "text": footer, "emoji": false}],
    }));
    blocks
}

fn section(mrkdwn: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}})
}

/// A section holds ten.
fn fields(view: &View) -> Vec<Value> {
    let defused: Vec<_> =
        view.fields.iter().map(|(name, value)| (defuse(name), defuse(value))).collect();
    let fields: Vec<_> = MRKDWN
        .fields(&defused, &FIELDS)
        .into_iter()
        .map(|(name, value)| json!({"type": "mrkdwn", "text": format!("*{name}*\n{value}")}))
        .collect();
    fields.chunks(10).map(|ten| json!({"type": "section", "fields": ten})).collect()
}

/// The whole event comes last, and has its room before any other.
fn links(view: &View) -> String {
    let full = view.full.as_ref().map(link);
    let mut left = LINKS - full.as_deref().map_or(0, utf16);
    let mut links = Vec::new();
    for link in view.links.iter().map(link) {
        let cost = utf16(&link) + 3;
        if cost <= left {
            left -= cost;
            links.push(link);
        }
    }
    links.extend(full);
    links.join(" · ")
}

fn link(link: &Link) -> String {
    format!("<{}|{}>", escape(&link.url), MRKDWN.fit(&defuse(&link.title), 80))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
