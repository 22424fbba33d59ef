//! Amazon ECR: repositories and the images in them.

mod images;
mod repositories;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::tags::{self, Refused, Tags};
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{ACCOUNT, REGION, State as Account, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    repositories: BTreeMap<String, Repository>,
}

struct Repository {
    name: String,
    created: f64,
    /// `imageTagMutability`.
    mutability: String,
    tags: Tags,
    /// By digest.
    images: BTreeMap<String, Image>,
}

struct Image {
    manifest: String,
    media_type: String,
    pushed: f64,
    tags: BTreeSet<String>,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateRepository" => repositories::create(world, input),
        "DescribeRepositories" => repositories::describe(world, input),
        "PutImage" => images::put(world, input),
        "ListImages" => images::list(world, input),
        "DescribeImages" => images::describe(world, input),
        "BatchGetImage" => images::batch_get(world, input),
        "BatchDeleteImage" => images::batch_delete(world, input),
        "TagResource" => tag(world, input),
        "ListTagsForResource" => list_tags(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

/// The repositories that are there, with their tags. Images have none of this kind.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    state.ecr.repositories.values().map(|it| (it.arn(), it.tags.clone())).collect()
}

impl Repository {
    fn arn(&self) -> String {
        format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{}", self.name)
    }
}

impl State {
    fn repository(&mut self, input: &Value) -> Result<&mut Repository, AwsError> {
        let name = input["repositoryName"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(invalid("repositoryName must not be empty."));
        }
        self.repositories.get_mut(name).ok_or_else(|| no_repository(name))
    }

    fn by_arn(&mut self, input: &Value) -> Result<&mut Repository, AwsError> {
        let arn = input["resourceArn"].as_str().unwrap_or_default();
        let Some(name) = arn.strip_prefix(&format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"))
        else {
            return Err(invalid(format!("The ARN '{arn}' is not a repository's.")));
        };
        self.repositories.get_mut(name).ok_or_else(|| no_repository(name))
    }
}

fn no_repository(name: &str) -> AwsError {
    let message = format!(
        "The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
    );
    AwsError::bad("RepositoryNotFoundException", message)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

fn tag(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let repository = state.ecr.by_arn(input)?;
    tags::add(&mut repository.tags, &input["tags"]).map_err(bad_tags)?;
    Ok(json!({}))
}

fn list_tags(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    Ok(json!({"tags": tags::tag_list(&state.ecr.by_arn(input)?.tags)}))
}

fn bad_tags(refused: Refused) -> AwsError {
    match refused {
        Refused::TooMany => {
            let message = "The list of tags on the repository is over the limit of 50.";
            AwsError::bad("TooManyTagsException", message)
        }
        Refused::Invalid(message) => AwsError::bad("InvalidTagParameterException", message),
    }
}

/// One page of a list. AWS: "If this parameter is not used, then … returns up to 100 results".
fn paged(input: &Value, member: &str, items: &[Value]) -> Answer {
    let limit = match &input["maxResults"] {
        Value::Null => Some(100),
        value => value.as_u64().and_then(|it| usize::try_from(it).ok()),
    };
    let limit = limit.filter(|it| (1..=1000).contains(it));
    let limit = limit.ok_or_else(|| invalid("maxResults must be between 1 and 1000."))?;
    let (items, next) = page(items, &input["nextToken"], limit, "InvalidParameterException")?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}
