//! What happens to a deployment by itself.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use local_aws::Service;
use serde_json::{Value, json};

use crate::account::{Account, appspec};

const ALL: [&str; 5] = [
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
];

#[tokio::test(start_paused = true)]
async fn hooks_are_called_in_order_and_the_traffic_moves() {
    let account = Account::new().await;
    let calls = account.hook("check", |_| Some("Succeeded"));
    let id = account.deploy(2, &ALL.map(|event| (event, "check"))).await;
    assert_eq!(account.end_of(&id).await, "Succeeded");
    assert_eq!(calls.lock().unwrap().len(), 5);
    assert_eq!(
        account.lifecycle(&id).await,
        "BeforeInstall Succeeded, Install Succeeded, AfterInstall Succeeded, \
         AllowTestTraffic Succeeded, AfterAllowTestTraffic Succeeded, \
         BeforeAllowTraffic Succeeded, AllowTraffic Succeeded, AfterAllowTraffic Succeeded"
    );
    assert_eq!(account.primary().await, "web:2");
    assert_eq!(account.task_sets().await, 1);
    assert_eq!(account.states(&id), ["START", "SUCCESS"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_gets_the_two_ids_and_nothing_else() {
    let account = Account::new().await;
    let calls = account.hook("check", |_| Some("Succeeded"));
    let id = account.deploy(2, &[("BeforeInstall", "check")]).await;
    account.end_of(&id).await;
    let call = calls.lock().unwrap()[0].clone();
    let members: Vec<&String> = call.as_object().unwrap().keys().collect();
    assert_eq!(members, ["DeploymentId", "LifecycleEventHookExecutionId"]);
    assert_eq!(call["DeploymentId"], json!(id));
    assert_eq!(id.len(), 11);
    let hook = call["LifecycleEventHookExecutionId"].as_str().unwrap();
    assert_eq!(hook.len(), 300);
    let sealed = base64::engine::general_purpose::STANDARD.decode(hook).unwrap();
    let sealed: Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(sealed["materialSetSerial"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_hook_fails_the_deployment_before_anything_is_installed() {
    let account = Account::new().await;
    account.roll_back_on(&["DEPLOYMENT_FAILURE"]).await;
    account.hook("check", |_| Some("Succeeded"));
    let first = account.deploy(2, &[]).await;
    assert_eq!(account.end_of(&first).await, "Succeeded");
    account.hook("check", |_| Some("Failed"));
    let id = account.deploy(3, &[("BeforeInstall", "check")]).await;
    assert_eq!(account.end_of(&id).await, "Failed: HOOK_EXECUTION_FAILURE");
    assert_eq!(
        account.lifecycle(&id).await,
        "BeforeInstall Failed, Install Skipped, AfterInstall Skipped, AllowTestTraffic Skipped, \
         AfterAllowTestTraffic Skipped, BeforeAllowTraffic Skipped, AllowTraffic Skipped, \
         AfterAllowTraffic Skipped"
    );
    assert_eq!(account.primary().await, "web:2");
    assert_eq!(account.task_sets().await, 1);
    // "A rollback is not possible at this point."
    assert_eq!(account.info(&id).await["rollbackInfo"], json!({}));
    assert_eq!(account.states(&id), ["START", "FAILURE"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_has_one_hour_to_answer() {
    for (answers_after, expected) in [(3599, "Succeeded"), (3601, "Failed: HOOK_EXECUTION_FAILURE")]
    {
        let account = Account::new().await;
        let calls = account.hook("silent", |_| None);
        let id = account.deploy(2, &[("BeforeInstall", "silent")]).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        let call = calls.lock().unwrap()[0].clone();
        tokio::time::sleep(Duration::from_secs(answers_after - 1)).await;
        let late = account.answer(&call, "Succeeded").await;
        assert_eq!(late.is_ok(), expected == "Succeeded", "{late:?}");
        assert_eq!(account.end_of(&id).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_right_answer_to_the_right_question_is_taken() {
    let account = Account::new().await;
    let calls = account.hook("silent", |_| None);
    let id = account.deploy(2, &[("BeforeInstall", "silent")]).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let call = calls.lock().unwrap()[0].clone();
    let hook = call["LifecycleEventHookExecutionId"].as_str().unwrap();
    let table = [
        ("", hook, "Succeeded", "DeploymentIdRequiredException"),
        ("nonsense", hook, "Succeeded", "InvalidDeploymentIdException"),
        ("d-000000000", hook, "Succeeded", "DeploymentDoesNotExistException"),
        (&id, hook, "Skipped", "InvalidLifecycleEventHookExecutionStatusException"),
        (&id, "made-up", "Succeeded", "InvalidLifecycleEventHookExecutionIdException"),
        (&id, hook, "Succeeded", "taken"),
        (&id, hook, "Succeeded", "LifecycleEventAlreadyCompletedException"),
        (&id, hook, "Failed", "LifecycleEventAlreadyCompletedException"),
    ];
    for (deployment, hook, status, expected) in table {
        let question = json!({"DeploymentId": deployment, "LifecycleEventHookExecutionId": hook});
        let answer = account.answer(&question, status).await;
        assert_eq!(answer.err().unwrap_or_else(|| "taken".into()), expected);
    }
    assert_eq!(account.end_of(&id).await, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_install_rolls_back_as_a_new_deployment() {
    let account = Account::new().await;
    account.roll_back_on(&["DEPLOYMENT_FAILURE"]).await;
    let first = account.deploy(2, &[]).await;
    assert_eq!(account.end_of(&first).await, "Succeeded");
    account.hook("check", |_| Some("Failed"));
    let failed = account.deploy(3, &[("AfterAllowTraffic", "check")]).await;
    assert_eq!(account.end_of(&failed).await, "Failed: HOOK_EXECUTION_FAILURE");
    assert_eq!(account.primary().await, "web:2");
    assert_eq!(account.task_sets().await, 1);
    let failed = account.info(&failed).await;
    let back = failed["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    assert_eq!(account.end_of(&back).await, "Succeeded");
    let back = account.info(&back).await;
    assert_eq!(back["creator"], "codeDeployRollback");
    assert_eq!(back["rollbackInfo"]["rollbackTriggeringDeploymentId"], failed["deploymentId"]);
    assert_eq!(back["revision"], account.info(&first).await["revision"]);
    assert_eq!(failed["previousRevision"], back["revision"]);
    assert_eq!(account.primary().await, "web:2");
}

#[tokio::test(start_paused = true)]
async fn hooks_on_rollback_are_called_unless_told_otherwise() {
    for (told, expected) in [(true, 2), (false, 1)] {
        let account = Account::new().await;
        account.roll_back_on(&["DEPLOYMENT_FAILURE"]).await;
        let first = account.deploy(2, &[("BeforeInstall", "check")]).await;
        let calls = account.hook("check", |_| Some("Succeeded"));
        account.end_of(&first).await;
        account.hook("bad", |_| Some("Failed"));
        account.world.hooks_on_rollback(told);
        let failed = account.deploy(3, &[("AfterInstall", "bad")]).await;
        account.end_of(&failed).await;
        let back = account.info(&failed).await["rollbackInfo"]["rollbackDeploymentId"].clone();
        account.end_of(back.as_str().unwrap()).await;
        assert_eq!(calls.lock().unwrap().len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_does_not_exist_fails_the_deployment() {
    let account = Account::new().await;
    let id = account.deploy(2, &[("AfterInstall", "missing")]).await;
    assert_eq!(account.end_of(&id).await, "Failed: HOOK_EXECUTION_FAILURE");
    assert_eq!(account.primary().await, "web:1");
    assert_eq!(account.task_sets().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_deployment_asks_no_further_questions_and_takes_no_further_answers() {
    let account = Account::new().await;
    let calls = account.hook("silent", |_| None);
    let id = account.deploy(2, &[("AfterInstall", "silent")]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(account.task_sets().await, 2);
    account.codedeploy("StopDeployment", json!({"deploymentId": id})).await.unwrap();
    assert_eq!(account.end_of(&id).await, "Stopped: MANUAL_STOP");
    let call = calls.lock().unwrap()[0].clone();
    let late = account.answer(&call, "Succeeded").await;
    assert_eq!(late.unwrap_err(), "LifecycleEventAlreadyCompletedException");
    assert_eq!(account.task_sets().await, 1);
    assert_eq!(account.primary().await, "web:1");
    let again = account.codedeploy("StopDeployment", json!({"deploymentId": id})).await;
    assert_eq!(again.unwrap_err(), "DeploymentAlreadyCompletedException");
    assert_eq!(account.states(&id), ["START", "STOP"]);
}

#[tokio::test(start_paused = true)]
async fn traffic_waits_for_continue_deployment_where_the_group_says_so() {
    for (goes_on, expected) in [(true, "Succeeded"), (false, "Stopped: MANUAL_STOP")] {
        let account = Account::new().await;
        account
            .update_group(json!({"blueGreenDeploymentConfiguration": {"deploymentReadyOption":
                {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10}}}))
            .await;
        let id = account.deploy(2, &[]).await;
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!(account.info(&id).await["status"], "Ready");
        assert_eq!(account.primary().await, "web:1");
        if goes_on {
            account.codedeploy("ContinueDeployment", json!({"deploymentId": id})).await.unwrap();
        }
        assert_eq!(account.end_of(&id).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_appspec_that_cannot_be_read_fails_at_install_unless_hooks_are_given() {
    let account = Account::new().await;
    for content in ["", "a: [", "just words", "Resources: []"] {
        let revision = json!({"revisionType": "String", "string": {"content": content}});
        let id = account.deploy_revision(revision).await;
        assert_eq!(account.end_of(&id).await, "Failed: INVALID_REVISION", "{content}");
    }
    let calls = account.hook("check", |_| Some("Succeeded"));
    account.world.deployment_hooks(&[("BeforeInstall", "check")]);
    let revision = json!({"revisionType": "String", "string": {"content": "just words"}});
    let id = account.deploy_revision(revision).await;
    assert_eq!(account.end_of(&id).await, "Failed: INVALID_REVISION");
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn appspecs_are_read_from_text_of_every_kind() {
    let account = Account::new().await;
    let calls = account.hook("check", |_| Some("Succeeded"));
    let json_text = json!({"version": 0.0, "Resources": [{"TargetService": {
        "Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "web:2"}}}],
        "Hooks": [{"BeforeInstall": "check"}]})
    .to_string();
    let yaml = "\u{feff}version: 0.0\r\nResources:\r\n  - TargetService:\r\n      Type: \
                AWS::ECS::Service\r\n      Properties:\r\n        TaskDefinition: \"web:2\" # \
                new\r\nHooks:\r\n  - BeforeInstall: check\r\n";
    for (n, text) in [json_text.as_str(), yaml].into_iter().enumerate() {
        let revision =
            json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": text}});
        let id = account.deploy_revision(revision).await;
        assert_eq!(account.end_of(&id).await, "Succeeded");
        assert_eq!(calls.lock().unwrap().len(), n + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn rolling_configurations_take_their_time() {
    let account = Account::new().await;
    let configuration = "CodeDeployDefault.ECSLinear10PercentEvery3Minutes";
    account.update_group(json!({"deploymentConfigName": configuration})).await;
    let id = account.deploy(2, &[]).await;
    tokio::time::sleep(Duration::from_secs(26 * 60)).await;
    assert_eq!(account.primary().await, "web:1");
    tokio::time::sleep(Duration::from_secs(3 * 60)).await;
    assert_eq!(account.info(&id).await["status"], "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_called_twice_gets_the_same_question_twice() {
    let account = Account::new().await;
    account.world.duplicate_invocations(2);
    let calls = account.hook("silent", |_| None);
    account.deploy(2, &[("BeforeInstall", "silent")]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let calls = calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test(start_paused = true)]
async fn a_target_shows_its_task_sets() {
    let account = Account::new().await;
    account.hook("silent", |_| None);
    let id = account.deploy(2, &[("AfterInstall", "silent")]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let ids = account.codedeploy("ListDeploymentTargets", json!({"deploymentId": id})).await;
    assert_eq!(ids, Ok(json!({"targetIds": ["live:web"]})));
    let input = json!({"deploymentId": id, "targetId": "live:web"});
    let target = account.codedeploy("GetDeploymentTarget", input).await.unwrap();
    let sets = target["deploymentTarget"]["ecsTarget"]["taskSetsInfo"].as_array().unwrap().clone();
    let shown: Vec<String> = sets
        .iter()
        .map(|it| format!("{} {} {}", it["taskSetLabel"], it["status"], it["trafficWeight"]))
        .collect();
    assert_eq!(shown, [r#""Blue" "PRIMARY" 100.0"#, r#""Green" "ACTIVE" 0.0"#]);
    let services = json!({"cluster": "live", "services": ["web"]});
    let services = account.world.call(Service::Ecs, "DescribeServices", services).await.unwrap();
    let green = services["services"][0]["taskSets"].as_array().unwrap().clone();
    assert!(
        green.iter().any(|it| it["externalId"] == json!(id) && it["startedBy"] == "CODE_DEPLOY")
    );
}

#[tokio::test(start_paused = true)]
async fn a_recorded_event_can_be_made_to_come_true() {
    let account = Account::new().await;
    let calls = account.hook("check", |_| Some("Succeeded"));
    account.world.next_deployment("d-KXQ0TI2MF", "recorded");
    let id = account.deploy(2, &[("BeforeInstall", "check"), ("AfterInstall", "check")]).await;
    assert_eq!(account.end_of(&id).await, "Succeeded");
    let calls = calls.lock().unwrap().clone();
    let recorded =
        json!({"DeploymentId": "d-KXQ0TI2MF", "LifecycleEventHookExecutionId": "recorded"});
    assert_eq!(calls[0], recorded);
    assert_ne!(calls[1]["LifecycleEventHookExecutionId"], "recorded");
    let next = account.deploy(3, &[]).await;
    assert_ne!(next, id);
}

/// The `AppSpec` file in every bundle that S3 can hold, by its type.
fn bundles() -> Vec<(&'static str, Vec<u8>)> {
    let text = appspec(2, &[("BeforeInstall", "check")]);
    let text = text["appSpecContent"]["content"].as_str().unwrap().as_bytes().to_vec();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("appspec.json", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&text).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, "folder/appspec.yaml", text.as_slice()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut tgz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    tgz.write_all(&tar).unwrap();
    vec![
        ("YAML", text.clone()),
        ("JSON", text),
        ("zip", zip.finish().unwrap().into_inner()),
        ("tar", tar),
        ("tgz", tgz.finish().unwrap()),
    ]
}

#[tokio::test(start_paused = true)]
async fn appspecs_are_read_from_s3_in_every_bundle() {
    let account = Account::new().await;
    let calls = account.hook("check", |_| Some("Succeeded"));
    for (n, (kind, bytes)) in bundles().into_iter().enumerate() {
        let key = format!("a folder/web-{n}");
        account.world.put_object("revisions", &key, bytes);
        let location = json!({"bucket": "revisions", "key": key, "bundleType": kind});
        let revision = json!({"revisionType": "S3", "s3Location": location});
        let id = account.deploy_revision(revision.clone()).await;
        assert_eq!(account.end_of(&id).await, "Succeeded", "{kind}");
        assert_eq!(calls.lock().unwrap().len(), n + 1, "{kind}");
        assert_eq!(account.info(&id).await["revision"], revision);
    }
    let location = json!({"bucket": "revisions", "key": "gone", "bundleType": "YAML"});
    let id = account.deploy_revision(json!({"revisionType": "S3", "s3Location": location})).await;
    assert_eq!(account.end_of(&id).await, "Failed: INVALID_REVISION");
}
