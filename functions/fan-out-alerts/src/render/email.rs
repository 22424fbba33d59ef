//! Email, by way of a topic of SNS: a subject and plain text.

use super::text::{self, Dialect, Room, plain};
use super::{Look, View, severity};
use crate::{Notice, Status};

const PLAIN: Dialect = Dialect { cost: text::bytes, escape: plain };

/// A subject of SNS has less than 100 characters, all of them ASCII.
const SUBJECT: usize = 99;
/// These make less than 200,000 bytes, of which SNS takes 262,144.
const TITLE: usize = 2000;
const TEXT: usize = 50_000;
const FIELDS: Room = Room { many: 300, name: 500, value: 10_000, whole: 50_000, around: 3 };
const LINES: usize = 30_000;
const FOOTER: usize = 2000;

/// The notice as a subject and a body.
#[must_use]
pub fn email(notice: &Notice, look: &Look<'_>) -> (String, String) {
    let view = View::of(notice, look);
    (subject(&view), body(&view))
}

fn subject(view: &View) -> String {
    let word = match view.status {
        Status::Resolved => "resolved",
        Status::Firing | Status::Info => severity(view.severity),
    };
    let whole = format!("[{}] {}", word.to_uppercase(), ascii(&view.title));
    if whole.len() <= SUBJECT {
        return whole;
    }
    whole.chars().take(SUBJECT - 3).collect::<String>().trim_end().to_owned() + "..."
}

/// What a typographer would write in ASCII, and `?` for as much else as there is in a row.
fn ascii(title: &str) -> String {
    let mut out = String::new();
    let mut unknown = false;
    for character in title.chars() {
        let known = match character {
            '‘' | '’' => "'",
            '“' | '”' | '«' | '»' => "\"",
            '‐'..='―' | '−' => "-",
            '…' => "...",
            '→' => "->",
            '≤' => "<=",
            '≥' => ">=",
            '·' | '•' => "*",
            character if character.is_ascii() => {
                out.push(character);
                unknown = false;
                continue;
            }
            _ if unknown => continue,
            _ => {
                unknown = true;
                out.push('?');
                continue;
            }
        };
        unknown = false;
        out.push_str(known);
    }
    let readable = out.chars().any(|it| it.is_ascii_alphanumeric());
    if readable { out } else { "Alert".to_owned() }
}

/// A blank line between the parts.
fn body(view: &View) -> String {
    let lines: Vec<_> =
        PLAIN.tail(&view.lines, LINES).iter().map(|line| format!("  {line}")).collect();
    let fields: Vec<_> = PLAIN
        .fields(&view.fields, &FIELDS)
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let links: Vec<_> = view
        .links
        .iter()
        .take(15)
        .chain(&view.full)
        .map(|link| format!("{}: {}", PLAIN.fit(&link.title, 500), link.url))
        .collect();
    let parts = [
        PLAIN.fit(&view.headline(), TITLE),
        PLAIN.fit(&view.text, TEXT),
        fields.join("\n"),
        lines.join("\n"),
        links.join("\n"),
        PLAIN.fit(&view.footer.join(" · "), FOOTER),
    ];
    let said: Vec<_> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    said.join("\n\n") + "\n"
}
