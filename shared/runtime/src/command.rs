//! The command line: every function is also a command.

use std::io::Read as _;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What was asked for on the command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Handle one event.
    Handle { event: Value, dry_run: bool, json: bool },
    /// Say what the command does.
    Help,
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command> {
    let mut arguments = arguments.into_iter();
    let (mut event, mut dry_run, mut json) = (None, false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--event" => {
                let path = arguments.next().context("--event needs a file, or - for input")?;
                event = Some(read_event(&path)?);
            }
            "--dry-run" => dry_run = true,
            "--json" => json = true,
            "--help" | "-h" => return Ok(Command::Help),
            other => bail!("unknown argument `{other}`; see --help"),
        }
    }
    let event = event.context("no event; give one with --event FILE, or see --help")?;
    Ok(Command::Handle { event, dry_run, json })
}

fn read_event(path: &str) -> Result<Value> {
    serde_json::from_str(&read_file(path)?).with_context(|| format!("{path} is not JSON"))
}

/// The text of a file; `-` is standard input.
///
/// # Errors
/// It can't be read: the error names it.
pub fn read_file(path: &str) -> Result<String> {
    if path == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

/// What `--help` prints.
pub(crate) fn help(name: &str, about: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!("\n{more}") };
    format!(
        "{name}: {about}\n\n\
         Usage: {name} --event FILE [--dry-run] [--json]\n\n\
         \x20 --event FILE  the event to handle, as JSON; - reads standard input\n\
         \x20 --dry-run     say what would be done and change nothing\n\
         \x20 --json        print the answer as JSON\n\n\
         AWS credentials, region and AWS_ENDPOINT_URL are read as the AWS CLI reads them; the\n\
         settings are the environment variables of the README. In Lambda none of this applies.\n{more}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command> {
        parse(arguments.iter().map(|it| (*it).to_owned()))
    }

    #[test]
    fn arguments_are_read_or_refused_by_name() {
        assert_eq!(parsed(&["--help"]).unwrap(), Command::Help);
        let refused = |arguments: &[&str], why: &str| {
            let error = format!("{:#}", parsed(arguments).unwrap_err());
            assert!(error.contains(why), "{error}");
        };
        refused(&[], "no event");
        refused(&["--event"], "needs a file");
        refused(&["--event", "does/not/exist.json"], "does/not/exist.json");
        refused(&["--evnt", "x"], "`--evnt`");
    }
}
