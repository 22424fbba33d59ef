//! AWS Secrets Manager: secrets, their versions and the labels that move between them.

mod deletion;
mod operations;
mod replicas;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use operations::answer;

use crate::tags::tag_map;
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, State as Account, World};

/// The label of the version everybody reads.
const CURRENT: &str = "AWSCURRENT";
/// The label of the version that was read before.
const PREVIOUS: &str = "AWSPREVIOUS";

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    secrets: BTreeMap<String, Secret>,
}

struct Secret {
    arn: String,
    name: String,
    /// `Description`, `KmsKeyId`, `Tags`: told back as they came.
    told: Value,
    created: Timestamp,
    changed: Timestamp,
    accessed: Option<Timestamp>,
    /// When the recovery window ends.
    deletion: Option<Timestamp>,
    /// There is no recovery window: nothing brings the secret back.
    forced: bool,
    /// The keys of its copies in other Regions, as far as they have keys of their own.
    replicas: BTreeMap<String, Value>,
    /// The AWS service that made it and looks after it.
    owner: Option<String>,
    versions: Vec<Version>,
}

#[derive(Clone)]
struct Version {
    id: String,
    /// `{"SecretString": …}` or `{"SecretBinary": …}`.
    content: Value,
    stages: Vec<String>,
    created: Timestamp,
}

impl World {
    /// From now on the secret is one that another AWS service made, for example `rds`.
    pub fn own_secret(&self, name: &str, service: &str) {
        let mut state = self.state();
        let secret = state.secretsmanager.secrets.get_mut(name).expect("a secret that is there");
        secret.owner = Some(service.to_owned());
    }
}

impl State {
    /// The secret a `SecretId` means: a name, an ARN, or an ARN without its six random characters.
    fn find(&mut self, id: &str, now: Timestamp) -> Result<&mut Secret, AwsError> {
        self.forget_deleted(now);
        let prefix = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:");
        self.secrets
            .values_mut()
            .find(|it| {
                it.name == id || it.arn == id || id.strip_prefix(&prefix) == Some(it.name.as_str())
            })
            .ok_or_else(|| not_found("Secrets Manager can't find the specified secret."))
    }

    /// AWS: "At the end of the recovery window, Secrets Manager deletes the secret permanently."
    fn forget_deleted(&mut self, now: Timestamp) {
        self.secrets.retain(|_, secret| secret.deletion.is_none_or(|at| now < at));
    }
}

/// Every secret that is not going to be deleted, with its tags.
pub(crate) fn tagged(state: &Account) -> Vec<(String, BTreeMap<String, String>)> {
    let secrets = state.secretsmanager.secrets.values().filter(|it| it.deletion.is_none());
    secrets.map(|it| (it.arn.clone(), tag_map(&it.told["Tags"]))).collect()
}

impl Secret {
    /// The version with this id and this label, as far as they are given; else the current one.
    fn version(&self, id: Option<&str>, stage: Option<&str>) -> Result<&Version, AwsError> {
        let stage = match (id, stage) {
            (None, None) => Some(CURRENT),
            _ => stage,
        };
        let wanted = |it: &&Version| {
            id.is_none_or(|id| it.id == id)
                && stage.is_none_or(|stage| it.stages.iter().any(|has| has == stage))
        };
        self.versions.iter().find(wanted).ok_or_else(|| {
            let what = match (id, stage) {
                (Some(id), _) => format!("VersionId: {id}"),
                (None, stage) => format!("staging label: {}", stage.unwrap_or(CURRENT)),
            };
            not_found(format!("Secrets Manager can't find the specified secret value for {what}"))
        })
    }

    /// Adds a version and gives it its labels; each label is on one version only.
    ///
    /// AWS: "If this operation moves the staging label AWSCURRENT from another version to this
    /// version, then Secrets Manager also automatically moves the staging label AWSPREVIOUS to
    /// the version that AWSCURRENT was removed from."
    fn add(&mut self, version: Version) {
        let moves_current = version.stages.iter().any(|it| it == CURRENT);
        for old in &mut self.versions {
            let was_current = old.stages.iter().any(|it| it == CURRENT);
            let taken =
                |it: &String| version.stages.contains(it) || (moves_current && it == PREVIOUS);
            old.stages.retain(|it| !taken(it));
            if moves_current && was_current {
                old.stages.push(PREVIOUS.to_owned());
            }
        }
        self.versions.push(version);
    }

    fn stages(&self) -> Value {
        let labelled = self.versions.iter().filter(|it| !it.stages.is_empty());
        labelled
            .map(|it| (it.id.clone(), json!(it.stages)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::bad("ResourceNotFoundException", message)
}

/// What ECS puts into a container for `valueFrom`: a secret's ARN, on its own or followed by
/// `:json-key:version-stage:version-id`, each of which may be empty.
///
/// A plain name is `None`: for ECS it is a parameter of Systems Manager.
pub(crate) fn value(world: &World, value_from: &str) -> Option<String> {
    let parts: Vec<&str> = value_from.split(':').collect();
    if parts.len() < 7 || parts.get(2) != Some(&"secretsmanager") {
        return None;
    }
    let part = |n: usize| parts.get(n).copied().filter(|it| !it.is_empty());
    let now = world.clock().now();
    let mut state = world.state();
    let secret = state.secretsmanager.find(&parts[..7].join(":"), now).ok()?;
    if secret.deletion.is_some() {
        return None;
    }
    let version = secret.version(part(9), part(8)).ok()?;
    let text = version.content["SecretString"].as_str()?.to_owned();
    secret.accessed = Some(now);
    let Some(key) = part(7) else { return Some(text) };
    match serde_json::from_str::<Value>(&text).ok()?.get(key)? {
        Value::String(value) => Some(value.clone()),
        other => Some(other.to_string()),
    }
}
