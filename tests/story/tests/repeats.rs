//! Twice, lost, late, never, slow, killed: one task, one answer.

use std::time::Duration;

use local_aws::scene::{CONCLUDE_FUNCTION, HOOK_FUNCTION};
use local_aws::{EventDelivery, Fault, Kind, Script};
use story::{Stage, alone};

const SUCCEEDED: &str = "deployment Succeeded\ntraffic on web:2\ntasks 1\nanswers Succeeded";
const FAILED: &str = "deployment Failed\ntraffic on web:1\ntasks 1\nanswers Failed\n\
                      alert Migration failed: web in cluster live (d-…): container app exited with 1";

async fn migrating(exit_code: i32) -> Stage {
    Stage::set(move |_| Script::exits(exit_code).after(Duration::from_secs(90))).await
}

/// One task and one answer, whatever is said how often about it.
#[track_caller]
fn once(told: &str, expected: &str, case: &str) {
    let mut lines: Vec<&str> = told.lines().collect();
    // An alert may come twice where a function died between its alert and its answer.
    lines.dedup();
    assert_eq!(lines.join("\n"), expected, "{case}");
}

#[test]
fn every_invocation_comes_twice_at_once() {
    for (exit_code, expected) in [(0, SUCCEEDED), (1, FAILED)] {
        let told = alone(async {
            let stage = migrating(exit_code).await;
            stage.world.duplicate_invocations(2);
            stage.deploy_and_tell().await
        });
        once(&told, expected, "twice");
    }
}

#[test]
fn events_come_twice_in_the_wrong_order_or_never() {
    let deliveries = [
        ("twice", EventDelivery { copies: 2, reversed: false, lost: false }),
        ("reversed", EventDelivery { copies: 1, reversed: true, lost: false }),
        ("twice and reversed", EventDelivery { copies: 2, reversed: true, lost: false }),
        ("never", EventDelivery { copies: 1, reversed: false, lost: true }),
    ];
    for (case, delivery) in deliveries {
        for (exit_code, expected) in [(0, SUCCEEDED), (1, FAILED)] {
            let told = alone(async {
                let stage = migrating(exit_code).await;
                stage.world.event_delivery(delivery);
                stage.deploy_and_tell().await
            });
            once(&told, expected, case);
        }
    }
}

#[test]
fn the_answer_of_run_task_is_lost() {
    for times in [1, 2, 7] {
        let told = alone(async {
            let stage = migrating(0).await;
            stage.world.fault(Fault::new(Kind::AnswerLost).on("RunTask").times(times));
            stage.deploy_and_tell().await
        });
        once(&told, SUCCEEDED, &format!("{times} times"));
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_run_task_is_lost_and_the_task_is_found() {
    let stage = migrating(0).await;
    stage.world.fault(Fault::new(Kind::AnswerLost).on("RunTask"));
    once(&stage.deploy_and_tell().await, SUCCEEDED, "all lost");
}

#[test]
fn the_answer_to_the_answer_is_lost() {
    for (exit_code, expected) in [(0, SUCCEEDED), (1, FAILED)] {
        let told = alone(async {
            let stage = migrating(exit_code).await;
            let put = "PutLifecycleEventHookExecutionStatus";
            stage.world.fault(Fault::new(Kind::AnswerLost).on(put).times(1));
            stage.deploy_and_tell().await
        });
        once(&told, expected, "lost");
    }
}

#[test]
fn every_call_is_throttled_slow_or_broken_now_and_then() {
    let kinds =
        [Kind::Throttled, Kind::ServerError, Kind::AnswerLost, Kind::Slow(Duration::from_secs(2))];
    for kind in kinds {
        for every in [2, 3] {
            for (exit_code, expected) in [(0, SUCCEEDED), (1, FAILED)] {
                let told = alone(async {
                    let stage = migrating(exit_code).await;
                    for function in [HOOK_FUNCTION, CONCLUDE_FUNCTION] {
                        stage.world.fault(Fault::new(kind.clone()).by(function).every(every));
                    }
                    stage.deploy_and_tell().await
                });
                once(&told, expected, &format!("{kind:?}, every {every}"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_calls_of_each_operation_are_throttled() {
    let stage = migrating(0).await;
    for operation in [
        "GetDeployment",
        "GetDeploymentGroup",
        "GetApplicationRevision",
        "DescribeServices",
        "DescribeTaskDefinition",
        "RunTask",
        "DescribeTasks",
        "PutLifecycleEventHookExecutionStatus",
    ] {
        stage.world.fault(Fault::new(Kind::Throttled).on(operation).times(4));
    }
    once(&stage.deploy_and_tell().await, SUCCEEDED, "throttled");
}

/// Kills `function` at its `n`th call; whether it got that far.
fn killed(function: &str, kind: Kind, n: u32, exit_code: i32) -> (String, bool) {
    alone(async {
        let stage = migrating(exit_code).await;
        stage.world.fault(Fault::new(kind).by(function).after(n).times(1));
        let told = stage.deploy_and_tell().await;
        let died = stage.world.requests().iter().any(|it| it.fault.is_some());
        (told, died)
    })
}

#[test]
fn the_functions_may_die_between_any_two_calls() {
    for function in [HOOK_FUNCTION, CONCLUDE_FUNCTION] {
        for kind in [Kind::CallerDiesBefore, Kind::CallerDiesAfter] {
            for (exit_code, expected) in [(0, SUCCEEDED), (1, FAILED)] {
                let mut deaths = 0;
                for n in 0..24 {
                    let (told, died) = killed(function, kind.clone(), n, exit_code);
                    let case = format!("{function} {kind:?} at call {n}, exit code {exit_code}");
                    once(&told, expected, &case);
                    deaths += u32::from(died);
                    if !died {
                        break;
                    }
                }
                assert!(deaths >= 4, "{function} makes at least four calls");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_appear_late_in_what_ecs_describes() {
    let stage = migrating(0).await;
    stage.world.tasks_appear_after(Duration::from_secs(30));
    once(&stage.deploy_and_tell().await, SUCCEEDED, "late");
}
