"""Checks every policy of an expanded template: misspelt actions, conditions that never apply.

CloudFormation and its linter take a condition key such as `ecs:clusterr` without a word, and the
statement then allows nothing. Usage: check_iam.py expanded.json
"""

import json
import pathlib
import re
import sys

from parliament import analyze_policy_string, enhance_finding

# Any ARN of the right shape serves, because policies are read here, not applied.
SAMPLES = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-2",
    "AWS::AccountId": "123456789012",
    "AlertSecretsPrefix": "alerts",
    "AlertsFailedQueue": "arn:aws:sqs:eu-west-2:123456789012:failed",
    "AlertsRetryQueue": "arn:aws:sqs:eu-west-2:123456789012:retry",
    "AlertsTopic": "arn:aws:sns:eu-west-2:123456789012:alerts",
    "AlertsTopicArn": "arn:aws:sns:eu-west-2:123456789012:alerts",
    "AWS::StackName": "quayside",
    "CleanUpReviewAppsFunction": "arn:aws:lambda:eu-west-2:123456789012:function:clean-up",
    "Clusters": ["live", "staging"],
    "EmailTopicArns": ["arn:aws:sns:eu-west-2:123456789012:mail"],
    "HoldParameter": "/quayside/hold",
    "HookFunctionName": "CodeDeployHook_run-migrations",
    "JobRecords": "/quayside/jobs",
    "ReviewAppsCallRole": "arn:aws:iam::123456789012:role/call",
    "ReviewAppsGitHubSecret": "review-apps/github",
    "ReviewAppsWebhookSecret": "review-apps/webhook",
    "RevisionObjectArns": ["arn:aws:s3:::releases/*"],
    "RoutesParameter": "/quayside/routes",
    "RunBackgroundTaskFunction": "arn:aws:lambda:eu-west-2:123456789012:function:jobs",
    "RunMigrationsFunction": "arn:aws:lambda:eu-west-2:123456789012:function:hook",
    "TaskLogGroupArns": ["arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/*:*"],
    "TaskRoleArns": ["arn:aws:iam::123456789012:role/task"],
    "UndeliveredQueue": "arn:aws:sqs:eu-west-2:123456789012:undelivered",
    "WaitRole": "arn:aws:iam::123456789012:role/wait",
}
# ListTasks names a container instance as its resource, of which Fargate has none. AWS's own example
# policy gives it the resource * and narrows it by the condition key ecs:cluster.
ACCEPTED = [
    ("RESOURCE_STAR", ["ecs:ListTasks"]),
    # Newer (2026) than the list of actions that the linter has.
    ("UNKNOWN_ACTION", "Unknown action ecs:ContinueServiceDeployment"),
]
# "The total aggregate policy size of all inline policies for a role can't exceed 10,240 characters";
# white space doesn't count.
LONGEST = 10_240
NOTHING = object()


def resolved(value):
    """The value CloudFormation would put in place, with the first branch of every condition."""
    if isinstance(value, list):
        return [it for it in map(resolved, value) if it is not NOTHING]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": "AWS::NoValue"}:
            return NOTHING
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return SAMPLES[name]
        case {"Fn::If": [_, branch, _]}:
            return resolved(branch)
        case {"Fn::Join": [delimiter, parts]}:
            return delimiter.join(resolved(parts))
        case {"Fn::Split": [delimiter, text]}:
            return resolved(text).split(delimiter)
        case {"Fn::Sub": str(text)}:
            return substituted(text, {})
        case {"Fn::Sub": [text, names]}:
            return substituted(text, resolved(names))
    return {key: resolved(it) for key, it in value.items()}


def substituted(text, names):
    """The text with every ${name} replaced."""
    return re.sub(r"\$\{([^}]+)\}", lambda match: (SAMPLES | names)[match[1]], text)


def findings(template):
    """One line per finding in the roles of a template."""
    lines = []
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        policies = resolved(resource["Properties"].get("Policies", []))
        length = sum(len(json.dumps(it["PolicyDocument"], separators=(",", ":"))) for it in policies)
        if length > LONGEST:
            lines.append(f"{name}: its policies have {length} characters, more than {LONGEST}")
        for policy in policies:
            document = {"Version": "2012-10-17"} | policy["PolicyDocument"]
            for finding in analyze_policy_string(json.dumps(document)).findings:
                if (finding.issue, finding.detail) in ACCEPTED:
                    continue
                finding = enhance_finding(finding)
                lines.append(f"{name}: {finding.issue}: {finding.detail} {finding.location}")
    return lines


def main(path):
    lines = findings(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
    for line in lines:
        print(line)
    print(f"{len(lines)} findings")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
