//! What a file may hold, by its name and its place.

use std::collections::BTreeSet;

use tidy::{Crate, File, awaits, code_of, crates, files};

/// A file that is longer holds two things.
const LONGEST: usize = 400;

/// The edges to what isn't AWS: GitHub, and everything else.
const WEB: [&str; 2] = ["github", "http"];

/// A pass of `clean-up-review-apps` asks many services, each by its edge, so it is named after none.
const PASS: &str = "functions/clean-up-review-apps/src/pass.rs";

/// What stands for work that isn't done. Spelt in two parts, or this file would be the first finding.
const UNFINISHED: [&str; 7] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X:"),
    concat!("#[ign", "ore"),
    concat!("allow(dead", "_code)"),
];

fn product() -> Vec<File> {
    [files("functions", "rs"), files("shared", "rs")].concat()
}

/// A crate's own files; its tests and examples follow no such rule.
fn sources() -> Vec<File> {
    product().into_iter().filter(|it| it.path.contains("/src/")).collect()
}

/// The services whose SDK the crate of a file links.
fn services_of(file: &File) -> BTreeSet<String> {
    let all = crates();
    let owner = all.values().find(|it| file.path.starts_with(&format!("{}/", it.folder)));
    owner.map(Crate::services).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

fn stem(file: &File) -> &str {
    file.name().trim_end_matches(".rs")
}

#[test]
fn only_an_edge_awaits_and_it_is_named_after_the_service_it_talks_to() {
    for file in sources().iter().filter(|it| awaits(it)) {
        let services = services_of(file);
        assert!(
            matches!(stem(file), "lib" | "main")
                || WEB.contains(&stem(file))
                || file.path == PASS
                || services.contains(stem(file)),
            "{} awaits, but its crate links no aws-sdk-{}: move the call to one of {services:?}",
            file.path,
            stem(file)
        );
    }
}

#[test]
fn only_an_edge_sends_a_request() {
    for file in sources().iter().filter(|it| code_of(it).contains(".send()")) {
        assert!(services_of(file).contains(stem(file)), "{} calls AWS, but is no edge", file.path);
    }
}

#[test]
fn files_stay_short() {
    for file in product() {
        let lines = file.text.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines, more than {LONGEST}", file.path);
    }
}

#[test]
fn nothing_is_left_for_later() {
    let everything = ["rs", "py", "sh", "toml", "yaml", "md"].map(|it| files(".", it)).concat();
    assert!(everything.iter().any(|it| it.path == "tests/tidy/tests/files.rs"));
    for file in everything {
        for word in UNFINISHED {
            assert!(!file.text.contains(word), "{} contains {word}", file.path);
        }
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    for it in crates().values() {
        let manifest = tidy::read(&format!("{}/Cargo.toml", it.folder));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}/Cargo.toml", it.folder);
    }
}

#[test]
fn the_changelog_has_a_place_for_the_next_change() {
    let changelog = tidy::read("CHANGELOG.md");
    assert!(changelog.lines().any(|it| it.starts_with("## ") && it.contains("Unreleased")));
}
