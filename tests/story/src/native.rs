//! A service that ECS deploys by itself.

use std::time::Duration;

use local_aws::scene::Native;
use local_aws::{Run, Script, World};
use serde_json::{Value, json};

use crate::{NEW_IMAGE, Stage, account, text};

impl Stage<Native> {
    /// Everything installed, with these hooks from the next deployment on; migrations do what
    /// `migration` says.
    pub async fn hooked(
        hooks: &Value,
        migration: impl Fn(&Run) -> Script + Send + Sync + 'static,
    ) -> Self {
        let stage = Self::configured(Native::blue_green(&json!([])), migration).await;
        stage.scene.configure(Native::blue_green(hooks)).await.expect("hooks");
        stage
    }

    /// Everything installed, with this `deploymentConfiguration`.
    pub async fn configured(
        configuration: Value,
        migration: impl Fn(&Run) -> Script + Send + Sync + 'static,
    ) -> Self {
        let world: World = account(migration);
        let scene = Native::set(&world, "registry/web:1", configuration).await;
        let scene = scene.expect("an empty account");
        scene.wire_events().await.expect("rules for both functions");
        // The first deployment of the service itself.
        world.clock().sleep(Duration::from_secs(30 * 60)).await;
        let topic = scene.topic.clone();
        Self::of(world, scene, topic)
    }

    /// Deploys the new image with these docker labels; the ARN of the service deployment.
    pub async fn deploy(&self, labels: &[(&str, &str)]) -> String {
        let definition = self.definition_of("web", NEW_IMAGE, labels).await;
        self.scene.deploy(&definition).await.expect("a service deployment")
    }

    /// Lets time pass until the service deployment has ended; how it ended.
    pub async fn ended(&self, arn: &str) -> String {
        for _ in 0..30 * 60 {
            let found = self.scene.service_deployment(arn).await.expect("the deployment");
            let status = text(&found["status"]).to_owned();
            let ended = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"];
            if ended.contains(&status.as_str()) {
                return status;
            }
            self.world.clock().sleep(Duration::from_secs(10)).await;
        }
        "still in progress after five hours".to_owned()
    }

    /// Deploys, lets it end, and says in a few lines what became of it.
    pub async fn deploy_and_tell(&self, labels: &[(&str, &str)]) -> String {
        let arn = self.deploy(labels).await;
        let status = self.ended(&arn).await;
        self.world.clock().sleep(Duration::from_secs(30 * 60)).await;
        let mut lines = vec![
            format!("deployment {status}"),
            format!("traffic on {}", self.scene.live().rsplit('/').next().unwrap_or_default()),
            format!("tasks {}", self.tasks().len()),
        ];
        let id = arn.rsplit('/').next().unwrap_or_default();
        for alert in self.alerts() {
            let (title, reason) = (text(&alert["title"]).replace(id, "…"), text(&alert["reason"]));
            lines.push(format!("alert {title}: {reason}"));
        }
        lines.join("\n")
    }
}
