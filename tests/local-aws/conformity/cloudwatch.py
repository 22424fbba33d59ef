"""CloudWatch: alarms."""

from .account import check, equal, expect, pages, refuses


def put(it, name=None, **more):
    """A metric alarm's name."""
    name = name or it.name("alarm")
    alarm = {
        "AlarmName": name,
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 80,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    it.cloudwatch.put_metric_alarm(**(alarm | more))
    return name


def above(it, *names):
    """A composite alarm's name."""
    name = it.name("composite")
    rule = " OR ".join(f'ALARM("{one}")' for one in names)
    it.cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule)
    return name


def one(it, name):
    (alarm,) = it.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm


@check("PutMetricAlarm makes an alarm that has no data yet")
def _(it):
    alarm = one(it, put(it, Dimensions=[{"Name": "ClusterName", "Value": "live"}]))
    equal(alarm["StateValue"], "INSUFFICIENT_DATA", "the state")
    equal((alarm["Threshold"], alarm["ActionsEnabled"]), (80.0, True), "threshold and actions")
    equal(alarm["Dimensions"], [{"Name": "ClusterName", "Value": "live"}], "the dimensions")


@check("PutMetricAlarm keeps the state of an alarm that is there, and its tags")
def _(it):
    name = put(it, Tags=[{"Key": "team", "Value": "pay"}])
    it.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    put(it, name, Threshold=90, Tags=[{"Key": "team", "Value": "other"}])
    alarm = one(it, name)
    equal((alarm["StateValue"], alarm["Threshold"]), ("ALARM", 90.0), "state and threshold")
    tags = it.cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    equal(tags, [{"Key": "team", "Value": "pay"}], "the tags")


@check("PutMetricAlarm and PutCompositeAlarm refuse what is no alarm")
def _(it):
    refuses("ValidationError", lambda: put(it, ComparisonOperator="Colour"))
    composite = it.cloudwatch.put_composite_alarm
    name = "x" * 256
    refuses("ValidationError", lambda: composite(AlarmName=name, AlarmRule="TRUE"))


@check("DescribeAlarms lists composite alarms only when asked, by prefix")
def _(it):
    name = put(it)
    parent = above(it, name)
    seen = it.cloudwatch.describe_alarms(AlarmNames=[name, parent])
    equal([a["AlarmName"] for a in seen["MetricAlarms"]], [name], "the metric alarms")
    equal(seen.get("CompositeAlarms", []), [], "the composite alarms")
    seen = it.cloudwatch.describe_alarms(AlarmNamePrefix=parent, AlarmTypes=["CompositeAlarm"])
    equal([a["AlarmName"] for a in seen["CompositeAlarms"]], [parent], "the composite alarms")


@check("DescribeAlarms comes in pages")
def _(it):
    prefix = it.name("paged")
    made = [put(it, f"{prefix}-{n}") for n in range(3)]
    found = pages(
        it.cloudwatch.describe_alarms,
        "MetricAlarms",
        "NextToken",
        AlarmNamePrefix=prefix,
        MaxRecords=2,
    )
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")
    equal([a["AlarmName"] for a in sum(found, [])], made, "the alarms")


@check("DescribeAlarms refuses a token it did not give, too many names and too long pages")
def _(it):
    describe = it.cloudwatch.describe_alarms
    refuses("InvalidNextToken", lambda: describe(NextToken="none"))
    refuses("ValidationError", lambda: describe(AlarmNames=["x"] * 101))
    refuses("ValidationError", lambda: describe(MaxRecords=101))


@check("DeleteAlarms deletes the right names among wrong ones")
def _(it):
    first, second = put(it), put(it)
    it.cloudwatch.delete_alarms(AlarmNames=["nothing", first])
    seen = it.cloudwatch.describe_alarms(AlarmNames=[first, second])["MetricAlarms"]
    equal([a["AlarmName"] for a in seen], [second], "the alarms that are left")


@check("DeleteAlarms refuses names of nothing, and more than a hundred")
def _(it):
    delete = it.cloudwatch.delete_alarms
    refuses("ResourceNotFound", lambda: delete(AlarmNames=["nothing"]))
    refuses("ValidationError", lambda: delete(AlarmNames=["x"] * 101))


@check("DeleteAlarms deletes one composite alarm at a time, and no alarm below one")
def _(it):
    name = put(it)
    parents = [above(it, name), above(it, name)]
    delete = it.cloudwatch.delete_alarms
    refuses("ValidationError", lambda: delete(AlarmNames=[name]))
    refuses("ValidationError", lambda: delete(AlarmNames=parents))
    delete(AlarmNames=parents[:1])
    delete(AlarmNames=[name, parents[1]])


@check("SetAlarmState refuses an alarm that is not there, and data that is no JSON")
def _(it):
    asked = {"StateValue": "OK", "StateReason": "test"}
    set_state = it.cloudwatch.set_alarm_state
    refuses("ResourceNotFound", lambda: set_state(AlarmName="nothing", **asked))
    name = put(it)
    refuses("InvalidFormat", lambda: set_state(AlarmName=name, StateReasonData="{", **asked))


@check("An alarm's actions are switched off and on")
def _(it):
    name = put(it)
    it.cloudwatch.disable_alarm_actions(AlarmNames=[name])
    expect(not one(it, name)["ActionsEnabled"], "the actions are enabled")
    it.cloudwatch.enable_alarm_actions(AlarmNames=[name])
    expect(one(it, name)["ActionsEnabled"], "the actions are disabled")


@check("An alarm's tags are added, listed and removed")
def _(it):
    client, arn = it.cloudwatch, one(it, put(it))["AlarmArn"]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": k, "Value": "1"} for k in "ab"])
    client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    tags = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    equal(tags, [{"Key": "b", "Value": "1"}], "the tags")


@check("Tags of alarms that are not there are refused")
def _(it):
    client, gone = it.cloudwatch, "ResourceNotFoundException"
    arn = one(it, put(it))["AlarmArn"] + "-nothing"
    refuses(gone, lambda: client.list_tags_for_resource(ResourceARN=arn))
    refuses(gone, lambda: client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": ""}]))
    refuses(gone, lambda: client.untag_resource(ResourceARN=arn, TagKeys=["a"]))
