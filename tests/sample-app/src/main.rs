//! A small web app with a database, migrations and jobs: what the local "image" runs.
//!
//! An image is a folder with this program and a `migrations` folder beside it. The same program with
//! more migrations is the next version of the app, as it is with any framework.
//!
//! **Invariant:** a migration that fails leaves the database as it was before that migration.

mod database;
mod jobs;
mod migrate;
mod migrations;
mod serve;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::database::Place;

const USAGE: &str = "\
usage: sample-app COMMAND

  migrate      apply the migrations of ./migrations that the database hasn't seen
  serve        answer HTTP requests on 127.0.0.1
  jobs NAME    run one job: send-reminders, count-customers

settings (environment):
  DATABASE_URL    PostgreSQL, e.g. postgres://app:secret@127.0.0.1:5432/app
  DATABASE_PATH   SQLite file where DATABASE_URL is not set [default: ./sample.sqlite3]
  MIGRATIONS      folder of the .sql files [default: ./migrations]
  PORT            port of `serve` [default: 8080; 0: any free one]
";

/// The exit code of a command line that makes no sense, told apart from work that failed.
const WRONG_USAGE: u8 = 2;

struct Settings {
    database: Place,
    migrations: PathBuf,
    port: u16,
}

impl Settings {
    fn from_environment() -> anyhow::Result<Self> {
        let database = match variable("DATABASE_URL") {
            Some(url) => Place::postgres(&url)?,
            None => Place::Sqlite(
                variable("DATABASE_PATH")
                    .map_or_else(|| PathBuf::from("sample.sqlite3"), PathBuf::from),
            ),
        };
        let migrations =
            variable("MIGRATIONS").map_or_else(|| PathBuf::from("migrations"), PathBuf::from);
        let port = variable("PORT").unwrap_or_else(|| "8080".to_owned());
        let port =
            port.parse().with_context(|| format!("PORT is a number like 8080, not {port:?}"))?;
        Ok(Self { database, migrations, port })
    }
}

/// Set but empty means "not set": that is how a container definition switches a variable off.
#[expect(clippy::disallowed_methods, reason = "main reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = std::io::stdout();
    let ended = match arguments.as_slice() {
        ["migrate"] => settings_and(|it| migrate::run(&it.database, &it.migrations, &mut out)),
        ["serve"] => settings_and(|it| serve::run(&it.database, &it.migrations, it.port, &mut out)),
        ["jobs", name] => match jobs::Job::named(name) {
            Some(job) => settings_and(|it| jobs::run(job, &it.database, &mut out)),
            None => return wrong_usage(&format!("no job is called {name:?}")),
        },
        ["help" | "--help" | "-h"] => out.write_all(USAGE.as_bytes()).map_err(Into::into),
        _ => return wrong_usage("which command?"),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_on_stderr(&format!("{error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn settings_and(work: impl FnOnce(&Settings) -> anyhow::Result<()>) -> anyhow::Result<()> {
    work(&Settings::from_environment()?)
}

fn wrong_usage(why: &str) -> ExitCode {
    say_on_stderr(&format!("sample-app: {why}\n\n{USAGE}"));
    ExitCode::from(WRONG_USAGE)
}

/// Nobody is left to be told when stderr itself is closed.
fn say_on_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
