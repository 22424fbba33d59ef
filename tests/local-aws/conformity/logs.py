"""CloudWatch Logs."""

import time

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses


def stream(it, *messages):
    """A fresh group with one stream and these lines, a second apart."""
    group = it.name("/conform/group")
    it.logs.create_log_group(logGroupName=group)
    it.logs.create_log_stream(logGroupName=group, logStreamName="main")
    if messages:
        start = int(time.time() * 1000) - 1000 * len(messages)
        events = [{"timestamp": start + 1000 * n, "message": m} for n, m in enumerate(messages)]
        it.logs.put_log_events(logGroupName=group, logStreamName="main", logEvents=events)
    return group


def texts(answer):
    """The lines of an answer."""
    return [event["message"] for event in answer["events"]]


@check("CreateLogGroup and CreateLogStream refuse what is there already")
def _(it):
    group = stream(it)
    refuses("ResourceAlreadyExistsException", lambda: it.logs.create_log_group(logGroupName=group))
    refuses(
        "ResourceAlreadyExistsException",
        lambda: it.logs.create_log_stream(logGroupName=group, logStreamName="main"),
    )
    refuses(
        "ResourceNotFoundException",
        lambda: it.logs.create_log_stream(logGroupName="/nowhere", logStreamName="main"),
    )


@check("CreateLogGroup refuses a name with a space")
def _(it):
    refuses("InvalidParameterException", lambda: it.logs.create_log_group(logGroupName="a b"))


@check("DescribeLogGroups filters by prefix, in pages")
def _(it):
    prefix = it.name("/conform/many")
    for n in range(3):
        it.logs.create_log_group(logGroupName=f"{prefix}/{n}")
    found = pages(it.logs.describe_log_groups, "logGroups", logGroupNamePrefix=prefix, limit=2)
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")
    names = [group["logGroupName"] for page in found for group in page]
    equal(names, [f"{prefix}/{n}" for n in range(3)], "the names")
    refuses("InvalidParameterException", lambda: it.logs.describe_log_groups(limit=51))


@check("PutRetentionPolicy sets one of CloudWatch's numbers of days")
def _(it):
    group = stream(it)
    it.logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    seen = it.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    equal(seen["retentionInDays"], 14, "the days")
    put = it.logs.put_retention_policy
    refuses("InvalidParameterException", lambda: put(logGroupName=group, retentionInDays=2))
    refuses("ResourceNotFoundException", lambda: put(logGroupName="/nowhere", retentionInDays=14))


@check("DeleteLogGroup removes a group and its streams")
def _(it):
    group = stream(it, "one")
    it.logs.delete_log_group(logGroupName=group)
    refuses("ResourceNotFoundException", lambda: it.logs.delete_log_group(logGroupName=group))
    refuses(
        "ResourceNotFoundException",
        lambda: it.logs.get_log_events(logGroupName=group, logStreamName="main"),
    )


@check("DescribeLogStreams filters by prefix, in pages")
def _(it):
    group = stream(it, "one")
    for name in ("run/a", "run/b", "run/c"):
        it.logs.create_log_stream(logGroupName=group, logStreamName=name)
    found = pages(
        it.logs.describe_log_streams,
        "logStreams",
        logGroupName=group,
        logStreamNamePrefix="run/",
        limit=2,
    )
    names = [[s["logStreamName"] for s in page] for page in found]
    equal(names, [["run/a", "run/b"], ["run/c"]], "the pages")
    refuses(
        "ResourceNotFoundException",
        lambda: it.logs.describe_log_streams(logGroupName="/nowhere"),
    )


@check("PutLogEvents refuses an unknown group and an unknown stream")
def _(it):
    group, events = stream(it), [{"timestamp": int(time.time() * 1000), "message": "x"}]
    for place in (("/nowhere", "main"), (group, "nowhere")):
        refuses(
            "ResourceNotFoundException",
            lambda place=place: it.logs.put_log_events(
                logGroupName=place[0], logStreamName=place[1], logEvents=events
            ),
        )


@check("GetLogEvents reads from the head, or the newest lines")
def _(it):
    group = stream(it, *(f"line {n}" for n in range(5)))
    get = lambda **more: it.logs.get_log_events(  # noqa: E731
        logGroupName=group, logStreamName="main", **more
    )
    equal(texts(get(startFromHead=True, limit=2)), ["line 0", "line 1"], "the first two")
    equal(texts(get(limit=2)), ["line 3", "line 4"], "the last two")


@check("GetLogEvents' forward token ends by repeating itself")
def _(it):
    group = stream(it, *(f"line {n}" for n in range(3)))
    place = {"logGroupName": group, "logStreamName": "main", "startFromHead": True, "limit": 2}
    seen, token = [], None
    for _ in range(10):
        page = it.logs.get_log_events(**place, **({"nextToken": token} if token else {}))
        seen += texts(page)
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    else:
        expect(False, "the token never repeats itself")
    equal(seen, ["line 0", "line 1", "line 2"], "the lines")


@check("GetLogEvents refuses an unknown stream")
def _(it):
    group = stream(it)
    refuses(
        "ResourceNotFoundException",
        lambda: it.logs.get_log_events(logGroupName=group, logStreamName="nowhere"),
    )


@check("FilterLogEvents finds lines with a word")
def _(it):
    group = stream(it, "started", "ERROR duplicate key", "ended")
    filtered = it.logs.filter_log_events
    equal(texts(filtered(logGroupName=group, filterPattern="ERROR")), ["ERROR duplicate key"])
    equal(len(texts(filtered(logGroupName=group))), 3, "the number of all lines")
    refuses("ResourceNotFoundException", lambda: filtered(logGroupName="/nowhere"))


@check("Log groups are tagged, by the ARN without a star")
def _(it):
    name = it.name("/conform/group")
    it.logs.create_log_group(logGroupName=name, tags={"a": "1"})
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    it.logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    seen = it.logs.list_tags_for_resource(resourceArn=arn)["tags"]
    equal(seen, {"a": "1", "b": "2"}, "the tags")
    gone = f"{arn}-gone"
    code = "ResourceNotFoundException"
    refuses(code, lambda: it.logs.list_tags_for_resource(resourceArn=gone))
    refuses(code, lambda: it.logs.tag_resource(resourceArn=gone, tags={"b": "2"}))
