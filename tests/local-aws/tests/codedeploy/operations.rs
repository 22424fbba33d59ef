//! What can be asked of `CodeDeploy`, and what it refuses.

use serde_json::{Value, json};

use crate::account::{Account, appspec, group, in_group};

#[tokio::test(start_paused = true)]
async fn get_deployment_never_returns_the_appspec_but_its_hash_finds_it() {
    let account = Account::new().await;
    let mut texts = vec![appspec(2, &[])];
    texts.push(json!({"revisionType": "String", "string": {"content": "version: 0.0"}}));
    for revision in texts {
        let member = if revision["revisionType"] == "String" { "string" } else { "appSpecContent" };
        let id = account.deploy_revision(revision.clone()).await;
        let info = account.info(&id).await;
        assert_eq!(info["revision"][member]["content"], Value::Null);
        assert_eq!(info["revision"][member]["sha256"].as_str().unwrap().len(), 64);
        let input = json!({"applicationName": "app", "revision": info["revision"]});
        let found = account.codedeploy("GetApplicationRevision", input).await.unwrap();
        assert_eq!(found["revision"][member]["content"], revision[member]["content"]);
        assert_eq!(found["revisionInfo"]["deploymentGroups"], json!(["web"]));
        account.end_of(&id).await;
    }
}

#[tokio::test(start_paused = true)]
async fn revisions_are_found_by_their_own_application_only() {
    let account = Account::new().await;
    let s3 = json!({"revisionType": "S3", "s3Location":
        {"bucket": "b", "key": "appspec.yaml", "bundleType": "YAML"}});
    let get = async |revision: &Value| {
        let input = json!({"applicationName": "app", "revision": revision});
        account.codedeploy("GetApplicationRevision", input).await
    };
    assert_eq!(get(&s3).await, Err("RevisionDoesNotExistException".into()));
    let input = json!({"applicationName": "app", "revision": s3, "description": "first"});
    account.codedeploy("RegisterApplicationRevision", input).await.unwrap();
    let found = get(&s3).await.unwrap();
    assert_eq!(found["revision"], s3);
    assert_eq!(found["revisionInfo"]["description"], "first");
    for (revision, expected) in [
        (json!(null), "RevisionRequiredException"),
        (json!({"revisionType": "GitHub"}), "InvalidRevisionException"),
        (json!({"revisionType": "String", "string": {}}), "InvalidRevisionException"),
        (
            json!({"revisionType": "String", "string": {"content": "a", "sha256": "b"}}),
            "InvalidRevisionException",
        ),
        (
            json!({"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "b"}}),
            "RevisionDoesNotExistException",
        ),
    ] {
        assert_eq!(get(&revision).await, Err(expected.to_owned()), "{revision}");
        let deployed = in_group(json!({"revision": revision}));
        let refused = account.codedeploy("CreateDeployment", deployed).await;
        assert_eq!(refused, Err(expected.to_owned()), "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_runs_one_deployment_at_a_time() {
    let account = Account::new().await;
    account.hook("silent", |_| None);
    let id = account.deploy(2, &[("BeforeInstall", "silent")]).await;
    let second = in_group(json!({"revision": appspec(3, &[])}));
    let refused = account.codedeploy("CreateDeployment", second.clone()).await;
    assert_eq!(refused, Err("DeploymentLimitExceededException".into()));
    account.codedeploy("StopDeployment", json!({"deploymentId": id})).await.unwrap();
    assert!(account.codedeploy("CreateDeployment", second).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn groups_are_refused_what_ecs_deployments_cannot_have() {
    let account = Account::new().await;
    account
        .codedeploy("CreateApplication", json!({"applicationName": "b", "computePlatform": "ECS"}))
        .await
        .unwrap();
    let create = async |change: Value| {
        let mut input = group();
        input["applicationName"] = json!("b");
        for (member, value) in change.as_object().unwrap() {
            input[member] = value.clone();
        }
        account.codedeploy("CreateDeploymentGroup", input).await.unwrap_err()
    };
    for (change, expected) in [
        (json!({"applicationName": "c"}), "ApplicationDoesNotExistException"),
        (json!({"deploymentGroupName": ""}), "DeploymentGroupNameRequiredException"),
        (json!({"serviceRoleArn": null}), "RoleRequiredException"),
        (json!({"ecsServices": []}), "InvalidECSServiceException"),
        (
            json!({"ecsServices": [{"clusterName": "live", "serviceName": "missing"}]}),
            "InvalidECSServiceException",
        ),
        (json!({}), "ECSServiceMappingLimitExceededException"),
        (json!({"deploymentConfigName": "mine"}), "DeploymentConfigDoesNotExistException"),
        (
            json!({"deploymentStyle": {"deploymentType": "IN_PLACE"}}),
            "InvalidDeploymentStyleException",
        ),
        (
            json!({"autoRollbackConfiguration": {"enabled": true, "events": []}}),
            "InvalidAutoRollbackConfigException",
        ),
    ] {
        assert_eq!(create(change.clone()).await, expected, "{change}");
    }
    let again = account.codedeploy("CreateDeploymentGroup", group()).await;
    assert_eq!(again, Err("DeploymentGroupAlreadyExistsException".into()));
}

#[tokio::test(start_paused = true)]
async fn a_group_remembers_its_last_deployments() {
    let account = Account::new().await;
    let good = account.deploy(2, &[]).await;
    account.end_of(&good).await;
    let bad = account.deploy(3, &[("BeforeInstall", "missing")]).await;
    account.end_of(&bad).await;
    let answer = account.codedeploy("GetDeploymentGroup", in_group(json!({}))).await.unwrap();
    let info = &answer["deploymentGroupInfo"];
    assert_eq!(info["lastSuccessfulDeployment"]["deploymentId"], json!(good));
    assert_eq!(info["lastAttemptedDeployment"]["deploymentId"], json!(bad));
    assert_eq!(info["deploymentConfigName"], "CodeDeployDefault.ECSAllAtOnce");
    assert_eq!(info["ecsServices"], group()["ecsServices"]);
}

#[tokio::test(start_paused = true)]
async fn deployments_are_listed_newest_first_and_by_status() {
    let account = Account::new().await;
    let mut ids = Vec::new();
    for n in 2..=3 {
        let id = account.deploy(n, &[]).await;
        account.end_of(&id).await;
        ids.push(id);
    }
    let bad = account.deploy(3, &[("BeforeInstall", "missing")]).await;
    account.end_of(&bad).await;
    let list = async |input: Value| account.codedeploy("ListDeployments", input).await;
    let all = in_group(json!({}));
    assert_eq!(list(all).await, Ok(json!({"deployments": [bad, ids[1], ids[0]]})));
    let failed = in_group(json!({"includeOnlyStatuses": ["Failed"]}));
    assert_eq!(list(failed).await, Ok(json!({"deployments": [bad]})));
    for (input, expected) in [
        (json!({"applicationName": "app"}), "DeploymentGroupNameRequiredException"),
        (json!({"deploymentGroupName": "web"}), "ApplicationNameRequiredException"),
        (json!({"includeOnlyStatuses": ["Done"]}), "InvalidDeploymentStatusException"),
        (json!({"nextToken": "x"}), "InvalidNextTokenException"),
    ] {
        assert_eq!(list(input.clone()).await, Err(expected.to_owned()), "{input}");
    }
    let input = json!({"deploymentIds": [bad, "d-000000000"]});
    let infos = account.codedeploy("BatchGetDeployments", input).await.unwrap();
    assert_eq!(infos["deploymentsInfo"].as_array().unwrap().len(), 1);
    assert_eq!(infos["deploymentsInfo"][0], account.info(&bad).await);
}

#[tokio::test(start_paused = true)]
async fn unknown_and_unstarted_deployments_are_told_apart() {
    let account = Account::new().await;
    let id = account.deploy(2, &[]).await;
    for (id, target, expected) in [
        ("", "live:web", "DeploymentIdRequiredException"),
        ("d-1", "live:web", "InvalidDeploymentIdException"),
        ("d-000000000", "live:web", "DeploymentDoesNotExistException"),
        (id.as_str(), "live:web", "DeploymentNotStartedException"),
    ] {
        let input = json!({"deploymentId": id, "targetId": target});
        let refused = account.codedeploy("GetDeploymentTarget", input).await;
        assert_eq!(refused, Err(expected.to_owned()), "{id}");
    }
    account.end_of(&id).await;
    for (target, expected) in [
        ("", "DeploymentTargetIdRequiredException"),
        ("web", "InvalidDeploymentTargetIdException"),
        ("live:other", "DeploymentTargetDoesNotExistException"),
    ] {
        let input = json!({"deploymentId": id, "targetId": target});
        let refused = account.codedeploy("GetDeploymentTarget", input).await;
        assert_eq!(refused, Err(expected.to_owned()), "{target}");
    }
    let two = json!({"deploymentId": id, "targetIds": ["live:web", "live:other"]});
    let refused = account.codedeploy("BatchGetDeploymentTargets", two).await;
    assert_eq!(refused, Err("DeploymentTargetListSizeExceededException".into()));
}

#[tokio::test(start_paused = true)]
async fn applications_are_created_once_and_listed() {
    let account = Account::new().await;
    let create = async |input: Value| account.codedeploy("CreateApplication", input).await;
    let app = json!({"applicationName": "app", "computePlatform": "ECS"});
    assert_eq!(create(app).await, Err("ApplicationAlreadyExistsException".into()));
    let server = json!({"applicationName": "b"});
    assert_eq!(create(server).await, Err("InvalidComputePlatformException".into()));
    assert_eq!(create(json!({})).await, Err("ApplicationNameRequiredException".into()));
    for name in ["a b", &"a".repeat(101)] {
        let wrong = create(json!({"applicationName": name, "computePlatform": "ECS"})).await;
        assert_eq!(wrong, Err("InvalidApplicationNameException".into()));
    }
    let list = async || account.codedeploy("ListApplications", json!({})).await;
    assert_eq!(list().await, Ok(json!({"applications": ["app"]})));
    let app = json!({"applicationName": "app"});
    let groups = account.codedeploy("ListDeploymentGroups", app.clone()).await;
    assert_eq!(groups, Ok(json!({"applicationName": "app", "deploymentGroups": ["web"]})));
    account.codedeploy("DeleteApplication", app.clone()).await.unwrap();
    assert_eq!(list().await, Ok(json!({"applications": []})));
    let gone = account.codedeploy("GetApplication", app).await;
    assert_eq!(gone, Err("ApplicationDoesNotExistException".into()));
}
