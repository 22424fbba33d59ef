//! Starts the function: settings, clients, run; or does what else was asked for on the command line.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fan_out_alerts::command::{self, Command};
use fan_out_alerts::{Aws, Routes, Settings, handle, read, start, test};
use runtime::{Main, say, say_error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Command::read(&arguments) {
        Ok(Some(Command::Test { to, json })) => send(to.as_deref(), json).await,
        Ok(Some(command)) => without_aws(&command),
        Ok(None) => events().await,
        Err(error) => {
            say_error(&error);
            ExitCode::from(2)
        }
    }
}

async fn begin() -> Main {
    let about = "every alert reaches everyone it should, once, or says why not";
    Main::start("fan-out-alerts", about).await.with_help(command::HELP)
}

async fn events() -> ExitCode {
    let main = begin().await;
    let aws = Aws::new(&main.sdk, runtime::web());
    match Settings::read(&main.environment) {
        Ok(settings) => {
            // What is wrong with the routes is told at the start, not with the first alert.
            if main.in_lambda()
                && let Err(error) = start(&aws, &settings).await
            {
                tracing::error!(error = format!("{error:#}"), "there are no routes yet");
            }
            main.run(async |it| handle(&aws, &settings, it).await).await
        }
        Err(_) if main.wants_help() => main.help(),
        Err(error) => main.refuse(&error),
    }
}

async fn send(to: Option<&str>, json: bool) -> ExitCode {
    let main = begin().await;
    let aws = Aws::new(&main.sdk, runtime::web());
    let settings = match Settings::read(&main.environment) {
        Ok(settings) => settings,
        Err(error) => return main.refuse(&error),
    };
    finish(test(&aws, &settings, to, runtime::now()).await.map(|answer| match json {
        true => format!("{:#}\n", serde_json::to_value(&answer).unwrap_or_default()),
        false => format!("{answer}\n"),
    }))
}

fn without_aws(command: &Command) -> ExitCode {
    finish(match command {
        Command::CheckRoutes { file } => {
            routes_text(file.as_deref()).and_then(|text| command::check_routes(&text))
        }
        Command::Render { event, routes, to, json } => {
            preview(event, routes.as_deref(), to.as_deref(), *json)
        }
        Command::Test { .. } => Ok(String::new()),
    })
}

fn preview(event: &str, routes: Option<&str>, to: Option<&str>, json: bool) -> Result<String> {
    let text = runtime::read_file(event)?;
    // A text is an alert, too.
    let event = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
    let routes = match (routes, routes_text(None)) {
        (Some(file), _) => Some(runtime::read_file(file)?),
        (None, text) => text.ok(),
    };
    let routes = routes.map(|text| Arc::new(Routes::read(&text).0));
    let now = jiff::Timestamp::try_from(runtime::now()).unwrap_or_default();
    command::render(&read(&event, now), routes.as_deref(), to, json)
}

fn routes_text(file: Option<&str>) -> Result<String> {
    match file {
        Some(file) => runtime::read_file(file),
        None => {
            let environment = runtime::environment();
            let text = environment.optional("ROUTES").map(str::to_owned);
            text.context("no routes; give their file, or ROUTES in the environment")
        }
    }
}

fn finish(done: Result<String>) -> ExitCode {
    match done {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}
