//! What receivers of alerts take, refuse, lose and show.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod limits;
mod served;

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use local_aws::{Answer, Pace, Receiver, World};
use serde_json::{Value, json};

fn world() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

/// An answer as one line, `retry-after` included; `Err` if there was none.
async fn post(
    world: &World,
    address: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<String, String> {
    let mut request = http::Request::post(address).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(SdkBody::from(body)).unwrap();
    let request = HttpRequest::try_from(request).unwrap();
    let answer = world.http_connector_for("fan-out").call(request).await;
    let answer = answer.map_err(|error| format!("{:?}", error.into_source()))?;
    let body = String::from_utf8_lossy(answer.body().bytes().unwrap()).into_owned();
    let wait = answer.headers().get("retry-after").map(|it| format!(" (after {it})"));
    let line = format!("{}{} {body}", answer.status().as_u16(), wait.unwrap_or_default());
    Ok(line.trim_end().to_owned())
}

async fn says(world: &World, address: &str, message: &Value) -> String {
    post(world, address, &[], &message.to_string()).await.unwrap()
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

fn notes(world: &World) -> Vec<String> {
    world.timeline().into_iter().map(|(_, what)| what).collect()
}

fn status(status: u16, retry_after: Option<u64>) -> Answer {
    Answer::Status { status, retry_after, body: None }
}

#[tokio::test(start_paused = true)]
async fn a_script_is_one_answer_each_and_then_all_is_well() {
    let world = world();
    let web = world.receiver("web", Receiver::Slack);
    assert_eq!(web, "https://hooks.slack.com/services/T00000000/B00000000/web");
    let own = Answer::Status { status: 200, retry_after: None, body: Some("hm".into()) };
    let minute = Answer::Slow(Duration::from_secs(60));
    let script =
        vec![status(429, Some(7)), Answer::Refused, Answer::Cut, minute, own, status(500, None)];
    world.script("web", script);
    let text = |it: u32| json!({"text": it.to_string()});

    let throttled = says(&world, &web, &text(1)).await;
    assert!(throttled.starts_with("429 (after 7) {") && throttled.contains("\"rate_limited\""));
    let refused = post(&world, &web, &[], &text(2).to_string()).await.unwrap_err();
    assert!(refused.contains("ConnectionRefused"), "{refused}");
    let cut = post(&world, &web, &[], &text(3).to_string()).await.unwrap_err();
    assert!(cut.contains("ConnectionReset"), "{cut}");
    let asked = world.clock().now();
    assert_eq!(says(&world, &web, &text(4)).await, "200 ok");
    assert_eq!(world.clock().now().duration_since(asked).as_secs(), 60);
    assert_eq!(says(&world, &web, &text(5)).await, "200 hm");
    assert_eq!(says(&world, &web, &text(6)).await, "500 rollup_error");
    assert_eq!(says(&world, &web, &text(7)).await, "200 ok");

    let arrived: Vec<_> = world.arrived("web").into_iter().map(|it| it.body).collect();
    assert_eq!(arrived, [text(3), text(4), text(7)]);
    assert_eq!(world.asked("web"), 7);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_never_answers_and_shows_nothing() {
    let world = world();
    let web = world.receiver("web", Receiver::Slack);
    world.script("web", vec![Answer::Hang]);
    let hour = Duration::from_secs(3600);
    let asked = tokio::time::timeout(hour, post(&world, &web, &[], r#"{"text": "a"}"#)).await;
    assert!(asked.is_err());
    assert_eq!((world.arrived("web").len(), world.asked("web")), (0, 1));
}

#[tokio::test]
async fn the_timeline_says_what_happened_and_neither_where_nor_what() {
    let world = world();
    let web = world.receiver("web", Receiver::Slack);
    world.script("web", vec![status(429, Some(1))]);
    for text in ["hush", "hush", ""] {
        says(&world, &web, &json!({"text": text})).await;
    }
    let expected = ["answered 429", "accepted", "answered 400 (no_text)"];
    assert_eq!(notes(&world), expected.map(|it| format!("slack web: {it}")));
}

#[tokio::test]
async fn slack_says_its_own_words_for_a_status() {
    let world = world();
    let web = world.receiver("web", Receiver::Slack);
    world.script("web", vec![status(410, None), status(403, None), status(503, None)]);
    for expected in ["410 channel_is_archived", "403 invalid_token", "503 Service Unavailable"] {
        assert_eq!(says(&world, &web, &json!({"text": "a"})).await, expected);
    }
}

#[tokio::test]
async fn who_does_not_know_the_address_or_a_disabled_one_is_refused() {
    let world = world();
    let message = json!({"text": "a", "content": "a", "channel": "#a", "routing_key": long(32)});
    let [slack, teams, discord, hook] = [
        ("s", Receiver::Slack),
        ("t", Receiver::Teams),
        ("d", Receiver::Discord),
        ("h", Receiver::Webhook { signing_secret: None }),
    ]
    .map(|(name, kind)| world.receiver(name, kind));
    world.receiver("p", Receiver::PagerDuty);
    let stranger = "https://hooks.slack.com/services/T00000000/B00000000/stranger";
    assert_eq!(says(&world, stranger, &message).await, "403 invalid_token");
    let wrong = says(&world, &format!("{discord}x"), &message).await;
    assert!(wrong.starts_with("401") && wrong.contains("Invalid Webhook Token"), "{wrong}");
    let pagerduty = says(&world, "https://events.pagerduty.com/v2/enqueue", &message).await;
    assert!(pagerduty.starts_with("400") && pagerduty.contains("Invalid routing key"));

    ["s", "t", "d", "h"].iter().for_each(|name| world.disable(name));
    assert_eq!(says(&world, &slack, &message).await, "404 no_service");
    assert!(says(&world, &teams, &message).await.contains("WorkflowTriggerIsNotEnabled"));
    let unknown = says(&world, &discord, &message).await;
    assert!(unknown.starts_with("404") && unknown.contains("Unknown Webhook"), "{unknown}");
    assert_eq!(says(&world, &hook, &message).await, "410 Gone");
    assert_eq!((world.asked("s"), world.arrived("s").len()), (1, 0));
}

#[tokio::test]
async fn after_a_rotation_only_the_new_credential_is_taken() {
    let world = world();
    for (name, kind) in [("s", Receiver::Slack), ("d", Receiver::Discord)] {
        let old = world.receiver(name, kind);
        let new = world.rotate(name);
        let message = json!({"text": "a", "content": "a"});
        assert!(says(&world, &old, &message).await.starts_with("404"));
        assert!(says(&world, &new, &message).await.starts_with("20"));
    }
    let address = world.receiver("p", Receiver::PagerDuty);
    let old = world.routing_key("p");
    let new = world.rotate("p");
    assert_eq!((old.len(), new.len(), &new), (32, 32, &world.routing_key("p")));
    assert!(says(&world, &address, &trigger(&old, "k")).await.starts_with("400"));
    assert!(says(&world, &address, &trigger(&new, "k")).await.starts_with("202"));
}

#[tokio::test]
async fn chat_post_message_refuses_with_status_200() {
    let world = world();
    let api = world.receiver("api", Receiver::SlackApi);
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": long(3001)}}]);
    let cases = [
        ("Bearer xoxb-api", json!({"channel": "#live", "text": "a"}), "\"ok\":true"),
        ("Bearer xoxb-api", json!({"channel": "C012AB3CD", "text": "a"}), "\"ts\":\"1795262400.0"),
        ("Bearer xoxb-api", json!({"text": "a"}), "\"channel_not_found\""),
        ("Bearer xoxb-api", json!({"channel": "#live", "blocks": blocks}), "\"invalid_blocks\""),
        ("Bearer xoxb-other", json!({"channel": "#live", "text": "a"}), "\"invalid_auth\""),
    ];
    for (authorization, message, expected) in cases {
        let headers = [("authorization", authorization)];
        let answer = post(&world, &api, &headers, &message.to_string()).await.unwrap();
        assert!(answer.starts_with("200 {") && answer.contains(expected), "{answer}");
    }
    assert!(says(&world, &api, &json!({"channel": "#live", "text": "a"})).await.contains("_auth"));
    assert_eq!(world.arrived("api").len(), 2);
    assert!(!world.arrived("api")[0].headers.contains_key("authorization"));
}

fn card(version: &str, text: &str) -> Value {
    json!({"type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": {
            "type": "AdaptiveCard",
            "version": version,
            "body": [
                {"type": "TextBlock", "text": text},
                {"type": "FactSet", "facts": [{"title": "Service", "value": "**web**"}]},
            ],
            "actions": [{"type": "Action.OpenUrl", "title": "Logs", "url": "https://a.example"}],
        },
    }]})
}

#[tokio::test]
async fn teams_loses_a_card_that_is_too_large_and_says_nothing() {
    let world = world();
    let teams = world.receiver("t", Receiver::Teams);
    assert_eq!(says(&world, &teams, &card("1.4", "Rolled back")).await, "202");
    assert_eq!(world.shown("t"), "Rolled back\nService: web\nLogs (https://a.example)");

    let frame = card("1.4", "").to_string().len();
    assert_eq!(says(&world, &teams, &card("1.4", &long(24_228 - frame))).await, "202");
    assert_eq!((world.arrived("t").len(), world.lost("t").len()), (2, 0));
    assert_eq!(says(&world, &teams, &card("1.4", &long(24_229 - frame))).await, "202");
    assert_eq!((world.arrived("t").len(), world.lost("t").len()), (2, 1));

    for wrong in [card("1.6", "a"), json!({"type": "message"}), json!({"text": "a"})] {
        assert!(says(&world, &teams, &wrong).await.starts_with("400"), "{wrong}");
    }
    world.script("t", vec![status(429, Some(30))]);
    assert_eq!(says(&world, &teams, &card("1.4", "a")).await, "429 (after 30) Too Many Requests");
}

fn trigger(routing_key: &str, dedup_key: &str) -> Value {
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "payload": {"summary": "web is down", "source": "live", "severity": "critical"},
    })
}

#[tokio::test]
async fn pagerduty_keeps_one_incident_for_a_key() {
    let world = world();
    let address = world.receiver("p", Receiver::PagerDuty);
    let key = world.routing_key("p");
    let states = || world.incidents("p").into_iter().map(|it| (it.0, it.1)).collect::<Vec<_>>();
    let with = |action: &str, dedup: &str| {
        let mut event = trigger(&key, dedup);
        event["event_action"] = json!(action);
        event
    };
    let processed = says(&world, &address, &with("trigger", "a")).await;
    assert!(processed.starts_with("202 {") && processed.contains("\"dedup_key\":\"a\""));
    let steps =
        [("trigger", "triggered"), ("acknowledge", "acknowledged"), ("resolve", "resolved")];
    for (action, state) in steps {
        assert!(says(&world, &address, &with(action, "a")).await.starts_with("202"));
        assert_eq!(states(), [("a".to_owned(), state.to_owned())]);
    }
    assert_eq!(world.shown("p"), "[resolved] web is down (critical, live)");
    assert!(says(&world, &address, &with("resolve", "unknown")).await.starts_with("202"));
    assert_eq!((states().len(), world.arrived("p").len(), world.asked("p")), (1, 4, 5));

    let europe = "https://events.eu.pagerduty.com/v2/enqueue";
    assert!(says(&world, europe, &with("trigger", "")).await.starts_with("202"));
    assert_eq!(states()[1].0.len(), 32);
}

#[tokio::test]
async fn discord_shows_the_message_to_who_waits() {
    let world = world();
    let address = world.receiver("d", Receiver::Discord) + "?wait=true";
    let answer = says(&world, &address, &json!({"content": "**down**"})).await;
    assert!(answer.starts_with("200 {") && answer.contains("\"content\":\"**down**\""));
    assert_eq!(world.shown("d"), "down");
}

#[tokio::test]
async fn a_webhook_takes_what_is_signed_and_each_id_once() {
    let world = world();
    let secret = format!("whsec_{}", STANDARD.encode("a secret"));
    let hook = world.receiver("h", Receiver::Webhook { signing_secret: Some(secret) });
    let signed = async |id: &str, at: i64, key: &str| {
        let body = r#"{"state": "ALARM"}"#;
        let mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
        let mac = mac.chain_update(format!("{id}.{at}.{body}")).finalize().into_bytes();
        let signature = format!("v1,AAAA v1,{}", STANDARD.encode(mac));
        let at = at.to_string();
        let headers =
            [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)];
        post(&world, &hook, &headers, body).await.unwrap()
    };
    let now = world.clock().now().as_second();
    assert_eq!(signed("m1", now, "a secret").await, "204");
    assert_eq!(signed("m1", now - 299, "a secret").await, "204");
    assert_eq!(signed("m2", now - 310, "a secret").await, "401 Unauthorized");
    assert_eq!(signed("m3", now, "another").await, "401 Unauthorized");
    assert_eq!(says(&world, &hook, &json!({})).await, "401 Unauthorized");
    let arrived = world.arrived("h");
    assert_eq!((arrived.len(), world.asked("h")), (1, 5));
    assert_eq!(
        (&arrived[0].body["state"], &*arrived[0].headers["webhook-id"]),
        (&json!("ALARM"), "m1")
    );
}

#[tokio::test]
async fn slack_is_shown_without_markup() {
    let world = world();
    let web = world.receiver("web", Receiver::Slack);
    let blocks = json!([
        {"type": "header", "text": {"type": "plain_text", "text": "web: rolled back"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Service*\nmy_web_app"}]},
        {"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Logs"}, "url": "https://a.example"},
        ]},
    ]);
    says(&world, &web, &json!({"text": "for the phone", "blocks": blocks})).await;
    says(&world, &web, &json!({"text": "5 &lt; 6, <https://b.example|why>"})).await;
    let expected = "web: rolled back\nService\nmy_web_app\nLogs (https://a.example)\n\n\
                    5 < 6, why (https://b.example)";
    assert_eq!(world.shown("web"), expected);
}
