//! One container: started, run to its end.

use std::path::PathBuf;
use std::time::Duration;

use super::lifecycle::{self, Stopping, stopped};
use super::process::Process;
use crate::image::{End, Run, Script};
use crate::logs;
use crate::world::World;

/// What the task knows of a container.
#[derive(Debug, Clone)]
pub(super) struct Container {
    /// Its place in the task's list.
    pub(super) index: usize,
    pub(super) essential: bool,
    /// From SIGTERM to SIGKILL.
    pub(super) stop_timeout: Duration,
    /// Group and stream.
    pub(super) log: Option<(String, String)>,
}

/// What it runs.
pub(super) enum What {
    Script(Script),
    Process(PathBuf, Run),
}

/// A container that has started.
pub(super) struct Running {
    container: Container,
    does: Does,
}

enum Does {
    Script(Script),
    Process(Process),
}

/// How a container ended.
pub(super) struct Ended {
    pub(super) index: usize,
    pub(super) essential: bool,
    pub(super) exit_code: Option<i32>,
    pub(super) reason: Option<String>,
}

impl Container {
    pub(super) fn start(&self, world: &World, what: What) -> Result<Running, String> {
        let does = match what {
            What::Script(script) => {
                self.print(world, script.lines.clone());
                Does::Script(script)
            }
            What::Process(folder, run) => Does::Process(Process::start(&folder, &run)?),
        };
        Ok(Running { container: self.clone(), does })
    }

    pub(super) fn print(&self, world: &World, lines: Vec<String>) {
        if let Some((group, stream)) = &self.log {
            logs::append(world, group, stream, lines);
        }
    }
}

impl Running {
    pub(super) async fn end(self, world: &World, arn: &str, stopping: Stopping) -> Ended {
        let container = self.container;
        let (exit_code, reason) = match self.does {
            Does::Script(script) => play(world, arn, &container, &script, stopping).await,
            Does::Process(process) => (Some(process.end(world, &container, stopping).await), None),
        };
        let Container { index, essential, .. } = container;
        Ended { index, essential, exit_code, reason }
    }
}

async fn play(
    world: &World,
    arn: &str,
    container: &Container,
    script: &Script,
    mut stopping: Stopping,
) -> (Option<i32>, Option<String>) {
    let runs = async {
        match script.end {
            End::Never => std::future::pending().await,
            _ => world.clock().sleep(script.runs_for).await,
        }
    };
    let mut runs = std::pin::pin!(runs);
    let ended = tokio::select! {
        biased;
        () = &mut runs => true,
        () = stopped(&mut stopping) => false,
    };
    match script.end {
        End::Exit(code) if ended => return (Some(code), None),
        End::Vanishes if ended => return (None, None),
        End::OutOfMemory if ended => {
            let reason = "OutOfMemoryError: Container killed due to memory usage";
            return (Some(137), Some(reason.to_owned()));
        }
        End::SpotInterruption if ended => {
            lifecycle::stop(world, arn, "SpotInterruption", "Your Spot Task was interrupted.");
        }
        _ => {}
    }
    if !script.ignores_sigterm {
        return (Some(143), None);
    }
    world.clock().sleep(container.stop_timeout).await;
    (Some(137), None)
}
