//! Secrets, their versions, and the time in which a deletion can be undone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use std::time::Duration;

use local_aws::{Pace, Service, World};
use serde_json::{Value, json};

struct Secrets(World);

impl Secrets {
    fn none() -> Self {
        Self(World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL))
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        let answer = self.0.call(Service::SecretsManager, operation, input).await;
        answer.map_err(|error| error.code)
    }

    async fn value(&self, input: Value) -> Result<String, String> {
        let answer = self.call("GetSecretValue", input).await?;
        Ok(answer["SecretString"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_value_becomes_current_and_the_old_one_previous() {
    let it = Secrets::none();
    it.call("CreateSecret", json!({"Name": "db", "SecretString": "one"})).await.unwrap();
    let previous = json!({"SecretId": "db", "VersionStage": "AWSPREVIOUS"});
    assert_eq!(it.value(previous.clone()).await.unwrap_err(), "ResourceNotFoundException");
    for (value, before) in [("two", "one"), ("three", "two")] {
        it.call("PutSecretValue", json!({"SecretId": "db", "SecretString": value})).await.unwrap();
        assert_eq!(it.value(json!({"SecretId": "db"})).await.unwrap(), value);
        assert_eq!(it.value(previous.clone()).await.unwrap(), before);
    }
    let described = it.call("DescribeSecret", json!({"SecretId": "db"})).await.unwrap();
    assert_eq!(described["VersionIdsToStages"].as_object().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_makes_no_second_version() {
    let it = Secrets::none();
    it.call("CreateSecret", json!({"Name": "db"})).await.unwrap();
    let token = "0123456789abcdef0123456789abcdef";
    let put =
        |value: &str| json!({"SecretId": "db", "SecretString": value, "ClientRequestToken": token});
    let first = it.call("PutSecretValue", put("one")).await.unwrap();
    assert_eq!(first["VersionId"], token);
    assert_eq!(it.call("PutSecretValue", put("one")).await.unwrap(), first);
    let refused = it.call("PutSecretValue", put("two")).await.unwrap_err();
    assert_eq!(refused, "ResourceExistsException");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_can_be_restored_until_its_window_ends() {
    let it = Secrets::none();
    let db = json!({"SecretId": "db"});
    it.call("CreateSecret", json!({"Name": "db", "SecretString": "one"})).await.unwrap();
    it.call("DeleteSecret", json!({"SecretId": "db", "RecoveryWindowInDays": 7})).await.unwrap();
    assert_eq!(it.value(db.clone()).await.unwrap_err(), "InvalidRequestException");
    let listed = it.call("ListSecrets", json!({})).await.unwrap();
    assert_eq!(listed["SecretList"], json!([]));

    tokio::time::advance(Duration::from_secs(6 * 24 * 3600)).await;
    it.call("RestoreSecret", db.clone()).await.unwrap();
    assert_eq!(it.value(db.clone()).await.unwrap(), "one");

    it.call("DeleteSecret", json!({"SecretId": "db", "RecoveryWindowInDays": 7})).await.unwrap();
    tokio::time::advance(Duration::from_secs(7 * 24 * 3600)).await;
    assert_eq!(it.call("RestoreSecret", db).await.unwrap_err(), "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_found_by_name_by_arn_and_by_arn_without_suffix() {
    let it = Secrets::none();
    let created = json!({"Name": "hooks/slack", "SecretString": "url"});
    let arn = it.call("CreateSecret", created).await.unwrap()["ARN"].as_str().unwrap().to_owned();
    let bare = arn.rsplit_once('-').unwrap().0;
    for id in ["hooks/slack", &arn, bare] {
        assert_eq!(it.value(json!({"SecretId": id})).await.unwrap(), "url", "{id}");
    }
    for id in ["hooks", "slack", &format!("{bare}-aaaaaa")] {
        assert!(it.value(json!({"SecretId": id})).await.is_err(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_refused() {
    let it = Secrets::none();
    it.call("CreateSecret", json!({"Name": "db", "SecretString": "one"})).await.unwrap();
    for (operation, input, code) in [
        ("CreateSecret", json!({"Name": "db", "SecretString": "x"}), "ResourceExistsException"),
        ("CreateSecret", json!({"Name": "a b"}), "InvalidParameterException"),
        (
            "CreateSecret",
            json!({"Name": "c", "SecretString": "x", "SecretBinary": "eA=="}),
            "InvalidParameterException",
        ),
        ("GetSecretValue", json!({"SecretId": "none"}), "ResourceNotFoundException"),
        ("GetSecretValue", json!({}), "InvalidParameterException"),
        ("PutSecretValue", json!({"SecretId": "db"}), "InvalidRequestException"),
        (
            "DeleteSecret",
            json!({"SecretId": "db", "RecoveryWindowInDays": 3}),
            "InvalidParameterException",
        ),
        (
            "DeleteSecret",
            json!({"SecretId": "db", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true}),
            "InvalidParameterException",
        ),
        ("ListSecrets", json!({"MaxResults": 101}), "InvalidParameterException"),
        ("ListSecrets", json!({"NextToken": "?"}), "InvalidNextTokenException"),
    ] {
        let refused = it.call(operation, input.clone()).await;
        assert_eq!(refused.unwrap_err(), code, "{operation} {input}");
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_listed_page_by_page() {
    let it = Secrets::none();
    for n in 0..5 {
        it.call("CreateSecret", json!({"Name": format!("s{n}")})).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({"MaxResults": 2, "NextToken": token});
        let page = it.call("ListSecrets", asked).await.unwrap();
        let secrets = page["SecretList"].as_array().unwrap().clone();
        assert!(secrets.len() <= 2);
        names.extend(secrets.iter().map(|it| it["Name"].as_str().unwrap().to_owned()));
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(names, ["s0", "s1", "s2", "s3", "s4"]);
}
