//! Nothing is removed without a ticket: what `clean-up-review-apps` promises, as far as its text can tell.

use tidy::{File, code_of, files, functions_in};

/// How the SDK's names of what removes something begin.
const REMOVALS: [&str; 8] = [
    ".batch_delete_",
    ".change_resource_record_sets()",
    ".delete_",
    ".deregister_",
    ".remove_targets()",
    ".revoke_",
    ".stop_",
    ".terminate_",
];

/// What a function takes that may remove: one ticket or several, of which none can be copied.
const TAKES: [&str; 5] = [
    "ticket: &Ticket",
    "ticket: Ticket",
    "tickets: &[Ticket]",
    "tickets: &[&Ticket]",
    "tickets: Vec<Ticket>",
];

fn sources() -> Vec<File> {
    let sources = files("functions/clean-up-review-apps/src", "rs").into_iter();
    sources.map(|it| File { text: code_of(&it), path: it.path }).collect()
}

/// What stands before the body.
fn signature(function: &str) -> &str {
    function.split('{').next().unwrap_or_default()
}

#[test]
fn only_a_function_that_takes_a_ticket_removes_anything() {
    let (mut removals, mut without) = (0, Vec::new());
    for file in sources() {
        for function in functions_in(&file.text) {
            let signature = signature(function);
            for removal in REMOVALS.iter().filter(|it| function.contains(**it)) {
                removals += 1;
                if !TAKES.iter().any(|it| signature.contains(it)) {
                    let name = signature.split(['(', '<']).next().unwrap_or_default();
                    without.push(format!("{}: {name} calls {removal}", file.path));
                }
            }
        }
    }
    assert!(
        removals > 15,
        "the rule looks at {removals} calls: are they spelt in another way now?"
    );
    assert!(without.is_empty(), "no ticket is taken here:\n{}", without.join("\n"));
}

#[test]
fn tickets_are_made_where_ownership_is_proven() {
    let made = |it: &File| {
        it.text.replace("struct Ticket {", "").replace("impl Ticket {", "").contains("Ticket {")
    };
    let makers: Vec<String> = sources().into_iter().filter(made).map(|it| it.path).collect();
    assert_eq!(makers, ["functions/clean-up-review-apps/src/ownership.rs"]);
}

#[test]
fn the_command_before_a_removal_stops_its_own_tasks_only() {
    let stops = |it: &File| it.text.contains("tasks::stop(");
    let stoppers: Vec<String> = sources().into_iter().filter(stops).map(|it| it.path).collect();
    assert_eq!(stoppers, ["functions/clean-up-review-apps/src/pre_delete/ecs.rs"]);
}
