//! What `RunTask`, `StopTask`, `DescribeTasks` and `ListTasks` refuse.

use local_aws::Script;
use serde_json::{Value, json};

use super::account::{IMAGE, account, code, ecs, register, request, request_with};

async fn refused(more: Value) -> (String, String) {
    let world = account(|| Script::exits(0)).await;
    let error = ecs(&world, "RunTask", request_with("web", more)).await.unwrap_err();
    let tasks = ecs(&world, "ListTasks", json!({"cluster": "live"})).await.unwrap();
    assert_eq!(tasks["taskArns"], json!([]), "nothing has started");
    (error.code, error.message)
}

#[tokio::test(start_paused = true)]
async fn run_task_refuses_what_ecs_refuses() {
    let command = "x".repeat(8192);
    let provider = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    let table = [
        (json!({"cluster": "nowhere"}), "ClusterNotFoundException"),
        (json!({"taskDefinition": "unheard-of"}), "ClientException"),
        (json!({"taskDefinition": null}), "InvalidParameterException"),
        (json!({"networkConfiguration": null}), "InvalidParameterException"),
        (json!({"capacityProviderStrategy": provider}), "InvalidParameterException"),
        (json!({"count": 0}), "InvalidParameterException"),
        (json!({"count": 11}), "InvalidParameterException"),
        (json!({"startedBy": "x".repeat(129)}), "InvalidParameterException"),
        (json!({"startedBy": "quayside:migration"}), "InvalidParameterException"),
        (json!({"propagateTags": "SERVICE"}), "InvalidParameterException"),
        (json!({"group": "service:web"}), "InvalidParameterException"),
        (json!({"tags": [{"key": "aws:x", "value": "y"}]}), "InvalidParameterException"),
        (
            json!({"overrides": {"containerOverrides": [{"name": "app", "command": [command]}]}}),
            "InvalidParameterException",
        ),
    ];
    for (more, expected) in table {
        assert_eq!(refused(more.clone()).await.0, expected, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_are_worded_as_ecs_words_them() {
    let overrides = json!({"containerOverrides": [{"name": "web"}]});
    let table = [
        (
            json!({"overrides": overrides}),
            "Override for container named web is not a container in the TaskDefinition.",
        ),
        (
            json!({"networkConfiguration": null}),
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (json!({"cluster": "nowhere"}), "Cluster not found."),
    ];
    for (more, expected) in table {
        assert_eq!(refused(more).await.1, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_inactive_task_definition_does_not_run() {
    let world = account(|| Script::exits(0)).await;
    let which = json!({"taskDefinition": "web:1"});
    ecs(&world, "DeregisterTaskDefinition", which).await.unwrap();
    let error = ecs(&world, "RunTask", request("web:1")).await.unwrap_err();
    assert_eq!(error.code, "ClientException");
}

#[tokio::test(start_paused = true)]
async fn overrides_of_8192_characters_are_accepted() {
    let world = account(|| Script::exits(0)).await;
    let overrides =
        |n: usize| json!({"containerOverrides": [{"name": "app", "command": ["x".repeat(n)]}]});
    let room = 8192 - overrides(0).to_string().len();
    let fits = request_with("web", json!({"overrides": overrides(room)}));
    assert!(ecs(&world, "RunTask", fits).await.is_ok());
    let too_long = request_with("web", json!({"overrides": overrides(room + 1)}));
    assert_eq!(code(ecs(&world, "RunTask", too_long).await), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_strategy_names_providers_of_the_cluster() {
    let world = account(|| Script::exits(0)).await;
    register(&world, "spot", json!([{"name": "app", "image": IMAGE}])).await;
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let mut request = request_with("spot", json!({"capacityProviderStrategy": strategy}));
    request.as_object_mut().unwrap().remove("launchType");
    let error = ecs(&world, "RunTask", request.clone()).await.unwrap_err();
    assert_eq!(error.code, "InvalidParameterException");

    let providers = json!({
        "cluster": "live",
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
    });
    ecs(&world, "PutClusterCapacityProviders", providers).await.unwrap();
    let started = ecs(&world, "RunTask", request.clone()).await.unwrap();
    assert_eq!(started["tasks"][0]["capacityProviderName"], "FARGATE_SPOT");
    request.as_object_mut().unwrap().remove("capacityProviderStrategy");
    let started = ecs(&world, "RunTask", request).await.unwrap();
    assert_eq!(started["tasks"][0]["capacityProviderName"], "FARGATE", "the cluster's default");
}

#[tokio::test(start_paused = true)]
async fn readers_and_stoppers_are_refused_too() {
    let world = account(|| Script::exits(0)).await;
    let unknown = "0".repeat(32);
    let many = vec![unknown.clone(); 101];
    let table = [
        ("DescribeTasks", json!({"cluster": "live", "tasks": many})),
        ("DescribeTasks", json!({"cluster": "live", "tasks": []})),
        ("DescribeTasks", json!({"cluster": "live", "tasks": ["short"]})),
        ("ListTasks", json!({"cluster": "live", "startedBy": "x", "family": "web"})),
        ("ListTasks", json!({"cluster": "live", "maxResults": 101})),
        ("ListTasks", json!({"cluster": "live", "nextToken": "nonsense"})),
        ("StopTask", json!({"cluster": "live", "task": unknown})),
    ];
    for (operation, input) in table {
        let answer = ecs(&world, operation, input).await;
        assert_eq!(code(answer), "InvalidParameterException", "{operation}");
    }
    for operation in ["DescribeTasks", "ListTasks", "StopTask"] {
        let input = json!({"cluster": "nowhere", "tasks": [unknown], "task": unknown});
        assert_eq!(code(ecs(&world, operation, input).await), "ClusterNotFoundException");
    }
}
