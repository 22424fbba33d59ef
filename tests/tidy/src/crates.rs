//! The crates of the workspace, as cargo sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// One crate of the workspace.
#[derive(Clone, Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its folder, from the root of the repository.
    pub folder: String,
    /// What it links: development and build dependencies are left out.
    pub dependencies: BTreeSet<String>,
}

impl Crate {
    /// The AWS services whose SDK the crate itself names, in the crates' spelling:
    /// `cloudwatchlogs`, `ecs`.
    pub fn services(&self) -> BTreeSet<&str> {
        self.dependencies.iter().filter_map(|it| it.strip_prefix("aws-sdk-")).collect()
    }

    /// The crate itself and every crate of the workspace it links, directly or through others.
    pub fn with_its_own<'a>(&'a self, all: &'a BTreeMap<String, Crate>) -> Vec<&'a Crate> {
        let mut linked = vec![self];
        let mut next = 0;
        while let Some(it) = linked.get(next).copied() {
            for other in it.dependencies.iter().filter_map(|name| all.get(name)) {
                if linked.iter().all(|known| known.name != other.name) {
                    linked.push(other);
                }
            }
            next += 1;
        }
        linked
    }
}

/// The crates of the workspace by name.
///
/// # Panics
/// Where cargo doesn't answer.
pub fn crates() -> BTreeMap<String, Crate> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let metadata: Value =
        serde_json::from_str(&metadata).unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    // What cargo calls the root has no `..` in it, as ours may.
    let root = text(&metadata["workspace_root"]);
    items(&metadata["packages"])
        .map(|it| crate_of(it, &root))
        .map(|it| (it.name.clone(), it))
        .collect()
}

fn crate_of(package: &Value, root: &str) -> Crate {
    let manifest = text(&package["manifest_path"]).replace('\\', "/");
    let folder = manifest.trim_end_matches("/Cargo.toml");
    let folder = folder.strip_prefix(&root.replace('\\', "/")).unwrap_or(folder);
    let linked = items(&package["dependencies"]).filter(|it| it["kind"].is_null());
    Crate {
        name: text(&package["name"]),
        folder: folder.trim_start_matches('/').to_owned(),
        dependencies: linked.map(|it| text(&it["name"])).collect(),
    }
}

/// Every package that the workspace links, one `name version` a line. The lock file would not do: it
/// also lists what no feature asks for.
///
/// # Panics
/// Where cargo doesn't answer.
pub fn dependency_tree() -> BTreeSet<String> {
    let format = ["--prefix", "none", "--format", "{p}"];
    let tree = cargo(
        &[&["tree", "--workspace", "--edges", "normal", "--locked", "--offline"][..], &format]
            .concat(),
    );
    tree.lines()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .filter(|it| !it.is_empty())
        .collect()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cargo: {error}"));
    assert!(
        output.status.success(),
        "cargo {arguments:?} (`cargo fetch` helps where a package is missing): {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
