//! The account: state, clock, faults, and everything that was asked of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::connector::Connector;
use crate::fault::{Fault, Kind, describe, refusal};
use crate::quota::Quotas;
use crate::wire::{self, AwsError, Call, Protocol, Reply, Service};
use crate::{
    applicationautoscaling, cloudformation, cloudwatch, codedeploy, codepipeline, ec2, ecr, ecs,
    elasticache, elasticloadbalancing, events, github, lambda, logs, receivers, route53, s3,
    scheduler, secretsmanager, servicediscovery, sns, sqs, ssm, sts, tagging, upstream,
};

/// The account number of every resource here.
pub const ACCOUNT: &str = "123456789012";
/// The region of every resource here.
pub const REGION: &str = "eu-west-2";

/// What every service remembers. One lock: no operation sees another half done.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) ecs: ecs::State,
    pub(crate) codedeploy: codedeploy::State,
    pub(crate) logs: logs::State,
    pub(crate) sns: sns::State,
    pub(crate) sqs: sqs::State,
    pub(crate) secretsmanager: secretsmanager::State,
    pub(crate) s3: s3::State,
    pub(crate) events: events::State,
    pub(crate) scheduler: scheduler::State,
    pub(crate) lambda: lambda::State,
    pub(crate) ssm: ssm::State,
    pub(crate) codepipeline: codepipeline::State,
    pub(crate) receivers: receivers::State,
    pub(crate) elasticloadbalancing: elasticloadbalancing::State,
    pub(crate) elasticache: elasticache::State,
    pub(crate) ec2: ec2::State,
    pub(crate) cloudwatch: cloudwatch::State,
    pub(crate) applicationautoscaling: applicationautoscaling::State,
    pub(crate) tagging: tagging::State,
    pub(crate) cloudformation: cloudformation::State,
    pub(crate) route53: route53::State,
    pub(crate) servicediscovery: servicediscovery::State,
    pub(crate) ecr: ecr::State,
    pub(crate) github: github::State,
}

/// A request that was made, and what came of it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When it arrived.
    pub at: Timestamp,
    /// Which service it was for.
    pub service: Service,
    /// Which operation.
    pub operation: String,
    /// What it asked for.
    pub input: Value,
    /// The function that asked, where it is known.
    pub caller: Option<String>,
    /// The body that answered it, as JSON where it is JSON; `Err` holds the error's code.
    pub outcome: Result<Value, String>,
    /// The fault that hit it, if any.
    pub fault: Option<Value>,
}

/// What reaches the caller.
pub(crate) enum Outcome {
    Answered(Response<Bytes>),
    ConnectionLost,
    ConnectionRefused,
}

struct Inner {
    clock: Clock,
    state: Mutex<State>,
    faults: Mutex<Vec<Fault>>,
    quotas: Mutex<Quotas>,
    requests: Mutex<Vec<Recorded>>,
    timeline: Mutex<Vec<(Timestamp, String)>>,
    deaths: Mutex<BTreeMap<String, Arc<Notify>>>,
    upstream: Option<String>,
    pace: Pace,
}

/// How long the account takes over things nobody asked it to be slow at.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From PROVISIONING to PENDING, and from PENDING to RUNNING, each.
    pub task_start: Duration,
    /// From DEPROVISIONING to STOPPED.
    pub task_stop: Duration,
    /// Each step of a deployment that is not a hook.
    pub deployment_step: Duration,
    /// How long `CodeDeploy` waits for the answer of a hook. AWS: "within one hour".
    pub hook_timeout: Duration,
    /// What Lambda waits before the first and the second retry of an asynchronous invocation.
    pub lambda_retries: [Duration; 2],
    /// Between a pipeline job's continuation token and the job that gets it.
    pub pipeline_pause: Duration,
    /// How long a minute of ECS's own deployments takes: their bake time, for one.
    pub minute: Duration,
    /// The longest time after which ECS calls a hook again that is in progress.
    pub longest_call_back: Duration,
    /// From DRAINING to INACTIVE: what the tasks of a deleted service take to stop.
    pub service_drain: Duration,
    /// From `DELETE_IN_PROGRESS` until nothing is left of a task definition that nobody uses.
    pub definition_delete: Duration,
    /// From `deleting` to gone, for a cache; as long from `creating` to `available`.
    pub cache_delete: Duration,
    /// From a forced deletion of a secret to its end. AWS: "a short delay".
    pub secret_delete: Duration,
    /// For how long the tagging API lists what is deleted.
    pub tagging_lag: Duration,
    /// From `DeleteStack` to the end of the stack.
    pub stack_delete: Duration,
}

impl Pace {
    /// As in a real account.
    pub const REAL: Self = Self {
        task_start: Duration::from_secs(10),
        task_stop: Duration::from_secs(10),
        deployment_step: Duration::from_secs(5),
        hook_timeout: Duration::from_secs(3600),
        lambda_retries: [Duration::from_secs(60), Duration::from_secs(120)],
        pipeline_pause: Duration::from_secs(30),
        minute: Duration::from_secs(60),
        longest_call_back: Duration::MAX,
        service_drain: Duration::from_secs(90),
        definition_delete: Duration::from_secs(60),
        cache_delete: Duration::from_secs(480),
        secret_delete: Duration::from_secs(10),
        tagging_lag: Duration::from_secs(20 * 60),
        stack_delete: Duration::from_secs(120),
    };
    /// For people who watch.
    pub const BRISK: Self = Self {
        task_start: Duration::from_millis(150),
        task_stop: Duration::from_millis(150),
        deployment_step: Duration::from_millis(200),
        hook_timeout: Duration::from_secs(3600),
        lambda_retries: [Duration::from_secs(1), Duration::from_secs(2)],
        pipeline_pause: Duration::from_millis(500),
        minute: Duration::from_millis(300),
        longest_call_back: Duration::from_millis(400),
        service_drain: Duration::from_millis(600),
        definition_delete: Duration::from_millis(400),
        cache_delete: Duration::from_secs(1),
        secret_delete: Duration::from_millis(150),
        tagging_lag: Duration::from_secs(3),
        stack_delete: Duration::from_millis(500),
    };
}

/// The account. Cheap to clone; all clones are the same account.
#[derive(Clone)]
pub struct World(Arc<Inner>);

/// The account as seen by what waits in the background, which must not keep it alive.
#[derive(Clone)]
pub(crate) struct WeakWorld(Weak<Inner>);

impl WeakWorld {
    /// The account, unless everybody else has let go of it.
    pub(crate) fn upgrade(&self) -> Option<World> {
        self.0.upgrade().map(World)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({ACCOUNT}, {REGION})")
    }
}

impl World {
    /// An empty account in which it is `now`. Needs a tokio runtime.
    pub fn new(now: Timestamp, pace: Pace) -> Self {
        Self::with_upstream(now, pace, None)
    }

    /// The same; what it does not know it passes on to `upstream`, an `http://` address.
    pub fn with_upstream(now: Timestamp, pace: Pace, upstream: Option<String>) -> Self {
        Self(Arc::new(Inner {
            clock: Clock::starting_at(now),
            state: Mutex::default(),
            faults: Mutex::default(),
            quotas: Mutex::default(),
            requests: Mutex::default(),
            timeline: Mutex::default(),
            deaths: Mutex::default(),
            upstream,
            pace,
        }))
    }

    pub(crate) fn downgrade(&self) -> WeakWorld {
        WeakWorld(Arc::downgrade(&self.0))
    }

    /// What time it is in the account.
    pub fn clock(&self) -> Clock {
        self.0.clock
    }

    /// How long things take.
    pub fn pace(&self) -> Pace {
        self.0.pace
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no operation panics while it holds the state")
    }

    /// Adds a fault; the first one added that hits a call decides.
    pub fn fault(&self, fault: Fault) {
        self.0.faults.lock().expect("faults").push(fault);
    }

    /// Removes every fault.
    pub fn heal(&self) {
        self.0.faults.lock().expect("faults").clear();
    }

    pub(crate) fn quotas(&self) -> MutexGuard<'_, Quotas> {
        self.0.quotas.lock().expect("quotas")
    }

    /// Everything that was asked of the account, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.0.requests.lock().expect("requests").clone()
    }

    /// The requests for one operation.
    pub fn requests_for(&self, operation: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|it| it.operation == operation).collect()
    }

    /// Forgets what was asked so far: a hundred thousand requests take a lot of memory.
    pub fn forget_requests(&self) {
        self.0.requests.lock().expect("requests").clear();
    }

    /// Notes something that happened by itself: a state change, a delivery, a hook's result.
    pub(crate) fn note(&self, what: impl Into<String>) {
        let entry = (self.clock().now(), what.into());
        self.0.timeline.lock().expect("timeline").push(entry);
    }

    /// What happened by itself, oldest first.
    pub fn timeline(&self) -> Vec<(Timestamp, String)> {
        self.0.timeline.lock().expect("timeline").clone()
    }

    /// An HTTP client for SDK clients of a person or another program.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Connector { world: self.clone(), caller: None })
    }

    /// An HTTP client for the SDK clients of the function `name`.
    pub fn http_client_for(&self, name: &str) -> SharedHttpClient {
        SharedHttpClient::new(Connector { world: self.clone(), caller: Some(name.to_owned()) })
    }

    /// Calls an operation of a JSON service directly: for seeding and looking.
    pub async fn call(
        &self,
        service: Service,
        operation: &str,
        input: Value,
    ) -> Result<Value, AwsError> {
        let body = Bytes::from(input.to_string());
        let call = Call {
            service,
            operation: operation.to_owned(),
            input,
            method: Method::POST,
            uri: http::Uri::from_static("/"),
            headers: HeaderMap::new(),
            body,
            caller: None,
        };
        match dispatch(self, &call).await? {
            Reply::Json(value) => Ok(value),
            Reply::Raw(_, _, body) => Ok(serde_json::from_slice(&body).unwrap_or(Value::Null)),
        }
    }

    /// Answers one HTTP request as AWS would.
    pub(crate) async fn answer(&self, request: Request<Bytes>, caller: Option<&str>) -> Outcome {
        let Some(call) = wire::read(&request, caller) else {
            return Outcome::Answered(upstream::pass_on(self.0.upstream.as_deref(), request).await);
        };
        let fault = {
            let mut faults = self.0.faults.lock().expect("faults");
            faults.iter_mut().find_map(|fault| fault.hits(&call))
        };
        // A fault is asked for on purpose; what it hits uses up nothing.
        let fault = fault.or_else(|| self.quotas().take(&call, self.clock().now()));
        if fault == Some(Kind::CallerDiesBefore) {
            self.record(&call, Err("CallerDied".into()), fault.as_ref());
            return self.caller_dies(&call).await;
        }
        if fault == Some(Kind::CallerPanics) && call.caller.is_some() {
            self.record(&call, Err("CallerPanicked".into()), fault.as_ref());
            panic!("a fault made the caller of {} panic", call.operation);
        }
        if let Some(Kind::Slow(duration)) = &fault {
            self.clock().sleep(*duration).await;
        }
        let answer = match fault.as_ref().and_then(|kind| refusal(kind, &call)) {
            Some(error) => Err(error),
            None if is_garbled(&call) => Err(AwsError::bad("SerializationException", "")),
            None => dispatch(self, &call).await,
        };
        if answer.as_ref().is_err_and(is_unknown)
            && let Some(upstream) = self.0.upstream.as_deref()
        {
            return Outcome::Answered(upstream::pass_on(Some(upstream), request).await);
        }
        let outcome = match &answer {
            Ok(Reply::Json(value)) => Ok(value.clone()),
            Ok(Reply::Raw(_, _, body)) => Ok(serde_json::from_slice(body).unwrap_or(Value::Null)),
            Err(error) => Err(error.code.clone()),
        };
        self.record(&call, outcome, fault.as_ref());
        match fault {
            Some(Kind::AnswerLost) => Outcome::ConnectionLost,
            Some(Kind::CallerDiesAfter) => self.caller_dies(&call).await,
            _ => Outcome::Answered(wire::write(&call, answer)),
        }
    }

    fn record(&self, call: &Call, outcome: Result<Value, String>, fault: Option<&Kind>) {
        let (mut input, mut outcome) = (call.input.clone(), outcome);
        ssm::hide(self, call, &mut input);
        if let Ok(answer) = &mut outcome {
            ssm::hide(self, call, answer);
        }
        let recorded = Recorded {
            at: self.clock().now(),
            service: call.service,
            operation: call.operation.clone(),
            input,
            caller: call.caller.clone(),
            outcome,
            fault: fault.map(describe),
        };
        self.0.requests.lock().expect("requests").push(recorded);
    }

    /// Never returns to a function that is being killed.
    async fn caller_dies(&self, call: &Call) -> Outcome {
        match &call.caller {
            Some(caller) => {
                self.death_of(caller).notify_waiters();
                std::future::pending().await
            }
            None => Outcome::ConnectionLost,
        }
    }

    /// Wakes when the function `name` is killed.
    pub(crate) fn death_of(&self, name: &str) -> Arc<Notify> {
        let mut deaths = self.0.deaths.lock().expect("deaths");
        Arc::clone(deaths.entry(name.to_owned()).or_default())
    }
}

/// Sixteen hexadecimal digits that look like those AWS makes up, and differ for every `n`: a
/// product with an odd number, modulo a power of two, does not come twice.
pub(crate) fn hex_id(n: u64) -> String {
    format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// An operation (or service) that is not modelled here.
pub(crate) fn unknown(call: &Call) -> AwsError {
    let code = match call.service.protocol() {
        Protocol::Query | Protocol::Ec2Query => "InvalidAction",
        Protocol::RestXml => "NotImplemented",
        Protocol::Json11 | Protocol::RpcV2Cbor | Protocol::RestJson => "UnknownOperationException",
    };
    let request = match call.operation.as_str() {
        "Unknown" => format!("{} {}", call.method, call.uri),
        operation => operation.to_owned(),
    };
    let what = format!("local-aws does not know {:?} {request}", call.service);
    AwsError::new(501, code, &what).with("local", json!(true))
}

/// The body of a JSON or CBOR operation is an object, or the service does not even look at it.
fn is_garbled(call: &Call) -> bool {
    matches!(call.protocol(), Protocol::Json11 | Protocol::RpcV2Cbor) && !call.input.is_object()
}

fn is_unknown(error: &AwsError) -> bool {
    error.members["local"] == true
}

async fn dispatch(world: &World, call: &Call) -> Result<Reply, AwsError> {
    match call.service {
        Service::Ecs => ecs::answer(world, call),
        Service::CodeDeploy => codedeploy::answer(world, call),
        Service::Logs => logs::answer(world, call),
        Service::Sns => sns::answer(world, call),
        Service::Sqs => sqs::answer(world, call).await,
        Service::SecretsManager => secretsmanager::answer(world, call),
        Service::S3 => s3::answer(world, call),
        Service::Events => events::answer(world, call),
        Service::Scheduler => scheduler::answer(world, call),
        Service::Lambda => lambda::answer(world, call).await,
        Service::Ssm => ssm::answer(world, call),
        Service::CodePipeline => codepipeline::answer(world, call),
        Service::Sts => sts::answer(world, call),
        Service::ElasticLoadBalancing => elasticloadbalancing::answer(world, call),
        Service::ElastiCache => elasticache::answer(world, call),
        Service::Ec2 => ec2::answer(world, call),
        Service::CloudWatch => cloudwatch::answer(world, call),
        Service::ApplicationAutoScaling => applicationautoscaling::answer(world, call),
        Service::Tagging => tagging::answer(world, call),
        Service::CloudFormation => cloudformation::answer(world, call),
        Service::Route53 => route53::answer(world, call),
        Service::ServiceDiscovery => servicediscovery::answer(world, call),
        Service::Ecr => ecr::answer(world, call),
    }
}
