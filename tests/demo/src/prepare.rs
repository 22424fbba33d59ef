//! Builds the programs and lays out the images.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;

/// The programs of the story, built.
pub(crate) struct Programs {
    pub(crate) run_migrations: PathBuf,
    pub(crate) conclude_task: PathBuf,
    pub(crate) run_background_task: PathBuf,
    pub(crate) fan_out_alerts: PathBuf,
    pub(crate) clean_up_review_apps: PathBuf,
    sample_app: PathBuf,
}

/// Builds the whole workspace's programs, because a selection would build the AWS SDK again with
/// other features.
///
/// Cargo shows its progress if somebody looks on; otherwise only its errors are of interest.
pub(crate) async fn build(cargo: &str, watched: bool) -> Result<Programs> {
    let mut build = Command::new(cargo);
    build.args(["build", "--locked", "--workspace", "--bins"]).current_dir(workspace());
    if !watched {
        build.arg("--quiet");
    }
    let built = build
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(if watched { Stdio::inherit() } else { Stdio::piped() })
        .spawn()
        .with_context(|| format!("starting {cargo}"))?
        .wait_with_output()
        .await
        .with_context(|| format!("starting {cargo}"))?;
    if !built.status.success() {
        bail!("the build failed:\n{}", String::from_utf8_lossy(&built.stderr));
    }
    let me = std::env::current_exe().context("where is this program?")?;
    let folder = me.parent().context("this program is in no folder")?;
    let program = |name: &str| -> Result<PathBuf> {
        let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        ensure!(path.is_file(), "{} was not built", path.display());
        Ok(path)
    };
    Ok(Programs {
        run_migrations: program("run-migrations")?,
        conclude_task: program("conclude-task")?,
        run_background_task: program("run-background-task")?,
        fan_out_alerts: program("fan-out-alerts")?,
        clean_up_review_apps: program("clean-up-review-apps")?,
        sample_app: program("sample-app")?,
    })
}

/// Lays out one image of the sample app: the program and its migrations in a folder.
pub(crate) fn image(programs: &Programs, scratch: &Path, version: &str) -> Result<PathBuf> {
    let folder = scratch.join(version);
    let migrations = folder.join("migrations");
    std::fs::create_dir_all(&migrations)?;
    std::fs::copy(&programs.sample_app, folder.join("sample-app"))?;
    let source = workspace().join("tests/sample-app/images").join(version).join("migrations");
    for file in std::fs::read_dir(&source).with_context(|| source.display().to_string())? {
        let file = file?;
        std::fs::copy(file.path(), migrations.join(file.file_name()))?;
    }
    Ok(folder)
}

/// A new, empty folder for images and the database.
pub(crate) fn scratch(now: jiff::Timestamp) -> Result<PathBuf> {
    let name = format!("quayside-demo-{}-{}", std::process::id(), now.as_microsecond());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// The root of the repository.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
