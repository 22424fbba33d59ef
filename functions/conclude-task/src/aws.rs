//! The services this function talks to; its policy allows no others.

use aws_types::SdkConfig;

/// One client per service.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Reads the deployment, answers its hook.
    pub codedeploy: aws_sdk_codedeploy::Client,
    /// Reads tasks, starts one again, stops one.
    pub ecs: aws_sdk_ecs::Client,
    /// Tells what became of a task.
    pub events: aws_sdk_eventbridge::Client,
    /// Reads what a container said last.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Reads revisions that live in a bucket.
    pub s3: aws_sdk_s3::Client,
    /// Publishes alerts.
    pub sns: aws_sdk_sns::Client,
    /// Remembers of a job what its next run needs to know.
    pub ssm: aws_sdk_ssm::Client,
}

impl Aws {
    /// Clients that share everything in `sdk`.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            codedeploy: aws_sdk_codedeploy::Client::new(sdk),
            ecs: aws_sdk_ecs::Client::new(sdk),
            events: aws_sdk_eventbridge::Client::new(sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            s3: aws_sdk_s3::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            ssm: aws_sdk_ssm::Client::new(sdk),
        }
    }
}
