//! The engine as the HTTP client under real SDK clients: no socket, no port, no second process.

use std::fmt;
use std::io::ErrorKind;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt as _;

use crate::world::{Outcome, World};
use crate::{github, receivers};

/// Requests of one caller, answered by one world.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) world: World,
    pub(crate) caller: Option<String>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({:?})", self.caller)
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|error| ConnectorError::user(Box::new(error)))?;
            let (parts, body) = request.into_parts();
            let body: Bytes = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let request = http::Request::from_parts(parts, body);
            let to_receiver = receivers::in_process(&this.world.state().receivers, &request);
            let outcome = match (to_receiver, github::in_process(&request)) {
                (Some(sent), _) => receivers::answer(&this.world, sent).await,
                (None, Some(asked)) => github::answer(&this.world, asked).await,
                (None, None) => this.world.answer(request, this.caller.as_deref()).await,
            };
            let broken =
                |kind, words| Err(ConnectorError::io(Box::new(std::io::Error::new(kind, words))));
            match outcome {
                Outcome::Answered(response) => HttpResponse::try_from(response.map(SdkBody::from))
                    .map_err(|error| ConnectorError::other(Box::new(error), None)),
                Outcome::ConnectionLost => {
                    broken(ErrorKind::ConnectionReset, "connection reset by peer")
                }
                Outcome::ConnectionRefused => {
                    broken(ErrorKind::ConnectionRefused, "connection refused")
                }
            }
        })
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
