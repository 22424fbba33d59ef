//! How large a task is, where it runs, and what `RunTask` may say about both.

use local_aws::Script;
use serde_json::{Value, json};

use super::account::{IMAGE, account, code, ecs, pass, register, request, request_with, run, task};

#[tokio::test(start_paused = true)]
async fn a_task_is_as_large_as_it_was_asked_for() {
    let world = account(Script::never_ends).await;
    let overrides = json!({
        "cpu": "1 vCPU",
        "memory": "2048",
        "ephemeralStorage": {"sizeInGiB": 100},
        "taskRoleArn": "arn:aws:iam::123456789012:role/job",
        "executionRoleArn": "arn:aws:iam::123456789012:role/start",
        "containerOverrides": [
            {"name": "app", "cpu": 512, "memory": 1024, "memoryReservation": 512},
        ],
    });
    let more = json!({"overrides": overrides, "enableExecuteCommand": true, "group": "jobs"});
    let arn = run(&world, request_with("web", more)).await;
    let task = task(&world, &arn).await;
    assert_eq!((&task["cpu"], &task["memory"]), (&json!("1024"), &json!("2048")));
    assert_eq!(task["ephemeralStorage"], json!({"sizeInGiB": 100}));
    assert_eq!(task["overrides"]["taskRoleArn"], overrides["taskRoleArn"]);
    assert_eq!(task["overrides"]["executionRoleArn"], overrides["executionRoleArn"]);
    assert_eq!(task["enableExecuteCommand"], true);
    assert_eq!(task["group"], "jobs");
    let app = &task["containers"][0];
    assert_eq!(
        (&app["cpu"], &app["memory"], &app["memoryReservation"]),
        (&json!("512"), &json!("1024"), &json!("512"))
    );
    assert_eq!(task["overrides"]["containerOverrides"][0]["memory"], 1024);
}

#[tokio::test(start_paused = true)]
async fn a_size_that_fargate_does_not_have_is_refused() {
    let world = account(Script::never_ends).await;
    let app = |size: Value| {
        let mut size = size;
        size["name"] = json!("app");
        json!({"containerOverrides": [size]})
    };
    let table = [
        (json!({"cpu": "300"}), "No Fargate configuration exists for given values."),
        (json!({"cpu": "4096"}), "No Fargate configuration exists for given values."),
        (json!({"memory": "300"}), "No Fargate configuration exists for given values."),
        (json!({"cpu": "much"}), "Invalid 'cpu' setting for task."),
        (app(json!({"cpu": 257})), "Invalid setting for container 'app'."),
        (app(json!({"memory": 513})), "Invalid setting for container 'app'."),
        (app(json!({"memory": 256, "memoryReservation": 300})), "memory must be greater"),
        (json!({"ephemeralStorage": {"sizeInGiB": 20}}), "The ephemeral storage"),
        (json!({"ephemeralStorage": {"sizeInGiB": 201}}), "The ephemeral storage"),
    ];
    for (overrides, says) in table {
        let input = request_with("web", json!({"overrides": overrides}));
        let error = ecs(&world, "RunTask", input).await.unwrap_err();
        assert_eq!(error.code, "ClientException", "{overrides}");
        assert!(error.message.starts_with(says), "{overrides}: {}", error.message);
    }
    let more = json!({
        "overrides": {"ephemeralStorage": {"sizeInGiB": 50}}, "platformVersion": "1.3.0",
    });
    let old = ecs(&world, "RunTask", request_with("web", more)).await;
    assert_eq!(code(old), "PlatformTaskDefinitionIncompatibilityException");
}

#[tokio::test(start_paused = true)]
async fn containers_have_room_in_their_task_definition() {
    let world = account(Script::never_ends).await;
    let containers = |memory: u64| {
        json!([
            {"name": "app", "image": IMAGE, "memory": 300, "cpu": 128},
            {"name": "proxy", "image": IMAGE, "memory": memory, "cpu": 128},
        ])
    };
    register(&world, "full", containers(212)).await;
    let definition = |memory| {
        json!({
            "family": "burst", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "containerDefinitions": containers(memory),
        })
    };
    let refused = ecs(&world, "RegisterTaskDefinition", definition(213)).await;
    assert_eq!(code(refused), "ClientException");
}

#[tokio::test(start_paused = true)]
async fn spot_may_have_nothing_while_on_demand_has() {
    let world = account(Script::never_ends).await;
    let providers = json!({
        "cluster": "live", "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    });
    ecs(&world, "PutClusterCapacityProviders", providers).await.unwrap();
    world.no_capacity("FARGATE_SPOT");
    let on = |provider: &str| {
        let strategy = json!([{"capacityProvider": provider, "weight": 1}]);
        let more = json!({"launchType": null, "capacityProviderStrategy": strategy});
        let mut input = request_with("web", more);
        input["clientToken"] = json!(provider);
        input
    };
    let none = ecs(&world, "RunTask", on("FARGATE_SPOT")).await.unwrap();
    assert_eq!(none["tasks"], json!([]));
    let reason = none["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Capacity is unavailable at this time."), "{reason}");
    let some = ecs(&world, "RunTask", on("FARGATE")).await.unwrap();
    assert_eq!(some["tasks"][0]["capacityProviderName"], "FARGATE");

    // The token of the failed call was not used up.
    world.capacity_again("FARGATE_SPOT");
    let spot = ecs(&world, "RunTask", on("FARGATE_SPOT")).await.unwrap();
    assert_eq!(spot["tasks"][0]["capacityProviderName"], "FARGATE_SPOT");
    world.no_capacity("FARGATE");
    let none = ecs(&world, "RunTask", request("web")).await.unwrap();
    assert_eq!(none["tasks"], json!([]), "the launch type runs on the same");
    pass(1).await;
}
