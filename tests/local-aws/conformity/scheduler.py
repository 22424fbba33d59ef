"""EventBridge Scheduler."""

import datetime
import json

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses

ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"


def request(it, name=None, expression="rate(1 hour)", **more):
    """A schedule of a function."""
    return {
        "Name": name or it.name("schedule"),
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": it.function_arn("f"), "RoleArn": ROLE, "Input": "{}"},
        **more,
    }


@check("CreateSchedule is read back by GetSchedule")
def _(it):
    asked = request(it)
    arn = it.scheduler.create_schedule(**asked)["ScheduleArn"]
    name = asked["Name"]
    equal(arn, f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}", "the ARN")
    seen = it.scheduler.get_schedule(Name=name)
    for member, value in asked.items():
        # The service adds its default retry policy to the target.
        told = {k: seen[member].get(k) for k in value} if member == "Target" else seen[member]
        equal(told, value, member)
    equal((seen["State"], seen["GroupName"]), ("ENABLED", "default"), "state and group")


@check("CreateSchedule refuses a second one of the same name")
def _(it):
    asked = request(it)
    it.scheduler.create_schedule(**asked)
    again = request(it, asked["Name"], "rate(2 hours)")
    refuses("ConflictException", lambda: it.scheduler.create_schedule(**again))


@check("CreateSchedule refuses an expression that is none and an unknown group")
def _(it):
    for expression in ("rate(0 minutes)", "cron(* * * * *)", "at(tomorrow)", "hourly"):
        asked = request(it, None, expression)
        refuses("ValidationException", lambda asked=asked: it.scheduler.create_schedule(**asked))
    asked = request(it, GroupName="nothing")
    refuses("ResourceNotFoundException", lambda: it.scheduler.create_schedule(**asked))


@check("UpdateSchedule replaces everything it can")
def _(it):
    name = it.name("schedule")
    it.scheduler.create_schedule(**request(it, name, Description="before"))
    it.scheduler.update_schedule(**request(it, name, "cron(0 3 ? * MON-FRI *)", State="DISABLED"))
    seen = it.scheduler.get_schedule(Name=name)
    equal(seen["ScheduleExpression"], "cron(0 3 ? * MON-FRI *)", "the expression")
    equal(seen["State"], "DISABLED", "the state")
    # "UpdateSchedule uses all values, including empty values, specified in the request".
    expect(not seen.get("Description"), "the description is still there")


@check("GetSchedule, UpdateSchedule and DeleteSchedule refuse an unknown schedule")
def _(it):
    asked, code = request(it, "nothing"), "ResourceNotFoundException"
    refuses(code, lambda: it.scheduler.get_schedule(Name="nothing"))
    refuses(code, lambda: it.scheduler.update_schedule(**asked))
    refuses(code, lambda: it.scheduler.delete_schedule(Name="nothing"))


@check("DeleteSchedule removes a schedule")
def _(it):
    asked = request(it)
    it.scheduler.create_schedule(**asked)
    it.scheduler.delete_schedule(Name=asked["Name"])
    refuses("ResourceNotFoundException", lambda: it.scheduler.get_schedule(Name=asked["Name"]))


@check("ListSchedules filters by prefix, in pages")
def _(it):
    prefix = it.name("many")
    names = [f"{prefix}-{n}" for n in range(3)]
    for name in names:
        it.scheduler.create_schedule(**request(it, name))
    found = pages(
        it.scheduler.list_schedules, "Schedules", token="NextToken", NamePrefix=prefix, MaxResults=2
    )
    equal([[s["Name"] for s in page] for page in found], [names[:2], names[2:]], "the pages")
    refuses(
        "ValidationException|ResourceNotFoundException",
        lambda: it.scheduler.list_schedules(NextToken="not-a-token"),
    )


@check("A schedule invokes its function, and says when and as what")
def _(it):
    name = it.name("function")
    seen = it.function(name)
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    told = {
        "schedule": "<aws.scheduler.schedule-arn>",
        "time": "<aws.scheduler.scheduled-time>",
        "attempt": "<aws.scheduler.attempt-number>",
    }
    target = {"Arn": it.function_arn(name), "RoleArn": ROLE, "Input": json.dumps(told)}
    asked = request(it, None, f"at({soon:%Y-%m-%dT%H:%M:%S})", Target=target)
    arn = it.scheduler.create_schedule(**asked)["ScheduleArn"]
    event = it.wait("the invocation", lambda: seen and seen[0])
    equal(event["schedule"], arn, "the schedule")
    equal(event["time"][:19], f"{soon:%Y-%m-%dT%H:%M:%S}", "the time")
    equal(event["attempt"], "1", "the attempt")
