//! Alerts that arrive: whatever fails, everybody is told once, and what can't be told is kept.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use local_aws::scene::FanOut;
use local_aws::{Answer, Fault, Kind, Service};
use serde_json::json;
use story::alerts::{Alerts, FIVE, ROUTES};

const EACH_ONCE: &str = "chat 1, team 1, oncall 1, game 1, hook 1";

fn status(status: u16, retry_after: Option<u64>) -> Answer {
    Answer::Status { status, retry_after, body: None }
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_once() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
    assert_eq!((alerts.waiting(), alerts.failed()), (0, vec![]));
    // Lambda may deliver an event twice for no reason at all.
    alerts.world.duplicate_invocations(2);
    alerts.alert("Once more").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Once more"), EACH_ONCE);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_busy_is_told_later_and_the_others_at_once() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.world.script("chat", vec![status(429, Some(120)); 2]);
    alerts.world.script("team", vec![status(500, None); 5]);
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Disk full"), "chat 0, team 1, oncall 1, game 1, hook 1");
    assert_eq!(alerts.waiting(), 1);
    alerts.wait(20).await;
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
    assert_eq!((alerts.waiting(), alerts.failed()), (0, vec![]));
    // It has asked for two minutes, and got them.
    assert_eq!(alerts.world.asked("chat"), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_costs_at_most_one_copy() {
    let alerts = Alerts::set(ROUTES).await;
    for name in FIVE {
        alerts.world.script(name, vec![Answer::Cut]);
    }
    alerts.alert("Disk full").await;
    alerts.wait(30).await;
    assert_eq!(alerts.shown("Disk full"), "chat 2, team 2, oncall 1, game 2, hook 1");
    for name in FIVE {
        alerts.world.script(name, vec![Answer::Cut; 4]);
    }
    alerts.alert("Again").await;
    alerts.wait(60).await;
    // Who knows an alert that comes twice is told until it answers; the others are not told a third time.
    assert_eq!(alerts.shown("Again"), "chat 2, team 2, oncall 1, game 2, hook 1");
    assert_eq!(alerts.waiting(), 0);
    let failed = alerts.failed();
    assert_eq!(failed.len(), 3, "{failed:?}");
    assert!(failed.iter().all(|it| it.contains("twice without an answer")), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn what_will_not_be_taken_is_kept_and_the_fallback_is_told() {
    let routes = ROUTES.replace("default: [chat, team,", "fallback: oncall\ndefault: [chat, team,");
    let routes = routes.replace(" oncall, game", " game");
    let alerts = Alerts::set(&routes).await;
    alerts.world.disable("chat");
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Disk full"), "chat 0, team 1, oncall 1, game 1, hook 1");
    assert_eq!(alerts.failed(), ["chat: 404 no_service"]);
    let incident = &alerts.world.incidents("oncall")[0].2;
    let details = &incident["payload"]["custom_details"]["fields"];
    assert_eq!(details["Not delivered to"], "chat: auth-error: 404 no_service");

    // Somebody sets up the webhook again, and moves the message back.
    let address = alerts.world.rotate("chat");
    let all = json!({"chat": address, "oncall": alerts.world.routing_key("oncall")});
    alerts.rotate("alerts", &all.to_string()).await;
    let kept = FanOut::failed(&alerts.world);
    alerts.move_back(&kept[0]).await;
    alerts.wait(10).await;
    assert_eq!(alerts.shown("Disk full"), "chat 1, team 1, oncall 1, game 1, hook 1");
}

#[tokio::test(start_paused = true)]
async fn a_rotated_secret_is_used_at_once() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.alert("Before").await;
    alerts.wait(1).await;
    let team = alerts.world.rotate("team");
    alerts.rotate("alerts/team", &team).await;
    alerts.alert("After").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Before"), EACH_ONCE);
    assert_eq!(alerts.shown("After"), EACH_ONCE);
    assert_eq!(alerts.failed(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_gone_is_named() {
    let alerts = Alerts::set(&ROUTES.replace("alerts/team", "alerts/taem")).await;
    let gone = json!({"SecretId": "alerts/team"});
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    let failed = alerts.failed();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].starts_with("team: secret alerts/taem: GetSecretValue: "), "{failed:?}");
    assert!(failed[0].ends_with("; there is no such secret, or it has no value"), "{failed:?}");

    let alerts = Alerts::set(ROUTES).await;
    alerts.world.call(Service::SecretsManager, "DeleteSecret", gone).await.unwrap();
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Disk full"), "chat 1, team 0, oncall 1, game 1, hook 1");
    let failed = alerts.failed();
    assert!(failed[0].contains("restore-secret"), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_twice_because_a_queue_is_down() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.world.script("chat", vec![status(503, None); 4]);
    alerts.world.fault(Fault::new(Kind::ServerError).on("SendMessage").times(20));
    alerts.alert("Disk full").await;
    alerts.wait(60).await;
    // The event came again, until the queue took what was left.
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
    let timeline: Vec<String> = alerts.world.timeline().into_iter().map(|it| it.1).collect();
    let failures = timeline.iter().filter(|it| it.contains("no queue has the alert")).count();
    assert!(failures >= 1, "{timeline:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_queues_the_event_comes_again_for_whom_was_not_told() {
    let alerts = Alerts::set(ROUTES).await.without_queues();
    alerts.world.script("team", vec![status(500, None); 4]);
    alerts.alert("Disk full").await;
    alerts.wait(10).await;
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
    // For good: Lambda's own record of the failure is kept, with the event in it.
    alerts.world.disable("team");
    alerts.alert("Lost to the team").await;
    alerts.wait(10).await;
    assert_eq!(alerts.shown("Lost to the team"), "chat 1, team 0, oncall 1, game 1, hook 1");
    let kept = FanOut::failed(&alerts.world);
    assert_eq!(kept.len(), 1);
    assert!(kept[0]["requestPayload"].to_string().contains("Lost to the team"));
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_given_up_and_kept() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.world.script("chat", vec![status(503, None); 10_000]);
    alerts.world.script("oncall", vec![Answer::Hang; 10_000]);
    alerts.alert("Disk full").await;
    alerts.wait(23 * 60).await;
    assert_eq!((alerts.waiting(), alerts.failed().len()), (2, 0));
    alerts.wait(3 * 60).await;
    assert_eq!(alerts.shown("Disk full"), "chat 0, team 1, oncall 0, game 1, hook 1");
    let failed = alerts.failed().join("\n");
    assert_eq!(alerts.waiting(), 0, "{failed}");
    assert!(failed.contains("chat: tried for 8"), "{failed}");
    assert!(failed.contains("oncall: tried for 8"), "{failed}");
    // Patience: about every quarter of an hour.
    assert!(alerts.world.asked("chat") < 400, "{}", alerts.world.asked("chat"));
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_no_route_takes_is_kept_and_one_that_is_dropped_is_not() {
    let routes = "
destinations: {chat: {type: slack, webhook: 'alerts#chat'}}
routes:
  - match: {severity: critical}
    to: [chat]
  - match: {max_severity: info}
    drop: true
";
    let alerts = Alerts::set(routes).await;
    alerts.alert("Nobody cares").await;
    alerts.publish("Just so you know").await;
    alerts.wait(1).await;
    assert!(alerts.world.arrived("chat").is_empty());
    assert_eq!(alerts.failed(), ["-: no route fits it, and there is no `default`"]);
}

#[tokio::test(start_paused = true)]
async fn routes_that_are_broken_later_leave_the_old_ones() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.alert("Before").await;
    alerts.wait(2).await;
    alerts.routes("destinations: [").await;
    alerts.alert("After").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("After"), EACH_ONCE);
    // A new environment has none to go back to: the event is kept, and what waits goes on waiting.
    alerts.world.script("chat", vec![status(429, Some(600))]);
    alerts.routes(ROUTES).await;
    alerts.wait(2).await;
    alerts.alert("Waits").await;
    alerts.wait(1).await;
    alerts.routes("destinations: [").await;
    alerts.install();
    alerts.alert("Kept").await;
    alerts.wait(30).await;
    assert_eq!(alerts.shown("Waits"), "chat 0, team 1, oncall 1, game 1, hook 1");
    assert_eq!(alerts.waiting(), 1);
    let kept = FanOut::failed(&alerts.world);
    assert_eq!(kept.len(), 1);
    alerts.routes(ROUTES).await;
    alerts.move_back(&kept[0]).await;
    alerts.wait(30).await;
    assert_eq!(alerts.shown("Kept"), EACH_ONCE);
    assert_eq!(alerts.shown("Waits"), EACH_ONCE);
}

#[tokio::test(start_paused = true)]
async fn what_no_route_took_is_told_once_one_does() {
    let routes = ROUTES.split("default:").next().unwrap();
    let alerts = Alerts::set(routes).await;
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    let kept = FanOut::failed(&alerts.world);
    alerts.routes(ROUTES).await;
    alerts.wait(2).await;
    alerts.move_back(&kept[0]).await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
}

#[tokio::test(start_paused = true)]
async fn a_message_with_several_records_is_several_alerts() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.world.script("chat", vec![status(503, None); 9]);
    let records = json!({"Records": [{"s3": "Record one"}, {"s3": "Record two"}]});
    alerts.publish(&records.to_string()).await;
    alerts.wait(10).await;
    assert_eq!(alerts.shown("Record one"), EACH_ONCE);
    assert_eq!(alerts.shown("Record two"), EACH_ONCE);
}

#[tokio::test(start_paused = true)]
async fn nothing_that_a_destination_answers_breaks_the_function() {
    let alerts = Alerts::set(ROUTES).await;
    let odd = |status, body: &str| Answer::Status {
        status,
        retry_after: Some(u64::MAX),
        body: Some(body.to_owned()),
    };
    alerts.world.script("chat", vec![odd(429, "{\"retry_after\": 1e300}")]);
    alerts.world.script("team", vec![odd(503, &"x".repeat(1_000_000))]);
    alerts.world.script("game", vec![odd(500, "{\"retry_after\": -1}")]);
    alerts.alert("Disk full").await;
    alerts.wait(1).await;
    assert_eq!(alerts.shown("Disk full"), "chat 0, team 0, oncall 1, game 0, hook 1");
    alerts.wait(16 * 60).await;
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
    assert_eq!(alerts.failed(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_function_that_dies_tells_what_is_left_when_it_comes_again() {
    let alerts = Alerts::set(ROUTES).await;
    // The first alert reads the secrets; the function dies while it does.
    alerts.world.fault(
        Fault::new(Kind::CallerDiesAfter).on("GetSecretValue").by(FanOut::FUNCTION).times(1),
    );
    alerts.alert("Disk full").await;
    alerts.wait(10).await;
    let shown = alerts.shown("Disk full");
    for name in FIVE {
        let told = [1, 2].iter().any(|n| shown.contains(&format!("{name} {n}")));
        assert!(told, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn slow_is_not_lost() {
    let alerts = Alerts::set(ROUTES).await;
    alerts.world.script("chat", vec![Answer::Slow(Duration::from_secs(8))]);
    alerts.world.script("hook", vec![Answer::Refused, Answer::Refused]);
    alerts.alert("Disk full").await;
    alerts.wait(20).await;
    assert_eq!(alerts.shown("Disk full"), EACH_ONCE);
    assert_eq!(alerts.world.asked("chat"), 1);
}
