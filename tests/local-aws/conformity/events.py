"""EventBridge."""

import json

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses

PATTERN = {"source": ["quayside.conform"], "detail": {"startedBy": [{"prefix": "quayside/"}]}}


def rule(it, **more):
    """A fresh rule's name."""
    name = it.name("rule")
    it.events.put_rule(Name=name, **(more or {"EventPattern": json.dumps(PATTERN)}))
    return name


@check("PutRule is read back by DescribeRule")
def _(it):
    name = rule(it)
    seen = it.events.describe_rule(Name=name)
    equal(seen["Arn"], f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}", "the ARN")
    equal(json.loads(seen["EventPattern"]), PATTERN, "the pattern")
    equal((seen["State"], seen["EventBusName"]), ("ENABLED", "default"), "state and bus")


@check("PutRule refuses a pattern that is none")
def _(it):
    for pattern in ("not json", "[]", '{"source": "aws.ecs"}', '{"source": [{"like": "x"}]}'):
        refuses(
            "InvalidEventPatternException",
            lambda pattern=pattern: it.events.put_rule(Name=it.name("r"), EventPattern=pattern),
        )


@check("PutRule refuses a schedule that is none, and a rule without any trigger")
def _(it):
    for schedule in ("rate(5 minute)", "rate(0 minutes)", "cron(* * * * *)", "every day"):
        refuses(
            "ValidationException",
            lambda schedule=schedule: it.events.put_rule(
                Name=it.name("r"), ScheduleExpression=schedule
            ),
        )
    refuses("ValidationException", lambda: it.events.put_rule(Name=it.name("r")))


@check("DescribeRule refuses an unknown rule")
def _(it):
    refuses("ResourceNotFoundException", lambda: it.events.describe_rule(Name="nothing"))


@check("ListRules filters by prefix, in pages")
def _(it):
    prefix = it.name("rules")
    names = [f"{prefix}-{n}" for n in range(3)]
    for name in names:
        it.events.put_rule(Name=name, ScheduleExpression="rate(5 minutes)")
    buses = [bus["Name"] for bus in it.events.list_event_buses()["EventBuses"]]
    expect("default" in buses, f"the buses are {buses}")
    found = pages(it.events.list_rules, "Rules", token="NextToken", NamePrefix=prefix, Limit=2)
    equal([[r["Name"] for r in page] for page in found], [names[:2], names[2:]], "the pages")


@check("ListRules refuses an unknown bus")
def _(it):
    refuses("ResourceNotFoundException", lambda: it.events.list_rules(EventBusName="no-such-bus"))


@check("EnableRule and DisableRule change the state")
def _(it):
    name = rule(it)
    it.events.disable_rule(Name=name)
    equal(it.events.describe_rule(Name=name)["State"], "DISABLED", "the state")
    it.events.enable_rule(Name=name)
    equal(it.events.describe_rule(Name=name)["State"], "ENABLED", "the state")
    refuses("ResourceNotFoundException", lambda: it.events.disable_rule(Name="nothing"))
    refuses("ResourceNotFoundException", lambda: it.events.enable_rule(Name="nothing"))


@check("PutTargets adds targets that ListTargetsByRule lists")
def _(it):
    name, target = rule(it), {"Id": "1", "Arn": it.function_arn("f"), "Input": '{"a": 1}'}
    answer = it.events.put_targets(Rule=name, Targets=[target])
    equal((answer["FailedEntryCount"], answer["FailedEntries"]), (0, []), "the failures")
    equal(it.events.list_targets_by_rule(Rule=name)["Targets"], [target], "the targets")
    answer = it.events.remove_targets(Rule=name, Ids=["1"])
    equal(answer["FailedEntryCount"], 0, "the number of failures")
    equal(it.events.list_targets_by_rule(Rule=name)["Targets"], [], "the targets at the end")


@check("PutTargets, ListTargetsByRule and RemoveTargets refuse an unknown rule")
def _(it):
    target = {"Id": "1", "Arn": it.function_arn("f")}
    code, events = "ResourceNotFoundException", it.events
    refuses(code, lambda: events.put_targets(Rule="nothing", Targets=[target]))
    refuses(code, lambda: events.list_targets_by_rule(Rule="nothing"))
    refuses(code, lambda: events.remove_targets(Rule="nothing", Ids=["1"]))


@check("DeleteRule refuses a rule with targets, and does not mind one that is gone")
def _(it):
    name = rule(it)
    it.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": it.function_arn("f")}])
    refuses("ValidationException", lambda: it.events.delete_rule(Name=name))
    it.events.remove_targets(Rule=name, Ids=["1"])
    it.events.delete_rule(Name=name)
    it.events.delete_rule(Name=name)


@check("TestEventPattern knows prefixes, suffixes, numbers, absence and anything-but")
def _(it):
    event = {
        "id": "1",
        "account": ACCOUNT,
        "source": "aws.ecs",
        "time": "2026-11-21T12:00:00Z",
        "region": REGION,
        "resources": ["arn:aws:ecs:eu-west-2:1:task/a"],
        "detail-type": "ECS Task State Change",
        "detail": {"startedBy": "quayside/migration/d-1", "code": 3, "state": "STOPPED"},
    }
    for detail, expected in (
        ({"startedBy": [{"prefix": "quayside/"}]}, True),
        ({"startedBy": [{"prefix": "ecs-svc/"}]}, False),
        ({"startedBy": [{"suffix": "d-1"}]}, True),
        ({"code": [{"numeric": [">", 0, "<=", 3]}]}, True),
        ({"code": [{"numeric": ["=", 0]}]}, False),
        ({"state": [{"anything-but": ["RUNNING"]}]}, True),
        ({"state": [{"anything-but": ["STOPPED"]}]}, False),
        ({"stopCode": [{"exists": False}]}, True),
        ({"state": ["RUNNING", "STOPPED"], "code": [4]}, False),
        ({"$or": [{"code": [4]}, {"state": ["STOPPED"]}]}, True),
        ({"state": [{"equals-ignore-case": "stopped"}]}, True),
        ({"startedBy": [{"wildcard": "quayside/*/d-1"}]}, True),
    ):
        answer = it.events.test_event_pattern(
            EventPattern=json.dumps({"detail": detail}), Event=json.dumps(event)
        )
        equal(answer["Result"], expected, f"{detail}")
    refuses(
        "InvalidEventPatternException",
        lambda: it.events.test_event_pattern(EventPattern="[]", Event=json.dumps(event)),
    )


@check("PutEvents refuses AWS's own sources, entry by entry")
def _(it):
    good = {"Source": "quayside.conform", "DetailType": "x", "Detail": "{}"}
    answer = it.events.put_events(Entries=[good, good | {"Source": "aws.ecs"}])
    equal(answer["FailedEntryCount"], 1, "the number of failures")
    expect("EventId" in answer["Entries"][0], "no EventId")
    expect("ErrorCode" in answer["Entries"][1], "no ErrorCode")


@check("An event reaches the function of a rule that matches, and no other")
def _(it):
    name = it.name("function")
    seen = it.function(name)
    here = rule(it)
    it.events.put_targets(Rule=here, Targets=[{"Id": "1", "Arn": it.function_arn(name)}])
    for started_by in ("ecs-svc/1", "quayside/migration/d-1"):
        detail = json.dumps({"startedBy": started_by})
        entry = {"Source": "quayside.conform", "DetailType": "Conform", "Detail": detail}
        it.events.put_events(Entries=[entry])
    event = it.wait("the event", lambda: seen and seen[0])
    equal(event["detail"], {"startedBy": "quayside/migration/d-1"}, "the detail")
    equal((event["source"], event["detail-type"]), ("quayside.conform", "Conform"))
    for member in ("version", "id", "account", "time", "region", "resources"):
        expect(member in event, f"{member} is missing")


@check("A stopped task's event reaches a function, with exit code and overrides")
def _(it):
    from .tasks import request, run, stopped

    name = it.name("function")
    seen = it.function(name)
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"startedBy": [it.name("conform")], "lastStatus": ["STOPPED"]},
    }
    here = rule(it, EventPattern=json.dumps(pattern))
    it.events.put_targets(Rule=here, Targets=[{"Id": "1", "Arn": it.function_arn(name)}])
    overrides = {"containerOverrides": [{"name": "app", "command": ["sh", "-c", "exit 3"]}]}
    asked = request(it, startedBy=pattern["detail"]["startedBy"][0], overrides=overrides)
    arn = run(it, asked)
    stopped(it, asked["cluster"], arn)
    event = it.wait("the event", lambda: seen and seen[0])
    equal(event["resources"], [arn], "the resources")
    detail = event["detail"]
    equal(detail["containers"][0]["exitCode"], 3, "the exit code")
    equal(detail["overrides"]["containerOverrides"][0]["command"], ["sh", "-c", "exit 3"])
    equal((detail["stopCode"], detail["taskArn"]), ("EssentialContainerExited", arn))
    expect(detail["clusterArn"].endswith(asked["cluster"]), "another cluster")
    expect(detail["stoppedAt"].endswith("Z"), f"stoppedAt is {detail['stoppedAt']}")


@check("Rules keep the tags they were made with")
def _(it):
    one, two = {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}
    name = it.name("rule")
    rate = {"Name": name, "ScheduleExpression": "rate(1 day)"}
    arn = it.events.put_rule(**rate, Tags=[one])["RuleArn"]
    it.events.put_rule(**rate, Tags=[two])
    seen = it.events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    equal(seen, [one], "the tags")
    it.events.tag_resource(ResourceARN=arn, Tags=[two])
    seen = it.events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    equal(sorted(one["Key"] for one in seen), ["a", "b"], "the keys")
    code, gone = "ResourceNotFoundException", f"{arn}-gone"
    refuses(code, lambda: it.events.list_tags_for_resource(ResourceARN=gone))
    refuses(code, lambda: it.events.tag_resource(ResourceARN=gone, Tags=[two]))
