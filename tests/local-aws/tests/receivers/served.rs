//! The same receivers over HTTP.

#[path = "../over_http/mod.rs"]
#[expect(dead_code, reason = "nothing here is signed")]
mod over_http;

use over_http::{send, served};
use serde_json::{Value, json};

use super::{card, trigger};

#[tokio::test]
async fn a_served_account_has_the_same_receivers() {
    let (world, account) = served(None).await;
    let local = format!("{account}/_local/receivers");
    let json = [("content-type", "application/json")];
    for kind in ["slack", "slack-api", "teams", "pagerduty", "discord", "webhook"] {
        let body = json!({"name": kind, "kind": kind}).to_string();
        let added = send("POST", &local, &[], &body).await.unwrap();
        let added: Value = serde_json::from_slice(added.body()).unwrap();
        let address = added["address"].as_str().unwrap();
        assert!(address.starts_with(&format!("{account}/_receivers/{kind}/")), "{address}");
        let mut message = card("1.4", "a");
        let event = trigger(added["routingKey"].as_str().unwrap_or_default(), "k");
        message.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        message["channel"] = json!("#live");
        message["text"] = json!("a");
        message["content"] = json!("a");
        let token = format!("Bearer {}", added["token"].as_str().unwrap_or_default());
        let headers = [json[0], ("authorization", &token)];
        // Slack does not take the attachments of Teams for anything, but they are no blocks.
        let answer = send("POST", address, &headers, &message.to_string()).await.unwrap();
        assert!(answer.status().is_success(), "{kind}: {answer:?}");
        assert_eq!(world.arrived(kind).len(), 1, "{kind}");
    }
    let script = r#"[{"status": 429, "retryAfter": 2}, {"cut": true}, {"slow": 1}, "ok"]"#;
    let script = send("POST", &format!("{local}/slack/script"), &[], script).await.unwrap();
    assert_eq!(script.status(), 200);
    let slack = format!("{account}/_receivers/slack/services/T00000000/B00000000/slack");
    let text = r#"{"text": "it *works*"}"#;
    assert_eq!(send("POST", &slack, &json, text).await.unwrap().headers()["retry-after"], "2");
    assert!(send("POST", &slack, &json, text).await.is_err());
    assert_eq!(send("POST", &slack, &json, text).await.unwrap().body(), "ok");

    let arrived = send("GET", &format!("{local}/slack"), &[], "").await.unwrap();
    let arrived: Value = serde_json::from_slice(arrived.body()).unwrap();
    assert_eq!(arrived[2]["body"]["text"], "it *works*");
    let shown = send("GET", &format!("{local}/slack/shown"), &[], "").await.unwrap();
    assert_eq!(shown.headers()["content-type"], "text/plain; charset=utf-8");
    assert!(shown.body().ends_with(b"it works\n\nit works"));
    let nobody = send("GET", &format!("{local}/nobody"), &[], "").await.unwrap();
    assert_eq!(nobody.status(), 404);
    let odd = send("POST", &format!("{local}/slack/script"), &[], "[\"odd\"]").await.unwrap();
    assert_eq!(odd.status(), 400);
}
