//! Alarms, and the three protocols in which `CloudWatch` is asked for them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod over_http;

use local_aws::{Pace, Service, World};
use over_http::{send, served, signed_for};
use serde_json::{Value, json};

fn world() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::CloudWatch, operation, input).await.map_err(|error| error.code)
}

fn metric(name: &str) -> Value {
    json!({
        "AlarmName": name,
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 80,
        "ComparisonOperator": "GreaterThanThreshold",
    })
}

/// The names of all alarms that a request lists.
async fn listed(world: &World, input: Value) -> Vec<String> {
    let answer = ask(world, "DescribeAlarms", input).await.unwrap();
    let lists = ["MetricAlarms", "CompositeAlarms"].into_iter();
    let alarms = lists.flat_map(|it| answer[it].as_array().cloned().unwrap_or_default());
    alarms.map(|it| it["AlarmName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn composite_alarms_are_listed_only_for_who_asks_for_them() {
    let world = world();
    for name in ["app-1-cpu", "app-10-cpu"] {
        ask(&world, "PutMetricAlarm", metric(name)).await.unwrap();
    }
    let rule = json!({"AlarmName": "app-1-any", "AlarmRule": "ALARM(\"app-1-cpu\")"});
    ask(&world, "PutCompositeAlarm", rule).await.unwrap();
    assert_eq!(listed(&world, json!({})).await, ["app-1-cpu", "app-10-cpu"]);
    assert_eq!(listed(&world, json!({"AlarmNamePrefix": "app-1"})).await.len(), 2);
    let both =
        json!({"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "AlarmNamePrefix": "app-1-"});
    assert_eq!(listed(&world, both).await, ["app-1-cpu", "app-1-any"]);
    let named = json!({"AlarmNames": ["app-10-cpu", "nothing"]});
    assert_eq!(listed(&world, named).await, ["app-10-cpu"]);
}

#[tokio::test(start_paused = true)]
async fn alarms_come_in_pages() {
    let world = world();
    for n in 0..51 {
        ask(&world, "PutMetricAlarm", metric(&format!("cpu-{n:02}"))).await.unwrap();
    }
    let first = ask(&world, "DescribeAlarms", json!({})).await.unwrap();
    assert_eq!(first["MetricAlarms"].as_array().unwrap().len(), 50);
    let token = &first["NextToken"];
    assert_eq!(listed(&world, json!({"NextToken": token})).await, ["cpu-50"]);
    let wrong = ask(&world, "DescribeAlarms", json!({"NextToken": "none"})).await;
    assert_eq!(wrong, Err("InvalidNextToken".to_owned()));
    let most = ask(&world, "DescribeAlarms", json!({"MaxRecords": 101})).await;
    assert_eq!(most, Err("ValidationError".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn wrong_names_do_not_stop_the_deletion_of_the_right_ones() {
    let world = world();
    for name in ["a", "b"] {
        ask(&world, "PutMetricAlarm", metric(name)).await.unwrap();
    }
    ask(&world, "DeleteAlarms", json!({"AlarmNames": ["nothing", "a"]})).await.unwrap();
    assert_eq!(listed(&world, json!({})).await, ["b"]);
    let gone = ask(&world, "DeleteAlarms", json!({"AlarmNames": ["a"]})).await;
    assert_eq!(gone, Err("ResourceNotFound".to_owned()));
    let names: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let many = ask(&world, "DeleteAlarms", json!({"AlarmNames": names})).await;
    assert_eq!(many, Err("ValidationError".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_goes_no_earlier_than_the_composite_alarm_above_it() {
    let world = world();
    ask(&world, "PutMetricAlarm", metric("cpu")).await.unwrap();
    for name in ["any", "all"] {
        let rule = json!({"AlarmName": name, "AlarmRule": "ALARM(cpu) OR OK(\"other\")"});
        ask(&world, "PutCompositeAlarm", rule).await.unwrap();
    }
    for names in [json!(["cpu"]), json!(["cpu", "any"]), json!(["any", "all"])] {
        let refused = ask(&world, "DeleteAlarms", json!({"AlarmNames": names})).await;
        assert_eq!(refused, Err("ValidationError".to_owned()), "{names}");
    }
    ask(&world, "DeleteAlarms", json!({"AlarmNames": ["any"]})).await.unwrap();
    ask(&world, "DeleteAlarms", json!({"AlarmNames": ["cpu", "all"]})).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_update_keeps_state_and_tags() {
    let world = world();
    let mut alarm = metric("cpu");
    alarm["Tags"] = json!([{"Key": "team", "Value": "pay"}]);
    ask(&world, "PutMetricAlarm", alarm).await.unwrap();
    let state = json!({"AlarmName": "cpu", "StateValue": "ALARM", "StateReason": "test"});
    ask(&world, "SetAlarmState", state).await.unwrap();
    let mut update = metric("cpu");
    update["Tags"] = json!([{"Key": "team", "Value": "other"}]);
    ask(&world, "PutMetricAlarm", update).await.unwrap();
    let alarm = &ask(&world, "DescribeAlarms", json!({})).await.unwrap()["MetricAlarms"][0];
    assert_eq!((&alarm["StateValue"], &alarm["StateReason"]), (&json!("ALARM"), &json!("test")));
    let arn = json!({"ResourceARN": alarm["AlarmArn"]});
    let tags = ask(&world, "ListTagsForResource", arn).await.unwrap();
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "pay"}]));
}

#[tokio::test]
async fn who_asks_in_the_query_protocol_is_answered_in_it() {
    let (world, address) = served(None).await;
    let signed = signed_for("monitoring");
    let headers = [("authorization", signed.as_str())];
    let body = "Action=PutMetricAlarm&AlarmName=cpu&Namespace=AWS%2FECS&MetricName=CPUUtilization&\
                Statistic=Average&Period=60&EvaluationPeriods=1&Threshold=80&\
                ComparisonOperator=GreaterThanThreshold";
    assert_eq!(send("POST", &address, &headers, body).await.unwrap().status(), 200);
    let answer = send("POST", &address, &headers, "Action=DescribeAlarms").await.unwrap();
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(text.contains("<Threshold>80.0</Threshold>"), "{text}");
    assert!(text.contains("<StateUpdatedTimestamp>2026-11-21T12:00:"), "{text}");
    assert_eq!(world.requests_for("PutMetricAlarm").len(), 1);
}

#[tokio::test]
async fn who_asks_in_json_is_answered_in_json() {
    let (_world, address) = served(None).await;
    let headers = [("x-amz-target", "GraniteServiceVersion20100801.SetAlarmState")];
    let body = r#"{"AlarmName": "cpu", "StateValue": "OK", "StateReason": "test"}"#;
    let answer = send("POST", &address, &headers, body).await.unwrap();
    assert_eq!(answer.status(), 404);
    let error: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(error["__type"], "ResourceNotFound");
}

#[tokio::test]
async fn who_asks_in_cbor_is_answered_in_cbor() {
    let (_world, address) = served(None).await;
    let address = format!("{address}/service/GraniteServiceVersion20100801/operation");
    let headers = [("smithy-protocol", "rpc-v2-cbor")];
    let answer = send("POST", &format!("{address}/DescribeAlarms"), &headers, "").await.unwrap();
    assert_eq!(answer.headers()["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(answer.headers()["content-type"], "application/cbor");
    assert_eq!(&answer.body()[..], b"\xa2\x6fCompositeAlarms\x80\x6cMetricAlarms\x80");
    let refused = send("POST", &format!("{address}/DeleteAlarms"), &headers, "").await.unwrap();
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.headers()["x-amzn-query-error"], "MissingParameter;Sender");
}
