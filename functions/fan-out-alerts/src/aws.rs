//! The services this function talks to; its policy allows no others.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_types::SdkConfig;
use secret::secretsmanager::Secrets;
use tokio::time::Instant;

use crate::memory::Memory;
use crate::routes::Routes;

/// One client per service, and what an environment of the function remembers.
pub struct Aws {
    /// Reads secrets.
    pub secrets: Secrets,
    /// Publishes e-mail.
    pub sns: aws_sdk_sns::Client,
    /// Keeps what is tried again, and what has failed.
    pub sqs: aws_sdk_sqs::Client,
    /// Reads the routes.
    pub ssm: aws_sdk_ssm::Client,
    /// Everything that isn't AWS.
    pub(crate) web: SharedHttpConnector,
    pub(crate) memory: Memory,
    pub(crate) routes: Mutex<Option<(Instant, Arc<Routes>)>>,
}

impl Aws {
    /// Clients that share everything in `sdk`; `web` leads to everybody else.
    pub fn new(sdk: &SdkConfig, web: SharedHttpConnector) -> Self {
        Self {
            secrets: Secrets::new(aws_sdk_secretsmanager::Client::new(sdk)),
            sns: aws_sdk_sns::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
            ssm: aws_sdk_ssm::Client::new(sdk),
            web,
            memory: Memory::default(),
            routes: Mutex::default(),
        }
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}
