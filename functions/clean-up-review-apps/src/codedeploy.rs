//! AWS CodeDeploy: deployment groups, and the deployments that are in progress in them.

use std::collections::{BTreeMap, BTreeSet};

use aws_call::{Call as _, Class, Failed};
use aws_sdk_codedeploy::types::{DeploymentGroupInfo, DeploymentInfo, DeploymentStatus};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource, Tags};
use crate::rules::Rules;
use crate::scope::{Removed, Scope};

/// CodeDeploy describes so many groups of one application at once.
const AT_ONCE: usize = 100;

/// A deployment in one of these states goes on until it is stopped.
const IN_PROGRESS: [DeploymentStatus; 5] = [
    DeploymentStatus::Created,
    DeploymentStatus::Queued,
    DeploymentStatus::InProgress,
    DeploymentStatus::Baking,
    DeploymentStatus::Ready,
];

/// The groups that may be a review app's, and their deployments in progress.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::DeploymentGroup) && !scope.wants(Kind::Deployment) {
        return Ok(Vec::new());
    }
    // A deployment is its group's, also where groups themselves aren't looked after.
    let (applications, mut groups) =
        (tagged(scope, "application:"), tagged(scope, "deploymentgroup:"));
    for application in list_applications(aws).await? {
        let all = applications.contains(application.as_str());
        for group in list_groups(aws, &application).await? {
            let name = name_of(scope.rules, &application, &group);
            if all || scope.rules.may_be_ours(Kind::DeploymentGroup, name, None) {
                groups.insert(format!("{application}/{group}"));
            }
        }
    }
    let mut keys: Vec<Key> =
        groups.into_iter().map(|it| Key::new(Kind::DeploymentGroup, it)).collect();
    let mut found = look(aws, scope.rules, &keys).await?;
    if scope.wants(Kind::Deployment) {
        keys = Vec::new();
        for group in &found {
            keys.extend(list_deployments(aws, &group.key).await?);
        }
        found.extend(look(aws, scope.rules, &keys).await?);
    }
    Ok(found)
}

/// These resources, as they are now.
pub(crate) async fn look(aws: &Aws, rules: &Rules, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let of = |kind| keys.iter().filter(move |it| it.kind == kind).map(|it| it.id.as_str());
    let mut applications: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (application, group) in of(Kind::DeploymentGroup).filter_map(|it| it.split_once('/')) {
        applications.entry(application).or_default().push(group.to_owned());
    }
    let mut found = Vec::new();
    for (application, groups) in applications {
        for some in groups.chunks(AT_ONCE) {
            found.extend(described_groups(aws, rules, application, some).await?);
        }
    }
    for id in of(Kind::Deployment) {
        found.extend(described_deployment(aws, id).await?);
    }
    Ok(found)
}

/// Stops deployments and deletes groups. What was deployed stays as it is: a rollback would start the app
/// again.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let answer = match ticket.key().kind {
            Kind::Deployment => stop_deployment(aws, &ticket).await,
            Kind::DeploymentGroup => delete_group(aws, &ticket).await,
            _ => continue,
        };
        removed.push((ticket.key().clone(), answer));
    }
    removed
}

async fn list_applications(aws: &Aws) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    let mut pages = aws.codedeploy.list_applications().into_paginator().send();
    while let Some(page) = pages.next().await {
        names.extend(page.call("ListApplications")?.applications.unwrap_or_default());
    }
    Ok(names)
}

async fn list_groups(aws: &Aws, application: &str) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    let request = aws.codedeploy.list_deployment_groups().application_name(application);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let Some(page) = unless_gone(page.call("ListDeploymentGroups"))? else { break };
        names.extend(page.deployment_groups.unwrap_or_default());
    }
    Ok(names)
}

async fn list_deployments(aws: &Aws, group: &Key) -> Result<Vec<Key>, Failed> {
    let mut keys = Vec::new();
    let Some((application, name)) = group.id.split_once('/') else { return Ok(keys) };
    let mut pages = aws
        .codedeploy
        .list_deployments()
        .application_name(application)
        .deployment_group_name(name)
        .set_include_only_statuses(Some(IN_PROGRESS.to_vec()))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let Some(page) = unless_gone(page.call("ListDeployments"))? else { break };
        let ids = page.deployments.unwrap_or_default();
        keys.extend(ids.into_iter().map(|it| Key::new(Kind::Deployment, it)));
    }
    Ok(keys)
}

/// Those of the groups that are there: about the others the answer has a sentence, and no code.
async fn described_groups(
    aws: &Aws,
    rules: &Rules,
    application: &str,
    groups: &[String],
) -> Result<Vec<Resource>, Failed> {
    let request = aws.codedeploy.batch_get_deployment_groups().application_name(application);
    let request = request.set_deployment_group_names(Some(groups.to_vec()));
    let answer = request.send().await.call("BatchGetDeploymentGroups");
    let Some(answer) = unless_gone(answer)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for group in answer.deployment_groups_info() {
        let Some(resource) = shown_group(rules, group) else { continue };
        found.push(match &resource.arn {
            Some(arn) => resource.clone().tags(tags(aws, arn).await?),
            // Its tags might protect it.
            None => resource
                .readiness(Readiness::Kept("it has no role that tells its account".to_owned())),
        });
    }
    Ok(found)
}

async fn described_deployment(aws: &Aws, id: &str) -> Result<Option<Resource>, Failed> {
    let answer = aws.codedeploy.get_deployment().deployment_id(id).send().await;
    let answer = unless_gone(answer.call("GetDeployment"))?;
    Ok(answer.and_then(|it| it.deployment_info).and_then(|it| shown_deployment(&it)))
}

async fn tags(aws: &Aws, arn: &str) -> Result<Tags, Failed> {
    let mut tags = Tags::new();
    let mut token = None;
    loop {
        let request = aws.codedeploy.list_tags_for_resource().resource_arn(arn);
        let answer = request.set_next_token(token).send().await.call("ListTagsForResource")?;
        let pairs = answer.tags.unwrap_or_default().into_iter();
        tags.extend(pairs.filter_map(|it| Some((it.key?, it.value.unwrap_or_default()))));
        token = answer.next_token.filter(|it| !it.is_empty());
        if token.is_none() {
            return Ok(tags);
        }
    }
}

async fn stop_deployment(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    let request = aws.codedeploy.stop_deployment().deployment_id(ticket.id());
    request.auto_rollback_enabled(false).send().await.call("StopDeployment").map(drop)
}

async fn delete_group(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    let (application, group) = ticket.id().split_once('/').unwrap_or_default();
    let request = aws.codedeploy.delete_deployment_group().application_name(application);
    let request = request.deployment_group_name(group);
    request.send().await.call("DeleteDeploymentGroup").map(drop)
}

/// What the tagging API names of CodeDeploy, without the place.
fn tagged(scope: &Scope<'_>, what: &str) -> BTreeSet<String> {
    let of_codedeploy = |it: &str| {
        let mut parts = it.splitn(6, ':').skip(2);
        let service = parts.next()?;
        let name = parts.nth(2)?.strip_prefix(what)?;
        (service == "codedeploy").then(|| name.to_owned())
    };
    scope.tagged_with(what).filter_map(of_codedeploy).collect()
}

/// What templates are compared with: an application may be one review app's, or hold groups of many.
fn name_of<'a>(rules: &Rules, application: &'a str, group: &'a str) -> &'a str {
    match rules.may_be_ours(Kind::DeploymentGroup, group, None) {
        true => group,
        false => application,
    }
}

fn shown_group(rules: &Rules, it: &DeploymentGroupInfo) -> Option<Resource> {
    let (application, group) = (it.application_name()?, it.deployment_group_name()?);
    let key = Key::new(Kind::DeploymentGroup, format!("{application}/{group}"));
    let arn = it.service_role_arn().and_then(|role| group_arn(role, &rules.region, &key.id));
    let last = it.last_attempted_deployment().and_then(|it| it.create_time());
    let mut resource = Resource::new(key, name_of(rules, application, group));
    let says = |name| rules.templates.iter().find_map(|it| it.number(Kind::DeploymentGroup, name));
    if let (Some(one), Some(other)) = (says(application), says(group))
        && one != other
    {
        let why = format!("its application says pull request {one}, and its name {other}");
        resource.readiness = Readiness::Kept(why);
    }
    resource.arn = arn;
    Some(resource.born(last.map(|it| it.secs())))
}

/// CodeDeploy tells no ARN. A group is in the partition and account of its role, which it has to have.
fn group_arn(role: &str, region: &str, id: &str) -> Option<String> {
    let mut parts = role.split(':');
    let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
    Some(format!("arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{id}"))
}

/// A deployment that isn't over.
fn shown_deployment(it: &DeploymentInfo) -> Option<Resource> {
    if !it.status().is_some_and(|it| IN_PROGRESS.contains(it)) {
        return None;
    }
    let group = format!("{}/{}", it.application_name()?, it.deployment_group_name()?);
    let resource = Resource::new(Key::new(Kind::Deployment, it.deployment_id()?), "")
        .born(it.create_time().map(|it| it.secs()))
        .part_of([Key::new(Kind::DeploymentGroup, group)]);
    Some(resource)
}

/// An application, a group or a deployment may go while it is asked for.
fn unless_gone<T>(answer: Result<T, Failed>) -> Result<Option<T>, Failed> {
    match answer {
        Err(failed) if failed.class == Class::Gone => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use crate::name::Template;

    use super::*;

    fn rules() -> Rules {
        Rules {
            region: "eu-west-2".to_owned(),
            templates: vec![Template::read("core-review-{pr}").unwrap()],
            ..Rules::default()
        }
    }

    #[track_caller]
    fn check_name(application: &str, group: &str, expected: &str) {
        let it = DeploymentGroupInfo::builder();
        let it = it.application_name(application).deployment_group_name(group);
        let role = "arn:aws:iam::123456789012:role/CodeDeploy";
        let it = shown_group(&rules(), &it.service_role_arn(role).build()).unwrap();
        assert_eq!(it.name, expected);
        assert_eq!(it.key.id, format!("{application}/{group}"));
        let place = "arn:aws:codedeploy:eu-west-2:123456789012:deploymentgroup";
        assert_eq!(it.arn, Some(format!("{place}:{application}/{group}")));
    }

    #[test]
    fn the_name_is_the_one_that_looks_like_a_review_apps() {
        check_name("core", "core-review-12", "core-review-12");
        check_name("core-review-12", "web", "core-review-12");
        check_name("core-review-12", "core-review-13", "core-review-13");
        check_name("core", "web", "core");
    }

    #[test]
    fn a_deployment_that_is_over_is_gone() {
        let shown = |status| {
            let it = DeploymentInfo::builder().application_name("core").deployment_id("d-1");
            let it = it.deployment_group_name("core-review-12").status(status).build();
            shown_deployment(&it).and_then(|it| it.part_of.first().map(|it| it.id.clone()))
        };
        assert_eq!(shown(DeploymentStatus::Ready).as_deref(), Some("core/core-review-12"));
        assert_eq!(shown(DeploymentStatus::Stopped), None);
    }
}
