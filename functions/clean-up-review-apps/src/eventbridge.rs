//! Amazon EventBridge: rules, on all event buses.

use std::collections::BTreeMap;

use aws_call::{Call as _, Class, Failed};
use aws_sdk_eventbridge::Client;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

/// The bus that every account has; its rules' ARNs and ids don't name it.
const DEFAULT: &str = "default";

/// So many entries a page has, and one request removes.
const PAGE: usize = 100;

/// So many requests are under way at once.
const AT_ONCE: usize = 8;

/// Rules that may be a review app's.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::EventRule) {
        return Ok(Vec::new());
    }
    let events = &aws.eventbridge;
    let mut listed = BTreeMap::new();
    for bus in buses(events).await? {
        for prefix in scope.prefixes(Kind::EventRule) {
            let found = rules(events, &bus, prefix).await?;
            let ours = found
                .into_iter()
                .filter(|it| scope.may_be_ours(Kind::EventRule, &it.name, it.arn.as_deref(), None));
            listed.extend(ours.map(|it| (it.key.clone(), it)));
        }
    }
    let tagged = scope.tagged_with(":rule/").filter_map(id_in);
    let others: Vec<_> = tagged
        .map(|id| Key::new(Kind::EventRule, id))
        .filter(|it| !listed.contains_key(it))
        .collect();
    let mut seen: Vec<Resource> = listed.into_values().collect();
    let others = look(aws, &others).await?;
    seen.extend(others.into_iter().filter(|it| {
        scope.may_be_ours(Kind::EventRule, &it.name, it.arn.as_deref(), Some(&it.tags))
    }));
    Ok(seen)
}

async fn buses(events: &Client) -> Result<Vec<String>, Failed> {
    let (mut buses, mut next) = (Vec::new(), None);
    loop {
        let answer = events.list_event_buses().set_next_token(next).send().await;
        let answer = answer.call("ListEventBuses")?;
        buses.extend(answer.event_buses().iter().filter_map(|it| it.name()).map(str::to_owned));
        next = answer.next_token;
        if next.is_none() {
            return Ok(buses);
        }
    }
}

/// The rules of a bus whose names begin like this, without tags; none if there is no such bus any more.
async fn rules(events: &Client, bus: &str, prefix: &str) -> Result<Vec<Resource>, Failed> {
    let prefix = Some(prefix).filter(|it| !it.is_empty()).map(str::to_owned);
    let (mut rules, mut next) = (Vec::new(), None);
    loop {
        let request = events.list_rules().event_bus_name(bus).set_name_prefix(prefix.clone());
        let answer = match request.set_next_token(next).send().await.call("ListRules") {
            Err(failed) if failed.class == Class::Gone => return Ok(Vec::new()),
            answer => answer?,
        };
        let found = answer.rules().iter();
        rules.extend(found.filter_map(|it| shown(it.name(), bus, it.arn(), it.managed_by())));
        next = answer.next_token;
        if next.is_none() {
            return Ok(rules);
        }
    }
}

/// Exactly these, described anew.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let ours: Vec<_> = keys.iter().filter(|it| it.kind == Kind::EventRule).cloned().collect();
    let looks = ours.into_iter().map(|key| one(&aws.eventbridge, key));
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    with_tags(&aws.eventbridge, found.into_iter().flatten().collect()).await
}

async fn one(events: &Client, key: Key) -> Result<Option<Resource>, Failed> {
    let (bus, name) = parts(&key.id);
    let request = events.describe_rule().name(name).event_bus_name(bus);
    match request.send().await.call("DescribeRule") {
        Err(failed) if failed.class == Class::Gone => Ok(None),
        answer => {
            let it = answer?;
            Ok(shown(it.name(), bus, it.arn(), it.managed_by()))
        }
    }
}

async fn with_tags(events: &Client, found: Vec<Resource>) -> Result<Vec<Resource>, Failed> {
    let tagged = found.into_iter().map(|it| tags(events, it));
    let tagged: Vec<_> = stream::iter(tagged).buffered(AT_ONCE).try_collect().await?;
    Ok(tagged.into_iter().flatten().collect())
}

async fn tags(events: &Client, it: Resource) -> Result<Option<Resource>, Failed> {
    let request = events.list_tags_for_resource().set_resource_arn(it.arn.clone());
    let answer = match request.send().await.call("ListTagsForResource") {
        Err(failed) if failed.class == Class::Gone => return Ok(None),
        answer => answer?,
    };
    let tags = answer.tags().iter().map(|it| (it.key().to_owned(), it.value().to_owned()));
    Ok(Some(it.tags(tags)))
}

fn shown(
    name: Option<&str>,
    bus: &str,
    arn: Option<&str>,
    managed_by: Option<&str>,
) -> Option<Resource> {
    let name = name?;
    let id = if bus == DEFAULT { name.to_owned() } else { format!("{bus}/{name}") };
    let shown = Resource::new(Key::new(Kind::EventRule, id), name).arn(arn?);
    Some(match managed_by {
        Some(service) => shown.readiness(Readiness::Kept(format!("it is managed by {service}"))),
        None => shown,
    })
}

/// The bus and the name in an id. Names of partners' buses have slashes, names of rules have none.
fn parts(id: &str) -> (&str, &str) {
    id.rsplit_once('/').unwrap_or((DEFAULT, id))
}

/// The id in a rule's ARN.
fn id_in(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let is_ours = parts.next() == Some("events");
    parts.nth(2).and_then(|it| it.strip_prefix("rule/")).filter(|_| is_ours)
}

/// Deletes rules with their targets.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let result = delete(&aws.eventbridge, &ticket).await;
        removed.push((ticket.key().clone(), result));
    }
    removed
}

/// AWS: "Before you can delete the rule, you must remove all targets, using `RemoveTargets`."
async fn delete(events: &Client, ticket: &Ticket) -> Result<(), Failed> {
    let (bus, rule) = parts(ticket.id());
    // Most have none left, and say so if not.
    match delete_rule(events, ticket).await {
        Err(failed) if failed.is("ValidationException") => {}
        answer => return answer,
    }
    let targets = targets(events, bus, rule).await?;
    for ids in targets.chunks(PAGE) {
        let request = events.remove_targets().rule(rule).event_bus_name(bus);
        let request = request.set_ids(Some(ids.to_vec()));
        let answer = request.send().await.call("RemoveTargets")?;
        if answer.failed_entry_count() > 0 {
            let entry = answer.failed_entries().first();
            let message =
                entry.and_then(|it| it.error_message()).unwrap_or("a target was not removed");
            return Err(Failed {
                operation: "RemoveTargets",
                code: entry.and_then(|it| it.error_code()).map(str::to_owned),
                message: message.to_owned(),
                class: Class::Real,
            });
        }
    }
    delete_rule(events, ticket).await
}

async fn delete_rule(events: &Client, ticket: &Ticket) -> Result<(), Failed> {
    let (bus, rule) = parts(ticket.id());
    let request = events.delete_rule().name(rule).event_bus_name(bus);
    request.send().await.call("DeleteRule").map(drop)
}

async fn targets(events: &Client, bus: &str, rule: &str) -> Result<Vec<String>, Failed> {
    let (mut ids, mut next) = (Vec::new(), None);
    loop {
        let request = events.list_targets_by_rule().rule(rule).event_bus_name(bus);
        let answer = request.set_next_token(next).send().await.call("ListTargetsByRule")?;
        ids.extend(answer.targets().iter().map(|it| it.id().to_owned()));
        next = answer.next_token;
        if next.is_none() {
            return Ok(ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_the_arn_ends_with() {
        for (arn, bus, name) in [
            (
                "arn:aws:events:eu-west-2:123456789012:rule/core-review-12-task",
                "default",
                "core-review-12-task",
            ),
            (
                "arn:aws:events:eu-west-2:123456789012:rule/apps/core-review-12",
                "apps",
                "core-review-12",
            ),
            (
                "arn:aws:events:eu-west-2:123456789012:rule/aws.partner/a/b/it",
                "aws.partner/a/b",
                "it",
            ),
        ] {
            let id = id_in(arn).unwrap();
            assert_eq!(parts(id), (bus, name));
            assert_eq!(shown(Some(name), bus, Some(arn), None).unwrap().key.id, id);
        }
        assert_eq!(id_in("arn:aws:events:eu-west-2:123456789012:event-bus/apps"), None);
        assert_eq!(id_in("arn:aws:config:eu-west-2:123456789012:rule/core-review-12"), None);
    }

    #[test]
    fn what_a_service_manages_is_kept() {
        let rule = shown(Some("it"), DEFAULT, Some("arn"), Some("ecs.amazonaws.com")).unwrap();
        let kept = Readiness::Kept("it is managed by ecs.amazonaws.com".to_owned());
        assert_eq!(rule.readiness, kept);
    }
}
