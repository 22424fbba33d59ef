//! Starts the function: settings, clients, run.

use std::process::ExitCode;

use run_migrations::{Aws, Settings, handle, refuse};
use runtime::Main;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let about = "a deployment waits until its migrations have succeeded";
    let main = Main::start("run-migrations", about).await;
    let aws = Aws::new(&main.sdk);
    match Settings::read(&main.environment) {
        Ok(settings) => main.run(async |it| handle(&aws, &settings, it).await).await,
        // A hook that can't start would leave CodeDeploy waiting for an hour: say no instead.
        Err(error) if main.in_lambda() => {
            main.refuse(&error);
            main.run(async |it| refuse(&aws, it, &error).await).await
        }
        Err(_) if main.wants_help() => main.help(),
        Err(error) => main.refuse(&error),
    }
}
