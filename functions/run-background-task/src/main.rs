//! Starts the function: settings, clients, run.

use std::process::ExitCode;

use run_background_task::{Aws, Settings, handle};
use runtime::Main;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let about = "a schedule starts a job on the image that is live";
    let main = Main::start("run-background-task", about).await;
    let aws = Aws::new(&main.sdk);
    match Settings::read(&main.environment) {
        Ok(settings) => main.run(async |it| handle(&aws, &settings, it).await).await,
        Err(_) if main.wants_help() => main.help(),
        Err(error) => main.refuse(&error),
    }
}
