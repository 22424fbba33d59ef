//! Every task, every waiting deployment, every moment: what is done.

use aws_sdk_codedeploy::types::DeploymentStatus;
use aws_sdk_ecs::types::{Container, TaskStopCode};
use deployment::AppSpec;
use runtime::Environment;

use super::*;

const CLUSTER: &str = "arn:aws:ecs:eu-west-2:123456789012:cluster/live";
const DEFINITION: &str = "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8";

fn mark(attempt: u32) -> Mark {
    Mark {
        id: "d-1".into(),
        hook: "hook".into(),
        container: "app".into(),
        deadline: 1000,
        attempt,
        ..Mark::default()
    }
}

fn task(status: &str, exit_code: Option<i32>) -> Task {
    Task::builder()
        .cluster_arn(CLUSTER)
        .task_definition_arn(DEFINITION)
        .last_status(status)
        .containers(Container::builder().name("app").set_exit_code(exit_code).build())
        .build()
}

fn never_started() -> Task {
    Task::builder()
        .cluster_arn(CLUSTER)
        .task_definition_arn(DEFINITION)
        .last_status("STOPPED")
        .stop_code(TaskStopCode::TaskFailedToStart)
        .stopped_reason("CannotPullContainerError: i/o timeout")
        .build()
}

fn deployment(status: DeploymentStatus, cluster: &str, definition: &str) -> Box<Deployment> {
    Box::new(Deployment {
        id: "d-1".into(),
        application: "web".into(),
        group: "live".into(),
        cluster: cluster.into(),
        service: "web".into(),
        status,
        appspec: AppSpec {
            task_definition: definition.into(),
            container: None,
            network: None,
            platform_version: None,
            capacity: vec![],
        },
    })
}

fn waits() -> Waiting {
    Waiting::Deployment(deployment(DeploymentStatus::InProgress, "live", DEFINITION))
}

fn stopped() -> Waiting {
    Waiting::Nobody(deployment(DeploymentStatus::Stopped, "live", DEFINITION))
}

#[track_caller]
fn check(task: &Task, attempt: u32, waiting: &Waiting, now: i64, expected: &str) {
    for overdue in ["stop", "leave"] {
        let settings = Settings::read(&Environment::from([
            ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:alerts"),
            ("OVERDUE_TASKS", overdue),
        ]))
        .unwrap();
        let now = Timestamp::from_second(now).unwrap();
        let conclusion = Conclusion::of(task, &mark(attempt), waiting, now, &settings).to_string();
        let expected = match expected.split_once(" / ") {
            Some((stop, leave)) => {
                if overdue == "stop" {
                    stop
                } else {
                    leave
                }
            }
            None => expected,
        };
        assert_eq!(conclusion, expected, "{overdue}");
    }
}

#[test]
fn a_waiting_deployment_gets_the_verdict() {
    check(&task("RUNNING", None), 1, &waits(), 999, "still running");
    check(&task("DEPROVISIONING", Some(0)), 1, &waits(), 999, "Succeeded");
    check(&task("STOPPED", Some(0)), 1, &waits(), 5000, "Succeeded");
    check(&task("STOPPED", Some(1)), 1, &waits(), 999, "Failed: container app exited with 1");
    check(
        &task("RUNNING", None),
        1,
        &waits(),
        1000,
        "Failed: container app still runs at its deadline, 1970-01-01T00:16:40Z; the task is stopped \
         / Failed: container app still runs at its deadline, 1970-01-01T00:16:40Z",
    );
}

#[test]
fn what_never_ran_is_started_again_within_bounds() {
    let why = "container app never started: CannotPullContainerError: i/o timeout";
    check(&never_started(), 1, &waits(), 0, &format!("started again (attempt 2): {why}"));
    check(&never_started(), 2, &waits(), 0, &format!("started again (attempt 3): {why}"));
    check(&never_started(), 3, &waits(), 0, &format!("Failed: {why}"));
    check(&never_started(), 1, &waits(), 1000, &format!("Failed: {why}"));
}

#[test]
fn nobody_waits_for_an_ended_deployment() {
    check(
        &task("RUNNING", None),
        1,
        &stopped(),
        0,
        "stopped: the deployment is Stopped \
         / nothing to do: the deployment is Stopped and the task still runs",
    );
    check(&task("STOPPED", Some(0)), 1, &stopped(), 0, "nothing to do: the deployment is Stopped");
    let over = Waiting::Over { status: "Failed".into() };
    check(&task("RUNNING", None), 1, &over, 0, "nothing to do: the deployment is Failed");
}

#[test]
fn a_task_that_is_not_the_deployments_decides_nothing() {
    let other = |cluster: &str, definition: &str| {
        Waiting::Deployment(deployment(DeploymentStatus::InProgress, cluster, definition))
    };
    let ended = task("STOPPED", Some(0));
    check(
        &ended,
        1,
        &other("staging", DEFINITION),
        0,
        "refused: the task runs in cluster live, but d-1 deploys to cluster staging",
    );
    check(
        &ended,
        1,
        &other("live", "web:9"),
        0,
        &format!("refused: the task runs {DEFINITION}, but d-1 deploys web:9"),
    );
    check(&ended, 1, &other("live", "web:8"), 0, "Succeeded");
    check(&ended, 1, &Waiting::NoSuchDeployment, 0, "refused: there is no deployment d-1");
    let running = task("RUNNING", None);
    let foreign = Waiting::Nobody(deployment(DeploymentStatus::Stopped, "live", "web:9"));
    check(
        &running,
        1,
        &foreign,
        0,
        &format!("refused: the task runs {DEFINITION}, but d-1 deploys web:9"),
    );
}

#[test]
fn what_cannot_be_verified_is_never_approved() {
    let unknown = Waiting::Unknown("GetDeployment: AccessDeniedException".into());
    let denied = "GetDeployment: AccessDeniedException";
    check(&task("STOPPED", Some(0)), 1, &unknown, 0, &format!("not yet: {denied}"));
    check(&task("RUNNING", None), 1, &unknown, 0, "still running");
    check(&never_started(), 1, &unknown, 0, &format!("not yet: {denied}"));
    check(&task("STOPPED", Some(1)), 1, &unknown, 0, "Failed: container app exited with 1");
    let unverified = format!("Failed: the task could not be verified: {denied}");
    check(&task("STOPPED", Some(0)), 1, &unknown, 1000, &unverified);
    check(&task("RUNNING", None), 1, &unknown, 1000, &unverified);
}
