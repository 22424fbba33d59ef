//! AWS Secrets Manager: secrets.

use aws_call::{Call as _, Class, Failed};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource, Tags};
use crate::scope::{Removed, Scope};

/// The secrets that may be a review app's; those that are only scheduled for deletion, too: they still
/// hold their names.
///
/// All are listed, as a filter for names would hide those of which only their tags tell; and candidates are
/// described, as a list says nothing of replicas.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::Secret) {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    let request = aws.secretsmanager.list_secrets().include_planned_deletion(true);
    let mut pages = request.into_paginator().page_size(100).send();
    while let Some(page) = pages.next().await {
        for it in page.call("ListSecrets")?.secret_list.unwrap_or_default() {
            let tags = tags(it.tags);
            let (Some(arn), Some(name)) = (it.arn, it.name) else { continue };
            if scope.may_be_ours(Kind::Secret, &name, Some(&arn), Some(&tags)) {
                keys.push(Key::new(Kind::Secret, arn));
            }
        }
    }
    look(aws, &keys).await
}

/// These secrets, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for key in keys {
        let request = aws.secretsmanager.describe_secret().secret_id(&key.id);
        match request.send().await.call("DescribeSecret") {
            Ok(answer) => found.extend(resource(answer)),
            Err(failed) if failed.class == Class::Gone => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

/// Deletes secrets at once: for as long as one is only scheduled, the next app can't have its name.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let request = aws.secretsmanager.delete_secret().secret_id(ticket.id());
        let request = request.force_delete_without_recovery(true);
        let answer = request.send().await.call("DeleteSecret");
        removed.push((ticket.key().clone(), answer.map(drop)));
    }
    removed
}

fn resource(secret: DescribeSecretOutput) -> Option<Resource> {
    let readiness = kept(&secret).map_or(Readiness::Ready, Readiness::Kept);
    let arn = secret.arn?;
    Some(
        Resource::new(Key::new(Kind::Secret, &arn), secret.name?)
            .arn(arn)
            .tags(tags(secret.tags))
            .born(secret.created_date.map(|it| it.secs()))
            .readiness(readiness),
    )
}

/// Why AWS would refuse, or another service would miss it.
fn kept(secret: &DescribeSecretOutput) -> Option<String> {
    // `rds!db-…`: only services can make such names.
    let maker = || Some(secret.name()?.split_once('!')?.0);
    if let Some(owner) = secret.owning_service().or_else(maker) {
        return Some(format!("it is managed by {owner}"));
    }
    let region = secret.arn().and_then(|it| it.split(':').nth(3));
    if let Some(primary) = secret.primary_region().filter(|it| Some(*it) != region) {
        return Some(format!("it is a replica of the secret in {primary}"));
    }
    let replicas: Vec<_> =
        secret.replication_status().iter().filter_map(|it| it.region()).collect();
    (!replicas.is_empty())
        .then(|| format!("it is replicated to {}: remove the replicas first", replicas.join(", ")))
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    tags.unwrap_or_default().into_iter().filter_map(|it| Some((it.key?, it.value?))).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::types::ReplicationStatusType;

    use super::*;

    #[test]
    fn what_others_need_is_kept() {
        let secret = DescribeSecretOutput::builder()
            .arn("arn:aws:secretsmanager:eu-west-2:123456789012:secret:core-review-12/db-AbCdEf")
            .name("core-review-12/db");
        let check = |it: DescribeSecretOutput, expected: Option<&str>| {
            let expected = expected.map_or(Readiness::Ready, |it| Readiness::Kept(it.to_owned()));
            assert_eq!(resource(it).unwrap().readiness, expected);
        };
        check(secret.clone().build(), None);
        check(secret.clone().primary_region("eu-west-2").build(), None);
        check(
            secret.clone().primary_region("eu-west-1").build(),
            Some("it is a replica of the secret in eu-west-1"),
        );
        check(secret.clone().owning_service("rds").build(), Some("it is managed by rds"));
        check(secret.clone().name("rds!db-1").build(), Some("it is managed by rds"));
        let replica = ReplicationStatusType::builder().region("us-east-1").build();
        check(
            secret.replication_status(replica).build(),
            Some("it is replicated to us-east-1: remove the replicas first"),
        );
    }
}
