//! What an operator decides.

use std::time::Duration;

use anyhow::Result;
use runtime::Environment;

use crate::words::{commands, timeout};

/// The settings of this function, from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ALERTS_TOPIC_ARN`: where failures are told. Example: `arn:aws:sns:eu-west-2:123456789012:alerts`.
    pub alerts_topic: String,
    /// `MIGRATION_COMMAND`: what to run where the task definition has no label
    /// `quayside.migrate.command`; words, a JSON list, or a list of lists for several. Example:
    /// `bin/rails db:migrate`.
    pub commands: Option<Vec<Vec<String>>>,
    /// `MIGRATION_CONTAINER`: the container to run it in where the task definition has no label
    /// `quayside.migrate.container`; without both, the AppSpec's `ContainerName`. Example: `app`.
    pub container: Option<String>,
    /// `MIGRATION_TIMEOUT`: how long a migration may take, at most 59 minutes, where the task
    /// definition has no label `quayside.migrate.timeout`. Example: `55m`.
    pub timeout: Duration,
    /// `ROLLBACK_DEPLOYMENTS`: what happens when a deployment is undone: `skip` answers Succeeded and
    /// runs nothing, `run` runs the failed revision's `quayside.rollback.command`, if it has one.
    /// Example: `skip`.
    pub rollbacks: Rollbacks,
    /// `HOLD_PARAMETER`: the SSM parameter that holds migrations and jobs while it has a value.
    /// Example: `/quayside/hold`.
    pub hold: String,
    /// `LOCK_WAIT_ROLE_ARN`: the role by which EventBridge Scheduler calls this function again while
    /// another migration has the lock; without it such a hook is answered Failed. Example:
    /// `arn:aws:iam::123456789012:role/quayside-wait`.
    pub wait_role: Option<String>,
}

/// What happens to rollback deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollbacks {
    /// The old image needs no migration: let it through.
    Skip,
    /// Let the failed revision undo its own.
    Run,
}

/// CodeDeploy fails a hook after an hour; five minutes remain to say so ourselves.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(55 * 60);

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// One is missing or wrong: the error names it, what it holds and an example.
    pub fn read(environment: &Environment) -> Result<Self> {
        let example = "arn:aws:sns:eu-west-2:123456789012:alerts";
        environment.required("ALERTS_TOPIC_ARN", example)?;
        Ok(Self {
            alerts_topic: environment.parsed(
                "ALERTS_TOPIC_ARN",
                example,
                String::new(),
                alert::topic_arn,
            )?,
            commands: environment.parsed(
                "MIGRATION_COMMAND",
                "bin/rails db:migrate",
                None,
                |it| commands(it).map(Some),
            )?,
            container: environment.optional("MIGRATION_CONTAINER").map(str::to_owned),
            timeout: environment.parsed(
                "MIGRATION_TIMEOUT",
                "55m",
                DEFAULT_TIMEOUT,
                within_the_hour,
            )?,
            rollbacks: environment.parsed(
                "ROLLBACK_DEPLOYMENTS",
                "skip",
                Rollbacks::Skip,
                rollbacks,
            )?,
            hold: environment.optional("HOLD_PARAMETER").unwrap_or("/quayside/hold").to_owned(),
            wait_role: environment.parsed(
                "LOCK_WAIT_ROLE_ARN",
                "arn:aws:iam::123456789012:role/quayside-wait",
                None,
                role,
            )?,
        })
    }
}

fn rollbacks(value: &str) -> Result<Rollbacks, &'static str> {
    match value {
        "skip" => Ok(Rollbacks::Skip),
        "run" => Ok(Rollbacks::Run),
        _ => Err("expected skip or run"),
    }
}

/// The setting is for every kind of hook, and CodeDeploy's has the least time.
fn within_the_hour(value: &str) -> Result<Duration, String> {
    timeout(value).and_then(|it| match it <= Duration::from_secs(59 * 60) {
        true => Ok(it),
        false => {
            Err("at most 59 minutes, because CodeDeploy fails a hook after an hour".to_owned())
        }
    })
}

fn role(value: &str) -> Result<Option<String>, &'static str> {
    let is_role = value.starts_with("arn:") && value.contains(":role/");
    if is_role { Ok(Some(value.to_owned())) } else { Err("expected the ARN of a role") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: (&str, &str) = ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts");

    #[test]
    fn a_topic_is_all_it_takes() {
        let settings = Settings::read(&Environment::from([TOPIC])).unwrap();
        assert_eq!(settings.timeout, Duration::from_secs(3300));
        assert_eq!((settings.commands, settings.wait_role), (None, None));
    }

    #[test]
    fn a_wrong_setting_is_refused_by_name() {
        let check = |variables: &[(&str, &str)], name: &str, example: &str| {
            let environment =
                variables.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let error = format!("{:#}", Settings::read(&environment).unwrap_err());
            assert!(error.starts_with(name) && error.contains(example), "{error}");
        };
        check(&[], "ALERTS_TOPIC_ARN is not set", "arn:aws:sns:");
        check(&[("ALERTS_TOPIC_ARN", "alerts")], "ALERTS_TOPIC_ARN is `alerts`", "arn:aws:sns:");
        check(&[TOPIC, ("MIGRATION_TIMEOUT", "2h")], "MIGRATION_TIMEOUT is `2h`", "59 minutes");
        check(&[TOPIC, ("MIGRATION_TIMEOUT", "soon")], "MIGRATION_TIMEOUT is `soon`", "=55m");
        check(&[TOPIC, ("MIGRATION_COMMAND", "[1]")], "MIGRATION_COMMAND is `[1]`", "bin/rails");
        check(&[TOPIC, ("MIGRATION_COMMAND", "it's")], "MIGRATION_COMMAND is `it's`", "quote");
        check(
            &[TOPIC, ("ROLLBACK_DEPLOYMENTS", "undo")],
            "ROLLBACK_DEPLOYMENTS is `undo`",
            "=skip",
        );
        check(&[TOPIC, ("LOCK_WAIT_ROLE_ARN", "me")], "LOCK_WAIT_ROLE_ARN is `me`", "arn:aws:iam");
    }
}
