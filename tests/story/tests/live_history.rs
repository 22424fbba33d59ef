//! What is live of a service whose history is confusing, or no longer there.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use aws_sdk_ecs::Client;
use live_service::Live;
use local_aws::scene::Native;
use local_aws::{Script, Service};
use serde_json::{Value, json};
use story::{JOB_FUNCTION, Stage, alone, sdk};

const MINUTE: Duration = Duration::from_secs(60);

async fn rolling() -> Stage<Native> {
    let configuration = json!({"maximumPercent": 200, "minimumHealthyPercent": 100});
    Stage::configured(configuration, |_| Script::exits(0)).await
}

async fn live(stage: &Stage<Native>, change: fn(&mut aws_sdk_ecs::types::Service)) -> Live {
    let ecs = Client::new(&sdk(&stage.world, JOB_FUNCTION));
    let mut service = live_service::ecs::service(&ecs, "live", "web").await.unwrap();
    change(&mut service);
    live_service::ecs::live(&ecs, &service).await.unwrap()
}

async fn digest_of_revision(stage: &Stage<Native>, arn: &Value) -> String {
    let which = json!({"serviceRevisionArns": [arn]});
    let found = stage.world.call(Service::Ecs, "DescribeServiceRevisions", which).await.unwrap();
    found["serviceRevisions"][0]["containerImages"][0]["imageDigest"].as_str().unwrap().to_owned()
}

/// Revisions are numbered by chance, so that one account alone would prove little.
#[test]
fn a_moved_tag_is_not_live_before_its_deployment_has_completed() {
    for _ in 0..8 {
        alone(async {
            let stage = rolling().await;
            let service = stage.scene.service().await.unwrap();
            let old =
                digest_of_revision(&stage, &service["currentServiceRevisions"][0]["arn"]).await;
            stage.world.move_image_tag("registry/web:1");
            let anew = json!({"forceNewDeployment": true});
            let arn = stage.scene.update(anew).await.unwrap()["currentServiceDeployment"].clone();
            stage.world.clock().sleep(Duration::from_secs(5)).await;
            let deployment = stage.scene.service_deployment(arn.as_str().unwrap()).await.unwrap();
            let new = digest_of_revision(&stage, &deployment["targetServiceRevision"]["arn"]).await;
            assert_ne!(old, new);
            assert_eq!(live(&stage, |_| {}).await.digests, [("app".to_owned(), old)]);
            stage.world.clock().sleep(30 * MINUTE).await;
            assert_eq!(live(&stage, |_| {}).await.digests, [("app".to_owned(), new)]);
        });
    }
}

#[test]
fn a_service_whose_last_deployment_ecs_has_forgotten_is_live() {
    let forgotten = |it: &mut aws_sdk_ecs::types::Service| {
        let arn = "arn:aws:ecs:eu-west-2:123456789012:service-deployment/live/web/forgotten";
        assert!(it.current_service_deployment.replace(arn.to_owned()).is_some());
    };
    alone(async {
        let known = live(&rolling().await, forgotten).await;
        assert!(known.task_definition.ends_with("/web:1") && known.digests.len() == 1, "{known:?}");
    });
    alone(async {
        let stage = Stage::hooked(&json!([]), |_| Script::exits(0)).await;
        let known = live(&stage, forgotten).await;
        assert!(known.task_definition.ends_with("/web:1"), "{known:?}");
        assert_eq!(known.because, "it is the only service revision");
    });
}
