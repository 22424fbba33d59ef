//! What the people on call read.

use expect_test::expect;
use local_aws::Script;
use local_aws::scene::CONCLUDE_FUNCTION;
use serde_json::{Value, json};
use story::Stage;

#[tokio::test(start_paused = true)]
async fn an_alert_says_what_why_and_where_to_look() {
    let stage = Stage::set(|_| {
        Script::exits(1).printing(&[
            "connecting to postgres://app:hunter2@db.internal:5432/shop",
            "ERROR:  could not create unique index \"customers_email\"",
            "DETAIL:  Key (email)=(ada@example.com) is duplicated.",
        ])
    })
    .await;
    let id = stage.deploy().await;
    stage.ended(&id).await;
    let task = stage.tasks().remove(0);
    let task = task.rsplit('/').next().unwrap();
    let alert = format!("{:#}", stage.alerts().remove(0)).replace(&id, "d-…").replace(task, "TASK");
    expect![[r#"
        {
          "exit_code": 1,
          "links": [
            {
              "title": "Task",
              "url": "https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/tasks/TASK?region=eu-west-2"
            },
            {
              "title": "Deployment",
              "url": "https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-…?region=eu-west-2"
            },
            {
              "title": "Log",
              "url": "https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#logsV2:log-groups/log-group/$252Fecs$252Fweb/log-events/web$252Fapp$252FTASK"
            }
          ],
          "log": {
            "group": "/ecs/web",
            "lines": [
              "connecting to postgres://app:[redacted]@db.internal:5432/shop",
              "ERROR:  could not create unique index \"customers_email\"",
              "DETAIL:  Key (email)=(ada@example.com) is duplicated."
            ],
            "stream": "web/app/TASK"
          },
          "quayside": "alert/1",
          "reason": "container app exited with 1",
          "severity": "error",
          "source": "conclude-task",
          "subject": {
            "application": "web",
            "cluster": "live",
            "command": [
              "migrate"
            ],
            "container": "app",
            "deployment": "d-…",
            "deployment_group": "web-live",
            "service": "web",
            "task": "arn:aws:ecs:eu-west-2:123456789012:task/live/TASK",
            "task_definition": "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:2"
          },
          "time": "2026-01-01T00:00:25Z",
          "title": "Migration failed: web in cluster live (d-…)"
        }"#]].assert_eq(&alert);
}

#[tokio::test(start_paused = true)]
async fn only_the_last_lines_are_carried() {
    let lines: Vec<String> = (1..=50).map(|n| format!("line {n}")).collect();
    let stage = Stage::set(move |_| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Script::exits(1).printing(&lines)
    })
    .await
    .with("LOG_TAIL_LINES", "2");
    let id = stage.deploy().await;
    stage.ended(&id).await;
    assert_eq!(stage.alerts()[0]["log"]["lines"], json!(["line 49", "line 50"]));
}

#[tokio::test(start_paused = true)]
async fn a_task_without_readable_log_says_so() {
    let stage = Stage::set(|_| Script::exits(1)).await;
    let id = stage.deploy().await;
    stage.ended(&id).await;
    let log = stage.alerts()[0]["log"].clone();
    assert!(log["note"].as_str().is_some_and(|it| !it.is_empty()), "{log}");
}

/// Every file of `events/` for conclude-task, as it is written there.
#[tokio::test(start_paused = true)]
async fn every_event_file_is_understood() {
    let cases = [
        (
            include_str!("../../../events/ecs-task-state-change-running.json"),
            "no container has ended yet",
        ),
        (include_str!("../../../events/ecs-task-state-change-of-a-service.json"), "somebody else"),
        (
            include_str!("../../../events/ecs-task-state-change-exited.json"),
            "ECS does not know the task",
        ),
        (
            include_str!("../../../events/ecs-task-state-change-stopped-failed.json"),
            "ECS does not know",
        ),
        (
            include_str!("../../../events/ecs-task-state-change-never-started.json"),
            "ECS does not know",
        ),
        (include_str!("../../../events/eventbridge-scheduled-event.json"), r#""tasks":[]"#),
        (
            include_str!("../../../events/codedeploy-lifecycle-hook.json"),
            "expected an EventBridge event",
        ),
        (include_str!("../../../events/codedeploy-lifecycle-hook-dry-run.json"), "unknown event"),
    ];
    let stage = Stage::set(|_| Script::exits(0)).await;
    for (event, expected) in cases {
        let event: Value = serde_json::from_str(event).unwrap();
        let said = match stage.world.invoke(CONCLUDE_FUNCTION, event).await {
            Ok(answer) => answer.to_string(),
            Err(error) => error,
        };
        assert!(said.contains(expected), "{said}");
    }
}
