//! Every event that a hook may come as, and what is none.

use serde_json::json;

use super::*;

#[test]
fn a_hook_event_of_codedeploy_has_two_ids() {
    let event = json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e"});
    let hook = Hook {
        caller: Caller::CodeDeploy,
        deployment: "d-1".into(),
        execution: "e".into(),
        memory: Memory::default(),
    };
    assert_eq!(Hook::read(&event), Ok(hook));
    let dry = json!({"DeploymentId": "d-1", "dry_run": true});
    assert_eq!(Hook::read(&dry).unwrap().deployment, "d-1");
    let again = json!({
        "DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e", "quayside": {"since": 7},
    });
    assert_eq!(Hook::read(&again).unwrap().memory.since, Some(7));
}

const GREEN: &str = "arn:aws:ecs:eu-west-2:123456789012:service-revision/live/web/2";

fn ecs(stage: &str, weights: &str, green: f64) -> Value {
    json!({
        "executionId": "1", "lifecycleStage": stage,
        "resourceArn": "arn:aws:ecs:eu-west-2:123456789012:service-deployment/live/web/d",
        "executionDetails": {
            "serviceArn": "arn:aws:ecs:eu-west-2:123456789012:service/live/web",
            "targetServiceRevisionArn": GREEN,
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
            weights: {GREEN: green, "blue": 100.0 - green},
        },
    })
}

#[test]
fn only_a_shift_of_the_traffic_says_that_it_goes_back() {
    let check = |stage: &str, weights: &str, green: f64, back: bool| {
        let hook = Hook::read(&ecs(stage, weights, green)).unwrap();
        let Caller::EcsLambda(it) = hook.caller else { panic!("{stage}") };
        assert_eq!(it.rolls_back, back, "{stage} {weights} {green}");
        assert_eq!(hook.execution.ends_with("/rollback"), back);
    };
    check("PRE_SCALE_UP", "testTrafficWeights", 0.0, false);
    check("PRE_PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights", 0.0, false);
    check("PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights", 100.0, false);
    check("PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights", 10.0, false);
    check("PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights", 0.0, true);
    check("TEST_TRAFFIC_SHIFT", "testTrafficWeights", 0.0, true);
    check("TEST_TRAFFIC_SHIFT", "testTrafficWeights", 100.0, false);
}

#[test]
fn the_older_form_of_ecss_event_is_read_too() {
    let new = ecs("PRE_SCALE_UP", "testTrafficWeights", 0.0);
    let mut old = new["executionDetails"].clone();
    for name in ["executionId", "lifecycleStage", "resourceArn"] {
        old[name] = new[name].clone();
    }
    assert_eq!(Hook::read(&old), Hook::read(&new));
    let mut again = new.clone();
    again["hookDetails"] = json!({"quayside": {"task": "arn", "since": 5}, "MINE": 1});
    let memory = Hook::read(&again).unwrap().memory;
    assert_eq!((memory.task.as_deref(), memory.since), (Some("arn"), Some(5)));
    let error = Hook::read(&json!({"lifecycleStage": "PRE_SCALE_UP"})).unwrap_err();
    assert_eq!(error.caller, Seems::EcsLambda);
}

#[test]
fn a_pause_hook_comes_as_an_event() {
    let event = |name: &str, kind: &str| {
        json!({"detail-type": "ECS Hook State Change", "source": "aws.ecs", "detail": {
            "eventName": name, "hookType": kind, "hookId": "ecs-pause-1",
            "expiresAt": "2026-03-05T16:04:41Z", "lifecycleStage": "PRE_SCALE_UP",
            "serviceDeploymentArn": "arn:aws:ecs:r:1:service-deployment/live/web/d",
        }})
    };
    let hook = Hook::read(&event("HOOK_AWAITING_ACTION", "PAUSE")).unwrap();
    assert_eq!((hook.execution.as_str(), hook.name()), ("ecs-pause-1", "d"));
    assert_eq!(hook.stage(), Some("PRE_SCALE_UP"));
    assert!(Hook::read(&event("HOOK_SUCCEEDED", "PAUSE")).is_err());
    assert!(Hook::read(&event("HOOK_AWAITING_ACTION", "AWS_LAMBDA")).is_err());
}

#[test]
fn an_action_of_a_pipeline_keeps_its_first_job() {
    let event = |id: &str, token: Value| {
        json!({"CodePipeline.job": {"id": id, "accountId": "1", "data": {
            "actionConfiguration": {"configuration": {
                "FunctionName": "f", "UserParameters": "{\"service\": \"web\"}",
            }},
            "continuationToken": token,
        }}})
    };
    let first = Hook::read(&event("job-1", Value::Null)).unwrap();
    assert_eq!(first.deployment, "job-1");
    let token = json!({"job": "job-1", "task": "arn"}).to_string();
    let second = Hook::read(&event("job-2", json!(token))).unwrap();
    assert_eq!((second.deployment.as_str(), second.memory.task.as_deref()), ("job-1", Some("arn")));
}

#[test]
fn anything_else_is_refused_and_searched_for_ids() {
    let check = |event: Value, deployment: Option<&str>, execution: Option<&str>, got: &str| {
        let error = Hook::read(&event).unwrap_err();
        let expected = match deployment {
            Some(deployment) => Seems::CodeDeploy {
                deployment: deployment.into(),
                execution: execution.map(Into::into),
            },
            None => Seems::Nobody,
        };
        assert_eq!(error.caller, expected, "{event}");
        assert!(error.why.contains(SHAPE) && error.why.ends_with(got), "{}", error.why);
    };
    check(json!(null), None, None, "null");
    check(json!([1]), None, None, "a list");
    check(json!("d-1"), None, None, "text");
    check(json!({}), None, None, "an empty object");
    check(json!({"DeploymentId": ""}), None, None, "DeploymentId");
    check(json!({"DeploymentId": 7}), None, None, "DeploymentId");
    check(json!({"DeploymentId": "d-1"}), Some("d-1"), None, "DeploymentId");
    check(
        json!({"deploymentId": "d-1", "lifecycle_event_hook_execution_id": "e"}),
        Some("d-1"),
        Some("e"),
        "deploymentId, lifecycle_event_hook_execution_id",
    );
    check(json!({"detail": {"deploymentId": "d-1"}}), Some("d-1"), None, "detail");
}

/// The files people send by hand.
#[test]
fn the_events_of_the_repository_are_read() {
    let read = |text: &str| Hook::read(&serde_json::from_str(text).unwrap()).unwrap();
    let ecs = read(include_str!("../../../events/ecs-lifecycle-hook.json"));
    assert_eq!((ecs.stage(), ecs.name()), (Some("PRE_SCALE_UP"), "EZe5RNVLH6PPzHXINuP28"));
    let back = read(include_str!("../../../events/ecs-lifecycle-hook-rollback.json"));
    assert_eq!(back.execution, "PRODUCTION_TRAFFIC_SHIFT/rollback");
    let paused = read(include_str!("../../../events/ecs-hook-state-change-awaiting-action.json"));
    assert!(matches!(paused.caller, Caller::EcsPause { expires: Some(_), .. }));
    let job = read(include_str!("../../../events/codepipeline-job.json"));
    let Caller::CodePipeline { parameters, .. } = &job.caller else { panic!("a pipeline") };
    assert!(parameters.contains("web:2"));
    // What the event brings along to read artifacts with is nobody's business.
    assert!(!format!("{job:?}").contains("wJalrXUtnFEMI"));
}
