//! The same over HTTP, and what people and scripts can say to it.

#[path = "../over_http/mod.rs"]
#[expect(dead_code, reason = "nothing here is signed")]
mod over_http;

use over_http::{send, served};
use serde_json::{Value, json};

struct Script {
    address: String,
}

impl Script {
    async fn local(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let address = format!("{}/_local/github/{path}", self.address);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = send(method, &address, &[], &body).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
    }

    async fn told(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.local("POST", path, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn github(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let address = format!("{}/_github{path}", self.address);
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("user-agent", "script")];
        let answer = send(method, &address, &headers, &body.to_string()).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn a_script_sets_it_up_asks_and_looks() {
    let (_world, address) = served(None).await;
    let script = Script { address };
    let repository = json!({"name": "acme/web", "nodeId": "R_1", "databaseId": 4711});
    script.told("repositories", repository.clone()).await;
    assert_eq!(script.local("POST", "repositories", &repository).await.0, 409);
    let closed = json!({
        "repository": "acme/web", "number": 12, "state": "closed",
        "closedAt": "2026-11-21T09:00:00Z", "labels": ["keep"],
    });
    script.told("pull-requests", closed).await;
    let permissions = json!({"pull_requests": "write"});
    let token = script.told("tokens", json!({"name": "a", "permissions": permissions})).await;
    let token = token["token"].as_str().unwrap();

    let query = "{repository(owner: \"acme\", name: \"web\") {pullRequest(number: 12) {
        state closedAt labels(first: 20) {nodes {name}}}}}";
    let query = json!({"query": query});
    let (status, answer) = script.github("POST", "/api/graphql", token, &query).await;
    let expected = json!({
        "state": "CLOSED",
        "closedAt": "2026-11-21T09:00:00Z",
        "labels": {"nodes": [{"name": "keep"}]},
    });
    assert_eq!((status, &answer["data"]["repository"]["pullRequest"]), (200, &expected));
    let url = "/api/v3/repos/acme/web/issues/12/comments";
    let comment = json!({"body": "Gone."});
    let (status, comment) = script.github("POST", url, token, &comment).await;
    assert_eq!(status, 201);
    let (_, comments) = script.local("GET", "comments/acme/web/12", &Value::Null).await;
    assert_eq!(comments, json!([{"id": comment["id"], "author": "a", "body": "Gone."}]));

    let open = json!({"repository": "acme/web", "number": 12, "state": "open"});
    script.told("pull-requests", open).await;
    let pull = script.github("GET", "/api/v3/repos/acme/web/pulls/12", token, &Value::Null).await.1;
    assert_eq!((&pull["state"], &pull["labels"][0]["name"]), (&json!("open"), &json!("keep")));
    let (_, requests) = script.local("GET", "requests", &Value::Null).await;
    let requests: Vec<_> =
        requests.as_array().unwrap().iter().map(|it| it["path"].clone()).collect();
    assert_eq!(requests[..2], ["/graphql", "/repos/acme/web/issues/12/comments"]);
}

#[tokio::test]
async fn a_script_makes_trouble_and_heals_it() {
    let (world, address) = served(None).await;
    world.repository("acme/web", "R_1", 4711);
    let token = world.token("a", &[("pull_requests", "read")]);
    let script = Script { address };
    let next = json!([{"html": 502}, {"is": "rate-limited", "only": "rest"}, {"status": 418}]);
    script.told("answers", json!({"next": next, "always": {"secondary-limit": 9}})).await;
    for expected in [502, 403, 418, 403] {
        let path = "/api/v3/repos/acme/web";
        assert_eq!(script.github("GET", path, &token, &Value::Null).await.0, expected);
    }
    script.told("answers", json!({"always": null})).await;
    let renamed = {
        world.rename("acme/web", "acme/site");
        let url = format!("{}/_github/api/v3/repos/acme/web", script.address);
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("user-agent", "script")];
        send("GET", &url, &headers, "").await.unwrap()
    };
    let expected = format!("{}/_github/api/v3/repositories/4711", script.address);
    assert_eq!(renamed.headers()["location"], expected.as_str());
    script.told("answers", json!({"next": ["down"]})).await;
    let url = format!("{}/_github/api/v3/rate_limit", script.address);
    assert!(send("GET", &url, &[], "").await.is_err());
}

#[tokio::test]
async fn what_a_script_says_wrongly_is_refused_with_an_example() {
    let (world, address) = served(None).await;
    world.repository("acme/web", "R_1", 4711);
    world.issue("acme/web", 4);
    let script = Script { address };
    let cases = [
        ("repositories", json!({"name": "web"}), 400),
        ("pull-requests", json!({"repository": "acme/web"}), 400),
        ("pull-requests", json!({"repository": "acme/x", "number": 1}), 404),
        ("pull-requests", json!({"repository": "acme/web", "number": 1, "state": "gone"}), 400),
        ("pull-requests", json!({"repository": "acme/web", "number": 4}), 409),
        ("tokens", json!({"name": "a"}), 400),
        ("apps", json!({"appId": "a"}), 400),
        ("answers", json!({"next": ["maybe"]}), 400),
        ("answers", json!(["down"]), 400),
        ("answers", json!({"next": [{"status": 200, "headers": {"a b": "c"}}]}), 400),
        ("nothing", json!({}), 404),
    ];
    for (path, body, expected) in cases {
        assert_eq!(script.local("POST", path, &body).await.0, expected, "{path} {body}");
    }
    assert_eq!(script.local("GET", "comments/acme/web/9", &Value::Null).await.0, 404);
    let key = script.told("apps", json!({"appId": 1, "installationId": 2})).await;
    assert_eq!(key["privateKey"], local_aws::TEST_APP_KEY);
}
