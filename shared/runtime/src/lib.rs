//! What every main does: settings, logs, clients, Lambda or command line.
//!
//! ```ignore
//! let main = runtime::Main::start("run-migrations", "a deployment waits …").await;
//! let settings = Settings::read(&main.environment)?;
//! main.run(async |invocation| handle(&aws, &settings, invocation).await).await
//! ```
//!
//! **Invariant:** the environment and the clock are read here and nowhere else.

mod command;
mod logs;
pub mod metrics;
mod settings;

use std::fmt::Display;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use aws_config::BehaviorVersion;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use aws_types::SdkConfig;
use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde_json::Value;

pub use command::read_file;
pub use logs::lines;
pub use settings::Environment;

/// One event, and what its handler may know about the world.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The event, as it came.
    pub event: Value,
    /// Say what would be done and change nothing.
    pub dry_run: bool,
    /// What time it is.
    pub now: SystemTime,
    /// How long the handler may take.
    pub time_left: Duration,
    /// The function's own ARN, where it is known.
    pub function_arn: Option<String>,
    /// The same for every delivery of the same event.
    pub id: String,
}

impl Invocation {
    /// An event at a moment, with the time a function usually has.
    pub fn new(event: Value, now: SystemTime) -> Self {
        // Whoever writes `"dry_run": "true"` or `1` means it, too.
        let dry_run =
            !matches!(event.get("dry_run"), None | Some(Value::Null | Value::Bool(false)));
        // By hand every event is another one.
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let id = format!("by-hand-{}", since_epoch.as_nanos());
        Self { event, dry_run, now, time_left: UNKNOWN_TIME, function_arn: None, id }
    }
}

/// The time a handler gets when nobody says: an emulator's deadline may be in 1970.
const UNKNOWN_TIME: Duration = Duration::from_secs(60);
/// Lambda's longest time-out, with room for clocks that differ.
const LONGEST_TIME: Duration = Duration::from_secs(1000);

/// A process that has started.
pub struct Main {
    name: &'static str,
    about: &'static str,
    /// The environment at the start.
    pub environment: Environment,
    /// For every AWS client: one HTTP client, one region, one patience.
    pub sdk: SdkConfig,
    in_lambda: bool,
    more_help: &'static str,
}

impl Main {
    /// Reads the environment, begins the log, builds what AWS clients share.
    pub async fn start(name: &'static str, about: &'static str) -> Self {
        let environment = environment();
        let in_lambda = environment.optional("AWS_LAMBDA_RUNTIME_API").is_some();
        if in_lambda {
            logs::to_lambda(&environment);
        } else {
            logs::to_terminal(&environment);
        }
        Self { name, about, sdk: sdk().await, environment, in_lambda, more_help: "" }
    }

    /// The same, whose `--help` says more.
    #[must_use]
    pub fn with_help(self, more_help: &'static str) -> Self {
        Self { more_help, ..self }
    }

    /// Ends a process whose settings are wrong.
    pub fn refuse(&self, error: &anyhow::Error) -> ExitCode {
        if self.in_lambda {
            tracing::error!(function = self.name, error = format!("{error:#}"), "wrong settings");
        } else {
            say_error(error);
        }
        ExitCode::FAILURE
    }

    /// Whether this process was started by Lambda (or something that behaves like it).
    pub fn in_lambda(&self) -> bool {
        self.in_lambda
    }

    /// Whether somebody only wants to know what the command does.
    pub fn wants_help(&self) -> bool {
        !self.in_lambda
            && matches!(command::parse(std::env::args().skip(1)), Ok(command::Command::Help))
    }

    /// Says what the command does.
    pub fn help(&self) -> ExitCode {
        say(&command::help(self.name, self.about, self.more_help));
        ExitCode::SUCCESS
    }

    /// Handles events as long as Lambda sends them, or the one of the command line.
    pub async fn run<A, H>(self, handle: H) -> ExitCode
    where
        A: Serialize + Display,
        H: AsyncFn(Invocation) -> Result<A>,
    {
        if self.in_lambda { self.serve(&handle).await } else { self.once(&handle).await }
    }

    async fn serve<A, H>(&self, handle: &H) -> ExitCode
    where
        A: Serialize,
        H: AsyncFn(Invocation) -> Result<A>,
    {
        let service = lambda_runtime::service_fn(|event: LambdaEvent<Value>| async move {
            let invocation = invocation(event);
            // Boxed: the compiler gives up on futures nested this deep.
            match Box::pin(handle(invocation)).await {
                Ok(answer) => serde_json::to_value(answer).map_err(anyhow::Error::from),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the event was not handled");
                    Err(error)
                }
            }
            .map_err(|error| lambda_runtime::Diagnostic {
                error_type: "Unhandled".into(),
                error_message: format!("{error:#}"),
            })
        });
        match lambda_runtime::run(service).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(error = error.to_string(), "the Lambda runtime ended");
                ExitCode::FAILURE
            }
        }
    }

    async fn once<A, H>(&self, handle: &H) -> ExitCode
    where
        A: Serialize + Display,
        H: AsyncFn(Invocation) -> Result<A>,
    {
        let (event, dry_run, json) = match command::parse(std::env::args().skip(1)) {
            Ok(command::Command::Handle { event, dry_run, json }) => (event, dry_run, json),
            Ok(command::Command::Help) => return self.help(),
            Err(error) => {
                say_error(&error);
                return ExitCode::from(2);
            }
        };
        let mut invocation = Invocation::new(event, now());
        invocation.dry_run |= dry_run;
        invocation.time_left = Duration::from_secs(600);
        match Box::pin(handle(invocation)).await {
            Ok(answer) if json => {
                say(&format!("{:#}\n", serde_json::to_value(&answer).unwrap_or_default()));
                ExitCode::SUCCESS
            }
            Ok(answer) => {
                say(&format!("{answer}\n"));
                ExitCode::SUCCESS
            }
            Err(error) => {
                say_error(&error);
                ExitCode::FAILURE
            }
        }
    }
}

fn invocation(event: LambdaEvent<Value>) -> Invocation {
    let LambdaEvent { payload, context } = event;
    let now = now();
    Invocation {
        time_left: time_left(&context, now),
        function_arn: Some(context.invoked_function_arn).filter(|it| it.starts_with("arn:")),
        id: context.request_id,
        ..Invocation::new(payload, now)
    }
}

/// The time until the deadline, unless it can't be true: `cargo lambda watch` sends one in 1970.
fn time_left(context: &Context, now: SystemTime) -> Duration {
    context
        .deadline()
        .duration_since(now)
        .ok()
        .filter(|left| *left < LONGEST_TIME)
        .unwrap_or(UNKNOWN_TIME)
}

/// The environment at the start.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment() -> Environment {
    std::env::vars().collect()
}

/// What time it is, for a command.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// One HTTP client for all services, on ring: the SDK's default TLS spends 30 ms of CPU on its first
/// handshake.
async fn sdk() -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(aws_call::patience())
        .load()
        .await
}

/// For requests to others than AWS, on the same TLS.
///
/// No connection is kept: Lambda freezes a function between its events, and a request on a connection that
/// was closed meanwhile leaves nobody knowing whether it arrived.
pub fn web() -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(4)).build();
    let connector = aws_smithy_http_client::Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .pool_max_idle_per_host(0)
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build();
    SharedHttpConnector::new(connector)
}

/// Prints the answer of a command.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn say(text: &str) {
    print!("{text}");
}

/// Prints why a command failed.
#[expect(clippy::print_stderr, reason = "the error of a command")]
pub fn say_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_means_nobody_knows() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut context = Context::default();
        let check = |context: &Context, seconds| {
            assert_eq!(time_left(context, now), Duration::from_secs(seconds));
        };
        context.deadline = 600_000;
        check(&context, 60);
        context.deadline = 1_800_000_030_000;
        check(&context, 30);
        context.deadline = u64::MAX / 2_000_000;
        check(&context, 60);
    }

    #[test]
    fn dry_run_may_come_with_the_event() {
        let check = |event: Value, dry_run| {
            assert_eq!(Invocation::new(event, SystemTime::UNIX_EPOCH).dry_run, dry_run);
        };
        check(serde_json::json!({"dry_run": true}), true);
        check(serde_json::json!({"dry_run": "true"}), true);
        check(serde_json::json!({"dry_run": false}), false);
        check(serde_json::json!("text"), false);
    }
}
