//! What the document says, and what is wrong with it.

use super::*;
use crate::notice::{Severity, Status};

const DOCUMENT: &str = "
destinations:
  chat: {type: slack, webhook: alerts/slack}
  oncall: {type: pagerduty, routing_key: alerts/pagerduty}
  mail: {type: email, topic: 'arn:aws:sns:eu-west-2:123456789012:mail'}
routes:
  - match: {name: core-review-*}
    drop: true
  - match: {severity: critical}
    to: [oncall]
    continue: true
  - match: {source: quayside}
    to: [chat, mail]
default: [chat]
fallback: mail
";

fn notice(name: &str, source: &str, severity: Severity) -> Notice {
    Notice {
        resource: Some(name.into()),
        source: source.into(),
        severity,
        status: Status::Firing,
        ..Notice::default()
    }
}

#[test]
fn the_first_route_that_fits_decides() {
    let (routes, problems) = Routes::read(DOCUMENT);
    assert_eq!(problems, []);
    let told = |name: &str, source: &str, severity| match routes.of(&notice(name, source, severity))
    {
        Who::These(names) => names.join(" "),
        other => format!("{other:?}"),
    };
    assert_eq!(told("core-review-12", "quayside", Severity::Critical), "Dropped");
    assert_eq!(told("web", "quayside", Severity::Critical), "oncall chat mail");
    assert_eq!(told("web", "quayside", Severity::Error), "chat mail");
    assert_eq!(told("web", "aws.rds", Severity::Critical), "oncall");
    assert_eq!(told("web", "aws.rds", Severity::Info), "chat");
}

#[test]
fn json_is_read_too() {
    let document: Value = yaml_serde::from_str(DOCUMENT).unwrap();
    let json = serde_json::to_string_pretty(&serde_json::to_value(&document).unwrap()).unwrap();
    let (routes, problems) = Routes::read(&json);
    assert_eq!(problems, []);
    assert_eq!(routes, Routes::read(DOCUMENT).0);
}

#[track_caller]
fn check(from: &str, to: &str, expected: &str) -> Routes {
    let (routes, problems) = Routes::read(&DOCUMENT.replace(from, to));
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(told.join("\n"), expected);
    routes
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_rest_still_delivers() {
    let routes = check(
        "to: [chat, mail]",
        "to: [chta, mail]",
        "line 12: route 3: there is no destination `chta`",
    );
    assert_eq!(routes.of(&notice("web", "quayside", Severity::Info)), Who::These(vec!["mail"]));
    let routes = check(
        "to: [chat, mail]",
        "to: [chta]",
        "line 12: route 3: there is no destination `chta`\n\
         line 12: route 3: it tells nobody, so it is left out",
    );
    assert_eq!(routes.of(&notice("web", "quayside", Severity::Info)), Who::These(vec!["chat"]));
    check(
        "severity: critical",
        "severity: urgent",
        "line 9: route 2: `urgent` is no severity; there are info, warning, error, critical\n\
         line 4: destination oncall is never told",
    );
    check(
        "  - match: {severity: critical}",
        "  - to: [chat]\n  - match: {severity: critical}",
        "line 10: route 3: route 2 (line 9) decides everything before it\n\
         line 13: route 4: route 2 (line 9) decides everything before it",
    );
    check(
        "{name: core-review-*}",
        "{severity: info}",
        "line 7: route 1: `severity` is the least one; to drop what matters little, say \
         `max_severity`; it is left out",
    );
    check("default: [chat]\n", "", "there is no `default`: what fits no route is told to nobody");
    check("fallback: mail", "fallback: mall", "line 15: fallback: there is no destination `mall`");
    check(
        "fallback",
        "fall_back",
        "line 15: unknown member `fall_back`; known: destinations, routes, default, fallback, allowed_hosts, prefix",
    );
}

#[test]
fn a_destination_that_is_wrong_is_named() {
    let told = |text: &str| {
        let (_, problems) = Routes::read(&DOCUMENT.replace("webhook: alerts/slack", text));
        problems.first().map(Problem::to_string).unwrap_or_default()
    };
    let value = told("webhook: 'https://hooks.slack.com/services/T0/B0/hidden'");
    assert!(value.starts_with("line 3: destination chat:"), "{value}");
    assert!(value.contains("not its value") && !value.contains("hidden"), "{value}");
    assert!(told("token: alerts/bot").contains("give `webhook`, or `token` and `channel`"));
    assert!(told("hook: x").contains("unknown field `hook`"));
}

#[test]
fn an_unreadable_document_is_a_problem_and_nobody_is_told() {
    let (routes, problems) = Routes::read("destinations: [");
    assert_eq!(routes, Routes::default());
    assert!(problems[0].to_string().contains("the routes are unreadable"), "{}", problems[0]);
}

#[test]
fn what_is_something_else_than_it_should_be_is_named() {
    check(
        "routes:\n  - match: {name: core-review-*}\n    drop: true\n",
        "routes:\n# nothing yet\n  - match: {name: core-review-*}\n    drop: true\n    to: chta\n",
        "line 8: route 1: there is no destination `chta`\n\
         line 8: route 1: `drop` and `to` contradict each other\n\
         line 8: route 1: it tells nobody, so it is left out",
    );
    let routes = DOCUMENT.split("routes:").next().unwrap();
    let told = |more: &str| {
        let (_, problems) = Routes::read(&format!("{routes}{more}"));
        problems.first().map(Problem::to_string).unwrap_or_default()
    };
    assert_eq!(told("routes: {match: {}, to: [chat]}"), "line 6: routes: expected a list");
    assert_eq!(told("default: 5"), "line 6: default: expected a list of names");
    assert_eq!(told("prefix: [a]"), "line 6: prefix: expected a text");
    assert_eq!(told("fallback: [chat, mail]"), "line 6: fallback: expected one destination");
    let (routes, problems) = Routes::read("destinations: {'équipe': {type: slack, webhook: s}}");
    assert!(problems[0].to_string().contains("its name is for metrics"), "{}", problems[0]);
    assert!(routes.broken.contains("équipe"));
}

#[test]
fn an_address_in_the_wrong_place_is_not_told() {
    let hook = "https://hooks.slack.com/services/T0/B0/hidden";
    for wrong in [
        format!("destinations: {{chat: '{hook}'}}"),
        format!("destinations: {{chat: {{type: slack, webhook: '{hook}'}}}}"),
        format!("destinations: {{chat: {{type: '{hook}'}}}}"),
        format!("default: ['{hook}']"),
        format!("routes: [{{to: '{hook}'}}]"),
        format!("fallback: '{hook}'\n'{hook}': 1"),
        format!("destinations: [ '{hook}'"),
    ] {
        let (_, problems) = Routes::read(&wrong);
        let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(!told.is_empty() && !told.join("\n").contains("B0"), "{told:?}");
    }
}
