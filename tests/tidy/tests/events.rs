//! Every event file is real JSON, is read by a test, and is shown to the reader.

use tidy::{File, files, read};

fn events() -> Vec<File> {
    let events = files("events", "json");
    assert!(!events.is_empty(), "events/ is empty");
    events
}

#[test]
fn every_event_is_json() {
    for event in events() {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&event.text);
        assert!(parsed.is_ok_and(|it| it.is_object()), "{} is no JSON object", event.path);
    }
}

#[test]
fn every_event_is_read_by_a_test() {
    let tests = [files("functions", "rs"), files("shared", "rs"), files("tests", "rs")].concat();
    for event in events() {
        let named = |it: &&File| it.text.contains(event.name());
        assert!(tests.iter().any(|it| named(&it)), "no test reads {}", event.path);
    }
}

#[test]
fn every_event_is_named_in_the_readme() {
    let readme = read("README.md");
    for event in events() {
        assert!(readme.contains(&event.path), "README.md does not name {}", event.path);
    }
}
