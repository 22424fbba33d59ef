//! A container that is a process of this machine.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::container::Container;
use super::lifecycle::{Stopping, stopped};
use crate::image::Run;
use crate::world::World;

/// What Docker gives a container whose image says nothing else.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A process in a process group of its own.
pub(super) struct Process {
    child: Child,
}

impl Process {
    pub(super) fn start(folder: &Path, run: &Run) -> Result<Self, String> {
        let Some((program, arguments)) = run.command.split_first() else {
            return Err("CannotStartContainerError: no command specified".to_owned());
        };
        let own = folder.join(program);
        let found = if own.is_file() { own.as_os_str() } else { program.as_ref() };
        let child = Command::new(found)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", PATH)
            .envs(&run.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        match child {
            Ok(child) => Ok(Self { child }),
            Err(error) => Err(format!(
                "CannotStartContainerError: ResourceInitializationError: failed to create new \
                 container runtime task: exec: \"{program}\": {error}"
            )),
        }
    }

    /// Waits for its end, or ends it; what it printed is in the log before its exit code is known.
    pub(super) async fn end(
        mut self,
        world: &World,
        container: &Container,
        mut stopping: Stopping,
    ) -> i32 {
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        let printing = async {
            tokio::join!(print(world, container, stdout), print(world, container, stderr));
        };
        let (code, ()) = tokio::join!(self.exit(world, container, &mut stopping), printing);
        code
    }

    async fn exit(mut self, world: &World, container: &Container, stopping: &mut Stopping) -> i32 {
        let group = self.child.id();
        let status = tokio::select! {
            biased;
            status = self.child.wait() => status,
            () = stopped(stopping) => self.stop(world, container).await,
        };
        // A container ends with its first process, whatever else it has started.
        signal("KILL", group.map(|it| format!("-{it}"))).await;
        status.map_or(137, exit_code)
    }

    async fn stop(&mut self, world: &World, container: &Container) -> std::io::Result<ExitStatus> {
        signal("TERM", self.child.id().map(|it| it.to_string())).await;
        let clock = world.clock();
        tokio::select! {
            biased;
            status = self.child.wait() => status,
            () = clock.sleep(container.stop_timeout) => {
                self.child.start_kill()?;
                self.child.wait().await
            }
        }
    }
}

/// A container that a signal killed exits with 128 and the signal's number: 137, 139, 143.
fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|it| 128 + it)).unwrap_or(137)
}

/// The standard library only knows SIGKILL; the shell has every signal built in.
async fn signal(name: &str, to: Option<String>) {
    let Some(to) = to else { return };
    let script = "kill -s \"$0\" -- \"$1\" 2>/dev/null";
    let _ = Command::new("/bin/sh").args(["-c", script, name, &to]).status().await;
}

async fn print(world: &World, container: &Container, from: Option<impl AsyncRead + Unpin>) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        container.print(world, vec![text]);
        line.clear();
    }
}
