//! What a review app consists of, and in which order it goes.

use std::fmt;

use serde::Serialize;

/// A kind of resource that can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A `CloudWatch` alarm.
    Alarm,
    /// A schedule of EventBridge Scheduler.
    Schedule,
    /// A rule of EventBridge.
    EventRule,
    /// A scalable target, with its policies and scheduled actions.
    ScalableTarget,
    /// A deployment of `CodeDeploy` that is in progress: it is stopped.
    Deployment,
    /// A rule of a load balancer's listener.
    ListenerRule,
    /// A record set of Route 53.
    RecordSet,
    /// A stack of `CloudFormation`: it removes what it owns.
    Stack,
    /// A service of ECS.
    Service,
    /// A task of ECS that no service keeps running.
    Task,
    /// An EC2 instance.
    Instance,
    /// A replication group of `ElastiCache`.
    ReplicationGroup,
    /// A cluster of `ElastiCache` that belongs to no replication group.
    CacheCluster,
    /// A serverless cache of `ElastiCache`.
    ServerlessCache,
    /// A cluster of ECS.
    Cluster,
    /// A target group.
    TargetGroup,
    /// A service of Cloud Map.
    DiscoveryService,
    /// A deployment group of `CodeDeploy`.
    DeploymentGroup,
    /// A parameter group of `ElastiCache`.
    CacheParameterGroup,
    /// A subnet group of `ElastiCache`.
    CacheSubnetGroup,
    /// A security group.
    SecurityGroup,
    /// A log group.
    LogGroup,
    /// A parameter of Systems Manager.
    Parameter,
    /// A secret of Secrets Manager.
    Secret,
    /// A tag of an image in ECR.
    Image,
    /// A revision of a task definition.
    TaskDefinition,
}

/// What is done first, and what last: an app falls silent before it is taken apart, gets no visitors any
/// more, stops to cost money, and only then loses its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// What would raise an alarm, or start again what is stopped.
    Silence,
    /// What sends visitors to it.
    Unroute,
    /// What is paid by the hour.
    Spending,
    /// What holds the others together.
    Shape,
    /// What it leaves behind.
    Leftovers,
    /// Revisions of task definitions: many, and AWS allows one a second.
    TaskDefinitions,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Silence,
        Self::Unroute,
        Self::Spending,
        Self::Shape,
        Self::Leftovers,
        Self::TaskDefinitions,
    ];
}

impl Kind {
    /// All of them, in the order in which they go.
    pub const ALL: [Self; 26] = [
        Self::Alarm,
        Self::Schedule,
        Self::EventRule,
        Self::ScalableTarget,
        Self::Deployment,
        Self::ListenerRule,
        Self::RecordSet,
        Self::Stack,
        Self::Service,
        Self::Task,
        Self::Instance,
        Self::ReplicationGroup,
        Self::CacheCluster,
        Self::ServerlessCache,
        Self::Cluster,
        Self::TargetGroup,
        Self::DiscoveryService,
        Self::DeploymentGroup,
        Self::CacheParameterGroup,
        Self::CacheSubnetGroup,
        Self::SecurityGroup,
        Self::LogGroup,
        Self::Parameter,
        Self::Secret,
        Self::Image,
        Self::TaskDefinition,
    ];

    /// When it goes.
    pub fn phase(self) -> Phase {
        match self {
            Self::Alarm
            | Self::Schedule
            | Self::EventRule
            | Self::ScalableTarget
            | Self::Deployment => Phase::Silence,
            Self::ListenerRule | Self::RecordSet => Phase::Unroute,
            Self::Stack
            | Self::Service
            | Self::Task
            | Self::Instance
            | Self::ReplicationGroup
            | Self::CacheCluster
            | Self::ServerlessCache => Phase::Spending,
            Self::Cluster
            | Self::TargetGroup
            | Self::DiscoveryService
            | Self::DeploymentGroup
            | Self::CacheParameterGroup
            | Self::CacheSubnetGroup
            | Self::SecurityGroup => Phase::Shape,
            Self::LogGroup | Self::Parameter | Self::Secret | Self::Image => Phase::Leftovers,
            Self::TaskDefinition => Phase::TaskDefinitions,
        }
    }

    /// How many one request removes.
    pub fn batch(self) -> usize {
        match self {
            Self::Alarm | Self::Image => 100,
            Self::Parameter | Self::TaskDefinition => 10,
            // One protected instance keeps all others of its zone, and fails the call.
            _ => 1,
        }
    }

    /// The word for it in settings and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Schedule => "schedule",
            Self::EventRule => "event-rule",
            Self::ScalableTarget => "scalable-target",
            Self::Deployment => "deployment",
            Self::ListenerRule => "listener-rule",
            Self::RecordSet => "record-set",
            Self::Stack => "stack",
            Self::Service => "service",
            Self::Task => "task",
            Self::Instance => "instance",
            Self::ReplicationGroup => "replication-group",
            Self::CacheCluster => "cache-cluster",
            Self::ServerlessCache => "serverless-cache",
            Self::Cluster => "cluster",
            Self::TargetGroup => "target-group",
            Self::DiscoveryService => "discovery-service",
            Self::DeploymentGroup => "deployment-group",
            Self::CacheParameterGroup => "cache-parameter-group",
            Self::CacheSubnetGroup => "cache-subnet-group",
            Self::SecurityGroup => "security-group",
            Self::LogGroup => "log-group",
            Self::Parameter => "parameter",
            Self::Secret => "secret",
            Self::Image => "image",
            Self::TaskDefinition => "task-definition",
        }
    }

    /// The kind that a word means.
    pub fn called(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word().replace('-', " "))
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silence => "silence",
            Self::Unroute => "unroute",
            Self::Spending => "spending",
            Self::Shape => "shape",
            Self::Leftovers => "leftovers",
            Self::TaskDefinitions => "task definitions",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_the_order_in_which_they_go() {
        assert!(Kind::ALL.is_sorted());
        assert!(Kind::ALL.is_sorted_by_key(|it| it.phase()));
        assert!(Phase::ALL.is_sorted());
        for kind in Kind::ALL {
            assert_eq!(Kind::called(kind.word()), Some(kind));
        }
    }
}
