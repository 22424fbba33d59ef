//! Services created, seen, listed, deleted.

use serde_json::{Value, json};

use super::account::{account, code, ecs, network, pass, running, service, shop, with_shop};

#[tokio::test(start_paused = true)]
async fn a_service_that_could_not_run_is_refused() {
    let world = account().await;
    let deregister = json!({"taskDefinition": "web:3"});
    ecs(&world, "DeregisterTaskDefinition", deregister).await.unwrap();
    let with = |member: &str, value: Value| {
        let mut shop = shop("ECS");
        shop[member] = value;
        shop
    };
    let bridge = json!({
        "family": "bridge",
        "containerDefinitions": [{"name": "app", "image": "registry/app:7", "memory": 256}],
    });
    ecs(&world, "RegisterTaskDefinition", bridge).await.unwrap();
    let mut on_fargate = with("taskDefinition", json!("bridge"));
    on_fargate["networkConfiguration"] = Value::Null;
    let mut networked = with("taskDefinition", json!("bridge"));
    networked["launchType"] = json!("EC2");
    let provider = json!([{"capacityProvider": "FARGATE"}]);
    let mut unassociated = with("capacityProviderStrategy", provider.clone());
    unassociated["launchType"] = Value::Null;
    let mut external = shop("EXTERNAL");
    external["taskDefinition"] = json!("web:1");
    for (wrong, expected) in [
        (with("cluster", json!("test")), "ClusterNotFoundException"),
        (with("serviceName", json!("a b")), "InvalidParameterException"),
        (with("taskDefinition", Value::Null), "InvalidParameterException"),
        (with("taskDefinition", json!("web:9")), "ClientException"),
        (with("taskDefinition", json!("web:3")), "ClientException"),
        (with("networkConfiguration", Value::Null), "InvalidParameterException"),
        (with("capacityProviderStrategy", provider), "InvalidParameterException"),
        (unassociated, "InvalidParameterException"),
        (with("desiredCount", Value::Null), "InvalidParameterException"),
        (with("desiredCount", json!(-1)), "InvalidParameterException"),
        (with("launchType", json!("LAMBDA")), "InvalidParameterException"),
        (with("deploymentController", json!({"type": "ME"})), "InvalidParameterException"),
        (with("schedulingStrategy", json!("DAEMON")), "InvalidParameterException"),
        (with("networkConfiguration", json!({})), "InvalidParameterException"),
        (external, "InvalidParameterException"),
        (on_fargate, "InvalidParameterException"),
        (networked, "InvalidParameterException"),
    ] {
        assert_eq!(code(ecs(&world, "CreateService", wrong.clone()).await), expected, "{wrong}");
    }
    ecs(&world, "CreateService", shop("ECS")).await.unwrap();
    let again = ecs(&world, "CreateService", shop("ECS")).await;
    assert_eq!(code(again), "InvalidParameterException", "the name is taken");
}

#[tokio::test(start_paused = true)]
async fn a_strategy_takes_the_place_of_the_launch_type() {
    let world = account().await;
    let providers = json!({
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    });
    ecs(&world, "PutClusterCapacityProviders", providers).await.unwrap();
    let mut request = shop("CODE_DEPLOY");
    request["launchType"] = Value::Null;
    ecs(&world, "CreateService", request).await.unwrap();
    let service = service(&world).await;
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]);
    for resource in [&service, &service["taskSets"][0]] {
        assert!(resource["launchType"].is_null());
        assert_eq!(resource["capacityProviderStrategy"], strategy, "the cluster's default");
        assert_eq!(resource["platformVersion"], "LATEST");
    }
}

#[tokio::test(start_paused = true)]
async fn a_codedeploy_service_shows_its_network_in_the_primary_task_set() {
    let world = with_shop("CODE_DEPLOY").await;
    let service = service(&world).await;
    assert_eq!(service["deployments"], json!([]));
    let set = &service["taskSets"][0];
    assert_eq!(set["status"], "PRIMARY");
    assert_eq!(set["stabilityStatus"], "STEADY_STATE");
    assert_eq!(set["taskDefinition"], service["taskDefinition"]);
    assert_eq!(set["networkConfiguration"], network());
    assert_eq!(running(&world).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn services_are_described_ten_at_a_time_and_the_unknown_is_missing() {
    let world = with_shop("ECS").await;
    let names = json!({"services": ["shop", "shops"]});
    let answer = ecs(&world, "DescribeServices", names).await.unwrap();
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    let arn = "arn:aws:ecs:eu-west-2:123456789012:service/live/shops";
    assert_eq!(answer["failures"], json!([{"arn": arn, "reason": "MISSING"}]));
    for wrong in [vec![], vec!["shop"; 11]] {
        let answer = ecs(&world, "DescribeServices", json!({"services": wrong})).await;
        assert_eq!(code(answer), "InvalidParameterException");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_of_another_cluster_is_not_the_one_of_the_same_name() {
    let world = with_shop("ECS").await;
    let other = "arn:aws:ecs:eu-west-2:123456789012:service/test/shop";
    for (operation, input) in [
        ("DescribeServices", json!({"services": [other]})),
        ("UpdateService", json!({"service": other, "desiredCount": 0})),
        ("DeleteService", json!({"service": other, "force": true})),
    ] {
        let error = ecs(&world, operation, input).await.unwrap_err();
        assert_eq!(error.code, "InvalidParameterException", "{operation}");
        let expected = "Invalid identifier: Identifier is for cluster test. Your cluster is live";
        assert_eq!(error.message, expected);
    }
    // An ARN from before ARNs had clusters in them.
    let old = json!({"services": ["arn:aws:ecs:eu-west-2:123456789012:service/shop"]});
    let answer = ecs(&world, "DescribeServices", old).await.unwrap();
    assert_eq!(answer["services"][0]["desiredCount"], 2);
}

#[tokio::test(start_paused = true)]
async fn services_are_listed_ten_at_a_time_unless_told() {
    let world = account().await;
    for n in 0..12 {
        let mut shop = shop("ECS");
        shop["serviceName"] = json!(format!("shop-{n}"));
        ecs(&world, "CreateService", shop).await.unwrap();
    }
    let first = ecs(&world, "ListServices", json!({})).await.unwrap();
    let token = json!({"nextToken": first["nextToken"]});
    let second = ecs(&world, "ListServices", token).await.unwrap();
    let count = |it: &Value| it["serviceArns"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (10, 2));
    assert!(second["nextToken"].is_null());
    let all = ecs(&world, "ListServices", json!({"maxResults": 100})).await.unwrap();
    assert_eq!(count(&all), 12);
    let ec2 = ecs(&world, "ListServices", json!({"launchType": "EC2"})).await.unwrap();
    assert_eq!(count(&ec2), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_wants_tasks_is_deleted_by_force_only() {
    let world = with_shop("ECS").await;
    let which = json!({"service": "shop"});
    let refused = ecs(&world, "DeleteService", which.clone()).await;
    assert_eq!(code(refused), "InvalidParameterException");
    let forced = json!({"service": "shop", "force": true});
    let answer = ecs(&world, "DeleteService", forced.clone()).await.unwrap();
    assert_eq!(answer["service"]["status"], "DRAINING");
    pass(90).await;
    assert_eq!(service(&world).await["status"], "INACTIVE", "it can still be described");
    let listed = ecs(&world, "ListServices", json!({})).await.unwrap();
    assert_eq!(listed["serviceArns"], json!([]));
    assert_eq!(running(&world).await, Vec::<String>::new());
    assert_eq!(code(ecs(&world, "DeleteService", forced).await), "ServiceNotFoundException");

    // The name is free again.
    ecs(&world, "CreateService", shop("ECS")).await.unwrap();
    assert_eq!(service(&world).await["status"], "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn tags_of_a_service_are_shown_only_if_asked_for() {
    let world = account().await;
    let mut shop = shop("ECS");
    shop["tags"] = json!([{"key": "team", "value": "shop"}]);
    let tags = shop["tags"].clone();
    ecs(&world, "CreateService", shop).await.unwrap();
    assert!(service(&world).await["tags"].is_null());
    let asked = json!({"services": ["shop"], "include": ["TAGS"]});
    let answer = ecs(&world, "DescribeServices", asked).await.unwrap();
    assert_eq!(answer["services"][0]["tags"], tags);
}
