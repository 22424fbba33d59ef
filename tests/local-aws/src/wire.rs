//! AWS's wire protocols: which operation a request asks for, and how an answer or error is written.

mod cbor;
mod query;
mod write;

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

pub(crate) use cbor::is_timestamp;
pub(crate) use query::{is_true, texts, whole};
pub(crate) use write::{escape, write, xml};

use crate::{route53, s3};

/// The services that live here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Service {
    Ecs,
    CodeDeploy,
    Logs,
    Sns,
    Sqs,
    SecretsManager,
    S3,
    Events,
    Scheduler,
    Lambda,
    Ssm,
    CodePipeline,
    Sts,
    ElasticLoadBalancing,
    ElastiCache,
    Ec2,
    CloudWatch,
    ApplicationAutoScaling,
    Tagging,
    CloudFormation,
    Route53,
    ServiceDiscovery,
    Ecr,
}

/// How a service talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Protocol {
    Json11,
    Query,
    Ec2Query,
    RpcV2Cbor,
    RestJson,
    RestXml,
}

impl Service {
    /// The prefix of its `X-Amz-Target` header, its signing name, its protocol.
    const TABLE: [(Service, &'static str, &'static str, Protocol); 23] = [
        (Service::Ecs, "AmazonEC2ContainerServiceV20141113", "ecs", Protocol::Json11),
        (Service::CodeDeploy, "CodeDeploy_20141006", "codedeploy", Protocol::Json11),
        (Service::Logs, "Logs_20140328", "logs", Protocol::Json11),
        (Service::SecretsManager, "secretsmanager", "secretsmanager", Protocol::Json11),
        (Service::Events, "AWSEvents", "events", Protocol::Json11),
        (Service::Ssm, "AmazonSSM", "ssm", Protocol::Json11),
        (Service::CodePipeline, "CodePipeline_20150709", "codepipeline", Protocol::Json11),
        (Service::Sqs, "AmazonSQS", "sqs", Protocol::Json11),
        (Service::Sns, "", "sns", Protocol::Query),
        (Service::S3, "", "s3", Protocol::RestXml),
        (Service::Scheduler, "", "scheduler", Protocol::RestJson),
        (Service::Lambda, "", "lambda", Protocol::RestJson),
        (Service::Sts, "", "sts", Protocol::Query),
        (Service::ElasticLoadBalancing, "", "elasticloadbalancing", Protocol::Query),
        (Service::ElastiCache, "", "elasticache", Protocol::Query),
        (Service::Ec2, "", "ec2", Protocol::Ec2Query),
        (Service::CloudWatch, "GraniteServiceVersion20100801", "monitoring", Protocol::RpcV2Cbor),
        (
            Service::ApplicationAutoScaling,
            "AnyScaleFrontendService",
            "application-autoscaling",
            Protocol::Json11,
        ),
        (Service::Tagging, "ResourceGroupsTaggingAPI_20170126", "tagging", Protocol::Json11),
        (Service::CloudFormation, "", "cloudformation", Protocol::Query),
        (Service::Route53, "", "route53", Protocol::RestXml),
        (
            Service::ServiceDiscovery,
            "Route53AutoNaming_v20170314",
            "servicediscovery",
            Protocol::Json11,
        ),
        (Service::Ecr, "AmazonEC2ContainerRegistry_V20150921", "ecr", Protocol::Json11),
    ];

    fn row(self) -> &'static (Service, &'static str, &'static str, Protocol) {
        Self::TABLE.iter().find(|row| row.0 == self).expect("every service has a row")
    }

    /// The protocol this service speaks.
    pub fn protocol(self) -> Protocol {
        self.row().3
    }

    /// The prefix of its actions in a policy.
    pub fn iam_prefix(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            Self::Tagging => "tag",
            _ => self.row().2,
        }
    }

    fn by_target(prefix: &str) -> Option<Self> {
        Self::TABLE.iter().find(|row| !row.1.is_empty() && row.1 == prefix).map(|row| row.0)
    }

    fn by_signing_name(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|row| row.2 == name).map(|row| row.0)
    }
}

/// One request for one operation.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which service it is for.
    pub service: Service,
    /// The operation as AWS spells it.
    pub operation: String,
    /// JSON services: the body. Query services: the structure its parameters spell. REST: the
    /// body, if it is JSON.
    pub input: Value,
    /// The HTTP method.
    pub method: Method,
    /// The path with its query.
    pub uri: http::Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The function that calls, where it is known.
    pub caller: Option<String>,
}

impl Call {
    /// The protocol the request came in: `CloudWatch` and the tagging service take several, and
    /// answer in the one they are asked in.
    pub(crate) fn protocol(&self) -> Protocol {
        let service = self.service.protocol();
        if cbor::is_spoken(&self.headers) {
            Protocol::RpcV2Cbor
        } else if self.headers.contains_key("x-amz-target") {
            Protocol::Json11
        } else if service == Protocol::RpcV2Cbor {
            Protocol::Query
        } else {
            service
        }
    }
}

/// What a service answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The members of the operation's output; written in the service's protocol.
    Json(Value),
    /// Status, headers and body exactly as given.
    Raw(u16, Vec<(String, String)>, Bytes),
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

/// A modelled error.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsError {
    /// The HTTP status.
    pub status: u16,
    /// The error's shape name.
    pub code: String,
    /// What AWS says about it.
    pub message: String,
    /// Further members of the error's shape.
    pub members: Value,
}

impl AwsError {
    /// An error with nothing but a message.
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.into(), message: message.into(), members: json!({}) }
    }

    /// A client's mistake: status 400.
    pub fn bad(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into(), members: json!({}) }
    }

    /// Adds a member of the error's shape.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members[name] = value;
        self
    }
}

/// Which operation of which service a request asks for; `None` if nothing here knows it.
pub(crate) fn read(request: &Request<Bytes>, caller: Option<&str>) -> Option<Call> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let body = request.body().clone();
    let call = |service, operation: &str, input| Call {
        service,
        operation: operation.to_owned(),
        input,
        method: request.method().clone(),
        uri: request.uri().clone(),
        headers: headers.clone(),
        body: body.clone(),
        caller: caller.map(str::to_owned),
    };
    if cbor::is_spoken(headers) {
        let (prefix, operation) = cbor::operation(request.uri().path())?;
        return Some(call(Service::by_target(prefix)?, operation, cbor::read(&body)));
    }
    if let Some(target) = text("x-amz-target") {
        let (prefix, operation) = target.rsplit_once('.')?;
        let input = if body.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&body).unwrap_or(Value::Null)
        };
        return Some(call(Service::by_target(prefix)?, operation, input));
    }
    let service = signing_name(text("authorization"), request.uri())
        .and_then(Service::by_signing_name)
        .or_else(|| by_path(request))?;
    Some(match service.protocol() {
        Protocol::Query | Protocol::Ec2Query | Protocol::RpcV2Cbor => {
            let input = query::structure(&body);
            let operation = input["Action"].as_str()?.to_owned();
            call(service, &operation, input)
        }
        Protocol::RestXml => {
            let input =
                if service == Service::Route53 { route53::input(request) } else { Value::Null };
            call(service, rest_operation(service, request), input)
        }
        Protocol::RestJson | Protocol::Json11 => call(
            service,
            rest_operation(service, request),
            serde_json::from_slice(&body).unwrap_or(Value::Null),
        ),
    })
}

fn signing_name<'a>(authorization: Option<&'a str>, uri: &'a http::Uri) -> Option<&'a str> {
    let scope = authorization
        .and_then(|it| it.split("Credential=").nth(1))
        .or_else(|| uri.query().and_then(|query| query.split("X-Amz-Credential=").nth(1)))?;
    scope.split(['/', ',']).nth(3).or_else(|| scope.split("%2F").nth(3))
}

fn by_path(request: &Request<Bytes>) -> Option<Service> {
    let path = request.uri().path();
    let lambda = ["/2015-03-31/functions/", "/2015-03-31/event-source-mappings/"];
    lambda.iter().any(|it| path.starts_with(it)).then_some(Service::Lambda)
}

/// The name of a REST operation, from its method and path.
fn rest_operation(service: Service, request: &Request<Bytes>) -> &'static str {
    let method = request.method().as_str();
    let path = request.uri().path();
    let parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    match (service, method, parts.as_slice()) {
        (Service::S3, ..) => s3::operation(request),
        (Service::Route53, method, parts) => route53::operation(method, parts),
        (Service::Lambda, "POST", [_, "functions", _, "invocations"]) => "Invoke",
        (Service::Lambda, "POST", [_, "functions"]) => "CreateFunction",
        (Service::Lambda, "GET", [_, "functions"]) => "ListFunctions",
        (Service::Lambda, "GET", [_, "functions", _]) => "GetFunction",
        (Service::Lambda, "GET", [_, "functions", _, "configuration"]) => {
            "GetFunctionConfiguration"
        }
        (Service::Lambda, "PUT", [_, "functions", _, "configuration"]) => {
            "UpdateFunctionConfiguration"
        }
        (Service::Lambda, "PUT", [_, "functions", _, "event-invoke-config"]) => {
            "PutFunctionEventInvokeConfig"
        }
        (Service::Lambda, "DELETE", [_, "functions", _]) => "DeleteFunction",
        (Service::Lambda, method, [_, "event-source-mappings", rest @ ..]) => {
            match (method, rest) {
                ("POST", []) => "CreateEventSourceMapping",
                ("GET", []) => "ListEventSourceMappings",
                ("GET", [_]) => "GetEventSourceMapping",
                ("PUT", [_]) => "UpdateEventSourceMapping",
                ("DELETE", [_]) => "DeleteEventSourceMapping",
                _ => "Unknown",
            }
        }
        (Service::Scheduler, "POST", ["schedules", _]) => "CreateSchedule",
        (Service::Scheduler, "PUT", ["schedules", _]) => "UpdateSchedule",
        (Service::Scheduler, "GET", ["schedules", _]) => "GetSchedule",
        (Service::Scheduler, "GET", ["schedules"]) => "ListSchedules",
        (Service::Scheduler, "DELETE", ["schedules", _]) => "DeleteSchedule",
        (Service::Scheduler, "POST", ["schedule-groups", _]) => "CreateScheduleGroup",
        (Service::Scheduler, "GET", ["schedule-groups", _]) => "GetScheduleGroup",
        (Service::Scheduler, "GET", ["schedule-groups"]) => "ListScheduleGroups",
        (Service::Scheduler, "DELETE", ["schedule-groups", _]) => "DeleteScheduleGroup",
        _ => "Unknown",
    }
}

/// An opaque page token for the items after `offset`.
pub(crate) fn page_token(offset: usize) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("page:{offset}"))
}

/// The offset a page token stands for.
pub(crate) fn page_offset(token: &str) -> Option<usize> {
    let text = base64::engine::general_purpose::STANDARD.decode(token).ok()?;
    std::str::from_utf8(&text).ok()?.strip_prefix("page:")?.parse().ok()
}

/// One page of `items` and the token of the next.
///
/// `token` and `limit` are the operation's own members; an unreadable token is the caller's
/// mistake, and each service has its own name for that error.
pub(crate) fn page<T: Clone>(
    items: &[T],
    token: &Value,
    limit: usize,
    bad_token: &str,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let start = match token.as_str() {
        None => 0,
        Some(token) => page_offset(token)
            .ok_or_else(|| AwsError::bad(bad_token, "The specified nextToken is invalid."))?,
    };
    let page: Vec<T> = items.iter().skip(start).take(limit).cloned().collect();
    let end = start + page.len();
    Ok((page, (end < items.len()).then(|| page_token(end))))
}
