//! Text without the marks that make it bold or a link: Slack's `mrkdwn`, and Markdown.

use super::link;

/// Slack's own markup: `<https://…|words>`, `<!channel>`, `*bold*`, and three escaped characters.
pub(super) fn mrkdwn(text: &str) -> String {
    let mut parts = text.split('<');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('>') {
            Some((inside, after)) => plain = plain + &reference(inside) + after,
            None => plain = plain + "<" + part,
        }
    }
    let plain = without_emphasis(&plain, false);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands between `<` and `>`.
fn reference(inside: &str) -> String {
    let (target, words) = inside.split_once('|').unwrap_or((inside, ""));
    match target.strip_prefix('!') {
        Some(group) => format!("@{}", if words.is_empty() { group } else { words }),
        None if target.starts_with(['@', '#']) => target.to_owned(),
        None => link(words, target),
    }
}

/// Markdown as Teams and Discord know it.
pub(super) fn markdown(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let target = after.split_once("](").and_then(|(words, it)| {
            let (address, after) = it.split_once(')')?;
            Some((words, address, after))
        });
        let is_link =
            |it: &(&str, &str, &str)| !it.0.contains(['[', ']']) && !before.ends_with('\\');
        match target.filter(is_link) {
            Some((words, address, after)) => {
                plain = plain + before + &link(words, address);
                rest = after;
            }
            None => {
                plain = plain + before + "[";
                rest = after;
            }
        }
    }
    without_emphasis(&(plain + rest), true)
}

const MARKS: [char; 4] = ['*', '_', '~', '`'];

/// Removes runs of marks that open before a word and close after one; a lone `*`, or the `_` of
/// `my_service`, stays. Between backticks and in addresses everything stays.
fn without_emphasis(text: &str, escapes: bool) -> String {
    let text: Vec<char> = text.chars().collect();
    let mut plain = String::new();
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let mark = text[at];
        let code = open.last().is_some_and(|it| it.0 == '`');
        if escapes
            && mark == '\\'
            && !code
            && text.get(at + 1).is_some_and(char::is_ascii_punctuation)
        {
            plain.push(text[at + 1]);
            at += 2;
            continue;
        }
        let address = address(&text[at..]);
        if address > 0 {
            plain.extend(&text[at..at + address]);
            at += address;
            continue;
        }
        let run = text[at..].iter().take_while(|it| **it == mark).count();
        let marks = MARKS.contains(&mark) && (!code || mark == '`');
        let closes = marks && open.last() == Some(&(mark, run)) && is_end(&text, at, run);
        if closes {
            open.pop();
        } else if marks && is_begin(&text, at, run) {
            open.push((mark, run));
        } else {
            plain.extend(&text[at..at + run]);
        }
        at += run;
    }
    plain
}

/// How long the address is with which this text begins.
fn address(text: &[char]) -> usize {
    let begins = |it: &str| it.chars().eq(text.iter().copied().take(it.len()));
    let goes_on = |it: &&char| !it.is_whitespace() && !matches!(it, ')' | '*' | '`');
    match begins("https://") || begins("http://") {
        true => text.iter().take_while(goes_on).count(),
        false => 0,
    }
}

fn is_begin(text: &[char], at: usize, run: usize) -> bool {
    let before = at.checked_sub(1).map(|it| text[it]);
    let mark = text[at];
    let rest = &text[at + run..];
    let closed = (0..rest.len()).any(|end| {
        let same = rest[end..].iter().take_while(|it| **it == mark).count();
        let first = end == 0 || rest[end - 1] != mark;
        end > 0 && first && same == run && is_end(rest, end, run)
    });
    let spaced = mark != '`' && rest.first().is_some_and(|it| it.is_whitespace());
    before.is_none_or(|it| !it.is_alphanumeric()) && !spaced && closed
}

fn is_end(text: &[char], at: usize, run: usize) -> bool {
    let before = at.checked_sub(1).map(|it| text[it]);
    let after = text.get(at + run);
    let spaced = text[at] != '`' && before.is_some_and(char::is_whitespace);
    !spaced && after.is_none_or(|it| !it.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{markdown, mrkdwn};

    #[test]
    fn marks_go_and_everything_else_stays() {
        let cases = [
            ("*bold* and _slanted_", "bold and slanted"),
            ("my_service_name 2 * 3 * 4", "my_service_name 2 * 3 * 4"),
            ("`a_*b*_c` &lt;b&gt; &amp;amp;", "a_*b*_c <b> &amp;"),
            ("*<https://a.example/x|Open it>*", "Open it (https://a.example/x)"),
            ("<!channel> <https://a.example> 1 < 2", "@channel https://a.example 1 < 2"),
        ];
        for (given, expected) in cases {
            assert_eq!(mrkdwn(given), expected);
        }
        let cases = [
            ("**bold** [it](https://a.example)", "bold it (https://a.example)"),
            ("**https://a.example/_x_** _y_", "https://a.example/_x_ y"),
            (r"a\_b \*c\* [1] \[x](y)", "a_b *c* [1] [x](y)"),
        ];
        for (given, expected) in cases {
            assert_eq!(markdown(given), expected);
        }
    }
}
