//! Names of review apps: anchored templates with the number of the pull request in them.
//!
//! **Invariant:** a name matches a template in at most one way; 12 is never found in 123, nor
//! `core-review-12` in `core-review-12-legacy`.

use crate::kind::Kind;

/// The number of a pull request: `[1-9][0-9]{0,8}`, so that no two spellings mean the same.
pub(crate) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|it| it.is_ascii_digit());
    if digits && !text.starts_with('0') { text.parse().ok() } else { None }
}

/// A template: `core-review-{pr}-app`. A `*` at its end stands for at least one more character; a kind in
/// front of it, `alarm:core-review-{pr}-*`, limits it to resources of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    kind: Option<Kind>,
    before: String,
    after: String,
    open: bool,
}

/// A template has to say at least this much besides the number.
const LITERAL: usize = 6;

impl Template {
    /// Reads a template, or says why it isn't safe.
    ///
    /// # Errors
    /// It could match what is no review app.
    pub fn read(text: &str) -> Result<Self, String> {
        let refused = |why: &str| Err(format!("`{text}` {why}"));
        let (kind, pattern) = match text.split_once(':') {
            None => (None, text),
            Some((word, pattern)) => match Kind::called(word) {
                Some(kind) => (Some(kind), pattern),
                None => return refused("begins with a kind that is none: `alarm:`, `cluster:` …"),
            },
        };
        let Some((before, after)) = pattern.split_once("{pr}") else {
            return refused("has no {pr}: every resource with that name would be a review app");
        };
        if after.contains("{pr}") {
            return refused("has more than one {pr}");
        }
        let (after, open) = match after.strip_suffix('*') {
            Some(after) => (after, true),
            None => (after, false),
        };
        let literal = |it: char| it.is_ascii_alphanumeric() || "-_./".contains(it);
        if let Some(other) = before.chars().chain(after.chars()).find(|it| !literal(*it)) {
            return refused(&format!(
                "is no template: `{other}` is neither a letter, a digit nor one of - _ . / (and * may only end it)"
            ));
        }
        if before.ends_with(|it: char| it.is_ascii_digit()) {
            return refused("has a digit before {pr}");
        }
        if after.starts_with(|it: char| it.is_ascii_alphanumeric()) {
            return refused("has a letter or digit right after {pr}");
        }
        if open && after.is_empty() {
            return refused("isn't anchored: {pr}* would find 12 in 123");
        }
        if before.len() + after.len() < LITERAL {
            return refused("says too little besides {pr}: at least 6 characters");
        }
        Ok(Self {
            text: text.to_owned(),
            kind,
            before: before.to_owned(),
            after: after.to_owned(),
            open,
        })
    }

    /// The number in a name, if it is the name of a review app.
    pub fn number(&self, kind: Kind, name: &str) -> Option<u32> {
        if !self.is_for(kind) {
            return None;
        }
        let rest = name.strip_prefix(self.before.as_str())?;
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at_checked(end)?;
        let number = number(digits)?;
        let rest = rest.strip_prefix(self.after.as_str())?;
        let whole = if self.open { !rest.is_empty() } else { rest.is_empty() };
        whole.then_some(number)
    }

    /// What every name begins with: services that can look for a beginning are asked for it.
    pub fn prefix(&self) -> &str {
        &self.before
    }

    /// Whether it is for resources of this kind. Tags of images and records of DNS are in places that are
    /// shared: only a template that names them is for them.
    pub fn is_for(&self, kind: Kind) -> bool {
        match self.kind {
            None => !matches!(kind, Kind::Image | Kind::RecordSet),
            Some(it) => it == kind,
        }
    }

    /// Whether it says that it is for this kind and no other.
    pub fn is_only_for(&self, kind: Kind) -> bool {
        self.kind == Some(kind)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for (text, expected) in [
            ("1", Some(1)),
            ("12", Some(12)),
            ("999999999", Some(999_999_999)),
            ("", None),
            ("0", None),
            ("007", None),
            ("12 ", None),
            ("+12", None),
            ("-12", None),
            ("\u{ff11}\u{ff12}", None),
            ("12;13", None),
            ("1e3", None),
            ("1000000000", None),
            ("100000000000000000000", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_matches_as_a_whole() {
        let check = |template: &str, name: &str, expected: Option<u32>| {
            let template = Template::read(template).unwrap();
            assert_eq!(template.number(Kind::Cluster, name), expected, "{name}");
        };
        let app = "core-review-{pr}-app";
        check(app, "core-review-12-app", Some(12));
        check(app, "core-review-123-app", Some(123));
        for other in [
            "core-review-12-app2",
            "xcore-review-12-app",
            "core-review-12-legacy",
            "core-review-012-app",
            "core-review-0-app",
            "core-review--app",
            "core-review-12",
            "core-review-12-App",
            "core-review-12-app\n",
            "core-review-\u{0661}\u{0662}-app",
            "",
        ] {
            check(app, other, None);
        }
        check("core-review-{pr}", "core-review-12", Some(12));
        check("core-review-{pr}", "core-review-12-legacy", None);
        check("core-review-{pr}-*", "core-review-12-x", Some(12));
        check("core-review-{pr}-*", "core-review-12-", None);
        check("core-review-{pr}-*", "core-review-12", None);
        check("core-review-{pr}-*", "core-review-12x-y", None);
        check("/ecs/core-review-{pr}/app", "/ecs/core-review-12/app", Some(12));
        check("{pr}.review.example.com", "12.review.example.com", Some(12));
        check("{pr}.review.example.com", "112.review.example.com", Some(112));
        check("cluster:core-review-{pr}", "core-review-7", Some(7));
        check("alarm:core-review-{pr}", "core-review-7", None);
    }

    #[test]
    fn a_template_that_is_not_safe_is_refused() {
        let check = |template: &str, why: &str| {
            let error = Template::read(template).unwrap_err();
            assert!(error.contains(why) && error.contains(template), "{error}");
        };
        check("core-review-app", "no {pr}");
        check("", "no {pr}");
        check("core-review-{pr}*", "isn't anchored");
        check("*-review-{pr}", "`*` is neither");
        check("core-review-{pr}-*-app", "`*` is neither");
        check("^core-review-(\\d+)$", "no {pr}");
        check("core-review-{pr}-{pr}", "more than one");
        check("pr-{pr}", "too little");
        check("{pr}", "too little");
        check("core-review-1{pr}", "digit before");
        check("core-review-{pr}app", "right after");
        check("core review {pr}", "` ` is neither");
        check("thing:core-review-{pr}", "a kind that is none");
        check("core-review-{PR}", "no {pr}");
    }
}
