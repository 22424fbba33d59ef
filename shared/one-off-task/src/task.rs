//! A task to run, as a value: printable, comparable, and always the same for the same cause.

use std::fmt;

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

/// What a task has instead of what its definition says, besides the command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// CPU units of the whole task; 1024 are one vCPU.
    pub cpu: Option<u32>,
    /// Memory of the whole task in MiB.
    pub memory: Option<u32>,
    /// Ephemeral storage in GiB.
    pub ephemeral_storage: Option<u32>,
    /// Environment of the named container.
    pub environment: Vec<(String, String)>,
    /// The execution role's ARN.
    pub execution_role: Option<String>,
    /// The task role's ARN.
    pub task_role: Option<String>,
    /// Whether people may look into the running container (ECS Exec).
    pub execute_command: bool,
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
    /// What else it has instead of what its definition says.
    pub overrides: Overrides,
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
        let Mark { id, hook, attempt, step, .. } = &self.mark;
        match step {
            0 => token(&format!("{id}\n{hook}\n{attempt}")),
            _ => token(&format!("{id}\n{hook}\n{attempt}\n{step}")),
        }
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
        let mark = (ENVIRONMENT_NAME.to_owned(), self.mark.encode());
        let environment = self.overrides.environment.iter().chain([&mark]);
        let mut overrides = Map::new();
        let mut set = |name: &str, value: Value| overrides.insert(name.to_owned(), value);
        let Overrides { cpu, memory, ephemeral_storage, execution_role, task_role, .. } =
            &self.overrides;
        set(
            "containerOverrides",
            json!([{
                "name": self.mark.container,
                "command": self.command,
                "environment": environment
                    .map(|(name, value)| json!({"name": name, "value": value}))
                    .collect::<Value>(),
            }]),
        );
        for (name, size) in [("cpu", cpu), ("memory", memory)] {
            if let Some(size) = size {
                set(name, json!(size.to_string()));
            }
        }
        for (name, role) in [("executionRoleArn", execution_role), ("taskRoleArn", task_role)] {
            if let Some(role) = role {
                set(name, json!(role));
            }
        }
        if let Some(size) = ephemeral_storage {
            set("ephemeralStorage", json!({"sizeInGiB": size}));
        }
        Value::Object(overrides)
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
        if self.overrides.execute_command {
            set("enableExecuteCommand", json!(true));
        }
        if !self.tags.is_empty() {
            let tags = self.tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
            set("tags", tags.collect());
        }
        Value::Object(input)
    }
}

/// 64 characters, as many as ECS allows in a client token.
pub(crate) fn token(cause: &str) -> String {
    Sha256::digest(cause).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for OneOffTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "RunTask")?;
        let mut row = |name: &str, value: &str| writeln!(f, "  {name:<16}{value}");
        row("cluster", &self.cluster)?;
        row("task definition", &self.task_definition)?;
        row("container", &self.mark.container)?;
        row("command", &format!("{:?}", self.command))?;
        for command in &self.mark.then {
            row("then", &format!("{command:?}"))?;
        }
        self.overrides.describe(&mut row)?;
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
        if let Some(lock) = &self.mark.lock {
            row("lock", lock)?;
        }
        row("started by", &self.mark.started_by())?;
        row("client token", &self.client_token())
    }
}

impl Overrides {
    /// Rows for people; values of the environment may be anything, so only names are shown.
    fn describe(&self, row: &mut impl FnMut(&str, &str) -> fmt::Result) -> fmt::Result {
        let sizes = [
            ("cpu", self.cpu, ""),
            ("memory", self.memory, " MiB"),
            ("storage", self.ephemeral_storage, " GiB"),
        ];
        for (name, size, unit) in sizes {
            if let Some(size) = size {
                row(name, &format!("{size}{unit}"))?;
            }
        }
        for (name, role) in
            [("execution role", &self.execution_role), ("task role", &self.task_role)]
        {
            if let Some(role) = role {
                row(name, role)?;
            }
        }
        if !self.environment.is_empty() {
            let names: Vec<_> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
            row("environment", &names.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            overrides: Overrides::default(),
            mark: Mark {
                id: "d-1".into(),
                hook: hook.into(),
                container: "app".into(),
                attempt,
                ..Mark::default()
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
