//! As much of GraphQL's grammar as a query for pull requests needs: one query with variables,
//! fields with aliases and arguments, and what is selected of them. Everything else is an error.

use serde_json::Value;

use super::lex::{At, Lexeme, Token, lexemes};

/// Parsed, but with variables that have no value yet.
pub(super) struct Query {
    pub(super) fields: Vec<Field>,
    pub(super) variables: Vec<Variable>,
}

pub(super) struct Variable {
    pub(super) name: String,
    /// As it is written: `Int!`.
    pub(super) kind: String,
    pub(super) default: Option<Value>,
    pub(super) at: At,
}

pub(super) struct Field {
    pub(super) name: String,
    alias: Option<String>,
    pub(super) arguments: Vec<(String, Input)>,
    /// Empty where nothing was selected.
    pub(super) fields: Vec<Field>,
    pub(super) at: At,
}

#[derive(Clone, PartialEq)]
pub(super) enum Input {
    Variable(String),
    Value(Value),
}

/// What is wrong, and where.
pub(super) struct Malformed(pub(super) String, pub(super) At);

impl Field {
    /// What it is called in the answer.
    pub(super) fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// An argument, as soon as variables have values.
    pub(super) fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.iter().find_map(|(it, input)| match input {
            Input::Value(value) if it == name => Some(value),
            _ => None,
        })
    }
}

/// Parses a document with one query.
pub(super) fn parse(text: &str) -> Result<Query, Malformed> {
    let mut parser = Parser { lexemes: lexemes(text)?, next: 0 };
    let mut variables = Vec::new();
    if let Token::Name(kind) = parser.peek() {
        if kind != "query" {
            return Err(parser.unexpected());
        }
        parser.next += 1;
        if let Token::Name(_) = parser.peek() {
            parser.next += 1;
        }
        if parser.skip('(') {
            while !parser.skip(')') {
                variables.push(parser.variable()?);
            }
        }
    }
    let fields = parser.selection()?;
    match parser.peek() {
        Token::End => Ok(Query { fields, variables }),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    /// The last one is the end.
    lexemes: Vec<Lexeme>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.lexemes[self.next].token
    }

    fn at(&self) -> At {
        self.lexemes[self.next].at
    }

    fn skip(&mut self, mark: char) -> bool {
        let found = *self.peek() == Token::Mark(mark);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, mark: char) -> Result<(), Malformed> {
        match self.skip(mark) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    fn name(&mut self) -> Result<String, Malformed> {
        let Token::Name(name) = self.peek() else { return Err(self.unexpected()) };
        let name = name.clone();
        self.next += 1;
        Ok(name)
    }

    fn unexpected(&self) -> Malformed {
        let at = self.at();
        let what = match self.peek() {
            Token::End => return Malformed("Unexpected end of document".to_owned(), at),
            Token::Name(text) | Token::Number(text) | Token::Text(text) => text.clone(),
            Token::Mark(mark) => mark.to_string(),
        };
        Malformed(format!("Parse error on {what:?} at [{}, {}]", at.line, at.column), at)
    }

    /// `$number: Int! = 12`
    fn variable(&mut self) -> Result<Variable, Malformed> {
        let at = self.at();
        self.expect('$')?;
        let name = self.name()?;
        self.expect(':')?;
        let mut kind = self.name()?;
        if self.skip('!') {
            kind.push('!');
        }
        let default = match self.skip('=') {
            true => Some(self.value()?),
            false => None,
        };
        Ok(Variable { name, kind, default, at })
    }

    /// `{ one two }`
    fn selection(&mut self) -> Result<Vec<Field>, Malformed> {
        self.expect('{')?;
        let mut fields = vec![self.field()?];
        while !self.skip('}') {
            fields.push(self.field()?);
        }
        Ok(fields)
    }

    /// `alias: name(argument: 1) { … }`
    fn field(&mut self) -> Result<Field, Malformed> {
        let at = self.at();
        let first = self.name()?;
        let (alias, name) = match self.skip(':') {
            true => (Some(first), self.name()?),
            false => (None, first),
        };
        let mut arguments = Vec::new();
        if self.skip('(') {
            while !self.skip(')') {
                let argument = self.name()?;
                self.expect(':')?;
                arguments.push((argument, self.input()?));
            }
        }
        let fields = match self.peek() {
            Token::Mark('{') => self.selection()?,
            _ => Vec::new(),
        };
        Ok(Field { name, alias, arguments, fields, at })
    }

    fn input(&mut self) -> Result<Input, Malformed> {
        match self.skip('$') {
            true => Ok(Input::Variable(self.name()?)),
            false => Ok(Input::Value(self.value()?)),
        }
    }

    fn value(&mut self) -> Result<Value, Malformed> {
        let value = match self.peek() {
            Token::Text(text) => Value::String(text.clone()),
            Token::Name(word) if word == "true" => Value::Bool(true),
            Token::Name(word) if word == "false" => Value::Bool(false),
            Token::Name(word) if word == "null" => Value::Null,
            Token::Number(digits) => match digits.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(value)
    }
}
