//! What the answer to a removal means.
//!
//! Already gone is success, busy is for the next pass, and what is denied once is denied for the whole run.

use aws_call::{Class, Failed};
use serde::Serialize;

use crate::kind::Kind;

/// What became of the removal of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "why")]
pub enum Outcome {
    /// AWS does it, or has done it.
    Removed,
    /// It was gone already.
    Gone,
    /// Not yet: the next pass tries again.
    Later(String),
    /// Too many requests: not yet, and slower.
    Throttled,
    /// We may not do this: nobody tries it again in this run.
    Denied(String),
    /// A person has to do something about it.
    Failed(String),
    /// Our credentials are no good: nothing else would work either.
    Stranger(String),
}

impl Outcome {
    /// Whether there is nothing left to do about it.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Removed | Self::Gone)
    }

    /// Why it isn't done.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Removed | Self::Gone => None,
            Self::Throttled => Some("too many requests"),
            Self::Later(why) | Self::Denied(why) | Self::Failed(why) | Self::Stranger(why) => {
                Some(why)
            }
        }
    }
}

/// Credentials that are no good for anything.
const STRANGERS: [&str; 8] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "IncompleteSignature",
    "AuthFailure",
];

/// Said by services that would not even look.
const DENIALS: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "NotAuthorized",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

/// Codes of throttling that end like this, in any service.
const THROTTLES: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "SlowDown",
    "LimitExceededException",
];

/// Whether a service said that there were too many requests.
pub(crate) fn is_throttle(failed: &Failed) -> bool {
    failed.code.as_deref().is_some_and(|it| THROTTLES.contains(&it))
}

/// Whether a service said that this function may not do that.
pub(crate) fn is_denial(failed: &Failed) -> bool {
    failed.code.as_deref().is_some_and(|it| DENIALS.contains(&it))
}

/// Whether no call would work.
pub(crate) fn is_stranger(failed: &Failed) -> bool {
    failed.code.as_deref().is_some_and(|it| STRANGERS.contains(&it))
}

/// What the answer to a removal means.
pub fn outcome(kind: Kind, answer: &Result<(), Failed>) -> Outcome {
    let Err(failed) = answer else {
        return Outcome::Removed;
    };
    let said = failed.to_string();
    let code = failed.code.as_deref().unwrap_or_default();
    if is_stranger(failed) {
        Outcome::Stranger(said)
    } else if is_denial(failed) {
        Outcome::Denied(said)
    } else if is_throttle(failed) {
        Outcome::Throttled
    } else if is_gone(kind, code, &failed.message) {
        Outcome::Gone
    } else if is_busy(kind, code, &failed.message) || failed.class == Class::Retry {
        Outcome::Later(said)
    } else {
        Outcome::Failed(said)
    }
}

/// What services say of what isn't there.
fn is_gone(kind: Kind, code: &str, message: &str) -> bool {
    let says = |text: &str| message.to_ascii_lowercase().contains(text);
    match (kind, code) {
        (Kind::Service, "ServiceNotFoundException" | "ClusterNotFoundException")
        | (Kind::Task, "ClusterNotFoundException")
        | (Kind::Cluster, "ClusterNotFoundException")
        | (Kind::ScalableTarget, "ObjectNotFoundException")
        | (Kind::ListenerRule, "RuleNotFound")
        | (Kind::TargetGroup, "TargetGroupNotFound")
        | (Kind::Instance, "InvalidInstanceID.NotFound")
        | (Kind::SecurityGroup, "InvalidGroup.NotFound" | "InvalidGroupId.NotFound")
        | (Kind::ReplicationGroup, "ReplicationGroupNotFoundFault")
        | (Kind::CacheCluster, "CacheClusterNotFound" | "CacheClusterNotFoundFault")
        | (Kind::ServerlessCache, "ServerlessCacheNotFoundFault")
        | (Kind::CacheParameterGroup, "CacheParameterGroupNotFound")
        | (Kind::CacheSubnetGroup, "CacheSubnetGroupNotFoundFault")
        | (Kind::DiscoveryService, "ServiceNotFound")
        | (Kind::Image, "ImageNotFound" | "RepositoryNotFoundException")
        | (
            Kind::Deployment,
            "DeploymentDoesNotExistException"
            | "DeploymentAlreadyCompletedException"
            | "UnsupportedActionForDeploymentTypeException",
        )
        | (
            Kind::DeploymentGroup,
            "DeploymentGroupDoesNotExistException" | "ApplicationDoesNotExistException",
        )
        | (
            Kind::Alarm | Kind::EventRule | Kind::Schedule | Kind::LogGroup | Kind::Secret,
            "ResourceNotFoundException" | "ResourceNotFound",
        )
        | (Kind::Parameter, "ParameterNotFound") => true,
        (Kind::Task, "InvalidParameterException" | "ClientException") => {
            says("referenced task was not found")
        }
        // Of some, AWS says it in an error, of some as the reason of a failure.
        (Kind::TaskDefinition, _) => {
            code == "MISSING"
                || code.contains("does not exist")
                || says("does not exist")
                || says("unable to describe")
                || says("being deleted")
        }
        (Kind::Stack, "ValidationError") => says("does not exist"),
        _ => false,
    }
}

/// What services say of what can't go yet.
fn is_busy(kind: Kind, code: &str, message: &str) -> bool {
    let says = |text: &str| message.to_ascii_lowercase().contains(text);
    match (kind, code) {
        (
            Kind::Cluster,
            "ClusterContainsServicesException"
            | "ClusterContainsTasksException"
            | "ClusterContainsContainerInstancesException"
            | "ClusterContainsCapacityProviderException"
            | "UpdateInProgressException",
        )
        | (Kind::Service, "ServiceNotActiveException" | "UpdateInProgressException")
        | (Kind::TargetGroup | Kind::DiscoveryService, "ResourceInUse")
        | (Kind::ReplicationGroup, "InvalidReplicationGroupState" | "InvalidCacheClusterState")
        | (Kind::CacheCluster, "InvalidCacheClusterState")
        | (Kind::ServerlessCache, "InvalidServerlessCacheStateFault")
        | (Kind::CacheParameterGroup, "InvalidCacheParameterGroupState")
        | (Kind::CacheSubnetGroup, "CacheSubnetGroupInUse")
        | (Kind::SecurityGroup, "DependencyViolation" | "InvalidGroup.InUse")
        | (Kind::Instance, "IncorrectInstanceState")
        | (Kind::RecordSet, "PriorRequestNotComplete" | "InvalidChangeBatch")
        | (Kind::LogGroup, "OperationAbortedException")
        | (Kind::Secret, "InvalidRequestException")
        | (Kind::TaskDefinition, "ClientException" | "InvalidParameterException")
        | (
            Kind::EventRule | Kind::Schedule | Kind::ScalableTarget,
            "ConcurrentModificationException" | "ConcurrentUpdateException" | "ConflictException",
        ) => true,
        (Kind::Service, "InvalidParameterException" | "ClientException") => {
            says("deployments are active") || says("draining")
        }
        (Kind::Stack, _) => says("in_progress") || code == "OperationInProgressException",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, code: &str, message: &str) -> Outcome {
        let failed = Failed {
            operation: "Delete",
            code: Some(code.to_owned()),
            message: message.to_owned(),
            class: Class::Real,
        };
        outcome(kind, &Err(failed))
    }

    #[test]
    fn gone_is_done_busy_is_later_and_the_rest_is_told() {
        let gone = |kind, code| assert_eq!(said(kind, code, ""), Outcome::Gone, "{code}");
        let later = |kind, code| {
            assert!(matches!(said(kind, code, ""), Outcome::Later(_)), "{kind} {code}");
        };
        let failed = |kind, code| {
            assert!(matches!(said(kind, code, ""), Outcome::Failed(_)), "{kind} {code}");
        };
        gone(Kind::Cluster, "ClusterNotFoundException");
        gone(Kind::ListenerRule, "RuleNotFound");
        gone(Kind::Instance, "InvalidInstanceID.NotFound");
        gone(Kind::Deployment, "DeploymentAlreadyCompletedException");
        gone(Kind::Image, "ImageNotFound");
        later(Kind::Cluster, "ClusterContainsTasksException");
        later(Kind::TargetGroup, "ResourceInUse");
        later(Kind::SecurityGroup, "DependencyViolation");
        later(Kind::ReplicationGroup, "InvalidReplicationGroupState");
        later(Kind::LogGroup, "OperationAbortedException");
        failed(Kind::Instance, "OperationNotPermitted");
        failed(Kind::ListenerRule, "OperationNotPermitted");
        failed(Kind::EventRule, "ManagedRuleException");
        failed(Kind::LogGroup, "InvalidParameterException");
        // What one service calls gone says nothing of another one's.
        failed(Kind::Cluster, "ServiceNotFoundException");
    }

    #[test]
    fn some_codes_mean_the_same_everywhere() {
        for kind in Kind::ALL {
            assert_eq!(said(kind, "ThrottlingException", "Rate exceeded"), Outcome::Throttled);
            assert!(matches!(said(kind, "AccessDenied", ""), Outcome::Denied(_)));
            assert!(matches!(said(kind, "ExpiredTokenException", ""), Outcome::Stranger(_)));
            assert_eq!(outcome(kind, &Ok(())), Outcome::Removed);
            let lost = Failed {
                operation: "Delete",
                code: None,
                message: "no answer in time".into(),
                class: Class::Retry,
            };
            assert!(matches!(outcome(kind, &Err(lost)), Outcome::Later(_)));
        }
    }

    #[test]
    fn some_messages_say_more_than_their_codes() {
        let check = |kind, code: &str, message: &str, expected: fn(&Outcome) -> bool| {
            assert!(expected(&said(kind, code, message)), "{message}");
        };
        let later = |it: &Outcome| matches!(it, Outcome::Later(_));
        let gone = |it: &Outcome| *it == Outcome::Gone;
        let failed = |it: &Outcome| matches!(it, Outcome::Failed(_));
        let service = Kind::Service;
        let active = "The service cannot be stopped while deployments are active.";
        check(service, "InvalidParameterException", active, later);
        check(service, "InvalidParameterException", "Invalid identifier", failed);
        check(Kind::Stack, "ValidationError", "Stack with id x does not exist", gone);
        check(
            Kind::Stack,
            "ValidationError",
            "Stack [x] cannot be deleted while TerminationProtection is enabled",
            failed,
        );
        check(Kind::Task, "InvalidParameterException", "The referenced task was not found.", gone);
        check(Kind::TaskDefinition, "MISSING", "", gone);
    }
}
