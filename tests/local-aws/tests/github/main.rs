//! What GitHub says of pull requests, and whom it believes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod apps;
mod graphql;
mod rest;
mod served;
mod troubles;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use local_aws::{Pace, World, pull_request_event, signature, webhook};
use serde_json::{Value, json};

/// Noon, a repository with pull requests 1 to 3 of which 2 is closed and 3 merged, an issue 4, and
/// a token that may read and comment.
fn world() -> (World, String) {
    let world = World::new(at("12:00:00"), Pace::REAL);
    world.repository("acme/web", "R_kgDOABC123", 4711);
    for number in [1, 2, 3] {
        world.pull_request("acme/web", number);
    }
    world.close("acme/web", 2, at("11:00:00"));
    world.merge("acme/web", 3, at("11:30:00"));
    world.issue("acme/web", 4);
    let token = world.token("clean-up", &[("pull_requests", "write")]);
    (world, token)
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}Z").parse().unwrap()
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }

    fn message(&self) -> (u16, String) {
        (self.status, self.json()["message"].as_str().unwrap_or_default().to_owned())
    }
}

/// A request as a function sends it; `Err` if there was no answer.
async fn ask(
    world: &World,
    method: &str,
    url: &str,
    token: &str,
    body: &str,
) -> Result<Answer, String> {
    let mut request = http::Request::builder().method(method).uri(url);
    request = request.header("user-agent", "clean-up").header("accept", "application/json");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    send(world, request.body(SdkBody::from(body)).unwrap()).await
}

async fn send(world: &World, request: http::Request<SdkBody>) -> Result<Answer, String> {
    let request = HttpRequest::try_from(request).unwrap();
    let answer = world.http_connector_for("clean-up").call(request).await;
    let answer = answer.map_err(|error| format!("{:?}", error.into_source()))?;
    let headers = answer.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Answer {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        text: String::from_utf8_lossy(answer.body().bytes().unwrap()).into_owned(),
    })
}

async fn get(world: &World, token: &str, path: &str) -> Answer {
    ask(world, "GET", &format!("https://api.github.com{path}"), token, "").await.unwrap()
}

async fn query(world: &World, token: &str, query: &str, variables: &Value) -> Answer {
    let body = json!({"query": query, "variables": variables}).to_string();
    ask(world, "POST", "https://api.github.com/graphql", token, &body).await.unwrap()
}

#[test]
fn deliveries_are_signed_as_in_githubs_own_example() {
    let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(signature("It's a Secret to Everybody", b"Hello, World!"), expected);
}

#[tokio::test]
async fn a_delivery_tells_of_the_pull_request_as_it_is() {
    let (world, _) = world();
    let event = pull_request_event(&world, "acme/web", 2, "closed");
    assert_eq!((&event["action"], &event["number"]), (&json!("closed"), &json!(2)));
    assert_eq!(event["pull_request"]["closed_at"], "2026-11-21T11:00:00Z");
    assert_eq!(event["repository"]["node_id"], "R_kgDOABC123");
    assert_eq!(event["installation"], Value::Null);

    let (headers, body) = webhook("hush", "pull_request", &event);
    assert_eq!(headers["X-GitHub-Event"], "pull_request");
    assert_eq!(headers["X-Hub-Signature-256"], signature("hush", body.as_bytes()));
    assert_eq!(webhook("other", "ping", &event).1, body);
    let again = webhook("hush", "pull_request", &event).0;
    assert_eq!(again["X-GitHub-Delivery"], headers["X-GitHub-Delivery"]);
}
