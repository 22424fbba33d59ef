//! The services this function talks to; its policy allows no others.

use aws_types::SdkConfig;

/// One client per service.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Reads the deployment, answers its hook.
    pub codedeploy: aws_sdk_codedeploy::Client,
    /// Answers an action of a pipeline.
    pub codepipeline: aws_sdk_codepipeline::Client,
    /// Reads the service, starts the task, answers pause hooks.
    pub ecs: aws_sdk_ecs::Client,
    /// Tells what became of a task.
    pub events: aws_sdk_eventbridge::Client,
    /// Reads what a container said last.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Reads revisions that live in a bucket.
    pub s3: aws_sdk_s3::Client,
    /// Has this function called again while another migration has the lock.
    pub scheduler: aws_sdk_scheduler::Client,
    /// Publishes alerts.
    pub sns: aws_sdk_sns::Client,
    /// Reads the pause switch.
    pub ssm: aws_sdk_ssm::Client,
}

impl Aws {
    /// Clients that share everything in `sdk`.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            codedeploy: aws_sdk_codedeploy::Client::new(sdk),
            codepipeline: aws_sdk_codepipeline::Client::new(sdk),
            ecs: aws_sdk_ecs::Client::new(sdk),
            events: aws_sdk_eventbridge::Client::new(sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            s3: aws_sdk_s3::Client::new(sdk),
            scheduler: aws_sdk_scheduler::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            ssm: aws_sdk_ssm::Client::new(sdk),
        }
    }
}
