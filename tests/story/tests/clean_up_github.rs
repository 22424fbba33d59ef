//! GitHub says nothing, or something that can't be true: nothing is removed, and people are told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects")]

use std::time::Duration;

use local_aws::GitHubAnswer;
use local_aws::scene::ReviewApps;
use serde_json::json;
use story::alone;
use story::review::Reviews;

/// An account with one app whose pull request is closed, and one whose is open.
async fn account() -> Reviews {
    let reviews = Reviews::set().await;
    reviews.apps.app(12, 1).await.unwrap();
    reviews.apps.app(13, 1).await.unwrap();
    reviews.apps.open(13);
    reviews.apps.closed(12, reviews.ago(60));
    reviews.wait(3600).await;
    reviews
}

/// Nothing is removed while GitHub is like this, people are told why, and afterwards it goes.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes one")]
fn nothing_while(answer: GitHubAnswer, why: &str) {
    alone(async {
        let reviews = account().await;
        reviews.world.github_is(Some(answer.clone()));
        let error = reviews.run(json!({})).await.unwrap_err();
        assert!(
            error.contains("nothing was removed") && error.contains(why),
            "{answer:?}: {error}"
        );
        assert_eq!(reviews.changes(), []);
        let alerts = reviews.alerts();
        assert!(alerts.len() == 1 && alerts[0].contains(why), "{alerts:?}");
        reviews.world.github_is(None);
        // The hour's limit is over by then.
        reviews.wait(3600).await;
        let report = reviews.run(json!({})).await.unwrap();
        assert_eq!(report["apps"]["13"]["state"], "stays");
        assert_eq!(report["removed"]["service"], 2);
    });
}

#[test]
fn a_github_that_is_down() {
    nothing_while(GitHubAnswer::Down, "");
    nothing_while(GitHubAnswer::Cut, "");
    nothing_while(GitHubAnswer::Hang, "");
    nothing_while(GitHubAnswer::Slow(Duration::from_secs(40)), "");
}

#[test]
fn a_github_that_talks_nonsense() {
    nothing_while(GitHubAnswer::Html(503), "503");
    nothing_while(GitHubAnswer::Html(502), "502");
    nothing_while(GitHubAnswer::Html(200), "");
    nothing_while(GitHubAnswer::Empty, "");
    nothing_while(GitHubAnswer::List, "");
    nothing_while(GitHubAnswer::DataNull, "");
    nothing_while(GitHubAnswer::Garbled, "");
}

#[test]
fn a_github_that_has_had_enough() {
    nothing_while(GitHubAnswer::RateLimited, "limit");
    nothing_while(GitHubAnswer::SecondaryLimit { retry_after: 7200 }, "limit");
    let status = |status, body: &str| GitHubAnswer::Status {
        status,
        body: body.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
    };
    nothing_while(status(401, r#"{"message":"Bad credentials"}"#), "401");
    nothing_while(status(404, r#"{"message":"Not Found"}"#), "");
    nothing_while(status(429, r#"{"message":"Too many requests"}"#), "");
}

#[tokio::test(start_paused = true)]
async fn a_partial_answer_is_completed_or_counts_for_nothing() {
    let reviews = account().await;
    // GraphQL answers in parts; REST answers the rest.
    reviews.world.github_is(Some(GitHubAnswer::Partial(1).only(ReviewApps::GRAPHQL)));
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["removed"]["service"], 2);
    assert_eq!(report["apps"]["13"]["state"], "stays");
}

#[tokio::test(start_paused = true)]
async fn the_wrong_repository_has_the_same_numbers_and_counts_for_nothing() {
    let reviews = account().await.with("REPOSITORY", "acme/other");
    let world = &reviews.world;
    world.repository("acme/other", "R_kgDOOTHER", 4712);
    for number in [12, 13] {
        world.pull_request("acme/other", number);
        world.close("acme/other", number, reviews.ago(600));
    }
    let error = reviews.run(json!({})).await.unwrap_err();
    assert!(error.contains("R_kgDOOTHER") && error.contains("wrong repository"), "{error}");
    assert_eq!(reviews.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_repository_is_still_the_same_one() {
    let reviews = account().await;
    reviews.world.rename(ReviewApps::REPOSITORY, "acme/site");
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["removed"]["cluster"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_an_issue_or_nobodys_keeps_its_app() {
    let reviews = Reviews::set().await;
    reviews.apps.app(12, 1).await.unwrap();
    reviews.apps.app(13, 1).await.unwrap();
    reviews.world.issue(ReviewApps::REPOSITORY, 12);
    reviews.wait(36000).await;
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"]["12"]["why"], "there is no such pull request");
    assert_eq!(report["apps"]["13"]["why"], "there is no such pull request");
    assert_eq!(reviews.changes(), []);
}
