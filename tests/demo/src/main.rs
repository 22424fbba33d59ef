//! The story on one machine, start to end: `cargo demo`.
//!
//! It builds the functions and a small app, plays deployments against local-aws with the real
//! binaries, real processes and a real database, shows what happens, and fails if anything is not
//! as told.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON by name: what is missing is null, and a story that isn't as told should stop"
)]

mod alerts;
mod job;
mod native;
mod play;
mod prepare;
mod review;
mod show;

use std::process::ExitCode;

use show::Show;

const USAGE: &str = "\
cargo demo [--json]

Plays good and bad migrations, by CodeDeploy and by ECS itself, a job, the way of an alert to Slack, Teams
and PagerDuty, and the end of a pull request's review app on this machine: an app on SQLite, or on the PostgreSQL that DATABASE_URL names (an
empty database). Needs nothing but Rust.

  --json   one line of JSON for each thing that happens, instead of the timeline
";

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a story is told on a terminal")]
async fn main() -> ExitCode {
    let mut json = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            "--help" | "-h" => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("demo: unknown argument `{other}`\n\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    #[expect(clippy::disallowed_methods, reason = "main owns the environment")]
    let database = std::env::var("DATABASE_URL").ok().filter(|it| !it.is_empty());
    #[expect(clippy::disallowed_methods, reason = "main owns the environment")]
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    #[expect(clippy::disallowed_methods, reason = "main owns the clock")]
    let now = jiff::Timestamp::now();
    let show = Show::new(json);
    match play::play(&show, &cargo, database.as_deref(), now).await {
        Ok(()) => {
            show.done("Everything happened as told.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            show.failed(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
