"""Systems Manager: Parameter Store."""

from . import tasks
from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses
from .ecs import containers, task_definition


def request(it, name=None, value="one", **more):
    """A PutParameter request."""
    name = name or f"/{it.name('parameter')}"
    return {"Name": name, "Value": value, "Type": "String", **more}


def put(it, *asked, **more):
    """A parameter; its name."""
    asked = request(it, *asked, **more)
    it.ssm.put_parameter(**asked)
    return asked["Name"]


def refuses_put(code, it, *asked, **more):
    refuses(code, lambda: it.ssm.put_parameter(**request(it, *asked, **more)))


def value(it, name, **more):
    return it.ssm.get_parameter(Name=name, **more)["Parameter"]["Value"]


@check("PutParameter is read back by GetParameter")
def _(it):
    name = put(it)
    seen = it.ssm.get_parameter(Name=name)["Parameter"]
    equal((seen["Name"], seen["Value"], seen["Version"]), (name, "one", 1), "the parameter")
    equal(seen["ARN"], f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}", "the ARN")
    equal((seen["Type"], seen["DataType"]), ("String", "text"), "the types")


@check("PutParameter refuses a second one of the same name, unless it overwrites")
def _(it):
    name = put(it)
    refuses_put("ParameterAlreadyExists", it, name, "two")
    answer = it.ssm.put_parameter(Name=name, Value="two", Overwrite=True)
    equal((answer["Version"], answer["Tier"]), (2, "Standard"), "the answer")
    equal(value(it, name), "two", "the value")
    equal(value(it, f"{name}:1"), "one", "the value of the first version")


@check("PutParameter refuses tags together with Overwrite")
def _(it):
    tags = [{"Key": "team", "Value": "pay"}]
    refuses_put("ValidationException", it, Overwrite=True, Tags=tags)


@check("PutParameter refuses a value too large for its tier")
def _(it):
    refuses_put("ValidationException", it, value="x" * 4097)
    put(it, value="x" * 4096)
    put(it, value="x" * 8192, Tier="Advanced")
    refuses_put("ValidationException", it, value="x" * 8193, Tier="Advanced")
    name = put(it, value="x" * 4097, Tier="Intelligent-Tiering")
    described = it.ssm.describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
    )
    equal(described["Parameters"][0]["Tier"], "Advanced", "the tier")


@check("PutParameter refuses an advanced parameter's way back to the standard tier")
def _(it):
    name = put(it, Tier="Advanced")
    refuses_put("ValidationException", it, name, Tier="Standard", Overwrite=True)


@check("PutParameter refuses names that AWS keeps for itself or cannot spell")
def _(it):
    for name in ("aws-x", "ssm-x", "/ssm/x", "/a b", "a/b", "/a/"):
        refuses_put("ValidationException", it, name)


@check("PutParameter refuses more than fifteen levels")
def _(it):
    refuses_put("HierarchyLevelLimitExceededException", it, "/a" * 16)


@check("PutParameter refuses another type and none at all")
def _(it):
    name = put(it)
    refuses_put(
        "HierarchyTypeMismatchException", it, name, Type="SecureString", Overwrite=True
    )
    refuses(
        "ValidationException",
        lambda: it.ssm.put_parameter(Name=f"/{it.name('untyped')}", Value="one"),
    )


@check("A SecureString is ciphertext unless it is decrypted")
def _(it):
    name = put(it, value="hunter2", Type="SecureString")
    expect(value(it, name) != "hunter2", "the value is told to everybody")
    equal(value(it, name, WithDecryption=True), "hunter2", "the decrypted value")


@check("GetParameter refuses an unknown parameter and an unknown version")
def _(it):
    name = put(it)
    refuses("ParameterNotFound", lambda: value(it, "/nothing/here"))
    refuses("ParameterVersionNotFound", lambda: value(it, f"{name}:7"))


@check("GetParameters tells which names are unknown")
def _(it):
    name = put(it)
    answer = it.ssm.get_parameters(Names=["/nothing/here", name])
    equal([p["Name"] for p in answer["Parameters"]], [name], "the parameters")
    equal(answer["InvalidParameters"], ["/nothing/here"], "the unknown names")
    equal(it.ssm.get_parameters(Names=[name])["InvalidParameters"], [], "no unknown names")


@check("GetParameters takes one to ten names")
def _(it):
    names = [f"/n/{n}" for n in range(11)]
    refuses("ValidationException", lambda: it.ssm.get_parameters(Names=names))
    refuses("ValidationException", lambda: it.ssm.get_parameters(Names=[]))


@check("GetParametersByPath goes one level deep, or all, in pages")
def _(it):
    root = f"/{it.name('root')}"
    names = [put(it, f"{root}/{rest}") for rest in ("a", "b", "c/d")]
    flat = it.ssm.get_parameters_by_path(Path=root)["Parameters"]
    equal([p["Name"] for p in flat], names[:2], "the names of one level")
    found = pages(
        it.ssm.get_parameters_by_path,
        "Parameters",
        token="NextToken",
        Path=root,
        Recursive=True,
        MaxResults=2,
    )
    equal([[p["Name"] for p in page] for page in found], [names[:2], names[2:]], "the pages")


@check("GetParametersByPath refuses a path without a slash, large pages and unknown filters")
def _(it):
    by_path = it.ssm.get_parameters_by_path
    refuses("ValidationException", lambda: by_path(Path="root"))
    refuses("ValidationException", lambda: by_path(Path="/", MaxResults=11))
    named = [{"Key": "Name", "Values": ["x"]}]
    refuses("InvalidFilterKey", lambda: by_path(Path="/", ParameterFilters=named))


@check("GetParameterHistory has every version, the oldest first")
def _(it):
    name = put(it)
    put(it, name, "two", Overwrite=True)
    seen = it.ssm.get_parameter_history(Name=name)["Parameters"]
    equal([(v["Version"], v["Value"]) for v in seen], [(1, "one"), (2, "two")], "the history")
    refuses("ParameterNotFound", lambda: it.ssm.get_parameter_history(Name="/nothing/here"))


@check("DescribeParameters filters by name, in pages")
def _(it):
    root = f"/{it.name('described')}"
    names = [put(it, f"{root}-{n}", Description="for a test") for n in range(3)]
    filters = [{"Key": "Name", "Option": "BeginsWith", "Values": [root]}]
    found = pages(
        it.ssm.describe_parameters,
        "Parameters",
        token="NextToken",
        ParameterFilters=filters,
        MaxResults=2,
    )
    equal([[p["Name"] for p in page] for page in found], [names[:2], names[2:]], "the pages")
    first = found[0][0]
    equal(first["Description"], "for a test", "the description")
    expect("Value" not in first, "the value is told")


@check("DescribeParameters refuses a NextToken it did not give")
def _(it):
    refuses("InvalidNextToken", lambda: it.ssm.describe_parameters(NextToken="not-a-token"))


@check("DeleteParameter and DeleteParameters remove parameters")
def _(it):
    one, two = put(it), put(it)
    it.ssm.delete_parameter(Name=one)
    refuses("ParameterNotFound", lambda: it.ssm.delete_parameter(Name=one))
    answer = it.ssm.delete_parameters(Names=[one, two])
    equal(answer["DeletedParameters"], [two], "the deleted")
    equal(answer["InvalidParameters"], [one], "the unknown")
    names = [f"/n/{n}" for n in range(11)]
    refuses("ValidationException", lambda: it.ssm.delete_parameters(Names=names))


@check("A parameter's tags are added, listed and removed")
def _(it):
    tags = [{"Key": "team", "Value": "pay"}]
    of = {"ResourceType": "Parameter", "ResourceId": put(it, Tags=tags)}
    it.ssm.add_tags_to_resource(**of, Tags=[{"Key": "app", "Value": "shop"}])
    it.ssm.remove_tags_from_resource(**of, TagKeys=["team"])
    seen = it.ssm.list_tags_for_resource(**of)["TagList"]
    equal(seen, [{"Key": "app", "Value": "shop"}], "the tags")


@check("Tags of an unknown parameter are refused")
def _(it):
    of = {"ResourceType": "Parameter", "ResourceId": "/nothing/here"}
    refuses("InvalidResourceId", lambda: it.ssm.add_tags_to_resource(**of, Tags=[]))
    refuses("InvalidResourceId", lambda: it.ssm.remove_tags_from_resource(**of, TagKeys=[]))
    refuses("InvalidResourceId", lambda: it.ssm.list_tags_for_resource(**of))


@check("A task's secrets come from Secrets Manager and from Parameter Store")
def _(it):
    secret = it.secrets.create_secret(Name=it.name("secret"), SecretString='{"url": "one"}')["ARN"]
    parameter = f"/{it.name('parameter')}"
    it.ssm.put_parameter(Name=parameter, Value="two", Type="SecureString")
    app = containers(
        it.image(),
        "sh",
        "-c",
        'test "$ONE $TWO" = "one two"',
        secrets=[
            {"name": "ONE", "valueFrom": f"{secret}:url::"},
            {"name": "TWO", "valueFrom": parameter},
        ],
    )
    role = "arn:aws:iam::123456789012:role/execution"
    definition = task_definition(it, containerDefinitions=app, executionRoleArn=role)
    asked = tasks.request(it, None, definition)
    task = tasks.stopped(it, asked["cluster"], tasks.run(it, asked))
    equal(task["containers"][0].get("exitCode"), 0, "the exit code")


@check("A task whose parameter is missing does not start")
def _(it):
    app = containers(it.image(), "true", secrets=[{"name": "A", "valueFrom": "/nothing/here"}])
    role = "arn:aws:iam::123456789012:role/execution"
    definition = task_definition(it, containerDefinitions=app, executionRoleArn=role)
    asked = tasks.request(it, None, definition)
    task = tasks.stopped(it, asked["cluster"], tasks.run(it, asked))
    equal(task["stopCode"], "TaskFailedToStart", "the stop code")
    expect("ResourceInitializationError" in task["stoppedReason"], f"{task['stoppedReason']}")
