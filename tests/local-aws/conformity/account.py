"""The account under test: its clients, every raw answer it gave, and what tasks and functions run."""

import collections
import contextlib
import functools
import http.server
import json
import pathlib
import tempfile
import threading
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import models
from .operations import OPERATIONS

REGION = "eu-west-2"
ACCOUNT = "123456789012"
# Only what the client would check by itself is switched off: the service has to refuse it.
_CONFIG = Config(
    parameter_validation=False,
    retries={"max_attempts": 0},
    connect_timeout=5,
    read_timeout=15,
    s3={"addressing_style": "path"},
)


class Refused(AssertionError):
    """An answer that was expected and did not come."""


class Account:
    """An endpoint, seen through boto3."""

    def __init__(self, endpoint, patience):
        self.endpoint = endpoint.rstrip("/")
        self.patience = patience
        # Per operation: what is wrong with its answers, and how often it succeeded and refused.
        self.faults = collections.defaultdict(list)
        self.answered = collections.Counter()
        self.refused = collections.Counter()
        self.functions = Functions()
        self._clients = {}
        self._count = 0
        # Names differ between two runs against one endpoint.
        self._run = f"{time.time_ns() // 1_000_000 % 0xFFFFFFFF:08x}"

    def client(self, service):
        """The client of a service, whose raw answers are all looked at."""
        if service not in self._clients:
            client = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="AKIALOCAL00000000000",
                aws_secret_access_key="local",
                config=_CONFIG,
            )
            if service in OPERATIONS:
                client.meta.events.register("before-parse", self._look_at)
            self._clients[service] = client
        return self._clients[service]

    def __getattr__(self, name):
        service = {
            "lambda_": "lambda",
            "secrets": "secretsmanager",
            "autoscaling": "application-autoscaling",
            "tagging": "resourcegroupstaggingapi",
        }.get(name, name)
        if service in OPERATIONS:
            return self.client(service)
        raise AttributeError(name)

    def _look_at(self, operation_model, response_dict, **_):
        operation = operation_model
        name = f"{operation.service_model.service_name} {operation.name}"
        status, body = response_dict["status_code"], response_dict["body"]
        headers = {key.lower(): value for key, value in response_dict["headers"].items()}
        if operation.has_streaming_output:
            body = b"" if status < 300 else body  # a stream has no shape
        (self.answered if status < 300 else self.refused)[name] += 1
        for fault in models.findings(operation, status, headers, body):
            if fault not in self.faults[name]:
                self.faults[name].append(fault)

    def name(self, what):
        """A name nobody else uses."""
        self._count += 1
        return f"{what}-{self._run}-{self._count}"

    def wait(self, what, look):
        """Asks until `look` gives something, or the endpoint's time is up."""
        end = time.monotonic() + self.patience
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > end:
                raise Refused(f"waited {self.patience} s in vain for {what}")
            time.sleep(0.05)

    # --- Beside AWS's protocols: what local-aws is told through `/_local/` ---

    def _local(self, place, body):
        request = urllib.request.Request(
            f"{self.endpoint}/_local/{place}", json.dumps(body).encode(), method="POST"
        )
        # Another emulator has no such place, and runs tasks and functions in its own way or not.
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(request, timeout=5).close()

    def image(self):
        """An image whose containers run their command as a process."""
        name = f"registry.local/{self.name('app')}:1"
        folder = pathlib.Path(self.functions.scratch.name) / name.replace("/", "_")
        folder.mkdir()
        self._local("images", {"name": name, "folder": str(folder)})
        return name

    def function(self, name, handler=lambda event: None):
        """A function that runs `handler` here; the list of the events it got."""
        events = self.functions.add(name, handler)
        self._local("functions", {"name": name, "url": self.functions.url(name)})
        return events

    @functools.cached_property
    def network(self):
        """A network for tasks: the default one, if the double has a network at all."""
        subnet, group = "subnet-0a1b2c3d", "sg-0a1b2c3d"
        with contextlib.suppress(ClientError, BotoCoreError):
            ec2 = self.client("ec2")
            subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
            group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        return {
            "awsvpcConfiguration": {
                "subnets": [subnet],
                "securityGroups": [group],
                "assignPublicIp": "DISABLED",
            }
        }

    @functools.cached_property
    def vpc(self):
        """The network that the default security group is in."""
        filters = [{"Name": "group-name", "Values": ["default"]}]
        return self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["VpcId"]

    @functools.cached_property
    def subnets(self):
        """Two subnets: those of the double, if it knows subnets."""
        with contextlib.suppress(ClientError, BotoCoreError):
            return [it["SubnetId"] for it in self.ec2.describe_subnets()["Subnets"][:2]]
        return ["subnet-0a1b2c3d", "subnet-0e4f5a6b"]

    @functools.cached_property
    def machine_image(self):
        """An image for instances: one of the double, if it knows images."""
        with contextlib.suppress(ClientError, BotoCoreError):
            images = self.ec2.describe_images()["Images"]
            return next(it["ImageId"] for it in images if "Platform" not in it)
        return "ami-0a1b2c3d"

    @functools.cached_property
    def function_role(self):
        """A role for functions, created if the double knows roles."""
        name = self.name("role")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        with contextlib.suppress(ClientError, BotoCoreError):
            self.client("iam").create_role(
                RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
            )
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def function_arn(self, name):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


class Functions:
    """Functions, served as `cargo lambda watch` would serve them."""

    def __init__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="conform-")
        self._handlers = {}
        functions = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers.get("content-length", 0))
                event = json.loads(self.rfile.read(size) or b"null")
                name = self.path.rsplit("/", 1)[-1]
                events, handler = functions._handlers[name]
                events.append(event)
                try:
                    status, answer = 200, handler(event)
                except Exception as error:  # a function error, as the runtime reports it
                    status = 500
                    answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def add(self, name, handler):
        events = []
        self._handlers[name] = (events, handler)
        return events

    def url(self, name):
        return f"http://127.0.0.1:{self._server.server_port}/{name}"


# --- What a check says ---


def expect(truth, message):
    """Like `assert`, but with `-O` as well."""
    if not truth:
        raise Refused(message)


def equal(seen, expected, what="the answer"):
    """Expects one value."""
    expect(seen == expected, f"{what} is {seen!r:.200}, expected {expected!r:.200}")


def refuses(code, call, *, says=""):
    """Expects the error `code`; gives back its members.

    `A|B` where AWS's documentation leaves open which of two modelled codes it is.
    """
    try:
        answer = call()
    except ClientError as error:
        seen = error.response["Error"]["Code"]
        message = error.response["Error"].get("Message", "")
        expect(seen in code.split("|"), f"refused with {seen} ({message:.120}), expected {code}")
        expect(says in message, f"says {message!r:.160}, expected to read {says!r}")
        return error.response
    answer.pop("ResponseMetadata", None)
    raise Refused(f"accepted ({answer!r:.120}), expected {code}")


def pages(call, items, token="nextToken", **arguments):
    """All pages of a listing, each as a list."""
    found, seen = [], None
    while True:
        page = call(**arguments, **({token: seen} if seen else {}))
        found.append(page[items])
        seen = page.get(token if token[0].islower() else token) or page.get(f"N{token[1:]}")
        if not seen:
            return found
        expect(len(found) < 100, "the listing never ends")


CHECKS = []


def check(sentence):
    """Registers a check under the sentence it proves."""

    def register(function):
        CHECKS.append((sentence, function))
        return function

    return register
