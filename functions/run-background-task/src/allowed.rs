//! Which commands jobs may run.

/// Patterns of commands, each as its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed(Vec<Vec<String>>);

impl Allowed {
    /// Reads a JSON list of commands with wildcards.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let patterns: Vec<String> = serde_json::from_str(text)
            .map_err(|_| r#"expected a JSON list such as ["bin/jobs *"]"#.to_owned())?;
        let mut all = Vec::new();
        for pattern in patterns {
            let words = shell_words::split(&pattern)
                .map_err(|_| format!("`{pattern}`: a quote is not closed"))?;
            let inner = words.iter().rev().skip(1).any(|it| it == "**");
            if words.is_empty() || inner {
                return Err(format!("`{pattern}`: ** stands for further words only at the end"));
            }
            all.push(words);
        }
        Ok(Self(all))
    }

    /// Whether a command fits one of the patterns.
    pub(crate) fn permits(&self, command: &[String]) -> bool {
        self.0.iter().any(|pattern| fits(pattern, command))
    }
}

fn fits(pattern: &[String], command: &[String]) -> bool {
    match (pattern.split_first(), command.split_first()) {
        (None, None) => true,
        (Some((wanted, _)), _) if wanted == "**" => true,
        (Some((wanted, pattern)), Some((word, command))) => {
            (wanted == "*" || wanted == word) && fits(pattern, command)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_compared_word_by_word() {
        let allowed =
            Allowed::read(r#"["bin/jobs *", "bin/rails runner **", "sh -c 'make seed'"]"#).unwrap();
        let check = |command: &[&str], permitted: bool| {
            let words: Vec<String> = command.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(allowed.permits(&words), permitted, "{command:?}");
        };
        check(&["bin/jobs", "remind"], true);
        check(&["bin/jobs", "remind; rm -rf /"], true);
        check(&["bin/jobs"], false);
        check(&["bin/jobs", "remind", "now"], false);
        check(&["bin/rails", "runner"], true);
        check(&["bin/rails", "runner", "a", "b"], true);
        check(&["bin/rails", "db:drop"], false);
        check(&["sh", "-c", "make seed"], true);
        check(&["sh", "-c", "make", "seed"], false);
    }
}
