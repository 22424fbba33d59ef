//! `cargo run -p local-aws -- --port 4566`: the local AWS on 127.0.0.1.

mod arguments;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use arguments::{Arguments, Code, USAGE};
use local_aws::{Image, Pace, World, scene, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is its terminal")]
async fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("local-aws: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-aws: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "whoever started it waits for this line")]
async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let pace = if arguments.real_pace { Pace::REAL } else { Pace::BRISK };
    let world = World::with_upstream(now(), pace, arguments.upstream);
    for (name, folder) in arguments.images {
        anyhow::ensure!(folder.is_dir(), "--image {name}: {} is not a folder", folder.display());
        world.image(&name, Image::Folder(folder));
    }
    for (name, code) in arguments.functions {
        match code {
            Code::Url(url) => world.function_at(&name, &url),
            Code::Binary(path) => {
                let missing = format!("--function {name}: {} is not a file", path.display());
                anyhow::ensure!(Path::is_file(&path), missing);
                world.function_binary(&name, path, arguments.environment.clone());
            }
        }
    }
    if let Some(path) = &arguments.scene {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("--scene {}", path.display()))?;
        let hook = serde_json::from_str(&text)
            .with_context(|| format!("--scene {} is not JSON", path.display()))?;
        scene::waiting(&world, &hook)
            .await
            .map_err(|error| anyhow::anyhow!("--scene: {}: {}", error.code, error.message))?;
    }
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    println!("local-aws listens on http://{}", listener.local_addr()?);

    // Both signals end the runtime in the ordinary way, which takes the processes of tasks and
    // functions with it.
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        served = serve(world, listener) => served?,
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "main owns the clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
