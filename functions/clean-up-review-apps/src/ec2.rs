//! Amazon EC2: instances and security groups.

mod shown;

use std::collections::BTreeMap;

use aws_call::{Call as _, Failed};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, InstanceStateName, SecurityGroup};

use crate::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

/// A filter takes so many values.
const VALUES: usize = 200;

/// The longest page that EC2 gives.
const PAGE: i32 = 1000;

/// Instances and security groups that may be a review app's.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut seen = BTreeMap::new();
    for (kind, name, arns) in [
        (Kind::Instance, "tag:Name", ":instance/"),
        (Kind::SecurityGroup, "group-name", ":security-group/"),
    ] {
        if !scope.wants(kind) {
            continue;
        }
        for filter in roads(scope, kind, name, arns) {
            let found = described(&aws.ec2, kind, filter).await?;
            let ours = found
                .into_iter()
                .filter(|it| scope.may_be_ours(kind, &it.name, it.arn.as_deref(), Some(&it.tags)));
            seen.extend(ours.map(|it| (it.key.clone(), it)));
        }
    }
    Ok(seen.into_values().collect())
}

/// What to ask for to find everything of a kind: the tag, the names, and what is said to be tagged.
fn roads(scope: &Scope<'_>, kind: Kind, name: &str, arns: &str) -> Vec<Filter> {
    let mut roads = Vec::new();
    if !scope.rules.preview_tags.is_empty() {
        roads.push(filter("tag-key", [scope.rules.pr_tag.clone()]));
    }
    let prefixes: Vec<_> = scope.prefixes(kind).iter().map(|it| format!("{it}*")).collect();
    roads.extend(prefixes.chunks(VALUES).map(|it| filter(name, it.iter().cloned())));
    let ids: Vec<_> = scope
        .tagged_with(arns)
        .filter(|it| shown::is_of_ec2(it))
        .filter_map(|it| it.rsplit_once('/'))
        .map(|(_, id)| id.to_owned())
        .collect();
    roads.extend(by_id(kind, &ids));
    roads
}

/// Exactly these, described anew.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut seen = Vec::new();
    for kind in [Kind::Instance, Kind::SecurityGroup] {
        let ids: Vec<_> =
            keys.iter().filter(|it| it.kind == kind).map(|it| it.id.clone()).collect();
        for filter in by_id(kind, &ids) {
            seen.extend(described(&aws.ec2, kind, filter).await?);
        }
    }
    Ok(seen)
}

/// As a filter and not as a list of ids: of a list EC2 refuses all if one is unknown.
fn by_id(kind: Kind, ids: &[String]) -> impl Iterator<Item = Filter> {
    let name = if kind == Kind::Instance { "instance-id" } else { "group-id" };
    ids.chunks(VALUES).map(move |it| filter(name, it.iter().cloned()))
}

fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

async fn described(ec2: &Client, kind: Kind, filter: Filter) -> Result<Vec<Resource>, Failed> {
    match kind {
        Kind::Instance => instances(ec2, filter).await,
        _ => groups(ec2, filter).await,
    }
}

/// Instances that exist. EC2 shows terminated ones for an hour.
async fn instances(ec2: &Client, which: Filter) -> Result<Vec<Resource>, Failed> {
    let alive = [
        InstanceStateName::Pending,
        InstanceStateName::Running,
        InstanceStateName::ShuttingDown,
        InstanceStateName::Stopping,
        InstanceStateName::Stopped,
    ];
    let alive = filter("instance-state-name", alive.map(|it| it.as_str().to_owned()));
    let request = ec2.describe_instances().filters(alive).filters(which).max_results(PAGE);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let found = found.call("DescribeInstances")?;
    let region = ec2.config().region().map(|it| it.as_ref()).unwrap_or_default();
    let reservations = found.iter().flat_map(|it| {
        let owner = it.owner_id().unwrap_or_default();
        it.instances().iter().filter_map(move |it| shown::instance(it, region, owner))
    });
    Ok(reservations.collect())
}

/// Security groups, and whether something uses them.
async fn groups(ec2: &Client, which: Filter) -> Result<Vec<Resource>, Failed> {
    let found = security_groups(ec2, which).await?;
    let region = ec2.config().region().map(|it| it.as_ref()).unwrap_or_default();
    let mut groups: Vec<_> = found.iter().filter_map(|it| shown::group(it, region)).collect();
    let ids: Vec<_> = groups.iter().map(|it| it.key.id.clone()).collect();
    let mut used = BTreeMap::new();
    for filter in by_id(Kind::SecurityGroup, &ids) {
        let request = ec2.describe_network_interfaces().filters(filter).max_results(PAGE);
        let pages = request.into_paginator().items().send();
        let interfaces = pages.collect::<Result<Vec<_>, _>>().await;
        for interface in interfaces.call("DescribeNetworkInterfaces")? {
            let id = interface.network_interface_id().unwrap_or_default();
            let users = interface.groups().iter().filter_map(|it| it.group_id());
            used.extend(users.map(|it| (it.to_owned(), id.to_owned())));
        }
    }
    for group in groups.iter_mut().filter(|it| it.readiness == Readiness::Ready) {
        if let Some(interface) = used.get(&group.key.id) {
            group.readiness =
                Readiness::Waits(format!("the network interface {interface} uses it"));
        }
    }
    Ok(groups)
}

async fn security_groups(ec2: &Client, which: Filter) -> Result<Vec<SecurityGroup>, Failed> {
    let request = ec2.describe_security_groups().filters(which).max_results(PAGE);
    let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    found.call("DescribeSecurityGroups")
}

/// Terminates instances, or deletes security groups.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let result = match ticket.key().kind {
            Kind::Instance => terminate(&aws.ec2, &ticket).await,
            _ => delete_group(&aws.ec2, &ticket).await,
        };
        removed.push((ticket.key().clone(), result));
    }
    removed
}

async fn terminate(ec2: &Client, ticket: &Ticket) -> Result<(), Failed> {
    let request = ec2.terminate_instances().instance_ids(ticket.id());
    request.send().await.call("TerminateInstances").map(drop)
}

/// Two groups that refer to each other would keep each other for ever, so its own rules about others go first.
async fn delete_group(ec2: &Client, ticket: &Ticket) -> Result<(), Failed> {
    let id = ticket.id();
    let asked = filter("group-id", [id.to_owned()]);
    for group in security_groups(ec2, asked).await?.iter().filter(|it| it.group_id() == Some(id)) {
        let incoming = shown::about_others(id, group.ip_permissions());
        if !incoming.is_empty() {
            let request = ec2.revoke_security_group_ingress().group_id(id);
            let request = request.set_ip_permissions(Some(incoming));
            request.send().await.call("RevokeSecurityGroupIngress")?;
        }
        let outgoing = shown::about_others(id, group.ip_permissions_egress());
        if !outgoing.is_empty() {
            let request = ec2.revoke_security_group_egress().group_id(id);
            let request = request.set_ip_permissions(Some(outgoing));
            request.send().await.call("RevokeSecurityGroupEgress")?;
        }
    }
    ec2.delete_security_group().group_id(id).send().await.call("DeleteSecurityGroup").map(drop)
}
