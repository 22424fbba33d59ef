//! What an operator decides.

use anyhow::Result;
use runtime::Environment;

/// The settings of this function, from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ALERTS_TOPIC_ARN`: where failures are told. Example: `arn:aws:sns:eu-west-2:123456789012:alerts`.
    pub alerts_topic: String,
    /// `CLUSTERS`: the clusters whose tasks may be concluded, by name; without it, every cluster of
    /// the account and region. Example: `live, staging`.
    pub clusters: Vec<String>,
    /// `OVERDUE_TASKS`: what happens to a running task that is past its deadline or whose deployment
    /// has ended: `stop` or `leave`. Example: `stop`.
    pub overdue: Overdue,
    /// `LOG_TAIL_LINES`: how many of the container's last log lines an alert carries, at most 100.
    /// Example: `20`.
    pub log_tail: u16,
    /// `JOB_RECORDS`: the SSM parameters under which jobs are remembered between their runs, the same
    /// as of run-background-task. Example: `/quayside/jobs`.
    pub job_records: String,
}

/// What happens to a task nobody waits for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// Stop it: the next deployment's migration must not meet it.
    Stop,
    /// Let it finish: the database can't roll back half of it.
    Leave,
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
            clusters: environment.parsed("CLUSTERS", "live, staging", Vec::new(), clusters)?,
            overdue: environment.parsed("OVERDUE_TASKS", "stop", Overdue::Stop, overdue)?,
            log_tail: environment.parsed("LOG_TAIL_LINES", "20", 20, log_tail)?,
            job_records: environment
                .optional("JOB_RECORDS")
                .unwrap_or("/quayside/jobs")
                .trim_end_matches('/')
                .to_owned(),
        })
    }
}

fn clusters(value: &str) -> Result<Vec<String>, &'static str> {
    let names: Vec<_> = value.split(',').map(|it| it.trim().to_owned()).collect();
    // A cluster's name has letters, digits, hyphens and underscores; an ARN or a blank is a mistake
    // that would let nothing, or the wrong thing, through.
    let is_name = |it: &String| {
        !it.is_empty()
            && it.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if names.iter().all(is_name) { Ok(names) } else { Err("expected names of clusters, not ARNs") }
}

fn overdue(value: &str) -> Result<Overdue, &'static str> {
    match value {
        "stop" => Ok(Overdue::Stop),
        "leave" => Ok(Overdue::Leave),
        _ => Err("expected stop or leave"),
    }
}

fn log_tail(value: &str) -> Result<u16, &'static str> {
    value.parse().ok().filter(|it| *it <= 100).ok_or("expected a number from 0 to 100")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: (&str, &str) = ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts");

    #[test]
    fn settings_are_read_or_refused_by_name() {
        let read = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            Settings::read(&variables.collect())
        };
        let settings = read(&[TOPIC, ("CLUSTERS", "live, staging")]).unwrap();
        assert_eq!(settings.clusters, ["live", "staging"]);
        assert_eq!((settings.overdue, settings.log_tail), (Overdue::Stop, 20));
        let check = |variables: &[(&str, &str)], what: &str, example: &str| {
            let error = format!("{:#}", read(variables).unwrap_err());
            assert!(error.starts_with(what) && error.contains(example), "{error}");
        };
        check(&[], "ALERTS_TOPIC_ARN is not set", "arn:aws:sns:");
        check(
            &[("ALERTS_TOPIC_ARN", "arn:aws:sqs:a:1:b")],
            "ALERTS_TOPIC_ARN is `arn:aws:sqs",
            "sns",
        );
        check(&[TOPIC, ("CLUSTERS", "live,,x")], "CLUSTERS is `live,,x`", "=live, staging");
        check(&[TOPIC, ("CLUSTERS", "arn:aws:ecs:x")], "CLUSTERS is `arn:", "not ARNs");
        check(&[TOPIC, ("OVERDUE_TASKS", "kill")], "OVERDUE_TASKS is `kill`", "=stop");
        check(&[TOPIC, ("LOG_TAIL_LINES", "5000")], "LOG_TAIL_LINES is `5000`", "=20");
    }
}
