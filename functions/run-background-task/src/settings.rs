//! What an operator decides.

use anyhow::Result;
use runtime::Environment;

use crate::allowed::Allowed;

/// The settings of this function, from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ALERTS_TOPIC_ARN`: where failures are told. Example: `arn:aws:sns:eu-west-2:123456789012:alerts`.
    pub alerts_topic: String,
    /// `ALLOWED_COMMANDS`: the commands that jobs may run, as a JSON list; a `*` stands for any word, a
    /// `**` at the end for any further words. Without it, every command. Example:
    /// `["bin/jobs *", "bin/rails runner **"]`.
    pub allowed: Option<Allowed>,
    /// `HOLD_PARAMETER`: the SSM parameter that holds migrations and jobs while it has a value.
    /// Example: `/quayside/hold`.
    pub hold: String,
    /// `JOB_RECORDS`: the SSM parameters under which jobs are remembered between their runs, the same
    /// as of conclude-task. Example: `/quayside/jobs`.
    pub job_records: String,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// One is missing or wrong: the error names it, what it holds and an example.
    pub fn read(environment: &Environment) -> Result<Self> {
        let topic = "arn:aws:sns:eu-west-2:123456789012:alerts";
        environment.required("ALERTS_TOPIC_ARN", topic)?;
        Ok(Self {
            alerts_topic: environment.parsed(
                "ALERTS_TOPIC_ARN",
                topic,
                String::new(),
                alert::topic_arn,
            )?,
            allowed: environment.parsed(
                "ALLOWED_COMMANDS",
                r#"["bin/jobs *", "bin/rails runner **"]"#,
                None,
                |it| Allowed::read(it).map(Some),
            )?,
            hold: environment.optional("HOLD_PARAMETER").unwrap_or("/quayside/hold").to_owned(),
            job_records: environment.parsed(
                "JOB_RECORDS",
                "/quayside/jobs",
                "/quayside/jobs".to_owned(),
                path,
            )?,
        })
    }
}

fn path(value: &str) -> Result<String, &'static str> {
    let path = value.trim_end_matches('/');
    match path.starts_with('/') && path.len() > 1 {
        true => Ok(path.to_owned()),
        false => Err("expected a path that begins with a slash"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused_by_name() {
        let topic = ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts");
        let settings = Settings::read(&Environment::from([topic])).unwrap();
        assert_eq!((settings.allowed, settings.hold.as_str()), (None, "/quayside/hold"));
        let check = |variables: &[(&str, &str)], what: &str| {
            let variables = variables.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            let error = format!("{:#}", Settings::read(&variables.collect()).unwrap_err());
            assert!(error.starts_with(what), "{error}");
        };
        check(&[], "ALERTS_TOPIC_ARN is not set");
        check(&[topic, ("ALLOWED_COMMANDS", "rake")], "ALLOWED_COMMANDS is `rake`");
        check(&[topic, ("ALLOWED_COMMANDS", r#"["rake **  x"]"#)], "ALLOWED_COMMANDS is");
        check(&[topic, ("JOB_RECORDS", "jobs")], "JOB_RECORDS is `jobs`");
    }
}
