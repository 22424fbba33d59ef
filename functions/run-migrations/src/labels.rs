//! What the new revision says about its own migration: docker labels, so that it is versioned with
//! the app.

use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_ecs::types::TaskDefinition;
use jiff::SignedDuration;

const PREFIX: &str = "quayside.migrate.";
/// The labels that mean something; a misspelt one must not be passed over in silence.
const NAMES: [&str; 5] = ["command", "container", "timeout", "lock", "success-exit-codes"];

/// The labels of a task definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// `quayside.migrate.command`: words or a JSON list.
    pub(crate) command: Option<Vec<String>>,
    /// `quayside.migrate.container`: the container to run it in.
    pub(crate) container: Option<String>,
    /// `quayside.migrate.timeout`: how long it may take.
    pub(crate) timeout: Option<Duration>,
    /// `quayside.migrate.success-exit-codes`: codes besides 0 that mean success.
    pub(crate) success_exit_codes: Vec<i32>,
}

impl Labels {
    /// Reads the labels of all containers; they are the task definition's, whichever carries them.
    pub(crate) fn of(definition: &TaskDefinition) -> Result<Self> {
        let mut labels = Self::default();
        for (name, value) in collect(definition)? {
            let refused = |why: String| anyhow::anyhow!("label {PREFIX}{name} is `{value}`: {why}");
            match name.as_str() {
                "command" => labels.command = Some(command(&value).map_err(refused)?),
                "container" => labels.container = Some(value),
                "timeout" => labels.timeout = Some(timeout(&value).map_err(refused)?),
                "success-exit-codes" => {
                    labels.success_exit_codes = exit_codes(&value).map_err(refused)?;
                }
                _ => {}
            }
        }
        Ok(labels)
    }
}

/// Name and value of each label of ours, each name once.
fn collect(definition: &TaskDefinition) -> Result<Vec<(String, String)>> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    for container in definition.container_definitions() {
        let owner = container.name().unwrap_or("?");
        let Some(labels) = container.docker_labels() else { continue };
        for (label, value) in labels {
            let Some(name) = label.strip_prefix(PREFIX) else { continue };
            if !NAMES.contains(&name) {
                bail!(
                    "container {owner} has the unknown label {label}; known are {PREFIX}{{{}}}",
                    NAMES.join(", ")
                );
            }
            match found.iter().find(|(it, ..)| it == name) {
                Some((_, other, first)) if other != value => bail!(
                    "containers {first} and {owner} disagree on the label {label}: `{other}` and \
                     `{value}`"
                ),
                Some(_) => {}
                None => found.push((name.to_owned(), value.trim().to_owned(), owner.to_owned())),
            }
        }
    }
    Ok(found.into_iter().map(|(name, value, _)| (name, value)).collect())
}

/// A command: a JSON list as it is, anything else as words with the shell's quotes (but no shell).
pub(crate) fn command(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    let words = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|error| format!("not a JSON list of text: {error}"))?
    } else {
        shell_words::split(text).map_err(|_| "a quote is not closed".to_owned())?
    };
    if words.first().is_none_or(|word: &String| word.is_empty()) {
        return Err("the command is empty".to_owned());
    }
    Ok(words)
}

/// A time such as `55m` or `90 seconds`; CodeDeploy's hour is the limit.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let duration = text
        .parse::<SignedDuration>()
        .map_err(|_| "expected a time such as 55m or 90s".to_owned())
        .and_then(|it| {
            Duration::try_from(it).map_err(|_| "a time in the past makes no sense".to_owned())
        })?;
    if duration.is_zero() || duration > Duration::from_secs(59 * 60) {
        return Err(
            "expected more than nothing and at most 59 minutes, because CodeDeploy fails a \
                    hook after an hour"
                .to_owned(),
        );
    }
    Ok(duration)
}

fn exit_codes(text: &str) -> Result<Vec<i32>, String> {
    text.split(',')
        .map(|it| {
            it.trim()
                .parse()
                .ok()
                .filter(|code| (0..=255).contains(code))
                .ok_or_else(|| "expected exit codes such as 0,3".to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::ContainerDefinition;

    use super::*;

    fn definition(labels: &[(&str, &str, &str)]) -> TaskDefinition {
        labels
            .iter()
            .fold(TaskDefinition::builder(), |it, (container, name, value)| {
                it.container_definitions(
                    ContainerDefinition::builder()
                        .name(*container)
                        .docker_labels(*name, *value)
                        .build(),
                )
            })
            .build()
    }

    #[test]
    fn labels_of_any_container_are_read() {
        let labels = Labels::of(&definition(&[
            ("app", "quayside.migrate.command", "bin/rails 'db:migrate now'"),
            ("app", "com.example", "x"),
            ("proxy", "quayside.migrate.container", "app"),
            ("proxy", "quayside.migrate.timeout", "25m"),
            ("proxy", "quayside.migrate.success-exit-codes", "0, 3"),
            ("proxy", "quayside.migrate.lock", "main-db"),
        ]))
        .unwrap();
        assert_eq!(
            labels,
            Labels {
                command: Some(vec!["bin/rails".into(), "db:migrate now".into()]),
                container: Some("app".into()),
                timeout: Some(Duration::from_secs(1500)),
                success_exit_codes: vec![0, 3],
            }
        );
    }

    #[test]
    fn labels_that_cannot_be_meant_are_refused() {
        let check = |labels: &[(&str, &str, &str)], why: &str| {
            let error = Labels::of(&definition(labels)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        check(&[("app", "quayside.migrate.comand", "x")], "unknown label quayside.migrate.comand");
        check(
            &[("a", "quayside.migrate.command", "x"), ("b", "quayside.migrate.command", "y")],
            "containers a and b disagree",
        );
        check(&[("a", "quayside.migrate.command", " ")], "empty");
        check(&[("a", "quayside.migrate.timeout", "3h")], "59 minutes");
        check(&[("a", "quayside.migrate.success-exit-codes", "many")], "such as 0,3");
    }

    #[test]
    fn commands_are_words_or_a_list() {
        let check = |text: &str, words: &[&str]| assert_eq!(command(text).unwrap(), words);
        check("migrate", &["migrate"]);
        check(r#"sh -c "a && b""#, &["sh", "-c", "a && b"]);
        check(r#"["sh", "-c", "a && b"]"#, &["sh", "-c", "a && b"]);
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        let check = |text: &str, seconds| {
            assert_eq!(timeout(text).unwrap(), Duration::from_secs(seconds));
        };
        check("55m", 3300);
        check("90s", 90);
        check("10 minutes", 600);
        for wrong in ["", "0s", "-5m", "1h", "55"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }
}
