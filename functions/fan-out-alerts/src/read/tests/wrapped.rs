//! Envelopes, and what nobody knows.

use super::*;

#[test]
fn an_event_in_sns_in_sqs() {
    let event = event("alert-sqs-wrapped-event.json");
    check(
        &event,
        &expect![[r#"
            Steady state: web | resolved | info
            Service: web
            Cluster: live
            Event: SERVICE_STEADY_STATE
            Service -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/health?region=eu-west-2"#]],
    );
    let notice = read(&event, now()).pop().unwrap();
    assert_eq!(notice.id, "2d3a994f-adb5-5d6f-ab5e-c2e508881361");
    assert_eq!(notice.topic.as_deref(), Some("arn:aws:sns:eu-west-2:123456789012:alerts"));
    assert_eq!(notice.original["detail-type"], "ECS Service Action");
    // EventBridge Pipes send the records alone.
    check(
        &event["Records"],
        &expect![[r#"
            Steady state: web | resolved | info
            Service: web
            Cluster: live
            Event: SERVICE_STEADY_STATE
            Service -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/health?region=eu-west-2"#]],
    );
}

#[test]
fn an_http_envelope_and_attributes_in_every_spelling() {
    let envelope = json!({
        "Type": "Notification", "MessageId": "m-1", "Message": "Hello",
        "TopicArn": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alerts",
        "Timestamp": "2026-11-20T03:12:44.120Z",
        "MessageAttributes": {
            "severity": {"Type": "String", "Value": "warning"},
            "team": {"DataType": "String", "StringValue": "shop"},
            "stage": "live", "empty": null,
        },
    });
    let notice = read(&envelope, now()).pop().unwrap();
    assert_eq!(notice.severity, Severity::Warning);
    assert_eq!(
        json!(notice.attributes),
        json!({"severity": "warning", "stage": "live", "team": "shop"})
    );
    assert_eq!(notice.region.as_deref(), Some("us-gov-west-1"));
    assert_eq!(notice.time.unwrap().to_string(), "2026-11-20T03:12:44.12Z");
    assert_eq!(notice.original, "Hello");

    let queued = json!({"Records": [{
        "messageId": "q-1", "body": "Hello", "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-2:123456789012:alerts",
        "attributes": {"SentTimestamp": "1795144364200"},
        "messageAttributes": {"severity": {"stringValue": "p1", "dataType": "String"}},
    }]});
    let notice = read(&queued, now()).pop().unwrap();
    assert_eq!((notice.id.as_str(), notice.severity), ("q-1", Severity::Critical));
    assert_eq!(notice.time.unwrap().to_string(), "2026-11-20T03:12:44.2Z");
    assert_eq!(notice.account.as_deref(), Some("123456789012"));
}

#[test]
fn several_records_are_several_notices() {
    let one = by_sns("one")["Records"][0].clone();
    check(
        &json!({"Records": [one, {"Sns": {"Message": null}}, {"Sns": {}}, {"s3": {"bucket": "b"}}]}),
        &expect![[r#"
            one | info | info

            A notification | info | info
              null

            A notification | info | info
              {}

            A notification | info | info
            s3.bucket: b"#]],
    );
    check(
        &json!({"Records": []}),
        &expect![[r#"
        An event without records | info | info
          {"Records":[]}"#]],
    );
}

/// What a person reads: `message → title and text`.
#[test]
fn anything_in_a_message() {
    let check = |message: &str, expected: Expect| check(&by_sns(message), &expected);
    check(
        "[1, 2]",
        expect![[r#"
        A notification | info | info
          [1,2]"#]],
    );
    check("42", expect!["42 | info | info"]);
    check("null", expect!["null | info | info"]);
    check("\"Hello\"", expect!["Hello | info | info"]);
    check("", expect!["A notification | info | info"]);
    check(
        "[ALARM] disk full\non host a",
        expect![[r#"
        [ALARM] disk full | info | error
          on host a"#]],
    );
    check("\"{\\\"title\\\": \\\"Twice encoded\\\"}\"", expect!["Twice encoded | info | info"]);
}

#[test]
fn texts() {
    check(
        &event("alert-text.json"),
        &expect![[r#"
        Nightly backup of shop failed | info | error
          host: backup-1
          reason: no space left on device"#]],
    );
}

#[test]
fn events_that_nobody_knows() {
    check(
        &json!({"detail-type": "Glue Job State Change", "source": "aws.glue", "region": "eu-west-2",
            "resources": ["arn:aws:glue:eu-west-2:123456789012:job/a"],
            "detail": {"jobName": "a", "state": "FAILED", "message": "SystemExit: 1", "tags": ["x", "y"]}}),
        &expect![[r#"
            Glue Job failed: a | info | error
              SystemExit: 1
            Job: a
            State: FAILED
            Job -> https://eu-west-2.console.aws.amazon.com/gluestudio/home?region=eu-west-2#/editor/job/a/runs"#]],
    );
    check(
        &json!({"detail-type": "Part-written", "state": "half"}),
        &expect![[r#"
        Part-written | info | info
        detail-type: Part-written
        state: half"#]],
    );
    check(
        &json!({"source": "my.shop", "account": "123456789012", "detail": {"orders": 0}}),
        &expect![[r#"
            my.shop | info | info
            orders: 0"#]],
    );
    let many: Map<_, _> = (0..25).map(|n| (format!("m{n:02}"), json!(n))).collect();
    let notice = read(&many.into(), now()).pop().unwrap();
    assert_eq!(notice.fields.len(), 21);
    assert_eq!(notice.fields[20].value, "5 more values");
}

/// The same content without an id is the same message; another one is another.
#[test]
fn messages_without_an_id_have_one() {
    let id = |event: &Value| read(event, now()).pop().unwrap().id;
    assert_eq!(id(&json!({"a": 1})), id(&json!({"a": 1})));
    assert_ne!(id(&json!({"a": 1})), id(&json!({"a": 2})));
    assert_eq!(id(&json!({"a": 1})).len(), "content-".len() + 16);
}
