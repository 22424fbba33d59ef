//! One request to GitHub: what it was told to do with it, and what it does by itself.

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::json;

use super::limit::{exceeded, secondary};
use super::reply::Reply;
use super::{GitHubAnswer, GitHubApi, State, graphql, rest};
use crate::world::{Outcome, World};

/// A request to one of the two interfaces.
pub(crate) struct Asked<'a> {
    pub(super) api: GitHubApi,
    /// What the addresses in answers begin with.
    pub(super) base: String,
    /// The path of the interface, without what a server has before it.
    pub(super) path: String,
    /// An Enterprise Server limits nobody, unless its owner wants it to.
    pub(super) limited: bool,
    pub(super) request: &'a Request<Bytes>,
}

/// A request that names its host: as a function sends it.
pub(crate) fn in_process(request: &Request<Bytes>) -> Option<Asked<'_>> {
    let path = request.uri().path();
    match request.uri().host()?.to_ascii_lowercase().as_str() {
        "api.github.com" => {
            let api = if path == "/graphql" { GitHubApi::Graphql } else { GitHubApi::Rest };
            let base = "https://api.github.com".to_owned();
            Some(Asked { api, base, path: path.to_owned(), limited: true, request })
        }
        "ghes.example.com" => Some(server("https://ghes.example.com", path, false, request)),
        _ => None,
    }
}

/// A request to `/_github/…` of a served account.
pub(crate) fn served(request: &Request<Bytes>) -> Option<Asked<'_>> {
    let path = request.uri().path().strip_prefix("/_github/")?;
    let host = request.headers().get("host").and_then(|it| it.to_str().ok()).unwrap_or_default();
    Some(server(&format!("http://{host}/_github"), &format!("/{path}"), true, request))
}

/// What is outside of both interfaces gets a path that nothing has.
fn server<'a>(base: &str, path: &str, limited: bool, request: &'a Request<Bytes>) -> Asked<'a> {
    let api = if path == "/api/graphql" { GitHubApi::Graphql } else { GitHubApi::Rest };
    let path = path.strip_prefix("/api/v3").unwrap_or_default().to_owned();
    Asked { api, base: format!("{base}/api/v3"), path, limited, request }
}

/// Answers as GitHub would, or as it was told to.
pub(crate) async fn answer(world: &World, asked: Asked<'_>) -> Outcome {
    let told = world.state().github.told(asked.api);
    let number = world.state().github.arrives(&asked, world.clock().now());
    let reply = match told {
        GitHubAnswer::Down => return Outcome::ConnectionRefused,
        GitHubAnswer::Hang => std::future::pending().await,
        GitHubAnswer::Cut => {
            usual(world, &asked, None);
            return Outcome::ConnectionLost;
        }
        GitHubAnswer::Slow(duration) => {
            world.clock().sleep(duration).await;
            usual(world, &asked, None)
        }
        GitHubAnswer::Status { status, body, headers } => Reply { status, headers, body },
        GitHubAnswer::Html(status) => Reply::page(status),
        GitHubAnswer::Empty => Reply::text(200, ""),
        GitHubAnswer::List => Reply::json(200, json!([])),
        GitHubAnswer::DataNull => Reply::json(200, json!({"data": null})),
        GitHubAnswer::RateLimited => rate_limited(world, &asked),
        GitHubAnswer::SecondaryLimit { retry_after } => secondary(retry_after),
        GitHubAnswer::Partial(every) => usual(world, &asked, Some(every)),
        GitHubAnswer::Garbled => {
            let mut reply = usual(world, &asked, None);
            let half = reply.body.chars().count() / 2;
            reply.body = reply.body.chars().take(half).collect();
            reply
        }
        GitHubAnswer::Ok | GitHubAnswer::Only { .. } => usual(world, &asked, None),
    };
    world.state().github.requests[number].3 = reply.status;
    let id = format!("0000:{number:04X}:0000:0000:00000000");
    Outcome::Answered(reply.with("x-github-request-id", id).into_response())
}

/// What happens when all is well, or with every nth pull request of a query missing.
fn usual(world: &World, asked: &Asked<'_>, every: Option<usize>) -> Reply {
    let now = world.clock().now();
    let mut state = world.state();
    respond(&mut state.github, asked, now, every).unwrap_or_else(|refused| refused)
}

fn respond(
    state: &mut State,
    asked: &Asked<'_>,
    now: Timestamp,
    every: Option<usize>,
) -> Result<Reply, Reply> {
    acceptable(asked)?;
    let caller = state.caller(asked.request.headers(), now)?;
    let who = caller.who().map(str::to_owned);
    let who = who.as_deref();
    match asked.api {
        GitHubApi::Graphql => graphql::answer(state, &caller, asked, now, every),
        // "Accessing this endpoint does not count against your REST API rate limit."
        GitHubApi::Rest if asked.path == "/rate_limit" => rate_limit(state, asked, who, now),
        GitHubApi::Rest if !asked.limited => Ok(rest::answer(state, &caller, asked, now)),
        GitHubApi::Rest => match state.limits.take(who, asked.api, now, 1) {
            Ok(left) => Ok(left.on(rest::answer(state, &caller, asked, now))),
            Err(left) => Err(left.on(exceeded(asked.api, who))),
        },
    }
}

/// What GitHub wants of every request, before it looks at anything else.
fn acceptable(asked: &Asked<'_>) -> Result<(), Reply> {
    let header = |name: &str| asked.request.headers().get(name).and_then(|it| it.to_str().ok());
    if header("user-agent").is_none_or(str::is_empty) {
        let message = "Request forbidden by administrative rules. Please make sure your request \
                       has a User-Agent header.\n";
        return Err(Reply::text(403, message));
    }
    match header("accept") {
        Some(accept) if !accept.contains("json") && !accept.contains("*/*") => {
            let message = "Unsupported 'Accept' header: Must accept 'application/json'.";
            Err(Reply::refused(415, message))
        }
        _ => Ok(()),
    }
}

fn rate_limit(
    state: &State,
    asked: &Asked<'_>,
    who: Option<&str>,
    now: Timestamp,
) -> Result<Reply, Reply> {
    if asked.request.method() != Method::GET {
        return Err(Reply::not_found());
    }
    if !asked.limited {
        return Err(Reply::refused(404, "Rate limiting is not enabled."));
    }
    let left = |api| state.limits.left(who, api, now);
    let (core, graphql) = (left(GitHubApi::Rest), left(GitHubApi::Graphql));
    let resources = json!({"core": core.to_json(), "graphql": graphql.to_json()});
    Ok(core.on(Reply::json(200, json!({"resources": resources, "rate": core.to_json()}))))
}

fn rate_limited(world: &World, asked: &Asked<'_>) -> Reply {
    let now = world.clock().now();
    let state = &world.state().github;
    let caller = state.caller(asked.request.headers(), now);
    let who = caller.as_ref().ok().and_then(|it| it.who());
    state.limits.left(who, asked.api, now).used_up().on(exceeded(asked.api, who))
}

impl State {
    /// Which request it is: until it is answered its status is 0.
    fn arrives(&mut self, asked: &Asked<'_>, now: Timestamp) -> usize {
        let path = match (asked.api, asked.request.uri().query()) {
            (GitHubApi::Graphql, _) => "/graphql".to_owned(),
            (GitHubApi::Rest, Some(query)) => format!("{}?{query}", asked.path),
            (GitHubApi::Rest, None) => asked.path.clone(),
        };
        self.requests.push((now, asked.request.method().to_string(), path, 0));
        self.requests.len() - 1
    }
}
