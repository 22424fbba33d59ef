//! What a run is made of.

use aws_sdk_ecs::types::{ContainerDefinition, LoadBalancer};
use expect_test::expect;
use one_off_task::Network;
use runtime::Environment;
use serde_json::{Value, json};

use super::*;

fn settings(allowed: Option<&str>) -> Settings {
    let topic = ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts");
    let allowed = allowed.map(|it| ("ALLOWED_COMMANDS", it));
    let all = [topic].into_iter().chain(allowed).map(|(a, b)| (a.to_owned(), b.to_owned()));
    Settings::read(&all.collect::<Environment>()).unwrap()
}

fn definition(image: &str) -> TaskDefinition {
    let container =
        |name: &str, image: &str| ContainerDefinition::builder().name(name).image(image).build();
    TaskDefinition::builder()
        .task_definition_arn("arn:aws:ecs:eu-west-2:123456789012:task-definition/web:7")
        .family("web")
        .network_mode(NetworkMode::Awsvpc)
        .cpu("256")
        .memory("512")
        .container_definitions(container("proxy", "envoy:1"))
        .container_definitions(container("app", image))
        .build()
}

fn live() -> Live {
    Live {
        task_definition: "web:7".into(),
        digests: vec![],
        network: Some(Network {
            subnets: vec!["subnet-1".into()],
            security_groups: vec![],
            public_ip: false,
        }),
        capacity: Some(Capacity::LaunchType("FARGATE".into())),
        platform_version: Some("1.4.0".into()),
        because: "task set ecs-svc/1 is PRIMARY".into(),
    }
}

fn plan_of(more: &Value, live: &Live, image: &str, allowed: Option<&str>) -> Result<Plan> {
    let mut input = json!({
        "job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind",
    });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    let balanced = LoadBalancer::builder().container_name("app").build();
    let service = Service::builder().service_name("web").load_balancers(balanced).build();
    Plan::of(&Ingredients {
        input: &Input::read(&input).unwrap(),
        run: "run",
        service: &service,
        live,
        definition: &definition(image),
        settings: &settings(allowed),
        now: 1000,
    })
}

#[test]
fn a_plan_says_everything_before_anything_happens() {
    let more = json!({
        "cpu": 1024, "memory": "2 GB", "ephemeral_storage": 50, "environment": {"BATCH": "7"},
    });
    let plan = plan_of(&more, &live(), "registry/web:7", None).unwrap();
    expect![[r#"
        Live: task set ecs-svc/1 is PRIMARY.
        RunTask
          cluster         live
          task definition arn:aws:ecs:eu-west-2:123456789012:task-definition/web:7
          container       app
          command         ["bin/jobs", "remind"]
          cpu             1024
          memory          2048 MiB
          storage         50 GiB
          environment     BATCH
          launch type     FARGATE
          platform        1.4.0
          subnets         subnet-1
          security groups 
          public IP       no
          lock            job/reminders
          started by      quayside/job/reminders
          client token    f0c9ecab7fd4bd2b67b2edba9dcdcb1526ece53df8dbd79dfe89ac827bab1178
        If the last run is still at work, it keeps this one from running."#]]
    .assert_eq(&plan.to_string());
}

#[test]
fn the_live_image_is_run_by_its_digest() {
    let check = |image: &str, more: &Value, expected: Option<&str>| {
        let known = Live { digests: vec![("app".into(), "sha256:1".into())], ..live() };
        let derived = plan_of(more, &known, image, None).unwrap().derived;
        let image =
            derived.as_ref().and_then(|it| it.definition.container_definitions()[1].image());
        assert_eq!(image, expected);
    };
    let none = json!({});
    check("registry/web:latest", &none, Some("registry/web@sha256:1"));
    check("registry:5000/team/web", &none, Some("registry:5000/team/web@sha256:1"));
    check("web:7", &none, Some("web@sha256:1"));
    check("registry/web@sha256:1", &none, None);
    check("registry/web:7", &json!({"exact_image": false}), None);
    check("registry/web:7", &json!({"task_definition": "web:9"}), None);
}

#[test]
fn spot_is_wanted_or_not() {
    let capacity = |more: Value| {
        plan_of(&more, &live(), "registry/web:7", None).unwrap().task.placement.capacity
    };
    let fargate = Capacity::LaunchType("FARGATE".into());
    assert_eq!(capacity(json!({})), fargate);
    assert_eq!(capacity(json!({"capacity": "on-demand"})), fargate);
    let task = plan_of(&json!({"capacity": "spot"}), &live(), "web:7", None).unwrap().task;
    let Capacity::Strategy(providers) = &task.placement.capacity else { panic!("no strategy") };
    assert_eq!(providers[0].name, "FARGATE_SPOT");
    assert_eq!(Plan::on_demand(&task).unwrap().placement.capacity, fargate);
    let other = plan_of(&json!({}), &live(), "web:7", None).unwrap().task;
    assert_eq!(Plan::on_demand(&other), None);
}

#[test]
fn what_cannot_run_is_refused_by_name() {
    let check = |more: Value, image: &str, allowed: Option<&str>, why: &str| {
        let error = format!("{:#}", plan_of(&more, &live(), image, allowed).unwrap_err());
        assert!(error.contains(why), "{error}");
    };
    check(json!({}), "dummy-image", None, "has the image `dummy-image`");
    check(json!({"container": "rails"}), "web:7", None, "container is `rails`");
    check(json!({"cpu": 1024}), "web:7", None, "Fargate has 2048 to 8192 MiB");
    check(json!({}), "web:7", Some(r#"["bin/rails **"]"#), "is not among ALLOWED_COMMANDS");
    check(json!({"environment": {"X": "x".repeat(9000)}}), "web:7", None, "ECS allows 8192");
    assert!(plan_of(&json!({}), &live(), "web:7", Some(r#"["bin/jobs *"]"#)).is_ok());
}
