//! Who is told of what: one document, YAML or JSON, read as far as it makes sense.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use yaml_serde::Value;

use crate::destination::Destination;
use crate::matcher::Matcher;
use crate::notice::Notice;

/// One route: the first that fits a notice decides, unless it says to go on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which notices it is for; all, if nothing is given.
    #[serde(default, rename = "match")]
    pub matches: Matcher,
    /// Who is told.
    #[serde(default, deserialize_with = "one_or_several")]
    pub to: Vec<String>,
    /// Nobody is told.
    #[serde(default)]
    pub drop: bool,
    /// Later routes are asked, too.
    #[serde(default, rename = "continue")]
    pub goes_on: bool,
}

/// The document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// Who can be told, by name.
    pub destinations: BTreeMap<String, Destination>,
    /// In their order.
    pub routes: Vec<Route>,
    /// Who is told of what fits no route.
    pub default: Vec<String>,
    /// Who is told if somebody else can't be.
    pub fallback: Option<String>,
    /// Hosts that webhooks may have besides those of their services.
    pub allowed_hosts: Vec<String>,
    /// What stands before every title, such as the environment's name.
    pub prefix: Option<String>,
    /// Destinations that are not as they should be: what waits for them goes on waiting.
    pub broken: BTreeSet<String>,
}

/// What is wrong with the document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

const MEMBERS: [&str; 6] =
    ["destinations", "routes", "default", "fallback", "allowed_hosts", "prefix"];

impl Routes {
    /// Reads the document. What makes no sense is named, and the rest still delivers.
    pub fn read(text: &str) -> (Self, Vec<Problem>) {
        let document: Value = match yaml_serde::from_str(text) {
            Ok(it) => it,
            Err(error) => {
                let line = error.location().map(|it| it.line());
                let problem = Problem { line, what: format!("the routes are unreadable: {error}") };
                return (Self::default(), vec![problem]);
            }
        };
        let mut reader = Reader { text, problems: Vec::new() };
        let routes = reader.document(&document);
        (routes, reader.problems)
    }

    /// Who is told of a notice.
    pub fn of(&self, notice: &Notice) -> Who<'_> {
        let mut told: Vec<&str> = Vec::new();
        let mut fitted = false;
        let mut dropped = false;
        for route in self.routes.iter().filter(|it| it.matches.fits(notice)) {
            fitted = true;
            dropped = route.drop;
            for name in &route.to {
                if !told.contains(&name.as_str()) {
                    told.push(name);
                }
            }
            if !route.goes_on || dropped {
                break;
            }
        }
        if !fitted {
            told.extend(self.default.iter().map(String::as_str));
        }
        match told.is_empty() {
            false => Who::These(told),
            true if dropped => Who::Dropped,
            true => Who::Nobody,
        }
    }
}

/// Who is told of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who<'a> {
    /// These destinations, each once, in the order of the routes.
    These(Vec<&'a str>),
    /// Nobody: a route says so.
    Dropped,
    /// Nobody: no route fits, and there is no default.
    Nobody,
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, line: Option<usize>, what: impl Into<String>) {
        self.problems.push(Problem { line, what: without_addresses(&what.into()) });
    }

    /// A member that is there and is something else than it should be.
    fn expect(
        &mut self,
        member: &str,
        given: Option<&Value>,
        what: &str,
        fits: fn(&Value) -> bool,
    ) {
        if given.is_some_and(|it| !it.is_null() && !fits(it)) {
            self.problem(self.line_of(member), format!("{member}: expected {what}"));
        }
    }

    fn document(&mut self, document: &Value) -> Routes {
        let Some(members) = document.as_mapping() else {
            self.problem(None, "the routes are no mapping with `destinations` and `routes`");
            return Routes::default();
        };
        for name in members.keys().filter_map(Value::as_str) {
            if !MEMBERS.contains(&name) {
                let known = MEMBERS.join(", ");
                self.problem(
                    self.line_of(name),
                    format!("unknown member `{name}`; known: {known}"),
                );
            }
        }
        self.expect("routes", document.get("routes"), "a list", Value::is_sequence);
        self.expect("prefix", document.get("prefix"), "a text", Value::is_string);
        self.expect("fallback", document.get("fallback"), "one destination", Value::is_string);
        for member in ["default", "allowed_hosts"] {
            self.expect(member, document.get(member), "a list of names", |it| {
                it.is_string() || it.as_sequence().is_some_and(|it| it.iter().all(Value::is_string))
            });
        }
        let (destinations, broken) = self.destinations(document.get("destinations"));
        let mut routes = Routes {
            broken,
            routes: self.routes(document.get("routes"), &destinations),
            default: self.names("default", document.get("default"), &destinations),
            fallback: None,
            allowed_hosts: texts(document.get("allowed_hosts")),
            prefix: document.get("prefix").and_then(Value::as_str).map(str::to_owned),
            destinations,
        };
        let fallback = self.names("fallback", document.get("fallback"), &routes.destinations);
        routes.fallback = fallback.into_iter().next();
        self.uses(&routes);
        routes
    }

    fn destinations(
        &mut self,
        given: Option<&Value>,
    ) -> (BTreeMap<String, Destination>, BTreeSet<String>) {
        let (mut destinations, mut broken) = (BTreeMap::new(), BTreeSet::new());
        let Some(members) = given.and_then(Value::as_mapping) else {
            self.problem(
                self.line_of("destinations"),
                "there are no `destinations`: nobody is told",
            );
            return (destinations, broken);
        };
        for (name, value) in members {
            let Some(name) = name.as_str() else {
                self.problem(None, "a destination's name is no text");
                continue;
            };
            let read = yaml_serde::from_value::<Destination>(value.clone());
            let problem = match read {
                Ok(_) if !is_name(name) => {
                    "its name is for metrics as well: letters, digits, `-`, `_`, `.`".to_owned()
                }
                Ok(it) => match it.problem() {
                    None => {
                        destinations.insert(name.to_owned(), it);
                        continue;
                    }
                    Some(problem) => problem,
                },
                Err(error) => error.to_string(),
            };
            self.problem(self.line_of(name), format!("destination {name}: {problem}"));
            broken.insert(name.to_owned());
        }
        (destinations, broken)
    }

    fn routes(
        &mut self,
        given: Option<&Value>,
        destinations: &BTreeMap<String, Destination>,
    ) -> Vec<Route> {
        let lines = self.lines_of_items("routes");
        let mut routes: Vec<Route> = Vec::new();
        let mut places: Vec<String> = Vec::new();
        for (n, value) in given.and_then(Value::as_sequence).into_iter().flatten().enumerate() {
            let (line, place) = (lines.get(n).copied(), format!("route {}", n + 1));
            let mut route = match yaml_serde::from_value::<Route>(value.clone()) {
                Ok(route) => route,
                Err(error) => {
                    self.problem(line, format!("{place}: {error}"));
                    continue;
                }
            };
            for name in route.to.iter().filter(|it| !destinations.contains_key(*it)) {
                self.problem(line, format!("{place}: there is no destination `{name}`"));
            }
            let named = !route.to.is_empty();
            route.to.retain(|it| destinations.contains_key(it));
            if route.drop && named {
                self.problem(line, format!("{place}: `drop` and `to` contradict each other"));
                route.drop = false;
            }
            if route.drop
                && route.matches.severity.is_some()
                && route.matches.max_severity.is_none()
            {
                let hint =
                    "`severity` is the least one; to drop what matters little, say `max_severity`";
                self.problem(line, format!("{place}: {hint}; it is left out"));
                continue;
            }
            if !route.drop && route.to.is_empty() {
                // It must not swallow what later routes would tell.
                self.problem(line, format!("{place}: it tells nobody, so it is left out"));
                continue;
            }
            let earlier =
                routes.iter().position(|it| !it.goes_on && it.matches.covers(&route.matches));
            if let Some(by) = earlier.and_then(|it| places.get(it)) {
                self.problem(line, format!("{place}: {by} decides everything before it"));
            }
            routes.push(route);
            places.push(match line {
                Some(line) => format!("{place} (line {line})"),
                None => place,
            });
        }
        routes
    }

    fn names(
        &mut self,
        member: &str,
        given: Option<&Value>,
        destinations: &BTreeMap<String, Destination>,
    ) -> Vec<String> {
        let mut names = texts(given);
        for name in names.iter().filter(|it| !destinations.contains_key(*it)) {
            self.problem(
                self.line_of(member),
                format!("{member}: there is no destination `{name}`"),
            );
        }
        names.retain(|it| destinations.contains_key(it));
        names
    }

    /// Destinations that nobody names, and notices that nobody hears of.
    fn uses(&mut self, routes: &Routes) {
        for name in routes.destinations.keys() {
            let used = routes.routes.iter().any(|it| it.to.contains(name))
                || routes.default.contains(name)
                || routes.fallback.as_ref() == Some(name);
            if !used {
                self.problem(self.line_of(name), format!("destination {name} is never told"));
            }
        }
        let all = Matcher::default();
        let decides = routes.routes.iter().any(|it| it.matches.covers(&all));
        if routes.default.is_empty() && !decides {
            self.problem(None, "there is no `default`: what fits no route is told to nobody");
        }
    }

    /// The line of a key, in YAML or in JSON that is laid out.
    fn line_of(&self, key: &str) -> Option<usize> {
        let starts = |line: &str| {
            let line = line.trim_start().trim_start_matches(['"', '\'']);
            line.strip_prefix(key)
                .is_some_and(|it| it.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
        };
        self.text.lines().position(starts).map(|it| it + 1)
    }

    /// The lines on which the items of a list begin: in YAML its dashes, in JSON its braces.
    fn lines_of_items(&self, key: &str) -> Vec<usize> {
        let Some(first) = self.line_of(key) else { return Vec::new() };
        let indent = |line: &str| line.len() - line.trim_start().len();
        let after = || self.text.lines().enumerate().skip(first);
        let begins = |line: &str| line.trim_start().starts_with(['-', '{']);
        let counts = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let Some(width) = after().find(|(_, line)| begins(line)).map(|(_, line)| indent(line))
        else {
            return Vec::new();
        };
        after()
            .take_while(|(_, line)| !counts(line) || indent(line) >= width)
            .filter(|(_, line)| indent(line) == width && begins(line))
            .map(|(n, _)| n + 1)
            .collect()
    }
}

/// Metrics have such names, and nobody else is called `-`.
fn is_name(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    name.starts_with(|it: char| it.is_ascii_alphanumeric()) && name.chars().all(plain)
}

/// Somebody may have put a webhook's address, or a token, where a name belongs.
fn without_addresses(text: &str) -> String {
    let ends = |it: char| it.is_whitespace() || matches!(it, '"' | '`' | '\'' | ',');
    let pieces = text.split_inclusive(ends).map(|piece| {
        let bare = piece.trim_end_matches(ends);
        match bare.contains("://") {
            true => piece.replace(bare, "[hidden]"),
            false => piece.to_owned(),
        }
    });
    alert::redact(&pieces.collect::<String>())
}

fn one_or_several<'de, D: serde::Deserializer<'de>>(it: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Given::deserialize(it)? {
        Given::One(it) => vec![it],
        Given::Several(all) => all,
    })
}

/// One text, or a list of them.
fn texts(given: Option<&Value>) -> Vec<String> {
    match given {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Sequence(all)) => {
            all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
