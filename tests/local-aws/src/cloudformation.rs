//! `CloudFormation`: stacks that own resources. A stack is complete as soon as it is created, and
//! creates nothing; what it owns is told it by [`World::stack_owns`].

mod deletion;
mod show;
mod stacks;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::tags::Tags;
use crate::wire::{AwsError, Call, Reply, Service};
use crate::world::{ACCOUNT, REGION, State as Account, World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    /// Oldest first; those that are deleted stay.
    stacks: Vec<Stack>,
    /// By the name of their stack.
    owned: BTreeMap<String, Vec<Owned>>,
    /// Why a stack cannot be deleted, by its name.
    failures: BTreeMap<String, String>,
}

struct Stack {
    id: String,
    name: String,
    description: Option<String>,
    tags: Tags,
    created: Timestamp,
    deleted: Option<Timestamp>,
    is_protected: bool,
    status: &'static str,
    reason: Option<String>,
}

/// A resource of a stack, and the call that deletes it.
#[derive(Clone)]
struct Owned {
    arn: String,
    service: Service,
    operation: String,
    input: Value,
}

const COMPLETE: &str = "CREATE_COMPLETE";
const DELETING: &str = "DELETE_IN_PROGRESS";
const FAILED: &str = "DELETE_FAILED";
const DELETED: &str = "DELETE_COMPLETE";

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateStack" => stacks::create(world, input),
        "DescribeStacks" => show::describe(world, input),
        "ListStacks" => show::list(world, input),
        "DeleteStack" => deletion::delete(world, input),
        "UpdateTerminationProtection" => stacks::protect(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

impl World {
    /// The resource `arn` belongs to the stack of this name: the tagging API shows it with the
    /// stack's tags, and `deletion`, an operation and its input, deletes it with the stack.
    pub fn stack_owns(&self, stack: &str, arn: &str, deletion: (Service, &str, Value)) {
        let (service, operation, input) = deletion;
        let owned = Owned { arn: arn.to_owned(), service, operation: operation.to_owned(), input };
        self.state().cloudformation.owned.entry(stack.to_owned()).or_default().push(owned);
    }

    /// From now on the stack of this name ends in `DELETE_FAILED` when it is deleted, unless the
    /// caller retains resources.
    pub fn stack_fails_to_delete(&self, stack: &str, reason: &str) {
        self.state().cloudformation.failures.insert(stack.to_owned(), reason.to_owned());
    }
}

impl State {
    /// A stack by its name, or by its id even when it is deleted.
    fn find(&mut self, reference: &str) -> Option<&mut Stack> {
        self.stacks
            .iter_mut()
            .rev()
            .find(|it| it.id == reference || (it.name == reference && it.status != DELETED))
    }
}

/// Every stack that is not deleted.
pub(crate) fn tagged(state: &Account) -> Vec<(String, Tags)> {
    let stacks = state.cloudformation.stacks.iter().filter(|it| it.status != DELETED);
    stacks.map(|it| (it.id.clone(), it.tags.clone())).collect()
}

/// The resources of stacks with the tags that `CloudFormation` gives them: the stack's own, and
/// those beginning with `aws:`, which nobody else can set.
pub(crate) fn owned(state: &Account) -> Vec<(String, Tags)> {
    let mut found = Vec::new();
    for stack in state.cloudformation.stacks.iter().filter(|it| it.status != DELETED) {
        for owned in state.cloudformation.owned.get(&stack.name).into_iter().flatten() {
            let last = owned.arn.rsplit([':', '/']).next().unwrap_or_default();
            let logical: String = last.chars().filter(char::is_ascii_alphanumeric).collect();
            let mut tags = stack.tags.clone();
            for (key, value) in
                [("stack-id", &stack.id), ("stack-name", &stack.name), ("logical-id", &logical)]
            {
                tags.insert(format!("aws:cloudformation:{key}"), value.clone());
            }
            found.push((owned.arn.clone(), tags));
        }
    }
    found
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

/// The id of the stack that is the `count`th of the account.
fn id(name: &str, count: usize) -> String {
    let unique = format!("00000000-0000-0000-0000-{count:012x}");
    format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{unique}")
}
