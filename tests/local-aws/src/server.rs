//! The engine behind a listener: for boto3, the AWS CLI, `cargo lambda watch` and real binaries.
//!
//! Beside AWS's protocols there are four corners of its own: `/_runtime/…` is the Runtime API of
//! functions that are binaries, `/_receivers/…` is where alerts go, `/_github/…` is a
//! GitHub, `/_local/…` is for people.

mod local;

use std::io;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::world::{Outcome, World};
use crate::{github, lambda, receivers};

/// Serves the account until the future is dropped; every connection ends with it.
///
/// Only loopback: the engine runs programs for whoever asks.
pub async fn serve(world: World, listener: TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(io::Error::other(format!("{address} is not a loopback address")));
    }
    world.port(address.port());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(world.clone(), stream));
                }
                // The peer went away before it was accepted, or files ran out for a moment.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(world: World, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let world = world.clone();
        async move { exchange(&world, request).await }
    });
    // An error means that the connection broke; that is the client's to notice.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error here closes the connection without an answer, which is what a lost answer looks like.
async fn exchange(
    world: &World,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(parts, body);
    match answer(world, request).await {
        Outcome::Answered(response) => Ok(response.map(Full::new)),
        Outcome::ConnectionLost | Outcome::ConnectionRefused => {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
}

async fn answer(world: &World, request: Request<Bytes>) -> Outcome {
    let path = request.uri().path();
    if path.starts_with("/_runtime/") {
        return Outcome::Answered(lambda::runtime_api(world, request).await);
    }
    if path.starts_with("/_local/") {
        return Outcome::Answered(local::answer(world, &request));
    }
    if let Some(asked) = github::served(&request) {
        return github::answer(world, asked).await;
    }
    match receivers::served(&request) {
        Some(sent) => receivers::answer(world, sent).await,
        None => world.answer(request, None).await,
    }
}
