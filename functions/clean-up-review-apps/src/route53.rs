//! Amazon Route 53: record sets.

use aws_call::{Call as _, Class, Failed};
use aws_sdk_route53::error::SdkError;
use aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Readiness, Resource};
use crate::scope::{Removed, Scope};

/// The record sets that may be a review app's. They carry no tags, so only names tell: without a template
/// that could be a name in DNS there is nothing to look for.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    let mut templates = scope.rules.templates.iter().filter(|it| it.is_for(Kind::RecordSet));
    if !scope.wants(Kind::RecordSet) || !templates.any(|it| it.text().contains('.')) {
        return Ok(found);
    }
    for zone in zones(aws).await? {
        let records = records(aws, &zone, None).await?;
        let records = records.iter().filter_map(|it| resource(&zone, it));
        found.extend(records.filter(|it| scope.may_be_ours(Kind::RecordSet, &it.name, None, None)));
    }
    Ok(found)
}

/// These record sets, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for key in keys {
        let Some(at) = Place::of(&key.id) else { continue };
        found.extend(record(aws, &at, key).await?.and_then(|it| resource(at.zone, &it)));
    }
    Ok(found)
}

/// Deletes record sets: each as it is listed now, for AWS wants every value repeated.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let mut removed = Removed::new();
    for ticket in tickets {
        let result = delete(aws, &ticket).await;
        removed.push((ticket.key().clone(), result));
    }
    removed
}

async fn delete(aws: &Aws, ticket: &Ticket) -> Result<(), Failed> {
    const OPERATION: &str = "ChangeResourceRecordSets";
    let key = ticket.key();
    let Some(at) = Place::of(&key.id) else { return Ok(()) };
    let Some(record) = record(aws, &at, key).await? else { return Ok(()) };
    let unbuilt = SdkError::<ChangeResourceRecordSetsError>::construction_failure;
    let change = Change::builder().action(ChangeAction::Delete).resource_record_set(record);
    let batch = ChangeBatch::builder().changes(change.build().map_err(unbuilt).call(OPERATION)?);
    let batch = batch.build().map_err(unbuilt).call(OPERATION)?;
    let request = aws.route53.change_resource_record_sets().hosted_zone_id(at.zone);
    request.change_batch(batch).send().await.call(OPERATION).map(drop)
}

/// The ids of all hosted zones whose records can be changed. AWS: "When a hosted zone is created by another
/// service, you can't edit or delete it using Route 53."
async fn zones(aws: &Aws) -> Result<Vec<String>, Failed> {
    let mut ids = Vec::new();
    let mut pages = aws.route53.list_hosted_zones().into_paginator().send();
    while let Some(page) = pages.next().await {
        let zones = page.call("ListHostedZones")?.hosted_zones.into_iter();
        let own = zones.filter(|it| it.linked_service.is_none());
        ids.extend(own.map(|it| it.id.trim_start_matches("/hostedzone/").to_owned()));
    }
    Ok(ids)
}

/// The record set with exactly this key.
async fn record(aws: &Aws, at: &Place<'_>, key: &Key) -> Result<Option<ResourceRecordSet>, Failed> {
    let records = records(aws, at.zone, Some(at)).await?;
    Ok(records.into_iter().find(|it| id(at.zone, it).as_deref() == Some(&key.id)))
}

/// A zone's record sets: all, or those of one name and type. None if there is no such zone any more.
async fn records(
    aws: &Aws,
    zone: &str,
    only: Option<&Place<'_>>,
) -> Result<Vec<ResourceRecordSet>, Failed> {
    let mut found = Vec::new();
    let start = aws.route53.list_resource_record_sets().hosted_zone_id(zone);
    let mut next = start
        .clone()
        .set_start_record_name(only.map(|it| it.name.to_owned()))
        .set_start_record_type(only.map(|it| it.of.clone()));
    loop {
        let page = match next.send().await.call("ListResourceRecordSets") {
            Ok(page) => page,
            Err(failed) if failed.class == Class::Gone => return Ok(found),
            Err(failed) => return Err(failed),
        };
        let listed = page.resource_record_sets.len();
        let wanted = |it: &ResourceRecordSet| only.is_none_or(|at| at.is_of(it));
        let before = found.len();
        found.extend(page.resource_record_sets.into_iter().filter(wanted));
        // What follows another name or type are others still.
        let past = only.is_some() && found.len() - before < listed;
        if !page.is_truncated || past {
            return Ok(found);
        }
        next = start
            .clone()
            .set_start_record_name(page.next_record_name)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
}

/// Where a record set is listed.
struct Place<'a> {
    zone: &'a str,
    name: &'a str,
    of: RrType,
}

impl<'a> Place<'a> {
    fn of(id: &'a str) -> Option<Self> {
        let mut parts = id.splitn(4, '/');
        let (zone, name, of) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { zone, name, of: of.into() })
    }

    fn is_of(&self, record: &ResourceRecordSet) -> bool {
        record.r#type == self.of && name(record) == self.name
    }
}

fn name(record: &ResourceRecordSet) -> &str {
    record.name.strip_suffix('.').unwrap_or(&record.name)
}

/// What the key says. A name with a slash in it can't be told from what follows it: no key, no removal.
fn id(zone: &str, record: &ResourceRecordSet) -> Option<String> {
    let set = record.set_identifier().unwrap_or_default();
    let name = name(record);
    (!name.contains('/')).then(|| format!("{zone}/{name}/{}/{set}", record.r#type.as_str()))
}

/// A record set that isn't the zone's own.
fn resource(zone: &str, record: &ResourceRecordSet) -> Option<Resource> {
    if matches!(record.r#type, RrType::Ns | RrType::Soa) {
        return None;
    }
    // AWS: "To delete the resource record set that is associated with a traffic policy instance, use
    // `DeleteTrafficPolicyInstance`."
    let kept = |it| Readiness::Kept(format!("it is made by the traffic policy instance {it}"));
    let readiness = record.traffic_policy_instance_id().map_or(Readiness::Ready, kept);
    let key = Key::new(Kind::RecordSet, id(zone, record)?);
    Some(Resource::new(key, name(record)).readiness(readiness))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, of: RrType) -> ResourceRecordSet {
        ResourceRecordSet::builder().name(name).r#type(of).build().unwrap()
    }

    #[test]
    fn a_key_leads_back_to_its_record_set() {
        let mut weighted = record("12.review.example.com.", RrType::A);
        weighted.set_identifier = Some("blue/green".to_owned());
        let shown = resource("Z1", &weighted).unwrap();
        assert_eq!(shown.key.id, "Z1/12.review.example.com/A/blue/green");
        assert_eq!(shown.name, "12.review.example.com");
        let place = Place::of(&shown.key.id).unwrap();
        assert_eq!(
            (place.zone, place.name, place.of.clone()),
            ("Z1", shown.name.as_str(), RrType::A)
        );
        assert!(place.is_of(&weighted));
        assert!(!place.is_of(&record("12.review.example.com.", RrType::Aaaa)));
        let plain = resource("Z1", &record("12.review.example.com.", RrType::A)).unwrap();
        assert_eq!(plain.key.id, "Z1/12.review.example.com/A/");
    }

    #[test]
    fn what_the_zone_needs_is_not_shown() {
        assert_eq!(resource("Z1", &record("12.review.example.com.", RrType::Ns)), None);
        assert_eq!(resource("Z1", &record("example.com.", RrType::Soa)), None);
        assert_eq!(resource("Z1", &record("0/25.review.example.com.", RrType::Ptr)), None);
    }
}
