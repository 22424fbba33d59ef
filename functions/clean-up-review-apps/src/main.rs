//! Starts the function: settings, clients, run.

use std::process::ExitCode;

use clean_up_review_apps::{Aws, Settings, handle};
use runtime::Main;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let about = "a schedule removes what closed pull requests left";
    let main = Main::start("clean-up-review-apps", about).await;
    let settings = Settings::read(&main.environment);
    let aws = match &settings {
        Ok(settings) => Aws::new(&main.sdk, runtime::web(), settings),
        Err(_) if main.wants_help() => return main.help(),
        Err(error) => return main.refuse(error),
    };
    match (aws, settings) {
        (Ok(aws), Ok(settings)) => main.run(async |it| handle(&aws, &settings, it).await).await,
        (Err(error), _) | (_, Err(error)) => main.refuse(&error),
    }
}
