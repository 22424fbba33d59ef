//! The REST API.

use aws_smithy_types::body::SdkBody;
use serde_json::json;

use super::{ask, at, get, query, send, world};

#[tokio::test]
async fn a_pull_request_says_what_became_of_it() {
    let (world, token) = world();
    world.label("acme/web", 2, "keep");
    world.label("acme/web", 2, "late");
    world.unlabel("acme/web", 2, "late");
    world.lock("acme/web", 2);
    world.draft("acme/web", 1);

    let closed = get(&world, &token, "/repos/acme/web/pulls/2").await.json();
    assert_eq!((&closed["state"], &closed["merged"]), (&json!("closed"), &json!(false)));
    assert_eq!(closed["closed_at"], "2026-11-21T11:00:00Z");
    assert_eq!(closed["labels"], json!([{"name": "keep"}]));
    assert_eq!((&closed["locked"], &closed["draft"]), (&json!(true), &json!(false)));
    let repository = &closed["base"]["repo"];
    assert_eq!((&repository["id"], &repository["node_id"]), (&json!(4711), &json!("R_kgDOABC123")));

    let open = get(&world, &token, "/repos/ACME/Web/pulls/1").await.json();
    assert_eq!((&open["state"], &open["draft"]), (&json!("open"), &json!(true)));
    let merged = get(&world, &token, "/repos/acme/web/pulls/3").await.json();
    assert_eq!((&merged["state"], &merged["merged"]), (&json!("closed"), &json!(true)));

    world.reopen("acme/web", 2);
    let reopened = get(&world, &token, "/repos/acme/web/pulls/2").await.json();
    assert_eq!((&reopened["state"], &reopened["closed_at"]), (&json!("open"), &json!(null)));
}

#[tokio::test]
async fn what_is_no_pull_request_or_not_ones_own_is_not_found() {
    let (world, token) = world();
    let blind = world.token("blind", &[]);
    let not_found = (404, "Not Found".to_owned());
    for path in ["/repos/acme/web/pulls/4", "/repos/acme/web/pulls/9", "/repos/acme/shop", "/x"] {
        assert_eq!(get(&world, &token, path).await.message(), not_found, "{path}");
    }
    for stranger in ["", &blind] {
        let answer = get(&world, stranger, "/repos/acme/web/pulls/2").await;
        assert_eq!(answer.message(), not_found);
    }
    let bad = get(&world, "ghp_wrong", "/repos/acme/web").await;
    assert_eq!(bad.message(), (401, "Bad credentials".to_owned()));
    let narrow = world.token("narrow", &[("metadata", "read")]);
    assert_eq!(get(&world, &narrow, "/repos/acme/web").await.status, 200);
    let refused = get(&world, &narrow, "/repos/acme/web/pulls/2").await;
    let words = "Resource not accessible by personal access token";
    assert_eq!(refused.message(), (403, words.to_owned()));
    world.delete_repository("acme/web");
    assert_eq!(get(&world, &token, "/repos/acme/web").await.message(), not_found);
}

#[tokio::test]
async fn who_does_not_say_who_it_is_is_refused() {
    let (world, token) = world();
    let request = || {
        let request = http::Request::get("https://api.github.com/repos/acme/web");
        request.header("authorization", format!("token {token}"))
    };
    let nameless = send(&world, request().body(SdkBody::empty()).unwrap()).await.unwrap();
    assert_eq!(nameless.status, 403);
    assert!(nameless.text.contains("User-Agent"), "{}", nameless.text);
    let named = request().header("user-agent", "a");
    let page = named.header("accept", "text/html").body(SdkBody::empty()).unwrap();
    assert_eq!(send(&world, page).await.unwrap().status, 415);
}

#[tokio::test]
async fn a_list_comes_in_pages_that_name_the_others() {
    let (world, token) = world();
    for number in 10..15 {
        world.pull_request("acme/web", number);
    }
    let path = "/repos/acme/web/pulls?state=all&per_page=3&page=2";
    let answer = get(&world, &token, path).await;
    let numbers: Vec<_> =
        answer.json().as_array().unwrap().iter().map(|it| it["number"].clone()).collect();
    assert_eq!(numbers, [11, 10, 3]);
    let link = |page: u32, rel: &str| {
        let url = "https://api.github.com/repositories/4711/pulls?state=all&per_page=3";
        format!("<{url}&page={page}>; rel=\"{rel}\"")
    };
    let expected = [link(1, "prev"), link(3, "next"), link(3, "last"), link(1, "first")];
    assert_eq!(answer.header("link"), expected.join(", "));
    assert_eq!(
        get(&world, &token, "/repositories/4711/pulls?page=3&per_page=3&state=all")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let open = get(&world, &token, "/repos/acme/web/pulls").await;
    assert_eq!((open.json().as_array().unwrap().len(), open.header("link")), (6, ""));
    let closed = get(&world, &token, "/repos/acme/web/pulls?state=closed").await;
    assert_eq!(closed.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_renamed_repository_leads_on_by_its_id() {
    let (world, token) = world();
    world.rename("acme/web", "acme/site");
    let moved = get(&world, &token, "/repos/acme/web/pulls/2?a=b").await;
    let location = "https://api.github.com/repositories/4711/pulls/2?a=b";
    assert_eq!((moved.status, moved.header("location")), (301, location));
    let there = get(&world, &token, "/repositories/4711/pulls/2").await.json();
    assert_eq!(there["base"]["repo"]["full_name"], "acme/site");
    let url = "https://api.github.com/repos/acme/web/issues/2/comments";
    let post = ask(&world, "POST", url, &token, r#"{"body": "a"}"#).await.unwrap();
    assert_eq!(post.status, 307);

    world.repository("acme/web", "R_other", 4712);
    let other = get(&world, &token, "/repos/acme/web").await.json();
    assert_eq!(other["node_id"], "R_other");
}

#[tokio::test]
async fn comments_are_made_edited_and_refused_where_it_is_locked() {
    let (world, token) = world();
    let base = "https://api.github.com/repos/acme/web/issues";
    let first = world.comment("acme/web", 2, "octocat", "Nice.");
    let url = format!("{base}/2/comments");
    let made = ask(&world, "POST", &url, &token, r#"{"body": "Going."}"#).await.unwrap();
    assert_eq!((made.status, &made.json()["user"]["login"]), (201, &json!("clean-up")));
    let id = made.json()["id"].as_u64().unwrap();
    let edited = format!("{base}/comments/{id}");
    let edited = ask(&world, "PATCH", &edited, &token, r#"{"body": "Gone."}"#).await.unwrap();
    assert_eq!((edited.status, &edited.json()["body"]), (200, &json!("Gone.")));
    let expected = [(first, "octocat", "Nice."), (id, "clean-up", "Gone.")];
    let expected = expected.map(|(id, who, what)| (id, who.to_owned(), what.to_owned()));
    assert_eq!(world.comments("acme/web", 2), expected);
    let listed = get(&world, &token, "/repos/acme/web/issues/2/comments?per_page=1").await;
    assert!(listed.header("link").contains("page=2>; rel=\"next\""), "{}", listed.header("link"));

    for (body, status) in [("{", 400), ("[]", 400), ("{}", 422), (r#"{"body": " "}"#, 422)] {
        assert_eq!(ask(&world, "POST", &url, &token, body).await.unwrap().status, status, "{body}");
    }
    let reader = world.token("reader", &[("pull_requests", "read")]);
    let refused = ask(&world, "POST", &url, &reader, r#"{"body": "a"}"#).await.unwrap();
    assert_eq!(refused.status, 403);
    world.lock("acme/web", 2);
    let locked = ask(&world, "POST", &url, &token, r#"{"body": "a"}"#).await.unwrap();
    let words = "Unable to create comment because issue is locked.";
    assert_eq!(locked.message(), (403, words.to_owned()));
    assert_eq!(world.comments("acme/web", 2).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_hours_requests_are_counted_for_each_interface() {
    let (world, token) = world();
    world.github_limit(2);
    for remaining in ["1", "0"] {
        let answer = get(&world, &token, "/repos/acme/web").await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, remaining));
    }
    let refused = get(&world, &token, "/repos/acme/web").await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().1.contains("rate limit exceeded"), "{}", refused.text);
    let reset = at("13:00:00").as_second().to_string();
    assert_eq!(refused.header("x-ratelimit-reset"), reset);
    let limits = get(&world, &token, "/rate_limit").await.json();
    assert_eq!(limits["resources"]["core"]["remaining"], 0);
    assert_eq!(limits["resources"]["graphql"]["remaining"], 2);
    assert_eq!(query(&world, &token, "{viewer{login}}", &json!({})).await.status, 200);

    let unlimited = "https://ghes.example.com/api/v3/repos/acme/web";
    let unlimited = ask(&world, "GET", unlimited, &token, "").await.unwrap();
    assert_eq!((unlimited.status, unlimited.header("x-ratelimit-limit")), (200, ""));
    world.clock().sleep(std::time::Duration::from_secs(3600)).await;
    assert_eq!(get(&world, &token, "/repos/acme/web").await.status, 200);
}

#[tokio::test]
async fn an_enterprise_server_is_the_same_with_other_paths() {
    let (world, token) = world();
    let base = "https://ghes.example.com";
    let url = format!("{base}/api/v3/repos/acme/web/pulls/2");
    let found = ask(&world, "GET", &url, &token, "").await.unwrap();
    assert_eq!(found.json()["state"], "closed");
    let body = json!({"query": "{rateLimit{cost} viewer{login}}"}).to_string();
    let url = format!("{base}/api/graphql");
    let answer = ask(&world, "POST", &url, &token, &body).await.unwrap();
    let expected = json!({"data": {"rateLimit": null, "viewer": {"login": "clean-up"}}});
    assert_eq!(answer.json(), expected);
    for path in ["//api/v3/repos/acme/web", "/graphql", "/repos/acme/web"] {
        let answer = ask(&world, "GET", &format!("{base}{path}"), &token, "").await.unwrap();
        assert_eq!(answer.status, 404, "{path}");
    }
}
