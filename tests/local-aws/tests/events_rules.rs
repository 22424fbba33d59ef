//! `EventBridge`: which events reach which function, and when.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_aws::{EventDelivery, Pace, Service, World};
use serde_json::{Value, json};

fn world() -> World {
    World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL)
}

type Seen = Arc<Mutex<Vec<Value>>>;

/// A function that keeps what it gets.
fn listener(world: &World, name: &str) -> Seen {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    world.function(name, move |it| {
        kept.lock().unwrap().push(it.payload);
        Box::pin(async { Ok(Value::Null) })
    });
    seen
}

async fn events(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::Events, operation, input).await.map_err(|error| error.code)
}

async fn rule(world: &World, rule: Value, mut target: Value) {
    let name = rule["Name"].clone();
    assert!(events(world, "PutRule", rule).await.is_ok());
    target["Id"] = json!("t");
    target["Arn"] = json!("arn:aws:lambda:eu-west-2:123456789012:function:listener");
    let answer = events(world, "PutTargets", json!({"Rule": name, "Targets": [target]})).await;
    assert_eq!(answer, Ok(json!({"FailedEntryCount": 0, "FailedEntries": []})));
}

async fn send(world: &World, detail: Value) {
    let entry = json!({"Source": "my.app", "DetailType": "t", "Detail": detail.to_string()});
    let answer = events(world, "PutEvents", json!({"Entries": [entry]})).await;
    assert!(answer.is_ok_and(|it| it["FailedEntryCount"] == 0));
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn details(seen: &Seen) -> Vec<Value> {
    let seen = seen.lock().unwrap();
    seen.iter().map(|event| event["detail"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn patterns_match_as_eventbridge_matches_them() {
    let world = world();
    let event = json!({
        "id": "1", "account": "123456789012", "source": "aws.ecs", "region": "eu-west-2",
        "time": "2026-11-21T10:00:00Z", "resources": ["a", "b"], "detail-type": "Task",
        "detail": {"startedBy": "quayside/migration/d-1", "n": 3, "empty": null, "Deep": "AbC",
            "containers": [{"name": "app", "exitCode": 0}, {"name": "proxy"}]},
    });
    let table = [
        (json!({"source": ["aws.ecs"]}), true),
        (json!({"source": ["aws.ec2"]}), false),
        (json!({"source": ["aws.ec2", "aws.ecs"], "resources": ["b"]}), true),
        (json!({"resources": ["c"]}), false),
        (json!({"detail": {"startedBy": [{"prefix": "quayside/"}]}}), true),
        (json!({"detail": {"startedBy": [{"prefix": "ecs-svc/"}]}}), false),
        (json!({"detail": {"startedBy": [{"suffix": "d-1"}]}}), true),
        (json!({"detail": {"startedBy": [{"wildcard": "quay*/d-*"}]}}), true),
        (json!({"detail": {"startedBy": [{"wildcard": "quay*/x-*"}]}}), false),
        (json!({"detail": {"startedBy": [{"anything-but": "x"}]}}), true),
        (json!({"detail": {"startedBy": [{"anything-but": {"prefix": "quay"}}]}}), false),
        (json!({"detail": {"n": [{"anything-but": [2, 3]}]}}), false),
        (json!({"detail": {"n": [{"numeric": [">", 0, "<=", 3]}]}}), true),
        (json!({"detail": {"n": [{"numeric": ["<", 3]}]}}), false),
        (json!({"detail": {"n": [3.0]}}), true),
        (json!({"detail": {"Deep": [{"equals-ignore-case": "aBc"}]}}), true),
        (json!({"detail": {"Deep": ["abc"]}}), false),
        (json!({"detail": {"stopCode": [{"exists": false}]}}), true),
        (json!({"detail": {"startedBy": [{"exists": true}]}}), true),
        (json!({"detail": {"stopCode": [{"exists": true}]}}), false),
        (json!({"detail": {"empty": [null]}}), true),
        (json!({"detail": {"containers": {"exitCode": [0]}}}), true),
        (json!({"detail": {"containers": {"exitCode": [1]}}}), false),
        (json!({"$or": [{"source": ["x"]}, {"detail": {"n": [3]}}]}), true),
        (json!({"source": ["aws.ecs"], "$or": [{"source": ["x"]}, {"account": ["y"]}]}), false),
    ];
    for (pattern, expected) in table {
        let input = json!({"EventPattern": pattern.to_string(), "Event": event.to_string()});
        let answer = events(&world, "TestEventPattern", input).await;
        assert_eq!(answer, Ok(json!({"Result": expected})), "{pattern}");
    }
}

#[tokio::test(start_paused = true)]
async fn unreadable_patterns_and_schedules_are_refused() {
    let world = world();
    for pattern in ["{", "[]", "{}", r#"{"a": "b"}"#, r#"{"a": []}"#, r#"{"a": [{"near": 1}]}"#] {
        let answer = events(&world, "PutRule", json!({"Name": "r", "EventPattern": pattern})).await;
        assert_eq!(answer, Err("InvalidEventPatternException".into()), "{pattern}");
    }
    for schedule in [
        "every day",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "cron(0 8 * * * *)",
        "cron(0 8 ? * * )",
        "cron(60 8 ? * * *)",
        "cron(0 8 L * ? *)",
        "at(2026-11-22T00:00:00)",
    ] {
        let input = json!({"Name": "r", "ScheduleExpression": schedule});
        let answer = events(&world, "PutRule", input).await;
        assert_eq!(answer, Err("ValidationException".into()), "{schedule}");
    }
    let nothing = events(&world, "PutRule", json!({"Name": "r"})).await;
    assert_eq!(nothing, Err("ValidationException".into()));
}

#[tokio::test(start_paused = true)]
async fn an_event_reaches_the_function_whose_rule_it_matches() {
    let world = world();
    let seen = listener(&world, "listener");
    let pattern = json!({"source": ["my.app"], "detail": {"wanted": [true]}}).to_string();
    rule(&world, json!({"Name": "r", "EventPattern": pattern}), json!({})).await;
    send(&world, json!({"wanted": false})).await;
    send(&world, json!({"wanted": true})).await;
    pass(1).await;
    assert_eq!(details(&seen), [json!({"wanted": true})]);
    let event = seen.lock().unwrap()[0].clone();
    assert_eq!(event["time"], "2026-11-21T10:02:00Z");
    assert_eq!(event["detail-type"], "t");

    events(&world, "DisableRule", json!({"Name": "r"})).await.unwrap();
    send(&world, json!({"wanted": true})).await;
    pass(1).await;
    assert_eq!(details(&seen).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_can_be_repeated_turned_round_and_lost() {
    let deliver = async |delivery: EventDelivery| {
        let world = world();
        let seen = listener(&world, "listener");
        let pattern = json!({"source": ["my.app"]}).to_string();
        rule(&world, json!({"Name": "r", "EventPattern": pattern}), json!({})).await;
        world.event_delivery(delivery);
        send(&world, json!({"n": 1})).await;
        send(&world, json!({"n": 2})).await;
        pass(5).await;
        details(&seen).iter().map(|it| it["n"].to_string()).collect::<String>()
    };
    let usual = EventDelivery::default();
    assert_eq!(deliver(usual).await, "12");
    assert_eq!(deliver(EventDelivery { copies: 2, ..usual }).await, "1122");
    assert_eq!(deliver(EventDelivery { reversed: true, ..usual }).await, "21");
    assert_eq!(deliver(EventDelivery { lost: true, ..usual }).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_rule_fires_until_it_is_disabled() {
    let world = world();
    let seen = listener(&world, "listener");
    let schedule = json!({"Name": "often", "ScheduleExpression": "rate(5 minutes)"});
    rule(&world, schedule, json!({})).await;
    pass(299).await;
    assert_eq!(details(&seen).len(), 0);
    pass(2).await;
    assert_eq!(details(&seen), [json!({})]);
    pass(600).await;
    assert_eq!(details(&seen).len(), 3);
    let first = seen.lock().unwrap()[0].clone();
    assert_eq!(first["source"], "aws.events");
    assert_eq!(first["detail-type"], "Scheduled Event");
    assert_eq!(first["resources"], json!(["arn:aws:events:eu-west-2:123456789012:rule/often"]));
    events(&world, "DisableRule", json!({"Name": "often"})).await.unwrap();
    pass(3600).await;
    assert_eq!(details(&seen).len(), 3);
    events(&world, "EnableRule", json!({"Name": "often"})).await.unwrap();
    pass(301).await;
    assert_eq!(details(&seen).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn cron_rules_fire_when_the_clock_says_so() {
    let times = async |cron: &str, hours: u64| {
        let world = world();
        let seen = listener(&world, "listener");
        let schedule = json!({"Name": "c", "ScheduleExpression": format!("cron({cron})")});
        rule(&world, schedule, json!({})).await;
        pass(hours * 3600).await;
        let seen = seen.lock().unwrap();
        seen.iter()
            .map(|it| it["time"].as_str().unwrap().get(5..16).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // It is Saturday, 21 November 2026, 10:02.
    assert_eq!(
        times("0/20 10-11 * * ? *", 24).await,
        ["11-21T10:20", "11-21T10:40", "11-21T11:00", "11-21T11:20", "11-21T11:40", "11-22T10:00",]
    );
    assert_eq!(times("30 8 ? * MON-FRI *", 72).await, ["11-23T08:30", "11-24T08:30"]);
    assert_eq!(times("0 0 1 JAN,DEC ? *", 24 * 60).await, ["12-01T00:00", "01-01T00:00"]);
    assert_eq!(times("0 0 1 1 ? 2020", 24).await, Vec::<String>::new());
    assert_eq!(times("0 12 ? * 1 2026", 48).await, ["11-22T12:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_target_can_replace_the_event() {
    let world = world();
    let seen = listener(&world, "listener");
    let every = |name| json!({"Name": name, "ScheduleExpression": "rate(1 minute)"});
    rule(&world, every("a"), json!({"Input": r#"{"fixed": 1}"#})).await;
    rule(&world, every("b"), json!({"InputPath": "$.detail-type"})).await;
    pass(61).await;
    assert_eq!(*seen.lock().unwrap(), [json!({"fixed": 1}), json!("Scheduled Event")]);
}

#[tokio::test(start_paused = true)]
async fn rules_are_listed_in_pages_and_kept_while_they_have_targets() {
    let world = world();
    listener(&world, "listener");
    for n in 0..3 {
        let schedule = json!({"Name": format!("r{n}"), "ScheduleExpression": "rate(1 day)"});
        rule(&world, schedule, json!({})).await;
    }
    let page = events(&world, "ListRules", json!({"Limit": 2})).await.unwrap();
    assert_eq!(page["Rules"].as_array().unwrap().len(), 2);
    let rest = json!({"Limit": 2, "NextToken": page["NextToken"]});
    let rest = events(&world, "ListRules", rest).await.unwrap();
    assert_eq!(rest["Rules"][0]["Name"], "r2");
    assert_eq!(rest["NextToken"], Value::Null);

    let delete = json!({"Name": "r0"});
    let refused = events(&world, "DeleteRule", delete.clone()).await;
    assert_eq!(refused, Err("ValidationException".into()));
    events(&world, "RemoveTargets", json!({"Rule": "r0", "Ids": ["t"]})).await.unwrap();
    events(&world, "DeleteRule", delete.clone()).await.unwrap();
    let gone = events(&world, "DescribeRule", delete.clone()).await;
    assert_eq!(gone, Err("ResourceNotFoundException".into()));
    assert_eq!(events(&world, "DeleteRule", delete).await, Ok(json!({})));
}

#[tokio::test(start_paused = true)]
async fn nobody_can_send_events_in_the_name_of_aws() {
    let world = world();
    let entries = json!({"Entries": [
        {"Source": "aws.ecs", "DetailType": "t", "Detail": "{}"},
        {"Source": "my.app", "DetailType": "t", "Detail": "{"},
        {"Source": "my.app", "Detail": "{}"},
        {"Source": "my.app", "DetailType": "t", "Detail": "{}"},
    ]});
    let answer = events(&world, "PutEvents", entries).await.unwrap();
    let codes: Vec<&Value> =
        answer["Entries"].as_array().unwrap().iter().map(|it| &it["ErrorCode"]).collect();
    assert_eq!(answer["FailedEntryCount"], 3);
    assert_eq!(
        codes,
        [
            &json!("NotAuthorizedForSourceException"),
            &json!("MalformedDetail"),
            &json!("InvalidArgument"),
            &Value::Null
        ]
    );
}
