//! The services this function talks to; its policy allows no others.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use secret::secretsmanager::Secrets;

use crate::github::{self, GitHub};
use crate::http::Paced;
use crate::pace::Pace;
use crate::repository::Repository;
use crate::settings::Settings;

/// One client per service, all at one pace.
#[derive(Debug)]
pub struct Aws {
    /// Scalable targets.
    pub applicationautoscaling: aws_sdk_applicationautoscaling::Client,
    /// Stacks.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// Alarms.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Log groups.
    pub cloudwatchlogs: aws_sdk_cloudwatchlogs::Client,
    /// Deployments and their groups.
    pub codedeploy: aws_sdk_codedeploy::Client,
    /// Instances and security groups.
    #[cfg(feature = "ec2")]
    pub ec2: aws_sdk_ec2::Client,
    /// Tags of images.
    pub ecr: aws_sdk_ecr::Client,
    /// Clusters, services, tasks, task definitions.
    pub ecs: aws_sdk_ecs::Client,
    /// Caches.
    pub elasticache: aws_sdk_elasticache::Client,
    /// Target groups and rules.
    pub elasticloadbalancingv2: aws_sdk_elasticloadbalancingv2::Client,
    /// Rules.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// What is tagged.
    pub resourcegroupstagging: aws_sdk_resourcegroupstagging::Client,
    /// Record sets.
    pub route53: aws_sdk_route53::Client,
    /// Schedules: those of apps, and this function's own.
    pub scheduler: aws_sdk_scheduler::Client,
    /// Secrets of apps.
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    /// Services of Cloud Map.
    pub servicediscovery: aws_sdk_servicediscovery::Client,
    /// Publishes alerts.
    pub sns: aws_sdk_sns::Client,
    /// Parameters of apps, and approvals.
    pub ssm: aws_sdk_ssm::Client,
    /// Which account this is.
    pub sts: aws_sdk_sts::Client,
    /// Which region, if it is known.
    pub region: Option<String>,
    /// Secrets of this function, as they are at the moment.
    pub secrets: Arc<Secrets>,
    /// What pull requests are.
    pub github: GitHub,
}

impl Aws {
    /// Clients that share everything in `sdk`, and a GitHub that is reached by `web`.
    ///
    /// # Errors
    /// The settings name no GitHub or no repository.
    pub fn new(sdk: &SdkConfig, web: SharedHttpConnector, settings: &Settings) -> Result<Self> {
        let pace = Arc::new(Pace::new(settings.quota_share));
        // Patience is for passes: what doesn't work now, the next one does.
        let retries = RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(500));
        let mut paced = sdk
            .to_builder()
            .retry_config(retries)
            // What waits for its turn has not been sent yet: only an answer may be too late.
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(4))
                    .read_timeout(Duration::from_secs(30))
                    .build(),
            )
            // Who waits for a token has not stalled.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(http) = sdk.http_client() {
            paced = paced.http_client(Paced::around(http, pace));
        }
        let region = sdk.region().map(ToString::to_string);
        let secrets = Arc::new(Secrets::new(aws_sdk_secretsmanager::Client::new(sdk)));
        let repository = Repository::new(&settings.repository, &settings.repository_id);
        let github = GitHub::new(
            web,
            Arc::clone(&secrets),
            github::base(&settings.github_url).map_err(|it| anyhow!("GITHUB_URL: {it}"))?,
            repository.map_err(|it| anyhow!("REPOSITORY: {it}"))?,
            settings.github_secret.clone(),
        );
        let sdk = &paced.build();
        Ok(Self {
            applicationautoscaling: aws_sdk_applicationautoscaling::Client::new(sdk),
            cloudformation: aws_sdk_cloudformation::Client::new(sdk),
            cloudwatch: aws_sdk_cloudwatch::Client::new(sdk),
            cloudwatchlogs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            codedeploy: aws_sdk_codedeploy::Client::new(sdk),
            #[cfg(feature = "ec2")]
            ec2: aws_sdk_ec2::Client::new(sdk),
            ecr: aws_sdk_ecr::Client::new(sdk),
            ecs: aws_sdk_ecs::Client::new(sdk),
            elasticache: aws_sdk_elasticache::Client::new(sdk),
            elasticloadbalancingv2: aws_sdk_elasticloadbalancingv2::Client::new(sdk),
            eventbridge: aws_sdk_eventbridge::Client::new(sdk),
            resourcegroupstagging: aws_sdk_resourcegroupstagging::Client::new(sdk),
            route53: aws_sdk_route53::Client::new(sdk),
            scheduler: aws_sdk_scheduler::Client::new(sdk),
            secretsmanager: aws_sdk_secretsmanager::Client::new(sdk),
            servicediscovery: aws_sdk_servicediscovery::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            ssm: aws_sdk_ssm::Client::new(sdk),
            sts: aws_sdk_sts::Client::new(sdk),
            region,
            secrets,
            github,
        })
    }
}
