//! Container images: a folder whose commands really run, or a script of what the container does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::world::World;

/// What is behind an image's name.
#[derive(Clone)]
pub enum Image {
    /// The container's command runs as a process of this machine, in this folder.
    Folder(PathBuf),
    /// Nothing runs; what the container does is told.
    Script(Arc<dyn Fn(&Run) -> Script + Send + Sync>),
}

impl Image {
    /// An image whose containers do what `script` says about each run.
    pub fn script(script: impl Fn(&Run) -> Script + Send + Sync + 'static) -> Self {
        Self::Script(Arc::new(script))
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Script(_) => f.write_str("Script"),
        }
    }
}

/// One container about to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The image's full name: `registry/app:7`.
    pub image: String,
    /// The container's name in the task definition.
    pub container: String,
    /// Entry point and command, overrides applied.
    pub command: Vec<String>,
    /// The environment of the definition, its secrets, and the overrides.
    pub environment: BTreeMap<String, String>,
    /// The task it belongs to.
    pub task_arn: String,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Whether its image can be pulled; if not, why.
    pub pull: Result<(), String>,
    /// What it prints when it starts.
    pub lines: Vec<String>,
    /// How long it runs until its end.
    pub runs_for: Duration,
    /// How it ends by itself.
    pub end: End,
    /// It goes on after SIGTERM, until SIGKILL.
    pub ignores_sigterm: bool,
}

/// How a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exits with this code.
    Exit(i32),
    /// The kernel kills it for its use of memory.
    OutOfMemory,
    /// It runs until it is stopped.
    Never,
    /// AWS takes the capacity back: the whole task is stopped.
    SpotInterruption,
    /// It stops and its exit code is never reported.
    Vanishes,
}

impl Script {
    fn ends(end: End) -> Self {
        let (lines, runs_for) = (Vec::new(), Duration::ZERO);
        Self { pull: Ok(()), lines, runs_for, end, ignores_sigterm: false }
    }

    /// Exits with `code`, at once unless told [`Script::after`] how long.
    pub fn exits(code: i32) -> Self {
        Self::ends(End::Exit(code))
    }

    /// Uses too much memory.
    pub fn runs_out_of_memory() -> Self {
        Self::ends(End::OutOfMemory)
    }

    /// Runs until its capacity is taken back.
    pub fn is_interrupted() -> Self {
        Self::ends(End::SpotInterruption)
    }

    /// Stops without anybody learning its exit code.
    pub fn vanishes() -> Self {
        Self::ends(End::Vanishes)
    }

    /// Runs until it is stopped.
    pub fn never_ends() -> Self {
        Self::ends(End::Never)
    }

    /// Never starts: its image cannot be pulled.
    pub fn cannot_pull(reason: &str) -> Self {
        Self { pull: Err(reason.to_owned()), ..Self::ends(End::Never) }
    }

    /// Ends only after `duration`.
    pub fn after(mut self, duration: Duration) -> Self {
        self.runs_for = duration;
        self
    }

    /// Prints `lines` when it starts.
    pub fn printing(mut self, lines: &[&str]) -> Self {
        self.lines = lines.iter().map(|&line| line.to_owned()).collect();
        self
    }

    /// Goes on after SIGTERM; only SIGKILL ends it.
    pub fn ignoring_sigterm(mut self) -> Self {
        self.ignores_sigterm = true;
        self
    }
}

impl World {
    /// Puts an image where tasks find it, under its full name: `registry/app:7`.
    pub fn image(&self, name: &str, image: Image) {
        self.state().ecs.tasks.images.insert(name.to_owned(), image);
    }
}
