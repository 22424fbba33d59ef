//! Where, on what and in which container a migration runs.

use aws_sdk_ecs::types::{
    AwsVpcConfiguration, CapacityProviderStrategyItem, Compatibility, ContainerDefinition,
    LaunchType, NetworkConfiguration, NetworkMode, Tag, TaskSet,
};
use deployment::{AppSpec, Deployment};
use one_off_task::{Capacity, Network, Provider};
use runtime::Environment;

use super::*;

fn vpc(subnet: &str) -> NetworkConfiguration {
    let vpc = AwsVpcConfiguration::builder()
        .subnets(subnet)
        .security_groups("sg-1")
        .assign_public_ip("DISABLED".into())
        .build()
        .unwrap();
    NetworkConfiguration::builder().awsvpc_configuration(vpc).build()
}

fn strategy(provider: &str) -> CapacityProviderStrategyItem {
    CapacityProviderStrategyItem::builder().capacity_provider(provider).weight(1).build().unwrap()
}

/// Everything the plan looks at, to be bent by a test.
struct Case {
    appspec: AppSpec,
    live: Service,
    definition: TaskDefinition,
    settings: Settings,
}

fn case() -> Case {
    let container = |name: &str| ContainerDefinition::builder().name(name).build();
    Case {
        appspec: AppSpec {
            task_definition: "web:8".into(),
            container: Some("app".into()),
            network: None,
            platform_version: None,
            capacity: vec![],
        },
        live: Service::builder()
            .service_name("web")
            .launch_type(LaunchType::Fargate)
            .platform_version("1.4.0")
            .network_configuration(vpc("subnet-service"))
            .tags(Tag::builder().key("team").value("shop").build())
            .tags(Tag::builder().key("aws:created").value("x").build())
            .build(),
        definition: TaskDefinition::builder()
            .task_definition_arn("arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8")
            .network_mode(NetworkMode::Awsvpc)
            .container_definitions(container("proxy"))
            .container_definitions(container("app"))
            .build(),
        settings: Settings::read(&Environment::from([
            ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts"),
            ("MIGRATION_COMMAND", "migrate"),
        ]))
        .unwrap(),
    }
}

impl Case {
    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = case();
        change(&mut case);
        case
    }

    fn plan(self) -> Result<OneOffTask> {
        let deployment = Deployment {
            id: "d-1".into(),
            application: "web".into(),
            group: "live".into(),
            cluster: "live".into(),
            service: "web".into(),
            status: aws_sdk_codedeploy::types::DeploymentStatus::InProgress,
            appspec: self.appspec.clone(),
        };
        self.run(&Target::from(&deployment)).map(|it| it.task)
    }

    fn run(&self, target: &Target) -> Result<Run> {
        let hook = Hook {
            caller: Caller::CodeDeploy,
            deployment: "d-1".into(),
            execution: "hook".into(),
            memory: crate::hook::Memory::default(),
        };
        let Self { live, definition, settings, .. } = self;
        let labels = &Labels::of(definition)?;
        let now = Timestamp::from_second(1000).unwrap();
        let of = Ingredients { hook: &hook, target, live, definition, labels, settings, now };
        migration(&of, &commands(labels, None, definition, settings)?)
    }
}

fn labelled(container: &str, labels: &[(&str, &str)]) -> ContainerDefinition {
    labels
        .iter()
        .fold(ContainerDefinition::builder().name(container), |it, (name, value)| {
            it.docker_labels(*name, *value)
        })
        .build()
}

#[test]
fn a_plan_says_everything_before_anything_happens() {
    let plan = Plan::Run(Box::new(Run { task: case().plan().unwrap(), derived: None }));
    expect_test::expect![[r#"
        RunTask
          cluster         live
          task definition arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8
          container       app
          command         ["migrate"]
          launch type     FARGATE
          platform        1.4.0
          subnets         subnet-service
          security groups sg-1
          public IP       no
          lock            live/web
          started by      quayside/migration/d-1
          client token    a94759e424ddf3e71a30f385d35ae0a5f7b245482306f381abdda5503af90862
        Then: Succeeded when container app exits with 0, Failed otherwise."#]]
    .assert_eq(&plan.to_string());
}

#[test]
fn the_nearest_word_on_the_network_counts() {
    let subnet = |case: Case| case.plan().unwrap().placement.network.unwrap().subnets;
    let primary = |it: &mut Case| {
        it.live.task_sets = Some(vec![
            TaskSet::builder().status("ACTIVE").network_configuration(vpc("subnet-green")).build(),
            TaskSet::builder().status("PRIMARY").network_configuration(vpc("subnet-blue")).build(),
        ]);
    };
    assert_eq!(subnet(case()), ["subnet-service"]);
    assert_eq!(subnet(Case::with(primary)), ["subnet-blue"]);
    let appspec = Case::with(|it| {
        primary(it);
        it.appspec.network = Some(Network {
            subnets: vec!["subnet-appspec".into()],
            security_groups: vec![],
            public_ip: true,
        });
    });
    assert_eq!(subnet(appspec), ["subnet-appspec"]);
    let bridge = Case::with(|it| it.definition.network_mode = Some(NetworkMode::Bridge));
    assert_eq!(bridge.plan().unwrap().placement.network, None);
}

#[test]
fn migrations_never_run_on_spot() {
    let check = |change: &dyn Fn(&mut Case), expected: Capacity| {
        assert_eq!(Case::with(|it| change(it)).plan().unwrap().placement.capacity, expected);
    };
    let fargate = || Capacity::LaunchType("FARGATE".into());
    let provider =
        |name: &str| Capacity::Strategy(vec![Provider { name: name.into(), weight: 1, base: 0 }]);
    let runs_on = |it: &mut Case, name: &str| {
        it.live.launch_type = None;
        it.live.capacity_provider_strategy = Some(vec![strategy(name)]);
    };
    check(&|_| {}, fargate());
    check(&|it| runs_on(it, "FARGATE_SPOT"), fargate());
    check(&|it| runs_on(it, "FARGATE"), fargate());
    check(&|it| runs_on(it, "our-instances"), provider("our-instances"));
    check(&|it| it.live.launch_type = Some(LaunchType::Ec2), Capacity::LaunchType("EC2".into()));
    check(&|it| it.live.launch_type = None, Capacity::ClusterDefault);
    check(
        &|it| {
            it.live.launch_type = None;
            it.definition.requires_compatibilities = Some(vec![Compatibility::Fargate]);
        },
        fargate(),
    );
    check(
        &|it| {
            let name = "FARGATE_SPOT".into();
            it.appspec.capacity = vec![Provider { name, weight: 1, base: 0 }];
        },
        fargate(),
    );
}

#[test]
fn labels_beat_settings_and_settings_beat_the_appspec() {
    let named = |case: Case| case.plan().unwrap().mark.container;
    assert_eq!(named(case()), "app");
    let setting = Case::with(|it| it.settings.container = Some("proxy".into()));
    assert_eq!(named(setting), "proxy");
    let label = Case::with(|it| {
        it.settings.container = Some("proxy".into());
        let labels = [
            ("quayside.migrate.container", "app"),
            ("quayside.migrate.command", "bin/rails db:migrate"),
            ("quayside.migrate.timeout", "25m"),
            ("quayside.migrate.success-exit-codes", "3"),
        ];
        it.definition.container_definitions =
            Some(vec![labelled("app", &labels), labelled("proxy", &[])]);
    });
    let task = label.plan().unwrap();
    assert_eq!(task.mark.container, "app");
    assert_eq!(task.command, ["bin/rails", "db:migrate"]);
    assert_eq!(task.mark.deadline, 1000 + 25 * 60);
    assert_eq!(task.mark.allowed_exit_codes, [3]);
    let only = Case::with(|it| {
        it.appspec.container = None;
        it.definition.container_definitions = Some(vec![labelled("web", &[])]);
    });
    assert_eq!(named(only), "web");
}

#[test]
fn the_services_own_tags_come_along() {
    assert_eq!(case().plan().unwrap().tags, [("team".to_owned(), "shop".to_owned())]);
}

#[test]
fn what_is_missing_is_named_with_what_exists() {
    let check = |change: &dyn Fn(&mut Case), why: &str| {
        let error = format!("{:#}", Case::with(|it| change(it)).plan().unwrap_err());
        assert!(error.contains(why), "{error}");
    };
    check(&|it| it.settings.commands = None, "set MIGRATION_COMMAND");
    check(
        &|it| it.settings.container = Some("rails".into()),
        "MIGRATION_CONTAINER names container rails, but web:8 has only proxy, app",
    );
    check(
        &|it| it.appspec.container = Some("rails".into()),
        "the load balancer's configuration names container rails",
    );
    check(&|it| it.appspec.container = None, "which container migrates? web:8 has proxy, app");
    check(&|it| it.live.network_configuration = None, "nor service web has a network");
    check(&|it| it.settings.commands = Some(vec![vec!["x".repeat(9000)]]), "ECS allows 8192");
}
