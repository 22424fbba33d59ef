//! Filter patterns for unstructured lines.

use super::invalid;
use crate::wire::AwsError;

/// Terms that have to be there, and terms that must not be.
///
/// "Filter patterns are case sensitive. Enclose exact phrases and terms that include
/// non-alphanumeric characters in double quotation marks (\"\")"; several terms match lines that
/// have all of them, and a minus sign in front excludes lines that have the term.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    needed: Vec<String>,
    excluded: Vec<String>,
}

impl Pattern {
    /// JSON selectors, space-delimited fields, alternatives (`?`) and regular expressions (`%`) are
    /// refused: better than to find nothing by mistake.
    pub(super) fn read(text: &str) -> Result<Self, AwsError> {
        let mut pattern = Self::default();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let (excludes, term) = match rest.strip_prefix('-') {
                Some(term) => (true, term),
                None => (false, rest),
            };
            if matches!(first, '{' | '[' | '?' | '%') {
                return Err(invalid(format!("local-aws does not know the filter pattern {text}")));
            }
            let (term, after) = match term.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| invalid_pattern(text))?,
                None => {
                    let (term, after) = term.split_once(char::is_whitespace).unwrap_or((term, ""));
                    if !term.chars().all(|it| it.is_alphanumeric() || it == '_') {
                        return Err(invalid(format!("Invalid character(s) in term '{term}'")));
                    }
                    (term, after)
                }
            };
            if term.is_empty() {
                return Err(invalid_pattern(text));
            }
            let terms = if excludes { &mut pattern.excluded } else { &mut pattern.needed };
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, line: &str) -> bool {
        self.needed.iter().all(|it| line.contains(it))
            && !self.excluded.iter().any(|it| line.contains(it))
    }
}

fn invalid_pattern(text: &str) -> AwsError {
    invalid(format!("Invalid filter pattern: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_all_needed_phrases_are_exact_and_a_minus_excludes() {
        for (pattern, line, expected) in [
            ("", "anything", true),
            ("ERROR", "ERROR: no", true),
            ("ERROR", "error: no", false),
            ("ERROR key", "ERROR duplicate key", true),
            ("ERROR key", "ERROR duplicate", false),
            ("\"duplicate key\"", "ERROR duplicate key", true),
            ("\"key duplicate\"", "ERROR duplicate key", false),
            ("ERROR -key", "ERROR duplicate key", false),
            ("ERROR -\"a key\"", "ERROR duplicate key", true),
        ] {
            assert_eq!(Pattern::read(pattern).unwrap().matches(line), expected, "{pattern} {line}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for pattern in
            ["{ $.level = \"ERROR\" }", "[a, b]", "?a ?b", "%a%", "\"open", "-", "error:"]
        {
            let error = Pattern::read(pattern).unwrap_err();
            assert_eq!(error.code, "InvalidParameterException", "{pattern}");
        }
    }
}
