//! What goes wrong between a function and GitHub.

use std::time::Duration;

use local_aws::{GitHubAnswer, GitHubApi, World};
use serde_json::{Value, json};

use super::{Answer, ask, at, get, query, world};

const PULLS: &str = "{repository(owner: \"acme\", name: \"web\") {
    p1: pullRequest(number: 1) {state} p2: pullRequest(number: 2) {state}
    p3: pullRequest(number: 3) {state}}}";

async fn pulls(world: &World, token: &str) -> Answer {
    query(world, token, PULLS, &json!({})).await
}

async fn comment(world: &World, token: &str) -> Result<Answer, String> {
    let url = "https://api.github.com/repos/acme/web/issues/2/comments";
    ask(world, "POST", url, token, r#"{"body": "Gone."}"#).await
}

#[tokio::test]
async fn each_answer_is_used_once_and_then_all_is_well() {
    let (world, token) = world();
    let own = GitHubAnswer::Status {
        status: 500,
        body: "oops".to_owned(),
        headers: vec![("retry-after".to_owned(), "3".to_owned())],
    };
    let script = vec![
        own,
        GitHubAnswer::Html(502),
        GitHubAnswer::Empty,
        GitHubAnswer::List,
        GitHubAnswer::DataNull,
    ];
    world.github_answers(script);
    let own = pulls(&world, &token).await;
    assert_eq!((own.status, own.text.as_str(), own.header("retry-after")), (500, "oops", "3"));
    let unicorn = pulls(&world, &token).await;
    assert!(unicorn.status == 502 && unicorn.text.contains("Unicorn!"), "{}", unicorn.text);
    assert!(unicorn.header("content-type").starts_with("text/html"));
    for expected in ["", "[]", "{\"data\":null}"] {
        let answer = pulls(&world, &token).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, expected));
    }
    assert_eq!(pulls(&world, &token).await.json()["data"]["repository"]["p2"]["state"], "CLOSED");
}

#[tokio::test]
async fn limits_say_how_long_to_wait() {
    let (world, token) = world();
    world.github_answers(vec![
        GitHubAnswer::RateLimited,
        GitHubAnswer::RateLimited,
        GitHubAnswer::SecondaryLimit { retry_after: 60 },
    ]);
    let limited = pulls(&world, &token).await;
    assert_eq!(
        (limited.status, &limited.json()["errors"][0]["type"]),
        (200, &json!("RATE_LIMITED"))
    );
    assert_eq!(limited.header("x-ratelimit-remaining"), "0");
    let limited = get(&world, &token, "/repos/acme/web").await;
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (403, "0"));
    let limited = get(&world, &token, "/repos/acme/web").await;
    assert_eq!((limited.status, limited.header("retry-after")), (403, "60"));
}

#[tokio::test]
async fn a_lost_answer_is_a_deed_and_a_refused_connection_is_none() {
    let (world, token) = world();
    world.github_answers(vec![GitHubAnswer::Down, GitHubAnswer::Cut]);
    let down = comment(&world, &token).await.err().unwrap();
    assert!(down.contains("ConnectionRefused"), "{down}");
    assert_eq!(world.comments("acme/web", 2).len(), 0);
    let cut = comment(&world, &token).await.err().unwrap();
    assert!(cut.contains("ConnectionReset"), "{cut}");
    assert_eq!(world.comments("acme/web", 2).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_on_a_slow_answer_has_done_nothing() {
    let (world, token) = world();
    let minute = GitHubAnswer::Slow(Duration::from_secs(60));
    world.github_answers(vec![GitHubAnswer::Hang, minute.clone(), minute]);
    for _ in 0..2 {
        let patience = Duration::from_secs(59);
        assert!(tokio::time::timeout(patience, comment(&world, &token)).await.is_err());
    }
    assert_eq!(world.comments("acme/web", 2).len(), 0);
    assert_eq!(comment(&world, &token).await.unwrap().status, 201);
    let path = "/repos/acme/web/issues/2/comments";
    let asked = |time: &str, status| (at(time), "POST".to_owned(), path.to_owned(), status);
    let expected = [asked("12:00:00", 0), asked("12:00:59", 0), asked("12:01:58", 201)];
    assert_eq!(world.github_requests(), expected);
}

#[tokio::test]
async fn a_part_of_an_answer_is_no_answer_for_the_rest() {
    let (world, token) = world();
    world.github_answers(vec![GitHubAnswer::Partial(2), GitHubAnswer::Garbled]);
    let partial = pulls(&world, &token).await;
    let found = &partial.json()["data"]["repository"];
    assert_eq!((&found["p2"], &found["p3"]["state"]), (&Value::Null, &json!("MERGED")));
    let error = &partial.json()["errors"][0];
    assert_eq!(error["type"], "RESOURCE_LIMITS_EXCEEDED");
    assert_eq!(error["path"], json!(["repository", "p2"]));
    let garbled = pulls(&world, &token).await;
    assert_eq!((garbled.status, garbled.json()), (200, Value::Null));
    assert!(garbled.text.starts_with("{\"data\""), "{}", garbled.text);
}

#[tokio::test]
async fn one_interface_can_be_down_alone_until_it_is_healed() {
    let (world, token) = world();
    world.github_is(Some(GitHubAnswer::Html(503).only(GitHubApi::Graphql)));
    world.github_answers(vec![GitHubAnswer::Html(500).only(GitHubApi::Rest)]);
    for (graphql, rest) in [(503, 500), (503, 200)] {
        assert_eq!(pulls(&world, &token).await.status, graphql);
        assert_eq!(get(&world, &token, "/repos/acme/web").await.status, rest);
    }
    world.github_is(None);
    assert_eq!(pulls(&world, &token).await.status, 200);
}
