//! Stacks as they are shown.

use serde_json::{Value, json};

use super::{Answer, DELETED, Stack, invalid};
use crate::tags::tag_list;
use crate::wire::page;
use crate::world::World;

/// How many stacks a page has.
const PAGE: usize = 100;

impl Stack {
    /// What both listings show.
    fn summary(&self) -> Value {
        let mut shown = json!({
            "StackId": self.id,
            "StackName": self.name,
            "CreationTime": self.created.to_string(),
            "StackStatus": self.status,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        });
        if let Some(deleted) = self.deleted {
            shown["DeletionTime"] = json!(deleted.to_string());
        }
        if let Some(reason) = &self.reason {
            shown["StackStatusReason"] = json!(reason);
        }
        shown
    }

    fn described(&self) -> Value {
        let mut shown = self.summary();
        shown["Tags"] = tag_list(&self.tags);
        shown["EnableTerminationProtection"] = json!(self.is_protected);
        shown["DisableRollback"] = json!(false);
        if let Some(description) = &self.description {
            shown["Description"] = json!(description);
        }
        shown
    }

    fn listed(&self) -> Value {
        let mut shown = self.summary();
        if let Some(description) = &self.description {
            shown["TemplateDescription"] = json!(description);
        }
        shown
    }
}

/// AWS: "Deleted stacks: you must use the unique stack ID."
pub(super) fn describe(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let stacks = &mut state.cloudformation;
    if let Some(name) = input["StackName"].as_str() {
        let missing = || invalid(format!("Stack with id {name} does not exist"));
        return Ok(json!({"Stacks": [stacks.find(name).ok_or_else(missing)?.described()]}));
    }
    let all = stacks.stacks.iter().rev().filter(|it| it.status != DELETED);
    paged("Stacks", &all.map(Stack::described).collect::<Vec<_>>(), input)
}

/// AWS: "If no `StackStatusFilter` is specified, summary information for all stacks is returned
/// (including existing stacks and stacks that have been deleted)."
pub(super) fn list(world: &World, input: &Value) -> Answer {
    let wanted = input["StackStatusFilter"].as_array();
    let state = world.state();
    let all = state.cloudformation.stacks.iter().rev();
    let all = all.filter(|it| wanted.is_none_or(|list| list.iter().any(|one| one == it.status)));
    paged("StackSummaries", &all.map(Stack::listed).collect::<Vec<_>>(), input)
}

fn paged(list: &str, all: &[Value], input: &Value) -> Answer {
    let (stacks, next) = page(all, &input["NextToken"], PAGE, "ValidationError")?;
    let mut answer = json!({list: stacks});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}
