//! An action of a pipeline migrates before anything is deployed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use local_aws::scene::HOOK_FUNCTION;
use local_aws::{Fault, Kind, PipelineAction, Run, Script};
use serde_json::json;
use story::{NEW_IMAGE, Stage};

const MINUTE: Duration = Duration::from_secs(60);

async fn action(stage: &Stage, parameters: &str) -> PipelineAction {
    let job = stage.world.pipeline_job(HOOK_FUNCTION, parameters, json!([]));
    for _ in 0..120 {
        stage.world.clock().sleep(MINUTE).await;
        let action = stage.world.pipeline_action(&job).unwrap();
        if action.status != "InProgress" {
            return action;
        }
    }
    panic!("still in progress");
}

async fn parameters(stage: &Stage) -> String {
    let definition = stage.definition_of("web", NEW_IMAGE, &[]).await;
    json!({"cluster": "live", "service": "web", "task_definition": definition}).to_string()
}

#[tokio::test(start_paused = true)]
async fn an_action_waits_for_its_migration() {
    for (exit_code, status) in [(0, "Succeeded"), (1, "Failed")] {
        let stage = Stage::set(move |_| Script::exits(exit_code).after(5 * MINUTE)).await;
        let parameters = parameters(&stage).await;
        let action = action(&stage, &parameters).await;
        assert_eq!(action.status, status);
        assert_eq!(stage.tasks().len(), 1);
        assert_eq!(stage.alerts().len(), usize::from(exit_code != 0));
        let message = action.message.unwrap_or_default();
        assert_eq!(message.contains("container app exited with 1"), exit_code != 0, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_is_put_into_what_is_live() {
    let stage = Stage::set(|run: &Run| Script::exits(i32::from(run.image != NEW_IMAGE))).await;
    let parameters = json!({"cluster": "live", "service": "web", "image": NEW_IMAGE}).to_string();
    assert_eq!(action(&stage, &parameters).await.status, "Succeeded");
    let task = stage.task(&stage.tasks()[0]).await;
    assert!(task["taskDefinitionArn"].as_str().unwrap().contains("/quayside-"), "{task}");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_it_from_starting_fails_the_action_with_the_reason() {
    let stage = Stage::set(|_| Script::exits(0)).await;
    let check = async |parameters: &str, why: &str| {
        let action = action(&stage, parameters).await;
        assert_eq!(action.status, "Failed");
        assert!(action.message.clone().unwrap_or_default().contains(why), "{action:?}");
    };
    check("", "UserParameters are unreadable").await;
    check(r#"{"cluster": "live", "service": "web", "task_definition": "web"}"#, "no revision")
        .await;
    let parameters = parameters(&stage).await;
    check(&parameters.replace("\"web\"", "\"other\""), "MISSING").await;
    stage.world.fault(Fault::new(Kind::AccessDenied).on("RunTask"));
    check(&parameters, "AccessDenied").await;
    assert!(stage.tasks().is_empty());
    assert_eq!(stage.alerts().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_repeated_calls_make_one_task() {
    let stage = Stage::set(|_| Script::exits(0).after(3 * MINUTE)).await;
    stage.world.duplicate_invocations(2);
    stage.world.fault(Fault::new(Kind::AnswerLost).on("RunTask").times(1));
    stage.world.fault(Fault::new(Kind::AnswerLost).on("PutJobSuccessResult").every(2));
    let parameters = parameters(&stage).await;
    assert_eq!(action(&stage, &parameters).await.status, "Succeeded");
    assert_eq!(stage.tasks().len(), 1);
}
