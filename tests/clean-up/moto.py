#!/usr/bin/env python3
"""Has review apps cleaned up in an account that somebody else's emulator plays.

    python moto.py --binary target/debug/clean-up-review-apps \\
        --github http://127.0.0.1:4566 --endpoint http://127.0.0.1:5000 --gaps moto

GitHub is that of a local-aws that has none yet. Each sentence is printed with ok or FAILED; exits
with 0 only if all hold. What `gaps.py` says of an emulator is not asked of it.
"""

import argparse
import datetime
import json
import sys
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import shapes  # noqa: F401  (it registers its kinds)
from account import ACCOUNT, REGION, Account
from apps import APPS, PROTECT
from gaps import GAPS
from kinds import IMAGE, LIST, MAKE, NAMED_ONLY
from running import Function, Relay

# One resource waits for others, in so many steps at most.
MOST_RUNS = 8


class Judge:
    """An account, what was made in it, and what is said of it."""

    def __init__(self, endpoint, gaps):
        self.it = Account(endpoint, gaps.tasks)
        self.gaps = gaps
        self.failed = 0

    def say(self, sentence, wrong=()):
        """Prints a sentence; `wrong` are lines that contradict it."""
        self.failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok    '}  {sentence}", flush=True)
        for line in wrong:
            print(f"          {line}")

    def seed(self):
        """Makes each app, of every kind there is."""
        self.owners = {}
        for app in APPS:
            for word, make in MAKE.items():
                if word not in self.gaps.missing and not (app.tags and word in NAMED_ONLY):
                    self.owners[word, make(self.it, app.name, dict(app.tags))] = app
            if app.protected:
                arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/{app.name}"
                self.it.logs.tag_resource(resourceArn=arn, tags=PROTECT)
        self.before = self.settled()
        absent = [f"{word} {key}" for word, key in self.owners if (word, key) not in self.before]
        self.say(f"{len(self.owners)} resources of {len(APPS)} apps are there", absent)

    def listing(self):
        """Everything there is: (kind, key) → details."""
        words = [word for word in LIST if word not in self.gaps.missing]
        with ThreadPoolExecutor(8) as pool:
            listed = pool.map(lambda word: list(LIST[word](self.it)), words)
            return {
                (word, key): repr(details)
                for word, found in zip(words, listed, strict=True)
                for key, details in found
            }

    def settled(self):
        """The listing, when nothing changes any more."""
        before, now = None, self.listing()
        while before != now:
            time.sleep(1)
            before, now = now, self.listing()
        return now

    def goes(self, one):
        """Whether a resource has to go."""
        app, gaps = self.owners.get(one), self.gaps
        unseen = app and one[0] in (gaps.untagged if app.tags else gaps.only_tagged)
        return app is not None and app.goes and not unseen

    def unchanged(self, sentence, run, works):
        """Says that a run changed nothing, and ended as it should."""
        wrong = [] if (run.code == 0) == works else [f"it ended with {run.code}: {run.said}"]
        self.say(sentence, wrong + differences(self.before, self.listing()))


def differences(before, after):
    """What is gone, new or changed, one line each."""
    keys = sorted(before.keys() | after.keys())
    told = {key: (before.get(key, "not there"), after.get(key, "not there")) for key in keys}
    return [f"{' '.join(key)}: {a} → {b}" for key, (a, b) in told.items() if a != b]


def github(server):
    """Seeds the repository and its pull requests; a token that may read them."""

    def post(place, body):
        address = f"{server}/_local/github/{place}"
        request = urllib.request.Request(address, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")

    post("repositories", {"name": "acme/web", "nodeId": "R_kgDOABC123", "databaseId": 4711})
    hour_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    for app in APPS:
        if app.state:
            asked = {"repository": "acme/web", "number": app.number, "state": app.state}
            if app.state != "open":
                asked["closedAt"] = f"{hour_ago:%Y-%m-%dT%H:%M:%SZ}"
            post("pull-requests", asked | {"labels": list(app.labels)})
    permissions = {"pull_requests": "write"}
    return post("tokens", {"name": "clean-up", "permissions": permissions})["token"]


def local_image(endpoint):
    """In local-aws an image is a folder, and containers really run."""
    body = json.dumps({"name": IMAGE, "folder": "/tmp"}).encode()
    request = urllib.request.Request(f"{endpoint}/_local/images", body, method="POST")
    urllib.request.urlopen(request, timeout=5).close()


def stays(judge, function):
    """Runs after which everything is as it was."""
    dry = function.run(MODE="dry-run")
    judge.unchanged("a dry run changes nothing", dry, works=True)
    planned_right(judge, dry.report())
    for sentence, settings in {
        "while GitHub is down": {"GITHUB_URL": "http://127.0.0.1:9"},
        "in a repository with another id": {"REPOSITORY_ID": "R_kgDOXYZ789"},
        "without a token": {"GITHUB_SECRET": "review-apps/nothing"},
        "in an account that nobody named": {"ALLOWED_ACCOUNTS": f"210987654321/{REGION}"},
    }.items():
        run = function.run(MODE="apply", **settings)
        judge.unchanged(f"{sentence} nothing is removed, and the run fails", run, works=False)
    fuse = function.run(MODE="apply", MAX_APPS="1")
    judge.unchanged("of more apps than MAX_APPS nothing is removed", fuse, works=True)
    silent = [] if "tripped" in fuse.report() else [fuse.said]
    judge.say("a fuse that has tripped says so", silent)


def planned_right(judge, report):
    """Says that a dry run's report names what goes."""
    judge.say("a dry run has no problems", list(report["problems"]))
    going = [row for row in report["apps"].values() if row["state"] == "going"]
    planned = Counter(step["kind"] for row in going for step in row["steps"])
    late = [one for one, app in judge.owners.items() if app.looks_closed and one[0] in judge.gaps.read_late]
    wanted = Counter(word for word, key in judge.owners if judge.goes((word, key)))
    wanted.update(word for word, _ in late)
    wrong = [kind for kind in sorted(planned | wanted) if planned[kind] != wanted[kind]]
    told = [f"{kind}: {planned[kind]} planned, {wanted[kind]} expected" for kind in wrong]
    judge.say("a dry run names everything that goes, and nothing else", told)


def goes(judge, function):
    """Runs that remove what has to go, until one finds nothing; and one more."""
    runs = []
    while len(runs) < MOST_RUNS and not (runs and not runs[-1].report()["removed"]):
        runs.append(function.invoke(MODE="apply"))
        print(f"        run {len(runs)}: {runs[-1].summary()}", flush=True)
        after = judge.settled()
    remain = [one for one in after if judge.goes(one) and one[0] not in judge.gaps.for_ever]
    rows = runs[-1].report()["apps"].values()
    why = [f"{key}: {why}" for row in rows for key, why in row["left"].items() if remain]
    judge.say("everything of closed pull requests is gone", [" ".join(it) for it in remain] + why)

    def others(listing):
        app = judge.owners.get
        # What nobody sees goes with what it is in, or stays.
        unseen = {it for it in listing if app(it) and app(it).goes and not judge.goes(it)}
        return {it: listing[it] for it in listing if not judge.goes(it) and it not in unseen}

    changed = differences(others(judge.before), others(after))
    judge.say("everything else is exactly as before", changed)
    problems = {one for run in runs for one in run.report()["problems"]}
    judge.say("no run has problems", sorted(problems))
    last = function.invoke(MODE="apply")
    judge.say("a further run removes nothing", [last.said] if last.report()["removed"] else [])
    judge.say("a further run changes nothing", differences(after, judge.listing()))


def main():
    parse = argparse.ArgumentParser()
    for name in ("--binary", "--github", "--endpoint"):
        parse.add_argument(name, required=True)
    parse.add_argument("--gaps", choices=GAPS, required=True, help="which emulator it is")
    asked = parse.parse_args()
    gaps = GAPS[asked.gaps]
    judge = Judge(asked.endpoint, gaps)
    if asked.gaps == "local-aws":
        local_image(asked.endpoint)
    topic = judge.it.share()
    token = github(asked.github)
    judge.it.secrets.create_secret(Name="review-apps/github", SecretString=token)
    judge.seed()
    github_url = Relay(f"{asked.github}/_github").address
    kinds = ",".join(sorted({*MAKE, "deployment"} - gaps.missing.keys()))
    function = Function(asked.binary, asked.endpoint, github_url, topic, kinds)
    stays(judge, function)
    goes(judge, function)
    for line in gaps.told():
        print(f"        not judged: {line}")
    print(f"{judge.failed} sentences failed" if judge.failed else "all hold")
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main())
