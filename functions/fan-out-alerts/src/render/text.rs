//! Text from anywhere, made safe to show and cut to size between two graphemes.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

/// What tells that something is missing here.
const CUT: &str = "…";
/// Invisible, and enough to make `@here` a word like any other.
const BREAK: char = '\u{200B}';
/// Who is pinged by a word alone.
const EVERYBODY: [&str; 4] = ["channel", "everyone", "group", "here"];

/// How one destination writes a text, and how it counts it.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    /// How long a text is, as the destination counts.
    pub(super) cost: fn(&str) -> usize,
    /// A grapheme as it is written; `true` while a line has had nothing but blanks and digits, which is
    /// where a list or a heading could begin.
    pub(super) escape: fn(&str, bool) -> String,
}

impl Dialect {
    /// As much of the text as costs at most `max`, escaped. `…` stands for the rest.
    pub(super) fn fit(&self, text: &str, max: usize) -> String {
        let room = max.saturating_sub((self.cost)(CUT));
        let (mut out, mut used, mut safe, mut leads) = (String::new(), 0, 0, true);
        for grapheme in text.graphemes(true) {
            let piece = (self.escape)(grapheme, leads);
            used += (self.cost)(&piece);
            if used > max {
                out.truncate(safe);
                out.truncate(out.trim_end().len());
                return if (self.cost)(CUT) > max { out } else { out + CUT };
            }
            out.push_str(&piece);
            if used <= room {
                safe = out.len();
            }
            leads = grapheme == "\n" || leads && grapheme.chars().all(leads_a_line);
        }
        out
    }

    /// The last lines, for that is where a log tells why. One line never takes all the room.
    pub(super) fn tail(&self, lines: &[String], max: usize) -> Vec<String> {
        let newline = (self.cost)("\n");
        let longest = if lines.len() > 1 { max / 2 } else { max };
        // Room for the line that says that there were more.
        let mut left = max.saturating_sub((self.cost)(CUT) + newline);
        let mut kept = Vec::new();
        for line in lines.iter().rev() {
            let line = self.fit(line, longest);
            let cost = (self.cost)(&line) + newline;
            if cost > left {
                break;
            }
            left -= cost;
            kept.push(line);
        }
        if kept.len() < lines.len() && (self.cost)(CUT) + newline <= max {
            kept.push(CUT.to_owned());
        }
        kept.reverse();
        kept
    }

    /// As many fields as there is room for, and a last one that counts the rest.
    pub(super) fn fields(&self, fields: &[(String, String)], room: &Room) -> Vec<(String, String)> {
        let mut kept = Vec::new();
        let mut left = room.whole;
        for (at, (name, value)) in fields.iter().enumerate() {
            let rest = (CUT.to_owned(), format!("and {} more", fields.len() - at));
            let price = |(name, value): &(String, String)| {
                (self.cost)(name) + (self.cost)(value) + room.around
            };
            // The last place is for the last field, or for the note.
            let last = fields.len() == at + 1;
            let spare = if last { 0 } else { price(&rest) };
            let field = (self.fit(name, room.name), self.fit(value, room.value));
            if (kept.len() + 1 >= room.many && !last) || price(&field) + spare > left {
                if price(&rest) <= left {
                    kept.push(rest);
                }
                break;
            }
            left -= price(&field);
            kept.push(field);
        }
        kept
    }
}

/// What there is room for among the fields.
pub(super) struct Room {
    /// How many.
    pub(super) many: usize,
    /// How long a name may be.
    pub(super) name: usize,
    /// How long a value may be.
    pub(super) value: usize,
    /// What all may cost together.
    pub(super) whole: usize,
    /// What one costs besides its name and value.
    pub(super) around: usize,
}

fn leads_a_line(character: char) -> bool {
    character.is_ascii_digit() || character.is_whitespace()
}

/// UTF-16 code units: what Discord counts, and never less than characters, which is what others do.
pub(super) fn utf16(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Bytes of UTF-8.
pub(super) fn bytes(text: &str) -> usize {
    text.len()
}

/// Bytes within a JSON string.
pub(super) fn json(text: &str) -> usize {
    text.chars()
        .map(|character| match character {
            '"' | '\\' | '\n' | '\t' => 2,
            character if character < ' ' => 6,
            character => character.len_utf8(),
        })
        .sum()
}

/// How many bytes a value has as JSON.
pub(super) fn size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What can't be written doesn't fit.
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

/// As it is.
pub(super) fn plain(grapheme: &str, _: bool) -> String {
    grapheme.to_owned()
}

/// Without what can't be seen or would turn the text around: control characters, terminal colours and
/// directional overrides. Every kind of line end becomes `\n`.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\t' => out.push_str("    "),
            // A terminal's colours: `ESC [ 31 m`.
            '\u{1B}' if characters.peek() == Some(&'[') => {
                characters.next();
                while characters.next_if(|it| matches!(it, ' '..='?')).is_some() {}
                characters.next_if(|it| matches!(it, '@'..='~'));
            }
            character if character.is_control() || is_invisible(character) => {}
            character => out.push(character),
        }
    }
    let blank = out.chars().all(|it| it.is_whitespace() || joins(it));
    if blank { String::new() } else { out.trim_matches('\n').trim_end().to_owned() }
}

/// The same in one line.
pub(super) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Directional marks and overrides, and what has no width.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

/// Needed within emoji and some scripts, nothing on its own.
fn joins(character: char) -> bool {
    matches!(character, '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}')
}

/// Every text within, cleaned.
pub(super) fn clean_value(value: &Value) -> Value {
    match value {
        Value::String(text) => clean(text).into(),
        Value::Array(values) => values.iter().map(clean_value).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (one_line(key), clean_value(value))).collect()
        }
        other => other.clone(),
    }
}

/// Without a mention: `@here`, `<@U123>`, `<!channel>` and their like are shown and reach nobody, and
/// `<https://…|text>` is no link.
pub(super) fn defuse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        out.push(character);
        let after = text.get(at + character.len_utf8()..).unwrap_or_default();
        let begins =
            |word: &&str| after.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
        let means = match character {
            '@' => EVERYBODY.iter().any(begins),
            '<' => ["!", "@", "#", "http", "mailto:"].iter().any(begins),
            _ => false,
        };
        if means {
            out.push(BREAK);
        }
    }
    out
}

/// Backticks that can't end a block of code.
pub(super) fn in_code(grapheme: &str) -> String {
    grapheme.replace('`', "`\u{200B}")
}

/// The address, if it is one of a page on the web and says plainly whose: `https:`, no user name, a host
/// of ASCII. Whatever could end a link early is percent-encoded.
pub(super) fn https(url: &str, longest: usize) -> Option<String> {
    let scheme = url.get(..8).filter(|it| it.eq_ignore_ascii_case("https://"))?;
    let rest = url.get(scheme.len()..)?;
    let host = rest.split(['/', '?', '#']).next().filter(|it| !it.is_empty())?;
    let named = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | ':');
    if !host.starts_with(|it: char| it.is_ascii_alphanumeric()) || !host.chars().all(named) {
        return None;
    }
    let mut out = String::from("https://");
    for byte in rest.bytes() {
        if byte.is_ascii_graphic() && !b"<>|\"`\\^{}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string doesn't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    (out.len() <= longest).then_some(out)
}

/// A key of at most 255 characters in one line, and another one for every other key: what is cut away or
/// cleaned off is there as a hash (FNV-1a).
pub(super) fn key(text: &str) -> String {
    let cleaned = one_line(text);
    if cleaned == text && utf16(text) <= 255 {
        return cleaned;
    }
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let head = Dialect { cost: utf16, escape: plain }.fit(&cleaned, 238);
    format!("{head}-{hash:016x}")
}
