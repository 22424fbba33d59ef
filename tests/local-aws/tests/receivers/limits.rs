//! The limits of each service.

use local_aws::Receiver;
use serde_json::{Value, json};

use super::{long, post, says, status, trigger, world};

#[tokio::test]
async fn slack_refuses_what_breaks_a_limit() {
    let world = world();
    let web = world.receiver("web", Receiver::Slack);
    let text = |kind: &str, length| json!({"type": kind, "text": long(length)});
    let section = |length| json!({"type": "section", "text": text("mrkdwn", length)});
    let fields =
        |count, length| json!({"type": "section", "fields": vec![text("mrkdwn", length); count]});
    let header = |kind, length| json!({"type": "header", "text": text(kind, length)});
    let context =
        |count| json!({"type": "context", "elements": vec![text("plain_text", 1); count]});
    let cases = [
        (vec![section(3000), header("plain_text", 150), fields(10, 900), context(10)], "200 ok"),
        (vec![fields(1, 2000)], "200 ok"),
        (vec![json!({"type": "divider"}); 50], "200 ok"),
        (vec![json!({"type": "divider"}); 51], "400 invalid_blocks"),
        (vec![section(3001)], "400 invalid_blocks"),
        (vec![section(0)], "400 invalid_blocks"),
        (vec![fields(11, 1)], "400 invalid_blocks"),
        (vec![fields(1, 2001)], "400 invalid_blocks"),
        (vec![header("plain_text", 151)], "400 invalid_blocks"),
        (vec![header("mrkdwn", 5)], "400 invalid_blocks"),
        (vec![context(11)], "400 invalid_blocks"),
        (vec![json!({"type": "poem"})], "400 invalid_blocks"),
        (vec![section(3000); 5], "400 msg_blocks_too_long"),
    ];
    for (blocks, expected) in cases {
        assert_eq!(says(&world, &web, &json!({"blocks": blocks})).await, expected, "{blocks:?}");
    }
    assert_eq!(says(&world, &web, &json!({"text": long(13_001)})).await, "400 msg_too_long");
    let attached = json!({"attachments": [{"blocks": [section(3001)]}]});
    assert_eq!(says(&world, &web, &attached).await, "400 invalid_blocks");
    assert_eq!(says(&world, &web, &json!({"blocks": []})).await, "400 no_text");
    assert_eq!(post(&world, &web, &[], "text=a").await.unwrap(), "400 invalid_payload");
}

#[tokio::test]
async fn pagerduty_names_what_is_missing_or_too_long() {
    let world = world();
    let address = world.receiver("p", Receiver::PagerDuty);
    let cases = [
        ("/payload/summary", json!(long(1025)), "'payload.summary' is too long"),
        ("/payload/summary", json!(null), "'payload.summary' is missing"),
        ("/payload/source", json!(""), "'payload.source' is missing"),
        ("/payload/severity", json!("high"), "'payload.severity' is none of"),
        ("/dedup_key", json!(long(256)), "'dedup_key' is no text of up to 255"),
        ("/event_action", json!("page"), "'event_action' is missing or none"),
        ("/payload/source", json!(long(512 * 1024)), "larger than 512 KB"),
    ];
    for (place, value, expected) in cases {
        let mut event = trigger(&world.routing_key("p"), "a");
        *event.pointer_mut(place).unwrap() = value;
        let answer = says(&world, &address, &event).await;
        assert!(answer.starts_with("400") && answer.contains(expected), "{answer}");
        assert!(answer.contains("\"status\":\"invalid event\""), "{answer}");
    }
}

#[tokio::test]
async fn discord_counts_in_utf_16() {
    let world = world();
    let address = world.receiver("d", Receiver::Discord);
    let says = async |message: Value| says(&world, &address, &message).await;
    let embed = |embed: Value| json!({"embeds": [embed]});
    let fields =
        |count, value| embed(json!({"fields": vec![json!({"name": "a", "value": value}); count]}));
    assert_eq!(says(json!({"content": "😀".repeat(1000)})).await, "204");
    assert_eq!(says(fields(25, long(200))).await, "204");
    for wrong in [
        json!({"content": "😀".repeat(1001)}),
        json!({"content": ""}),
        json!({"embeds": vec![json!({"title": "a"}); 11]}),
        embed(json!({"title": long(257)})),
        embed(json!({"description": long(4097)})),
        embed(json!({"footer": {"text": long(2049)}})),
        fields(26, long(1)),
        fields(1, long(1025)),
        fields(1, long(0)),
        json!({"embeds": vec![json!({"description": long(3001)}); 2]}),
    ] {
        let answer = says(wrong).await;
        assert!(answer.starts_with("400 {"), "{answer}");
    }
    world.script("d", vec![status(429, Some(2))]);
    let throttled = says(json!({"content": "a"})).await;
    assert!(throttled.starts_with("429 (after 2)") && throttled.contains("\"retry_after\":2.0"));
}
