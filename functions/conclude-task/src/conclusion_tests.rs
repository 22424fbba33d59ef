//! Every task, every waiting deployment, every moment: what is done.

use aws_sdk_ecs::types::{Container, TaskStopCode};
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

fn deployment(status: &str, cluster: &str, definition: &str) -> Box<Deployed> {
    Box::new(Deployed {
        id: "d-1".into(),
        application: Some("web".into()),
        group: Some("live".into()),
        cluster: cluster.into(),
        service: "web".into(),
        status: status.into(),
        task_definitions: vec![definition.into()],
    })
}

fn waits() -> Waiting {
    Waiting::Deployment(deployment("InProgress", "live", DEFINITION))
}

fn stopped() -> Waiting {
    Waiting::Nobody(deployment("Stopped", "live", DEFINITION))
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
        Waiting::Deployment(deployment("InProgress", cluster, definition))
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
    let foreign = Waiting::Nobody(deployment("Stopped", "live", "web:9"));
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

#[test]
fn who_asks_by_itself_is_told_nothing_and_never_left_with_a_task() {
    let asks = Waiting::Asks(deployment("IN_PROGRESS", "live", DEFINITION));
    let by_itself = "nothing to do: who waits for it asks by itself";
    check(&task("RUNNING", None), 1, &asks, 999, "still running");
    check(&task("STOPPED", Some(0)), 1, &asks, 999, by_itself);
    check(&task("STOPPED", Some(1)), 1, &asks, 999, by_itself);
    check(&never_started(), 1, &asks, 0, by_itself);
    check(&task("RUNNING", None), 1, &asks, 1599, "still running");
    let late = "stopped: its deadline has passed and nobody has asked";
    check(&task("RUNNING", None), 1, &asks, 1600, late);
}

#[test]
fn a_jobs_end_is_told_once_and_its_longest_duration_kept() {
    let people = |told| Waiting::People { told, failures: 0 };
    check(&task("RUNNING", None), 1, &people(false), 999, "still running");
    check(&task("STOPPED", Some(0)), 1, &people(false), 999, "Succeeded");
    check(&task("STOPPED", Some(1)), 1, &people(false), 0, "Failed: container app exited with 1");
    check(&task("STOPPED", Some(1)), 1, &people(true), 0, "nothing to do: its end has been told");
    let replaced = Task::builder()
        .last_status("STOPPED")
        .stop_code(TaskStopCode::UserInitiated)
        .stopped_reason("quayside: replaced by a newer run")
        .containers(Container::builder().name("app").exit_code(143).build())
        .build();
    check(&replaced, 1, &people(false), 0, "nothing to do: a newer run has replaced it");
    check(
        &task("RUNNING", None),
        1,
        &people(true),
        1000,
        "stopped: past its deadline, as was told before",
    );
    check(
        &task("RUNNING", None),
        1,
        &people(false),
        1000,
        "Failed: container app still runs at its deadline, 1970-01-01T00:16:40Z; the task is stopped",
    );
}

#[test]
fn a_further_command_follows_success_only() {
    let mark = Mark { then: vec![vec!["seed".into()]], ..mark(1) };
    let settings = Settings::read(&Environment::from([(
        "ALERTS_TOPIC_ARN",
        "arn:aws:sns:eu-west-2:123456789012:alerts",
    )]));
    let told = |task: &Task| {
        let now = Timestamp::from_second(0).unwrap();
        Conclusion::of(task, &mark, &waits(), now, settings.as_ref().unwrap()).to_string()
    };
    assert_eq!(told(&task("STOPPED", Some(0))), r#"succeeded; next: ["seed"]"#);
    assert_eq!(told(&task("STOPPED", Some(2))), "Failed: container app exited with 2");
}
