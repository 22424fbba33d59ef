//! AWS `CloudFormation`: stacks.

use aws_call::{Call as _, Failed};
use aws_sdk_cloudformation::types::{Stack, StackStatus};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

/// The stacks that may be a review app's. AWS: "If you don't pass a parameter to `StackName`, the API
/// returns a response that describes all resources in the account."
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    if !scope.wants(Kind::Stack) {
        return Ok(found);
    }
    let mut pages = aws.cloudformation.describe_stacks().into_paginator().send();
    while let Some(page) = pages.next().await {
        let stacks = page.call("DescribeStacks")?.stacks.unwrap_or_default();
        found.extend(stacks.into_iter().filter_map(resource).filter(|it| {
            scope.may_be_ours(Kind::Stack, &it.name, it.arn.as_deref(), Some(&it.tags))
        }));
    }
    Ok(found)
}

/// These stacks, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for key in keys {
        let request = aws.cloudformation.describe_stacks().stack_name(&key.id);
        match request.send().await.call("DescribeStacks") {
            Ok(answer) => {
                found.extend(answer.stacks.unwrap_or_default().into_iter().filter_map(resource));
            }
            Err(failed) if is_gone(&failed) => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

/// Asks for the stacks' deletion.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let request = aws.cloudformation.delete_stack().stack_name(ticket.id());
        let answer = request.send().await.call("DeleteStack");
        removed.push((ticket.key().clone(), answer.map(drop)));
    }
    removed
}

/// `DescribeStacks` models no error, and answers with this code to everything it can't carry out.
fn is_gone(failed: &Failed) -> bool {
    failed.is("ValidationError") && failed.message.contains("does not exist")
}

/// A stack that can be deleted by itself. A nested one goes with its parent.
fn resource(stack: Stack) -> Option<Resource> {
    if stack.root_id.is_some() || stack.stack_status == Some(StackStatus::DeleteComplete) {
        return None;
    }
    let readiness = readiness(&stack);
    let born = stack.last_updated_time.or(stack.creation_time).map(|it| it.secs());
    let tags = stack.tags.unwrap_or_default().into_iter();
    let id = stack.stack_id?;
    Some(
        Resource::new(Key::new(Kind::Stack, &id), stack.stack_name?)
            .arn(id)
            .tags(tags.filter_map(|it| Some((it.key?, it.value?))))
            .born(born)
            .readiness(readiness),
    )
}

fn readiness(stack: &Stack) -> Readiness {
    let status = stack.stack_status.as_ref().map_or("without a status", StackStatus::as_str);
    match status {
        "DELETE_IN_PROGRESS" => Readiness::Leaving(status.to_owned()),
        _ if stack.enable_termination_protection == Some(true) => {
            Readiness::Kept("termination protection".to_owned())
        }
        // AWS: "Ongoing creation of one or more stacks with an expected `StackId` but without any
        // templates or resources." Nothing ends that but an execution or a deletion.
        "REVIEW_IN_PROGRESS" => Readiness::Ready,
        _ if status.ends_with("_IN_PROGRESS") => Readiness::Waits(status.to_owned()),
        _ => Readiness::Ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(status: &str) -> Stack {
        let builder = Stack::builder().stack_id("arn:stack/core-review-12/1");
        builder.stack_name("core-review-12").stack_status(status.into()).build()
    }

    #[test]
    fn a_stack_goes_when_nothing_happens_to_it() {
        let check = |status: &str, expected: Readiness| {
            assert_eq!(resource(stack(status)).unwrap().readiness, expected, "{status}");
        };
        let waits = |status: &str| check(status, Readiness::Waits(status.to_owned()));
        check("CREATE_COMPLETE", Readiness::Ready);
        check("ROLLBACK_COMPLETE", Readiness::Ready);
        check("DELETE_FAILED", Readiness::Ready);
        check("REVIEW_IN_PROGRESS", Readiness::Ready);
        check("DELETE_IN_PROGRESS", Readiness::Leaving("DELETE_IN_PROGRESS".to_owned()));
        waits("CREATE_IN_PROGRESS");
        waits("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
        assert_eq!(resource(stack("DELETE_COMPLETE")), None);
    }

    #[test]
    fn a_nested_stack_goes_with_its_root_and_a_protected_one_stays() {
        let mut nested = stack("CREATE_COMPLETE");
        nested.root_id = Some("arn:stack/root/1".to_owned());
        assert_eq!(resource(nested), None);
        let mut protected = stack("CREATE_COMPLETE");
        protected.enable_termination_protection = Some(true);
        let kept = Readiness::Kept("termination protection".to_owned());
        assert_eq!(resource(protected).unwrap().readiness, kept);
    }
}
