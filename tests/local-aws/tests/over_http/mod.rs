//! A served account, and requests as a program outside would send them.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_aws::{Pace, World, serve};
use tokio::net::TcpListener;

/// An account, and the address at which it is served until the test ends.
pub(crate) async fn served(upstream: Option<String>) -> (World, String) {
    let noon = "2026-11-21T12:00:00Z".parse().unwrap();
    let world = World::with_upstream(noon, Pace::BRISK, upstream);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(world.clone(), listener));
    (world, address)
}

/// A request with these headers; `Err` if no answer came.
pub(crate) async fn send(
    method: &str,
    address: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response<Bytes>, String> {
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    let client: Client<_, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http();
    let response = client.request(request).await.map_err(|error| error.to_string())?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

/// The scope of a signature: how an endpoint for all services knows which one is meant.
pub(crate) fn signed_for(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-2/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
