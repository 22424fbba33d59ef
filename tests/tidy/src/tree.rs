//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is, from the root of the repository, with `/` on every system.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl File {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file that has to be there.
///
/// # Panics
/// Where it isn't.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file under a folder whose name ends in `.extension`, in the order of their paths. Hidden
/// folders and what a build leaves are not looked into.
///
/// # Panics
/// Where a folder or a file can't be read.
pub fn files(folder: &str, extension: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(folder, extension, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &str, extension: &str, found: &mut Vec<File>) {
    let entries =
        fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{folder}: {error}"));
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder == "." { name.clone() } else { format!("{folder}/{name}") };
        if entry.path().is_dir() {
            if !name.starts_with('.') && name != "target" && name != "__pycache__" {
                collect(&path, extension, found);
            }
        } else if name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.')) {
            let text = read(&path);
            found.push(File { path, text });
        }
    }
}
