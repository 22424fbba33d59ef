//! The words, numbers, texts and marks of a document.

use super::parse::Malformed;

/// A place in a document, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(String),
    Text(String),
    Mark(char),
    End,
}

pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) at: At,
}

/// Everything but white space, commas and comments; at last the end.
pub(super) fn lexemes(text: &str) -> Result<Vec<Lexeme>, Malformed> {
    let mut reader = Reader { rest: text, at: At { line: 1, column: 1 } };
    let mut found = Vec::new();
    loop {
        reader.take_while(|it| it.is_ascii_whitespace() || matches!(it, ',' | '\u{feff}'));
        let at = reader.at;
        let token = match reader.rest.chars().next() {
            None => Token::End,
            Some('#') => {
                reader.take_while(|it| it != '\n');
                continue;
            }
            Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => {
                Token::Name(reader.take_while(|it| it.is_ascii_alphanumeric() || it == '_'))
            }
            Some(digit) if digit.is_ascii_digit() || digit == '-' => {
                let number = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '+' | '.');
                Token::Number(reader.take_while(number))
            }
            Some('"') => Token::Text(reader.text()?),
            Some(mark) if "{}():$!=".contains(mark) => {
                reader.step();
                Token::Mark(mark)
            }
            Some(other) => {
                let words = format!("Expected one of NAME, LCURLY, actual: {other:?} at");
                return Err(Malformed(format!("{words} [{}, {}]", at.line, at.column), at));
            }
        };
        let end = token == Token::End;
        found.push(Lexeme { token, at });
        if end {
            return Ok(found);
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    at: At,
}

impl Reader<'_> {
    fn step(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        self.rest = characters.as_str();
        self.at = match character {
            '\n' => At { line: self.at.line + 1, column: 1 },
            _ => At { column: self.at.column + 1, ..self.at },
        };
        Some(character)
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while self.rest.chars().next().is_some_and(&belongs) {
            taken.extend(self.step());
        }
        taken
    }

    /// In quotes, with the escapes that JSON has too.
    fn text(&mut self) -> Result<String, Malformed> {
        let at = self.at;
        let mut escaped = true;
        let mut raw = String::new();
        while let Some(character) = self.step() {
            raw.push(character);
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => break,
                _ => {}
            }
        }
        let wrong =
            |_| Malformed(format!("Parse error on {raw:?} at [{}, {}]", at.line, at.column), at);
        serde_json::from_str(&raw).map_err(wrong)
    }
}
