//! What the engine does not know goes to another emulator, untouched.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use crate::wire::escape;

/// Passes a request on, or says that nobody here knows it.
pub(crate) async fn pass_on(upstream: Option<&str>, request: Request<Bytes>) -> Response<Bytes> {
    let Some(upstream) = upstream else {
        let known = "local-aws does not know this request, and was started without --upstream";
        return refusal(501, known, &request);
    };
    let readdressed = readdress(upstream, &request);
    let answer = match readdressed {
        Ok(request) => send(request).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(mut response) => {
            end_to_end(response.headers_mut());
            response
        }
        Err(error) => refusal(502, &format!("upstream {upstream}: {error}"), &request),
    }
}

/// Sends one request over plain HTTP.
pub(crate) async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.map(Full::new)).await.map_err(|it| reason(&it))?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|it| reason(&it))?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

/// The whole chain: hyper's own message is "client error (Connect)".
fn reason(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}

/// The same request for the other server. The `host` header stays: the signature covers it, and
/// emulators read bucket names from it.
fn readdress(upstream: &str, request: &Request<Bytes>) -> Result<Request<Bytes>, String> {
    let (mut parts, body) = request.clone().into_parts();
    let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let address = format!("{}{path}", upstream.trim_end_matches('/'));
    parts.uri = address.parse::<Uri>().map_err(|error| error.to_string())?;
    end_to_end(&mut parts.headers);
    Ok(Request::from_parts(parts, body))
}

/// Leaves out what belongs to one connection only; the body's length is known again.
fn end_to_end(headers: &mut HeaderMap) {
    for name in ["connection", "keep-alive", "transfer-encoding", "upgrade", "expect"] {
        headers.remove(name);
    }
}

/// What a person would call the request.
fn request_name(request: &Request<Bytes>) -> String {
    let target = request.headers().get("x-amz-target").and_then(|it| it.to_str().ok());
    let action = || {
        url::form_urlencoded::parse(request.body())
            .find(|(name, _)| name == "Action")
            .map(|(_, action)| action.into_owned())
    };
    let place = || format!("{} {}", request.method(), request.uri().path());
    target.map(str::to_owned).or_else(action).unwrap_or_else(place)
}

/// In the protocol the request speaks, so that an SDK can show the message.
fn refusal(status: u16, message: &str, request: &Request<Bytes>) -> Response<Bytes> {
    let name = request_name(request);
    let content_type = request.headers().get("content-type").and_then(|it| it.to_str().ok());
    let (kind, body) = match content_type {
        Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Receiver</Type><Code>InvalidAction</Code><Message>{} \
                 ({})</Message></Error></ErrorResponse>",
                escape(message),
                escape(&name)
            ),
        ),
        _ => (
            "application/x-amz-json-1.1",
            json!({
                "__type": "UnknownOperationException",
                "message": format!("{message} ({name})"),
                "request": name,
            })
            .to_string(),
        ),
    };
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(body.into())
        .expect("static headers")
}
