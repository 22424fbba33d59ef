//! What all deployments have in common, and the words for the answer to a hook.

use aws_sdk_ecs::types::Task;

use crate::codedeploy::Deployment;

/// The answer to a lifecycle hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The deployment may go on.
    Succeeded,
    /// The deployment must not go on.
    Failed,
}

/// What was made of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It was taken.
    Now,
    /// There was one already: an earlier delivery of the same event was quicker.
    Before,
}

/// A deployment of one service, as far as a task that runs for it is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployed {
    /// Its id, or its ARN.
    pub id: String,
    /// The `CodeDeploy` application.
    pub application: Option<String>,
    /// The deployment group.
    pub group: Option<String>,
    /// The service's cluster.
    pub cluster: String,
    /// The service.
    pub service: String,
    /// What its tasks may run: the task definition it deploys, and others that stand for it.
    pub task_definitions: Vec<String>,
    /// Where it is.
    pub status: String,
}

impl From<&Deployment> for Deployed {
    fn from(it: &Deployment) -> Self {
        Self {
            id: it.id.clone(),
            application: Some(it.application.clone()),
            group: Some(it.group.clone()),
            cluster: it.cluster.clone(),
            service: it.service.clone(),
            task_definitions: vec![it.appspec.task_definition.clone()],
            status: it.status.as_str().to_owned(),
        }
    }
}

impl Deployed {
    /// Whether the deployment deploys this task definition. An AppSpec may name it without the ARN.
    pub fn deploys(&self, definition: &str) -> bool {
        self.task_definitions.iter().any(|deployed| {
            if deployed.starts_with("arn:") {
                definition == deployed
            } else {
                name_of(definition) == deployed
            }
        })
    }

    /// Whether a task is the deployment's: its cluster, and exactly what it deploys.
    ///
    /// # Errors
    /// What gives it away.
    pub fn check(&self, task: &Task) -> Result<(), String> {
        let cluster = task.cluster_arn().unwrap_or_default();
        if name_of(cluster) != name_of(&self.cluster) {
            return Err(format!(
                "the task runs in cluster {}, but {} deploys to cluster {}",
                name_of(cluster),
                name_of(&self.id),
                name_of(&self.cluster)
            ));
        }
        let definition = task.task_definition_arn().unwrap_or_default();
        if self.deploys(definition) {
            return Ok(());
        }
        let deployed = self.task_definitions.first().map_or("nothing", String::as_str);
        Err(format!("the task runs {definition}, but {} deploys {deployed}", name_of(&self.id)))
    }
}

/// The last part of an ARN; of a name, the name.
pub fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
