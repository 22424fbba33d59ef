//! Functions that are binaries: their processes, and the Runtime API the processes talk to.
//!
//! A process is an execution environment: it handles one invocation at a time, a concurrent
//! invocation starts another, and one that dies takes its invocation with it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::{Notify, oneshot};

use super::{Code, FunctionError, Job, arn};
use crate::world::{REGION, World};

/// More invocations at once than this wait for a process to become free.
const PROCESSES: usize = 4;

type Outcome = Result<Value, FunctionError>;

/// The processes of one function.
pub(super) struct Pool {
    binary: PathBuf,
    environment: BTreeMap<String, String>,
    processes: Mutex<BTreeMap<u64, Process>>,
    started: AtomicU64,
    /// A process became idle or made room for another one.
    freed: Notify,
}

struct Process {
    /// Waits for the process to ask for it.
    next: Option<Work>,
    /// The request id being handled, and who waits for it.
    busy: Option<(String, oneshot::Sender<Outcome>)>,
    wake: Arc<Notify>,
    kill: Arc<Notify>,
}

struct Work {
    request_id: String,
    payload: Value,
    deadline_ms: u128,
}

impl Pool {
    pub(super) fn new(binary: PathBuf, environment: BTreeMap<String, String>) -> Self {
        let (processes, started, freed) = (Mutex::default(), AtomicU64::new(0), Notify::new());
        Self { binary, environment, processes, started, freed }
    }

    fn processes(&self) -> MutexGuard<'_, BTreeMap<u64, Process>> {
        self.processes.lock().expect("nothing panics while it holds the processes")
    }

    /// For a function that is replaced or deleted.
    pub(super) fn kill_all(&self) {
        for process in self.processes().values() {
            process.kill.notify_one();
        }
    }

    /// Answers the invocation that process `id` handles.
    fn finish(&self, id: u64, request_id: &str, outcome: Outcome) -> bool {
        let waiting = match self.processes().get_mut(&id) {
            Some(process) if process.busy.as_ref().is_some_and(|busy| busy.0 == request_id) => {
                process.busy.take()
            }
            _ => None,
        };
        let Some((_, answer)) = waiting else { return false };
        let _ = answer.send(outcome);
        self.freed.notify_waiters();
        true
    }

    fn gone(&self, id: u64, how: &str) {
        let process = self.processes().remove(&id);
        if let Some((request_id, answer)) = process.and_then(|it| it.busy) {
            let _ = answer.send(Err(FunctionError::exited(&request_id, how)));
        }
        self.freed.notify_waiters();
    }
}

/// Gives the job to an idle process, a new one, or the first to become idle.
pub(super) async fn run(job: Job<'_>, pool: &Arc<Pool>) -> Outcome {
    let death = job.world.death_of(job.name);
    let mut dying = std::pin::pin!(death.notified());
    dying.as_mut().enable();
    let (id, answer) = loop {
        let mut freed = std::pin::pin!(pool.freed.notified());
        freed.as_mut().enable();
        match assign(&job, pool)? {
            Some(assigned) => break assigned,
            None => freed.await,
        }
    };
    let killed = |error| {
        if let Some(process) = pool.processes().get(&id) {
            process.kill.notify_one();
        }
        Err(error)
    };
    let clock = job.world.clock();
    tokio::select! {
        outcome = answer => {
            outcome.unwrap_or_else(|_| Err(FunctionError::exited(job.request_id, "unknown")))
        }
        () = &mut dying => killed(FunctionError::exited(job.request_id, "signal: killed")),
        () = clock.sleep(job.timeout) => {
            killed(FunctionError::timed_out(job.request_id, job.timeout))
        }
    }
}

type Assigned = (u64, oneshot::Receiver<Outcome>);

fn assign(job: &Job<'_>, pool: &Arc<Pool>) -> Result<Option<Assigned>, FunctionError> {
    let (sender, receiver) = oneshot::channel();
    let work = Work {
        request_id: job.request_id.to_owned(),
        payload: job.payload.clone(),
        deadline_ms: real_deadline(job.timeout),
    };
    let mut processes = pool.processes();
    let idle = processes.iter_mut().find(|(_, it)| it.busy.is_none()).map(|(id, _)| *id);
    let id = match idle {
        Some(id) => id,
        None if processes.len() < PROCESSES => {
            let id = pool.started.fetch_add(1, Ordering::Relaxed);
            let process = start(job, pool, id).map_err(|error| {
                let message = format!("{}: {error}", pool.binary.display());
                FunctionError::new("Runtime.InvalidEntrypoint", message)
            })?;
            processes.insert(id, process);
            id
        }
        None => return Ok(None),
    };
    if let Some(process) = processes.get_mut(&id) {
        process.busy = Some((work.request_id.clone(), sender));
        process.next = Some(work);
        process.wake.notify_one();
    }
    Ok(Some((id, receiver)))
}

/// The process outside compares its deadline with its own clock, whatever time it is in here.
#[expect(clippy::disallowed_methods, reason = "a process of the machine lives in real time")]
fn real_deadline(timeout: Duration) -> u128 {
    let now = std::time::SystemTime::now();
    (now + timeout).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

fn start(job: &Job<'_>, pool: &Arc<Pool>, id: u64) -> std::io::Result<Process> {
    let name = job.name;
    let port = super::port(&job.world.state());
    let group = format!("/aws/lambda/{name}");
    let stream = format!(
        "{}/[$LATEST]{}",
        job.world.clock().now().strftime("%Y/%m/%d"),
        uuid::Uuid::new_v4().simple()
    );
    let mut child = tokio::process::Command::new(&pool.binary)
        .env_clear()
        // What every execution environment has.
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin")
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        // lambda_runtime refuses an address with a path unless it begins with a scheme.
        .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/_runtime/{name}/{id}"))
        .env("AWS_LAMBDA_FUNCTION_NAME", name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", &group)
        .env("AWS_LAMBDA_LOG_STREAM_NAME", &stream)
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "AKIALOCAL00000000000")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .envs(&pool.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(out) = child.stdout.take() {
        tokio::spawn(keep_lines(job.world.clone(), group.clone(), stream.clone(), out));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(keep_lines(job.world.clone(), group, stream, err));
    }
    let kill = Arc::new(Notify::new());
    tokio::spawn(watch(child, Arc::clone(pool), id, Arc::clone(&kill)));
    Ok(Process { next: None, busy: None, wake: Arc::new(Notify::new()), kill })
}

async fn watch(mut child: Child, pool: Arc<Pool>, id: u64, kill: Arc<Notify>) {
    let ended = tokio::select! {
        ended = child.wait() => ended,
        () = kill.notified() => {
            // No further work for a process that is about to die.
            pool.gone(id, "signal: killed");
            let _ = child.start_kill();
            child.wait().await
        }
    };
    pool.gone(id, &ended.map_or_else(|error| error.to_string(), describe));
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "signal: killed".to_owned(),
    }
}

async fn keep_lines(
    world: World,
    group: String,
    stream: String,
    from: impl AsyncRead + Unpin + Send,
) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        crate::logs::append(&world, &group, &stream, [line]);
    }
}

/// Lambda's Runtime API for the processes of this account:
/// `/_runtime/{name}/{process}/2018-06-01/runtime/…`.
pub(crate) async fn runtime_api(world: &World, request: Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["_runtime", name, id, "2018-06-01", "runtime", rest @ ..] = parts.as_slice() else {
        return refuse(404, "NotFound", &format!("no such path: {path}"));
    };
    let code = world.state().lambda.functions.get(*name).map(|it| it.code.clone());
    let (Some(Code::Binary(pool)), Ok(id)) = (code, id.parse::<u64>()) else {
        return refuse(403, "UnknownFunction", &format!("no binary is function {name}"));
    };
    let body = request.body();
    match rest {
        ["invocation", "next"] => next(&pool, id, name).await,
        ["invocation", request_id, "response"] => {
            let answer = serde_json::from_slice(body).unwrap_or_default();
            accepted(pool.finish(id, request_id, Ok(answer)))
        }
        ["invocation", request_id, "error"] => {
            accepted(pool.finish(id, request_id, Err(reported(body))))
        }
        ["init", "error"] => {
            let request_id =
                pool.processes().get(&id).and_then(|it| Some(it.busy.as_ref()?.0.clone()));
            let request_id = request_id.unwrap_or_default();
            pool.finish(id, &request_id, Err(reported(body)));
            accepted(true)
        }
        _ => refuse(404, "NotFound", &format!("no such path: {path}")),
    }
}

/// Waits for an event; a real environment is frozen meanwhile.
async fn next(pool: &Pool, id: u64, name: &str) -> Response<Bytes> {
    let Some(wake) = pool.processes().get(&id).map(|it| Arc::clone(&it.wake)) else {
        return refuse(403, "UnknownProcess", "this process is being shut down");
    };
    loop {
        let work = pool.processes().get_mut(&id).and_then(|it| it.next.take());
        if let Some(work) = work {
            return Response::builder()
                .status(200)
                .header("content-type", "application/json")
                .header("lambda-runtime-aws-request-id", work.request_id)
                .header("lambda-runtime-deadline-ms", work.deadline_ms.to_string())
                .header("lambda-runtime-invoked-function-arn", arn(name))
                .header(
                    "lambda-runtime-trace-id",
                    "Root=1-00000000-000000000000000000000000;Sampled=0",
                )
                .body(work.payload.to_string().into())
                .expect("request ids are valid headers");
        }
        wake.notified().await;
    }
}

fn reported(body: &[u8]) -> FunctionError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| value[name].as_str().unwrap_or("unknown").to_owned();
    FunctionError { kind: text("errorType"), message: text("errorMessage") }
}

fn accepted(known: bool) -> Response<Bytes> {
    if !known {
        return refuse(400, "InvalidRequestID", "Invalid request ID");
    }
    json_response(202, &json!({"status": "OK"}))
}

fn refuse(status: u16, kind: &str, message: &str) -> Response<Bytes> {
    json_response(status, &json!({"errorType": kind, "errorMessage": message}))
}

fn json_response(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.to_string().into())
        .expect("static headers")
}
