"""Lambda."""

import io
import json
import zipfile

from .account import ACCOUNT, check, equal, expect, refuses


def archive():
    """A deployment package."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("bootstrap", "#!/bin/sh\nexit 1\n")
    return content.getvalue()


def created(it, **more):
    """A function that was made through the API."""
    name = it.name("function")
    return it.lambda_.create_function(
        FunctionName=name,
        Role=it.function_role,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Code={"ZipFile": archive()},
        **more,
    )


def answered(answer):
    """The payload of an invocation's answer."""
    return json.loads(answer["Payload"].read())


@check("CreateFunction is read back by GetFunction")
def _(it):
    environment = {"Variables": {"LOG_LEVEL": "info"}}
    made = created(it, Timeout=60, MemorySize=256, Environment=environment)
    name = made["FunctionName"]
    equal(made["FunctionArn"], it.function_arn(name), "the ARN")
    seen = it.lambda_.get_function(FunctionName=name)["Configuration"]
    alone = it.lambda_.get_function_configuration(FunctionName=name)
    for member in ("Runtime", "Handler", "Timeout", "MemorySize", "Environment", "CodeSha256"):
        equal(seen[member], made[member], member)
        equal(alone[member], made[member], f"{member} of GetFunctionConfiguration")


@check("CreateFunction refuses a name that is taken and a role that is none")
def _(it):
    asked = {
        "FunctionName": created(it)["FunctionName"],
        "Role": it.function_role,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Code": {"ZipFile": archive()},
    }
    refuses("ResourceConflictException", lambda: it.lambda_.create_function(**asked))
    wrong = asked | {"FunctionName": it.name("function"), "Role": "nobody"}
    refuses(
        "InvalidParameterValueException|ValidationException",
        lambda: it.lambda_.create_function(**wrong),
    )


@check("A function is found by name, qualified name and ARN")
def _(it):
    name = created(it)["FunctionName"]
    for reference in (name, f"{name}:$LATEST", it.function_arn(name), f"{ACCOUNT}:function:{name}"):
        seen = it.lambda_.get_function(FunctionName=reference)["Configuration"]
        equal(seen["FunctionName"], name, reference)


@check("Unknown functions are refused by every operation")
def _(it):
    name, code, client = "nothing", "ResourceNotFoundException", it.lambda_
    refuses(code, lambda: client.get_function(FunctionName=name))
    refuses(code, lambda: client.get_function_configuration(FunctionName=name))
    refuses(code, lambda: client.update_function_configuration(FunctionName=name, Timeout=5))
    refuses(code, lambda: client.delete_function(FunctionName=name))
    refuses(code, lambda: client.invoke(FunctionName=name))
    refuses(
        code,
        lambda: client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0),
    )


@check("ListFunctions comes in pages")
def _(it):
    made = {created(it)["FunctionName"] for _ in range(3)}
    found, marker = [], {}
    while True:
        page = it.lambda_.list_functions(MaxItems=2, **marker)
        expect(len(page["Functions"]) <= 2, "a page has more than MaxItems")
        found += [f["FunctionName"] for f in page["Functions"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    equal(len(found), len(set(found)), "the number of different names")
    expect(made <= set(found), "a function is missing")


@check("ListFunctions refuses a Marker it did not give")
def _(it):
    refuses(
        "InvalidParameterValueException", lambda: it.lambda_.list_functions(Marker="not-a-marker")
    )


@check("UpdateFunctionConfiguration changes what it is given")
def _(it):
    name = created(it, Timeout=5)["FunctionName"]
    it.lambda_.update_function_configuration(FunctionName=name, MemorySize=512)
    seen = it.lambda_.get_function_configuration(FunctionName=name)
    equal((seen["MemorySize"], seen["Timeout"]), (512, 5), "memory and timeout")


@check("DeleteFunction removes a function")
def _(it):
    name = created(it)["FunctionName"]
    it.lambda_.delete_function(FunctionName=name)
    refuses("ResourceNotFoundException", lambda: it.lambda_.get_function(FunctionName=name))


@check("PutFunctionEventInvokeConfig allows at most two retries")
def _(it):
    name, put = created(it)["FunctionName"], it.lambda_.put_function_event_invoke_config
    equal(put(FunctionName=name, MaximumRetryAttempts=1)["MaximumRetryAttempts"], 1, "retries")
    refuses(
        "InvalidParameterValueException|ValidationException",
        lambda: put(FunctionName=name, MaximumRetryAttempts=3),
    )


@check("Invoke waits for the function's answer")
def _(it):
    name = it.name("function")
    events = it.function(name, lambda event: {"sum": event["a"] + event["b"]})
    answer = it.lambda_.invoke(FunctionName=name, Payload=b'{"a": 1, "b": 2}')
    expect("FunctionError" not in answer, "there is a FunctionError")
    equal((answer["StatusCode"], answered(answer)), (200, {"sum": 3}), "status and answer")
    equal(events, [{"a": 1, "b": 2}], "the events")


@check("Invoke of a failing function is 200 with FunctionError")
def _(it):
    name = it.name("function")

    def fails(_event):
        raise ValueError("no such migration")

    it.function(name, fails)
    answer = it.lambda_.invoke(FunctionName=name, Payload=b"{}")
    equal((answer["StatusCode"], answer.get("FunctionError")), (200, "Unhandled"), "the error")
    body = answered(answer)
    equal((body["errorType"], body["errorMessage"]), ("ValueError", "no such migration"))


@check("Invoke refuses a payload that is no JSON")
def _(it):
    name = it.name("function")
    it.function(name)
    refuses(
        "InvalidRequestContentException",
        lambda: it.lambda_.invoke(FunctionName=name, Payload=b"{not json"),
    )


@check("Invoke as Event is 202 at once, and the function is retried when it fails")
def _(it):
    name = it.name("function")

    def fails_once(_event):
        if len(events) == 1:
            raise ValueError("not yet")

    events = it.function(name, fails_once)
    answer = it.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    equal(answer["StatusCode"], 202, "the status")
    it.wait("the retry", lambda: len(events) == 2)
    equal(events, [{"n": 1}, {"n": 1}], "the events")


@check("Invoke as DryRun is 204 and runs nothing")
def _(it):
    name = it.name("function")
    events = it.function(name)
    answer = it.lambda_.invoke(FunctionName=name, InvocationType="DryRun")
    equal((answer["StatusCode"], events), (204, []), "status and events")
