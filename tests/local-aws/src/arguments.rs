//! The command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What `--help` says.
pub(crate) const USAGE: &str = "\
Usage: local-aws [--port N] [--upstream URL] [--image NAME=FOLDER]...
                 [--function NAME=URL_OR_BINARY]... [--env NAME=VALUE]... [--real-pace]
                 [--scene HOOK_EVENT]

An AWS account on 127.0.0.1: ECS, CodeDeploy, Lambda, EventBridge, Scheduler, SNS,
Secrets Manager, S3 and CloudWatch Logs.

  --port N                  listen on this port; 0, the default, takes a free one
  --upstream URL            pass on what is not known here, e.g. http://127.0.0.1:5000
  --image NAME=FOLDER       tasks of this image run their command in this folder
  --function NAME=URL       invoke this function by POST to the address
  --function NAME=BINARY    run this binary as the function (runtime provided.al2023)
  --env NAME=VALUE          environment of every binary
  --scene HOOK_EVENT        begin with a web service whose deployment waits for this hook
                            event, a JSON file as CodeDeploy would send it
  --real-pace               take as long as AWS takes; otherwise everything is brisk
  --help                    this text

Example:
  local-aws --port 4566 --image registry.local/app:7=./app \\
            --function hook=target/debug/run-migrations
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws ecs list-clusters
";

/// What runs when a function is invoked.
#[derive(Debug, PartialEq)]
pub(crate) enum Code {
    /// Somebody else serves it.
    Url(String),
    /// A bootstrap.
    Binary(PathBuf),
}

/// The command line, read.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) upstream: Option<String>,
    pub(crate) images: Vec<(String, PathBuf)>,
    pub(crate) functions: Vec<(String, Code)>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) real_pace: bool,
    pub(crate) scene: Option<PathBuf>,
}

/// `None` asks for help.
pub(crate) fn read(
    arguments: impl IntoIterator<Item = String>,
) -> Result<Option<Arguments>, String> {
    let mut read = Arguments::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        // Both `--port 4566` and `--port=4566`.
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value =
            || inline.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(None),
            "--real-pace" => read.real_pace = true,
            "--port" => {
                let value = value()?;
                let port = value.parse();
                read.port = port.map_err(|_| format!("--port {value}: not a port (0 to 65535)"))?;
            }
            "--upstream" => {
                let value = value()?;
                if !value.starts_with("http://") {
                    return Err(format!("--upstream {value}: must begin with http://"));
                }
                read.upstream = Some(value);
            }
            "--image" => {
                let (name, folder) = pair("--image", &value()?, "app:7=./app")?;
                read.images.push((name, folder.into()));
            }
            "--function" => {
                let (name, code) = pair("--function", &value()?, "hook=./bootstrap")?;
                let code = match code.starts_with("http://") {
                    true => Code::Url(code),
                    false => Code::Binary(code.into()),
                };
                read.functions.push((name, code));
            }
            "--scene" => read.scene = Some(value()?.into()),
            "--env" => {
                let (name, value) = pair("--env", &value()?, "LOG_LEVEL=debug")?;
                read.environment.insert(name, value);
            }
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok(Some(read))
}

fn pair(option: &str, value: &str, example: &str) -> Result<(String, String), String> {
    match value.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(format!("{option} {value}: expected NAME=…, for example {option} {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Result<Option<Arguments>, String> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_is_read_and_may_be_repeated() {
        let read = arguments(
            "--port 4566 --upstream=http://127.0.0.1:5000 --image r/app:7=./v7 --image=r/app:8=./v8 \
             --function hook=http://127.0.0.1:9000/x --function end=./bootstrap --env A=b=c --real-pace \
             --scene hook.json",
        );
        let expected = Arguments {
            port: 4566,
            upstream: Some("http://127.0.0.1:5000".into()),
            images: vec![("r/app:7".into(), "./v7".into()), ("r/app:8".into(), "./v8".into())],
            functions: vec![
                ("hook".into(), Code::Url("http://127.0.0.1:9000/x".into())),
                ("end".into(), Code::Binary("./bootstrap".into())),
            ],
            environment: [("A".to_owned(), "b=c".to_owned())].into(),
            real_pace: true,
            scene: Some("hook.json".into()),
        };
        assert_eq!(read, Ok(Some(expected)));
    }

    #[test]
    fn a_wrong_argument_is_named() {
        for (line, named) in [
            ("--port many", "--port many"),
            ("--port", "--port needs a value"),
            ("--upstream https://x", "--upstream https://x"),
            ("--image app", "--image app"),
            ("--env =x", "--env =x"),
            ("--verbose", "--verbose"),
        ] {
            let error = arguments(line).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
    }

    #[test]
    fn help_is_not_an_error() {
        assert_eq!(arguments("--port 1 --help"), Ok(None));
    }
}
