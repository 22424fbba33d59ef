//! A task to run, as a value: printable, comparable, and always the same for the same cause.

use std::fmt;

use aws_sdk_ecs::types::Task;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::mark::{ENVIRONMENT_NAME, Mark};

/// ECS takes at most 8192 characters of overrides, their JSON included.
const OVERRIDES_LIMIT: usize = 8192;

/// Where a task's network interface is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The subnets to choose from.
    pub subnets: Vec<String>,
    /// Its security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// Whether it gets a public address.
    #[serde(default)]
    pub public_ip: bool,
}

/// One capacity provider of a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// `FARGATE`, `FARGATE_SPOT` or a provider of the cluster.
    pub name: String,
    /// Its share of the tasks.
    pub weight: i32,
    /// How many tasks it gets before weights count.
    pub base: i32,
}

/// What a task runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capacity {
    /// A launch type: FARGATE, EC2 or EXTERNAL.
    LaunchType(String),
    /// A capacity provider strategy.
    Strategy(Vec<Provider>),
    /// The cluster's own default.
    ClusterDefault,
}

/// Where and on what a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Its network, for task definitions in `awsvpc` mode.
    pub network: Option<Network>,
    /// What it runs on.
    pub capacity: Capacity,
    /// The Fargate platform version.
    pub platform_version: Option<String>,
}

/// A task to run once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOffTask {
    /// The cluster to run in.
    pub cluster: String,
    /// The task definition, with its revision.
    pub task_definition: String,
    /// What the named container runs instead of its own command.
    pub command: Vec<String>,
    /// Where and on what.
    pub placement: Placement,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// What it carries; names the container too.
    pub mark: Mark,
}

/// The overrides of a task don't fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverridesTooLong(usize);

impl fmt::Display for OverridesTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "command and mark take {} characters of overrides; ECS allows {OVERRIDES_LIMIT}",
            self.0
        )
    }
}

impl std::error::Error for OverridesTooLong {}

impl OneOffTask {
    /// The same for every delivery of the same cause, so that ECS starts it once: 64 characters, as
    /// many as ECS allows.
    pub fn client_token(&self) -> String {
        let Mark { id, hook, attempt, .. } = &self.mark;
        let digest = Sha256::digest(format!("{id}\n{hook}\n{attempt}"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Refuses what ECS would refuse for its length.
    ///
    /// # Errors
    /// The overrides are too long.
    pub fn check_length(&self) -> Result<(), OverridesTooLong> {
        let length = self.overrides().to_string().chars().count();
        if length > OVERRIDES_LIMIT { Err(OverridesTooLong(length)) } else { Ok(()) }
    }

    fn overrides(&self) -> Value {
        json!({"containerOverrides": [{
            "name": self.mark.container,
            "command": self.command,
            "environment": [{"name": ENVIRONMENT_NAME, "value": self.mark.encode()}],
        }]})
    }

    /// The request as the AWS CLI would take it: `aws ecs run-task --cli-input-json`.
    pub fn run_task_input(&self) -> Value {
        let mut input = Map::new();
        let mut set = |name: &str, value: Value| input.insert(name.to_owned(), value);
        set("cluster", json!(self.cluster));
        set("taskDefinition", json!(self.task_definition));
        set("clientToken", json!(self.client_token()));
        set("startedBy", json!(self.mark.started_by()));
        set("overrides", self.overrides());
        if let Some(network) = &self.placement.network {
            let vpc = json!({
                "subnets": network.subnets,
                "securityGroups": network.security_groups,
                "assignPublicIp": if network.public_ip { "ENABLED" } else { "DISABLED" },
            });
            set("networkConfiguration", json!({"awsvpcConfiguration": vpc}));
        }
        match &self.placement.capacity {
            Capacity::LaunchType(it) => drop(set("launchType", json!(it))),
            Capacity::Strategy(providers) => {
                let items = providers.iter().map(
                    |it| json!({"capacityProvider": it.name, "weight": it.weight, "base": it.base}),
                );
                set("capacityProviderStrategy", items.collect());
            }
            Capacity::ClusterDefault => {}
        }
        if let Some(version) = &self.placement.platform_version {
            set("platformVersion", json!(version));
        }
        if !self.tags.is_empty() {
            let tags = self.tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
            set("tags", tags.collect());
        }
        Value::Object(input)
    }

    /// The next start of a task that never ran: everything as before, one attempt later.
    ///
    /// Exactly the same for every caller, because the same client token must mean the same request.
    pub fn again(task: &Task, mark: &Mark) -> Self {
        let command = task
            .overrides()
            .map(|it| it.container_overrides())
            .unwrap_or_default()
            .iter()
            .find(|it| it.name() == Some(&mark.container))
            .map(|it| it.command().to_vec())
            .unwrap_or_default();
        let capacity = match (task.capacity_provider_name(), task.launch_type()) {
            (Some(name), _) => {
                Capacity::Strategy(vec![Provider { name: name.to_owned(), weight: 1, base: 0 }])
            }
            (None, Some(launch_type)) => Capacity::LaunchType(launch_type.as_str().to_owned()),
            (None, None) => Capacity::ClusterDefault,
        };
        let tags = task
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .filter(|(key, _)| !key.starts_with("aws:"))
            .collect();
        Self {
            cluster: task.cluster_arn().unwrap_or_default().to_owned(),
            task_definition: task.task_definition_arn().unwrap_or_default().to_owned(),
            command,
            placement: Placement {
                network: mark.network.clone(),
                capacity,
                platform_version: task.platform_version().map(str::to_owned),
            },
            tags,
            mark: Mark { attempt: mark.attempt + 1, ..mark.clone() },
        }
    }
}

impl fmt::Display for OneOffTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "RunTask")?;
        let mut row = |name: &str, value: &str| writeln!(f, "  {name:<16}{value}");
        row("cluster", &self.cluster)?;
        row("task definition", &self.task_definition)?;
        row("container", &self.mark.container)?;
        row("command", &format!("{:?}", self.command))?;
        match &self.placement.capacity {
            Capacity::LaunchType(it) => row("launch type", it)?,
            Capacity::Strategy(providers) => {
                let names: Vec<_> = providers.iter().map(|it| it.name.as_str()).collect();
                row("capacity", &names.join(", "))?;
            }
            Capacity::ClusterDefault => row("capacity", "the cluster's default")?,
        }
        if let Some(version) = &self.placement.platform_version {
            row("platform", version)?;
        }
        if let Some(network) = &self.placement.network {
            row("subnets", &network.subnets.join(", "))?;
            row("security groups", &network.security_groups.join(", "))?;
            row("public IP", if network.public_ip { "yes" } else { "no" })?;
        }
        row("started by", &self.mark.started_by())?;
        row("client token", &self.client_token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Kind;

    fn task(hook: &str, attempt: u32) -> OneOffTask {
        OneOffTask {
            cluster: "live".into(),
            task_definition: "web:8".into(),
            command: vec!["migrate".into()],
            placement: Placement {
                network: None,
                capacity: Capacity::ClusterDefault,
                platform_version: None,
            },
            tags: vec![],
            mark: Mark {
                kind: Kind::Migration,
                id: "d-1".into(),
                hook: hook.into(),
                container: "app".into(),
                deadline: 0,
                attempt,
                allowed_exit_codes: vec![],
                network: None,
            },
        }
    }

    #[test]
    fn the_client_token_belongs_to_the_hook_and_the_attempt() {
        let token = task("hook", 1).client_token();
        assert_eq!(token.len(), 64);
        assert_eq!(token, task("hook", 1).client_token());
        assert_ne!(token, task("hook", 2).client_token());
        assert_ne!(token, task("other", 1).client_token());
        let later =
            OneOffTask { mark: Mark { deadline: 9, ..task("hook", 1).mark }, ..task("", 1) };
        assert_eq!(token, later.client_token());
    }

    #[test]
    fn overrides_beyond_the_limit_are_refused_before_the_call() {
        let mut task = task("hook", 1);
        task.command = vec!["x".repeat(7800)];
        assert_eq!(task.check_length(), Ok(()));
        task.command = vec!["é".repeat(7800)];
        assert_eq!(task.check_length(), Ok(()));
        task.command = vec!["x".repeat(8192)];
        let error = task.check_length().unwrap_err().to_string();
        assert!(error.ends_with("ECS allows 8192"), "{error}");
    }
}
