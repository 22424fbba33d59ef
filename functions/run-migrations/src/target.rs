//! What is deployed, whoever deploys it.

use anyhow::{Context as _, Result, bail};
use aws_sdk_ecs::types::ServiceRevision;
use deployment::{Deployment, name_of};
use live_service::placement;
use one_off_task::{Capacity, Network};
use serde::Deserialize;

/// What is deployed: the code, and where the deployment says that it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// The service's cluster.
    pub(crate) cluster: String,
    /// The service.
    pub(crate) service: String,
    /// The task definition, with its revision.
    pub(crate) task_definition: String,
    /// The container that gets the traffic.
    pub(crate) container: Option<String>,
    /// Its network, if the deployment has one of its own.
    pub(crate) network: Option<Network>,
    /// Its capacity, if the deployment has one of its own.
    pub(crate) capacity: Option<Capacity>,
    /// Its platform version, if the deployment has one of its own.
    pub(crate) platform_version: Option<String>,
    /// Containers and the digests of their images, where ECS has resolved them.
    pub(crate) digests: Vec<(String, String)>,
    /// An image that takes the place of the task definition's own.
    pub(crate) image: Option<String>,
}

impl From<&Deployment> for Target {
    fn from(it: &Deployment) -> Self {
        let appspec = &it.appspec;
        let capacity = &appspec.capacity;
        Self {
            cluster: it.cluster.clone(),
            service: it.service.clone(),
            task_definition: appspec.task_definition.clone(),
            container: appspec.container.clone(),
            network: appspec.network.clone(),
            capacity: (!capacity.is_empty()).then(|| Capacity::Strategy(capacity.clone())),
            platform_version: appspec.platform_version.clone(),
            ..Self::default()
        }
    }
}

impl TryFrom<&ServiceRevision> for Target {
    type Error = anyhow::Error;

    fn try_from(it: &ServiceRevision) -> Result<Self> {
        let name = |arn: Option<&str>| arn.map(|it| name_of(it).to_owned());
        let balanced = it.load_balancers().iter().find_map(|it| it.container_name());
        let digests = it.container_images().iter().filter_map(|it| {
            Some((it.container_name()?.to_owned(), it.image_digest()?.to_owned()))
        });
        Ok(Self {
            cluster: name(it.cluster_arn()).context("the service revision names no cluster")?,
            service: name(it.service_arn()).context("the service revision names no service")?,
            task_definition: it
                .task_definition
                .clone()
                .context("the service revision names no task definition")?,
            container: balanced.map(str::to_owned),
            network: placement::network(it.network_configuration()),
            capacity: placement::capacity(it.capacity_provider_strategy(), it.launch_type()),
            platform_version: it.platform_version.clone(),
            digests: digests.collect(),
            image: None,
        })
    }
}

/// What the action of a pipeline is given as its user parameters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) task_definition: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) container: Option<String>,
}

impl Parameters {
    pub(crate) fn read(text: &str) -> Result<Self> {
        const SHAPE: &str = r#"expected {"cluster": "live", "service": "web", "task_definition": "web:8"}, or "image" instead of "task_definition""#;
        let read: Self = serde_json::from_str(text)
            .with_context(|| format!("the action's UserParameters are unreadable; {SHAPE}"))?;
        match (&read.task_definition, &read.image) {
            (Some(it), None) if name_of(it).contains(':') => {}
            (Some(it), None) => bail!(
                "UserParameters: task_definition `{it}` has no revision, and the latest one may be \
                 anything"
            ),
            (None, Some(_)) => {}
            _ => bail!("the action's UserParameters are unreadable; {SHAPE}"),
        }
        Ok(read)
    }

    /// What is to be deployed; `live` is the task definition that an image is put into.
    pub(crate) fn target(self, live: &str) -> Target {
        Target {
            cluster: self.cluster,
            service: self.service,
            task_definition: self.task_definition.unwrap_or_else(|| live.to_owned()),
            container: self.container,
            image: self.image,
            ..Target::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_says_what_it_will_deploy() {
        let read = |text: &str| Parameters::read(text).map(|it| it.target("web:7"));
        let given = read(r#"{"cluster": "live", "service": "web", "task_definition": "web:8"}"#);
        assert_eq!(given.unwrap().task_definition, "web:8");
        let image = read(r#"{"cluster": "live", "service": "web", "image": "registry/web:8"}"#);
        assert_eq!(image.unwrap().task_definition, "web:7");
        let refused = |text: &str, why: &str| {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(why), "{error}");
        };
        refused("", "UserParameters are unreadable");
        refused(r#"{"cluster": "live", "service": "web"}"#, "or \"image\" instead");
        refused(r#"{"cluster": "live", "service": "web", "imgae": "x"}"#, "imgae");
        refused(
            r#"{"cluster": "live", "service": "web", "task_definition": "web"}"#,
            "`web` has no revision",
        );
    }
}
