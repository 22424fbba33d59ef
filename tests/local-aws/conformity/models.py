"""Raw answers against botocore's service models.

botocore's own parsers are tolerant: they skip members they do not know and take what they can
get. Here every member is looked at, in all four protocols.
"""

import base64
import binascii
import json
import re
import xml.etree.ElementTree as ElementTree

# AWS, "Common errors": every operation may answer with one of these.
COMMON_ERRORS = {
    "AccessDeniedException", "AuthorizationError", "IncompleteSignature", "InternalFailure",
    "InvalidClientTokenId", "SerializationException", "ServiceUnavailable", "ThrottlingException",
    "Throttling", "ValidationException", "ValidationError",
}  # fmt: skip

# S3 models almost none of its errors; these are on its page "Error responses".
S3_ERRORS = {
    "AccessDenied", "BadDigest", "BucketAlreadyExists", "BucketAlreadyOwnedByYou",
    "BucketNotEmpty", "IllegalLocationConstraintException", "IncompleteBody", "InvalidArgument",
    "InvalidBucketName", "InvalidRange", "KeyTooLongError", "MalformedXML", "MethodNotAllowed",
    "NoSuchBucket", "NoSuchKey", "NoSuchVersion", "PreconditionFailed", "SlowDown",
}  # fmt: skip

# SQS models neither of the errors that a wrong or missing parameter has.
SQS_ERRORS = {"InvalidParameterValueException", "MissingRequiredParameterException"}

# EC2 models no errors at all; these are on its page "Error codes for the Amazon EC2 API".
EC2_ERRORS = {
    "CannotDelete", "DependencyViolation", "DryRunOperation", "InternalError",
    "InvalidAllocationID.NotFound", "InvalidGroup.Duplicate", "InvalidGroup.NotFound",
    "InvalidGroupId.Malformed", "InvalidID", "InvalidInstanceID.Malformed",
    "InvalidInstanceID.NotFound", "InvalidNetworkInterfaceID.NotFound",
    "InvalidParameterCombination", "InvalidParameterValue", "InvalidPermission.Duplicate",
    "InvalidPermission.NotFound", "InvalidVpcID.NotFound", "MissingParameter",
    "OperationNotPermitted", "RequestLimitExceeded", "UnauthorizedOperation",
}  # fmt: skip

# Where AWS's own answers leave its model: a rule without targets has an empty list of them, while
# the model, made for PutTargets, wants at least one; names that are all known leave an empty list.
# A repository without images has an empty list of them too.
# Batches of SQS that succeed as a whole have no list of failures, and the other way round.
NOT_AS_MODELLED = {
    ("ListTargetsByRule", "Targets has 0 items, the model allows 1 to 100"),
    ("GetParameters", "InvalidParameters has 0 items, the model allows 1 to 10"),
    ("DeleteParameters", "InvalidParameters has 0 items, the model allows 1 to 10"),
    ("DeleteParameters", "DeletedParameters has 0 items, the model allows 1 to 10"),
    ("ListImages", "imageIds has 0 items, the model allows 1 to 100"),
    ("BatchDeleteImage", "imageIds has 0 items, the model allows 1 to 100"),
    ("SendMessageBatch", "required member Failed is missing"),
    ("SendMessageBatch", "required member Successful is missing"),
    ("DeleteMessageBatch", "required member Failed is missing"),
    ("DeleteMessageBatch", "required member Successful is missing"),
    ("ChangeMessageVisibilityBatch", "required member Failed is missing"),
    ("ChangeMessageVisibilityBatch", "required member Successful is missing"),
}


def findings(operation, status, headers, body):
    """What is wrong with one raw answer; an empty list if it is as the model says."""
    check = {
        "json": _json_answer,
        "query": _query_answer,
        "ec2": _ec2_answer,
        "rest-json": _rest_json_answer,
        "rest-xml": _rest_xml_answer,
    }[operation.service_model.resolved_protocol]
    try:
        found = check(operation, status, headers, body)
        return [it for it in found if (operation.name, it) not in NOT_AS_MODELLED]
    except (ValueError, ElementTree.ParseError) as error:
        return [f"status {status}, unreadable body: {error}: {body[:120]!r}"]


def error_code(operation, headers, body):
    """The code of a raw error, or None."""
    protocol = operation.service_model.resolved_protocol
    if protocol in ("json", "rest-json"):
        header = headers.get("x-amzn-errortype")
        try:
            members = json.loads(body or b"{}")
        except ValueError:
            return None
        code = header or (members.get("__type") if isinstance(members, dict) else None)
        return code and code.split(":")[0].rsplit("#", 1)[-1]
    if not body:
        return None
    root = _without_namespaces(body)
    return root.findtext(".//Code") or root.findtext("Code")


# --- The protocols ---


def _json_answer(operation, status, headers, body):
    if status >= 300:
        return _json_error(operation, status, headers, body)
    shape = operation.output_shape
    if not body:
        return _empty(shape)
    return _json_value(shape, json.loads(body), "")


def _rest_json_answer(operation, status, headers, body):
    if status >= 300:
        return _json_error(operation, status, headers, body)
    shape = operation.output_shape
    if shape is None:
        return []
    found = _headers(shape, headers)
    payload = shape.serialization.get("payload")
    if payload:
        if shape.members[payload].type_name == "blob":
            return found
        return found + _json_value(shape.members[payload], json.loads(body), payload)
    in_body = _members_in_body(shape)
    if not body:
        required = [name for name in shape.required_members if name in in_body]
        return found + [f"required member {name} is missing" for name in required]
    return found + _json_value(shape, json.loads(body), "", in_body)


def _query_answer(operation, status, headers, body):
    if status >= 300:
        found = _modelled(operation, status, headers, body)
        root = _without_namespaces(body)
        if root.tag != "ErrorResponse" or root.find("Error") is None:
            found.append(f"<{root.tag}> instead of <ErrorResponse><Error>")
        return found
    root = _without_namespaces(body)
    if root.tag != f"{operation.name}Response":
        return [f"<{root.tag}> instead of <{operation.name}Response>"]
    found = []
    if root.findtext("ResponseMetadata/RequestId") is None:
        found.append("no <ResponseMetadata><RequestId>")
    if operation.output_shape is None:
        return found
    wrapper = operation.output_shape.serialization.get("resultWrapper")
    result = root.find(wrapper)
    if result is None:
        return found + [f"no <{wrapper}>"]
    return found + _xml_value(operation.output_shape, result, "")


def _ec2_answer(operation, status, headers, body):
    root = _without_namespaces(body)
    if status >= 300:
        found = _modelled(operation, status, headers, body)
        if root.tag != "Response" or root.find("Errors/Error") is None:
            found.append(f"<{root.tag}> instead of <Response><Errors><Error>")
        return found
    if root.tag != f"{operation.name}Response":
        return [f"<{root.tag}> instead of <{operation.name}Response>"]
    request_id = root.find("requestId")
    if request_id is None:
        return ["no <requestId>"]
    root.remove(request_id)
    if operation.output_shape is None:
        return []
    return _xml_value(operation.output_shape, root, "")


def _rest_xml_answer(operation, status, headers, body):
    if status >= 300:
        # The answer to a HEAD request has no body.
        if operation.http["method"] == "HEAD":
            return [] if not body else ["an error of a HEAD request has a body"]
        found = _modelled(operation, status, headers, body)
        root = _without_namespaces(body)
        # S3 alone does without the wrapper.
        wanted = "Error" if operation.service_model.service_name == "s3" else "ErrorResponse"
        if root.tag != wanted:
            found.append(f"<{root.tag}> instead of <{wanted}>")
        return found
    shape = operation.output_shape
    if shape is None:
        return [] if not body else [f"unexpected body {body[:80]!r}"]
    found = _headers(shape, headers)
    payload = shape.serialization.get("payload")
    if payload:
        return found
    in_body = _members_in_body(shape)
    if not in_body:
        return found if not body else found + [f"unexpected body {body[:80]!r}"]
    if not body:
        return found + [f"no body, but the output has {sorted(in_body)}"]
    return found + _xml_value(shape, _without_namespaces(body), "", in_body)


# --- Errors ---


def _modelled(operation, status, headers, body):
    code = error_code(operation, headers, body)
    if code is None:
        return [f"status {status} without an error code: {body[:120]!r}"]
    shape = _error_shape(operation, code)
    own = {"ec2": EC2_ERRORS, "s3": S3_ERRORS, "sqs": SQS_ERRORS}
    allowed = COMMON_ERRORS | own.get(operation.service_model.service_name, set())
    if shape is None and code not in allowed:
        return [f"error {code} is not modelled for this operation"]
    expected = shape is not None and shape.metadata.get("error", {}).get("httpStatusCode")
    if expected and status != expected:
        return [f"error {code} has status {status}, the model says {expected}"]
    return []


def _error_shape(operation, code):
    for shape in operation.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            return shape
    return None


def _json_error(operation, status, headers, body):
    found = _modelled(operation, status, headers, body)
    if found:
        return found
    members = json.loads(body)
    code = error_code(operation, headers, body)
    if "message" not in members and "Message" not in members:
        found.append(f"error {code} has no message")
    shape = _error_shape(operation, code)
    extra = {k: v for k, v in members.items() if k not in ("__type", "message", "Message")}
    if shape is None:
        return found + [f"error {code} has unknown member {name}" for name in extra]
    return found + _json_value(shape, extra, code, set(extra), required=False)


# --- Values ---


def _json_value(shape, value, path, names=None, required=True):
    if value is None:
        return [f"{path or 'the answer'} is null"]
    if shape is None:
        return [] if value in ({}, "") else [f"no output is modelled, got {value!r:.80}"]
    if getattr(shape, "is_document_type", False):
        return []  # any JSON
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path or 'the answer'} is no structure: {value!r:.80}"]
        known = _by_wire_name(shape, names)
        found = [f"unknown member {_join(path, name)}" for name in value if name not in known]
        for name in shape.required_members if required else ():
            wire = shape.members[name].serialization.get("name", name)
            if (names is None or name in names) and wire not in value:
                found.append(f"required member {_join(path, name)} is missing")
        for name, member in known.items():
            if name in value:
                found += _json_value(member, value[name], _join(path, name))
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path} is no list: {value!r:.80}"]
        found = _size(shape, len(value), path, "items")
        for item in value:
            found += _json_value(shape.member, item, f"{path}[]")
        return found
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{path} is no map: {value!r:.80}"]
        found = _size(shape, len(value), path, "entries")
        for key, item in value.items():
            found += _json_value(shape.key, key, f"{path}.key")
            found += _json_value(shape.value, item, f"{path}.value")
        return found
    return _json_scalar(shape, value, path)


def _json_scalar(shape, value, path):
    kind, wrong = shape.type_name, [f"{path} is no {shape.type_name}: {value!r:.80}"]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "string":
        return _text(shape, value, path) if isinstance(value, str) else wrong
    if kind in ("integer", "long"):
        whole = number and float(value).is_integer()
        return _range(shape, value, path) if whole else wrong
    if kind in ("float", "double"):
        return [] if number else wrong
    if kind == "boolean":
        return [] if isinstance(value, bool) else wrong
    if kind == "blob":
        return _blob(value, path) if isinstance(value, str) else wrong
    if kind == "timestamp":
        iso = shape.serialization.get("timestampFormat") == "iso8601"
        if iso:
            return [] if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else wrong
        # Seconds, not milliseconds: the year of this number is not past 2100.
        return [] if number and 0 <= value < 4102444800 else wrong
    return [f"{path}: unknown kind {kind}"]


def _xml_value(shape, element, path, names=None):
    kind = shape.type_name
    if kind == "structure":
        known = _by_wire_name(shape, names)
        found = [
            f"unknown element {_join(path, child.tag)}"
            for child in element
            if child.tag not in known
        ]
        for name in shape.required_members:
            wire = shape.members[name].serialization.get("name", name)
            if (names is None or name in names) and element.find(wire) is None:
                found.append(f"required element {_join(path, name)} is missing")
        for name, member in known.items():
            for child in element.findall(name):
                one = member.member if _flattened(member) else member
                found += _xml_value(one, child, _join(path, name))
        return found
    if kind == "list":
        wanted = shape.member.serialization.get("name", "member")
        found = [f"unknown element {path}.{it.tag}" for it in element if it.tag != wanted]
        for child in element.findall(wanted):
            found += _xml_value(shape.member, child, f"{path}[]")
        return found
    if kind == "map":
        found = [f"unknown element {path}.{it.tag}" for it in element if it.tag != "entry"]
        for entry in element.findall("entry"):
            tags = [it.tag for it in entry]
            if tags != ["key", "value"]:
                found.append(f"{path} has an entry of {tags}")
        return found
    return _text_scalar(shape, element.text or "", path)


def _text_scalar(shape, text, path):
    """A value that travels as text: in XML, or in a header."""
    kind, wrong = shape.type_name, [f"{path} is no {shape.type_name}: {text!r:.80}"]
    if kind == "string":
        return _text(shape, text, path)
    if kind in ("integer", "long"):
        return [] if re.fullmatch(r"-?\d+", text) else wrong
    if kind == "boolean":
        return [] if text in ("true", "false") else wrong
    if kind == "timestamp":
        iso = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text)
        http = re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", text)
        return [] if iso or http else wrong
    return []


def _text(shape, value, path):
    found = []
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        found.append(f"{path} is {value!r}, the model allows {'|'.join(enum)}")
    found += _size(shape, len(value), path, "characters")
    pattern = shape.metadata.get("pattern")
    if pattern and value:
        try:
            fits = re.fullmatch(pattern, value, re.DOTALL) or re.search(f"^(?:{pattern})$", value)
        except re.error:
            return found  # a pattern of another regular expression dialect
        if not fits:
            found.append(f"{path} is {value!r:.60}, the model's pattern is {pattern:.60}")
    return found


def _range(shape, value, path):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    below, above = low is not None and value < low, high is not None and value > high
    return [f"{path} is {value}, the model allows {low} to {high}"] if below or above else []


def _size(shape, size, path, what):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    below, above = low is not None and size < low, high is not None and size > high
    if below or above:
        return [f"{path} has {size} {what}, the model allows {low} to {high}"]
    return []


def _blob(value, path):
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        return [f"{path} is no base64: {value!r:.60}"]
    return []


def _headers(shape, headers):
    found = []
    for name, member in shape.members.items():
        if member.serialization.get("location") != "header":
            continue
        value = headers.get(member.serialization.get("name", name))
        if value is not None:
            found += _text_scalar(member, value, name)
    return found


# --- Helpers ---


def _empty(shape):
    if shape is None:
        return []
    return [f"no body, but member {name} is required" for name in shape.required_members]


def _members_in_body(shape):
    return {
        name for name, member in shape.members.items() if "location" not in member.serialization
    }


def _by_wire_name(shape, names):
    """The members by the name they have on the wire."""
    found = {}
    for name, member in shape.members.items():
        if names is not None and name not in names:
            continue
        wire = member.serialization.get("name", name)
        if _flattened(member):
            wire = member.member.serialization.get("name", wire)
        found[wire] = member
    return found


def _flattened(shape):
    return shape.type_name == "list" and shape.serialization.get("flattened", False)


def _join(path, name):
    return f"{path}.{name}" if path else name


def _without_namespaces(body):
    root = ElementTree.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    return root
