//! Amazon `CloudWatch`: alarms.

use std::collections::{BTreeMap, BTreeSet};

use aws_call::{Call as _, Class, Failed};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder;
use aws_sdk_cloudwatch::types::AlarmType;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::resourcegroupstagging::with_tags_of;
use crate::rules::Rules;
use crate::scope::{Removed, Scope};

/// So many names one request takes, and so many alarms a page has.
const PAGE: usize = 100;

/// So many requests for tags are under way at once.
const AT_ONCE: usize = 8;

/// Alarms that may be a review app's. An app has many, and each one's tags are a request of their own: they
/// are read where the name doesn't tell whose an alarm is, and where a tag is said to protect it.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut seen = BTreeMap::new();
    if !scope.wants(Kind::Alarm) {
        return Ok(Vec::new());
    }
    let is_named = |it: &str| scope.may_be_ours(Kind::Alarm, it, None, None);
    for prefix in scope.prefixes(Kind::Alarm) {
        let request = aws.cloudwatch.describe_alarms().max_records(100);
        let prefix = Some(prefix).filter(|it| !it.is_empty()).map(str::to_owned);
        let found = described(request.set_alarm_name_prefix(prefix), &all()).await?;
        let ours = found.into_iter().filter(|it| is_named(&it.name));
        seen.extend(ours.map(|it| (it.name.clone(), it)));
    }
    let tagged = scope.tagged_with(":alarm:").filter_map(|arn| {
        let (name, tags) = (name_in(arn)?, scope.tagged.get(arn)?);
        let is_protected = tags.contains_key(&scope.rules.protect_tag);
        (is_protected || !is_named(name)).then(|| name.to_owned())
    });
    let tagged: BTreeSet<_> = tagged.collect();
    for it in with_tags(&aws.cloudwatch, tagged.into_iter().collect()).await? {
        if scope.may_be_ours(Kind::Alarm, &it.name, it.arn.as_deref(), Some(&it.tags)) {
            seen.insert(it.name.clone(), it);
        }
    }
    Ok(seen.into_values().collect())
}

/// Exactly these, described anew, with their tags.
pub(crate) async fn look(aws: &Aws, rules: &Rules, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let names = keys.iter().filter(|it| it.kind == Kind::Alarm).map(|it| it.id.clone());
    // There are many, and one request for each would take longer than everything else.
    let (named, others): (Vec<String>, Vec<String>) =
        names.partition(|it| rules.may_be_ours(Kind::Alarm, it, None));
    let named = self::named(&aws.cloudwatch, named, &all()).await?;
    let mut found = with_tags_of(aws, named).await?;
    found.extend(with_tags(&aws.cloudwatch, others).await?);
    Ok(found)
}

async fn with_tags(cloudwatch: &Client, names: Vec<String>) -> Result<Vec<Resource>, Failed> {
    let found = named(cloudwatch, names, &all()).await?;
    let tagged = found.into_iter().map(|it| tags(cloudwatch, it));
    let tagged: Vec<_> = stream::iter(tagged).buffered(AT_ONCE).try_collect().await?;
    Ok(tagged.into_iter().flatten().collect())
}

async fn tags(cloudwatch: &Client, it: Resource) -> Result<Option<Resource>, Failed> {
    let request = cloudwatch.list_tags_for_resource().set_resource_arn(it.arn.clone());
    let answer = match request.send().await.call("ListTagsForResource") {
        Err(failed) if failed.class == Class::Gone => return Ok(None),
        answer => answer?,
    };
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    Ok(Some(it.tags(answer.tags().iter().map(|it| (text(it.key()), text(it.value()))))))
}

/// Without being asked for all types, `CloudWatch` shows metric alarms only.
fn all() -> [AlarmType; 3] {
    [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm]
}

/// The alarms of these types that exist among these names.
async fn named(
    cloudwatch: &Client,
    names: Vec<String>,
    types: &[AlarmType],
) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for names in names.chunks(PAGE) {
        let request = cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
        found.extend(described(request, types).await?);
    }
    Ok(found)
}

async fn described(
    request: DescribeAlarmsFluentBuilder,
    types: &[AlarmType],
) -> Result<Vec<Resource>, Failed> {
    let request = request.set_alarm_types(Some(types.to_vec()));
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.call("DescribeAlarms")?;
        let metric = page.metric_alarms().iter().map(|it| (it.alarm_name(), it.alarm_arn()));
        let composite = page.composite_alarms().iter().map(|it| (it.alarm_name(), it.alarm_arn()));
        let log = page.log_alarms().iter().map(|it| (it.alarm_name(), it.alarm_arn()));
        found.extend(metric.chain(composite).chain(log).filter_map(shown));
    }
    Ok(found)
}

fn shown((name, arn): (Option<&str>, Option<&str>)) -> Option<Resource> {
    let name = name?;
    Some(Resource::new(Key::new(Kind::Alarm, name), name).arn(arn?))
}

/// The name in an alarm's ARN: it may have colons itself.
fn name_in(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(7, ':').skip(2);
    let is_alarm = parts.next() == Some("cloudwatch") && parts.nth(2) == Some("alarm");
    parts.next().filter(|_| is_alarm)
}

/// Deletes alarms. AWS: the total "can include no more than one composite alarm", and "log alarms cannot be
/// batch deleted". What a composite alarm depends on stays until that one is gone.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let cloudwatch = &aws.cloudwatch;
    let names = tickets.iter().map(|it| it.id().to_owned()).collect();
    let singles = named(cloudwatch, names, &[AlarmType::CompositeAlarm, AlarmType::LogAlarm]).await;
    let singles: BTreeSet<Key> = match singles {
        Ok(singles) => singles.into_iter().map(|it| it.key).collect(),
        Err(failed) => {
            return tickets.iter().map(|it| (it.key().clone(), Err(failed.clone()))).collect();
        }
    };
    let (singles, rest): (Vec<_>, Vec<_>) =
        tickets.iter().partition(|it| singles.contains(it.key()));
    let mut removed = one_by_one(cloudwatch, singles).await;
    for some in rest.chunks(PAGE) {
        removed.extend(match delete(cloudwatch, some).await {
            // One on which somebody else's composite alarm depends keeps all others of the request.
            Err(failed) if refused(&failed) && some.len() > 1 => {
                one_by_one(cloudwatch, some.to_vec()).await
            }
            result => some.iter().map(|it| (it.key().clone(), result.clone())).collect(),
        });
    }
    removed
}

/// Each in a request of its own, again as long as others had to go before.
async fn one_by_one(cloudwatch: &Client, tickets: Vec<&Ticket>) -> Removed {
    let (mut removed, mut left) = (Removed::new(), tickets);
    loop {
        let (asked, mut refusals) = (left.len(), Vec::new());
        for ticket in left {
            match delete(cloudwatch, &[ticket]).await {
                Err(failed) if refused(&failed) => refusals.push((ticket, failed)),
                result => removed.push((ticket.key().clone(), result)),
            }
        }
        if refusals.is_empty() || refusals.len() == asked {
            let kept = refusals.into_iter().map(|(ticket, it)| (ticket.key().clone(), Err(it)));
            removed.extend(kept);
            return removed;
        }
        left = refusals.into_iter().map(|(ticket, _)| ticket).collect();
    }
}

/// AWS: "Cannot delete … as there are composite alarm(s) depending on it."
fn refused(failed: &Failed) -> bool {
    failed.is("ValidationError")
}

async fn delete(cloudwatch: &Client, tickets: &[&Ticket]) -> Result<(), Failed> {
    let names = tickets.iter().map(|it| it.id().to_owned()).collect();
    let request = cloudwatch.delete_alarms().set_alarm_names(Some(names));
    request.send().await.call("DeleteAlarms").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_arns_may_have_colons() {
        let arn = "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:core-review-12: slow";
        assert_eq!(name_in(arn), Some("core-review-12: slow"));
        assert_eq!(name_in("arn:aws:cloudwatch:eu-west-2:123456789012:insight-rule/it"), None);
        assert_eq!(name_in("arn:aws:other:eu-west-2:123456789012:alarm:core-review-12"), None);
    }
}
