//! Requests to AWS, each in its turn: nothing leaves without a token of its quota.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::pace::{Pace, called};

/// A request is signed before it waits, and AWS takes no signature that is older than five minutes.
const LONGEST: Duration = Duration::from_secs(120);

/// So many requests are under way at once.
const AT_ONCE: usize = 16;

/// An HTTP client whose requests keep a pace.
#[derive(Clone)]
pub(crate) struct Paced {
    inner: SharedHttpClient,
    pace: Arc<Pace>,
    room: Arc<Semaphore>,
}

impl Paced {
    /// The client, at a pace.
    pub(crate) fn around(inner: SharedHttpClient, pace: Arc<Pace>) -> SharedHttpClient {
        SharedHttpClient::new(Self { inner, pace, room: Arc::new(Semaphore::new(AT_ONCE)) })
    }
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paced")
    }
}

impl HttpClient for Paced {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(PacedConnector {
            inner: self.inner.http_connector(settings, components),
            pace: Arc::clone(&self.pace),
            room: Arc::clone(&self.room),
        })
    }
}

#[derive(Debug, Clone)]
struct PacedConnector {
    inner: SharedHttpConnector,
    pace: Arc<Pace>,
    room: Arc<Semaphore>,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let (service, operation) = called(
                request.headers().get("authorization").unwrap_or_default(),
                request.headers().get("x-amz-target"),
                request.method(),
                request.uri(),
                request.body().bytes().unwrap_or_default(),
            );
            let wait = this.pace.take(&service, &operation, Instant::now());
            if wait > LONGEST {
                this.pace.give_back(&service, &operation);
                let why =
                    format!("{operation} would have to wait {} s for its turn", wait.as_secs());
                return Err(ConnectorError::timeout(why.into()));
            }
            tokio::time::sleep(wait).await;
            let _room = this.room.acquire().await;
            let answer = this.inner.call(request).await?;
            if answer.status().as_u16() < 400 {
                return Ok(answer);
            }
            let (answer, said) = told(answer).await?;
            let said = String::from_utf8_lossy(&said);
            if ["Throttl", "RequestLimitExceeded", "TooManyRequests"]
                .iter()
                .any(|it| said.contains(it))
            {
                this.pace.careful(&service, &operation, Instant::now());
            }
            Ok(answer)
        })
    }
}

/// The answer with its body, which is short: it is an error.
async fn told(mut answer: HttpResponse) -> Result<(HttpResponse, Vec<u8>), ConnectorError> {
    let body = answer.take_body().collect().await;
    let said = body.map_err(ConnectorError::io)?.to_bytes().to_vec();
    *answer.body_mut() = SdkBody::from(said.clone());
    Ok((answer, said))
}
