//! Amazon `CloudWatch` Logs: log groups.

use std::collections::BTreeMap;

use aws_call::{Call as _, Class, Failed};
use aws_sdk_cloudwatchlogs::types::LogGroup;

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

/// What an ARN of a log group says before the name.
const PART: &str = ":log-group:";

/// The log groups that may be a review app's.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::LogGroup) {
        return Ok(Vec::new());
    }
    let mut groups = BTreeMap::new();
    for prefix in scope.prefixes(Kind::LogGroup) {
        // An empty prefix is refused.
        let prefix = Some(prefix).filter(|it| !it.is_empty()).map(str::to_owned);
        let request = aws.cloudwatchlogs.describe_log_groups().set_log_group_name_prefix(prefix);
        let mut pages = request.into_paginator().page_size(50).send();
        while let Some(page) = pages.next().await {
            let listed = page.call("DescribeLogGroups")?.log_groups.unwrap_or_default();
            let named = listed.into_iter().filter_map(|it| Some((it.log_group_name.clone()?, it)));
            groups.extend(named.filter(|(name, group)| {
                scope.may_be_ours(Kind::LogGroup, name, arn(group).as_deref(), None)
            }));
        }
    }
    for name in scope.tagged_with(PART).filter_map(name) {
        if !groups.contains_key(name) {
            groups.extend(group(aws, name).await?.map(|it| (name.to_owned(), it)));
        }
    }
    described(aws, groups.into_values()).await
}

/// These log groups, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut groups = Vec::new();
    for key in keys {
        groups.extend(group(aws, &key.id).await?);
    }
    described(aws, groups).await
}

/// Deletes log groups with everything in them.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let request = aws.cloudwatchlogs.delete_log_group().log_group_name(ticket.id());
        let answer = request.send().await.call("DeleteLogGroup");
        removed.push((ticket.key().clone(), answer.map(drop)));
    }
    removed
}

/// The log group with exactly this name.
async fn group(aws: &Aws, name: &str) -> Result<Option<LogGroup>, Failed> {
    let request = aws.cloudwatchlogs.describe_log_groups().log_group_name_prefix(name);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let listed = page.call("DescribeLogGroups")?.log_groups.unwrap_or_default();
        // AWS: "The results are ASCII-sorted by log group name." So it is the first one, or there is none.
        if let Some(first) = listed.into_iter().next() {
            return Ok(Some(first).filter(|it| it.log_group_name() == Some(name)));
        }
    }
    Ok(None)
}

/// Log groups with their tags. Those that vanished meanwhile are left out.
async fn described(
    aws: &Aws,
    groups: impl IntoIterator<Item = LogGroup>,
) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for group in groups {
        let Some((name, arn)) = group.log_group_name().zip(arn(&group)) else { continue };
        let request = aws.cloudwatchlogs.list_tags_for_resource().resource_arn(&arn);
        match request.send().await.call("ListTagsForResource") {
            Ok(answer) => found.push(
                Resource::new(Key::new(Kind::LogGroup, name), name)
                    .arn(arn)
                    .tags(answer.tags.unwrap_or_default())
                    .readiness(readiness(&group)),
            ),
            Err(failed) if failed.class == Class::Gone => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

fn readiness(group: &LogGroup) -> Readiness {
    match group.deletion_protection_enabled() {
        Some(true) => Readiness::Kept("deletion protection".to_owned()),
        _ => Readiness::Ready,
    }
}

/// The ARN as the tagging API has it. The older member ends with `:*`, for its streams.
fn arn(group: &LogGroup) -> Option<String> {
    let arn = group.log_group_arn().or(group.arn())?;
    Some(arn.strip_suffix(":*").unwrap_or(arn).to_owned())
}

/// The name in an ARN. A log group's name has no colon in it: what follows one is a log stream's.
fn name(arn: &str) -> Option<&str> {
    let (_, rest) = arn.split_once(PART)?;
    let name = rest.strip_suffix(":*").unwrap_or(rest);
    (!name.is_empty() && !name.contains(':')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns() {
        let plain = "arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/core-review-12";
        assert_eq!(name(plain), Some("/ecs/core-review-12"));
        assert_eq!(name(&format!("{plain}:*")), Some("/ecs/core-review-12"));
        assert_eq!(name(&format!("{plain}:log-stream:x")), None);
        assert_eq!(name("arn:aws:logs:eu-west-2:123456789012:destination:x"), None);
        let old = LogGroup::builder().arn(format!("{plain}:*"));
        assert_eq!(arn(&old.clone().build()).as_deref(), Some(plain));
        assert_eq!(arn(&old.log_group_arn(plain).build()).as_deref(), Some(plain));
    }
}
