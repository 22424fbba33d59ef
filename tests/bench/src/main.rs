//! Figures, not tests: how fast a storm of alerts is told, and how long a thousand review apps take to go.
//!
//! ```console
//! $ cargo build --release --workspace --bins
//! $ target/release/bench fan-out --alerts 10000
//! $ target/release/bench clean-up --apps 10 100 1000
//! ```
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "JSON by name, and a report on a terminal"
)]

mod clean_up;
mod fan_out;
mod memory;

use std::process::ExitCode;

use anyhow::Result;
use tokio::runtime::Builder;

const USAGE: &str = "\
bench fan-out [--alerts N]
bench clean-up [--apps N...]

fan-out: sends N alerts (10000) through the release binary of fan-out-alerts, which is beside this program, to
five destinations on this machine. A tenth of all requests fails. Fails itself if anything is lost or told twice.

clean-up: N pull requests (10, 100, 1000) are closed at once, in an account with AWS's request quotas, and
somebody deploys there all the time. Fails itself if a deployment is throttled, if anything is left, or if
anything else is gone.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let measured = match arguments.as_slice() {
        ["fan-out"] => fan_out(10_000),
        ["fan-out", "--alerts", n] => match n.parse() {
            Ok(alerts) => fan_out(alerts),
            Err(_) => return usage(),
        },
        ["clean-up"] => clean_up(&[10, 100, 1000]),
        ["clean-up", "--apps", some @ ..] if !some.is_empty() => {
            match some.iter().map(|it| it.parse()).collect::<Result<Vec<u32>, _>>() {
                Ok(apps) => clean_up(&apps),
                Err(_) => return usage(),
            }
        }
        _ => return usage(),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

fn fan_out(alerts: usize) -> Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    println!("{}", runtime.block_on(fan_out::measure(alerts))?);
    Ok(())
}

/// One after the other, each with a clock of its own that nobody has to wait for.
fn clean_up(apps: &[u32]) -> Result<()> {
    for apps in apps {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
        println!("{}\n", runtime.block_on(clean_up::measure(*apps))?);
    }
    Ok(())
}
