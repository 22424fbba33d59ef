//! The GraphQL API.

use serde_json::{Value, json};

use super::{ask, query, world};

const TWO: &str = r#"query Pulls($owner: String!, $name: String!, $labels: Int = 20) {
    # The repository is pinned by its id.
    repository(owner: $owner, name: $name) {
        id, databaseId, nameWithOwner
        p1: pullRequest(number: 1) { ...STATE }
        p2: pullRequest(number: 2) { ...STATE }
        p3: pullRequest(number: 3) { ...STATE }
    }
    rateLimit { cost remaining resetAt }
}"#;

fn pulls() -> String {
    TWO.replace("...STATE", "number state closedAt mergedAt labels(first: $labels){nodes{name}}")
}

fn acme() -> Value {
    json!({"owner": "acme", "name": "web"})
}

#[tokio::test(start_paused = true)]
async fn one_query_asks_for_many_pull_requests() {
    let (world, token) = world();
    world.label("acme/web", 2, "keep");
    let answer = query(&world, &token, &pulls(), &acme()).await;
    let none = json!({"nodes": []});
    let expected = json!({"data": {
        "repository": {
            "id": "R_kgDOABC123",
            "databaseId": 4711,
            "nameWithOwner": "acme/web",
            "p1": {"number": 1, "state": "OPEN", "closedAt": null, "mergedAt": null,
                "labels": none},
            "p2": {"number": 2, "state": "CLOSED", "closedAt": "2026-11-21T11:00:00Z",
                "mergedAt": null, "labels": {"nodes": [{"name": "keep"}]}},
            "p3": {"number": 3, "state": "MERGED", "closedAt": "2026-11-21T11:30:00Z",
                "mergedAt": "2026-11-21T11:30:00Z", "labels": none},
        },
        "rateLimit": {"cost": 1, "remaining": 4999, "resetAt": "2026-11-21T13:00:00Z"},
    }});
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(answer.header("x-ratelimit-resource"), "graphql");
}

#[tokio::test]
async fn what_is_not_there_is_null_with_an_error_that_says_where() {
    let (world, token) = world();
    let text = "{repository(owner:\"acme\",name:\"web\"){
        p2: pullRequest(number:2){state} p4: pullRequest(number:4){state}}}";
    let answer = query(&world, &token, text, &json!({})).await;
    let expected = json!({
        "data": {"repository": {"p2": {"state": "CLOSED"}, "p4": null}},
        "errors": [{
            "type": "NOT_FOUND",
            "path": ["repository", "p4"],
            "locations": [{"line": 2, "column": 42}],
            "message": "Could not resolve to a PullRequest with the number of 4.",
        }],
    });
    assert_eq!((answer.status, answer.json()), (200, expected));

    let other = json!({"owner": "acme", "name": "shop"});
    let blind = world.token("blind", &[]);
    for (token, asked) in [(&token, other), (&blind, acme())] {
        let answer = query(&world, token, &pulls(), &asked).await.json();
        assert_eq!(answer["data"]["repository"], Value::Null);
        let error = &answer["errors"][0];
        assert_eq!((&error["type"], &error["path"]), (&json!("NOT_FOUND"), &json!(["repository"])));
    }
    let narrow = world.token("narrow", &[("metadata", "read")]);
    let answer = query(&world, &narrow, &pulls(), &acme()).await.json();
    assert_eq!(answer["data"]["repository"]["p2"], Value::Null);
    assert_eq!(answer["errors"][0]["type"], "FORBIDDEN");
}

#[tokio::test]
async fn renames_are_followed_unless_somebody_does_not_want_it() {
    let (world, token) = world();
    world.rename("acme/web", "acme/site");
    for (follow, expected) in
        [("", json!({"nameWithOwner": "acme/site"})), (", followRenames: false", json!(null))]
    {
        let text =
            format!("{{repository(owner: \"acme\", name: \"web\"{follow}) {{nameWithOwner}}}}");
        let answer = query(&world, &token, &text, &json!({})).await.json();
        assert_eq!(answer["data"]["repository"], expected);
    }
}

#[tokio::test]
async fn a_wrong_query_has_errors_and_no_data() {
    let (world, token) = world();
    let cases = [
        ("{repository(owner:\"acme\",name:\"web\"){state}}", "Field 'state' doesn't exist on type"),
        ("{repository(owner:\"acme\"){id}}", "missing required arguments: name"),
        ("{repository(owner:\"acme\",name:\"web\",x:1){id}}", "doesn't accept argument 'x'"),
        ("{repository(owner:\"acme\",name:7){id}}", "invalid value (7). Expected type 'String!'"),
        ("{repository(owner:\"acme\",name:$n){id}}", "Variable $n is used by anonymous query"),
        ("query($n:String!){repository(owner:\"acme\",name:$n){id}}", "provided invalid value"),
        ("{repository(owner:\"acme\",name:\"web\")}", "Field must have selections"),
        ("{viewer{login{x}}}", "Selections can't be made on scalars"),
        ("{a:viewer{login} a:rateLimit{cost}}", "Field 'a' has an argument conflict"),
        ("{viewer{login}", "Unexpected end of document"),
        ("mutation {addStar{id}}", "Parse error on \"mutation\" at [1, 1]"),
        ("{viewer{login}} \"", "Parse error on"),
        ("", "Unexpected end of document"),
    ];
    for (text, expected) in cases {
        let answer = query(&world, &token, text, &json!({})).await;
        let message = answer.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(expected), "{text}: {}", answer.text);
        assert!(answer.status == 200 && answer.json().get("data").is_none(), "{text}");
    }
    let url = "https://api.github.com/graphql";
    for body in ["{", "[]", r#"{"query": 1}"#] {
        assert_eq!(ask(&world, "POST", url, &token, body).await.unwrap().status, 400, "{body}");
    }
    let nobody = ask(&world, "POST", url, "", "{}").await.unwrap();
    let words = "This endpoint requires you to be authenticated.";
    assert_eq!(nobody.message(), (401, words.to_owned()));
    let bad = ask(&world, "POST", url, "ghp_wrong", "{}").await.unwrap();
    assert_eq!(bad.message(), (401, "Bad credentials".to_owned()));
}

#[tokio::test]
async fn labels_want_to_know_how_many() {
    let (world, token) = world();
    ["a", "b", "c"].iter().for_each(|label| world.label("acme/web", 1, label));
    let labels = async |arguments: &str| {
        let text = format!(
            "{{repository(owner: \"acme\", name: \"web\") {{pullRequest(number: 1) {{
                labels{arguments} {{totalCount nodes {{name}} pageInfo {{hasNextPage}}}}}}}}}}"
        );
        query(&world, &token, &text, &json!({})).await.json()
    };
    let two = labels("(first: 2)").await["data"]["repository"]["pullRequest"]["labels"].clone();
    let expected = json!({
        "totalCount": 3,
        "nodes": [{"name": "a"}, {"name": "b"}],
        "pageInfo": {"hasNextPage": true},
    });
    assert_eq!(two, expected);
    assert_eq!(labels("").await["errors"][0]["type"], "MISSING_PAGINATION_BOUNDARIES");
    assert_eq!(labels("(first: 101)").await["errors"][0]["type"], "EXCESSIVE_PAGINATION");
}

#[tokio::test]
async fn points_are_a_hundredth_of_the_connections_and_run_out_with_status_200() {
    let (world, token) = world();
    let of = |count: usize| {
        let one =
            |it| format!("p{it}: pullRequest(number: {it}) {{labels(first: 9) {{totalCount}}}}\n");
        let all: String = (1..=count).map(one).collect();
        format!("{{rateLimit{{cost}} repository(owner: \"acme\", name: \"web\") {{{all}}}}}")
    };
    for (count, expected) in [(1, 1), (100, 1), (149, 1), (150, 2), (300, 3)] {
        let answer = query(&world, &token, &of(count), &json!({})).await.json();
        assert_eq!(answer["data"]["rateLimit"]["cost"], expected, "{count}");
    }
    world.github_limit(9);
    let last = query(&world, &token, &of(1), &json!({})).await;
    assert_eq!(last.header("x-ratelimit-remaining"), "0");
    let exceeded = query(&world, &token, &of(1), &json!({})).await;
    assert_eq!((exceeded.status, exceeded.header("x-ratelimit-remaining")), (200, "0"));
    assert_eq!(exceeded.json()["errors"][0]["type"], "RATE_LIMITED");
    assert_eq!(exceeded.json().get("data"), None);
}
