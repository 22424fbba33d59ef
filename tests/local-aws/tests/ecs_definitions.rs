//! Clusters, task definitions and their tags.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

use local_aws::{AwsError, Pace, Service, World};
use serde_json::{Value, json};

fn account() -> World {
    World::new("2026-11-21T10:02:00Z".parse().unwrap(), Pace::REAL)
}

async fn ecs(world: &World, operation: &str, input: Value) -> Result<Value, AwsError> {
    world.call(Service::Ecs, operation, input).await
}

fn code(answer: Result<Value, AwsError>) -> String {
    answer.unwrap_err().code
}

fn definition(family: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "registry/app:7"}],
    })
}

async fn register(world: &World, family: &str) -> String {
    let answer = ecs(world, "RegisterTaskDefinition", definition(family)).await.unwrap();
    answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
}

async fn described(world: &World, reference: &str) -> Value {
    let input = json!({"taskDefinition": reference});
    ecs(world, "DescribeTaskDefinition", input).await.unwrap()["taskDefinition"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_family_counts_its_revisions_and_its_name_means_the_latest_active_one() {
    let world = account();
    let first = register(&world, "web").await;
    let second = register(&world, "web").await;
    assert_eq!(second, "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:2");
    for (reference, arn) in [("web", &second), ("web:1", &first), (&second, &second)] {
        assert_eq!(described(&world, reference).await["taskDefinitionArn"], **arn, "{reference}");
    }

    ecs(&world, "DeregisterTaskDefinition", json!({"taskDefinition": second})).await.unwrap();
    assert_eq!(described(&world, "web").await["taskDefinitionArn"], first);
    assert_eq!(described(&world, "web:2").await["status"], "INACTIVE", "it can still be seen");
    assert!(register(&world, "web").await.ends_with("web:3"), "a number is never used again");
}

#[tokio::test(start_paused = true)]
async fn what_was_registered_is_shown_again() {
    let world = account();
    let mut given = definition("web");
    given["runtimePlatform"] =
        json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"});
    given["taskRoleArn"] = json!("arn:aws:iam::123456789012:role/task");
    given["executionRoleArn"] = json!("arn:aws:iam::123456789012:role/execution");
    given["containerDefinitions"][0]["secrets"] = json!([{"name": "DB", "valueFrom": "arn:x"}]);
    given["containerDefinitions"][0]["stopTimeout"] = json!(5);
    ecs(&world, "RegisterTaskDefinition", given.clone()).await.unwrap();
    let shown = described(&world, "web").await;
    for (member, value) in given.as_object().unwrap() {
        if member != "containerDefinitions" {
            assert_eq!(shown[member], *value, "{member}");
        }
    }
    let container = &shown["containerDefinitions"][0];
    for (member, value) in given["containerDefinitions"][0].as_object().unwrap() {
        assert_eq!(container[member], *value, "{member}");
    }
    assert_eq!(container["essential"], true, "ECS fills it in");
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_that_could_not_run_is_refused() {
    let with = |member: &str, value: Value| {
        let mut definition = definition("web");
        definition[member] = value;
        definition
    };
    let app = json!({"name": "app", "image": "registry/app:7"});
    let idle = json!({"name": "app", "image": "registry/app:7", "essential": false});
    let table = [
        with("family", json!("a b")),
        with("containerDefinitions", json!([])),
        with("containerDefinitions", json!([{"name": "app"}])),
        with("containerDefinitions", json!([app, app])),
        with("containerDefinitions", json!([idle])),
        with("networkMode", json!("bridge")),
        with("cpu", Value::Null),
        with("cpu", json!("300")),
        with("cpu", json!("a lot")),
        with("memory", json!("4096")),
    ];
    let world = account();
    for wrong in table {
        let answer = ecs(&world, "RegisterTaskDefinition", wrong.clone()).await;
        assert_eq!(code(answer), "ClientException", "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn sizes_in_vcpus_and_gigabytes_are_shown_as_integers() {
    let world = account();
    let mut given = definition("web");
    given["cpu"] = json!(".25 vCPU");
    given["memory"] = json!("0.5 GB");
    ecs(&world, "RegisterTaskDefinition", given).await.unwrap();
    let shown = described(&world, "web").await;
    assert_eq!((&shown["cpu"], &shown["memory"]), (&json!("256"), &json!("512")));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_task_definition_is_a_client_exception() {
    let world = account();
    register(&world, "web").await;
    for reference in ["web:2", "shop", "web:0", "web:x"] {
        let input = json!({"taskDefinition": reference});
        let error = ecs(&world, "DescribeTaskDefinition", input).await.unwrap_err();
        assert_eq!(error.code, "ClientException");
        assert_eq!(error.message, "Unable to describe task definition.");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_show_active_revisions_unless_asked_for_others() {
    let world = account();
    for family in ["web", "web", "web", "webhook"] {
        register(&world, family).await;
    }
    ecs(&world, "DeregisterTaskDefinition", json!({"taskDefinition": "web:2"})).await.unwrap();
    for (filter, expected) in [
        (json!({}), vec!["web:1", "web:3", "webhook:1"]),
        (json!({"familyPrefix": "web"}), vec!["web:1", "web:3"]),
        (json!({"familyPrefix": "web", "sort": "DESC"}), vec!["web:3", "web:1"]),
        (json!({"familyPrefix": "web", "status": "INACTIVE"}), vec!["web:2"]),
        (json!({"familyPrefix": "web", "maxResults": 1}), vec!["web:1"]),
    ] {
        let answer = ecs(&world, "ListTaskDefinitions", filter.clone()).await.unwrap();
        let arns = answer["taskDefinitionArns"].as_array().unwrap().iter();
        let names: Vec<&str> =
            arns.map(|it| it.as_str().unwrap().rsplit('/').next().unwrap()).collect();
        assert_eq!(names, expected, "{filter}");
        assert_eq!(answer["nextToken"].is_string(), filter["maxResults"] == 1);
    }
    let all = ecs(&world, "ListTaskDefinitionFamilies", json!({"familyPrefix": "web"})).await;
    assert_eq!(all.unwrap()["families"], json!(["web", "webhook"]));
    let inactive = ecs(&world, "ListTaskDefinitionFamilies", json!({"status": "INACTIVE"})).await;
    assert_eq!(inactive.unwrap()["families"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn only_a_deregistered_task_definition_is_deleted() {
    let world = account();
    register(&world, "web").await;
    register(&world, "web").await;
    ecs(&world, "DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).await.unwrap();
    let input = json!({"taskDefinitions": ["web:1", "web:2", "web:9"]});
    let answer = ecs(&world, "DeleteTaskDefinitions", input).await.unwrap();
    assert_eq!(answer["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(answer["taskDefinitions"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"].as_array().unwrap().len(), 2);
    assert_eq!(described(&world, "web:2").await["status"], "ACTIVE");

    let again = ecs(&world, "DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).await;
    assert_eq!(code(again), "ClientException");
    assert_eq!(described(&world, "web:1").await["status"], "DELETE_IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn a_page_has_between_1_and_100_items() {
    let world = account();
    register(&world, "web").await;
    for wrong in [json!(-1), json!(0), json!(101), json!("2"), json!(1.5)] {
        for operation in ["ListClusters", "ListTaskDefinitions", "ListTaskDefinitionFamilies"] {
            let answer = ecs(&world, operation, json!({"maxResults": wrong})).await;
            assert_eq!(code(answer), "InvalidParameterException", "{operation} {wrong}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn providers_that_are_refused_change_nothing() {
    let world = account();
    let create = json!({"clusterName": "live", "capacityProviders": ["FARGATE"]});
    ecs(&world, "CreateCluster", create).await.unwrap();
    let spot = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    for (providers, strategy) in [
        (json!(["FARGATE_SPOT"]), Value::Null),
        (json!(["FARGATE"]), spot.clone()),
        (json!(["my-machines"]), json!([])),
    ] {
        let put = json!({
            "cluster": "live",
            "capacityProviders": providers,
            "defaultCapacityProviderStrategy": strategy,
        });
        let answer = ecs(&world, "PutClusterCapacityProviders", put.clone()).await;
        assert_eq!(code(answer), "InvalidParameterException", "{put}");
        let create = json!({
            "clusterName": "test",
            "capacityProviders": ["FARGATE"],
            "defaultCapacityProviderStrategy": spot,
        });
        assert_eq!(code(ecs(&world, "CreateCluster", create).await), "InvalidParameterException");
    }
    let names = json!({"clusters": ["live", "test"]});
    let answer = ecs(&world, "DescribeClusters", names).await.unwrap();
    assert_eq!(answer["clusters"][0]["capacityProviders"], json!(["FARGATE"]));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_created_once_and_unknown_ones_are_missing() {
    let world = account();
    let first = ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await;
    assert_eq!(ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await, first);
    let names = json!({"clusters": ["live", "arn:aws:ecs:eu-west-2:123456789012:cluster/test"]});
    let answer = ecs(&world, "DescribeClusters", names).await.unwrap();
    assert_eq!(answer["clusters"][0]["status"], "ACTIVE");
    let missing = json!([
        {"arn": "arn:aws:ecs:eu-west-2:123456789012:cluster/test", "reason": "MISSING"},
    ]);
    assert_eq!(answer["failures"], missing);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_in_use_is_not_deleted() {
    let world = account();
    ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await.unwrap();
    register(&world, "web").await;
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let service = json!({
        "cluster": "live", "serviceName": "shop", "taskDefinition": "web", "desiredCount": 0,
        "launchType": "FARGATE", "networkConfiguration": network,
    });
    ecs(&world, "CreateService", service).await.unwrap();
    let delete = || ecs(&world, "DeleteCluster", json!({"cluster": "live"}));
    assert_eq!(code(delete().await), "ClusterContainsServicesException");

    let which = json!({"cluster": "live", "service": "shop"});
    ecs(&world, "DeleteService", which).await.unwrap();
    assert_eq!(code(delete().await), "ClusterContainsServicesException", "it drains");
    tokio::time::sleep(Pace::REAL.service_drain).await;
    let task = json!({
        "cluster": "live", "taskDefinition": "web", "launchType": "FARGATE",
        "networkConfiguration": network,
    });
    ecs(&world, "RunTask", task).await.unwrap();
    assert_eq!(code(delete().await), "ClusterContainsTasksException");

    // Its image is unknown, so it stops by itself.
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    assert_eq!(delete().await.unwrap()["cluster"]["status"], "INACTIVE");
    assert_eq!(code(delete().await), "ClusterNotFoundException");
    let listed = ecs(&world, "ListClusters", json!({})).await.unwrap();
    assert_eq!(listed["clusterArns"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_changed_and_removed() {
    let world = account();
    let mut given = definition("web");
    given["tags"] = json!([{"key": "team", "value": "shop"}]);
    let answer = ecs(&world, "RegisterTaskDefinition", given).await.unwrap();
    let arn = &answer["taskDefinition"]["taskDefinitionArn"];
    let add = json!([{"key": "team", "value": "pay"}, {"key": "a", "value": "1"}]);
    ecs(&world, "TagResource", json!({"resourceArn": arn, "tags": add})).await.unwrap();
    ecs(&world, "UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]})).await.unwrap();
    let expected = json!([{"key": "team", "value": "pay"}]);
    let listed = ecs(&world, "ListTagsForResource", json!({"resourceArn": arn})).await.unwrap();
    assert_eq!(listed["tags"], expected);
    let plain = json!({"taskDefinition": "web"});
    assert!(ecs(&world, "DescribeTaskDefinition", plain).await.unwrap()["tags"].is_null());
    let asked = json!({"taskDefinition": "web", "include": ["TAGS"]});
    assert_eq!(ecs(&world, "DescribeTaskDefinition", asked).await.unwrap()["tags"], expected);
}

#[tokio::test(start_paused = true)]
async fn tags_that_aws_would_refuse_are_refused() {
    let world = account();
    let created = ecs(&world, "CreateCluster", json!({"clusterName": "live"})).await.unwrap();
    let arn = &created["cluster"]["clusterArn"];
    let many = |from: usize, to: usize| -> Value {
        (from..to).map(|n| json!({"key": format!("k{n}"), "value": ""})).collect()
    };
    for tags in [
        json!([{"key": "aws:x", "value": "1"}]),
        json!([{"key": "AWS:x", "value": "1"}]),
        json!([{"key": "", "value": "1"}]),
        json!([{"key": "x".repeat(129), "value": "1"}]),
        json!([{"key": "x", "value": "1".repeat(257)}]),
        many(0, 51),
    ] {
        let input = json!({"resourceArn": arn, "tags": tags});
        let answer = ecs(&world, "TagResource", input).await;
        assert_eq!(code(answer), "InvalidParameterException", "{tags}");
    }
    let fifty = json!({"resourceArn": arn, "tags": many(0, 50)});
    ecs(&world, "TagResource", fifty).await.unwrap();
    let one_more = json!({"resourceArn": arn, "tags": many(50, 51)});
    assert_eq!(code(ecs(&world, "TagResource", one_more).await), "InvalidParameterException");
}
