//! What `DescribeTasks` and `ListTasks` show, and when.

use std::time::Duration;

use local_aws::{Script, World};
use serde_json::{Value, json};

use super::account::{account, ecs, pass, request, request_with, run, task};

async fn list(world: &World, mut filter: Value) -> usize {
    filter["cluster"] = json!("live");
    let answer = ecs(world, "ListTasks", filter).await.unwrap();
    answer["taskArns"].as_array().unwrap().len()
}

async fn describe(world: &World, tasks: &[&str]) -> Value {
    ecs(world, "DescribeTasks", json!({"cluster": "live", "tasks": tasks})).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_through_its_statuses() {
    let world = account(|| Script::exits(0).after(Duration::from_secs(60))).await;
    let arn = run(&world, request("web")).await;
    for (seconds, status) in [
        (0, "PROVISIONING"),
        (11, "PENDING"),
        (10, "RUNNING"),
        (60, "DEPROVISIONING"),
        (10, "STOPPED"),
    ] {
        pass(seconds).await;
        assert_eq!(task(&world, &arn).await["lastStatus"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_missing() {
    let world = account(Script::never_ends).await;
    let arn = run(&world, request("web")).await;
    let nobody = "0".repeat(32);
    let answer = describe(&world, &[&arn, &nobody]).await;
    assert_eq!(answer["tasks"][0]["taskArn"], arn);
    let missing = format!("arn:aws:ecs:eu-west-2:123456789012:task/live/{nobody}");
    assert_eq!(answer["failures"], json!([{"arn": missing, "reason": "MISSING"}]));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_is_shown_for_an_hour() {
    let world = account(|| Script::exits(0)).await;
    let arn = run(&world, request("web")).await;
    pass(3600).await;
    assert_eq!(describe(&world, &[&arn]).await["tasks"][0]["lastStatus"], "STOPPED");
    assert_eq!(list(&world, json!({"desiredStatus": "STOPPED"})).await, 1);
    pass(120).await;
    assert_eq!(describe(&world, &[&arn]).await["failures"][0]["reason"], "MISSING");
    assert_eq!(list(&world, json!({"desiredStatus": "STOPPED"})).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_new_task_may_be_seen_only_later() {
    let world = account(Script::never_ends).await;
    world.tasks_appear_after(Duration::from_secs(5));
    let arn = run(&world, request("web")).await;
    pass(4).await;
    assert_eq!(describe(&world, &[&arn]).await["failures"][0]["reason"], "MISSING");
    assert_eq!(list(&world, json!({})).await, 0);
    pass(2).await;
    assert_eq!(describe(&world, &[&arn]).await["failures"], json!([]));
    assert_eq!(list(&world, json!({})).await, 1);
}

#[tokio::test(start_paused = true)]
async fn tags_are_shown_only_if_asked_for() {
    let world = account(Script::never_ends).await;
    let tags = json!([{"key": "own", "value": "1"}]);
    let more = json!({"tags": tags, "propagateTags": "TASK_DEFINITION"});
    let arn = run(&world, request_with("web", more)).await;
    assert_eq!(task(&world, &arn).await["tags"], json!([]));
    let with_tags = json!({"cluster": "live", "tasks": [arn], "include": ["TAGS"]});
    let answer = ecs(&world, "DescribeTasks", with_tags.clone()).await.unwrap();
    let both = json!([{"key": "own", "value": "1"}, {"key": "team", "value": "shop"}]);
    assert_eq!(answer["tasks"][0]["tags"], both);

    ecs(&world, "StopTask", json!({"cluster": "live", "task": arn})).await.unwrap();
    let answer = ecs(&world, "DescribeTasks", with_tags).await.unwrap();
    assert_eq!(answer["tasks"][0]["tags"], json!([]), "StopTask deletes them");
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered() {
    let world = account(Script::never_ends).await;
    let web = run(&world, request_with("web", json!({"startedBy": "a/1"}))).await;
    run(&world, request_with("pair", json!({"startedBy": "a/2"}))).await;
    run(&world, request("pair")).await;
    pass(60).await;
    let stop = json!({"cluster": "live", "task": web});
    ecs(&world, "StopTask", stop).await.unwrap();
    for (filter, expected) in [
        (json!({}), 2),
        (json!({"desiredStatus": "PENDING"}), 0),
        (json!({"desiredStatus": "STOPPED"}), 1),
        (json!({"startedBy": "a/2"}), 1),
        (json!({"startedBy": "a/1"}), 0),
        (json!({"startedBy": "a/1", "desiredStatus": "STOPPED"}), 1),
        (json!({"startedBy": "a"}), 0),
        (json!({"family": "pair"}), 2),
        (json!({"family": "web"}), 0),
        (json!({"launchType": "EC2"}), 0),
        (json!({"launchType": "FARGATE"}), 2),
    ] {
        assert_eq!(list(&world, filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_are_paged() {
    let world = account(Script::never_ends).await;
    for _ in 0..11 {
        ecs(&world, "RunTask", request_with("web", json!({"count": 10}))).await.unwrap();
    }
    let (mut token, mut pages, mut all) = (Value::Null, Vec::new(), Vec::new());
    loop {
        let input = json!({"cluster": "live", "nextToken": token});
        let answer = ecs(&world, "ListTasks", input).await.unwrap();
        let arns = answer["taskArns"].as_array().unwrap().clone();
        pages.push(arns.len());
        all.extend(arns);
        token = answer["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(pages, [100, 10]);
    all.sort_by_key(ToString::to_string);
    all.dedup();
    assert_eq!(all.len(), 110);
}

#[tokio::test(start_paused = true)]
async fn overrides_are_shown_and_reach_the_container() {
    let world = account(Script::never_ends).await;
    let runs: std::sync::Arc<std::sync::Mutex<Vec<local_aws::Run>>> = std::sync::Arc::default();
    let kept = std::sync::Arc::clone(&runs);
    world.image(
        super::account::IMAGE,
        local_aws::Image::script(move |run| {
            kept.lock().unwrap().push(run.clone());
            Script::exits(0)
        }),
    );
    let containers = json!([{
        "name": "app", "image": super::account::IMAGE,
        "entryPoint": ["/entry"], "command": ["serve"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
    }]);
    super::account::register(&world, "full", containers).await;
    let overrides = json!({"containerOverrides": [{
        "name": "app", "command": ["migrate"], "environment": [{"name": "B", "value": "2"}],
    }]});
    let arn = run(&world, request_with("full", json!({"overrides": overrides}))).await;
    pass(60).await;
    let runs = runs.lock().unwrap();
    assert_eq!(runs[0].command, ["/entry", "migrate"]);
    let environment: Vec<(&str, &str)> =
        runs[0].environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(environment, [("A", "1"), ("B", "2")]);
    assert_eq!(runs[0].task_arn, arn);
}

#[tokio::test(start_paused = true)]
async fn a_service_has_tasks_and_replaces_one_that_is_stopped() {
    let world = account(Script::never_ends).await;
    let service = json!({
        "cluster": "live", "serviceName": "shop", "taskDefinition": "web", "desiredCount": 2,
        "launchType": "FARGATE", "deploymentController": {"type": "ECS"},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    });
    ecs(&world, "CreateService", service).await.unwrap();
    pass(60).await;
    assert_eq!(list(&world, json!({"serviceName": "shop"})).await, 2);
    let running = ecs(&world, "ListTasks", json!({"cluster": "live"})).await.unwrap();
    let arn = running["taskArns"][0].as_str().unwrap();
    assert_eq!(task(&world, arn).await["group"], "service:shop");
    ecs(&world, "StopTask", json!({"cluster": "live", "task": arn})).await.unwrap();
    assert_eq!(task(&world, arn).await["lastStatus"], "STOPPED");
    assert_eq!(list(&world, json!({"serviceName": "shop"})).await, 2);

    let unknown = json!({"cluster": "live", "serviceName": "shops"});
    let error = ecs(&world, "ListTasks", unknown).await.unwrap_err();
    assert_eq!(error.code, "ServiceNotFoundException");
}
