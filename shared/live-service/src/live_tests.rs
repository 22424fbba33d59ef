//! For each controller and each moment of a deployment: what is live.

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, ContainerDefinition, DeploymentConfiguration, DeploymentController,
    LaunchType, NetworkConfiguration, Rollback, ServiceCurrentRevisionSummary,
    ServiceRevisionSummary, TaskSet,
};

use super::*;

const OLD: &str = "web:7";
const NEW: &str = "web:8";

fn service(controller: &str) -> Service {
    let kind = DeploymentControllerType::from(controller);
    let controller = DeploymentController::builder().r#type(kind).build().unwrap();
    Service::builder().service_name("web").deployment_controller(controller).build()
}

/// Task sets as `PRIMARY web:7, ACTIVE web:8`.
fn task_sets(controller: &str, sets: &str) -> Result<Live> {
    let mut service = service(controller);
    let sets = sets.split(", ").filter_map(|it| it.split_once(' ')).map(|(status, definition)| {
        TaskSet::builder().id("ecs-svc/1").status(status).task_definition(definition).build()
    });
    service.task_sets = Some(sets.collect());
    Live::of(&service, &Deployments::default())
}

/// Rolling deployments, newest first, as `PRIMARY IN_PROGRESS web:8, ACTIVE COMPLETED web:7`.
fn rolling(deployments: &str) -> Result<Live> {
    let mut service = service("ECS");
    let mut age = 1000;
    let deployments = deployments.split(", ").map(|it| {
        let mut words = it.split(' ');
        age -= 1;
        let status = words.next().unwrap();
        let state = words.next().filter(|it| *it != "-").map(DeploymentRolloutState::from);
        Deployment::builder()
            .id(format!("ecs-svc/{age}"))
            .status(status)
            .set_rollout_state(state)
            .task_definition(words.next().unwrap())
            .created_at(DateTime::from_secs(age))
            .running_count(words.next().map_or(0, |it| it.parse().unwrap()))
            .build()
    });
    service.deployments = Some(deployments.collect());
    Live::of(&service, &Deployments::default())
}

/// The same, with what the service deployment says: where it goes back to.
fn rolling_back(deployments: &str, source: Option<&str>) -> Result<Live> {
    let known = known("ROLLBACK_IN_PROGRESS", source);
    let mut service = service("ECS");
    let all = deployments.split(", ").map(|it| {
        let mut words = it.split(' ');
        Deployment::builder()
            .status(words.next().unwrap())
            .rollout_state(words.next().unwrap().into())
            .task_definition(words.next().unwrap())
            .build()
    });
    service.deployments = Some(all.collect());
    Live::of(&service, &known)
}

fn arn(definition: &str) -> String {
    format!("arn:service-revision/{definition}")
}

/// A blue/green service: its deployment's status, and the revisions that run tasks.
fn blue_green(status: &str, source: Option<&str>, running: &[&str]) -> Result<Live> {
    let mut service = service("ECS");
    let strategy = DeploymentStrategy::BlueGreen;
    service.deployment_configuration =
        Some(DeploymentConfiguration::builder().strategy(strategy).build());
    let current = running.iter().map(|it| {
        ServiceCurrentRevisionSummary::builder().arn(arn(it)).running_task_count(1).build()
    });
    service.current_service_revisions = Some(current.collect());
    let mut known = known(status, source);
    if status.is_empty() {
        known.current = None;
    }
    Live::of(&service, &known)
}

/// A service deployment from `source` to the new revision.
fn known(status: &str, source: Option<&str>) -> Deployments {
    let summary = |it: &str| ServiceRevisionSummary::builder().arn(arn(it)).build();
    let deployment = ServiceDeployment::builder()
        .service_deployment_arn("arn:service-deployment/live/web/d")
        .status(status.into())
        .set_source_service_revisions(source.map(|it| vec![summary(it)]))
        .target_service_revision(summary(NEW))
        .rollback(Rollback::builder().set_service_revision_arn(source.map(arn)).build())
        .build();
    let revision = |it: &str| {
        let image = ContainerImage::builder().container_name("app").image_digest("sha256:1");
        ServiceRevision::builder()
            .service_revision_arn(arn(it))
            .task_definition(it)
            .container_images(image.build())
            .build()
    };
    Deployments { current: Some(deployment), revisions: vec![revision(OLD), revision(NEW)] }
}

#[track_caller]
fn check(live: Result<Live>, expected: &str) {
    match live {
        Ok(live) => assert_eq!(live.task_definition, expected, "{}", live.because),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains(expected) && error.contains("no image"), "{error}");
        }
    }
}

#[test]
#[rustfmt::skip]
fn which_image_is_live() {
    // CodeDeploy and external controllers: the PRIMARY task set.
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let check = |sets: &str, expected: &str| check(task_sets(controller, sets), expected);
        check("PRIMARY web:7",                OLD); // before
        check("PRIMARY web:7, ACTIVE web:8",  OLD); // in flight, or failing
        check("ACTIVE web:7, PRIMARY web:8",  NEW); // the traffic has moved
        check("PRIMARY web:7, DRAINING web:8", OLD); // rolled back
        check("PRIMARY web:8",                NEW); // just finished
        check("ACTIVE web:8",                 "no PRIMARY task set");
    }

    // Rolling: the last deployment that has completed.
    check(rolling("PRIMARY COMPLETED web:7"),                             OLD); // before
    check(rolling("PRIMARY IN_PROGRESS web:8, ACTIVE COMPLETED web:7"),   OLD); // in flight
    check(rolling("PRIMARY FAILED web:8, ACTIVE COMPLETED web:7"),        OLD); // failing
    check(rolling("PRIMARY IN_PROGRESS web:7, ACTIVE FAILED web:8, ACTIVE COMPLETED web:7"), OLD); // rolling back
    check(rolling_back("PRIMARY IN_PROGRESS web:7, ACTIVE FAILED web:8", Some(OLD)), OLD); // rolling back
    check(rolling_back("PRIMARY IN_PROGRESS web:8", None),                "none of its deployments");
    check(rolling("PRIMARY COMPLETED web:7, ACTIVE FAILED web:8"),        OLD); // rolled back
    check(rolling("PRIMARY COMPLETED web:8, ACTIVE COMPLETED web:7"),     NEW); // just finished
    check(rolling("PRIMARY IN_PROGRESS web:8"),                           "none of its deployments"); // the first
    check(rolling("PRIMARY - web:7 1"),                                   OLD); // Classic Load Balancer
    check(rolling("PRIMARY - web:8 1, ACTIVE - web:7 1"),                 "does not say");

    // ECS's own blue/green: the revision that a successful deployment has left in service.
    check(blue_green("", None, &[OLD]),                                   OLD); // before
    for status in ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"] {
        check(blue_green(status, Some(OLD), &[OLD, NEW]),                 OLD); // in flight, or failing
    }
    check(blue_green("ROLLBACK_SUCCESSFUL", Some(OLD), &[OLD]),           OLD); // rolled back
    check(blue_green("SUCCESSFUL", Some(OLD), &[NEW]),                    NEW); // just finished
    check(blue_green("IN_PROGRESS", None, &[NEW]),                        "nothing was live before"); // the first
    check(blue_green("STOPPED", Some(OLD), &[OLD]),                       OLD);
    check(blue_green("STOPPED", Some(OLD), &[OLD, NEW]),                  "deploy once more");
    check(blue_green("ROLLBACK_FAILED", Some(OLD), &[OLD, NEW]),          "deploy once more");
}

#[test]
fn the_digest_of_a_revision_is_known() {
    let live = blue_green("SUCCESSFUL", Some(OLD), &[NEW]).unwrap();
    assert_eq!(live.digests, [("app".to_owned(), "sha256:1".to_owned())]);
    assert_eq!(live.because, "service deployment d is SUCCESSFUL");
}

/// A rolling service that is deployed anew with the same task definition, whose tag has moved: its
/// service deployment's status, and of each revision the digest and what it is of that deployment.
fn deployed_anew(status: &str, revisions: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut service = service("ECS");
    let deployment = |state: &str, status: &str| {
        let state = DeploymentRolloutState::from(state);
        Deployment::builder().status(status).rollout_state(state).task_definition(OLD).build()
    };
    service.deployments =
        Some(vec![deployment("IN_PROGRESS", "PRIMARY"), deployment("COMPLETED", "ACTIVE")]);
    let current =
        revisions.iter().map(|(_, it)| ServiceCurrentRevisionSummary::builder().arn(arn(it)));
    service.current_service_revisions =
        Some(current.map(|it| it.running_task_count(1).build()).collect());
    let summaries = |part: &str| -> Vec<ServiceRevisionSummary> {
        let these = revisions.iter().filter(|(it, _)| *it == part);
        these.map(|(_, it)| ServiceRevisionSummary::builder().arn(arn(it)).build()).collect()
    };
    let current = ServiceDeployment::builder()
        .status(status.into())
        .set_source_service_revisions(Some(summaries("source")))
        .set_target_service_revision(summaries("target").into_iter().next())
        .build();
    let revision = |digest: &str| {
        let image = ContainerImage::builder().container_name("app").image_digest(digest).build();
        ServiceRevision::builder()
            .service_revision_arn(arn(digest))
            .task_definition(OLD)
            .container_images(image)
            .build()
    };
    let known = Deployments {
        current: (!status.is_empty()).then_some(current),
        revisions: revisions.iter().map(|(_, digest)| revision(digest)).collect(),
    };
    Live::of(&service, &known).unwrap().digests
}

#[test]
#[rustfmt::skip]
fn of_two_revisions_with_one_task_definition_the_live_ones_digest_counts() {
    let check = |status: &str, revisions: &[(&str, &str)], expected: &str| {
        let digests = deployed_anew(status, revisions);
        assert_eq!(digests.first().map_or("", |(_, it)| it), expected, "{status} {revisions:?}");
    };
    // ECS does not say in which order it shows them.
    check("IN_PROGRESS", &[("source", "sha256:1"), ("target", "sha256:2")], "sha256:1");
    check("IN_PROGRESS", &[("target", "sha256:2"), ("source", "sha256:1")], "sha256:1");
    check("SUCCESSFUL",  &[("source", "sha256:1"), ("target", "sha256:2")], "sha256:2");
    check("",            &[("other", "sha256:1")],                         "sha256:1");
    // Where it can't be told, the tag has to do.
    check("STOPPED",     &[("source", "sha256:1"), ("target", "sha256:2")], "");
    check("IN_PROGRESS", &[("source", "sha256:1"), ("source", "sha256:2")], "");
    check("STOPPED",     &[("source", "sha256:1"), ("target", "sha256:1")], "sha256:1");
}

#[test]
fn the_nearest_word_on_where_it_runs_counts() {
    let vpc = |subnet: &str| {
        let vpc = AwsVpcConfiguration::builder().subnets(subnet).build().unwrap();
        NetworkConfiguration::builder().awsvpc_configuration(vpc).build()
    };
    let mut service = service("EXTERNAL");
    service.launch_type = Some(LaunchType::Fargate);
    service.network_configuration = Some(vpc("subnet-service"));
    let told = |service: &Service| {
        let live = Live::of(service, &Deployments::default()).ok();
        live.into_iter().chain([Live::named(service, "web:9")]).map(|it| {
            let subnets = it.network.unwrap().subnets;
            format!("{} in {} on {:?}", it.task_definition, subnets[0], it.capacity.unwrap())
        })
    };
    let check = |service: &Service, expected: &[&str]| {
        assert_eq!(told(service).collect::<Vec<_>>(), expected);
    };
    // Nothing has been deployed yet.
    check(&service, &[r#"web:9 in subnet-service on LaunchType("FARGATE")"#]);
    let primary = TaskSet::builder().status("PRIMARY").task_definition(OLD);
    let primary = primary.network_configuration(vpc("subnet-primary")).build();
    service.task_sets = Some(vec![primary]);
    check(
        &service,
        &[
            r#"web:7 in subnet-primary on LaunchType("FARGATE")"#,
            r#"web:9 in subnet-primary on LaunchType("FARGATE")"#,
        ],
    );
}

#[test]
fn what_is_no_image_is_refused() {
    let check = |image: &str, refused: bool| {
        let container = ContainerDefinition::builder().name("app").image(image).build();
        let definition = TaskDefinition::builder().container_definitions(container).build();
        assert_eq!(Live::check_images(&definition).is_err(), refused, "{image}");
    };
    for image in ["dummy-image", "IMAGE_PLACEHOLDER", "<IMAGE1_NAME>", "${IMAGE}", "", "repo/dummy"]
    {
        check(image, true);
    }
    for image in [
        "123456789012.dkr.ecr.eu-west-2.amazonaws.com/web",
        "registry:5000/dummyserver:1",
        "web@sha256:0123",
        "placeholders-r-us/web:2",
    ] {
        check(image, false);
    }
}
