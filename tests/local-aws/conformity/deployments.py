"""CodeDeploy: deployments, their hooks and their targets."""

import re

from .account import check, equal, expect, refuses
from .codedeploy import application, appspec, group, revision, sha256
from .ecs import cluster, task_definition
from .services import describe, service

FINAL = ("Succeeded", "Failed", "Stopped")
EVENTS = [
    "BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic",
    "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
]  # fmt: skip


class Stage:
    """A service, and everything that deploys to it."""

    def __init__(self, it, answer=None, **more):
        self.it, self.home = it, cluster(it)
        self.blue = task_definition(it, "sleep", "600")
        self.green = task_definition(it, "sleep", "601")
        self.web = service(it, self.home, "CODE_DEPLOY", self.blue)
        self.application = application(it)
        self.group = group(it, self.application, self.home, self.web, **more)
        self.hook = it.name("CodeDeployHook_conform")
        self.events = it.function(self.hook, self._answer(answer))

    def _answer(self, status):
        def handler(event):
            if status:
                put = self.it.codedeploy.put_lifecycle_event_hook_execution_status
                put(
                    deploymentId=event["DeploymentId"],
                    lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
                    status=status,
                )

        return handler

    def content(self, *hooks):
        return appspec(self.green, [(event, self.hook) for event in hooks])

    def deploy(self, *hooks, **more):
        """Creates a deployment of the green task definition; its id."""
        return self.it.codedeploy.create_deployment(
            applicationName=self.application,
            deploymentGroupName=self.group,
            **({"revision": revision(self.content(*hooks))} | more),
        )["deploymentId"]

    def info(self, deployment):
        answer = self.it.codedeploy.get_deployment(deploymentId=deployment)
        return answer["deploymentInfo"]

    def end(self, deployment):
        """The deployment once it is over."""

        def look():
            info = self.info(deployment)
            return info if info["status"] in FINAL else None

        return self.it.wait("the end of the deployment", look)

    def asked(self):
        """The first event the hook was invoked with."""
        return self.it.wait("the hook", lambda: self.events and self.events[0])

    def target(self, deployment):
        """The deployment's only target."""
        listed = self.it.codedeploy.list_deployment_targets(deploymentId=deployment)
        answer = self.it.codedeploy.batch_get_deployment_targets(
            deploymentId=deployment, targetIds=listed["targetIds"]
        )
        return answer["deploymentTargets"][0]["ecsTarget"]

    def primary(self):
        """The task definition that takes the traffic."""
        sets = describe(self.it, self.home, self.web)["taskSets"]
        return [s["taskDefinition"] for s in sets if s["status"] == "PRIMARY"][0]


@check("CreateDeployment answers with an id like d-A1B2C3D4E")
def _(it):
    deployment = Stage(it).deploy()
    expect(re.fullmatch(r"d-[0-9A-Z]{9}", deployment), f"the id is {deployment}")


@check("GetDeployment returns no AppSpec content, only its sha256")
def _(it):
    stage = Stage(it)
    info = stage.info(stage.deploy())
    spec = info["revision"]["appSpecContent"]
    expect("content" not in spec, "there is content")
    equal(spec["sha256"], sha256(stage.content()), "the sha256")
    equal(info["computePlatform"], "ECS", "the platform")
    equal(info["creator"], "user", "the creator")


@check("GetApplicationRevision gives a deployment's AppSpec for the sha256 of GetDeployment")
def _(it):
    stage = Stage(it)
    given = stage.info(stage.deploy())["revision"]
    answer = it.codedeploy.get_application_revision(
        applicationName=stage.application, revision=given
    )
    equal(answer["revision"]["appSpecContent"]["content"], stage.content(), "the content")


@check("GetDeployment returns no content of a String revision either")
def _(it):
    stage = Stage(it)
    text = {"revisionType": "String", "string": {"content": stage.content()}}
    info = stage.info(stage.deploy(revision=text))
    member = "string" if "string" in info["revision"] else "appSpecContent"
    expect("content" not in info["revision"][member], "there is content")
    equal(info["revision"][member]["sha256"], sha256(stage.content()), "the sha256")


@check("A hook is invoked with DeploymentId and LifecycleEventHookExecutionId")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy("BeforeInstall")
    event = stage.asked()
    equal(event["DeploymentId"], deployment, "DeploymentId")
    expect(len(event["LifecycleEventHookExecutionId"]) > 64, "the hook execution id is short")
    equal(set(event), {"DeploymentId", "LifecycleEventHookExecutionId"}, "the members")


@check("A hook that says Succeeded lets the traffic move to the new task set")
def _(it):
    stage = Stage(it, "Succeeded")
    info = stage.end(stage.deploy("BeforeInstall", "AfterAllowTraffic"))
    equal(info["status"], "Succeeded", "the status")
    equal(stage.primary(), stage.green, "the primary task definition")
    equal(len(stage.events), 2, "the number of invocations")


@check("A hook that says Failed fails the deployment and keeps the traffic")
def _(it):
    stage = Stage(it, "Failed")
    info = stage.end(stage.deploy("AfterInstall"))
    equal(info["status"], "Failed", "the status")
    equal(info["errorInformation"]["code"], "HOOK_EXECUTION_FAILURE", "the code")
    equal(stage.primary(), stage.blue, "the primary task definition")


@check("A deployment waits for its hook's answer")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy("BeforeInstall")
    event = stage.asked()
    equal(stage.info(deployment)["status"], "InProgress", "the status")
    states = {
        e["lifecycleEventName"]: e["status"] for e in stage.target(deployment)["lifecycleEvents"]
    }
    equal((states["BeforeInstall"], states["Install"]), ("InProgress", "Pending"), "the states")
    it.codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Succeeded",
    )
    equal(stage.end(deployment)["status"], "Succeeded", "the status at the end")


@check("A target's lifecycle events come in their order and all succeed")
def _(it):
    stage = Stage(it, "Succeeded")
    deployment = stage.deploy("AfterInstall")
    stage.end(deployment)
    target = stage.target(deployment)
    names = [e["lifecycleEventName"] for e in target["lifecycleEvents"]]
    equal([name for name in EVENTS if name in names], names, "the order")
    expect({"Install", "AfterInstall", "AllowTraffic"} <= set(names), f"only {names}")
    states = {e["status"] for e in target["lifecycleEvents"]}
    expect(states <= {"Succeeded", "Skipped"}, f"the states are {states}")
    equal(target["targetId"], f"{stage.home}:{stage.web}", "the target's id")


@check("GetDeploymentTarget is the same target as BatchGetDeploymentTargets")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy()
    stage.end(deployment)
    target = stage.target(deployment)
    answer = it.codedeploy.get_deployment_target(
        deploymentId=deployment, targetId=target["targetId"]
    )
    equal(answer["deploymentTarget"]["deploymentTargetType"], "ECSTarget", "the type")
    equal(answer["deploymentTarget"]["ecsTarget"]["targetId"], target["targetId"], "the id")


@check("Targets that do not exist are refused")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy()
    stage.end(deployment)
    it_is = it.codedeploy
    codes = "DeploymentTargetDoesNotExistException|InvalidDeploymentTargetIdException"
    refuses(
        codes, lambda: it_is.get_deployment_target(deploymentId=deployment, targetId="no:thing")
    )
    refuses(
        codes,
        lambda: it_is.batch_get_deployment_targets(deploymentId=deployment, targetIds=["no:thing"]),
    )
    refuses(
        "DeploymentDoesNotExistException",
        lambda: it_is.list_deployment_targets(deploymentId="d-000000000"),
    )


@check("PutLifecycleEventHookExecutionStatus refuses an id nobody was given")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy("BeforeInstall")
    stage.asked()
    put = it.codedeploy.put_lifecycle_event_hook_execution_status
    refuses(
        "InvalidLifecycleEventHookExecutionIdException",
        lambda: put(
            deploymentId=deployment, lifecycleEventHookExecutionId="made-up", status="Succeeded"
        ),
    )
    equal(stage.info(deployment)["status"], "InProgress", "the status")


@check("PutLifecycleEventHookExecutionStatus accepts Succeeded and Failed only")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy("BeforeInstall")
    event = stage.asked()
    put = it.codedeploy.put_lifecycle_event_hook_execution_status
    for status in ("InProgress", "Skipped", "Whatever"):
        refuses(
            "InvalidLifecycleEventHookExecutionStatusException",
            lambda status=status: put(
                deploymentId=deployment,
                lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
                status=status,
            ),
        )


@check("PutLifecycleEventHookExecutionStatus refuses a second answer")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy("BeforeInstall")
    answer = {
        "deploymentId": deployment,
        "lifecycleEventHookExecutionId": stage.asked()["LifecycleEventHookExecutionId"],
    }
    put = it.codedeploy.put_lifecycle_event_hook_execution_status
    said = put(**answer, status="Succeeded")
    equal(
        said["lifecycleEventHookExecutionId"],
        answer["lifecycleEventHookExecutionId"],
        "the id in the answer",
    )
    refuses("LifecycleEventAlreadyCompletedException", lambda: put(**answer, status="Failed"))
    equal(stage.end(deployment)["status"], "Succeeded", "the status at the end")


@check("PutLifecycleEventHookExecutionStatus refuses an unknown deployment and none")
def _(it):
    put = it.codedeploy.put_lifecycle_event_hook_execution_status
    answer = {"lifecycleEventHookExecutionId": "x", "status": "Succeeded"}
    refuses("DeploymentDoesNotExistException", lambda: put(deploymentId="d-000000000", **answer))
    refuses("InvalidDeploymentIdException", lambda: put(deploymentId="what is this", **answer))
    refuses("DeploymentIdRequiredException", lambda: put(**answer))


@check("GetDeployment refuses an unknown deployment, a wrong id and none")
def _(it):
    get = it.codedeploy.get_deployment
    refuses("DeploymentDoesNotExistException", lambda: get(deploymentId="d-000000000"))
    refuses("InvalidDeploymentIdException", lambda: get(deploymentId="what is this"))
    refuses("DeploymentIdRequiredException", lambda: get())


@check("CreateDeployment refuses an unknown application and an unknown group")
def _(it):
    stage = Stage(it)
    create, text = it.codedeploy.create_deployment, revision("x")
    refuses(
        "ApplicationDoesNotExistException",
        lambda: create(applicationName="nothing", deploymentGroupName="g", revision=text),
    )
    refuses(
        "DeploymentGroupDoesNotExistException",
        lambda: create(
            applicationName=stage.application, deploymentGroupName="nothing", revision=text
        ),
    )


@check("A group has one deployment at a time")
def _(it):
    stage = Stage(it)
    stage.deploy("BeforeInstall")
    stage.asked()
    refuses("DeploymentLimitExceededException", lambda: stage.deploy("BeforeInstall"))


@check("BatchGetDeployments describes several deployments, without content")
def _(it):
    stages = [Stage(it) for _ in range(2)]
    ids = [stage.deploy() for stage in stages]
    answer = it.codedeploy.batch_get_deployments(deploymentIds=ids)
    infos = answer["deploymentsInfo"]
    equal({info["deploymentId"] for info in infos}, set(ids), "the deployments")
    for info in infos:
        expect("content" not in info["revision"]["appSpecContent"], "there is content")
    refuses(
        "DeploymentIdRequiredException",
        lambda: it.codedeploy.batch_get_deployments(deploymentIds=[]),
    )


@check("ListDeployments filters by group and status")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy()
    stage.end(deployment)
    place = {"applicationName": stage.application, "deploymentGroupName": stage.group}
    listed = lambda *states: it.codedeploy.list_deployments(  # noqa: E731
        **place, includeOnlyStatuses=list(states)
    )["deployments"]
    equal(listed("Succeeded"), [deployment], "the succeeded deployments")
    equal(listed("Failed", "Stopped"), [], "the failed deployments")
    refuses(
        "ApplicationDoesNotExistException",
        lambda: it.codedeploy.list_deployments(applicationName="nothing", deploymentGroupName="g"),
    )


@check("StopDeployment stops a waiting deployment and keeps the traffic")
def _(it):
    stage = Stage(it)
    deployment = stage.deploy("AfterInstall")
    stage.asked()
    answer = it.codedeploy.stop_deployment(deploymentId=deployment)
    expect(answer["status"] in ("Pending", "Succeeded"), f"the status is {answer['status']}")
    equal(stage.end(deployment)["status"], "Stopped", "the status")
    equal(stage.primary(), stage.blue, "the primary task definition")
    refuses(
        "DeploymentAlreadyCompletedException",
        lambda: it.codedeploy.stop_deployment(deploymentId=deployment),
    )


@check("A failed deployment is rolled back by a deployment of CodeDeploy's own")
def _(it):
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    stage = Stage(it, "Succeeded", autoRollbackConfiguration=rollback)
    stage.end(stage.deploy())
    stage.events.clear()
    failing = it.name("CodeDeployHook_conform")
    it.function(failing, stage._answer("Failed"))
    content = appspec(stage.blue, [("AfterInstall", failing)])
    deployment = stage.deploy(revision=revision(content))
    equal(stage.end(deployment)["status"], "Failed", "the status")
    rolled = it.wait(
        "rollbackInfo",
        lambda: stage.info(deployment).get("rollbackInfo", {}).get("rollbackDeploymentId"),
    )
    info = stage.end(rolled)
    equal(info["creator"], "codeDeployRollback", "the creator")
    equal(info["rollbackInfo"]["rollbackTriggeringDeploymentId"], deployment, "the trigger")
    equal(stage.primary(), stage.green, "the primary task definition")


@check("An S3 revision is read from its bucket")
def _(it):
    stage = Stage(it, "Succeeded")
    bucket = it.name("revisions")
    it.s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    it.s3.put_object(
        Bucket=bucket, Key="appspec.json", Body=stage.content("BeforeInstall").encode()
    )
    place = {"bucket": bucket, "key": "appspec.json", "bundleType": "JSON"}
    deployment = stage.deploy(revision={"revisionType": "S3", "s3Location": place})
    equal(stage.end(deployment)["status"], "Succeeded", "the status")
    equal(len(stage.events), 1, "the number of invocations")
