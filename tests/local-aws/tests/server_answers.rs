//! The engine behind a listener.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod over_http;

use local_aws::{Pace, Service, World, serve};
use over_http::{send, served, signed_for};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

async fn secretsmanager(address: &str, operation: &str, input: Value) -> Result<Value, String> {
    let target = format!("secretsmanager.{operation}");
    let headers =
        [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    let response = send("POST", address, &headers, &input.to_string()).await?;
    Ok(serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn what_is_created_over_http_is_there_in_process() {
    let (world, address) = served(None).await;
    let secret = json!({"Name": "hooks/slack", "SecretString": "s3cret"});
    secretsmanager(&address, "CreateSecret", secret).await.unwrap();
    let asked = json!({"SecretId": "hooks/slack"});
    let found = world.call(Service::SecretsManager, "GetSecretValue", asked).await.unwrap();
    assert_eq!(found["SecretString"], "s3cret");
}

#[tokio::test]
async fn a_lost_answer_is_a_closed_connection_after_the_deed() {
    let (world, address) = served(None).await;
    let rule = json!({"kind": "answer-lost", "operation": "CreateSecret", "times": 1});
    let added = send("POST", &format!("{address}/_local/faults"), &[], &rule.to_string()).await;
    assert_eq!(added.unwrap().status(), 200);

    let secret = json!({"Name": "a", "SecretString": "b"});
    let lost = secretsmanager(&address, "CreateSecret", secret.clone()).await;
    assert!(lost.is_err(), "{lost:?}");
    let again = secretsmanager(&address, "CreateSecret", secret).await.unwrap();
    assert_eq!(again["__type"], "ResourceExistsException");
    assert_eq!(world.requests_for("CreateSecret").len(), 2);
}

#[tokio::test]
async fn a_request_nobody_knows_is_named_in_the_refusal() {
    let (_world, address) = served(None).await;
    let target = [("x-amz-target", "DynamoDB_20120810.GetItem")];
    let refused = send("POST", &address, &target, "{}").await.unwrap();
    assert_eq!(refused.status(), 501);
    let body: Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(body["request"], "DynamoDB_20120810.GetItem");

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = send("POST", &address, &form, "Action=DescribeVpcs").await.unwrap();
    assert_eq!(refused.status(), 501);
    let body = std::str::from_utf8(refused.body()).unwrap();
    assert!(body.contains("<Message>") && body.contains("DescribeVpcs"), "{body}");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_serialization_exception() {
    let (_world, address) = served(None).await;
    let target = [("x-amz-target", "secretsmanager.ListSecrets")];
    let refused = send("POST", &address, &target, "[1").await.unwrap();
    assert_eq!(refused.status(), 400);
    let body: Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(body["__type"], "SerializationException");
}

#[tokio::test]
async fn what_is_unknown_here_reaches_the_upstream_unchanged() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = upstream.accept().await.unwrap();
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"Action=ListQueues") {
            let read = stream.read(&mut part).await.unwrap();
            assert_ne!(read, 0, "the request ended early");
            request.extend_from_slice(&part[..read]);
        }
        let answer =
            b"HTTP/1.1 418 I'm a teapot\r\nx-emulator: yes\r\ncontent-length: 5\r\n\r\nhello";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    let (_world, address) = served(Some(url)).await;
    let headers = [("x-custom", "kept"), ("host", "queues.local:1")];
    let answer = send("POST", &format!("{address}/q/1?a=b"), &headers, "Action=ListQueues").await;
    let answer = answer.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (418, &b"hello"[..]));
    assert_eq!(answer.headers()["x-emulator"], "yes");
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("POST /q/1?a=b HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains("x-custom: kept\r\n") && seen.contains("host: queues.local:1\r\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_bad_gateway() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (_world, address) = served(Some(format!("http://{gone}"))).await;
    let target = [("x-amz-target", "DynamoDB_20120810.GetItem")];
    assert_eq!(send("POST", &address, &target, "{}").await.unwrap().status(), 502);
}

#[tokio::test]
async fn web_pages_cannot_reach_the_corner_for_people() {
    let (_world, address) = served(None).await;
    let health = format!("{address}/_local/health");
    assert_eq!(send("GET", &health, &[], "").await.unwrap().status(), 200);
    for header in [("origin", "https://example.com"), ("host", "example.com")] {
        assert_eq!(send("GET", &health, &[header], "").await.unwrap().status(), 403, "{header:?}");
    }
}

#[tokio::test]
async fn people_see_what_was_asked_and_what_happened() {
    let (_world, address) = served(None).await;
    let sns = signed_for("sns");
    let headers = [
        ("authorization", sns.as_str()),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
    ];
    let topic = "arn%3Aaws%3Asns%3Aeu-west-2%3A123456789012%3Aalerts";
    send("POST", &address, &headers, "Action=CreateTopic&Name=alerts").await.unwrap();
    let publish = format!("Action=Publish&TopicArn={topic}&Message=hi&Subject=Oh");
    send("POST", &address, &headers, &publish).await.unwrap();

    let look = async |what: &str| -> Value {
        let response = send("GET", &format!("{address}/_local/{what}"), &[], "").await.unwrap();
        serde_json::from_slice(response.body()).unwrap()
    };
    let requests = look("requests").await;
    assert_eq!(requests[1]["operation"], "Publish");
    assert_eq!(requests[1]["input"]["Message"], "hi");
    assert_eq!(look("timeline").await[0]["what"], "sns: published to alerts: Oh");
}

#[tokio::test]
async fn a_wrong_fault_is_refused_with_the_kinds_there_are() {
    let (_world, address) = served(None).await;
    let rules = json!([{"kind": "throttled"}, {"kind": "flaky"}]).to_string();
    let refused = send("POST", &format!("{address}/_local/faults"), &[], &rules).await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(std::str::from_utf8(refused.body()).unwrap().contains("server-error"));
    // Nothing of the list was added.
    let listed = secretsmanager(&address, "ListSecrets", json!({})).await.unwrap();
    assert_eq!(listed["SecretList"], json!([]));
}

#[tokio::test]
async fn only_loopback_is_served() {
    let world = World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::BRISK);
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = serve(world, everywhere).await.unwrap_err();
    assert!(refused.to_string().contains("loopback"), "{refused}");
}

#[tokio::test]
async fn what_was_asked_is_remembered_without_secure_strings() {
    let (world, address) = served(None).await;
    let ask = async |operation: &str, input: Value| {
        let target = format!("AmazonSSM.{operation}");
        let headers = [("x-amz-target", target.as_str())];
        let answer = send("POST", &address, &headers, &input.to_string()).await.unwrap();
        String::from_utf8_lossy(answer.body()).into_owned()
    };
    for (kind, value) in [("SecureString", "hunter2"), ("String", "plain")] {
        let name = format!("/{kind}");
        let put = json!({"Name": name, "Type": kind, "Value": value});
        ask("PutParameter", put).await;
        ask("PutParameter", json!({"Name": name, "Value": value, "Overwrite": true})).await;
        let get = json!({"Name": name, "WithDecryption": true});
        assert!(ask("GetParameter", get).await.contains(value));
        let all = json!({"Path": "/", "WithDecryption": true});
        assert!(ask("GetParametersByPath", all).await.contains(value));
    }
    let remembered = format!("{:?}", world.requests());
    assert!(!remembered.contains("hunter2"), "{remembered}");
    assert!(remembered.contains("plain"), "{remembered}");
}

#[tokio::test]
async fn people_begin_a_pipelines_job_and_see_its_end() {
    let (world, address) = served(None).await;
    world.function("deploy", |_| Box::pin(async { Ok(Value::Null) }));
    let jobs = format!("{address}/_local/pipeline-jobs");
    let begun = send("POST", &jobs, &[], r#"{"function": "deploy"}"#).await.unwrap();
    let begun: Value = serde_json::from_slice(begun.body()).unwrap();
    let id = begun["jobId"].as_str().unwrap();
    let input = json!({"jobId": id});
    world.call(Service::CodePipeline, "PutJobSuccessResult", input).await.unwrap();
    let seen = send("GET", &format!("{jobs}/{id}"), &[], "").await.unwrap();
    let seen: Value = serde_json::from_slice(seen.body()).unwrap();
    assert_eq!((&seen["status"], &seen["jobs"]), (&json!("Succeeded"), &json!([id])));
    let unknown = send("GET", &format!("{jobs}/none"), &[], "").await.unwrap();
    assert_eq!(unknown.status(), 404);
}
