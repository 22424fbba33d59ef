//! How many requests AWS answers: token buckets, one for each group of operations.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::fault::Kind;
use crate::wire::{Call, Service};
use crate::world::World;

/// Operations that share a bucket, or have one each.
struct Group {
    service: Service,
    /// A name, or how names begin: `Describe*`.
    operations: &'static [&'static str],
    shared: bool,
    /// What the bucket holds.
    burst: u32,
    /// How many tokens it gets back in a second.
    per_second: u32,
}

const fn shared(
    service: Service,
    (burst, per_second): (u32, u32),
    operations: &'static [&'static str],
) -> Group {
    Group { service, operations, shared: true, burst, per_second }
}

const fn each(
    service: Service,
    (burst, per_second): (u32, u32),
    operations: &'static [&'static str],
) -> Group {
    Group { service, operations, shared: false, burst, per_second }
}

/// The first group that has an operation decides; what no group has is not limited.
const GROUPS: [Group; 35] = [
    // AWS, "Request throttling for the Amazon ECS API": bucket maximum capacity and refill rate.
    shared(
        Service::Ecs,
        (20, 1),
        &["CreateCluster", "DeleteCluster", "UpdateCluster*", "PutClusterCapacityProviders"],
    ),
    shared(Service::Ecs, (50, 20), &["DescribeClusters", "ListClusters"]),
    shared(
        Service::Ecs,
        (50, 5),
        &[
            "CreateService",
            "DeleteService",
            "UpdateService*",
            "CreateTaskSet",
            "DeleteTaskSet",
            "UpdateTaskSet",
        ],
    ),
    shared(Service::Ecs, (100, 20), &["DescribeServices", "ListServices*", "DescribeTaskSets"]),
    shared(Service::Ecs, (20, 1), &["RegisterTaskDefinition", "DeregisterTaskDefinition"]),
    shared(Service::Ecs, (50, 20), &["DescribeTaskDefinition", "ListTaskDefinition*"]),
    shared(Service::Ecs, (5, 1), &["DeleteTaskDefinitions"]),
    shared(
        Service::Ecs,
        (10, 1),
        &["CreateCapacityProvider", "DeleteCapacityProvider", "UpdateCapacityProvider"],
    ),
    shared(Service::Ecs, (100, 40), &["RunTask", "StartTask", "StopTask"]),
    shared(
        Service::Ecs,
        (100, 20),
        &["DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances"],
    ),
    shared(Service::Ecs, (50, 20), &["ListTagsForResource"]),
    shared(Service::Ecs, (20, 10), &["TagResource", "UntagResource"]),
    // AWS, "Request throttling for the ELB API": "the bucket size for non-mutating API actions is 40
    // tokens and the refill rate is 10 tokens per second". What others hold is assumed.
    shared(Service::ElasticLoadBalancing, (40, 10), &["Describe*"]),
    shared(Service::ElasticLoadBalancing, (10, 10), &["*"]),
    // AWS, "Request throttling for the Amazon EC2 API": "each API is evaluated individually"; of
    // DescribeHosts, "a non-mutating API action", 100 tokens and 20 a second. The rest is assumed.
    each(Service::Ec2, (100, 20), &["Describe*"]),
    each(Service::Ec2, (100, 5), &["TerminateInstances"]),
    each(Service::Ec2, (50, 5), &["*"]),
    // The quotas of CloudWatch Logs, Route 53 (an account's for all of its API) and CloudWatch.
    each(Service::Logs, (10, 10), &["DeleteLogGroup", "DescribeLogGroups"]),
    shared(Service::Route53, (5, 5), &["*"]),
    each(Service::CloudWatch, (9, 9), &["DescribeAlarms"]),
    each(Service::CloudWatch, (3, 3), &["DeleteAlarms", "PutMetricAlarm"]),
    // From here on everything is assumed: AWS does not say, or lets accounts ask for more.
    shared(Service::ElastiCache, (20, 10), &["*"]),
    each(Service::CloudWatch, (10, 10), &["*"]),
    each(Service::Events, (50, 50), &["*"]),
    shared(Service::Scheduler, (50, 50), &["*"]),
    shared(Service::ApplicationAutoScaling, (10, 10), &["*"]),
    shared(Service::Tagging, (15, 15), &["GetResources"]),
    shared(Service::Tagging, (5, 5), &["*"]),
    each(Service::Ssm, (40, 40), &["GetParameter*"]),
    shared(Service::Ssm, (40, 40), &["*"]),
    shared(Service::SecretsManager, (50, 50), &["*"]),
    shared(Service::CodeDeploy, (20, 10), &["*"]),
    shared(Service::CloudFormation, (10, 5), &["*"]),
    shared(Service::ServiceDiscovery, (10, 5), &["*"]),
    each(Service::Ecr, (10, 10), &["*"]),
];

impl Group {
    fn has(&self, call: &Call) -> bool {
        self.service == call.service
            && self.operations.iter().any(|it| match it.strip_suffix('*') {
                Some(beginning) => call.operation.starts_with(beginning),
                None => *it == call.operation,
            })
    }
}

/// A token is a billion parts: a part for each nanosecond that a rate of one takes, so that nothing
/// is ever rounded.
const TOKEN: i128 = 1_000_000_000;

struct Bucket {
    parts: i128,
    since: Timestamp,
}

/// The buckets of the account, and who found one empty.
#[derive(Default)]
pub(crate) struct Quotas {
    limited: bool,
    /// By the place of the group, and by operation where each has its own.
    buckets: BTreeMap<(usize, String), Bucket>,
    throttled: BTreeMap<(Option<String>, String), usize>,
}

impl Quotas {
    /// Takes the token that a request needs.
    pub(crate) fn take(&mut self, call: &Call, now: Timestamp) -> Option<Kind> {
        if !self.limited {
            return None;
        }
        let (place, group) = GROUPS.iter().enumerate().find(|(_, it)| it.has(call))?;
        let operation = if group.shared { String::new() } else { call.operation.clone() };
        let most = i128::from(group.burst) * TOKEN;
        let bucket = self
            .buckets
            .entry((place, operation))
            .or_insert_with(|| Bucket { parts: most, since: now });
        let passed = now.duration_since(bucket.since).as_nanos().max(0);
        bucket.parts = (bucket.parts + passed * i128::from(group.per_second)).min(most);
        bucket.since = now;
        if bucket.parts >= TOKEN {
            bucket.parts -= TOKEN;
            return None;
        }
        let who = (call.caller.clone(), call.operation.clone());
        *self.throttled.entry(who).or_default() += 1;
        Some(Kind::Throttled)
    }
}

impl World {
    /// From now on requests are limited as in a real account; what comes too fast is refused with
    /// the service's throttling error. [`World::call`] is not limited.
    pub fn limit_requests(&self) {
        self.quotas().limited = true;
    }

    /// How many requests were over a quota, by the function that made them and the operation.
    pub fn throttled(&self) -> BTreeMap<(Option<String>, String), usize> {
        self.quotas().throttled.clone()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::ToSpan as _;
    use serde_json::json;

    use super::*;

    fn call(service: Service, operation: &str) -> Call {
        Call {
            service,
            operation: operation.to_owned(),
            input: json!({}),
            method: http::Method::POST,
            uri: http::Uri::from_static("/"),
            headers: http::HeaderMap::new(),
            body: Bytes::new(),
            caller: Some("clean-up".to_owned()),
        }
    }

    /// How many of so many requests at one moment get through.
    fn through(quotas: &mut Quotas, call: &Call, count: usize, now: Timestamp) -> usize {
        (0..count).filter(|_| quotas.take(call, now).is_none()).count()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate_and_never_holds_more() {
        let mut quotas = Quotas { limited: true, ..Quotas::default() };
        let stop = call(Service::Ecs, "StopTask");
        let noon = "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(through(&mut quotas, &stop, 150, noon), 100);
        assert_eq!(through(&mut quotas, &stop, 10, noon + 24.milliseconds()), 0);
        assert_eq!(through(&mut quotas, &stop, 10, noon + 25.milliseconds()), 1);
        assert_eq!(through(&mut quotas, &stop, 150, noon + 1025.milliseconds()), 40);
        assert_eq!(through(&mut quotas, &stop, 150, noon + 1.hour()), 100);
        let who = (Some("clean-up".to_owned()), "StopTask".to_owned());
        assert_eq!(quotas.throttled, [(who, 50 + 10 + 9 + 110 + 50)].into());
    }

    #[test]
    fn some_operations_share_a_bucket_and_some_have_their_own() {
        let mut quotas = Quotas { limited: true, ..Quotas::default() };
        let noon = "2026-11-21T12:00:00Z".parse().unwrap();
        for (service, operation, expected) in [
            (Service::Ecs, "RegisterTaskDefinition", 20),
            (Service::Ecs, "DeregisterTaskDefinition", 0),
            (Service::Ecs, "DeleteTaskDefinitions", 5),
            (Service::Ecs, "UpdateServicePrimaryTaskSet", 50),
            (Service::Ecs, "DeleteService", 0),
            (Service::Ec2, "DescribeInstances", 100),
            (Service::Ec2, "DescribeSecurityGroups", 100),
            (Service::Ec2, "DeleteSecurityGroup", 50),
            (Service::ElasticLoadBalancing, "DescribeRules", 40),
            (Service::ElasticLoadBalancing, "DescribeTags", 0),
            (Service::Lambda, "Invoke", 200),
        ] {
            let call = call(service, operation);
            assert_eq!(through(&mut quotas, &call, 200, noon), expected, "{operation}");
        }
    }

    #[test]
    fn nothing_is_limited_until_it_is_asked_for() {
        let mut quotas = Quotas::default();
        let noon = "2026-11-21T12:00:00Z".parse().unwrap();
        let delete = call(Service::Ecs, "DeleteTaskDefinitions");
        assert_eq!(through(&mut quotas, &delete, 1000, noon), 1000);
    }
}
