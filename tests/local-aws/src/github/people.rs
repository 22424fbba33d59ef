//! `/_local/github…`: GitHub for people and scripts.

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::repository::Found;
use super::seed::is_full_name;
use super::{GitHubAnswer, TEST_APP_KEY};
use crate::world::World;

type Said = Result<Value, (u16, String)>;

/// Answers for everything from `github` on.
pub(crate) fn answer(world: &World, request: &Request<Bytes>, path: &str) -> Said {
    let path: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), path.as_slice()) {
        (&Method::POST, ["repositories"]) => add_repository(world, &read(request)?),
        (&Method::POST, ["pull-requests"]) => set_pull_request(world, &read(request)?),
        (&Method::POST, ["tokens"]) => add_token(world, &read(request)?),
        (&Method::POST, ["apps"]) => add_app(world, &read(request)?),
        (&Method::POST, ["answers"]) => script(world, &read(request)?),
        (&Method::GET, ["requests"]) => Ok(requests(world)),
        (&Method::GET, ["comments", owner, name, number]) => {
            let number = number.parse().ok();
            comments(world, &format!("{owner}/{name}"), number)
        }
        (method, path) => {
            Err((404, format!("no such place: {method} /_local/github/{}", path.join("/"))))
        }
    }
}

fn add_repository(world: &World, body: &Value) -> Said {
    const EXAMPLE: &str = r#"{"name": "acme/web", "nodeId": "R_kgDOABC123", "databaseId": 4711}"#;
    let wrong = || (400, format!("example: {EXAMPLE}"));
    let name = body["name"].as_str().filter(|it| is_full_name(it)).ok_or_else(wrong)?;
    let node_id = body["nodeId"].as_str().ok_or_else(wrong)?;
    let id = body["databaseId"].as_u64().ok_or_else(wrong)?;
    let taken = {
        let github = &world.state().github;
        let named = matches!(github.named(name), Some(Found::Here(_)));
        named || github.repositories.contains_key(&id)
    };
    if taken {
        return Err((409, format!("{name} or {id} is there already")));
    }
    world.repository(name, node_id, id);
    Ok(json!({}))
}

/// Makes a pull request, or changes the members that are named.
fn set_pull_request(world: &World, body: &Value) -> Said {
    const EXAMPLE: &str = r#"{"repository": "acme/web", "number": 12, "state": "closed" (or
        "open", "merged"), "closedAt": "2026-11-21T12:00:00Z", "labels": ["keep"], "draft": false,
        "locked": false}; only the first two are needed"#;
    let wrong = || (400, format!("example: {EXAMPLE}"));
    let repository = body["repository"].as_str().ok_or_else(wrong)?;
    let number = body["number"].as_u64().ok_or_else(wrong)?;
    let at: Option<Timestamp> = match body["closedAt"].as_str() {
        Some(at) => Some(at.parse().map_err(|_| wrong())?),
        None => None,
    };
    let at = at.unwrap_or_else(|| world.clock().now());
    let labels: Option<Vec<String>> = match &body["labels"] {
        Value::Null => None,
        labels => Some(serde_json::from_value(labels.clone()).map_err(|_| wrong())?),
    };
    match known(world, repository, number)? {
        Some(true) => {}
        Some(false) => return Err((409, format!("{number} is an issue"))),
        None => world.pull_request(repository, number),
    }
    let (closed_at, merged_at) = match body["state"].as_str() {
        None if body["state"].is_null() => (None, None),
        Some("open") => (Some(None), Some(None)),
        Some("closed") => (Some(Some(at)), Some(None)),
        Some("merged") => (Some(Some(at)), Some(Some(at))),
        _ => return Err(wrong()),
    };
    world.change(repository, number, |it| {
        it.closed_at = closed_at.unwrap_or(it.closed_at);
        it.locked = body["locked"].as_bool().unwrap_or(it.locked);
        it.labels = labels.map_or_else(|| it.labels.clone(), |it| it.into_iter().collect());
        if let Some(pull_request) = &mut it.pull_request {
            pull_request.merged_at = merged_at.unwrap_or(pull_request.merged_at);
            pull_request.draft = body["draft"].as_bool().unwrap_or(pull_request.draft);
        }
    });
    Ok(json!({}))
}

/// Whether the number is a pull request or an issue, if it is anything.
fn known(world: &World, repository: &str, number: u64) -> Result<Option<bool>, (u16, String)> {
    let github = &world.state().github;
    let Some(Found::Here(id)) = github.named(repository) else {
        return Err((404, format!("no such repository: {repository}")));
    };
    let issue = github.repositories[&id].issues.get(&number);
    Ok(issue.map(|it| it.pull_request.is_some()))
}

fn add_token(world: &World, body: &Value) -> Said {
    const EXAMPLE: &str = r#"{"name": "clean-up", "permissions": {"pull_requests": "write"}}"#;
    let wrong = || (400, format!("example: {EXAMPLE}"));
    let name = body["name"].as_str().ok_or_else(wrong)?;
    let permissions = body["permissions"].as_object().ok_or_else(wrong)?;
    let permissions: Option<Vec<(&str, &str)>> =
        permissions.iter().map(|(name, level)| Some((name.as_str(), level.as_str()?))).collect();
    Ok(json!({"token": world.token(name, &permissions.ok_or_else(wrong)?)}))
}

fn add_app(world: &World, body: &Value) -> Said {
    const EXAMPLE: &str = r#"{"appId": 12345, "installationId": 67890}"#;
    let wrong = || (400, format!("example: {EXAMPLE}"));
    let app = body["appId"].as_u64().ok_or_else(wrong)?;
    let installation = body["installationId"].as_u64().ok_or_else(wrong)?;
    world.github_app(app, installation, TEST_APP_KEY);
    Ok(json!({"privateKey": TEST_APP_KEY}))
}

/// `{"next": [ … ]}` for the next requests, `{"always": …}` for all of them, null to heal.
fn script(world: &World, body: &Value) -> Said {
    let read = |answer: &Value| GitHubAnswer::from_json(answer).map_err(|error| (400, error));
    let example = r#"example: {"next": ["down", {"html": 502}]}, {"always": "down"} or
        {"always": null}"#;
    let Some(members) = body.as_object().filter(|it| !it.is_empty()) else {
        return Err((400, example.to_owned()));
    };
    let next: Option<Vec<GitHubAnswer>> = match members.get("next") {
        Some(Value::Array(answers)) => Some(answers.iter().map(read).collect::<Result<_, _>>()?),
        Some(_) => return Err((400, example.to_owned())),
        None => None,
    };
    let always = match members.get("always") {
        Some(Value::Null) => Some(None),
        Some(answer) => Some(Some(read(answer)?)),
        None => None,
    };
    if let Some(answers) = next {
        world.github_answers(answers);
    }
    if let Some(answer) = always {
        world.github_is(answer);
    }
    Ok(json!({}))
}

fn requests(world: &World) -> Value {
    let requests = world.github_requests().into_iter();
    let requests = requests.map(|(at, method, path, status)| {
        json!({"at": at, "method": method, "path": path, "status": status})
    });
    requests.collect()
}

fn comments(world: &World, repository: &str, number: Option<u64>) -> Said {
    let nothing = || (404, format!("no such number in {repository}"));
    let number = number.ok_or_else(nothing)?;
    known(world, repository, number)?.ok_or_else(nothing)?;
    let comments = world.comments(repository, number).into_iter();
    let comments =
        comments.map(|(id, author, body)| json!({"id": id, "author": author, "body": body}));
    Ok(comments.collect())
}

fn read(request: &Request<Bytes>) -> Said {
    serde_json::from_slice(request.body())
        .map_err(|error| (400, format!("the body is not JSON: {error}")))
}
