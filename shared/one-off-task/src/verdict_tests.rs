//! The exit matrix: no false success, no false failure, the reason in words.

use super::*;

fn mark() -> Mark {
    Mark {
        id: "d-1".into(),
        hook: "hook".into(),
        container: "app".into(),
        deadline: 0,
        attempt: 1,
        allowed_exit_codes: vec![3],
        ..Mark::default()
    }
}

/// A container as ECS describes it: `app=0`, `app=?` (no exit code), `app=? CannotPull… : …`.
fn container(text: &str) -> Container {
    let (head, reason) = text.split_once(' ').unwrap_or((text, ""));
    let (name, code) = head.split_once('=').unwrap();
    Container::builder()
        .name(name)
        .set_exit_code(code.parse().ok())
        .set_reason((!reason.is_empty()).then(|| reason.to_owned()))
        .set_runtime_id(code.parse::<i32>().ok().map(|_| "runtime".to_owned()))
        .build()
}

fn task(status: &str, stop: &str, reason: &str, containers: &[&str]) -> Task {
    Task::builder()
        .last_status(status)
        .set_stop_code((!stop.is_empty()).then(|| TaskStopCode::from(stop)))
        .set_stopped_reason((!reason.is_empty()).then(|| reason.to_owned()))
        .set_containers(Some(containers.iter().map(|it| container(it)).collect()))
        .build()
}

const EXITED: &str = "EssentialContainerExited";
const ESSENTIAL: &str = "Essential container in task exited";
const NO_START: &str = "TaskFailedToStart";

fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Running => "running".into(),
        Verdict::Succeeded => "succeeded".into(),
        Verdict::Failed(it) => format!(
            "{}{}{}",
            it.reason,
            it.hint.as_deref().map(|hint| format!(" | {hint}")).unwrap_or_default(),
            if it.may_start_again { " | again" } else { "" }
        ),
    }
}

#[track_caller]
fn check(task: &Task, expected: &str) {
    assert_eq!(in_words(&Verdict::of(task, &mark())), expected);
}

#[test]
fn the_named_container_decides_and_nobody_else() {
    let ended = |containers: &[&str]| task("STOPPED", EXITED, ESSENTIAL, containers);
    check(&ended(&["app=0"]), "succeeded");
    check(&ended(&["app=3"]), "succeeded");
    check(&ended(&["sidecar=143", "app=0"]), "succeeded");
    check(
        &ended(&["app=0", "sidecar=137", "aws-guardduty-agent-x=? CannotPullContainerError"]),
        "succeeded",
    );
    check(&ended(&["sidecar=0", "app=1"]), "container app exited with 1");
    check(
        &ended(&["sidecar=0"]),
        "container app never started: Essential container in task exited",
    );
    check(
        &ended(&["proxy=1", "app=143"]),
        "container app exited with 143 after the essential container proxy | Look at the log of proxy.",
    );
}

#[test]
fn the_verdict_falls_when_the_container_has_exited() {
    check(&task("PROVISIONING", "", "", &["app=?"]), "running");
    check(&task("RUNNING", "", "", &["app=?", "sidecar=0"]), "running");
    check(&task("RUNNING", "", "", &["app=0", "sidecar=?"]), "succeeded");
    check(&task("DEPROVISIONING", EXITED, ESSENTIAL, &["app=0"]), "succeeded");
    check(&task("DEPROVISIONING", EXITED, ESSENTIAL, &["app=1"]), "container app exited with 1");
    check(&task("DEPROVISIONING", NO_START, "", &["app=?"]), "running");
    check(&task("RUNNING", "", "", &[]), "running");
}

#[test]
fn exit_codes_come_with_a_hint() {
    let ended = |container: &str| task("STOPPED", EXITED, ESSENTIAL, &[container]);
    check(
        &ended("app=137 OutOfMemoryError: Container killed due to memory usage"),
        "container app ran out of memory (exit code 137) | Give the task definition more memory.",
    );
    check(
        &ended("app=137"),
        "container app exited with 137 | The process was killed (SIGKILL): out of memory, or it ignored a stop.",
    );
    check(
        &ended("app=139"),
        "container app exited with 139 | The process crashed (SIGSEGV): a native library, or an image of another architecture.",
    );
    check(
        &ended("app=143"),
        "container app exited with 143 | The process was told to stop (SIGTERM) and did.",
    );
    check(
        &ended("app=127"),
        "container app exited with 127 | The command was not found in the image.",
    );
    check(&ended("app=?"), "container app never started: Essential container in task exited");
}

#[test]
fn a_task_that_was_stopped_is_no_success_whatever_its_exit_code() {
    check(
        &task("STOPPED", "UserInitiated", "by hand", &["app=0"]),
        "container app exited with 0, but somebody stopped the task (by hand); it may not have finished | Check what the command has done, then deploy again.",
    );
    check(
        &task("STOPPED", "UserInitiated", "by hand", &["app=143"]),
        "container app exited with 143, after somebody stopped the task (by hand)",
    );
    check(
        &task("STOPPED", "UserInitiated", "", &["app=?"]),
        "container app never started: somebody stopped the task (no reason given)",
    );
    check(
        &task("STOPPED", "SpotInterruption", "Your Spot Task was interrupted.", &["app=137"]),
        "container app exited with 137, after AWS took the Spot capacity back",
    );
    check(
        &task("STOPPED", "SpotInterruption", "", &["app=0"]),
        "container app exited with 0, but AWS took the Spot capacity back; it may not have finished | Check what the command has done, then deploy again.",
    );
    check(
        &task("STOPPED", "InfrastructureHealth", "host is unhealthy", &["app=?"]),
        "container app never started: ECS stopped the task (InfrastructureHealth, host is unhealthy)",
    );
}

#[test]
fn only_what_never_ran_and_will_pass_is_started_again() {
    let never = |reason: &str| task("STOPPED", NO_START, reason, &["app=?"]);
    check(
        &never("CannotPullContainerError: pull image manifest: dial tcp: i/o timeout"),
        "container app never started: CannotPullContainerError: pull image manifest: dial tcp: i/o timeout | The subnet may have no way out: a NAT gateway, a public IP or VPC endpoints for ECR and S3. | again",
    );
    check(
        &never("Timeout waiting for network interface provisioning to complete."),
        "container app never started: Timeout waiting for network interface provisioning to complete. | again",
    );
    check(
        &never("CannotPullContainerError: registry/app:8: not found"),
        "container app never started: CannotPullContainerError: registry/app:8: not found | Check that the image exists and that the execution role may pull it.",
    );
    check(
        &never("ResourceInitializationError: unable to pull secrets: AccessDeniedException"),
        "container app never started: ResourceInitializationError: unable to pull secrets: AccessDeniedException | Check the secrets in the task definition and the execution role's permission to read them.",
    );
    check(&task("STOPPED", NO_START, "", &[]), "container app never started: ECS gives no reason");
    check(
        &task("STOPPED", NO_START, "Capacity is unavailable at this time.", &[]),
        "container app never started: Capacity is unavailable at this time. | again",
    );
    // A sidecar failed to start when the command was already running.
    let created = Container::builder().name("app").runtime_id("1").build();
    let task = Task::builder()
        .last_status("STOPPED")
        .stop_code(TaskStopCode::TaskFailedToStart)
        .stopped_reason("CannotPullContainerError: sidecar: i/o timeout")
        .containers(created)
        .build();
    check(
        &task,
        "container app ended without an exit code: CannotPullContainerError: sidecar: i/o timeout | The subnet may have no way out: a NAT gateway, a public IP or VPC endpoints for ECR and S3.",
    );
}

mod whatever_ecs_says {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    fn any_task() -> impl Strategy<Value = Task> {
        let code = option::of(prop_oneof![Just(0), Just(1), Just(3), Just(137), Just(143)]);
        let container =
            (prop_oneof!["app", "proxy", "agent"], code, any::<bool>(), "[A-Za-z: ]{0,30}");
        let stop = option::of(prop_oneof![
            Just("EssentialContainerExited"),
            Just("TaskFailedToStart"),
            Just("UserInitiated"),
            Just("SpotInterruption"),
            Just("TerminationNotice"),
            Just("InfrastructureHealth"),
            Just("SomethingNew"),
        ]);
        let status = prop_oneof![
            Just("PROVISIONING"),
            Just("RUNNING"),
            Just("DEPROVISIONING"),
            Just("STOPPED")
        ];
        let reason =
            option::of("(CannotPullContainerError|Timeout|capacity is unavailable)?.{0,40}");
        let containers = prop::collection::vec(container, 0..4);
        (containers, stop, status, reason, any::<bool>()).prop_map(
            |(containers, stop, status, reason, started)| {
                let containers = containers.into_iter().map(|(name, code, created, reason)| {
                    Container::builder()
                        .name(name)
                        .set_exit_code(code)
                        .set_runtime_id((created || code.is_some()).then(|| "id".to_owned()))
                        .reason(reason)
                        .build()
                });
                Task::builder()
                    .set_containers(Some(containers.collect()))
                    .set_stop_code(stop.map(TaskStopCode::from))
                    .last_status(status)
                    .set_stopped_reason(reason)
                    .set_started_at(
                        started.then(|| aws_sdk_ecs::primitives::DateTime::from_secs(1)),
                    )
                    .build()
            },
        )
    }

    proptest! {
        #[test]
        fn success_is_an_allowed_exit_code_of_the_named_container(task in any_task()) {
            let app = task.containers().iter().find(|it| it.name() == Some("app"));
            let code = app.and_then(Container::exit_code);
            let uninterrupted = matches!(
                task.stop_code(),
                None | Some(TaskStopCode::EssentialContainerExited | TaskStopCode::TaskFailedToStart)
            );
            let right = matches!(code, Some(0 | 3)) && uninterrupted;
            prop_assert_eq!(Verdict::of(&task, &mark()) == Verdict::Succeeded, right);
        }

        #[test]
        fn what_may_have_run_is_never_started_again(task in any_task()) {
            if let Verdict::Failed(failure) = Verdict::of(&task, &mark())
                && failure.may_start_again
            {
                let app = task.containers().iter().find(|it| it.name() == Some("app"));
                prop_assert!(app.is_none_or(|it| it.exit_code().is_none() && it.runtime_id().is_none()));
                prop_assert!(task.started_at().is_none() && task.last_status() == Some("STOPPED"));
            }
        }

        #[test]
        fn every_failure_has_its_reason(task in any_task()) {
            if let Verdict::Failed(failure) = Verdict::of(&task, &mark()) {
                prop_assert!(failure.reason.starts_with("container app "), "{}", failure.reason);
            }
        }
    }
}
