//! What an operator decides.

use std::time::Duration;

use anyhow::{Result, bail};
use jiff::SignedDuration;
use runtime::Environment;

/// The settings of this function, from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the routes are.
    pub routes: Source,
    /// `RETRY_QUEUE_URL`: the SQS queue in which an alert waits that one destination could not take; this
    /// function consumes it. Without it, Lambda's own two retries are all there are. Example:
    /// `https://sqs.eu-west-2.amazonaws.com/123456789012/alerts-retry`.
    pub retry_queue: Option<String>,
    /// `FAILED_QUEUE_URL`: the SQS queue that keeps what could not be told. Without it such an event fails,
    /// and is where the function's own failures go. Example:
    /// `https://sqs.eu-west-2.amazonaws.com/123456789012/alerts-failed`.
    pub failed_queue: Option<String>,
    /// `RETRY_FOR`: how long an alert is tried. Example: `24h`.
    pub retry_for: Duration,
    /// The log that Lambda keeps for this environment.
    pub log: Option<LogPlace>,
}

/// Where the routes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `ROUTES`: the document itself, YAML or JSON. Example: `{"destinations": {…}, "default": ["chat"]}`.
    Text(String),
    /// `ROUTES_PARAMETER`: the SSM parameter that holds it. Example: `/quayside/routes`.
    Parameter(String),
}

/// A log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// The group.
    pub group: String,
    /// The stream.
    pub stream: String,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// One is missing or wrong: the error names it, what it holds and an example.
    pub fn read(environment: &Environment) -> Result<Self> {
        let text = |name: &str| environment.optional(name).map(str::to_owned);
        let routes = match (text("ROUTES"), text("ROUTES_PARAMETER")) {
            (Some(document), None) => Source::Text(document),
            (None, Some(name)) => Source::Parameter(name),
            (Some(_), Some(_)) => bail!("ROUTES and ROUTES_PARAMETER are both set; give one"),
            (None, None) => bail!(
                "ROUTES_PARAMETER is not set, and neither is ROUTES; example: \
                 ROUTES_PARAMETER=/quayside/routes"
            ),
        };
        let queue = |name: &str| {
            let example = "https://sqs.eu-west-2.amazonaws.com/123456789012/alerts-retry";
            environment.parsed(name, example, None, |it| queue(it).map(Some))
        };
        let (retry_queue, failed_queue) = (queue("RETRY_QUEUE_URL")?, queue("FAILED_QUEUE_URL")?);
        if retry_queue.is_some() && failed_queue.is_none() {
            bail!(
                "RETRY_QUEUE_URL is set, but FAILED_QUEUE_URL is not: what is given up is kept there"
            );
        }
        // The link to the whole event leads to a line of level INFO.
        let quiet =
            matches!(text("AWS_LAMBDA_LOG_LEVEL").as_deref(), Some("WARN" | "ERROR" | "FATAL"));
        let place = text("AWS_LAMBDA_LOG_GROUP_NAME").filter(|_| !quiet);
        let place = place.zip(text("AWS_LAMBDA_LOG_STREAM_NAME"));
        Ok(Self {
            routes,
            retry_queue,
            failed_queue,
            retry_for: environment.parsed(
                "RETRY_FOR",
                "24h",
                Duration::from_secs(24 * 3600),
                duration,
            )?,
            log: place.map(|(group, stream)| LogPlace { group, stream }),
        })
    }
}

fn queue(value: &str) -> Result<String, &'static str> {
    let is_address = value.starts_with("https://") || value.starts_with("http://");
    match (is_address, value.ends_with(".fifo")) {
        (true, false) => Ok(value.to_owned()),
        (true, true) => Err("expected a standard queue, not a FIFO one"),
        _ => Err("expected the URL of an SQS queue"),
    }
}

fn duration(value: &str) -> Result<Duration, &'static str> {
    let read = value.parse::<SignedDuration>().ok().and_then(|it| Duration::try_from(it).ok());
    // A queue forgets what is older than fourteen days.
    let possible = Duration::from_secs(60)..=Duration::from_secs(13 * 24 * 3600);
    read.filter(|it| possible.contains(it)).ok_or("expected a duration between 1m and 312h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused_by_name() {
        let parameter = ("ROUTES_PARAMETER", "/quayside/routes");
        let settings = Settings::read(&Environment::from([parameter])).unwrap();
        assert_eq!(settings.routes, Source::Parameter("/quayside/routes".into()));
        assert_eq!(settings.retry_for, Duration::from_secs(86_400));
        let check = |variables: &[(&str, &str)], what: &str| {
            let variables = variables.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            let error = format!("{:#}", Settings::read(&variables.collect()).unwrap_err());
            assert!(error.starts_with(what), "{error}");
        };
        check(&[], "ROUTES_PARAMETER is not set");
        check(&[parameter, ("ROUTES", "{}")], "ROUTES and ROUTES_PARAMETER are both set");
        check(&[parameter, ("RETRY_QUEUE_URL", "alerts")], "RETRY_QUEUE_URL is `alerts`");
        check(&[parameter, ("FAILED_QUEUE_URL", "alerts")], "FAILED_QUEUE_URL is `alerts`");
        check(&[parameter, ("RETRY_FOR", "soon")], "RETRY_FOR is `soon`");
        check(&[parameter, ("RETRY_FOR", "1s")], "RETRY_FOR is `1s`");
        check(&[parameter, ("RETRY_FOR", "400h")], "RETRY_FOR is `400h`");
        let queue = ("RETRY_QUEUE_URL", "https://sqs.eu-west-2.amazonaws.com/123456789012/retry");
        check(&[parameter, queue], "RETRY_QUEUE_URL is set, but FAILED_QUEUE_URL is not");
        let fifo = ("RETRY_QUEUE_URL", "https://sqs.eu-west-2.amazonaws.com/123456789012/a.fifo");
        check(&[parameter, fifo], "RETRY_QUEUE_URL is `https://sqs");
    }
}
