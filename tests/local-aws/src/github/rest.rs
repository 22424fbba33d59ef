//! The REST API: one route each.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::State;
use super::credentials::Caller;
use super::exchange::Asked;
use super::json;
use super::reply::Reply;
use super::repository::{Found, Issue, Repository};

/// "`body` is too long (maximum is 65536 characters)".
const LONGEST_COMMENT: usize = 65_536;
/// What a comment of an issue or of a pull request needs: either.
const COMMENTS: &[&str] = &["issues", "pull_requests"];

pub(super) fn answer(
    state: &mut State,
    caller: &Caller,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Reply {
    route(state, caller, asked, now).unwrap_or_else(|refused| refused)
}

fn route(
    state: &mut State,
    caller: &Caller,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let path: Vec<&str> = asked.path.split('/').skip(1).collect();
    match (asked.request.method(), path.as_slice()) {
        (&Method::POST, ["app", "installations", installation, "access_tokens"]) => {
            let Caller::App(app) = caller else {
                return Err(Reply::refused(401, "A JSON web token could not be decoded"));
            };
            let body = match asked.request.body().is_empty() {
                true => json!({}),
                false => body(asked)?,
            };
            state.installation_token(app, installation, &body, now)
        }
        (_, ["repos", owner, name, rest @ ..]) => match state.named(&format!("{owner}/{name}")) {
            Some(Found::Here(id)) => at_repository(state, caller, asked, now, id, rest),
            Some(Found::Moved(id)) => Err(moved(state, caller, asked, id, rest)),
            None => Err(Reply::not_found()),
        },
        (_, ["repositories", id, rest @ ..]) => {
            let id = id.parse().map_err(|_| Reply::not_found())?;
            at_repository(state, caller, asked, now, id, rest)
        }
        _ => Err(Reply::not_found()),
    }
}

/// GitHub redirects to the id, and other methods than GET with the status that keeps the method.
fn moved(state: &State, caller: &Caller, asked: &Asked<'_>, id: u64, rest: &[&str]) -> Reply {
    if !caller.sees(&state.repositories[&id]) {
        return Reply::not_found();
    }
    let mut url = format!("{}/repositories/{id}", asked.base);
    rest.iter().for_each(|segment| url = format!("{url}/{segment}"));
    if let Some(query) = asked.request.uri().query() {
        url = format!("{url}?{query}");
    }
    let (status, message) = match *asked.request.method() {
        Method::GET | Method::HEAD => (301, "Moved Permanently"),
        _ => (307, "Temporary Redirect"),
    };
    let body = json!({
        "message": message,
        "url": url,
        "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
    });
    Reply::json(status, body).with("location", url)
}

fn at_repository(
    state: &mut State,
    caller: &Caller,
    asked: &Asked<'_>,
    now: Timestamp,
    id: u64,
    rest: &[&str],
) -> Result<Reply, Reply> {
    let repository = state.repositories.get(&id).filter(|it| caller.sees(it));
    let repository = repository.ok_or_else(Reply::not_found)?;
    let may = |write, any_of| caller.may(write, any_of).map_err(|why| Reply::refused(403, why));
    match (asked.request.method(), rest) {
        (&Method::GET, []) => Ok(Reply::json(200, json::repository(repository))),
        (&Method::GET, ["pulls"]) => {
            may(false, &["pull_requests"])?;
            pull_requests(repository, asked)
        }
        (&Method::GET, ["pulls", number]) => {
            may(false, &["pull_requests"])?;
            let found = repository.pull_request(parsed(number)?);
            let (issue, pull_request) = found.ok_or_else(Reply::not_found)?;
            Ok(Reply::json(200, json::pull_request(repository, issue, pull_request)))
        }
        (&Method::GET, ["issues", number, "comments"]) => {
            may(false, COMMENTS)?;
            let issue = repository.issues.get(&parsed(number)?).ok_or_else(Reply::not_found)?;
            page(repository, asked, issue.comments.iter().map(json::comment).collect())
        }
        (&Method::POST, ["issues", number, "comments"]) => {
            may(true, COMMENTS)?;
            let (number, text) = (parsed(number)?, text(asked)?);
            comment(state, caller, now, (id, number), &text)
        }
        (&Method::PATCH, ["issues", "comments", comment]) => {
            may(true, COMMENTS)?;
            let (comment, text) = (parsed(comment)?, text(asked)?);
            edit(state, now, (id, comment), text)
        }
        _ => Err(Reply::not_found()),
    }
}

fn pull_requests(repository: &Repository, asked: &Asked<'_>) -> Result<Reply, Reply> {
    let state = parameter(asked, "state").unwrap_or_else(|| "open".to_owned());
    let wanted = |issue: &&Issue| match state.as_str() {
        "closed" => issue.closed_at.is_some(),
        "all" => true,
        // GitHub takes whatever it does not know as if it were not there.
        _ => issue.closed_at.is_none(),
    };
    // Newest first, as GitHub sorts them if nobody says otherwise.
    let issues = repository.issues.values().rev().filter(wanted);
    let found = issues.filter_map(|issue| {
        let pull_request = issue.pull_request.as_ref()?;
        Some(json::pull_request(repository, issue, pull_request))
    });
    page(repository, asked, found.collect())
}

fn comment(
    state: &mut State,
    caller: &Caller,
    now: Timestamp,
    (repository, number): (u64, u64),
    text: &str,
) -> Result<Reply, Reply> {
    let id = state.id();
    let repository = state.repositories.get_mut(&repository).ok_or_else(Reply::not_found)?;
    let issue = repository.issues.get_mut(&number).ok_or_else(Reply::not_found)?;
    if issue.locked {
        return Err(Reply::refused(403, "Unable to create comment because issue is locked."));
    }
    let comment = issue.comment(id, caller.who().unwrap_or_default(), text, now);
    Ok(Reply::json(201, json::comment(comment)))
}

fn edit(
    state: &mut State,
    now: Timestamp,
    (repository, comment): (u64, u64),
    text: String,
) -> Result<Reply, Reply> {
    let repository = state.repositories.get_mut(&repository).ok_or_else(Reply::not_found)?;
    let mut comments = repository.issues.values_mut().flat_map(|it| &mut it.comments);
    let comment = comments.find(|it| it.id == comment).ok_or_else(Reply::not_found)?;
    comment.body = text;
    comment.updated_at = now;
    Ok(Reply::json(200, json::comment(comment)))
}

/// One page of a list; the addresses of the others are in `link`.
fn page(repository: &Repository, asked: &Asked<'_>, all: Vec<Value>) -> Result<Reply, Reply> {
    let number = |name: &str| parameter(asked, name).and_then(|it| it.parse::<usize>().ok());
    let size = number("per_page").filter(|it| *it > 0).unwrap_or(30).min(100);
    let page = number("page").filter(|it| *it > 0).unwrap_or(1);
    let last = all.len().div_ceil(size).max(1);
    let shown = all.into_iter().skip((page - 1).saturating_mul(size)).take(size);
    let reply = Reply::json(200, shown.collect());
    let path: Vec<&str> = asked.path.split('/').collect();
    let rest = path.iter().skip(if asked.path.starts_with("/repos/") { 4 } else { 3 });
    let rest = rest.fold(String::new(), |rest, segment| format!("{rest}/{segment}"));
    let link = |to: usize, rel: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters(asked).filter(|(name, _)| name != "page"));
        let query = query.append_pair("page", &to.to_string()).finish();
        format!("<{}/repositories/{}{rest}?{query}>; rel=\"{rel}\"", asked.base, repository.id)
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(last.min(page - 1), "prev"));
    }
    if page < last {
        links.extend([link(page + 1, "next"), link(last, "last")]);
    }
    if page > 1 {
        links.push(link(1, "first"));
    }
    Ok(match links.is_empty() {
        true => reply,
        false => reply.with("link", links.join(", ")),
    })
}

fn parameters<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = (String, String)> + 'a {
    let query = asked.request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned()
}

fn parameter(asked: &Asked<'_>, name: &str) -> Option<String> {
    parameters(asked).find(|(it, _)| it == name).map(|(_, value)| value)
}

/// What is no number is nothing's number.
fn parsed(number: &str) -> Result<u64, Reply> {
    number.parse().map_err(|_| Reply::not_found())
}

fn body(asked: &Asked<'_>) -> Result<Value, Reply> {
    let body: Option<Value> = serde_json::from_slice(asked.request.body()).ok();
    let body = body.ok_or_else(|| Reply::refused(400, "Problems parsing JSON"))?;
    match body.is_object() {
        true => Ok(body),
        false => Err(Reply::refused(400, "Body should be a JSON object")),
    }
}

/// The text of a comment.
fn text(asked: &Asked<'_>) -> Result<String, Reply> {
    let body = body(asked)?;
    let text = body["body"].as_str();
    let text =
        text.ok_or_else(|| Reply::invalid("Invalid request.\n\n\"body\" wasn't supplied."))?;
    match text.chars().count() {
        _ if text.trim().is_empty() => {
            Err(Reply::invalid("Validation Failed: body can't be blank"))
        }
        long if long > LONGEST_COMMENT => {
            Err(Reply::invalid("Validation Failed: body is too long (maximum is 65536 characters)"))
        }
        _ => Ok(text.to_owned()),
    }
}
