//! `/_local/receivers…`: receivers for people and scripts.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Answer, Receiver, address};
use crate::world::World;

type Said = Result<Value, (u16, String)>;

/// Answers for everything from `receivers` on; a string is a text to read.
pub(crate) fn answer(world: &World, request: &Request<Bytes>, path: &str) -> Said {
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let known = |name: &str| match world.state().receivers.contains_key(name) {
        true => Ok(()),
        false => Err((404, format!("no such receiver: {name}"))),
    };
    match (request.method(), path.as_slice()) {
        (&Method::POST, []) => add(world, request),
        (&Method::GET, [name]) => {
            known(name)?;
            Ok(world.arrived(name).iter().map(super::Arrived::to_json).collect())
        }
        (&Method::GET, [name, "shown"]) => {
            known(name)?;
            Ok(Value::String(world.shown(name)))
        }
        (&Method::POST, [name, "script"]) => {
            known(name)?;
            let Value::Array(answers) = read(request.body())? else {
                return Err((400, "the body is no list of answers".to_owned()));
            };
            let answers: Result<Vec<_>, _> = answers.iter().map(Answer::from_json).collect();
            world.script(name, answers.map_err(|error| (400, error))?);
            Ok(json!({}))
        }
        (method, path) => {
            Err((404, format!("no such place: {method} /_local/receivers/{}", path.join("/"))))
        }
    }
}

fn add(world: &World, request: &Request<Bytes>) -> Said {
    const EXAMPLE: &str = r#"{"name": "web", "kind": "slack"}; kinds: slack, slack-api, teams,
        pagerduty, discord, webhook (with "signingSecret", if it has one)"#;
    let wrong = || (400, format!("example: {EXAMPLE}"));
    let body = read(request.body())?;
    let name = body["name"].as_str().filter(|it| address::is_name(it)).ok_or_else(wrong)?;
    let secret = body["signingSecret"].as_str().map(str::to_owned);
    let kind = body["kind"].as_str().and_then(|it| Receiver::called(it, secret));
    let kind = kind.ok_or_else(wrong)?;
    world.receiver(name, kind.clone());

    let host = request.headers().get("host").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let base = format!("http://{host}/_receivers");
    let mut answer = json!({"address": address::address(&kind, name, 0, Some(&base))});
    match kind {
        Receiver::SlackApi => answer["token"] = json!(address::credential(&kind, name, 0)),
        Receiver::PagerDuty => answer["routingKey"] = json!(world.routing_key(name)),
        _ => {}
    }
    Ok(answer)
}

fn read(body: &Bytes) -> Said {
    serde_json::from_slice(body).map_err(|error| (400, format!("the body is not JSON: {error}")))
}
