//! What the new revision says about its own migration: docker labels, so that it is versioned with
//! the app.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use aws_sdk_ecs::types::TaskDefinition;

use crate::words::{Commands, commands, exit_codes, timeout};

const MIGRATE: &str = "quayside.migrate.";
const ROLLBACK: &str = "quayside.rollback.";
/// The labels that mean something; a misspelt one must not be passed over in silence.
const NAMES: [&str; 10] = [
    "command",
    "command.<STAGE>",
    "container",
    "timeout",
    "lock",
    "success-exit-codes",
    "secrets",
    "execution-role",
    "task-role",
    "pause-hooks",
];
/// Where `CodeDeploy` calls hooks, and where ECS does.
pub(crate) const STAGES: [&str; 13] = [
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

/// The labels of a task definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    /// `quayside.migrate.command`: words, a JSON list, or a list of lists: several, one after another.
    pub(crate) commands: Option<Commands>,
    /// `quayside.migrate.command.<STAGE>`: the same for one stage of a deployment.
    pub(crate) at: BTreeMap<String, Commands>,
    /// `quayside.rollback.command`: what undoes the migrations of this revision.
    pub(crate) rollback: Option<Commands>,
    /// `quayside.migrate.container`: the container to run it in.
    pub(crate) container: Option<String>,
    /// `quayside.migrate.timeout`: how long it may take.
    pub(crate) timeout: Option<Duration>,
    /// `quayside.migrate.lock`: what no two migrations may use at once.
    pub(crate) lock: Option<String>,
    /// `quayside.migrate.success-exit-codes`: codes besides 0 that mean success.
    pub(crate) success_exit_codes: Vec<i32>,
    /// `quayside.migrate.secrets`: variables that only the migration has, and where ECS finds them.
    pub(crate) secrets: BTreeMap<String, String>,
    /// `quayside.migrate.execution-role`: the role that may read them.
    pub(crate) execution_role: Option<String>,
    /// `quayside.migrate.task-role`: the role the migration itself has.
    pub(crate) task_role: Option<String>,
    /// `quayside.migrate.pause-hooks`: the stages whose pause hooks are answered.
    pub(crate) pause_hooks: Vec<String>,
}

impl Labels {
    /// Reads the labels of all containers; they are the task definition's, whichever carries them.
    pub(crate) fn of(definition: &TaskDefinition) -> Result<Self> {
        let mut labels = Self::default();
        for (label, value) in collect(definition)? {
            let refused = |why: String| anyhow!("label {label} is `{value}`: {why}");
            if label.starts_with(ROLLBACK) {
                labels.rollback = Some(commands(&value).map_err(refused)?);
                continue;
            }
            let name = label.strip_prefix(MIGRATE).unwrap_or_default();
            match name {
                "command" => labels.commands = Some(commands(&value).map_err(refused)?),
                "container" => labels.container = Some(value),
                "timeout" => labels.timeout = Some(timeout(&value).map_err(refused)?),
                "lock" => labels.lock = Some(lock(&value).map_err(refused)?),
                "success-exit-codes" => {
                    labels.success_exit_codes = exit_codes(&value).map_err(refused)?;
                }
                "secrets" => labels.secrets = secrets(&value).map_err(refused)?,
                "execution-role" => labels.execution_role = Some(role(&value).map_err(refused)?),
                "task-role" => labels.task_role = Some(role(&value).map_err(refused)?),
                "pause-hooks" => labels.pause_hooks = stages(&value).map_err(refused)?,
                _ => {
                    let stage = name.strip_prefix("command.").unwrap_or_default().to_owned();
                    labels.at.insert(stage, commands(&value).map_err(refused)?);
                }
            }
        }
        Ok(labels)
    }

    /// The commands of a stage: its own, or those of all stages.
    pub(crate) fn commands_at(&self, stage: Option<&str>) -> Option<&Commands> {
        stage.and_then(|it| self.at.get(it)).or(self.commands.as_ref())
    }
}

/// Name and value of each label of ours, each name once.
fn collect(definition: &TaskDefinition) -> Result<Vec<(String, String)>> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    for container in definition.container_definitions() {
        let owner = container.name().unwrap_or("?");
        let Some(labels) = container.docker_labels() else { continue };
        for (label, value) in labels {
            if !is_ours(label) {
                continue;
            }
            if !is_known(label) {
                bail!(
                    "container {owner} has the unknown label {label}; known are {MIGRATE}{{{}}} and \
                     {ROLLBACK}command; stages are {}",
                    NAMES.join(", "),
                    STAGES.join(", ")
                );
            }
            match found.iter().find(|(it, ..)| it == label) {
                Some((_, other, first)) if other != value.trim() => bail!(
                    "containers {first} and {owner} disagree on the label {label}: `{other}` and \
                     `{value}`"
                ),
                Some(_) => {}
                None => found.push((label.clone(), value.trim().to_owned(), owner.to_owned())),
            }
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(name, value, _)| (name, value)).collect())
}

fn is_ours(label: &str) -> bool {
    label.starts_with(MIGRATE) || label.starts_with(ROLLBACK)
}

fn is_known(label: &str) -> bool {
    if let Some(name) = label.strip_prefix(ROLLBACK) {
        return name == "command";
    }
    let name = label.strip_prefix(MIGRATE).unwrap_or_default();
    match name.strip_prefix("command.") {
        Some(stage) => STAGES.contains(&stage),
        None => NAMES.contains(&name),
    }
}

/// A lock's name becomes part of nothing but comparisons; a blank one is a mistake.
fn lock(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.len() <= 100 && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("expected a name such as shop-database".into()) }
}

fn role(text: &str) -> Result<String, String> {
    let fits = text.starts_with("arn:") && text.contains(":role/");
    if fits { Ok(text.to_owned()) } else { Err("expected the ARN of a role".into()) }
}

/// Secrets are references, never values.
fn secrets(text: &str) -> Result<BTreeMap<String, String>, String> {
    const SHAPE: &str = r#"expected {"NAME": "arn of a secret or a parameter"}"#;
    let found: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|_| SHAPE.to_owned())?;
    for (name, from) in &found {
        let is_reference = from.starts_with("arn:")
            && (from.contains(":secretsmanager:") || from.contains(":ssm:"));
        if name.is_empty() || !is_reference {
            return Err(SHAPE.to_owned());
        }
    }
    Ok(found)
}

fn stages(text: &str) -> Result<Vec<String>, String> {
    let stages: Vec<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
    match stages.iter().find(|it| !STAGES.contains(&it.as_str())) {
        None => Ok(stages),
        Some(other) => Err(format!("there is no stage `{other}`; there are {}", STAGES.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::ContainerDefinition;

    use super::*;

    fn definition(labels: &[(&str, &str, &str)]) -> TaskDefinition {
        labels
            .iter()
            .fold(TaskDefinition::builder(), |it, (container, name, value)| {
                it.container_definitions(
                    ContainerDefinition::builder()
                        .name(*container)
                        .docker_labels(*name, *value)
                        .build(),
                )
            })
            .build()
    }

    #[test]
    fn labels_of_any_container_are_read() {
        let labels = Labels::of(&definition(&[
            ("app", "quayside.migrate.command", "bin/rails 'db:migrate now'"),
            ("app", "com.example", "x"),
            ("proxy", "quayside.migrate.container", "app"),
            ("proxy", "quayside.migrate.timeout", "25m"),
            ("proxy", "quayside.migrate.success-exit-codes", "0, 3"),
            ("proxy", "quayside.migrate.lock", "main-db"),
        ]))
        .unwrap();
        assert_eq!(
            labels,
            Labels {
                commands: Some(vec![vec!["bin/rails".into(), "db:migrate now".into()]]),
                container: Some("app".into()),
                timeout: Some(Duration::from_secs(1500)),
                lock: Some("main-db".into()),
                success_exit_codes: vec![0, 3],
                ..Labels::default()
            }
        );
    }

    #[test]
    fn labels_that_cannot_be_meant_are_refused() {
        let check = |labels: &[(&str, &str, &str)], why: &str| {
            let error = Labels::of(&definition(labels)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        check(&[("app", "quayside.migrate.comand", "x")], "unknown label quayside.migrate.comand");
        check(
            &[("a", "quayside.migrate.command", "x"), ("b", "quayside.migrate.command", "y")],
            "containers a and b disagree",
        );
        check(&[("a", "quayside.migrate.command", " ")], "empty");
        check(&[("a", "quayside.migrate.timeout", "soon")], "55m");
        check(&[("a", "quayside.migrate.command.AfterLunch", "x")], "unknown label");
        check(&[("a", "quayside.rollback.order", "x")], "unknown label");
        check(&[("a", "quayside.migrate.pause-hooks", "LUNCH")], "no stage `LUNCH`");
        check(&[("a", "quayside.migrate.task-role", "admin")], "ARN of a role");
        check(&[("a", "quayside.migrate.lock", " ")], "shop-database");
        // A value where a reference belongs would stand in the task definition for all to read.
        check(&[("a", "quayside.migrate.secrets", r#"{"PASSWORD": "hunter2"}"#)], "arn of a");
        check(&[("a", "quayside.migrate.secrets", "PASSWORD")], "arn of a");
        check(&[("a", "quayside.migrate.success-exit-codes", "many")], "such as 0,3");
    }

    #[test]
    fn a_stage_may_have_commands_of_its_own() {
        let labels = Labels::of(&definition(&[
            ("app", "quayside.migrate.command", r#"[["prepare"], ["migrate"]]"#),
            ("app", "quayside.migrate.command.AfterAllowTraffic", "contract"),
            ("app", "quayside.migrate.command.POST_SCALE_UP", "[]"),
        ]))
        .unwrap();
        let words = |stage: Option<&str>| {
            let commands = labels.commands_at(stage).unwrap();
            commands.iter().map(|it| it.join(" ")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(words(None), "prepare, migrate");
        assert_eq!(words(Some("BeforeInstall")), "prepare, migrate");
        assert_eq!(words(Some("AfterAllowTraffic")), "contract");
        assert_eq!(words(Some("POST_SCALE_UP")), "");
    }

    #[test]
    fn secrets_are_references() {
        let arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:admin-x1y2z3";
        let value = format!(r#"{{"DATABASE_URL": "{arn}"}}"#);
        let labels =
            Labels::of(&definition(&[("app", "quayside.migrate.secrets", &value)])).unwrap();
        assert_eq!(labels.secrets, [("DATABASE_URL".to_owned(), arn.to_owned())].into());
    }
}
