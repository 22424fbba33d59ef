//! Service revisions and service deployments, as they are listed and described.

use local_aws::{Image, Script};
use serde_json::{Value, json};

use super::account::{account, at, code, ecs, pass, short, status};

fn of_web(mut more: Value) -> Value {
    more["cluster"] = json!("live");
    more["service"] = json!("web");
    more
}

#[tokio::test(start_paused = true)]
async fn a_new_service_has_a_revision_and_a_deployment_that_made_it() {
    let (world, scene) = account(json!({})).await;
    let service = scene.service().await.unwrap();
    let revision = service["currentServiceRevisions"][0].clone();
    assert_eq!(revision["requestedTaskCount"], 2);
    assert_eq!(revision["runningTaskCount"], 2);
    assert_eq!(revision["pendingTaskCount"], 0);
    let arn = revision["arn"].as_str().unwrap();
    let prefix = "arn:aws:ecs:eu-west-2:123456789012:service-revision/live/web/";
    let digits = arn.strip_prefix(prefix).unwrap();
    assert!(digits.len() == 19 && digits.chars().all(|it| it.is_ascii_digit()), "{arn}");

    let deployment = service["currentServiceDeployment"].as_str().unwrap();
    let prefix = "arn:aws:ecs:eu-west-2:123456789012:service-deployment/live/web/";
    assert_eq!(deployment.strip_prefix(prefix).unwrap().len(), 21);
    let shown = scene.service_deployment(deployment).await.unwrap();
    assert_eq!(shown["status"], "SUCCESSFUL");
    assert_eq!(shown["targetServiceRevision"]["arn"], arn);
    assert_eq!(shown["sourceServiceRevisions"], json!([]));

    let which = json!({"serviceRevisionArns": [arn, format!("{arn}0")]});
    let answer = ecs(&world, "DescribeServiceRevisions", which).await.unwrap();
    let described = &answer["serviceRevisions"][0];
    for member in ["taskDefinition", "launchType", "platformVersion", "networkConfiguration"] {
        assert_eq!(described[member], service[member], "{member}");
    }
    assert_eq!(described["loadBalancers"], service["loadBalancers"]);
    assert_eq!(described["containerImages"][0]["containerName"], "app");
    assert_eq!(described["containerImages"][0]["image"], "registry/web:1");
    let missing = json!([{"arn": format!("{arn}0"), "reason": "MISSING"}]);
    assert_eq!(answer["failures"], missing);
}

#[tokio::test(start_paused = true)]
async fn a_revision_keeps_the_digest_although_the_tag_moves() {
    let (world, scene) = account(json!({})).await;
    let digest = async || {
        let revisions = scene.service().await.unwrap()["currentServiceRevisions"].clone();
        let which = json!({"serviceRevisionArns": [revisions[0]["arn"]]});
        let answer = ecs(&world, "DescribeServiceRevisions", which).await.unwrap();
        answer["serviceRevisions"][0]["containerImages"][0]["imageDigest"].clone()
    };
    let before = digest().await;
    assert!(before.as_str().unwrap().starts_with("sha256:"));
    world.move_image_tag("registry/web:1");
    assert_eq!(digest().await, before);
    scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    pass(60).await;
    assert_ne!(digest().await, before, "a new revision sees what the tag means now");
}

#[tokio::test(start_paused = true)]
async fn a_task_has_the_digest_of_its_revision_or_of_the_tag_now() {
    let (world, scene) = account(json!({})).await;
    world.image("registry/web:1", Image::script(|_| Script::never_ends()));
    let digests = async |which: Value| {
        let listed = ecs(&world, "ListTasks", which).await.unwrap();
        let which = json!({"cluster": "live", "tasks": listed["taskArns"]});
        let tasks = ecs(&world, "DescribeTasks", which).await.unwrap();
        let tasks = tasks["tasks"].as_array().unwrap().iter();
        let mut digests: Vec<Value> =
            tasks.map(|it| it["containers"][0]["imageDigest"].clone()).collect();
        digests.dedup();
        digests
    };
    let of_web = json!({"cluster": "live", "serviceName": "web"});
    let before = digests(of_web.clone()).await;
    world.move_image_tag("registry/web:1");
    scene.update(json!({"desiredCount": 3})).await.unwrap();
    assert_eq!(digests(of_web.clone()).await, before, "the third task has it too");
    let network = scene.service().await.unwrap()["networkConfiguration"].clone();
    let run = json!({
        "cluster": "live", "taskDefinition": "web:1", "launchType": "FARGATE",
        "networkConfiguration": network, "startedBy": "somebody",
    });
    ecs(&world, "RunTask", run).await.unwrap();
    pass(60).await;
    let alone = digests(json!({"cluster": "live", "startedBy": "somebody"})).await;
    assert_ne!(alone, before);
    scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    pass(60).await;
    assert_eq!(digests(of_web).await, alone);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_changes_nothing_of_the_revision_deploys_nothing() {
    let (_world, scene) = account(json!({})).await;
    let before = scene.service().await.unwrap();
    for change in [
        json!({"desiredCount": 2}),
        json!({"taskDefinition": "web:1"}),
        json!({"deploymentConfiguration": {"maximumPercent": 150}}),
    ] {
        scene.update(change).await.unwrap();
        let after = scene.service().await.unwrap();
        assert_eq!(after["currentServiceDeployment"], before["currentServiceDeployment"]);
    }
    let after = scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    assert_ne!(after["currentServiceDeployment"], before["currentServiceDeployment"]);
}

#[tokio::test(start_paused = true)]
async fn while_a_green_starts_both_revisions_are_current() {
    let (_world, scene) = account(at(&[])).await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(1).await;
    let counts = async || -> Vec<(u64, u64, u64)> {
        let revisions = scene.service().await.unwrap()["currentServiceRevisions"].clone();
        let count = |it: &Value, name: &str| it[name].as_u64().unwrap();
        let line = |it: &Value| {
            (
                count(it, "requestedTaskCount"),
                count(it, "runningTaskCount"),
                count(it, "pendingTaskCount"),
            )
        };
        revisions.as_array().unwrap().iter().map(line).collect()
    };
    assert_eq!(counts().await, [(2, 2, 0), (2, 0, 2)]);
    pass(30).await;
    assert_eq!(counts().await, [(2, 2, 0), (2, 2, 0)]);
    let shown = scene.service_deployment(&arn).await.unwrap();
    assert_eq!(shown["sourceServiceRevisions"][0]["runningTaskCount"], 2);
    pass(600).await;
    assert_eq!(counts().await, [(2, 2, 0)]);
}

#[tokio::test(start_paused = true)]
async fn deployments_are_listed_newest_first_in_pages_and_by_status_and_time() {
    let (world, scene) = account(json!({})).await;
    pass(60).await;
    let second = scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    pass(60).await;
    let third = scene.update(json!({"forceNewDeployment": true})).await.unwrap();
    let list =
        async |more: Value| ecs(&world, "ListServiceDeployments", of_web(more)).await.unwrap();
    let statuses = |answer: &Value| -> Vec<String> {
        let all = answer["serviceDeployments"].as_array().unwrap().iter();
        all.map(|it| it["status"].as_str().unwrap().to_owned()).collect()
    };
    let all = list(json!({})).await;
    assert_eq!(statuses(&all), ["PENDING", "SUCCESSFUL", "SUCCESSFUL"]);
    let newest = &all["serviceDeployments"][0];
    assert_eq!(newest["serviceDeploymentArn"], third["currentServiceDeployment"]);
    assert!(newest["targetServiceRevisionArn"].is_string());
    assert_eq!(statuses(&list(json!({"status": ["PENDING", "STOPPED"]})).await), ["PENDING"]);

    let middle = &all["serviceDeployments"][1];
    assert_eq!(middle["serviceDeploymentArn"], second["currentServiceDeployment"]);
    let at = middle["createdAt"].as_f64().unwrap();
    let around = json!({"createdAt": {"after": at - 1.0, "before": at + 1.0}});
    assert_eq!(list(around).await["serviceDeployments"], json!([middle]));

    let first = list(json!({"maxResults": 2})).await;
    assert_eq!(statuses(&first).len(), 2);
    let rest = list(json!({"maxResults": 2, "nextToken": first["nextToken"]})).await;
    assert_eq!(statuses(&rest), ["SUCCESSFUL"]);
    assert!(rest["nextToken"].is_null());
}

#[tokio::test(start_paused = true)]
async fn an_overtaken_rolling_deployment_is_stopped() {
    let (_world, scene) = account(json!({})).await;
    let first = scene.deploy("web:2").await.unwrap();
    pass(3).await;
    scene.register("registry/web:3").await.unwrap();
    let second = scene.deploy("web:3").await.unwrap();
    assert_eq!(status(&scene, &first).await.0, "STOPPED");
    pass(60).await;
    assert_eq!(status(&scene, &second).await.0, "SUCCESSFUL");
    assert_eq!(short(&scene.live()), "web:3");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_deploys_no_longer() {
    let (world, scene) = account(at(&[])).await;
    let arn = scene.deploy("web:2").await.unwrap();
    pass(1).await;
    ecs(&world, "DeleteService", of_web(json!({"force": true}))).await.unwrap();
    pass(600).await;
    assert_eq!(status(&scene, &arn).await.0, "STOPPED");
    assert_eq!(scene.live(), "");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_missing_or_not_found() {
    let (world, scene) = account(json!({})).await;
    let arn = scene.service().await.unwrap()["currentServiceDeployment"].clone();
    let other = format!("{}x", arn.as_str().unwrap());
    let which = json!({"serviceDeploymentArns": [arn, other]});
    let answer = ecs(&world, "DescribeServiceDeployments", which).await.unwrap();
    assert_eq!(answer["serviceDeployments"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"], json!([{"arn": other, "reason": "MISSING"}]));

    let hook = json!({"serviceDeploymentArn": other, "hookId": "ecs-pause-1"});
    let known = json!({"serviceDeploymentArn": arn, "hookId": "ecs-pause-1"});
    let nobody = json!({"cluster": "live", "service": "shop"});
    let many = vec![other.as_str(); 21];
    for (operation, input, expected) in [
        ("ContinueServiceDeployment", hook.clone(), "ServiceDeploymentNotFoundException"),
        ("StopServiceDeployment", hook, "ServiceDeploymentNotFoundException"),
        ("ContinueServiceDeployment", known, "InvalidParameterException"),
        ("ListServiceDeployments", nobody, "ServiceNotFoundException"),
        ("ListServiceDeployments", of_web(json!({"maxResults": 0})), "InvalidParameterException"),
        ("ListServiceDeployments", of_web(json!({"nextToken": "x"})), "InvalidParameterException"),
        ("DescribeServiceDeployments", json!({}), "InvalidParameterException"),
        (
            "DescribeServiceDeployments",
            json!({"serviceDeploymentArns": many}),
            "InvalidParameterException",
        ),
        (
            "DescribeServiceRevisions",
            json!({"serviceRevisionArns": []}),
            "InvalidParameterException",
        ),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": "web"}),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(code(ecs(&world, operation, input).await), expected, "{operation}");
    }
}
