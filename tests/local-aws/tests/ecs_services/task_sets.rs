//! The task sets of a service with an external deployment controller.

use local_aws::World;
use serde_json::{Value, json};

use super::account::{arn, code, ecs, network, pass, running, service, with_shop};

async fn create(world: &World, revision: &str, scale: f64) -> Value {
    let set = json!({
        "service": "shop", "taskDefinition": revision, "externalId": "release-7",
        "networkConfiguration": network(), "scale": {"value": scale, "unit": "PERCENT"},
    });
    ecs(world, "CreateTaskSet", set).await.unwrap()["taskSet"].clone()
}

async fn promote(world: &World, set: &Value) -> Value {
    let input = json!({"service": "shop", "primaryTaskSet": set["taskSetArn"]});
    ecs(world, "UpdateServicePrimaryTaskSet", input).await.unwrap()["taskSet"].clone()
}

async fn described(world: &World) -> Vec<Value> {
    let answer = ecs(world, "DescribeTaskSets", json!({"service": "shop"})).await.unwrap();
    answer["taskSets"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_task_set_starts_its_share_of_the_tasks_and_becomes_steady() {
    let world = with_shop("EXTERNAL").await;
    let set = create(&world, "web:1", 60.0).await;
    assert_eq!(set["status"], "ACTIVE");
    assert_eq!(set["externalId"], "release-7");
    assert!(set["startedBy"].is_null());
    // 60 % of two tasks, rounded up.
    assert_eq!((&set["computedDesiredCount"], &set["runningCount"]), (&json!(2), &json!(0)));
    assert_eq!(set["stabilityStatus"], "STABILIZING");
    pass(11).await;
    let set = &described(&world).await[0];
    assert_eq!((&set["runningCount"], &set["pendingCount"]), (&json!(2), &json!(0)));
    assert_eq!(set["stabilityStatus"], "STEADY_STATE");
}

#[tokio::test(start_paused = true)]
async fn the_service_takes_over_what_its_primary_task_set_has() {
    let world = with_shop("EXTERNAL").await;
    let (first, second) =
        (create(&world, "web:1", 100.0).await, create(&world, "web:2", 100.0).await);
    assert_eq!(running(&world).await, Vec::<String>::new(), "no set has the traffic yet");
    for (set, revision) in [(&first, 1), (&second, 2), (&first, 1)] {
        assert_eq!(promote(&world, set).await["status"], "PRIMARY");
        assert_eq!(service(&world).await["taskDefinition"], arn(revision));
        assert_eq!(running(&world).await, [arn(revision), arn(revision)]);
    }
    let statuses: Vec<Value> =
        described(&world).await.iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, ["PRIMARY", "ACTIVE"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_set_with_tasks_is_deleted_by_force_only() {
    let world = with_shop("EXTERNAL").await;
    let set = create(&world, "web:1", 100.0).await;
    let empty = create(&world, "web:2", 0.0).await;
    let delete = |set: &Value, force: bool| {
        let input = json!({"service": "shop", "taskSet": set["id"], "force": force});
        ecs(&world, "DeleteTaskSet", input)
    };
    assert_eq!(code(delete(&set, false).await), "InvalidParameterException");
    assert_eq!(delete(&empty, false).await.unwrap()["taskSet"]["status"], "DRAINING");
    delete(&set, true).await.unwrap();
    assert_eq!(described(&world).await, Vec::<Value>::new());
    assert_eq!(code(delete(&set, true).await), "TaskSetNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_task_set_is_missing() {
    let world = with_shop("EXTERNAL").await;
    let unknown = "ecs-svc/0000000000000000000";
    let which = json!({"service": "shop", "taskSets": [unknown]});
    let answer = ecs(&world, "DescribeTaskSets", which).await.unwrap();
    assert_eq!(answer["taskSets"], json!([]));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let primary = json!({"service": "shop", "primaryTaskSet": unknown});
    let answer = ecs(&world, "UpdateServicePrimaryTaskSet", primary).await;
    assert_eq!(code(answer), "TaskSetNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn tags_of_a_task_set_are_shown_only_if_asked_for() {
    let world = with_shop("EXTERNAL").await;
    let tags = json!([{"key": "team", "value": "shop"}]);
    let set = json!({
        "service": "shop", "taskDefinition": "web:1", "networkConfiguration": network(),
        "tags": tags,
    });
    let set = ecs(&world, "CreateTaskSet", set).await.unwrap();
    assert_eq!(set["taskSet"]["tags"], tags);
    assert_eq!(described(&world).await[0]["tags"], json!([]));
    let asked = json!({"service": "shop", "include": ["TAGS"]});
    let answer = ecs(&world, "DescribeTaskSets", asked).await.unwrap();
    assert_eq!(answer["taskSets"][0]["tags"], tags);
}

#[tokio::test(start_paused = true)]
async fn task_sets_of_other_controllers_are_not_for_this_api() {
    for controller in ["ECS", "CODE_DEPLOY"] {
        let world = with_shop(controller).await;
        for operation in
            ["CreateTaskSet", "DescribeTaskSets", "UpdateServicePrimaryTaskSet", "DeleteTaskSet"]
        {
            let set = "ecs-svc/0000000000000000000";
            let input = json!({
                "service": "shop", "taskDefinition": "web:1", "primaryTaskSet": set, "taskSet": set,
            });
            let answer = ecs(&world, operation, input).await;
            assert_eq!(code(answer), "InvalidParameterException", "{operation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_inactive_task_definition_makes_no_task_set() {
    let world = with_shop("EXTERNAL").await;
    let which = json!({"taskDefinition": "web:2"});
    ecs(&world, "DeregisterTaskDefinition", which).await.unwrap();
    let set = json!({"service": "shop", "taskDefinition": "web:2"});
    assert_eq!(code(ecs(&world, "CreateTaskSet", set).await), "ClientException");
}

#[tokio::test(start_paused = true)]
async fn a_task_set_without_the_network_of_its_task_definition_is_refused() {
    let world = with_shop("EXTERNAL").await;
    let set = json!({"service": "shop", "taskDefinition": "web:1"});
    assert_eq!(code(ecs(&world, "CreateTaskSet", set).await), "InvalidParameterException");
    assert_eq!(described(&world).await, Vec::<Value>::new());
}
