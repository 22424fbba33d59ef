//! Functions that somebody else serves, such as `cargo lambda watch`.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::{FunctionError, Job};

/// POSTs the payload; an answer that is not 200 is a function error.
pub(super) async fn run(job: Job<'_>, address: &str) -> Result<Value, FunctionError> {
    let clock = job.world.clock();
    tokio::select! {
        answer = post(address, &job.payload) => answer,
        () = clock.sleep(job.timeout) => {
            Err(FunctionError::timed_out(job.request_id, job.timeout))
        }
    }
}

async fn post(address: &str, payload: &Value) -> Result<Value, FunctionError> {
    let unreachable = |error: &dyn std::fmt::Display| {
        FunctionError::new("Local.Unreachable", format!("{address}: {error}"))
    };
    let request = http::Request::post(address)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(payload.to_string())))
        .map_err(|error| unreachable(&error))?;
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| unreachable(&error))?;
    let failed =
        !response.status().is_success() || response.headers().contains_key("x-amz-function-error");
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| unreachable(&error))?;
    let body = body.to_bytes();
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !failed {
        return Ok(value);
    }
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Err(FunctionError {
        kind: text("errorType").unwrap_or_else(|| format!("Local.Http{}", status.as_u16())),
        message: text("errorMessage")
            .unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()),
    })
}
