//! What the edge does about a GitHub that answers as it likes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::fake_for_tests::{Asked, Said, html, now, open, rest, said, token, world};
use super::{Commented, MARKER};
use crate::evidence::{Answers, Evidence};

#[tokio::test(start_paused = true)]
async fn a_hundred_are_asked_for_at_once() {
    let world = world(&token(), |asked| {
        assert_eq!(asked.token, "Bearer ghp_hidden");
        open(asked, |_| ())
    });
    let answers = world.pull_requests(1..=250).await.unwrap();
    assert!(answers.into_keys().eq(1..=250));
    assert_eq!(world.asked(), ["query 100", "query 100", "query 50"]);
    assert_eq!(world.pull_requests([]).await.unwrap(), Answers::new());
    assert!(world.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_halved() {
    let world = world(&token(), |asked| match asked.numbers().len() {
        0..=30 => open(asked, |_| ()),
        31..=60 => html(502),
        // It doesn't answer in time.
        _ => (0, vec![], String::new()),
    });
    assert_eq!(world.pull_requests(1..=100).await.unwrap().len(), 100);
    let expected =
        ["query 100", "query 50", "query 25", "query 25", "query 50", "query 25", "query 25"];
    assert_eq!(world.asked(), expected);
}

#[tokio::test(start_paused = true)]
async fn one_that_spoils_every_query_is_asked_for_alone() {
    let world = world(&token(), |asked| match asked.numbers() {
        numbers if numbers.is_empty() => rest(asked),
        numbers if numbers.contains(&1) => html(504),
        _ => open(asked, |_| ()),
    });
    assert_eq!(world.pull_requests(1..=100).await.unwrap().len(), 100);
    let asked = world.asked();
    assert_eq!(asked.last().unwrap(), "GET /repos/acme/web/pulls/1");
    assert_eq!(asked.len(), 14);
}

#[tokio::test(start_paused = true)]
async fn what_graphql_leaves_out_is_asked_for_one_by_one() {
    let there = world(&token(), |asked| match asked.line.as_str() {
        "GET /api/v3/repos/acme/web/pulls/2" => said(404, &json!({"message": "Not Found"})),
        line if line.starts_with("GET") => rest(asked),
        _ => open(asked, |it| (it["p2"], it["p3"]) = (json!(null), json!(null))),
    });
    let answers = there.pull_requests(1..=3).await.unwrap();
    assert_eq!(answers[&2], Evidence::NotAPullRequest);
    assert_eq!(answers.len(), 3);
    let asked = "GET /repos/acme/web";
    let expected = ["query 3", &format!("{asked}/pulls/2"), asked, &format!("{asked}/pulls/3")];
    assert_eq!(there.asked(), expected);
    // A number that is missing in a repository that is missing proves nothing.
    let gone = world(&token(), |asked| match asked.numbers().len() {
        0 => said(404, &json!({"message": "Not Found"})),
        _ => open(asked, |it| it["p2"] = json!(null)),
    });
    assert_eq!(gone.why(1..=3).await, "GitHub answered 404: Not Found");
}

#[tokio::test(start_paused = true)]
async fn without_graphql_a_hundred_are_asked_for_one_by_one() {
    for status in [403, 404, 502] {
        let world = world(&token(), move |asked| match asked.line.as_str() {
            "POST /api/graphql" => html(status),
            _ => rest(asked),
        });
        assert_eq!(world.pull_requests(1..=100).await.unwrap().len(), 100);
        let queries = if status == 502 { 8 } else { 1 };
        assert_eq!(world.asked().len(), 100 + queries);
        let why = world.why(1..=101).await;
        let tail = "with HTML; 101 pull requests are too many to ask one by one";
        assert_eq!(why, format!("GitHub answered {status} {tail}"));
    }
    let down = world(&token(), |_| html(503));
    assert_eq!(down.why(1..=5).await, "GitHub answered 503 with HTML");
    assert!(down.asked().len() < 12);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_repository_is_found_and_another_one_is_not_believed() {
    let moved = |to: &str| (301, vec![("location", to.to_owned())], String::new());
    let check = async |to: &'static str, id: &'static str, expected: &str| {
        let world = world(&token(), move |asked| match asked.line.as_str() {
            "POST /api/graphql" => html(404),
            "GET /api/v3/repos/acme/web/pulls/1" => moved(to),
            _ => {
                let (status, headers, body) = rest(asked);
                (status, headers, body.replace("R_1", id))
            }
        });
        let told = world.pull_requests([1]).await.map(|it| it.len().to_string());
        assert_eq!(told.unwrap_or_else(|unclear| unclear.why), expected);
    };
    let there = "https://git.acme.com/api/v3/repositories/7/pulls/1";
    check(there, "R_1", "1").await;
    check(there, "R_2", "acme/web has the id R_2, not R_1: wrong repository").await;
    let elsewhere = "https://evil.example/api/v3/repositories/7/pulls/1";
    check(elsewhere, "R_1", "GitHub redirects to another host").await;
    let wrong = world(&token(), |asked| open(asked, |it| it["id"] = json!("R_2")));
    let expected = "acme/web has the id R_2, not R_1: wrong repository";
    assert_eq!(wrong.why(1..=3).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_waited_for_if_there_is_time() {
    let limited = |seconds: &'static str| {
        let mut times = 0;
        world(&token(), move |asked| {
            times += 1;
            match times {
                1 => (429, vec![("retry-after", seconds.to_owned())], String::new()),
                _ => open(asked, |_| ()),
            }
        })
    };
    let short = limited("120");
    let start = Instant::now();
    assert_eq!(short.pull_requests([1]).await.unwrap().len(), 1);
    assert_eq!(start.elapsed().as_secs(), 120);
    let start = Instant::now();
    let long = limited("300");
    assert_eq!(long.why([1]).await, "GitHub's rate limit is used up until 08:05 UTC");
    assert_eq!(start.elapsed().as_secs(), 0);
    let never = world(&token(), |_| (0, vec![], String::new()));
    let why = never.why(1..=300).await;
    let tail = "300 pull requests are too many to ask one by one";
    assert_eq!(why, format!("no answer from GitHub within 12 s; {tail}"));
    assert_eq!(start.elapsed().as_secs(), 8 * 12);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_read_again_once() {
    let script = |asked: &Asked| match asked.token.as_str() {
        "Bearer ghp_new" => open(asked, |_| ()),
        _ => said(401, &json!({"message": "Bad credentials"})),
    };
    let rotated = world(&["ghp_hidden".to_owned(), "ghp_new".to_owned()], script);
    assert_eq!(rotated.pull_requests([1]).await.unwrap().len(), 1);
    assert_eq!(rotated.asked(), ["query 1", "query 1"]);
    let refused = "401: the token is refused (GitHub answered 401: Bad credentials)";
    let old = world(&token(), script);
    assert_eq!(old.why([1]).await, refused);
    assert_eq!(old.asked().len(), 1);
    let worse = world(&["ghp_hidden".to_owned(), "ghp_hidden2".to_owned()], script);
    assert_eq!(worse.why([1]).await, refused);
    assert_eq!(worse.asked().len(), 2);
    let none = world(&["hid den".to_owned()], script);
    assert!(none.why([1]).await.starts_with("secret review/github: it is neither a token nor"));
}

/// An App's secret.
fn app() -> Vec<String> {
    let key = include_str!("test-key.txt").trim();
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{key}\n-----END RSA PRIVATE KEY-----\n");
    vec![json!({"app_id": "12", "installation_id": "34", "private_key": key}).to_string()]
}

#[tokio::test(start_paused = true)]
async fn an_apps_token_is_kept_until_it_is_about_to_end() {
    let mut given = 0;
    let world = world(&app(), move |asked| match asked.line.as_str() {
        "POST /api/v3/app/installations/34/access_tokens" => {
            given += 1;
            assert_eq!(asked.token.split('.').count(), 3);
            let token = format!("ghs_{given}");
            said(201, &json!({"token": token, "expires_at": "2027-01-15T09:00:00Z"}))
        }
        _ => {
            assert_eq!(asked.token, format!("Bearer ghs_{given}"));
            open(asked, |_| ())
        }
    });
    let ask = async |minutes: u64| {
        let now = now() + Duration::from_secs(minutes * 60);
        let until = Instant::now() + Duration::from_secs(200);
        world.github.pull_requests(&BTreeSet::from([1]), now, until).await.unwrap();
        world.asked().len()
    };
    assert_eq!((ask(0).await, ask(54).await, ask(55).await), (2, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_refused_says_so() {
    let check = async |status: u16, body: Value, expected: &str| {
        let world = world(&app(), move |_| said(status, &body));
        assert_eq!(world.why([1]).await, format!("no token for the App: {expected}"));
    };
    let refused = "A JSON web token could not be decoded";
    let expected = format!("GitHub answered 401: {refused}");
    check(401, json!({"message": refused}), &expected).await;
    check(404, json!({"message": "Not Found"}), "GitHub answered 404: Not Found").await;
    check(502, json!({}), "GitHub answered 502").await;
    let odd = world(&app(), |_| said(201, &json!({"token": "ghs_hidden"})));
    assert_eq!(odd.why([1]).await, "GitHub's token for the App can't be understood");
    let number = json!({"app_id": 1, "installation_id": 2, "private_key": "-----BEGIN hidden"});
    let number = world(&[number.to_string()], |_| html(500));
    assert!(number.why([1]).await.contains("private_key"), "{}", number.why([1]).await);
}

#[tokio::test(start_paused = true)]
async fn one_comment_says_it() {
    let check = async |pages: Vec<Value>, create, write: Said, expected: Commented, last: &str| {
        let world = world(&token(), move |asked| match asked.line.split_once("&page=") {
            Some((_, page)) => said(200, &pages[page.parse::<usize>().unwrap() - 1]),
            None if asked.line.starts_with("GET") => rest(asked),
            None => {
                assert_eq!(asked.body["body"], format!("{MARKER}\nIt is gone."));
                write.clone()
            }
        });
        assert_eq!(world.comment(create).await.unwrap(), expected);
        assert_eq!(world.asked().last().unwrap(), last);
    };
    let (issues, ok) = ("/repos/acme/site/issues", said(201, &json!({"id": 5})));
    let page = |number| format!("GET {issues}/7/comments?per_page=100&page={number}");
    let ours = |text: &str| json!([{"id": 5, "body": format!("{MARKER}\n{text}")}]);
    let full = json!(vec![json!({"id": 1, "body": "LGTM"}); 100]);
    let post = format!("POST {issues}/7/comments");
    check(vec![json!([])], true, ok.clone(), Commented::Created, &post).await;
    check(vec![json!([])], false, ok.clone(), Commented::None, &page(1)).await;
    check(vec![ours("It is gone.")], true, ok.clone(), Commented::Unchanged, &page(1)).await;
    let patch = format!("PATCH {issues}/comments/5");
    check(vec![full, ours("It stays.")], false, ok, Commented::Edited, &patch).await;
    let locked = said(403, &json!({"message": "issue is locked"}));
    let refused = Commented::Refused("GitHub answered 403: issue is locked".to_owned());
    check(vec![json!([])], true, locked, refused, &post).await;
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_may_be_there_is_not_made_twice() {
    let world = world(&token(), |asked| match asked.line.as_str() {
        line if line.starts_with("POST") => html(502),
        line if line.contains("/comments") => said(200, &json!([])),
        _ => rest(asked),
    });
    let why = world.comment(true).await.unwrap_err().why;
    assert_eq!(why, "GitHub answered 502 with HTML");
    let posts = world.asked().iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!(posts, 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_left_is_kept_to() {
    let world = world(&token(), |_| (0, vec![], String::new()));
    let start = Instant::now();
    let check = async |seconds, expected: &str| {
        let until = start + Duration::from_secs(seconds);
        let told = world.github.pull_requests(&BTreeSet::from([1]), now(), until).await;
        assert_eq!(told.unwrap_err().why, expected);
        assert_eq!(start.elapsed().as_secs(), seconds);
    };
    check(30, "no answer from GitHub within 6 s").await;
    check(30, "the time was up before GitHub had answered everything").await;
    check(54, "the time was up before GitHub had answered everything").await;
}
