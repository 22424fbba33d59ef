"""CloudFormation: stacks."""

import json

from .account import check, equal, expect, refuses

_INVALID = "ValidationError"
_TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


def stack(it, **more):
    """A stack's name and id."""
    name = it.name("stack")
    asked = {"StackName": name, "TemplateBody": _TEMPLATE, **more}
    return name, it.cloudformation.create_stack(**asked)["StackId"]


def status(it, reference):
    (one,) = it.cloudformation.describe_stacks(StackName=reference)["Stacks"]
    return one["StackStatus"]


@check("CreateStack makes a stack with its tags")
def _(it):
    name, identity = stack(it, Tags=[{"Key": "team", "Value": "pay"}])
    (one,) = it.cloudformation.describe_stacks(StackName=name)["Stacks"]
    equal((one["StackId"], one["StackName"]), (identity, name), "id and name")
    equal(one["Tags"], [{"Key": "team", "Value": "pay"}], "the tags")
    seen = it.cloudformation.describe_stacks()["Stacks"]
    expect(identity in [s["StackId"] for s in seen], "the stack is not listed")


@check("CreateStack refuses a name that is taken, and a stack without a template")
def _(it):
    name, _identity = stack(it)
    create = it.cloudformation.create_stack
    refuses("AlreadyExistsException", lambda: create(StackName=name, TemplateBody=_TEMPLATE))
    refuses(_INVALID, lambda: create(StackName=it.name("stack")))
    refuses(_INVALID, lambda: create(StackName="1", TemplateBody=_TEMPLATE))
    empty = '{"Resources": {}}'
    refuses(_INVALID, lambda: create(StackName=it.name("stack"), TemplateBody=empty))


@check("DescribeStacks refuses a name of no stack")
def _(it):
    describe = it.cloudformation.describe_stacks
    says = "Stack with id nothing does not exist"
    refuses(_INVALID, lambda: describe(StackName="nothing"), says=says)


@check("Listings of stacks refuse tokens they did not give")
def _(it):
    client = it.cloudformation
    refuses(_INVALID, lambda: client.describe_stacks(NextToken="none"))
    refuses(_INVALID, lambda: client.list_stacks(NextToken="none"))


@check("DeleteStack takes its time, and is idempotent")
def _(it):
    name, identity = stack(it)
    it.cloudformation.delete_stack(StackName=name)
    equal(status(it, name), "DELETE_IN_PROGRESS", "the status")
    it.wait("the deletion", lambda: status(it, identity) == "DELETE_COMPLETE")
    refuses(_INVALID, lambda: status(it, name))
    it.cloudformation.delete_stack(StackName=name)


@check("ListStacks lists deleted stacks too, by status")
def _(it):
    (_name, kept), (name, deleted) = stack(it), stack(it)
    it.cloudformation.delete_stack(StackName=name)
    it.wait("the deletion", lambda: status(it, deleted) == "DELETE_COMPLETE")
    seen = it.cloudformation.list_stacks()["StackSummaries"]
    expect({kept, deleted} <= {s["StackId"] for s in seen}, "a stack is not listed")
    seen = it.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    ids = [s["StackId"] for s in seen]
    expect(deleted in ids and kept not in ids, "the filter does not hold")


@check("DeleteStack refuses a stack that is protected")
def _(it):
    client, (name, _identity) = it.cloudformation, stack(it, EnableTerminationProtection=True)
    refuses(_INVALID, lambda: client.delete_stack(StackName=name), says="TerminationProtection")
    client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    client.delete_stack(StackName=name)


@check("UpdateTerminationProtection refuses a name of no stack")
def _(it):
    protect = it.cloudformation.update_termination_protection
    refuses(_INVALID, lambda: protect(StackName="nothing", EnableTerminationProtection=True))
