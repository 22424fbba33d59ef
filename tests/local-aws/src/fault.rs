//! Faults on demand: what a network and a busy service do to a caller.

use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::{AwsError, Call, Service};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Refused with the service's throttling error.
    Throttled,
    /// Refused with a 500.
    ServerError,
    /// Refused with the service's error for what no policy allows.
    AccessDenied,
    /// Refused with this error of the service's own, for example `PriorRequestNotComplete`.
    Refused(String),
    /// Answered, but only after this long.
    Slow(Duration),
    /// Executed; the connection breaks before the answer arrives.
    AnswerLost,
    /// The calling function dies before the request leaves it.
    CallerDiesBefore,
    /// The calling function dies after the request was executed.
    CallerDiesAfter,
    /// The calling function panics where it makes the call.
    CallerPanics,
}

/// One rule: which calls it hits, how often, and how.
#[derive(Debug, Clone)]
pub struct Fault {
    kind: Kind,
    operation: Option<String>,
    caller: Option<String>,
    skip: u32,
    times: u32,
    every: u32,
    seen: u32,
}

impl Fault {
    /// Hits every call, until narrowed.
    pub fn new(kind: Kind) -> Self {
        Self { kind, operation: None, caller: None, skip: 0, times: u32::MAX, every: 1, seen: 0 }
    }

    /// Only this operation, as AWS spells it (`RunTask`).
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only calls of this function.
    pub fn by(mut self, caller: &str) -> Self {
        self.caller = Some(caller.to_owned());
        self
    }

    /// Lets the first `n` matching calls through.
    pub fn after(mut self, n: u32) -> Self {
        self.skip = n;
        self
    }

    /// Stops after `n` hits.
    pub fn times(mut self, n: u32) -> Self {
        self.times = n;
        self
    }

    /// Hits only every `n`th matching call.
    pub fn every(mut self, n: u32) -> Self {
        self.every = n.max(1);
        self
    }

    /// Reads `{"kind": "throttled", "operation": "RunTask", "times": 2, …}`.
    pub fn from_json(rule: &Value) -> Result<Self, String> {
        let kind = match rule["kind"].as_str() {
            Some("throttled") => Kind::Throttled,
            Some("server-error") => Kind::ServerError,
            Some("access-denied") => Kind::AccessDenied,
            Some("refused") => {
                let code = rule["code"].as_str().ok_or("refused needs a code")?;
                Kind::Refused(code.to_owned())
            }
            Some("slow") => Kind::Slow(Duration::from_millis(rule["ms"].as_u64().unwrap_or(1000))),
            Some("answer-lost") => Kind::AnswerLost,
            other => {
                return Err(format!(
                    "unknown fault kind {other:?}; one of throttled, server-error, access-denied, \
                     refused (with code), slow (with ms), answer-lost"
                ));
            }
        };
        let count = |name: &str, default| {
            rule[name].as_u64().map_or(default, |n| u32::try_from(n).unwrap_or(u32::MAX))
        };
        let mut fault = Self::new(kind)
            .after(count("after", 0))
            .times(count("times", u32::MAX))
            .every(count("every", 1));
        fault.operation = rule["operation"].as_str().map(str::to_owned);
        Ok(fault)
    }

    /// Whether this call is hit; counts it.
    pub(crate) fn hits(&mut self, call: &Call) -> Option<Kind> {
        let wanted = self.operation.as_ref().is_none_or(|it| *it == call.operation)
            && self.caller.as_ref().is_none_or(|it| Some(it) == call.caller.as_ref());
        if !wanted || self.times == 0 {
            return None;
        }
        self.seen += 1;
        if self.seen <= self.skip || !(self.seen - self.skip).is_multiple_of(self.every) {
            return None;
        }
        self.times = self.times.saturating_sub(1);
        Some(self.kind.clone())
    }
}

/// The error a refused call gets, spelled as the service spells it.
pub(crate) fn refusal(kind: &Kind, call: &Call) -> Option<AwsError> {
    match kind {
        Kind::Throttled => Some(match call.service {
            Service::Sns
            | Service::ElasticLoadBalancing
            | Service::ElastiCache
            | Service::CloudWatch
            | Service::CloudFormation
            | Service::Route53
            | Service::Sts => AwsError::new(400, "Throttling", "Rate exceeded"),
            Service::Ec2 => AwsError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            Service::Tagging => AwsError::new(400, "ThrottledException", "Rate exceeded"),
            Service::S3 => AwsError::new(503, "SlowDown", "Please reduce your request rate."),
            Service::Lambda => AwsError::new(429, "TooManyRequestsException", "Rate exceeded"),
            _ => AwsError::new(400, "ThrottlingException", "Rate exceeded"),
        }),
        Kind::ServerError => Some(match call.service {
            Service::Ec2 => AwsError::new(500, "InternalError", "An internal error has occurred"),
            Service::Ecs => AwsError::new(500, "ServerException", "Service Unavailable"),
            Service::Logs => AwsError::new(500, "ServiceUnavailableException", "Unavailable"),
            _ => AwsError::new(500, "InternalFailure", "We encountered an internal error."),
        }),
        Kind::AccessDenied => Some(denied(call)),
        Kind::Refused(code) => Some(AwsError::bad(code, "Refused on request.")),
        _ => None,
    }
}

/// The error for what no policy allows.
fn denied(call: &Call) -> AwsError {
    let (status, code) = match call.service {
        Service::Sns => (403, "AuthorizationError"),
        Service::Ec2 => (403, "UnauthorizedOperation"),
        Service::S3
        | Service::ElasticLoadBalancing
        | Service::ElastiCache
        | Service::CloudWatch
        | Service::CloudFormation
        | Service::Route53
        | Service::Sts => (403, "AccessDenied"),
        _ => (400, "AccessDeniedException"),
    };
    let (account, prefix) = (crate::ACCOUNT, call.service.iam_prefix());
    let message = format!(
        "User: arn:aws:sts::{account}:assumed-role/local/session is not authorized to perform: \
         {prefix}:{} on resource: * because no identity-based policy allows the action",
        call.operation
    );
    AwsError::new(status, code, &message)
}

/// How a fault is shown to people.
pub(crate) fn describe(kind: &Kind) -> Value {
    json!(format!("{kind:?}"))
}
