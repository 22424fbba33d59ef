"""ECS: deployments that ECS carries out itself, their hooks and their history."""

import re

from .account import check, equal, expect, pages, refuses
from .ecs import cluster, task_definition
from .services import describe, service

FINAL = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
NOWHERE = "arn:aws:ecs:eu-west-2:123456789012:service-deployment/none/none/EZe5RNVLH6PPzHXINuP28"


def pause(*stages):
    """A hook that waits for somebody to continue the deployment."""
    return {"targetType": "PAUSE", "lifecycleStages": list(stages)}


class Native:
    """A service that ECS deploys blue/green, and a task definition to deploy next."""

    def __init__(self, it, strategy="BLUE_GREEN"):
        self.it, self.home = it, cluster(it)
        self.blue = task_definition(it, "sleep", "600")
        self.green = task_definition(it, "sleep", "601")
        self.configuration = {"strategy": strategy, "bakeTimeInMinutes": 0}
        self.web = service(
            it, self.home, definition=self.blue, deploymentConfiguration=self.configuration
        )
        self.end(self.current())

    def current(self):
        """The ARN of the service deployment that began last."""
        return describe(self.it, self.home, self.web)["currentServiceDeployment"]

    def deploy(self, *hooks):
        """Deploys the green task definition; the ARN of the service deployment."""
        answer = self.it.ecs.update_service(
            cluster=self.home,
            service=self.web,
            taskDefinition=self.green,
            deploymentConfiguration=self.configuration | {"lifecycleHooks": list(hooks)},
        )
        return answer["service"]["currentServiceDeployment"]

    def function(self, handler):
        """A hook that is a function, for one stage or more; with the events it got."""
        name = self.it.name("hook")
        events = self.it.function(name, handler)
        hook = {
            "hookTargetArn": self.it.function_arn(name),
            "roleArn": "arn:aws:iam::123456789012:role/hooks",
            "hookDetails": {"bucket": "b"},
        }
        return lambda *stages: hook | {"lifecycleStages": list(stages)}, events

    def shown(self, arn):
        answer = self.it.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return answer["serviceDeployments"][0]

    def end(self, arn):
        """The deployment once it is over."""

        def look():
            shown = self.shown(arn)
            return shown if shown["status"] in FINAL else None

        return self.it.wait("the end of the service deployment", look)

    def waiting(self, arn):
        """The hook that awaits an action."""

        def look():
            hooks = self.shown(arn).get("lifecycleHookDetails", [])
            return next((h for h in hooks if h["status"] == "AWAITING_ACTION"), None)

        return self.it.wait("a hook that awaits an action", look)

    def revisions(self, *arns):
        return self.it.ecs.describe_service_revisions(serviceRevisionArns=list(arns))

    def runs(self):
        """The task definition of the only revision."""
        current = describe(self.it, self.home, self.web)["currentServiceRevisions"]
        equal(len(current), 1, "the number of revisions")
        return self.revisions(current[0]["arn"])["serviceRevisions"][0]["taskDefinition"]


@check("CreateService makes a service revision and a service deployment")
def _(it):
    stage = Native(it, "ROLLING")
    shown = stage.shown(stage.current())
    equal(shown["status"], "SUCCESSFUL", "the status")
    expect(re.search(r":service-deployment/[^/]+/[^/]+/[\w-]{21}$", stage.current()), "the ARN")
    arn = shown["targetServiceRevision"]["arn"]
    expect(re.search(r":service-revision/[^/]+/[^/]+/\d{19}$", arn), f"the ARN is {arn}")
    answer = stage.revisions(arn, arn + "0")
    revision = answer["serviceRevisions"][0]
    equal(revision["taskDefinition"], stage.blue, "the task definition")
    equal(revision["networkConfiguration"], it.network, "the network")
    equal([i["containerName"] for i in revision["containerImages"]], ["app"], "the containers")
    expect(revision["containerImages"][0]["imageDigest"].startswith("sha256:"), "the digest")
    equal([f["reason"] for f in answer["failures"]], ["MISSING"], "the failures")


@check("DescribeServiceRevisions takes at most twenty ARNs")
def _(it):
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.describe_service_revisions(serviceRevisionArns=[f"r{n}" for n in range(21)]),
    )


@check("ListServiceDeployments comes in pages and filters by status")
def _(it):
    stage = Native(it, "ROLLING")
    for _ in range(2):
        it.ecs.update_service(cluster=stage.home, service=stage.web, forceNewDeployment=True)
        stage.end(stage.current())
    which = {"cluster": stage.home, "service": stage.web}
    found = pages(it.ecs.list_service_deployments, "serviceDeployments", maxResults=2, **which)
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")
    listed = it.ecs.list_service_deployments(status=["STOPPED"], **which)["serviceDeployments"]
    equal(listed, [], "the stopped deployments")


@check("ListServiceDeployments refuses what is not there")
def _(it):
    home = cluster(it)
    listing = it.ecs.list_service_deployments
    refuses("ServiceNotFoundException", lambda: listing(cluster=home, service="nothing"))
    refuses("ClusterNotFoundException", lambda: listing(cluster="nowhere", service="nothing"))


@check("DescribeServiceDeployments of an unknown one is 200 with failures[]")
def _(it):
    describing = it.ecs.describe_service_deployments
    answer = describing(serviceDeploymentArns=[NOWHERE])
    equal(answer["serviceDeployments"], [], "the deployments")
    equal([f["reason"] for f in answer["failures"]], ["MISSING"], "the failures")
    refuses("InvalidParameterException", lambda: describing(serviceDeploymentArns=[]))


@check("A blue/green deployment calls its function at each stage with the weights")
def _(it):
    stage = Native(it)
    hook, events = stage.function(lambda _: {"hookStatus": "SUCCEEDED"})
    arn = stage.deploy(hook("PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"))
    shown = stage.end(arn)
    equal(shown["status"], "SUCCESSFUL", "the status")
    names = [e["lifecycleStage"] for e in events]
    equal(names, ["PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"], "the stages")
    green = shown["targetServiceRevision"]["arn"]
    blue = shown["sourceServiceRevisions"][0]["arn"]
    all_green = {green: 100, blue: 0}
    told = [e["executionDetails"] for e in events]
    weights = [(d["testTrafficWeights"], d["productionTrafficWeights"]) for d in told]
    equal(weights, [({}, {}), (all_green, {}), ({}, all_green)], "the weights")
    equal({e["resourceArn"] for e in events}, {arn}, "the resource")
    equal({e["hookDetails"]["bucket"] for e in events}, {"b"}, "the details")
    equal({h["status"] for h in shown["lifecycleHookDetails"]}, {"SUCCEEDED"}, "the hooks")
    equal(stage.runs(), stage.green, "the task definition")


@check("A function in progress is called again with its details")
def _(it):
    stage = Native(it)

    def answer(event):
        if event["hookDetails"].get("task"):
            return {"hookStatus": "SUCCEEDED"}
        return {"hookStatus": "IN_PROGRESS", "callBackDelay": 0, "hookDetails": {"task": "t"}}

    hook, events = stage.function(answer)
    equal(stage.end(stage.deploy(hook("PRE_SCALE_UP")))["status"], "SUCCESSFUL", "the status")
    equal(events[1]["hookDetails"], {"bucket": "b", "task": "t"}, "the details")


@check("A function that fails or does not decide rolls the deployment back")
def _(it):
    for answer in ({"hookStatus": "FAILED"}, {}, None):
        stage = Native(it)
        hook, _ = stage.function(lambda _, answer=answer: answer)
        shown = stage.end(stage.deploy(hook("PRE_SCALE_UP")))
        equal(shown["status"], "ROLLBACK_SUCCESSFUL", "the status")
        source = shown["sourceServiceRevisions"][0]["arn"]
        equal(shown["rollback"]["serviceRevisionArn"], source, "the revision of the rollback")
        equal(stage.runs(), stage.blue, "the task definition")
        seen = describe(it, stage.home, stage.web)
        equal(seen["taskDefinition"], stage.blue, "the service's task definition")


@check("A rollback calls the function of the traffic shift again, with nothing for the target")
def _(it):
    stage = Native(it)

    def answer(event):
        last = event["lifecycleStage"].startswith("POST")
        return {"hookStatus": "FAILED" if last else "SUCCEEDED"}

    hook, events = stage.function(answer)
    shift = "PRODUCTION_TRAFFIC_SHIFT"
    shown = stage.end(stage.deploy(hook(shift, f"POST_{shift}")))
    equal([e["lifecycleStage"] for e in events], [shift, f"POST_{shift}", shift], "the stages")
    weights = events[2]["executionDetails"]["productionTrafficWeights"]
    equal(weights[shown["targetServiceRevision"]["arn"]], 0, "the target's weight")


@check("ContinueServiceDeployment continues a paused deployment, once")
def _(it):
    for strategy in ("BLUE_GREEN", "ROLLING"):
        stage = Native(it, strategy)
        arn = stage.deploy(pause("PRE_SCALE_UP"))
        hook = stage.waiting(arn)
        expect(hook["hookId"].startswith("ecs-pause-"), f"the id is {hook['hookId']}")
        equal((hook["targetType"], hook["timeoutAction"]), ("PAUSE", "ROLLBACK"), "the hook")
        go_on = {"serviceDeploymentArn": arn, "hookId": hook["hookId"]}
        answer = it.ecs.continue_service_deployment(action="CONTINUE", **go_on)
        equal(answer["serviceDeploymentArn"], arn, "the ARN")
        refuses(
            "InvalidParameterException",
            lambda go_on=go_on: it.ecs.continue_service_deployment(**go_on),
        )
        equal(stage.end(arn)["status"], "SUCCESSFUL", "the status")


@check("ContinueServiceDeployment rolls a paused deployment back")
def _(it):
    stage = Native(it)
    arn = stage.deploy(pause("POST_PRODUCTION_TRAFFIC_SHIFT"))
    hook = stage.waiting(arn)["hookId"]
    it.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action="ROLLBACK")
    equal(stage.end(arn)["status"], "ROLLBACK_SUCCESSFUL", "the status")
    equal(stage.runs(), stage.blue, "the task definition")


@check("ContinueServiceDeployment and StopServiceDeployment refuse an unknown deployment")
def _(it):
    refuses(
        "ServiceDeploymentNotFoundException",
        lambda: it.ecs.continue_service_deployment(serviceDeploymentArn=NOWHERE, hookId="h"),
    )
    refuses(
        "ServiceDeploymentNotFoundException",
        lambda: it.ecs.stop_service_deployment(serviceDeploymentArn=NOWHERE),
    )


@check("StopServiceDeployment rolls back what is under way, and nothing else")
def _(it):
    stage = Native(it)
    arn = stage.deploy(pause("PRE_SCALE_UP"))
    stage.waiting(arn)
    answer = it.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    equal(answer["serviceDeploymentArn"], arn, "the ARN")
    equal(stage.end(arn)["status"], "ROLLBACK_SUCCESSFUL", "the status")
    refuses(
        "ConflictException",
        lambda: it.ecs.stop_service_deployment(serviceDeploymentArn=arn),
    )


@check("UpdateService refuses hooks that ECS could not run")
def _(it):
    stage = Native(it)
    for wrong in (
        {"lifecycleStages": ["PRE_SCALE_UP"]},
        pause("TEST_TRAFFIC_SHIFT"),
        pause("PRODUCTION_TRAFFIC_SHIFT"),
        pause("PRE_SCALE_UP") | {"timeoutConfiguration": {"timeoutInMinutes": 20161}},
    ):
        refuses("InvalidParameterException", lambda wrong=wrong: stage.deploy(wrong))
    refuses(
        "InvalidParameterException",
        lambda: stage.deploy(*[pause("PRE_SCALE_UP") for _ in range(11)]),
    )
