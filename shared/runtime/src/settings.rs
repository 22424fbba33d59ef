//! What an operator sets: read once, at the start, and refused by name.

use std::collections::BTreeMap;
use std::fmt::Display;

use anyhow::{Context as _, Result, bail};

/// The environment as it was at the start.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

impl Environment {
    /// A variable; blank is as good as missing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|it| it.trim()).filter(|it| !it.is_empty())
    }

    /// A variable that must be there.
    ///
    /// # Errors
    /// It is missing.
    pub fn required(&self, name: &str, example: &str) -> Result<&str> {
        self.optional(name).with_context(|| format!("{name} is not set; example: {name}={example}"))
    }

    /// A variable in a form of its own, or the default.
    ///
    /// # Errors
    /// It is there and `read` refuses it: the error names the variable, what it holds and an
    /// example.
    pub fn parsed<T, E: Display>(
        &self,
        name: &str,
        example: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T> {
        let Some(value) = self.optional(name) else { return Ok(default) };
        match read(value) {
            Ok(value) => Ok(value),
            Err(why) => bail!("{name} is `{value}`: {why}; example: {name}={example}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_setting_names_itself_what_it_got_and_an_example() {
        let environment = Environment::from([("LINES", "many"), ("BLANK", " ")]);
        let number = |it: &str| it.parse::<u32>();
        let error = environment.parsed("LINES", "20", 20, number).unwrap_err().to_string();
        assert_eq!(error, "LINES is `many`: invalid digit found in string; example: LINES=20");
        assert_eq!(environment.parsed("BLANK", "20", 20, number).unwrap(), 20);
        let error = environment.required("TOPIC", "arn:…").unwrap_err().to_string();
        assert_eq!(error, "TOPIC is not set; example: TOPIC=arn:…");
    }
}
