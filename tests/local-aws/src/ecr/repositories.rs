//! Repositories.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Repository, bad_tags, invalid, no_repository, paged};
use crate::tags;
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

impl Repository {
    fn shown(&self) -> Value {
        json!({
            "repositoryArn": self.arn(),
            "registryId": ACCOUNT,
            "repositoryName": self.name,
            "repositoryUri": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{}", self.name),
            "createdAt": self.created,
            "imageTagMutability": self.mutability,
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        })
    }
}

/// The model's pattern: lower-case words between single separators, two characters at least.
fn is_name(name: &str) -> bool {
    let fits = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "._-/".contains(it);
    let ends = |it: &str| it.starts_with(|it: char| it.is_ascii_alphanumeric());
    let backwards: String = name.chars().rev().collect();
    (2..=256).contains(&name.len())
        && name.chars().all(fits)
        && ends(name)
        && ends(&backwards)
        && !name.contains("//")
}

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let name = input["repositoryName"].as_str().unwrap_or_default();
    if !is_name(name) {
        return Err(invalid(format!(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: '{name}' is not \
             a repository's name"
        )));
    }
    let mutability = input["imageTagMutability"].as_str().unwrap_or("MUTABLE");
    if !matches!(mutability, "MUTABLE" | "IMMUTABLE") {
        return Err(invalid("imageTagMutability must be MUTABLE or IMMUTABLE."));
    }
    let repository = Repository {
        name: name.to_owned(),
        created: world.clock().epoch_seconds(),
        mutability: mutability.to_owned(),
        tags: tags::read(&input["tags"]).map_err(bad_tags)?,
        images: BTreeMap::new(),
    };
    let mut state = world.state();
    if state.ecr.repositories.contains_key(name) {
        let message = format!(
            "The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'"
        );
        return Err(AwsError::bad("RepositoryAlreadyExistsException", message));
    }
    let answer = json!({"repository": repository.shown()});
    state.ecr.repositories.insert(name.to_owned(), repository);
    Ok(answer)
}

pub(super) fn describe(world: &World, input: &Value) -> Answer {
    let state = world.state();
    let repositories = &state.ecr.repositories;
    let Some(names) = input["repositoryNames"].as_array() else {
        let all: Vec<Value> = repositories.values().map(Repository::shown).collect();
        return paged(input, "repositories", &all);
    };
    // "maxResults … This option cannot be used when you specify repositories with
    // repositoryNames."
    if !input["maxResults"].is_null() || !input["nextToken"].is_null() {
        return Err(invalid("repositoryNames come without maxResults and nextToken."));
    }
    let named = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        repositories.get(name).map(Repository::shown).ok_or_else(|| no_repository(name))
    };
    let found: Vec<Value> = names.iter().map(named).collect::<Result<_, _>>()?;
    Ok(json!({"repositories": found}))
}
