//! CloudWatch Logs: groups, streams, lines.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{AwsError, Pace, Service, World};
use serde_json::{Value, json};

/// 2026-11-21T10:02:00Z.
const NOW: i64 = 1_795_255_320_000;

fn account() -> World {
    World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL)
}

async fn logs(world: &World, operation: &str, mut input: Value) -> Result<Value, AwsError> {
    if input["logGroupName"].is_null() {
        input["logGroupName"] = json!("/ecs/app");
    }
    world.call(Service::Logs, operation, input).await
}

fn code(answer: Result<Value, AwsError>) -> String {
    answer.unwrap_err().code
}

/// An account with one stream, `run/app/1`, with these lines a second apart.
async fn with_lines(lines: &[&str]) -> World {
    let world = account();
    logs(&world, "CreateLogGroup", json!({})).await.unwrap();
    stream(&world, "run/app/1", lines, NOW).await;
    world
}

async fn stream(world: &World, name: &str, lines: &[&str], start: i64) {
    logs(world, "CreateLogStream", json!({"logStreamName": name})).await.unwrap();
    let at = |n: usize| start + 1000 * i64::try_from(n).unwrap();
    let events = lines.iter().enumerate();
    let events: Vec<Value> =
        events.map(|(n, it)| json!({"timestamp": at(n), "message": it})).collect();
    if !events.is_empty() {
        let batch = json!({"logStreamName": name, "logEvents": events});
        logs(world, "PutLogEvents", batch).await.unwrap();
    }
}

async fn get(world: &World, mut how: Value) -> Value {
    how["logStreamName"] = json!("run/app/1");
    logs(world, "GetLogEvents", how).await.unwrap()
}

fn messages(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap().iter();
    events.map(|it| it["message"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_page_begins_at_the_head_or_ends_at_the_tail() {
    let world = with_lines(&["0", "1", "2", "3", "4"]).await;
    assert_eq!(messages(&get(&world, json!({})).await), ["0", "1", "2", "3", "4"]);
    assert_eq!(messages(&get(&world, json!({"limit": 2})).await), ["3", "4"]);
    let head = json!({"limit": 2, "startFromHead": true});
    assert_eq!(messages(&get(&world, head).await), ["0", "1"]);
    let range = json!({"startTime": NOW + 1000, "endTime": NOW + 3000});
    assert_eq!(messages(&get(&world, range).await), ["1", "2"], "the end does not belong to it");
}

#[tokio::test(start_paused = true)]
async fn the_tokens_lead_through_the_stream_and_repeat_at_its_ends() {
    let world = with_lines(&["0", "1", "2", "3", "4"]).await;
    for (from_head, token, expected) in [
        (true, "nextForwardToken", vec!["0", "1", "2", "3", "4"]),
        (false, "nextBackwardToken", vec!["3", "4", "1", "2", "0"]),
    ] {
        let (mut how, mut seen) = (json!({"limit": 2, "startFromHead": from_head}), Vec::new());
        for _ in 0..10 {
            let page = get(&world, how.clone()).await;
            seen.extend(messages(&page).into_iter().map(str::to_owned));
            if page[token] == how["nextToken"] {
                break;
            }
            how["nextToken"] = page[token].clone();
        }
        assert_eq!(seen, expected);
    }
    let input = json!({"logStreamName": "run/app/1", "nextToken": "nonsense"});
    assert_eq!(code(logs(&world, "GetLogEvents", input).await), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_reader_at_the_end_gets_what_comes_later() {
    let world = with_lines(&["0"]).await;
    let page = get(&world, json!({"startFromHead": true})).await;
    let event = json!([{"timestamp": NOW + 5000, "message": "1"}]);
    let batch = json!({"logStreamName": "run/app/1", "logEvents": event});
    logs(&world, "PutLogEvents", batch).await.unwrap();
    let next = json!({"startFromHead": true, "nextToken": page["nextForwardToken"]});
    assert_eq!(messages(&get(&world, next).await), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found_and_what_is_there_is_not_made_again() {
    let world = with_lines(&[]).await;
    let event = json!([{"timestamp": NOW, "message": "x"}]);
    for (operation, input) in [
        ("GetLogEvents", json!({"logStreamName": "nowhere"})),
        ("GetLogEvents", json!({"logGroupName": "/nowhere", "logStreamName": "run/app/1"})),
        ("PutLogEvents", json!({"logStreamName": "nowhere", "logEvents": event})),
        ("FilterLogEvents", json!({"logGroupName": "/nowhere"})),
        ("DescribeLogStreams", json!({"logGroupName": "/nowhere"})),
        ("CreateLogStream", json!({"logGroupName": "/nowhere", "logStreamName": "x"})),
        ("PutRetentionPolicy", json!({"logGroupName": "/nowhere", "retentionInDays": 14})),
        ("DeleteLogGroup", json!({"logGroupName": "/nowhere"})),
    ] {
        let answer = logs(&world, operation, input).await;
        assert_eq!(code(answer), "ResourceNotFoundException", "{operation}");
    }
    for (operation, input) in
        [("CreateLogGroup", json!({})), ("CreateLogStream", json!({"logStreamName": "run/app/1"}))]
    {
        let answer = logs(&world, operation, input).await;
        assert_eq!(code(answer), "ResourceAlreadyExistsException", "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_input_is_refused() {
    let world = with_lines(&[]).await;
    let put = |events: Value| json!({"logStreamName": "run/app/1", "logEvents": events});
    let event = |at: i64| json!({"timestamp": at, "message": "x"});
    let both = json!({"logGroupName": "/ecs/app", "logGroupIdentifier": "/ecs/app"});
    let names = json!({"logStreamNames": ["a"], "logStreamNamePrefix": "a"});
    let by_time = json!({"orderBy": "LastEventTime", "logStreamNamePrefix": "run"});
    let groups = json!({"logGroupNamePrefix": "/ecs", "logGroupNamePattern": "app"});
    for (operation, input) in [
        ("PutLogEvents", put(json!([]))),
        ("PutLogEvents", put(json!([{"timestamp": NOW, "message": ""}]))),
        ("PutLogEvents", put(json!([event(NOW), event(NOW - 1)]))),
        ("PutLogEvents", put(json!([event(NOW - 86_400_001), event(NOW)]))),
        ("PutLogEvents", put(json!([{"timestamp": NOW, "message": "x".repeat(1_048_551)}]))),
        ("GetLogEvents", json!({"logStreamName": "run/app/1", "limit": 0})),
        ("GetLogEvents", json!({"logStreamName": "run/app/1", "limit": 10_001})),
        ("FilterLogEvents", names),
        ("FilterLogEvents", both),
        ("FilterLogEvents", json!({"filterPattern": "{ $.level = ERROR }"})),
        ("DescribeLogStreams", by_time),
        ("DescribeLogStreams", json!({"limit": 51})),
        ("DescribeLogGroups", groups),
        ("PutRetentionPolicy", json!({"retentionInDays": 2})),
        ("CreateLogGroup", json!({"logGroupName": "a b"})),
        ("CreateLogStream", json!({"logStreamName": "a:b"})),
    ] {
        let answer = logs(&world, operation, input.clone()).await;
        assert_eq!(code(answer), "InvalidParameterException", "{operation} {input}");
    }
}

#[tokio::test(start_paused = true)]
async fn lines_out_of_their_time_are_rejected_and_the_others_kept() {
    let world = with_lines(&[]).await;
    let hour = 3_600_000;
    let put = |events: Value| json!({"logStreamName": "run/app/1", "logEvents": events});
    let new = json!([
        {"timestamp": NOW, "message": "now"},
        {"timestamp": NOW + 3 * hour, "message": "too new"},
    ]);
    let answer = logs(&world, "PutLogEvents", put(new)).await.unwrap();
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooNewLogEventStartIndex": 1}));
    let old = json!([
        {"timestamp": NOW - 14 * 24 * hour - 1, "message": "too old"},
        {"timestamp": NOW - 14 * 24 * hour, "message": "old"},
    ]);
    let answer = logs(&world, "PutLogEvents", put(old)).await.unwrap();
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 1}));
    assert_eq!(messages(&get(&world, json!({})).await), ["old", "now"]);
    // What is rejected does not count for the 24 hours of a batch.
    let mixed = json!([
        {"timestamp": NOW - 15 * 24 * hour, "message": "too old"},
        {"timestamp": NOW, "message": "also now"},
    ]);
    let answer = logs(&world, "PutLogEvents", put(mixed)).await.unwrap();
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 1}));
    assert_eq!(messages(&get(&world, json!({})).await), ["old", "now", "also now"]);

    logs(&world, "PutRetentionPolicy", json!({"retentionInDays": 1})).await.unwrap();
    let expired = json!([{"timestamp": NOW - 25 * hour, "message": "expired"}]);
    let answer = logs(&world, "PutLogEvents", put(expired)).await.unwrap();
    assert_eq!(answer["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 1}));
}

#[tokio::test(start_paused = true)]
async fn lines_are_found_in_all_streams_of_a_group_in_the_order_of_time() {
    let world = with_lines(&["started", "ERROR duplicate key", "ended"]).await;
    stream(&world, "run/proxy/1", &["ERROR no route", "ERROR gave up"], NOW + 500).await;
    for (how, expected) in [
        (json!({"filterPattern": "ERROR"}), vec!["no route", "duplicate key", "gave up"]),
        (json!({"filterPattern": "ERROR", "limit": 1}), vec!["no route"]),
        (json!({"filterPattern": "\"duplicate key\""}), vec!["duplicate key"]),
        (json!({"filterPattern": "ERROR -key"}), vec!["no route", "gave up"]),
        (json!({"filterPattern": "ERROR", "logStreamNames": ["run/app/1"]}), vec!["duplicate key"]),
        (
            json!({"filterPattern": "ERROR", "logStreamNamePrefix": "run/p"}),
            vec!["no route", "gave up"],
        ),
    ] {
        let answer = logs(&world, "FilterLogEvents", how.clone()).await.unwrap();
        let expected: Vec<String> = expected.iter().map(|it| format!("ERROR {it}")).collect();
        assert_eq!(messages(&answer), expected, "{how}");
    }
    let all = logs(&world, "FilterLogEvents", json!({})).await.unwrap();
    let mut ids: Vec<&str> =
        all["events"].as_array().unwrap().iter().filter_map(|it| it["eventId"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each line has an id of its own");
}

#[tokio::test(start_paused = true)]
async fn groups_and_streams_are_listed_in_pages() {
    let world = with_lines(&["0"]).await;
    for name in ["/ecs/b", "/lambda/app"] {
        logs(&world, "CreateLogGroup", json!({"logGroupName": name})).await.unwrap();
    }
    stream(&world, "run/app/2", &["late"], NOW + 60_000).await;
    stream(&world, "run/app/3", &["between"], NOW + 30_000).await;
    let names = |answer: &Value, list: &str, member: &str| -> Vec<String> {
        let items = answer[list].as_array().unwrap().iter();
        items.map(|it| it[member].as_str().unwrap().to_owned()).collect()
    };
    for (how, expected) in [
        (json!({}), vec!["/ecs/app", "/ecs/b", "/lambda/app"]),
        (json!({"logGroupNamePrefix": "/ecs"}), vec!["/ecs/app", "/ecs/b"]),
        (json!({"logGroupNamePattern": "app"}), vec!["/ecs/app", "/lambda/app"]),
        (json!({"limit": 1}), vec!["/ecs/app"]),
    ] {
        let answer = world.call(Service::Logs, "DescribeLogGroups", how.clone()).await.unwrap();
        assert_eq!(names(&answer, "logGroups", "logGroupName"), expected, "{how}");
        assert_eq!(answer["nextToken"].is_string(), how["limit"] == 1);
    }
    for (how, expected) in [
        (json!({}), "123"),
        (json!({"descending": true}), "321"),
        (json!({"orderBy": "LastEventTime"}), "132"),
        (json!({"orderBy": "LastEventTime", "descending": true, "limit": 1}), "2"),
    ] {
        let answer = logs(&world, "DescribeLogStreams", how.clone()).await.unwrap();
        let names = names(&answer, "logStreams", "logStreamName");
        let digits: String = names.iter().map(|it| it.trim_start_matches("run/app/")).collect();
        assert_eq!(digits, expected, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_also_found_by_its_arn() {
    let world = with_lines(&["0"]).await;
    let groups = world.call(Service::Logs, "DescribeLogGroups", json!({})).await.unwrap();
    for member in ["arn", "logGroupArn"] {
        let input = json!({
            "logGroupIdentifier": groups["logGroups"][0][member], "logStreamName": "run/app/1",
        });
        let answer = world.call(Service::Logs, "GetLogEvents", input).await.unwrap();
        assert_eq!(messages(&answer), ["0"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_holds_a_megabyte_of_lines() {
    let world = with_lines(&[]).await;
    let long = "x".repeat(400_000);
    for n in 0..5 {
        let event = json!([{"timestamp": NOW + n, "message": format!("{n}{long}")}]);
        let batch = json!({"logStreamName": "run/app/1", "logEvents": event});
        logs(&world, "PutLogEvents", batch).await.unwrap();
    }
    let numbers = |page: &Value| -> String {
        messages(page).iter().filter_map(|it| it.chars().next()).collect()
    };
    let tail = get(&world, json!({})).await;
    assert_eq!(numbers(&tail), "34");
    let before = get(&world, json!({"nextToken": tail["nextBackwardToken"]})).await;
    assert_eq!(numbers(&before), "12");
    let head = get(&world, json!({"startFromHead": true})).await;
    assert_eq!(numbers(&head), "01");
    let next = get(&world, json!({"nextToken": head["nextForwardToken"]})).await;
    assert_eq!(numbers(&next), "23");

    let mut found = String::new();
    let mut how = json!({});
    for _ in 0..3 {
        let page = logs(&world, "FilterLogEvents", how.clone()).await.unwrap();
        found.push_str(&format!("{} ", numbers(&page)));
        how["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!(found, "01 23 4 ");
    assert!(how["nextToken"].is_null());
}
