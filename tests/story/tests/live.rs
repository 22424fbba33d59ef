//! Which image a job runs on: for each controller, at each moment of a deployment.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use expect_test::expect;
use local_aws::scene::{HOOK_FUNCTION, Native};
use local_aws::{Image, Run, Script, Service};
use serde_json::json;
use story::{JOB_FUNCTION, NEW_IMAGE, Stage, alone};

const MINUTE: Duration = Duration::from_secs(60);

/// The revision that a job would run on now, or why it would not run.
async fn live<S>(stage: &Stage<S>) -> String {
    let input = json!({
        "job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind",
        "exact_image": false, "dry_run": true,
    });
    match stage.world.invoke(JOB_FUNCTION, input).await {
        Ok(answer) => {
            let definition = answer["run_task"]["taskDefinition"].as_str().unwrap().to_owned();
            definition.rsplit('/').next().unwrap().to_owned()
        }
        Err(error) => format!("{error:?}").split("is live: ").nth(1).unwrap_or("?").to_owned(),
    }
}

fn row(controller: &str, moment: &str, live: &str) -> String {
    format!("{controller:<12} {moment:<22} {}\n", live.trim_end_matches(['"', '}', ' ']))
}

async fn by_codedeploy() -> String {
    let mut table = String::new();
    let mut say = |moment: &str, live: String| table += &row("CodeDeploy", moment, &live);
    let stage = Stage::set(|_| Script::exits(0).after(10 * MINUTE)).await;
    let hooks = [("BeforeInstall", HOOK_FUNCTION), ("BeforeAllowTraffic", HOOK_FUNCTION)];
    stage.world.deployment_hooks(&hooks);
    say("before", live(&stage).await);
    let id = stage.deploy().await;
    stage.world.clock().sleep(5 * MINUTE).await;
    say("migrating", live(&stage).await);
    stage.world.clock().sleep(10 * MINUTE).await;
    say("installed, no traffic", live(&stage).await);
    assert_eq!(stage.ended(&id).await, "Succeeded");
    say("just finished", live(&stage).await);
    stage.world.image(NEW_IMAGE, Image::script(|_| Script::exits(1).after(10 * MINUTE)));
    let id = stage.deploy().await;
    stage.world.clock().sleep(5 * MINUTE).await;
    say("failing", live(&stage).await);
    assert_eq!(stage.ended(&id).await, "Failed");
    stage.world.clock().sleep(60 * MINUTE).await;
    say("rolled back", live(&stage).await);
    table
}

async fn rolling(breaker: bool) -> String {
    let mut table = String::new();
    let name = if breaker { "rolling, cb" } else { "rolling" };
    let mut say = |moment: &str, live: String| table += &row(name, moment, &live);
    let configuration = json!({
        "maximumPercent": 200, "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": breaker, "rollback": breaker},
    });
    let stage = Stage::configured(configuration, |_| Script::exits(0)).await;
    say("before", live(&stage).await);
    stage.world.unhealthy_image("registry/web:bad");
    let bad = stage.definition_of("web", "registry/web:bad", &[]).await;
    stage.scene.deploy(&bad).await.unwrap();
    say("in flight", live(&stage).await);
    stage.world.clock().sleep(MINUTE).await;
    say("failing", live(&stage).await);
    if breaker {
        let rolling_back = async || {
            let service = stage.scene.service().await.unwrap();
            let all = service["deployments"].as_array().unwrap().clone();
            all.iter().any(|it| it["rolloutState"] == "FAILED")
        };
        while !rolling_back().await {
            stage.world.clock().sleep(Duration::from_secs(1)).await;
        }
        say("rolling back", live(&stage).await);
    }
    stage.world.clock().sleep(120 * MINUTE).await;
    say(if breaker { "rolled back" } else { "still failing" }, live(&stage).await);
    let good = stage.definition_of("web", NEW_IMAGE, &[]).await;
    stage.scene.deploy(&good).await.unwrap();
    say("the next in flight", live(&stage).await);
    stage.world.clock().sleep(30 * MINUTE).await;
    say("just finished", live(&stage).await);
    table
}

async fn by_ecs() -> String {
    let mut table = String::new();
    let mut say = |moment: &str, live: String| table += &row("blue/green", moment, &live);
    let hooks = json!([
        Native::pause_hook("PRE_SCALE_UP"),
        Native::pause_hook("POST_PRODUCTION_TRAFFIC_SHIFT")
    ]);
    let stage = Stage::hooked(&hooks, |_| Script::exits(0)).await;
    say("before", live(&stage).await);
    for (action, last) in [("ROLLBACK", "rolled back"), ("CONTINUE", "just finished")] {
        let definition = stage.definition_of("web", NEW_IMAGE, &[]).await;
        let arn = stage.scene.deploy(&definition).await.unwrap();
        stage.world.clock().sleep(5 * MINUTE).await;
        say("before it scales up", live(&stage).await);
        answer(&stage, &arn, "CONTINUE").await;
        stage.world.clock().sleep(30 * MINUTE).await;
        say("the traffic has moved", live(&stage).await);
        answer(&stage, &arn, action).await;
        stage.ended(&arn).await;
        say(last, live(&stage).await);
    }
    table
}

/// Answers the hook that pauses a deployment.
async fn answer(stage: &Stage<Native>, arn: &str, action: &str) {
    let found = stage.scene.service_deployment(arn).await.unwrap();
    let hooks = found["lifecycleHookDetails"].as_array().unwrap();
    let hook = hooks.iter().find(|it| it["status"] == "AWAITING_ACTION").unwrap();
    let word = json!({"serviceDeploymentArn": arn, "hookId": hook["hookId"], "action": action});
    stage.world.call(Service::Ecs, "ContinueServiceDeployment", word).await.unwrap();
}

#[test]
fn which_image_a_job_runs_on() {
    let table =
        [alone(by_codedeploy()), alone(rolling(false)), alone(rolling(true)), alone(by_ecs())]
            .concat();
    expect![[r#"
        CodeDeploy   before                 web:1
        CodeDeploy   migrating              web:1
        CodeDeploy   installed, no traffic  web:1
        CodeDeploy   just finished          web:2
        CodeDeploy   failing                web:2
        CodeDeploy   rolled back            web:2
        rolling      before                 web:1
        rolling      in flight              web:1
        rolling      failing                web:1
        rolling      still failing          web:1
        rolling      the next in flight     web:1
        rolling      just finished          web:3
        rolling, cb  before                 web:1
        rolling, cb  in flight              web:1
        rolling, cb  failing                web:1
        rolling, cb  rolling back           web:1
        rolling, cb  rolled back            web:1
        rolling, cb  the next in flight     web:1
        rolling, cb  just finished          web:3
        blue/green   before                 web:1
        blue/green   before it scales up    web:1
        blue/green   the traffic has moved  web:1
        blue/green   rolled back            web:1
        blue/green   before it scales up    web:1
        blue/green   the traffic has moved  web:1
        blue/green   just finished          web:3
    "#]]
    .assert_eq(&table);
}

#[test]
fn nothing_is_live_before_the_first_deployment_has_ended() {
    alone(async {
        let stage = Stage::set(|_| Script::exits(0)).await;
        let definition = stage.definition_of("web", NEW_IMAGE, &[]).await;
        let service = json!({
            "cluster": "live", "serviceName": "new", "taskDefinition": definition,
            "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
        });
        stage.world.unhealthy_image(NEW_IMAGE);
        stage.world.call(Service::Ecs, "CreateService", service).await.unwrap();
        let input = json!({
            "job": "seed", "cluster": "live", "service": "new", "command": "rake db:seed",
        });
        let error = stage.world.invoke(JOB_FUNCTION, input.clone()).await.unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains("none of its deployments has completed"), "{error}");
        // Unless somebody says which revision.
        let mut named = input;
        named["task_definition"] = json!(definition);
        let answer = stage.world.invoke(JOB_FUNCTION, named).await.unwrap();
        assert_eq!(answer["outcome"], "started");
    });
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_has_moved_does_not_change_what_runs() {
    let stage = Stage::hooked(&json!([]), |_: &Run| Script::exits(0)).await;
    let service = stage.scene.service().await.unwrap();
    let revision = &service["currentServiceRevisions"][0]["arn"];
    let which = json!({"serviceRevisionArns": [revision]});
    let found = stage.world.call(Service::Ecs, "DescribeServiceRevisions", which).await.unwrap();
    let digest = found["serviceRevisions"][0]["containerImages"][0]["imageDigest"].clone();
    stage.world.move_image_tag("registry/web:1");
    let pinned = format!("registry/web@{}", digest.as_str().unwrap());
    stage.world.image(&pinned, Image::script(|_| Script::exits(0)));
    let input = json!({
        "job": "reminders", "cluster": "live", "service": "web", "command": "bin/jobs remind",
    });
    for _ in 0..2 {
        let answer = stage.world.invoke(JOB_FUNCTION, input.clone()).await.unwrap();
        stage.world.clock().sleep(10 * MINUTE).await;
        let task = stage.task(answer["task"].as_str().unwrap()).await;
        assert_eq!(task["containers"][0]["imageDigest"], digest, "{task}");
    }
    let derived = |it: &local_aws::Recorded| -> bool {
        it.input["family"].as_str().is_some_and(|it| it.starts_with("quayside-"))
    };
    let registered = stage.world.requests_for("RegisterTaskDefinition");
    assert_eq!(registered.iter().filter(|it| derived(it)).count(), 1);
}
