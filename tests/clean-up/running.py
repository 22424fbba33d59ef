"""Runs of the function, and the GitHub that it is told of."""

import http.server
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.error
import urllib.request

from account import KEYS, REGION

_EVENT = pathlib.Path(__file__).parents[2] / "events/eventbridge-scheduled-event.json"
_TEMPLATES = [
    "core-review-{pr}-app",
    "core-review-{pr}-sidekiq",
    "replication-group:core-review-{pr}-app-rg",
    "log-group:/ecs/core-review-{pr}-app",
    "parameter:/core-review-{pr}-app",
    "record-set:core-review-{pr}-app.example.com",
    "image:core-review-{pr}-app",
]


# With so few seconds the function looks at everything once, and leaves the rest to the next run.
_ONE_PASS = 70


class Run:
    """What one run did."""

    def __init__(self, code, out, said):
        self.code = code
        self.said = (said + out).strip()[-3000:]
        self._out = out

    def report(self):
        """What it reported."""
        try:
            return json.loads(self._out)
        except ValueError:
            raise SystemExit(f"it ended with {self.code} and no report:\n{self.said}") from None

    def summary(self):
        """In a line, what was removed."""
        report = self.report()
        removed = ", ".join(f"{many} {kind}" for kind, many in report["removed"].items())
        return f"{report['passes']} passes: {removed or 'nothing'}"


class Function:
    """The function's binary, with its settings."""

    def __init__(self, binary, endpoint, github, topic, kinds):
        self._binary = binary
        self._settings = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            **{key.upper(): value for key, value in KEYS.items()},
            "ALERTS_TOPIC_ARN": topic,
            "ALLOWED_ACCOUNTS": f"123456789012/{REGION}",
            "GITHUB_SECRET": "review-apps/github",
            "GITHUB_URL": github,
            "GRACE_PERIOD": "0s",
            "KINDS": kinds,
            "MAX_COMMENTS": "0",
            "NAME_TEMPLATES": json.dumps(_TEMPLATES),
            "PREVIEW_TAGS": "environment=preview",
            "QUOTA_SHARE": "100",
            "REPOSITORY": "acme/web",
            "REPOSITORY_ID": "R_kgDOABC123",
        }

    def run(self, **settings):
        """One run by hand, with other settings, until there is nothing left to do."""
        command = [self._binary, "--event", str(_EVENT), "--json"]
        environment = self._environment(settings)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return Run(done.returncode, done.stdout, done.stderr)

    def invoke(self, **settings):
        """One run in Lambda, with other settings: a single pass."""
        lambda_ = _Lambda()
        environment = self._environment(settings | {"AWS_LAMBDA_RUNTIME_API": lambda_.address})
        environment |= {"AWS_LAMBDA_FUNCTION_NAME": "clean-up", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
        environment |= {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256"}
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([self._binary], env=environment, **silent)
        answered = lambda_.answered.wait(_ONE_PASS)
        process.kill()
        process.wait()
        lambda_.shutdown()
        code = 0 if answered and lambda_.path.endswith("/response") else 1
        return Run(code, lambda_.answer, "" if answered else "no answer")

    def _environment(self, settings):
        return {"PATH": os.environ["PATH"], **self._settings, **settings}


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Lambda(_Server):
    """Lambda's Runtime API, for one event."""

    def __init__(self):
        self.event, self.answer, self.path = _EVENT.read_bytes(), "", ""
        self.answered = threading.Event()
        super().__init__(_Runtime)
        self.address = f"127.0.0.1:{self.server_port}"


class _Runtime(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # Nobody asks for anything any more.
        if self.server.answered.wait(0):
            return
        self.send_response(200)
        self.send_header("lambda-runtime-aws-request-id", "1")
        self.send_header("lambda-runtime-deadline-ms", str(int((time.time() + _ONE_PASS) * 1000)))
        arn = "arn:aws:lambda:eu-west-2:123456789012:function:clean-up"
        self.send_header("lambda-runtime-invoked-function-arn", arn)
        self.send_header("content-length", str(len(self.server.event)))
        self.end_headers()
        self.wfile.write(self.server.event)

    def do_POST(self):
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.path, self.server.answer = self.path, body.decode()
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()
        self.server.answered.set()

    def log_message(self, *_):
        pass


class Relay(_Server):
    """A GitHub Enterprise Server: it has its API at the root, and asks one that is below a path."""

    def __init__(self, below):
        self.below = below
        super().__init__(_Passes)
        self.address = f"http://127.0.0.1:{self.server_port}"


class _Passes(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {key: value for key, value in self.headers.items() if key.lower() != "host"}
        address = self.server.below + self.path
        asked = urllib.request.Request(address, body or None, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(asked, timeout=10)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            said = answer.read()
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            if key.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(key, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_PATCH = do_POST

    def log_message(self, *_):
        pass
