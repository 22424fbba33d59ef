//! What proves that a pull request is closed, and everything that doesn't.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::reading::{self, Reading};
use crate::evidence::{Answers, Evidence, PullRequest, State};
use crate::repository::Repository;

fn repository() -> Repository {
    Repository::new("acme/web", "R_1").unwrap()
}

/// A pull request by GraphQL, closed and with a label.
fn closed() -> Value {
    json!({
        "number": 1, "state": "CLOSED", "closedAt": "2026-11-20T10:00:00Z",
        "labels": {"pageInfo": {"hasNextPage": false}, "nodes": [{"name": "review-app"}]},
    })
}

/// The same with one member changed, or taken away with null.
fn with(mut told: Value, pointer: &str, value: Value) -> Value {
    *told.pointer_mut(pointer).unwrap() = value;
    told
}

fn answer(first: &Value, errors: &Value) -> Value {
    let second = with(with(closed(), "/number", json!(2)), "/state", json!("OPEN"));
    let repository = json!({"id": "R_1", "databaseId": 7, "nameWithOwner": "acme/web", "p1": first, "p2": second});
    json!({"data": {"repository": repository}, "errors": errors})
}

fn in_words(answers: &Answers) -> String {
    let words: Vec<String> = answers
        .iter()
        .map(|(number, evidence)| match evidence {
            Evidence::NotAPullRequest => format!("{number} is none"),
            Evidence::Is(PullRequest { state: State::Open, .. }) => format!("{number} open"),
            Evidence::Is(PullRequest { state: State::Closed { at, merged }, .. }) => {
                format!("{number} {} {at}", if *merged { "merged" } else { "closed" })
            }
        })
        .collect();
    words.join(", ")
}

fn told(answer: &Value) -> String {
    match reading::graphql(answer, &BTreeSet::from([1, 2]), &repository()) {
        Reading::Read { known, left_out } => {
            let left_out: Vec<_> = left_out.iter().map(|it| format!(", {it} left out")).collect();
            format!("{}{}", in_words(&known), left_out.concat())
        }
        Reading::Spoilt(why) => format!("spoilt: {why}"),
        Reading::Unavailable(why) => format!("unavailable: {why}"),
        Reading::Nothing(why) => format!("nothing: {why}"),
    }
}

#[test]
fn closed_is_what_is_known_to_be_closed_and_when() {
    let check =
        |first: Value, expected: &str| assert_eq!(told(&answer(&first, &json!(null))), expected);
    let left_out = "2 open, 1 left out";
    check(closed(), "1 closed 2026-11-20T10:00:00Z, 2 open");
    let merged = with(closed(), "/state", json!("MERGED"));
    check(merged.clone(), "1 merged 2026-11-20T10:00:00Z, 2 open");
    let future = with(closed(), "/closedAt", json!("2999-01-01T00:00:00Z"));
    check(future, "1 closed 2999-01-01T00:00:00Z, 2 open");
    check(with(closed(), "/state", json!("OPEN")), "1 open, 2 open");
    for state in [json!("closed"), json!("DRAFT"), json!(""), json!(null), json!(1)] {
        check(with(closed(), "/state", state), left_out);
    }
    for at in [json!(null), json!(""), json!("yesterday"), json!("2026-13-45T00:00:00Z"), json!(0)]
    {
        check(with(closed(), "/closedAt", at.clone()), left_out);
        check(with(merged.clone(), "/closedAt", at), left_out);
    }
    for number in [json!(2), json!("1"), json!(null), json!(4_294_967_297_u64)] {
        check(with(closed(), "/number", number), left_out);
    }
    for labels in [json!(null), json!([]), json!({"nodes": []})] {
        check(with(closed(), "/labels", labels), left_out);
    }
    check(with(closed(), "/labels/pageInfo/hasNextPage", json!(true)), left_out);
    for nodes in [json!(null), json!([null]), json!([{"name": null}])] {
        check(with(closed(), "/labels/nodes", nodes), left_out);
    }
    for nothing in [json!(null), json!([]), json!("CLOSED"), json!({})] {
        check(nothing, left_out);
    }
}

#[test]
fn an_error_spoils_what_it_is_about() {
    let check = |first: Value, errors: Value, expected: &str| {
        assert_eq!(told(&answer(&first, &errors)), expected);
    };
    let error = |kind: &str, path: Value| json!({"type": kind, "message": "Oh.", "path": path});
    let at = json!(["repository", "p1"]);
    let missing = error("NOT_FOUND", at.clone());
    let forbidden = error("FORBIDDEN", at.clone());
    let limits = error("RESOURCE_LIMITS_EXCEEDED", at);
    let left_out = "2 open, 1 left out";
    check(json!(null), json!([missing]), "1 is none, 2 open");
    check(json!(null), json!([missing, forbidden]), left_out);
    check(json!(null), json!([limits]), left_out);
    check(closed(), json!([limits]), left_out);
    check(closed(), json!([missing]), left_out);
    check(json!(null), json!([]), left_out);
    let inside = error("NOT_FOUND", json!(["repository", "p1", "labels", "nodes", 0]));
    check(json!(null), json!([inside]), left_out);
    let spoilt = "spoilt: GitHub's GraphQL said: Oh.";
    check(closed(), json!([error("NOT_FOUND", json!(null))]), spoilt);
    check(closed(), json!([error("SOMETHING", json!([]))]), spoilt);
    check(closed(), json!([{"message": "Oh."}]), spoilt);
    check(closed(), json!([error("NOT_FOUND", json!(["repository", "p3"]))]), spoilt);
    check(closed(), json!(["?"]), "spoilt: GitHub's GraphQL said: no reason");
    check(closed(), json!("?"), "spoilt: GitHub's GraphQL answered with errors that are no list");
    let gone = "nothing: acme/web: GitHub finds no such repository, or the token may not see it";
    check(closed(), json!([error("NOT_FOUND", json!(["repository"]))]), gone);
    let saml = error("FORBIDDEN", json!(["repository"]));
    check(closed(), json!([saml]), "nothing: acme/web: Oh.");
}

#[test]
fn nothing_counts_without_the_right_repository() {
    let empty = "nothing: GitHub answered without saying anything of acme/web";
    for nothing in [json!([]), json!(null), json!({}), json!({"data": null}), json!("OK")] {
        assert_eq!(told(&nothing), empty);
    }
    assert_eq!(told(&json!({"data": {"repository": null}})), empty);
    assert_eq!(told(&json!({"data": {"repository": []}})), empty);
    let all = answer(&closed(), &json!(null));
    let wrong = with(all.clone(), "/data/repository/id", json!("R_2"));
    let expected = "nothing: acme/web has the id R_2, not R_1: wrong repository";
    assert_eq!(told(&wrong), expected);
    // A renamed repository is the same one.
    let renamed = with(all, "/data/repository/nameWithOwner", json!("acme/site"));
    assert_eq!(told(&renamed), "1 closed 2026-11-20T10:00:00Z, 2 open");
}

#[test]
fn rest_proves_the_same() {
    let closed = json!({
        "number": 1, "state": "closed", "closed_at": "2026-11-20T10:00:00Z", "merged_at": null,
        "labels": [{"name": "review-app"}], "base": {"repo": {"id": 7, "node_id": "R_1"}},
        "head": {"repo": null},
    });
    let check = |told: Value, expected: &str| {
        let read = reading::rest(&told, 1, &repository());
        let read = read.map(|it| in_words(&Answers::from([(1, Evidence::Is(it))])));
        assert_eq!(read.unwrap_or_else(|why| why), expected);
    };
    let unclear = "GitHub's answer about #1 can't be understood";
    check(closed.clone(), "1 closed 2026-11-20T10:00:00Z");
    let merged = with(closed.clone(), "/merged_at", json!("2026-11-20T10:00:00Z"));
    check(merged, "1 merged 2026-11-20T10:00:00Z");
    check(with(closed.clone(), "/state", json!("open")), "1 open");
    check(with(closed.clone(), "/state", json!("CLOSED")), unclear);
    check(with(closed.clone(), "/closed_at", json!(null)), unclear);
    check(with(closed.clone(), "/number", json!(2)), unclear);
    check(with(closed.clone(), "/labels", json!(null)), unclear);
    let other = with(closed.clone(), "/base/repo", json!({"id": 8, "node_id": "R_2"}));
    check(other, "acme/web has the id R_2, not R_1: wrong repository");
    check(with(closed, "/base/repo", json!(null)), "GitHub didn't say which id acme/web has");
    check(json!([]), "GitHub didn't say which id acme/web has");
}
