"""Every operation local-aws has, and what a walk through it must have met.

`success` alone: the service documents no refusal that a caller could provoke, or only of input
that the protocol cannot carry.
"""

_BOTH = ("success", "refusal")
_SUCCESS = ("success",)


def _all(*names, only_success=()):
    return {name: _SUCCESS if name in only_success else _BOTH for name in names}


OPERATIONS = {
    "ecs": _all(
        "CreateCluster", "DescribeClusters", "ListClusters", "DeleteCluster",
        "PutClusterCapacityProviders",
        "RegisterTaskDefinition", "DescribeTaskDefinition", "ListTaskDefinitions",
        "ListTaskDefinitionFamilies", "DeregisterTaskDefinition", "DeleteTaskDefinitions",
        "CreateService", "DescribeServices", "ListServices", "UpdateService", "DeleteService",
        "ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment",
        "ContinueServiceDeployment", "DescribeServiceRevisions",
        "CreateTaskSet", "DescribeTaskSets", "UpdateServicePrimaryTaskSet", "DeleteTaskSet",
        "RunTask", "DescribeTasks", "ListTasks", "StopTask",
        "TagResource", "UntagResource", "ListTagsForResource",
        only_success=("DescribeClusters",),
    ),
    "codedeploy": _all(
        "CreateApplication", "GetApplication", "ListApplications", "DeleteApplication",
        "CreateDeploymentGroup", "GetDeploymentGroup", "BatchGetDeploymentGroups",
        "ListDeploymentGroups",
        "UpdateDeploymentGroup", "DeleteDeploymentGroup",
        "RegisterApplicationRevision", "GetApplicationRevision",
        "CreateDeployment", "GetDeployment", "BatchGetDeployments", "ListDeployments",
        "StopDeployment", "ListDeploymentTargets", "GetDeploymentTarget",
        "BatchGetDeploymentTargets", "PutLifecycleEventHookExecutionStatus",
        "TagResource", "ListTagsForResource",
    ),
    "logs": _all(
        "CreateLogGroup", "DescribeLogGroups", "DeleteLogGroup", "PutRetentionPolicy",
        "CreateLogStream", "DescribeLogStreams", "PutLogEvents", "GetLogEvents",
        "FilterLogEvents", "TagResource", "ListTagsForResource",
    ),
    "sns": _all(
        "CreateTopic", "ListTopics", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic",
        "Publish", "PublishBatch", "Subscribe", "ListSubscriptionsByTopic", "Unsubscribe",
    ),
    "sqs": _all(
        "CreateQueue", "GetQueueUrl", "ListQueues", "GetQueueAttributes", "SetQueueAttributes",
        "DeleteQueue", "PurgeQueue", "SendMessage", "SendMessageBatch", "ReceiveMessage",
        "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
    ),
    "secretsmanager": _all(
        "CreateSecret", "GetSecretValue", "PutSecretValue", "UpdateSecret", "DescribeSecret",
        "ListSecrets", "DeleteSecret", "RestoreSecret", "ReplicateSecretToRegions",
        "RemoveRegionsFromReplication",
    ),
    "s3": _all(
        "ListBuckets", "CreateBucket", "HeadBucket", "DeleteBucket", "PutBucketVersioning",
        "GetBucketVersioning", "ListObjectsV2", "PutObject", "GetObject", "HeadObject",
        "DeleteObject",
        only_success=("ListBuckets",),
    ),
    "events": _all(
        "ListEventBuses", "PutRule", "DescribeRule", "ListRules", "EnableRule", "DisableRule", "DeleteRule",
        "PutTargets", "ListTargetsByRule", "RemoveTargets", "PutEvents", "TestEventPattern",
        "TagResource", "ListTagsForResource",
        only_success=("PutEvents", "ListEventBuses"),
    ),
    "scheduler": _all(
        "CreateSchedule", "GetSchedule", "ListSchedules", "UpdateSchedule", "DeleteSchedule",
    ),
    "ssm": _all(
        "PutParameter", "GetParameter", "GetParameters", "GetParametersByPath",
        "GetParameterHistory", "DescribeParameters", "DeleteParameter", "DeleteParameters",
        "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource",
    ),
    "codepipeline": _all("PutJobSuccessResult", "PutJobFailureResult", "GetJobDetails"),
    "lambda": _all(
        "Invoke", "CreateFunction", "GetFunction", "GetFunctionConfiguration", "ListFunctions",
        "DeleteFunction", "UpdateFunctionConfiguration", "PutFunctionEventInvokeConfig",
        "CreateEventSourceMapping", "GetEventSourceMapping", "ListEventSourceMappings",
        "UpdateEventSourceMapping", "DeleteEventSourceMapping",
    ),
    "elbv2": _all(
        "CreateLoadBalancer", "DescribeLoadBalancers", "DeleteLoadBalancer", "CreateListener",
        "DescribeListeners", "CreateRule", "DescribeRules", "ModifyRule", "DeleteRule",
        "CreateTargetGroup", "DescribeTargetGroups", "DeleteTargetGroup", "DescribeTargetHealth",
        "AddTags", "RemoveTags", "DescribeTags",
    ),
    "elasticache": _all(
        "CreateReplicationGroup", "DescribeReplicationGroups", "ModifyReplicationGroup",
        "DeleteReplicationGroup", "CreateCacheCluster", "DescribeCacheClusters",
        "DeleteCacheCluster", "CreateServerlessCache", "DescribeServerlessCaches",
        "DeleteServerlessCache", "CreateCacheParameterGroup", "DescribeCacheParameterGroups",
        "DeleteCacheParameterGroup", "CreateCacheSubnetGroup", "DescribeCacheSubnetGroups",
        "DeleteCacheSubnetGroup", "AddTagsToResource", "RemoveTagsFromResource",
        "ListTagsForResource",
    ),
    "ec2": _all(
        "RunInstances", "DescribeInstances", "TerminateInstances", "ModifyInstanceAttribute",
        "DescribeInstanceAttribute", "CreateTags", "DeleteTags", "DescribeTags",
        "CreateSecurityGroup", "DescribeSecurityGroups", "DeleteSecurityGroup",
        "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress", "DescribeNetworkInterfaces",
        "AllocateAddress", "DescribeAddresses", "ReleaseAddress",
    ),
    "route53": _all(
        "CreateHostedZone", "ListHostedZones", "GetHostedZone", "DeleteHostedZone",
        "ChangeResourceRecordSets", "ListResourceRecordSets", "ChangeTagsForResource",
        "ListTagsForResource",
    ),
    "servicediscovery": _all(
        "CreatePrivateDnsNamespace", "CreateHttpNamespace", "ListNamespaces", "GetOperation",
        "CreateService", "GetService", "ListServices", "DeleteService", "RegisterInstance",
        "DeregisterInstance", "ListInstances", "TagResource", "ListTagsForResource",
    ),
    "ecr": _all(
        "CreateRepository", "DescribeRepositories", "PutImage", "ListImages", "DescribeImages",
        "BatchGetImage", "BatchDeleteImage", "TagResource", "ListTagsForResource",
    ),
    "cloudwatch": _all(
        "PutMetricAlarm", "PutCompositeAlarm", "DescribeAlarms", "DeleteAlarms", "SetAlarmState",
        "EnableAlarmActions", "DisableAlarmActions",
        "ListTagsForResource", "TagResource", "UntagResource",
        only_success=("EnableAlarmActions", "DisableAlarmActions"),
    ),
    "application-autoscaling": _all(
        "RegisterScalableTarget", "DescribeScalableTargets", "DeregisterScalableTarget",
        "PutScalingPolicy", "DescribeScalingPolicies", "DeleteScalingPolicy",
        "PutScheduledAction", "DescribeScheduledActions", "DeleteScheduledAction",
        "ListTagsForResource", "TagResource", "UntagResource",
    ),
    "resourcegroupstaggingapi": _all("GetResources", "GetTagKeys", "GetTagValues"),
    "cloudformation": _all(
        "CreateStack", "DescribeStacks", "ListStacks", "DeleteStack",
        "UpdateTerminationProtection",
    ),
}  # fmt: skip
