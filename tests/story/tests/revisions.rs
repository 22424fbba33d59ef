//! Every kind of revision and every way to write an AppSpec, through the whole function.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

use std::io::{Cursor, Write as _};
use std::time::Duration;

use local_aws::scene::{BlueGreen, HOOK_FUNCTION};
use local_aws::{Script, Service};
use serde_json::{Value, json};
use story::{NEW_IMAGE, Stage};

async fn stage() -> (Stage, String) {
    let stage = Stage::set(|_| Script::exits(0)).await;
    let definition = stage.scene.register(NEW_IMAGE).await.unwrap();
    (stage, definition)
}

async fn succeeds(stage: &Stage, case: &str, revision: Value) {
    let id =
        stage.scene.deploy_revision(revision).await.unwrap_or_else(|it| panic!("{case}: {it:?}"));
    assert_eq!(stage.ended(&id).await, "Succeeded", "{case}: {:?}", stage.alerts());
    assert_eq!(stage.answers(&id), ["Succeeded"], "{case}");
}

fn zip(name: &str, content: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

fn tgz(name: &str, content: &str) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_cksum();
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    builder.append_data(&mut header, name, content.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn as_json(definition: &str) -> String {
    json!({
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": definition,
            "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8000},
        }}}],
        "Hooks": [{"BeforeInstall": HOOK_FUNCTION}],
    })
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn revisions_of_every_type_are_read() {
    let (stage, definition) = stage().await;
    let yaml = BlueGreen::appspec(&definition);
    let json = as_json(&definition);
    for (case, content) in [("YAML", &yaml), ("JSON", &json)] {
        let string = json!({"revisionType": "String", "string": {"content": content}});
        succeeds(&stage, &format!("String {case}"), string).await;
        let content = json!({
            "revisionType": "AppSpecContent", "appSpecContent": {"content": content},
        });
        succeeds(&stage, &format!("AppSpecContent {case}"), content).await;
    }
    let objects = [
        ("YAML", "appspec.yaml", yaml.clone().into_bytes()),
        ("JSON", "appspec.json", json.clone().into_bytes()),
        ("zip", "bundle.zip", zip("appspec.yaml", &yaml)),
        ("tgz", "bundle.tgz", tgz("appspec.yaml", &yaml)),
    ];
    for (kind, key, bytes) in objects {
        stage.world.put_object("revisions", key, bytes);
        let location = json!({"bucket": "revisions", "key": key, "bundleType": kind});
        let revision = json!({"revisionType": "S3", "s3Location": location});
        succeeds(&stage, &format!("S3 {kind}"), revision).await;
    }
}

/// A deployment whose hook is called although CodeDeploy itself could make nothing of its AppSpec.
async fn refused(content: &str) -> (Vec<String>, String) {
    let stage = Stage::set(|_| Script::exits(0)).await;
    stage.world.deployment_hooks(&[("BeforeInstall", HOOK_FUNCTION)]);
    let revision = json!({"revisionType": "String", "string": {"content": content}});
    let id = stage.scene.deploy_revision(revision).await.unwrap();
    assert_eq!(stage.ended(&id).await, "Failed", "{content}");
    stage.world.clock().sleep(Duration::from_secs(600)).await;
    let alerts = stage.alerts();
    assert_eq!(alerts.len(), 1, "{content}");
    assert_eq!(alerts[0]["subject"]["deployment"], id.as_str());
    assert!(stage.tasks().is_empty(), "{content}");
    (stage.answers(&id), alerts[0]["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_appspec_that_cannot_be_read_is_answered_failed_with_the_reason() {
    let service = |properties: &str| {
        format!("Resources: [{{web: {{Type: AWS::ECS::Service, Properties: {properties}}}}}]")
    };
    let cases = [
        ("files: []".to_owned(), "no `Resources`"),
        ("{not: [closed".to_owned(), "neither YAML nor JSON"),
        ("just words".to_owned(), "mapping"),
        (service("{}"), "no `TaskDefinition`"),
        (service("{TaskDefinition: <TASK_DEFINITION>}"), "`<TASK_DEFINITION>`; expected"),
        (service("{TaskDefinition: web}"), "expected one with a revision"),
        (service("{TaskDefinition: 'web:99'}"), "task definition web:99"),
        (
            service("{TaskDefinition: 'web:1', LoadBalancerInfo: {ContainerName: rails}}"),
            "names container rails, but web:1 has only app",
        ),
    ];
    for (content, why) in cases {
        let (answers, reason) = refused(&content).await;
        assert_eq!(answers, ["Failed"], "{content}");
        assert!(reason.contains(why), "{content}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_gone_from_its_bucket_is_answered_failed() {
    let stage = Stage::set(|_| Script::exits(0)).await;
    stage.world.deployment_hooks(&[("BeforeInstall", HOOK_FUNCTION)]);
    stage.world.put_object("revisions", "other.yaml", b"x".to_vec());
    let location = json!({"bucket": "revisions", "key": "gone.yaml", "bundleType": "YAML"});
    let revision = json!({"revisionType": "S3", "s3Location": location});
    let id = stage.scene.deploy_revision(revision).await.unwrap();
    assert_eq!(stage.ended(&id).await, "Failed");
    assert_eq!(stage.answers(&id), ["Failed"]);
    let reason = stage.alerts()[0]["reason"].clone();
    let reason = reason.as_str().unwrap_or_default();
    assert!(
        reason.contains("s3://revisions/gone.yaml") && reason.contains("NoSuchKey"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_appspecs_own_network_and_capacity_are_honoured() {
    let (stage, definition) = stage().await;
    let appspec = BlueGreen::appspec(&definition).replace(
        "        LoadBalancerInfo:",
        "        NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-ffff0000], \
         SecurityGroups: [sg-ffff0000], AssignPublicIp: ENABLED}}\n        PlatformVersion: \
         LATEST\n        CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT, Base: 0, Weight: \
         1}]\n        LoadBalancerInfo:",
    );
    let providers = json!({
        "cluster": "live",
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    });
    stage.world.call(Service::Ecs, "PutClusterCapacityProviders", providers).await.unwrap();
    let revision =
        json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec}});
    succeeds(&stage, "own network", revision).await;
    let run = stage.world.requests_for("RunTask").remove(0).input;
    let vpc = &run["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(vpc["subnets"], json!(["subnet-ffff0000"]));
    assert_eq!(vpc["assignPublicIp"], "ENABLED");
    assert_eq!(run["launchType"], "FARGATE", "Spot would interrupt it");
    assert_eq!(run["platformVersion"], "LATEST");
    assert_eq!(run["tags"], json!([{"key": "team", "value": "shop"}]));
}
