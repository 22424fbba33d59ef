//! The services this function talks to; its policy allows no others.

use aws_types::SdkConfig;

/// One client per service.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Reads the service, starts and stops tasks.
    pub ecs: aws_sdk_ecs::Client,
    /// Publishes alerts.
    pub sns: aws_sdk_sns::Client,
    /// Reads the pause switch, remembers runs.
    pub ssm: aws_sdk_ssm::Client,
}

impl Aws {
    /// Clients that share everything in `sdk`.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            ecs: aws_sdk_ecs::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            ssm: aws_sdk_ssm::Client::new(sdk),
        }
    }
}
