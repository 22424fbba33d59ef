//! Log lines: JSON in Lambda, plain text for people.

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::metrics::TARGET;
use crate::settings::Environment;

/// Lambda's own switches decide the level and the format. Every line carries a timestamp: without a
/// valid one Lambda files the line under INFO and may drop an error.
pub(crate) fn to_lambda(environment: &Environment) {
    let level = level(environment.optional("AWS_LAMBDA_LOG_LEVEL"), LevelFilter::INFO);
    let text = environment.optional("AWS_LAMBDA_LOG_FORMAT").is_some_and(|it| it == "Text");
    let layer = if text {
        fmt::layer().with_ansi(false).with_target(false).boxed()
    } else {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_target(false)
            .boxed()
    };
    let lines = lines(level);
    // A second start in the same process keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(layer.with_filter(lines)).with(Metrics).try_init();
}

/// Standard output belongs to the answer; what goes wrong goes to standard error.
pub(crate) fn to_terminal(environment: &Environment) {
    let level = level(environment.optional("LOG_LEVEL"), LevelFilter::WARN);
    let layer = fmt::layer().with_target(false).without_time().with_writer(std::io::stderr);
    // The SDK tells of every place where it found no region or credentials; what matters comes as an
    // error of the call.
    let targets = lines(level).with_target("aws_config", LevelFilter::ERROR);
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
}

/// What is logged at a level. The SDK's details hold whole requests and answers, secrets among them: they
/// are not for any log.
pub fn lines(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level)
        .with_target("aws", level.min(LevelFilter::INFO))
        .with_target(TARGET, LevelFilter::OFF)
}

/// Prints metrics as they are, whatever the log level: `CloudWatch` reads only lines that are nothing
/// but the embedded metric format.
struct Metrics;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Metrics {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            event.record(&mut Print);
        }
    }
}

struct Print;

impl Visit for Print {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "emf" {
            #[expect(clippy::print_stdout, reason = "Lambda sends standard output to the log")]
            {
                println!("{value}");
            }
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

fn level(name: Option<&str>, default: LevelFilter) -> LevelFilter {
    match name {
        Some("FATAL") => LevelFilter::ERROR,
        Some(name) => name.parse().unwrap_or(default),
        None => default,
    }
}
