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
        "CreateDeploymentGroup", "GetDeploymentGroup", "ListDeploymentGroups",
        "UpdateDeploymentGroup", "DeleteDeploymentGroup",
        "RegisterApplicationRevision", "GetApplicationRevision",
        "CreateDeployment", "GetDeployment", "BatchGetDeployments", "ListDeployments",
        "StopDeployment", "ListDeploymentTargets", "GetDeploymentTarget",
        "BatchGetDeploymentTargets", "PutLifecycleEventHookExecutionStatus",
    ),
    "logs": _all(
        "CreateLogGroup", "DescribeLogGroups", "DeleteLogGroup", "PutRetentionPolicy",
        "CreateLogStream", "DescribeLogStreams", "PutLogEvents", "GetLogEvents",
        "FilterLogEvents",
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
        "ListSecrets", "DeleteSecret", "RestoreSecret",
    ),
    "s3": _all(
        "ListBuckets", "CreateBucket", "HeadBucket", "DeleteBucket", "PutBucketVersioning",
        "GetBucketVersioning", "ListObjectsV2", "PutObject", "GetObject", "HeadObject",
        "DeleteObject",
        only_success=("ListBuckets",),
    ),
    "events": _all(
        "PutRule", "DescribeRule", "ListRules", "EnableRule", "DisableRule", "DeleteRule",
        "PutTargets", "ListTargetsByRule", "RemoveTargets", "PutEvents", "TestEventPattern",
        only_success=("PutEvents",),
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
}  # fmt: skip
