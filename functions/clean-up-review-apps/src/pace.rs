//! How fast AWS may be asked: half of what it allows, for the other half is for deployments.
//!
//! Buckets of tokens per group of operations, with AWS's own sizes where AWS publishes them.
//!
//! **Invariant:** in no second, and over no longer time, more requests leave than the share of the quota.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// A group of operations that share a quota: how many at once, how many a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Quota {
    name: &'static str,
    burst: u32,
    rate: u32,
}

const fn quota(name: &'static str, burst: u32, rate: u32) -> Quota {
    Quota { name, burst, rate }
}

/// "Amazon ECS API throttling": bucket and refill rate, per account and Region.
const CLUSTER_MODIFY: Quota = quota("ecs cluster modify", 20, 1);
const CLUSTER_READ: Quota = quota("ecs cluster read", 50, 20);
const SERVICE_MODIFY: Quota = quota("ecs service modify", 50, 5);
const SERVICE_READ: Quota = quota("ecs service read", 100, 20);
const DEFINITION_MODIFY: Quota = quota("ecs task definition modify", 20, 1);
const DEFINITION_READ: Quota = quota("ecs task definition read", 50, 20);
const DEFINITION_DELETE: Quota = quota("ecs task definition deletion", 5, 1);
const TASK_MODIFY: Quota = quota("ecs cluster resource modify", 100, 40);
const TASK_READ: Quota = quota("ecs cluster resource read", 100, 20);
const ECS_TAGS: Quota = quota("ecs tag read", 50, 20);
/// "Route 53 API requests: five requests per second per AWS account."
const ROUTE_53: Quota = quota("route53", 5, 5);
/// Not published, or different per Region: what others were seen to do without being throttled.
const ELB: Quota = quota("elasticloadbalancing", 20, 10);
const CACHE: Quota = quota("elasticache", 20, 10);
const TAGGING: Quota = quota("tagging", 15, 10);
const CODEDEPLOY: Quota = quota("codedeploy", 20, 10);
const EVENTS: Quota = quota("events", 50, 40);
const SCALING: Quota = quota("application-autoscaling", 20, 10);
const ALARMS: Quota = quota("cloudwatch alarms", 9, 9);
const ALARM_DELETION: Quota = quota("cloudwatch alarm deletion", 3, 3);
const STACKS: Quota = quota("cloudformation", 10, 4);
const EC2_READ: Quota = quota("ec2 read", 100, 20);
const EC2_MODIFY: Quota = quota("ec2 modify", 50, 5);
const OTHER_READ: Quota = quota("read", 40, 20);
const OTHER_MODIFY: Quota = quota("modify", 20, 10);

/// The quota of an operation. `service` is the name by which requests to it are signed.
pub(crate) fn quota_of(service: &str, operation: &str) -> (Quota, String) {
    let reads = ["Describe", "List", "Get", "BatchGet", "Filter"]
        .iter()
        .any(|it| operation.starts_with(it));
    let quota = match (service, operation) {
        ("ecs", "CreateCluster" | "DeleteCluster" | "UpdateCluster") => CLUSTER_MODIFY,
        ("ecs", "DescribeClusters" | "ListClusters") => CLUSTER_READ,
        ("ecs", "CreateService" | "UpdateService" | "DeleteService") => SERVICE_MODIFY,
        ("ecs", "DescribeServices" | "ListServices") => SERVICE_READ,
        ("ecs", "RegisterTaskDefinition" | "DeregisterTaskDefinition") => DEFINITION_MODIFY,
        ("ecs", "DeleteTaskDefinitions") => DEFINITION_DELETE,
        (
            "ecs",
            "DescribeTaskDefinition" | "ListTaskDefinitions" | "ListTaskDefinitionFamilies",
        ) => DEFINITION_READ,
        ("ecs", "ListTagsForResource") => ECS_TAGS,
        ("ecs", _) if reads => TASK_READ,
        ("ecs", _) => TASK_MODIFY,
        ("route53", _) => ROUTE_53,
        ("elasticloadbalancing", _) => ELB,
        ("elasticache", _) => CACHE,
        ("tagging", _) => TAGGING,
        ("codedeploy", _) => CODEDEPLOY,
        ("application-autoscaling", _) => SCALING,
        ("events", _) => EVENTS,
        ("monitoring", "DeleteAlarms") => ALARM_DELETION,
        ("monitoring", _) => ALARMS,
        ("cloudformation", _) => STACKS,
        ("ec2", _) if reads => EC2_READ,
        ("ec2", _) => EC2_MODIFY,
        (_, _) if reads => OTHER_READ,
        (_, _) => OTHER_MODIFY,
    };
    // What isn't known to be shared is per service and kind of request.
    let bucket = if quota == OTHER_READ || quota == OTHER_MODIFY || quota == ELB || quota == CACHE {
        format!("{service} {}", if reads { "read" } else { "modify" })
    } else {
        quota.name.to_owned()
    };
    (quota, bucket)
}

/// Which operation of which service a request asks for: each protocol of AWS has its place for it.
pub(crate) fn called(
    authorization: &str,
    target: Option<&str>,
    method: &str,
    uri: &str,
    body: &[u8],
) -> (String, String) {
    let scope = authorization.split_once("Credential=").map_or("", |it| it.1);
    let service = scope.split(['/', ',']).nth(3).unwrap_or_default();
    let in_body = || {
        let action = body.strip_prefix(b"Action=")?;
        let name = action.split(|it| *it == b'&').next()?;
        std::str::from_utf8(name).ok()
    };
    let in_path = || uri.split_once("/operation/").map(|it| it.1);
    let of_rest = if method == "GET" { "Get" } else { "Change" };
    let operation = target
        .and_then(|it| it.rsplit_once('.'))
        .map(|it| it.1)
        .or_else(in_body)
        .or_else(in_path)
        .unwrap_or(of_rest);
    (service.to_owned(), operation.to_owned())
}

/// Tokens left at a moment.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
    /// A service that says "too many" is asked more slowly until then.
    careful_until: Instant,
}

/// The buckets of one run.
#[derive(Debug)]
pub(crate) struct Pace {
    share: f64,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

/// How long a service that was throttled is asked at half the pace.
const CAREFUL: Duration = Duration::from_secs(60);

impl Pace {
    /// Full buckets of this share of the quotas, in percent.
    pub(crate) fn new(percent: u32) -> Self {
        Self { share: f64::from(percent.clamp(1, 100)) / 100.0, buckets: Mutex::default() }
    }

    /// Takes a token, and says how long to wait until it is there.
    pub(crate) fn take(&self, service: &str, operation: &str, now: Instant) -> Duration {
        let (quota, name) = quota_of(service, operation);
        let burst = (f64::from(quota.burst) * self.share).max(1.0);
        let mut buckets = self.lock();
        let bucket =
            buckets.entry(name).or_insert(Bucket { tokens: burst, at: now, careful_until: now });
        let careful = if now < bucket.careful_until { 0.5 } else { 1.0 };
        let rate = f64::from(quota.rate) * self.share * careful;
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate).min(burst) - 1.0;
        bucket.at = bucket.at.max(now);
        match bucket.tokens < 0.0 {
            true => Duration::from_secs_f64(-bucket.tokens / rate),
            false => Duration::ZERO,
        }
    }

    /// Gives a token back that was not used.
    pub(crate) fn give_back(&self, service: &str, operation: &str) {
        let (_, name) = quota_of(service, operation);
        if let Some(bucket) = self.lock().get_mut(&name) {
            bucket.tokens += 1.0;
        }
    }

    /// The service said that there were too many requests: somebody else needs the quota.
    pub(crate) fn careful(&self, service: &str, operation: &str, now: Instant) {
        let (_, name) = quota_of(service, operation);
        if let Some(bucket) = self.lock().get_mut(&name) {
            bucket.tokens = bucket.tokens.min(0.0);
            bucket.careful_until = now + CAREFUL;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests leave within `seconds` if somebody asks all the time.
    fn within(pace: &Pace, operation: &str, seconds: u64, start: Instant) -> u64 {
        let end = start + Duration::from_secs(seconds);
        let (mut now, mut sent) = (start, 0);
        loop {
            now += pace.take("ecs", operation, now);
            if now > end {
                return sent;
            }
            sent += 1;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_a_quota_is_left_to_others() {
        let pace = Pace::new(50);
        let start = Instant::now();
        // Ten at once, then one every two seconds.
        assert_eq!(within(&pace, "DeleteCluster", 100, start), 10 + 50);
        // Creating one counts as well: they share the bucket.
        assert!(
            pace.take("ecs", "CreateCluster", start + Duration::from_secs(100)) > Duration::ZERO
        );
        // Others don't.
        assert_eq!(pace.take("ecs", "DeleteService", start), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_service_is_asked_at_half_the_pace() {
        let pace = Pace::new(100);
        let start = Instant::now();
        assert_eq!(within(&pace, "DeleteService", 10, start), 50 + 50);
        let later = start + Duration::from_secs(10);
        pace.careful("ecs", "DeleteService", later);
        assert!((20..=26).contains(&within(&pace, "DeleteService", 10, later)));
    }

    #[test]
    fn every_protocol_says_somewhere_what_it_asks_for() {
        let check = |target, method, uri, body: &str, expected: &str| {
            let key =
                "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-2/ecs/aws4_request, Signed";
            let (service, operation) = called(key, target, method, uri, body.as_bytes());
            assert_eq!((service.as_str(), operation.as_str()), ("ecs", expected));
        };
        check(
            Some("AmazonEC2ContainerServiceV20141113.DeleteCluster"),
            "POST",
            "/",
            "{}",
            "DeleteCluster",
        );
        check(None, "POST", "/", "Action=DescribeRules&Version=2015-12-01", "DescribeRules");
        let path = "/service/GraniteServiceVersion20100801/operation/DeleteAlarms";
        check(None, "POST", path, "", "DeleteAlarms");
        check(None, "GET", "/2013-04-01/hostedzone", "", "Get");
        check(None, "DELETE", "/schedules/x", "", "Change");
    }

    #[test]
    fn a_bucket_is_shared_by_what_shares_the_quota() {
        let same = |a: (&str, &str), b: (&str, &str)| quota_of(a.0, a.1).1 == quota_of(b.0, b.1).1;
        assert!(same(("ecs", "RegisterTaskDefinition"), ("ecs", "DeregisterTaskDefinition")));
        assert!(!same(("ecs", "DeleteTaskDefinitions"), ("ecs", "DeregisterTaskDefinition")));
        assert!(!same(("logs", "DeleteLogGroup"), ("ssm", "DeleteParameters")));
        assert!(!same(("logs", "DeleteLogGroup"), ("logs", "DescribeLogGroups")));
    }
}
