//! Discord: one embed.

use serde_json::{Map, Value, json};

use super::text::{Dialect, Room, defuse, in_code, plain, utf16};
use super::{Look, View};
use crate::{Link, Notice};

const MARKDOWN: Dialect = Dialect { cost: utf16, escape: markdown };
const CODE: Dialect = Dialect { cost: utf16, escape: |grapheme, _| in_code(grapheme) };
const PLAIN: Dialect = Dialect { cost: utf16, escape: plain };

/// A description has 4,096 code units, and title, description, fields and footer have 6,000 together.
const TITLE: usize = 256;
const TEXT: usize = 1600;
const LINES: usize = 1200;
const LINKS: usize = 700;
const FIELDS: Room = Room { many: 25, name: 100, value: 500, whole: 1800, around: 0 };
const FOOTER: usize = 300;

/// The notice as the JSON of a message nobody is mentioned by.
#[must_use]
pub fn discord(notice: &Notice, look: &Look<'_>) -> Value {
    let view = View::of(notice, look);
    let mut embed = Map::new();
    embed.insert("title".into(), MARKDOWN.fit(&defuse(&view.headline()), TITLE).into());
    // What an address in here costs isn't counted, so that the one of the whole event always has room.
    if let Some(full) = &view.full {
        embed.insert("url".into(), full.url.clone().into());
    }
    embed.insert("color".into(), view.color().into());
    let description = description(&view);
    if !description.is_empty() {
        embed.insert("description".into(), description.into());
    }
    let fields = fields(&view);
    if !fields.is_empty() {
        embed.insert("fields".into(), fields.into());
    }
    let footer = PLAIN.fit(&defuse(&view.footer.join(" · ")), FOOTER);
    embed.insert("footer".into(), json!({"text": footer}));
    json!({"embeds": [embed], "allowed_mentions": {"parse": []}})
}

fn description(view: &View) -> String {
    let mut parts = Vec::new();
    if !view.text.is_empty() {
        parts.push(MARKDOWN.fit(&defuse(&view.text), TEXT));
    }
    if !view.lines.is_empty() {
        let lines: Vec<_> = view.lines.iter().map(|line| defuse(line)).collect();
        parts.push(format!("```\n{}\n```", CODE.tail(&lines, LINES).join("\n")));
    }
    let links = links(view);
    if !links.is_empty() {
        parts.push(links);
    }
    parts.join("\n")
}

fn fields(view: &View) -> Vec<Value> {
    let defused: Vec<_> =
        view.fields.iter().map(|(name, value)| (defuse(name), defuse(value))).collect();
    MARKDOWN
        .fields(&defused, &FIELDS)
        .into_iter()
        .map(|(name, value)| {
            let short = utf16(&value) <= 40;
            json!({"name": name, "value": value, "inline": short})
        })
        .collect()
}

fn links(view: &View) -> String {
    let mut left = LINKS;
    let mut links = Vec::new();
    for link in view.full.iter().chain(&view.links).map(link) {
        let cost = utf16(&link) + 3;
        if cost <= left {
            left -= cost;
            links.push(link);
        }
    }
    links.join(" · ")
}

fn link(link: &Link) -> String {
    // A bracket would end the address.
    let url = link.url.replace('(', "%28").replace(')', "%29");
    format!("[{}]({url})", MARKDOWN.fit(&defuse(&link.title), 80))
}

/// A backslash before whatever forms emphasis, code, a spoiler, a mention or a link, and at the start of a
/// line a heading, a quotation or a list.
fn markdown(grapheme: &str, leads: bool) -> String {
    let mut out = String::with_capacity(grapheme.len());
    for character in grapheme.chars() {
        if matches!(character, '\\' | '*' | '_' | '[' | ']' | '`' | '~' | '|' | '<')
            || leads && matches!(character, '#' | '>' | '-' | '+' | '.')
        {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
