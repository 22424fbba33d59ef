//! Which service knows which kind: the one list of edges.

use std::pin::Pin;

use aws_call::Failed;
use futures::FutureExt as _;

use crate::aws::Aws;
#[cfg(feature = "ec2")]
use crate::ec2;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::rules::Rules;
use crate::scope::{Removed, Scope};
use crate::{
    applicationautoscaling, cloudformation, cloudwatch, cloudwatchlogs, codedeploy, ecr, ecs,
    elasticache, elasticloadbalancingv2, eventbridge, route53, scheduler, secretsmanager,
    servicediscovery, ssm,
};

/// Something that is going to be answered.
pub(crate) type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A service of AWS that holds parts of review apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Edge {
    ApplicationAutoScaling,
    CloudFormation,
    CloudWatch,
    CloudWatchLogs,
    CodeDeploy,
    #[cfg(feature = "ec2")]
    Ec2,
    Ecr,
    Ecs,
    ElastiCache,
    ElasticLoadBalancing,
    EventBridge,
    Route53,
    Scheduler,
    SecretsManager,
    ServiceDiscovery,
    Ssm,
}

impl Edge {
    /// The service that knows a kind; none in a build without it.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Alarm => Self::CloudWatch,
            Kind::Schedule => Self::Scheduler,
            Kind::EventRule => Self::EventBridge,
            Kind::ScalableTarget => Self::ApplicationAutoScaling,
            Kind::Deployment | Kind::DeploymentGroup => Self::CodeDeploy,
            Kind::ListenerRule | Kind::TargetGroup => Self::ElasticLoadBalancing,
            Kind::RecordSet => Self::Route53,
            Kind::Stack => Self::CloudFormation,
            Kind::Service | Kind::Task | Kind::Cluster | Kind::TaskDefinition => Self::Ecs,
            #[cfg(feature = "ec2")]
            Kind::Instance | Kind::SecurityGroup => Self::Ec2,
            #[cfg(not(feature = "ec2"))]
            Kind::Instance | Kind::SecurityGroup => return None,
            Kind::ReplicationGroup
            | Kind::CacheCluster
            | Kind::ServerlessCache
            | Kind::CacheParameterGroup
            | Kind::CacheSubnetGroup => Self::ElastiCache,
            Kind::DiscoveryService => Self::ServiceDiscovery,
            Kind::LogGroup => Self::CloudWatchLogs,
            Kind::Parameter => Self::Ssm,
            Kind::Secret => Self::SecretsManager,
            Kind::Image => Self::Ecr,
        })
    }

    /// Everything it has that may be a review app's.
    pub(crate) fn seen<'a>(
        self,
        aws: &'a Aws,
        scope: &'a Scope<'a>,
    ) -> Asked<'a, Result<Vec<Resource>, Failed>> {
        match self {
            Self::ApplicationAutoScaling => applicationautoscaling::seen(aws, scope).boxed(),
            Self::CloudFormation => cloudformation::seen(aws, scope).boxed(),
            Self::CloudWatch => cloudwatch::seen(aws, scope).boxed(),
            Self::CloudWatchLogs => cloudwatchlogs::seen(aws, scope).boxed(),
            Self::CodeDeploy => codedeploy::seen(aws, scope).boxed(),
            #[cfg(feature = "ec2")]
            Self::Ec2 => ec2::seen(aws, scope).boxed(),
            Self::Ecr => ecr::seen(aws, scope).boxed(),
            Self::Ecs => ecs::seen(aws, scope).boxed(),
            Self::ElastiCache => elasticache::seen(aws, scope).boxed(),
            Self::ElasticLoadBalancing => elasticloadbalancingv2::seen(aws, scope).boxed(),
            Self::EventBridge => eventbridge::seen(aws, scope).boxed(),
            Self::Route53 => route53::seen(aws, scope).boxed(),
            Self::Scheduler => scheduler::seen(aws, scope).boxed(),
            Self::SecretsManager => secretsmanager::seen(aws, scope).boxed(),
            Self::ServiceDiscovery => servicediscovery::seen(aws, scope).boxed(),
            Self::Ssm => ssm::seen(aws, scope).boxed(),
        }
    }

    /// These, as they are now.
    pub(crate) fn look<'a>(
        self,
        aws: &'a Aws,
        rules: &'a Rules,
        keys: &'a [Key],
    ) -> Asked<'a, Result<Vec<Resource>, Failed>> {
        match self {
            Self::ApplicationAutoScaling => applicationautoscaling::look(aws, keys).boxed(),
            Self::CloudFormation => cloudformation::look(aws, keys).boxed(),
            Self::CloudWatch => cloudwatch::look(aws, rules, keys).boxed(),
            Self::CloudWatchLogs => cloudwatchlogs::look(aws, keys).boxed(),
            Self::CodeDeploy => codedeploy::look(aws, rules, keys).boxed(),
            #[cfg(feature = "ec2")]
            Self::Ec2 => ec2::look(aws, keys).boxed(),
            Self::Ecr => ecr::look(aws, keys).boxed(),
            Self::Ecs => ecs::look(aws, keys).boxed(),
            Self::ElastiCache => elasticache::look(aws, keys).boxed(),
            Self::ElasticLoadBalancing => elasticloadbalancingv2::look(aws, keys).boxed(),
            Self::EventBridge => eventbridge::look(aws, keys).boxed(),
            Self::Route53 => route53::look(aws, keys).boxed(),
            Self::Scheduler => scheduler::look(aws, keys).boxed(),
            Self::SecretsManager => secretsmanager::look(aws, keys).boxed(),
            Self::ServiceDiscovery => servicediscovery::look(aws, keys).boxed(),
            Self::Ssm => ssm::look(aws, keys).boxed(),
        }
    }

    /// Removes what the tickets are for; all of one kind.
    pub(crate) fn remove<'a>(self, aws: &'a Aws, tickets: Vec<Ticket>) -> Asked<'a, Removed> {
        match self {
            Self::ApplicationAutoScaling => applicationautoscaling::remove(aws, tickets).boxed(),
            Self::CloudFormation => cloudformation::remove(aws, tickets).boxed(),
            Self::CloudWatch => cloudwatch::remove(aws, tickets).boxed(),
            Self::CloudWatchLogs => cloudwatchlogs::remove(aws, tickets).boxed(),
            Self::CodeDeploy => codedeploy::remove(aws, tickets).boxed(),
            #[cfg(feature = "ec2")]
            Self::Ec2 => ec2::remove(aws, tickets).boxed(),
            Self::Ecr => ecr::remove(aws, tickets).boxed(),
            Self::Ecs => ecs::remove(aws, tickets).boxed(),
            Self::ElastiCache => elasticache::remove(aws, tickets).boxed(),
            Self::ElasticLoadBalancing => elasticloadbalancingv2::remove(aws, tickets).boxed(),
            Self::EventBridge => eventbridge::remove(aws, tickets).boxed(),
            Self::Route53 => route53::remove(aws, tickets).boxed(),
            Self::Scheduler => scheduler::remove(aws, tickets).boxed(),
            Self::SecretsManager => secretsmanager::remove(aws, tickets).boxed(),
            Self::ServiceDiscovery => servicediscovery::remove(aws, tickets).boxed(),
            Self::Ssm => ssm::remove(aws, tickets).boxed(),
        }
    }
}
