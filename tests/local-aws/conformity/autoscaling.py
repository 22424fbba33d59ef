"""Application Auto Scaling: scalable targets, policies and scheduled actions."""

from .account import check, equal, pages, refuses

_INVALID = "ValidationException"
_GONE = "ObjectNotFoundException"
_NAMESPACE = {"ServiceNamespace": "dynamodb"}


def target(resource):
    dimension = "dynamodb:table:ReadCapacityUnits"
    return {**_NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension}


def registered(it, **more):
    """A table's scalable target, and its ARN."""
    key = target(f"table/{it.name('table')}")
    asked = {**key, "MinCapacity": 1, "MaxCapacity": 4, **more}
    return key, it.autoscaling.register_scalable_target(**asked)["ScalableTargetARN"]


def policy(it, key, name="half"):
    configuration = {
        "TargetValue": 50.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "DynamoDBReadCapacityUtilization"
        },
    }
    return it.autoscaling.put_scaling_policy(
        **key,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )


def action(it, key, name="night", **more):
    asked = {
        "Schedule": "cron(0 22 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 0},
        **more,
    }
    return it.autoscaling.put_scheduled_action(**key, ScheduledActionName=name, **asked)


def seen(it, key):
    """How many targets, policies and scheduled actions there are of a resource."""
    client, one = it.autoscaling, {**_NAMESPACE, "ResourceId": key["ResourceId"]}
    targets = client.describe_scalable_targets(**_NAMESPACE, ResourceIds=[key["ResourceId"]])
    policies = client.describe_scaling_policies(**one)["ScalingPolicies"]
    actions = client.describe_scheduled_actions(**one)["ScheduledActions"]
    return len(targets["ScalableTargets"]), len(policies), len(actions)


@check("RegisterScalableTarget makes a target, and changes one that is there")
def _(it):
    key, arn = registered(it)
    again = it.autoscaling.register_scalable_target(**key, MaxCapacity=9)
    equal(again["ScalableTargetARN"], arn, "the ARN")
    answer = it.autoscaling.describe_scalable_targets(
        **_NAMESPACE, ResourceIds=[key["ResourceId"]]
    )
    (one,) = answer["ScalableTargets"]
    equal((one["MinCapacity"], one["MaxCapacity"]), (1, 9), "the capacities")


@check("RegisterScalableTarget needs capacities, and a service that is there")
def _(it):
    register = it.autoscaling.register_scalable_target
    key = target("table/nothing")
    refuses(_INVALID, lambda: register(**key))
    refuses(_INVALID, lambda: register(**key, MinCapacity=2, MaxCapacity=1))
    service = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/nothing/nothing",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    refuses(_INVALID, lambda: register(**service, MinCapacity=1, MaxCapacity=2))


@check("DescribeScalableTargets comes in pages")
def _(it):
    resources = [registered(it)[0]["ResourceId"] for _ in range(3)]
    describe = it.autoscaling.describe_scalable_targets
    asked = {**_NAMESPACE, "ResourceIds": resources, "MaxResults": 2}
    found = pages(describe, "ScalableTargets", "NextToken", **asked)
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")


@check("Listings of Application Auto Scaling refuse tokens they did not give, and many names")
def _(it):
    client, many = it.autoscaling, [f"table/{n}" for n in range(51)]
    wrong = {**_NAMESPACE, "NextToken": "none"}
    for listing in (
        client.describe_scalable_targets,
        client.describe_scaling_policies,
        client.describe_scheduled_actions,
    ):
        refuses("InvalidNextTokenException", lambda call=listing: call(**wrong))
    refuses(_INVALID, lambda: client.describe_scalable_targets(**_NAMESPACE, ResourceIds=many))


@check("DeregisterScalableTarget takes policies and scheduled actions along, and is refused then")
def _(it):
    key, _arn = registered(it)
    policy(it, key)
    action(it, key)
    equal(seen(it, key), (1, 1, 1), "what there is")
    it.autoscaling.deregister_scalable_target(**key)
    equal(seen(it, key), (0, 0, 0), "what is left")
    refuses(_GONE, lambda: it.autoscaling.deregister_scalable_target(**key))


@check("Policies and scheduled actions need a scalable target")
def _(it):
    key = target("table/nothing")
    refuses(_GONE, lambda: policy(it, key))
    refuses(_GONE, lambda: action(it, key))


@check("PutScheduledAction refuses what is no schedule")
def _(it):
    key, _arn = registered(it)
    refuses(_INVALID, lambda: action(it, key, Schedule="daily"))


@check("Policies and scheduled actions are deleted once")
def _(it):
    client, (key, _arn) = it.autoscaling, registered(it)
    policy(it, key)
    action(it, key)
    client.delete_scaling_policy(**key, PolicyName="half")
    client.delete_scheduled_action(**key, ScheduledActionName="night")
    equal(seen(it, key), (1, 0, 0), "what is left")
    refuses(_GONE, lambda: client.delete_scaling_policy(**key, PolicyName="half"))
    refuses(_GONE, lambda: client.delete_scheduled_action(**key, ScheduledActionName="night"))


@check("A scalable target's tags are added, listed and removed")
def _(it):
    client, (_key, arn) = it.autoscaling, registered(it, Tags={"team": "pay"})
    client.tag_resource(ResourceARN=arn, Tags={"pr": "1"})
    client.untag_resource(ResourceARN=arn, TagKeys=["team"])
    equal(client.list_tags_for_resource(ResourceARN=arn)["Tags"], {"pr": "1"}, "the tags")


@check("Tags of scalable targets that are not there are refused")
def _(it):
    client, gone = it.autoscaling, "ResourceNotFoundException"
    arn = registered(it)[1] + "0"
    refuses(gone, lambda: client.list_tags_for_resource(ResourceARN=arn))
    refuses(gone, lambda: client.tag_resource(ResourceARN=arn, Tags={"pr": "1"}))
    refuses(gone, lambda: client.untag_resource(ResourceARN=arn, TagKeys=["pr"]))
