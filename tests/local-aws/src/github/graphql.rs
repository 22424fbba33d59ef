//! The GraphQL API: one query for many pull requests.

mod lex;
mod parse;
mod schema;

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::State;
use super::credentials::Caller;
use super::exchange::Asked;
use super::json::{node_id, time};
use super::limit::{Left, exceeded};
use super::reply::Reply;
use super::repository::{Found, Issue, PullRequest, Repository};
use parse::Field;

/// Answers a query; without every nth pull request, if it is to be partial.
pub(super) fn answer(
    state: &mut State,
    caller: &Caller,
    asked: &Asked<'_>,
    now: Timestamp,
    every: Option<usize>,
) -> Result<Reply, Reply> {
    if asked.request.method() != Method::POST {
        return Err(Reply::not_found());
    }
    let who = caller.who();
    let Caller::Token(_) = caller else {
        return Err(Reply::refused(401, "This endpoint requires you to be authenticated."));
    };
    // What cannot be read costs a point too.
    let query = read(asked);
    let points = query.as_ref().map_or(1, |query| cost(&query.fields));
    let left = match state.limits.take(who, asked.api, now, points) {
        Err(left) if asked.limited => return Err(left.on(exceeded(asked.api, who))),
        Err(left) | Ok(left) => left,
    };
    let limited = |reply: Reply| if asked.limited { left.on(reply) } else { reply };
    let query = query.map_err(limited)?;
    let left = asked.limited.then_some((left, points));
    let mut run = Run { state, caller, left, every, pull_requests: 0, errors: Vec::new() };
    let data = run.query(&query.fields);
    Ok(limited(match run.errors.is_empty() {
        true => Reply::json(200, json!({"data": data})),
        false => Reply::json(200, json!({"data": data, "errors": run.errors})),
    }))
}

/// The query with its variables, if nothing is wrong with it.
fn read(asked: &Asked<'_>) -> Result<parse::Query, Reply> {
    let body: Option<Value> = serde_json::from_slice(asked.request.body()).ok();
    let body = body.ok_or_else(|| Reply::refused(400, "Problems parsing JSON"))?;
    let missing = "A query attribute must be specified and must be a string.";
    let text = body["query"].as_str().ok_or_else(|| Reply::refused(400, missing))?;
    let mut query = parse::parse(text).map_err(|parse::Malformed(message, at)| {
        Reply::errors(&[json!({"message": message, "locations": [schema::place(at)]})])
    })?;
    let mut errors = schema::bind(&mut query, &body["variables"]);
    if errors.is_empty() {
        errors = schema::validate(&query.fields, "Query", &["query".to_owned()]);
    }
    match errors.is_empty() {
        true => Ok(query),
        false => Err(Reply::errors(&errors)),
    }
}

/// "Divide the number by 100 and round the result": the number of connections, at least 1.
fn cost(fields: &[Field]) -> u64 {
    fn connections(fields: &[Field]) -> u64 {
        fields.iter().map(|it| u64::from(it.name == "labels") + connections(&it.fields)).sum()
    }
    ((connections(fields) + 50) / 100).max(1)
}

/// A query as it is answered.
struct Run<'a> {
    state: &'a State,
    caller: &'a Caller,
    /// With the points this query took; nobody is limited without it.
    left: Option<(Left, u64)>,
    every: Option<usize>,
    pull_requests: usize,
    errors: Vec<Value>,
}

impl Run<'_> {
    fn query(&mut self, fields: &[Field]) -> Value {
        let mut data = Map::new();
        for field in fields {
            let value = match field.name.as_str() {
                "repository" => self.repository(field),
                "rateLimit" => self.rate_limit(field),
                "viewer" => shown(&json!({"login": self.caller.who()}), "User", &field.fields),
                _ => json!("Query"),
            };
            data.insert(field.key().to_owned(), value);
        }
        Value::Object(data)
    }

    fn rate_limit(&self, field: &Field) -> Value {
        let Some((left, cost)) = self.left else { return Value::Null };
        let limit = json!({
            "cost": cost,
            "limit": left.limit,
            "used": left.used,
            "remaining": left.remaining(),
            "resetAt": left.reset(),
        });
        shown(&limit, "RateLimit", &field.fields)
    }

    fn repository(&mut self, field: &Field) -> Value {
        let text = |name: &str| field.argument(name).and_then(Value::as_str).unwrap_or_default();
        let full_name = format!("{}/{}", text("owner"), text("name"));
        let follow = field.argument("followRenames") != Some(&json!(false));
        let id = match self.state.named(&full_name) {
            Some(Found::Here(id)) => Some(id),
            Some(Found::Moved(id)) if follow => Some(id),
            _ => None,
        };
        let found = id.map(|id| &self.state.repositories[&id]).filter(|it| self.caller.sees(it));
        let Some(repository) = found else {
            let message = format!("Could not resolve to a Repository with the name '{full_name}'.");
            return self.failed("NOT_FOUND", &[field], &message);
        };
        let plain = json!({
            "id": repository.node_id,
            "databaseId": repository.id,
            "name": repository.name(),
            "nameWithOwner": repository.full_name,
            "isPrivate": true,
            "isArchived": false,
        });
        let mut data = Map::new();
        for wanted in &field.fields {
            let value = match wanted.name.as_str() {
                "pullRequest" => self.pull_request(repository, field, wanted),
                _ => scalar(&plain, "Repository", wanted),
            };
            data.insert(wanted.key().to_owned(), value);
        }
        Value::Object(data)
    }

    fn pull_request(&mut self, repository: &Repository, parent: &Field, field: &Field) -> Value {
        let path = [parent, field];
        self.pull_requests += 1;
        if self.every.is_some_and(|every| self.pull_requests.is_multiple_of(every)) {
            let message = "Resource limits for this query exceeded.";
            return self.failed("RESOURCE_LIMITS_EXCEEDED", &path, message);
        }
        if let Err(message) = self.caller.may(false, &["pull_requests"]) {
            return self.failed("FORBIDDEN", &path, message);
        }
        let number = field.argument("number").and_then(Value::as_i64).unwrap_or_default();
        let found = u64::try_from(number).ok().and_then(|it| repository.pull_request(it));
        let Some((issue, pull_request)) = found else {
            let message =
                format!("Could not resolve to a PullRequest with the number of {number}.");
            return self.failed("NOT_FOUND", &path, &message);
        };
        let plain = plain(repository, issue, pull_request);
        let mut data = Map::new();
        for wanted in &field.fields {
            let value = match wanted.name.as_str() {
                "labels" => self.labels(issue, &[parent, field, wanted]),
                _ => scalar(&plain, "PullRequest", wanted),
            };
            data.insert(wanted.key().to_owned(), value);
        }
        Value::Object(data)
    }

    fn labels(&mut self, issue: &Issue, path: &[&Field]) -> Value {
        let field = path[path.len() - 1];
        let wanted = |name: &str| field.argument(name).and_then(Value::as_u64);
        let (first, last) = (wanted("first"), wanted("last"));
        let Some(size) = first.or(last) else {
            let message = "You must provide a `first` or `last` value to properly paginate the \
                           `labels` connection.";
            return self.failed("MISSING_PAGINATION_BOUNDARIES", path, message);
        };
        if size > 100 {
            let message = format!(
                "Requesting {size} records on the `labels` connection exceeds the `first` limit \
                 of 100 records."
            );
            return self.failed("EXCESSIVE_PAGINATION", path, &message);
        }
        let (all, size) = (issue.labels.len(), usize::try_from(size).unwrap_or(100));
        let before = if first.is_some() { 0 } else { all.saturating_sub(size) };
        let nodes = issue.labels.iter().skip(before).take(size);
        let connection = json!({
            "totalCount": all,
            "nodes": nodes.map(|name| json!({"name": name})).collect::<Value>(),
            "pageInfo": {
                "hasNextPage": before + size < all,
                "hasPreviousPage": before > 0,
            },
        });
        shown(&connection, "LabelConnection", &field.fields)
    }

    /// What cannot be had is null, and an error that says where.
    fn failed(&mut self, kind: &str, path: &[&Field], message: &str) -> Value {
        let at = path.last().map(|it| schema::place(it.at));
        let path: Vec<&str> = path.iter().map(|it| it.key()).collect();
        let error = json!({"type": kind, "path": path, "locations": [at], "message": message});
        self.errors.push(error);
        Value::Null
    }
}

fn plain(repository: &Repository, issue: &Issue, pull_request: &PullRequest) -> Value {
    let state = match (pull_request.merged_at, issue.closed_at) {
        (Some(_), _) => "MERGED",
        (None, Some(_)) => "CLOSED",
        (None, None) => "OPEN",
    };
    json!({
        "id": node_id(repository, issue),
        "databaseId": issue.id,
        "number": issue.number,
        "state": state,
        "title": format!("Change {}", issue.number),
        "closed": issue.closed_at.is_some(),
        "merged": pull_request.merged_at.is_some(),
        "isDraft": pull_request.draft,
        "locked": issue.locked,
        "createdAt": time(issue.created_at),
        "updatedAt": time(issue.updated_at),
        "closedAt": issue.closed_at.map(time),
        "mergedAt": pull_request.merged_at.map(time),
    })
}

/// A member that has no members, or the name of its type.
fn scalar(plain: &Value, of: &str, field: &Field) -> Value {
    match field.name.as_str() {
        "__typename" => json!(of),
        name => plain[name].clone(),
    }
}

/// What was selected of an object.
fn shown(whole: &Value, of: &str, fields: &[Field]) -> Value {
    let member = |field: &Field| {
        let value = match &whole[&field.name] {
            Value::Array(nodes) => {
                nodes.iter().map(|it| shown(it, "Label", &field.fields)).collect()
            }
            object @ Value::Object(_) => shown(object, "PageInfo", &field.fields),
            _ => scalar(whole, of, field),
        };
        (field.key().to_owned(), value)
    };
    Value::Object(fields.iter().map(member).collect())
}
