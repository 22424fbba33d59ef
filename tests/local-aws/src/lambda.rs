//! AWS Lambda: functions that live in this process, behind an address, or in a binary of their own,
//! invoked as Lambda invokes them: synchronously, or from a queue that retries and repeats itself.

mod batch;
mod binary;
mod destinations;
mod here;
mod mappings;
mod operations;
mod poller;
mod url;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use serde_json::{Value, json};

pub(crate) use binary::runtime_api;
pub(crate) use operations::answer;

use crate::world::{ACCOUNT, REGION, State as Account, World};

/// One invocation, as a function sees it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The event.
    pub payload: Value,
    /// When Lambda stops waiting for the function.
    pub deadline: SystemTime,
    /// The same for every delivery of one event.
    pub request_id: String,
}

type Handler = Arc<dyn Fn(Invocation) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// What runs when a function is invoked.
#[derive(Clone)]
enum Code {
    /// Created through the API with an archive nobody unpacks here.
    Archive,
    Here(Handler),
    At(String),
    Binary(Arc<binary::Pool>),
}

struct Function {
    code: Code,
    timeout: Duration,
    /// `FunctionConfiguration`, as `GetFunction` shows it.
    configuration: Value,
    /// What `PutFunctionEventInvokeConfig` stored, or `null`.
    event_invoke: Value,
}

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    functions: BTreeMap<String, Function>,
    mappings: mappings::Mappings,
    copies: u32,
    port: u16,
}

/// A function that ran and failed, or could not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionError {
    /// `errorType` of the answer's body.
    pub(crate) kind: String,
    /// `errorMessage` of the answer's body.
    pub(crate) message: String,
}

impl FunctionError {
    fn new(kind: &str, message: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), message: message.into() }
    }

    fn timed_out(request_id: &str, timeout: Duration) -> Self {
        let seconds = timeout.as_secs_f64();
        Self::new(
            "Sandbox.Timedout",
            format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"),
        )
    }

    fn exited(request_id: &str, how: &str) -> Self {
        Self::new(
            "Runtime.ExitError",
            format!("RequestId: {request_id} Error: Runtime exited with error: {how}"),
        )
    }

    /// The body of an answer to a caller who waited.
    fn body(&self) -> Value {
        json!({"errorMessage": self.message, "errorType": self.kind})
    }
}

impl World {
    /// A function that runs in this process, in a task of its own: a panic is a function error.
    pub fn function(
        &self,
        name: &str,
        handler: impl Fn(Invocation) -> BoxFuture<'static, Result<Value, String>>
        + Send
        + Sync
        + 'static,
    ) {
        put_code(self, name, Code::Here(Arc::new(handler)));
    }

    /// A function that somebody else serves: the payload is `POSTed` to `url`.
    ///
    /// For `cargo lambda watch`:
    /// `http://127.0.0.1:9000/2015-03-31/functions/NAME/invocations`.
    pub fn function_at(&self, name: &str, url: &str) {
        put_code(self, name, Code::At(url.to_owned()));
    }

    /// A function that is a real binary for the `provided.al2023` runtime.
    ///
    /// It is started at its first invocation and talks to the Runtime API that this account
    /// serves under `/_runtime/`, so the account must be served on a port ([`World::port`]).
    /// The process lives in real time; paused time and binaries do not mix.
    pub fn function_binary(
        &self,
        name: &str,
        binary: PathBuf,
        environment: BTreeMap<String, String>,
    ) {
        let pool = binary::Pool::new(binary, environment);
        put_code(self, name, Code::Binary(Arc::new(pool)));
    }

    /// Invokes a function and waits for its answer; an error is what a caller would read.
    pub async fn invoke(&self, function: &str, payload: Value) -> Result<Value, String> {
        invoke(self, function, payload).await.map_err(|error| error.message)
    }

    /// How long the function may run; 60 seconds unless told.
    pub fn function_timeout(&self, name: &str, timeout: Duration) {
        let mut state = self.state();
        if let Some(function) = state.lambda.functions.get_mut(name) {
            function.timeout = timeout;
            function.configuration["Timeout"] = json!(timeout.as_secs());
        }
    }

    /// Delivers every asynchronous invocation this many times.
    ///
    /// AWS: "Occasionally, your function may receive the same event multiple times, even if no
    /// error occurs."
    pub fn duplicate_invocations(&self, copies: u32) {
        self.state().lambda.copies = copies;
    }

    /// Tells the account on which port of 127.0.0.1 it is served.
    pub fn port(&self, port: u16) {
        self.state().lambda.port = port;
    }
}

fn put_code(world: &World, name: &str, code: Code) {
    let fresh = operations::configuration(world, name, &json!({"Timeout": 60}));
    let mut state = world.state();
    let function = state.lambda.functions.entry(name.to_owned()).or_insert_with(|| Function {
        code: Code::Archive,
        timeout: Duration::from_secs(60),
        configuration: fresh,
        event_invoke: Value::Null,
    });
    if let Code::Binary(pool) = std::mem::replace(&mut function.code, code) {
        pool.kill_all();
    }
}

/// The port on which the account is served; 0 if it is not.
pub(crate) fn port(state: &Account) -> u16 {
    state.lambda.port
}

/// The name in `name`, `name:qualifier`, `account:function:name` or a full ARN, if the function
/// could be in this account.
///
/// Versions and aliases are not modelled: every qualifier stands for `$LATEST`.
pub(crate) fn name_of(reference: &str) -> Option<String> {
    let parts: Vec<&str> = reference.split(':').collect();
    let name = match parts.as_slice() {
        ["arn", "aws", "lambda", region, account, "function", name]
        | ["arn", "aws", "lambda", region, account, "function", name, _]
            if *region == REGION && *account == ACCOUNT =>
        {
            name
        }
        [account, "function", name] | [account, "function", name, _] if *account == ACCOUNT => name,
        [name] | [name, _] => name,
        _ => return None,
    };
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (fits && !name.is_empty() && name.len() <= 64).then(|| (*name).to_owned())
}

/// The ARN of the function `name`.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// Whether an invocation of `reference` would find a function.
pub(crate) fn exists(world: &World, reference: &str) -> bool {
    name_of(reference).is_some_and(|name| world.state().lambda.functions.contains_key(&name))
}

/// Invokes a function and waits for it.
pub(crate) async fn invoke(
    world: &World,
    function: &str,
    payload: Value,
) -> Result<Value, FunctionError> {
    attempt(world, function, payload, &uuid::Uuid::new_v4().to_string()).await
}

/// Puts an event into the function's queue and returns at once.
///
/// AWS: "By default, Lambda retries an asynchronous invocation twice if the function returns an
/// error. … When an event fails all processing attempts … Lambda discards it."
pub(crate) fn invoke_event(world: &World, function: &str, payload: Value) {
    let request_id = uuid::Uuid::new_v4().to_string();
    let copies = usize::try_from(world.state().lambda.copies.max(1)).unwrap_or(1);
    for payload in std::iter::repeat_n(payload, copies) {
        let (world, function) = (world.clone(), function.to_owned());
        let request_id = request_id.clone();
        tokio::spawn(async move { deliver(&world, &function, &payload, &request_id).await });
    }
}

async fn deliver(world: &World, function: &str, payload: &Value, request_id: &str) {
    let shown = name_of(function).unwrap_or_else(|| function.to_owned());
    let retries = {
        let state = world.state();
        let config = state.lambda.functions.get(&shown).map(|it| &it.event_invoke);
        config.and_then(|it| it["MaximumRetryAttempts"].as_u64()).unwrap_or(2)
    };
    let waits = world.pace().lambda_retries.into_iter().take(usize::try_from(retries).unwrap_or(2));
    for (attempts, wait) in (1..).zip(waits.map(Some).chain([None])) {
        let outcome = &attempt(world, function, payload.clone(), request_id).await;
        match outcome {
            Ok(_) => world.note(format!("lambda: {shown} handled an event")),
            Err(error) => {
                world.note(format!("lambda: {shown} failed: {}: {}", error.kind, error.message));
            }
        }
        if let Some(wait) = wait.filter(|_| outcome.is_err()) {
            world.clock().sleep(wait).await;
            continue;
        }
        if outcome.is_err() {
            let what = format!("event {request_id} discarded after its last attempt");
            world.note(format!("lambda: {shown}: {what}"));
        }
        let delivered =
            destinations::Delivered { function: &shown, payload, request_id, attempts, outcome };
        return delivered.tell(world);
    }
}

async fn attempt(
    world: &World,
    function: &str,
    payload: Value,
    request_id: &str,
) -> Result<Value, FunctionError> {
    let found = name_of(function).and_then(|name| {
        let state = world.state();
        let function = state.lambda.functions.get(&name)?;
        Some((function.code.clone(), function.timeout, name))
    });
    let Some((code, timeout, name)) = found else {
        let message = format!("Function not found: {function}");
        return Err(FunctionError::new("ResourceNotFoundException", message));
    };
    let job = Job { world, name: &name, payload, request_id, timeout };
    match code {
        Code::Here(handler) => here::run(job, &handler).await,
        Code::At(address) => url::run(job, &address).await,
        Code::Binary(pool) => binary::run(job, &pool).await,
        Code::Archive => Err(FunctionError::new(
            "Runtime.InvalidEntrypoint",
            format!(
                "RequestId: {request_id} Error: Couldn't find valid bootstrap(s): \
                 [/var/task/bootstrap /opt/bootstrap]"
            ),
        )),
    }
}

/// One attempt at one event.
struct Job<'a> {
    world: &'a World,
    name: &'a str,
    payload: Value,
    request_id: &'a str,
    timeout: Duration,
}
