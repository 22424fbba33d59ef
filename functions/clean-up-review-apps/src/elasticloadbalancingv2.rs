//! Elastic Load Balancing: target groups, and the rules that send visitors to them.

mod shown;

use std::collections::{BTreeMap, BTreeSet};

use aws_call::{Call as _, Class, Failed};
use aws_sdk_elasticloadbalancingv2::types::{Listener, ProtocolEnum, Rule, TargetGroup};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource, Tags};
use crate::scope::{Removed, Scope};

/// AWS: "You can specify up to 20 resources in a single call."
const AT_ONCE: usize = 20;
const PER_PAGE: i32 = 400;

/// Target groups that may be a review app's, all rules that forward to one of them, whoever's they are, and
/// all target groups that those forward to: a rule is only its app's if all of them are.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::TargetGroup) && !scope.wants(Kind::ListenerRule) {
        return Ok(Vec::new());
    }
    let groups = all_groups(aws).await?;
    let ours: Vec<&TargetGroup> = groups.values().filter(|it| may_be_ours(scope, it)).collect();
    let mut arns: BTreeSet<&str> = ours.iter().filter_map(|it| it.target_group_arn()).collect();
    let listeners = listeners_of(aws, &ours).await?;
    let mut rules = BTreeMap::new();
    if scope.wants(Kind::ListenerRule) {
        for rule in rules_of(aws, &listeners).await? {
            let forwards = shown::targets(rule.actions()).iter().any(|it| arns.contains(it));
            rules.extend(rule.rule_arn.clone().filter(|_| forwards).map(|arn| (arn, rule)));
        }
        let tagged = scope.tagged_with(":listener-rule/").map(str::to_owned);
        let tagged = tagged.filter(|it| !rules.contains_key(it)).collect();
        for rule in described_rules(aws, tagged).await? {
            rules.extend(rule.rule_arn.clone().map(|arn| (arn, rule)));
        }
    }
    let rules: Vec<Rule> = rules.into_values().collect();
    arns.extend(rules.iter().flat_map(|it| shown::targets(it.actions())));
    let groups: Vec<&TargetGroup> = arns.iter().filter_map(|arn| groups.get(*arn)).collect();
    let mut found = with_tags(aws, groups, &rules).await?;
    for it in &mut found {
        if let Some(listener) = shown::default_of(&it.key, &listeners) {
            it.readiness = Readiness::Kept(format!("{listener} sends everything else to it"));
        }
    }
    Ok(found)
}

/// These resources, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let of = |kind| {
        let keys = keys.iter().filter(move |it| it.kind == kind);
        keys.map(|it| it.id.clone()).collect::<Vec<String>>()
    };
    let groups = described_groups(aws, of(Kind::TargetGroup)).await?;
    let rules = described_rules(aws, of(Kind::ListenerRule)).await?;
    with_tags(aws, groups.iter().collect(), &rules).await
}

/// Removes them. A target group may have targets: AWS deregisters them.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let answer = match ticket.key().kind {
            Kind::ListenerRule => delete_rule(aws, &ticket).await,
            Kind::TargetGroup => delete_group(aws, &ticket).await,
            _ => continue,
        };
        removed.push((ticket.key().clone(), answer));
    }
    removed
}

/// Rules belong to target groups, also where those themselves aren't looked after.
fn may_be_ours(scope: &Scope<'_>, it: &TargetGroup) -> bool {
    let name = it.target_group_name().unwrap_or_default();
    scope.rules.may_be_ours(Kind::TargetGroup, name, None)
        || it.target_group_arn().is_some_and(|it| scope.tagged.contains_key(it))
}

async fn all_groups(aws: &Aws) -> Result<BTreeMap<String, TargetGroup>, Failed> {
    let mut found = BTreeMap::new();
    let request = aws.elasticloadbalancingv2.describe_target_groups().page_size(PER_PAGE);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        for group in page.call("DescribeTargetGroups")?.target_groups.unwrap_or_default() {
            found.extend(group.target_group_arn.clone().map(|arn| (arn, group)));
        }
    }
    Ok(found)
}

/// The listeners of all load balancers that know one of the target groups.
async fn listeners_of(aws: &Aws, groups: &[&TargetGroup]) -> Result<Vec<Listener>, Failed> {
    let balancers: BTreeSet<&String> =
        groups.iter().flat_map(|it| it.load_balancer_arns()).collect();
    let mut found = Vec::new();
    for arn in balancers {
        let request = aws.elasticloadbalancingv2.describe_listeners().load_balancer_arn(arn);
        let mut pages = request.page_size(PER_PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let Some(page) = unless_gone(page.call("DescribeListeners"))? else { break };
            found.extend(page.listeners.unwrap_or_default());
        }
    }
    Ok(found)
}

/// The rules of listeners. Only those of HTTP have any.
async fn rules_of(aws: &Aws, listeners: &[Listener]) -> Result<Vec<Rule>, Failed> {
    let mut found = Vec::new();
    let http =
        |it: &&Listener| matches!(it.protocol(), Some(ProtocolEnum::Http | ProtocolEnum::Https));
    for arn in listeners.iter().filter(http).filter_map(|it| it.listener_arn()) {
        let request = aws.elasticloadbalancingv2.describe_rules().listener_arn(arn);
        let mut pages = request.page_size(PER_PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let Some(page) = unless_gone(page.call("DescribeRules"))? else { break };
            found.extend(page.rules.unwrap_or_default());
        }
    }
    Ok(found)
}

async fn described_groups(aws: &Aws, arns: Vec<String>) -> Result<Vec<TargetGroup>, Failed> {
    let ask = |arns| async move {
        let request = aws.elasticloadbalancingv2.describe_target_groups();
        let answer = request.set_target_group_arns(Some(arns)).send().await;
        Ok(answer.call("DescribeTargetGroups")?.target_groups.unwrap_or_default())
    };
    those_there(arns, ask).await
}

async fn described_rules(aws: &Aws, arns: Vec<String>) -> Result<Vec<Rule>, Failed> {
    let ask = |arns| async move {
        let request = aws.elasticloadbalancingv2.describe_rules().set_rule_arns(Some(arns));
        Ok(request.send().await.call("DescribeRules")?.rules.unwrap_or_default())
    };
    those_there(arns, ask).await
}

/// Resources with their tags. Of what has gone meanwhile there are none to be had.
async fn with_tags(
    aws: &Aws,
    groups: Vec<&TargetGroup>,
    rules: &[Rule],
) -> Result<Vec<Resource>, Failed> {
    let groups = groups.into_iter().filter_map(shown::group);
    let resources: Vec<Resource> = groups.chain(rules.iter().filter_map(shown::rule)).collect();
    let arns = resources.iter().map(|it| it.key.id.clone()).collect();
    let mut tags = tags(aws, arns).await?;
    let tagged = |it: Resource| tags.remove(&it.key.id).map(|tags| it.tags(tags));
    Ok(resources.into_iter().filter_map(tagged).collect())
}

async fn tags(aws: &Aws, arns: Vec<String>) -> Result<BTreeMap<String, Tags>, Failed> {
    let ask = |arns| async move {
        let request = aws.elasticloadbalancingv2.describe_tags();
        let answer = request.set_resource_arns(Some(arns)).send().await.call("DescribeTags")?;
        let descriptions = answer.tag_descriptions.unwrap_or_default();
        Ok(descriptions.into_iter().filter_map(shown::tags).collect())
    };
    Ok(those_there(arns, ask).await?.into_iter().collect())
}

/// Asks for many at once. One that has gone fails the call for all: then halves are asked for.
async fn those_there<T, A: Future<Output = Result<Vec<T>, Failed>>>(
    arns: Vec<String>,
    ask: impl Fn(Vec<String>) -> A,
) -> Result<Vec<T>, Failed> {
    let mut found = Vec::new();
    let mut open: Vec<Vec<String>> = arns.chunks(AT_ONCE).map(<[String]>::to_vec).collect();
    while let Some(mut some) = open.pop() {
        match unless_gone(ask(some.clone()).await)? {
            Some(them) => found.extend(them),
            None if some.len() > 1 => {
                open.push(some.split_off(some.len() / 2));
                open.push(some);
            }
            None => {}
        }
    }
    Ok(found)
}

async fn delete_rule(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    let request = aws.elasticloadbalancingv2.delete_rule().rule_arn(ticket.id());
    request.send().await.call("DeleteRule").map(drop)
}

async fn delete_group(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    let request = aws.elasticloadbalancingv2.delete_target_group().target_group_arn(ticket.id());
    request.send().await.call("DeleteTargetGroup").map(drop)
}

/// Elastic Load Balancing says `RuleNotFound` where others would say `RuleNotFoundException`.
fn unless_gone<T>(answer: Result<T, Failed>) -> Result<Option<T>, Failed> {
    let gone = |it: &Failed| {
        it.class == Class::Gone || it.code.as_deref().is_some_and(|it| it.ends_with("NotFound"))
    };
    match answer {
        Err(failed) if gone(&failed) => Ok(None),
        answer => answer.map(Some),
    }
}
