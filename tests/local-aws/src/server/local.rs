//! `/_local/…`: what was asked, what happened, what shall go wrong, what runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::github;
use crate::image::Image;
use crate::receivers;
use crate::world::{ACCOUNT, REGION, World};

type Answer = Result<Value, (u16, String)>;

/// Answers a person or a script on this machine.
pub(super) fn answer(world: &World, request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path().trim_start_matches("/_local/").trim_end_matches('/');
    let said = from_this_machine(request).and_then(|()| match (request.method(), path) {
        (&Method::GET, "health") => Ok(json!({
            "status": "ok",
            "account": ACCOUNT,
            "region": REGION,
            "now": world.clock().now(),
        })),
        (&Method::GET, "requests") => Ok(requests(world)),
        (&Method::GET, "timeline") => {
            let entries = world.timeline().into_iter();
            Ok(entries.map(|(at, what)| json!({"at": at, "what": what})).collect())
        }
        (&Method::POST, "faults") => add_faults(world, request.body()),
        (&Method::DELETE, "faults") => {
            world.heal();
            Ok(json!({}))
        }
        (&Method::POST, "images") => add_image(world, request.body()),
        (&Method::POST, "functions") => add_function(world, request.body()),
        (&Method::POST, "pipeline-jobs") => begin_pipeline_job(world, request.body()),
        (&Method::GET, path) if path.starts_with("pipeline-jobs/") => {
            pipeline_action(world, path.trim_start_matches("pipeline-jobs/"))
        }
        (_, path) if path == "receivers" || path.starts_with("receivers/") => {
            receivers::answer_people(world, request, path)
        }
        (_, path) if path.starts_with("github/") => github::answer_people(world, request, path),
        _ => Err((404, format!("no such place: {} /_local/{path}", request.method()))),
    });
    let (status, kind, body) = match said {
        Ok(Value::String(text)) => (200, "text/plain; charset=utf-8", text),
        Ok(body) => (200, "application/json", body.to_string()),
        Err((status, message)) => {
            (status, "application/json", json!({"message": message}).to_string())
        }
    };
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(body.into())
        .expect("static headers")
}

/// A web page in the same machine's browser can reach a loopback port. It must not be able to
/// register a program: browsers add `Origin`, and a page that rebound its own name to 127.0.0.1
/// still sends that name as `Host`.
fn from_this_machine(request: &Request<Bytes>) -> Result<(), (u16, String)> {
    let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
    let host = header("host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    match local && header("origin").is_none() && header("sec-fetch-site").is_none() {
        true => Ok(()),
        false => Err((403, "only programs on this machine may ask".to_owned())),
    }
}

fn requests(world: &World) -> Value {
    let entries = world.requests().into_iter().map(|it| {
        let (answer, error) = match it.outcome {
            Ok(answer) => (answer, None),
            Err(code) => (Value::Null, Some(code)),
        };
        json!({
            "at": it.at,
            "service": it.service.iam_prefix(),
            "operation": it.operation,
            "input": it.input,
            "caller": it.caller,
            "answer": answer,
            "error": error,
            "fault": it.fault,
        })
    });
    entries.collect()
}

fn json_body(body: &Bytes) -> Answer {
    serde_json::from_slice(body).map_err(|error| (400, format!("the body is not JSON: {error}")))
}

fn add_faults(world: &World, body: &Bytes) -> Answer {
    let rules = match json_body(body)? {
        Value::Array(rules) => rules,
        rule => vec![rule],
    };
    // All or none: half a list of faults would be a puzzle.
    let faults: Result<Vec<Fault>, String> = rules.iter().map(Fault::from_json).collect();
    let faults = faults.map_err(|error| (400, error))?;
    let count = faults.len();
    faults.into_iter().for_each(|fault| world.fault(fault));
    Ok(json!({"added": count}))
}

fn text<'a>(body: &'a Value, member: &str, example: &str) -> Result<&'a str, (u16, String)> {
    body[member]
        .as_str()
        .filter(|it| !it.is_empty())
        .ok_or_else(|| (400, format!("\"{member}\" is missing or no text; example: {example}")))
}

fn add_image(world: &World, body: &Bytes) -> Answer {
    const EXAMPLE: &str = r#"{"name": "registry.local/app:7", "folder": "/srv/app"}"#;
    let body = json_body(body)?;
    let (name, folder) = (text(&body, "name", EXAMPLE)?, text(&body, "folder", EXAMPLE)?);
    if !Path::new(folder).is_dir() {
        return Err((400, format!("{folder} is not a folder")));
    }
    world.image(name, Image::Folder(PathBuf::from(folder)));
    Ok(json!({}))
}

fn add_function(world: &World, body: &Bytes) -> Answer {
    const EXAMPLE: &str = r#"{"name": "hook", "url": "http://127.0.0.1:9000/…"} or
        {"name": "hook", "binary": "/srv/bootstrap", "environment": {"NAME": "VALUE"}}"#;
    let body = json_body(body)?;
    let name = text(&body, "name", EXAMPLE)?;
    if body["url"].is_string() {
        world.function_at(name, text(&body, "url", EXAMPLE)?);
        return Ok(json!({}));
    }
    let binary = text(&body, "binary", EXAMPLE)?;
    if !Path::new(binary).is_file() {
        return Err((400, format!("{binary} is not a file")));
    }
    let environment: BTreeMap<String, String> = match &body["environment"] {
        Value::Null => BTreeMap::new(),
        members => serde_json::from_value(members.clone())
            .map_err(|error| (400, format!("\"environment\": {error}; example: {EXAMPLE}")))?,
    };
    world.function_binary(name, PathBuf::from(binary), environment);
    Ok(json!({}))
}

fn begin_pipeline_job(world: &World, body: &Bytes) -> Answer {
    const EXAMPLE: &str = r#"{"function": "deploy", "userParameters": "{}", "inputArtifacts": []}"#;
    let body = json_body(body)?;
    let function = text(&body, "function", EXAMPLE)?;
    let parameters = body["userParameters"].as_str().unwrap_or_default();
    let artifacts = match &body["inputArtifacts"] {
        Value::Null => json!([]),
        artifacts => artifacts.clone(),
    };
    Ok(json!({"jobId": world.pipeline_job(function, parameters, artifacts)}))
}

fn pipeline_action(world: &World, job: &str) -> Answer {
    let action = world.pipeline_action(job).ok_or_else(|| (404, format!("no such job: {job}")))?;
    Ok(json!({
        "status": action.status,
        "summary": action.summary,
        "message": action.message,
        "failure": action.failure,
        "externalExecutionId": action.external_execution_id,
        "percentComplete": action.percent_complete,
        "outputVariables": action.output_variables,
        "jobs": action.jobs,
    }))
}
