//! One TLS stack, one HTTP stack: each further one costs start-up time and size in every function.

use std::collections::BTreeSet;

use tidy::{dependency_tree, read};

/// Package and version of what the workspace links.
fn linked() -> Vec<(String, String)> {
    let tree = dependency_tree();
    let pairs = tree.iter().filter_map(|it| it.split_once(" v"));
    pairs.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

#[test]
fn the_tree_has_no_second_tls_library() {
    let linked = linked();
    assert!(linked.iter().any(|(name, _)| name == "ring"), "the tree was not read");
    for heavy in ["aws-lc-sys", "aws-lc-rs", "openssl-sys", "native-tls"] {
        assert!(
            linked.iter().all(|(name, _)| name != heavy),
            "{heavy} is linked: `cargo tree --invert {heavy}` says by whom"
        );
    }
}

/// The types of the old `http`, without anything that would send them: the SDK of CloudWatch names them,
/// and nothing uses them.
const ONLY_TYPES: (&str, &str) = ("http", "0.2.");

#[test]
fn there_is_one_version_of_what_every_call_goes_through() {
    let linked = linked();
    for name in ["hyper", "rustls", "http", "tokio"] {
        let versions: BTreeSet<&str> = linked
            .iter()
            .filter(|(it, _)| it == name)
            .map(|(_, version)| version.as_str())
            .filter(|it| name != ONLY_TYPES.0 || !it.starts_with(ONLY_TYPES.1))
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
}

#[test]
fn no_sdk_crate_brings_its_default_features() {
    let manifest = read("Cargo.toml");
    let sdk = |line: &&str| line.starts_with("aws-sdk-") || line.starts_with("aws-config");
    let lines: Vec<&str> = manifest.lines().filter(sdk).collect();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(line.contains("default-features = false"), "{line}");
    }
}
