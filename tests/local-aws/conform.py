#!/usr/bin/env python3
"""Judges an AWS double from outside.

    python conform.py --endpoint http://127.0.0.1:4566
    python conform.py --endpoint http://127.0.0.1:5000 --expect moto-differences.json

Walks every operation that local-aws has, with successes and refusals, and proves one sentence
after the other. All raw answers on the way are compared with botocore's service models. Exits
with 0 only if there is nothing to say. With `--expect FILE` the differences of another emulator
are expected: one that is not in the file is a finding, and one in the file that no longer occurs
is a finding too.
"""

import argparse
import json
import sys
import time
import traceback

from conformity import (  # noqa: F401  (each registers its checks)
    account,
    autoscaling,
    cloudformation,
    cloudwatch,
    codedeploy,
    codepipeline,
    deployments,
    ec2,
    ecr,
    ecs,
    elasticache,
    elb,
    events,
    functions,
    logs,
    native,
    route53,
    s3,
    scheduler,
    secretsmanager,
    servicediscovery,
    services,
    sns,
    sqs,
    ssm,
    tagging,
    tasks,
    teardown,
)
from conformity.operations import OPERATIONS


def run(it):
    """Every check, and what went wrong in it: sentence → None or a line of text."""
    results = {}
    for sentence, function in account.CHECKS:
        if sentence in results:
            raise SystemExit(f"two checks say: {sentence}")
        started = time.monotonic()
        try:
            function(it)
            results[sentence] = None
        except account.Refused as error:
            results[sentence] = str(error)
        except Exception as error:  # an error of the double, or of this script
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if "conformity" in f.filename] or frames
            results[sentence] = f"{type(error).__name__}: {error} (line {ours[-1].lineno})"
        if time.monotonic() - started > 5:
            print(f"  ({time.monotonic() - started:.0f} s: {sentence})", flush=True)
    for service, operations in OPERATIONS.items():
        for operation, needs in operations.items():
            name = f"{service} {operation}"
            missed = [
                word
                for word, count in (("success", it.answered), ("refusal", it.refused))
                if word in needs and not count[name]
            ]
            results[f"{name} was walked"] = f"no {' and no '.join(missed)}" if missed else None
            faults = it.faults.get(name)
            results[f"{name} answers as its model says"] = "; ".join(faults[:4]) if faults else None
    return results


def judge(results, expected):
    """The findings: what is wrong and was not expected, or was expected and is not wrong."""
    findings = {}
    for sentence, wrong in results.items():
        if wrong and sentence not in expected:
            findings[sentence] = wrong
        if not wrong and sentence in expected:
            findings[sentence] = "was expected to differ, and no longer does"
    for sentence in expected:
        if sentence not in results:
            findings[sentence] = "is expected to differ, but no check says it"
        elif not expected[sentence].get("reason") or not expected[sentence].get("does"):
            findings[sentence] = "the expected difference has no reason"
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--expect", help="a JSON file of expected differences")
    parser.add_argument("--patience", type=float, default=20, help="seconds to wait for anything")
    parser.add_argument("--only", help="print and judge only sentences that contain this text")
    parser.add_argument("--results", help="write all results to this file")
    options = parser.parse_args()

    expected = {}
    if options.expect:
        with open(options.expect, encoding="utf-8") as file:
            expected = json.load(file)
    it = account.Account(options.endpoint, options.patience)
    if options.only:
        account.CHECKS[:] = [c for c in account.CHECKS if options.only in c[0]]
    results = run(it)
    if options.expect:
        # Where another emulator differs early, the walk through it is short. That is said already.
        results = {s: wrong for s, wrong in results.items() if not s.endswith(" was walked")}
    if options.only:
        results = {sentence: results[sentence] for sentence, _ in account.CHECKS}
        expected = {s: e for s, e in expected.items() if s in results}
    if options.results:
        with open(options.results, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)

    findings = judge(results, expected)
    width = min(100, max(map(len, results)))
    for sentence, wrong in results.items():
        mark = "FINDING" if sentence in findings else "differs" if wrong else "ok"
        print(f"{mark:8}{sentence:{width}}  {'' if mark == 'ok' else (wrong or '')[:160]}".rstrip())
    print()
    for sentence, what in findings.items():
        print(f"FINDING {sentence}\n        {what}")
    answers = sum(it.answered.values()) + sum(it.refused.values())
    print(
        f"{len(results)} sentences, {answers} raw answers; "
        f"{sum(1 for wrong in results.values() if wrong and options.expect)} expected differences; "
        f"{len(findings)} findings"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
