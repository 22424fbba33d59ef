"""The Resource Groups Tagging API."""

from .account import check, equal, expect, refuses

_INVALID = "InvalidParameterException"


def parameter(it, **tags):
    """A parameter's name."""
    name = it.name("parameter")
    it.ssm.put_parameter(
        Name=name,
        Value="x",
        Type="String",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    return name


def found(it, *filters, **more):
    """The names of the resources that have these tags: each filter a key and its values."""
    asked = [{"Key": key, "Values": list(values)} for key, *values in filters]
    answer = it.tagging.get_resources(TagFilters=asked, **more)
    return sorted(one["ResourceARN"].split("/")[-1] for one in answer["ResourceTagMappingList"])


@check("GetResources wants all keys, and one value of each")
def _(it):
    run = it.name("run")
    first, second = parameter(it, run=run, pr="1"), parameter(it, run=run, pr="10")
    parameter(it, pr="1")
    equal(found(it, ("run", run)), sorted([first, second]), "what has the tag")
    equal(found(it, ("run", run), ("pr", "1")), [first], "what has both tags")
    equal(found(it, ("run", run), ("pr", "1", "10")), sorted([first, second]), "alternatives")
    equal(found(it, ("RUN", run)), [], "what has the tag in capitals")


@check("GetResources finds types of resources")
def _(it):
    run = it.name("run")
    name = parameter(it, run=run)
    equal(found(it, ("run", run), ResourceTypeFilters=["ssm:parameter"]), [name], "parameters")
    equal(found(it, ("run", run), ResourceTypeFilters=["ssm"]), [name], "resources of ssm")
    equal(found(it, ("run", run), ResourceTypeFilters=["ecs:cluster"]), [], "clusters")


@check("GetResources comes in pages, the last with an empty token")
def _(it):
    run = it.name("run")
    made = sorted(parameter(it, run=run) for _ in range(3))
    asked = {"TagFilters": [{"Key": "run", "Values": [run]}], "ResourcesPerPage": 2}
    first = it.tagging.get_resources(**asked)
    expect(first["PaginationToken"], "there is no token")
    second = it.tagging.get_resources(**asked, PaginationToken=first["PaginationToken"])
    equal(second["PaginationToken"], "", "the last token")
    seen = first["ResourceTagMappingList"] + second["ResourceTagMappingList"]
    equal(sorted(one["ResourceARN"].split("/")[-1] for one in seen), made, "the resources")


@check("GetResources still lists what was deleted")
def _(it):
    run = it.name("run")
    name = parameter(it, run=run)
    equal(found(it, ("run", run)), [name], "what there is")
    it.ssm.delete_parameter(Name=name)
    equal(found(it, ("run", run)), [name], "what there was")
    it.wait("the index", lambda: not found(it, ("run", run)))


@check("GetResources refuses many values, long pages and combinations")
def _(it):
    get, run = it.tagging.get_resources, "run"
    values = [str(n) for n in range(21)]
    refuses(_INVALID, lambda: get(TagFilters=[{"Key": run, "Values": values}]))
    refuses(_INVALID, lambda: get(ResourcesPerPage=101))
    arns = ["arn:aws:s3:::a"]
    refuses(_INVALID, lambda: get(ResourceARNList=arns, ResourceTypeFilters=["s3"]))


@check("Listings of tags refuse tokens they did not give")
def _(it):
    wrong, code = {"PaginationToken": "none"}, "PaginationTokenExpiredException"
    refuses(code, lambda: it.tagging.get_resources(**wrong))
    refuses(code, lambda: it.tagging.get_tag_keys(**wrong))
    refuses(code, lambda: it.tagging.get_tag_values(Key="run", **wrong))


@check("Keys and values of tags are listed")
def _(it):
    key = it.name("key")
    parameter(it, **{key: "b"})
    parameter(it, **{key: "a"})
    token, keys = "", []
    while True:
        page = it.tagging.get_tag_keys(PaginationToken=token)
        keys, token = keys + page["TagKeys"], page["PaginationToken"]
        if not token:
            break
    expect(key in keys, f"the key is not among {keys}")
    equal(sorted(it.tagging.get_tag_values(Key=key)["TagValues"]), ["a", "b"], "the values")
