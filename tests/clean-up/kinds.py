"""What a review app may consist of: how one of each kind is made, and how all are listed."""

import json

ROLE = "arn:aws:iam::123456789012:role/anything"
IMAGE = "registry.local/web:1"
DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
# Kinds that AWS gives no tags: only a name tells whose one is.
NAMED_ONLY = {"schedule", "record-set", "image"}

MAKE, LIST = {}, {}


def makes(word):
    """Registers how one of a kind is made: account, name, tags → key in the listing."""
    return lambda function: MAKE.setdefault(word, function)


def lists(word):
    """Registers how all of a kind are listed: account → pairs of key and details."""
    return lambda function: LIST.setdefault(word, function)


def upper(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def lower(tags):
    return [{"key": key, "value": value} for key, value in tags.items()]


def tagged(kind, tags):
    return [{"ResourceType": kind, "Tags": upper(tags)}] if tags else []


def every(client, operation, member, **asked):
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page[member]


# --- ECS, in the order in which things can be made ---


@makes("cluster")
def _(it, name, tags):
    it.ecs.create_cluster(clusterName=name, tags=lower(tags))
    return name


@lists("cluster")
def _(it):
    arns = list(every(it.ecs, "list_clusters", "clusterArns"))
    for one in it.ecs.describe_clusters(clusters=arns, include=["TAGS"])["clusters"]:
        if one["status"] != "INACTIVE":
            yield one["clusterName"], (one["status"], one.get("tags"))


@makes("task-definition")
def _(it, name, tags):
    container = {"name": "app", "image": IMAGE, "command": ["sleep", "600"], "memory": 256}
    it.ecs.register_task_definition(
        family=name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
        tags=lower(tags),
    )
    return f"{name}:1"


@lists("task-definition")
def _(it):
    for status in ("ACTIVE", "INACTIVE"):
        for arn in every(it.ecs, "list_task_definitions", "taskDefinitionArns", status=status):
            yield arn.rsplit("/", 1)[1], status


@makes("service")
def _(it, name, tags):
    it.ecs.create_service(
        cluster=name,
        serviceName=name,
        taskDefinition=name,
        desiredCount=it.tasks,
        launchType="FARGATE",
        networkConfiguration=it.network,
        tags=lower(tags),
    )
    return name


@lists("service")
def _(it):
    for cluster in every(it.ecs, "list_clusters", "clusterArns"):
        for arn in every(it.ecs, "list_services", "serviceArns", cluster=cluster):
            asked = {"cluster": cluster, "services": [arn], "include": ["TAGS"]}
            # moto also lists deleted ones, and those of a cluster whose name only ends like this.
            for one in it.ecs.describe_services(**asked)["services"]:
                if one["status"] == "INACTIVE":
                    continue
                yield one["serviceName"], (one["status"], one["desiredCount"], one.get("tags"))


@makes("task")
def _(it, name, tags):
    made = it.ecs.run_task(
        cluster=name,
        taskDefinition=name,
        launchType="FARGATE",
        networkConfiguration=it.network,
        startedBy="a-person",
        tags=lower(tags),
    )
    return made["tasks"][0]["taskArn"]


@lists("task")
def _(it):
    for cluster in every(it.ecs, "list_clusters", "clusterArns"):
        # Those of services come and go by themselves.
        for arn in every(it.ecs, "list_tasks", "taskArns", cluster=cluster):
            one = it.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
            if one.get("startedBy") == "a-person":
                yield arn, one["desiredStatus"]


@makes("scalable-target")
def _(it, name, tags):
    target = {**DIMENSION, "ResourceId": f"service/{name}/{name}"}
    it.autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2, Tags=tags)
    it.autoscaling.put_scheduled_action(
        **target,
        ScheduledActionName="night",
        Schedule="cron(0 19 * * ? *)",
        ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 0},
    )
    return name


@lists("scalable-target")
def _(it):
    of_ecs = {"ServiceNamespace": "ecs"}
    pages = every(it.autoscaling, "describe_scheduled_actions", "ScheduledActions", **of_ecs)
    actions = {one["ResourceId"]: one["Schedule"] for one in pages}
    for one in every(it.autoscaling, "describe_scalable_targets", "ScalableTargets", **of_ecs):
        details = (one["MinCapacity"], one["MaxCapacity"], actions.get(one["ResourceId"]))
        yield one["ResourceId"].rsplit("/", 1)[1], details


# --- What rings, and what starts by itself ---


@makes("alarm")
def _(it, name, tags):
    it.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=80,
        ComparisonOperator="GreaterThanThreshold",
        Tags=upper(tags),
    )
    return name


@lists("alarm")
def _(it):
    for one in every(it.cloudwatch, "describe_alarms", "MetricAlarms"):
        tags = it.cloudwatch.list_tags_for_resource(ResourceARN=one["AlarmArn"])["Tags"]
        yield one["AlarmName"], (one["Threshold"], tags)


@makes("schedule")
def _(it, name, _):
    it.scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:lambda:eu-west-2:123456789012:function:night", "RoleArn": ROLE},
    )
    return name


@lists("schedule")
def _(it):
    for one in every(it.scheduler, "list_schedules", "Schedules"):
        yield one["Name"], one["State"]


@makes("event-rule")
def _(it, name, tags):
    it.events.put_rule(Name=name, ScheduleExpression="rate(1 day)", Tags=upper(tags))
    topic = "arn:aws:sns:eu-west-2:123456789012:alerts"
    it.events.put_targets(Rule=name, Targets=[{"Id": "alerts", "Arn": topic}])
    return name


@lists("event-rule")
def _(it):
    for one in every(it.events, "list_rules", "Rules"):
        targets = it.events.list_targets_by_rule(Rule=one["Name"])["Targets"]
        yield one["Name"], (one["State"], targets)


# --- What sends visitors ---


@makes("target-group")
def _(it, name, tags):
    it.elbv2.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=80,
        VpcId=it.vpc,
        TargetType="ip",
        Tags=upper(tags) or [{"Key": "Name", "Value": name}],
    )
    return name


@lists("target-group")
def _(it):
    for one in every(it.elbv2, "describe_target_groups", "TargetGroups"):
        arn = one["TargetGroupArn"]
        tags = it.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        yield one["TargetGroupName"], (one["Port"], tags)


@makes("listener-rule")
def _(it, name, tags):
    group = it.elbv2.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
    it.priority += 1
    it.elbv2.create_rule(
        ListenerArn=it.listener,
        Priority=it.priority,
        Conditions=[{"Field": "path-pattern", "Values": [f"/{name}"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
        Tags=upper(tags) or [{"Key": "Name", "Value": name}],
    )
    return f"/{name}"


@lists("listener-rule")
def _(it):
    for one in it.elbv2.describe_rules(ListenerArn=it.listener)["Rules"]:
        key = "the default" if one["IsDefault"] else one["Conditions"][0]["Values"][0]
        yield key, (one["Priority"], one["Actions"])


@makes("record-set")
def _(it, name, _):
    record = {"Name": f"{name}.example.com", "Type": "A", "TTL": 60}
    record["ResourceRecords"] = [{"Value": "10.0.0.1"}]
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    it.route53.change_resource_record_sets(HostedZoneId=it.zone, ChangeBatch={"Changes": [change]})
    return f"{name}.example.com. A"


@lists("record-set")
def _(it):
    asked = {"HostedZoneId": it.zone}
    for one in every(it.route53, "list_resource_record_sets", "ResourceRecordSets", **asked):
        yield f"{one['Name']} {one['Type']}", one["ResourceRecords"]


# --- What else is paid by the hour ---


@makes("stack")
def _(it, name, tags):
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    it.cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Tags=upper(tags)
    )
    return name


@lists("stack")
def _(it):
    for one in every(it.cloudformation, "describe_stacks", "Stacks"):
        yield one["StackName"], (one["StackStatus"], one["Tags"])


@makes("instance")
def _(it, name, tags):
    made = it.ec2.run_instances(
        ImageId=it.machine_image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=tagged("instance", {"Name": name, **tags}),
    )
    return made["Instances"][0]["InstanceId"]


@lists("instance")
def _(it):
    for reservation in every(it.ec2, "describe_instances", "Reservations"):
        for one in reservation["Instances"]:
            state = one["State"]["Name"]
            if state != "terminated":
                yield one["InstanceId"], (state, sorted(tag["Value"] for tag in one["Tags"]))


@makes("replication-group")
def _(it, name, tags):
    it.elasticache.create_replication_group(
        ReplicationGroupId=f"{name}-rg",
        ReplicationGroupDescription="sessions",
        NumCacheClusters=1,
        Tags=upper(tags),
    )
    return f"{name}-rg"


@lists("replication-group")
def _(it):
    for one in every(it.elasticache, "describe_replication_groups", "ReplicationGroups"):
        yield one["ReplicationGroupId"], one["Status"]


@makes("cache-cluster")
def _(it, name, tags):
    it.elasticache.create_cache_cluster(
        CacheClusterId=name,
        Engine="redis",
        CacheNodeType="cache.t4g.micro",
        NumCacheNodes=1,
        Tags=upper(tags),
    )
    return name


@lists("cache-cluster")
def _(it):
    for one in every(it.elasticache, "describe_cache_clusters", "CacheClusters"):
        if "ReplicationGroupId" not in one:
            yield one["CacheClusterId"], one["CacheClusterStatus"]


@makes("serverless-cache")
def _(it, name, tags):
    it.elasticache.create_serverless_cache(
        ServerlessCacheName=name, Engine="valkey", Tags=upper(tags)
    )
    return name


@lists("serverless-cache")
def _(it):
    for one in every(it.elasticache, "describe_serverless_caches", "ServerlessCaches"):
        yield one["ServerlessCacheName"], one["Status"]
