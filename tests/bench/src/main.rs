//! Figures, not tests: how fast a storm of alerts is told, what it takes, and that nothing is lost.
//!
//! ```console
//! $ cargo build --release --workspace --bins
//! $ target/release/bench fan-out --alerts 10000
//! ```
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "JSON by name, and a report on a terminal"
)]

mod fan_out;
mod memory;

use std::process::ExitCode;

const USAGE: &str = "\
bench fan-out [--alerts N]

Sends N alerts (10000) through the release binary of fan-out-alerts, which is beside this program, to five
destinations on this machine. A tenth of all requests fails. Fails itself if anything is lost or told twice.
";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let alerts = match arguments.as_slice() {
        ["fan-out"] => Some(10_000),
        ["fan-out", "--alerts", n] => n.parse().ok(),
        _ => None,
    };
    let Some(alerts) = alerts else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match fan_out::measure(alerts).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
