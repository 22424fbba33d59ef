"""ECS: tasks, from RunTask to STOPPED."""

import re

from .account import check, equal, expect, pages, refuses
from .ecs import cluster, containers, task_definition


def request(it, home=None, definition=None, *command, **more):
    """A RunTask request for a Fargate task."""
    return {
        "cluster": home or cluster(it),
        "taskDefinition": definition or task_definition(it, *(command or ("sleep", "600"))),
        "launchType": "FARGATE",
        "networkConfiguration": it.network,
        **more,
    }


def run(it, asked):
    """Starts the one task of a request; its ARN."""
    answer = it.ecs.run_task(**asked)
    equal(answer["failures"], [], "the failures")
    return answer["tasks"][0]["taskArn"]


def describe(it, home, arn):
    """One task."""
    return it.ecs.describe_tasks(cluster=home, tasks=[arn])["tasks"][0]


def stopped(it, home, arn):
    """The task once it has stopped."""

    def look():
        task = describe(it, home, arn)
        return task if task["lastStatus"] == "STOPPED" else None

    return it.wait("STOPPED", look)


def ran(it, *command, **more):
    """A task that ran this command to its end."""
    asked = request(it, None, None, *command, **more)
    return stopped(it, asked["cluster"], run(it, asked))


@check("RunTask starts a task that can be described")
def _(it):
    asked = request(it, startedBy="quayside/migration/d-ABCDEF123")
    task = it.ecs.run_task(**asked)["tasks"][0]
    expect(
        re.search(r":task/[^/]+/[0-9a-f]{32}$", task["taskArn"]), f"the ARN is {task['taskArn']}"
    )
    expect(task["lastStatus"] in ("PROVISIONING", "PENDING"), f"starts as {task['lastStatus']}")
    equal(task["desiredStatus"], "RUNNING", "the desired status")
    equal(task["startedBy"], asked["startedBy"], "startedBy")
    equal([c["name"] for c in task["containers"]], ["app"], "the containers")
    it.wait(
        "RUNNING",
        lambda: describe(it, asked["cluster"], task["taskArn"])["lastStatus"] == "RUNNING",
    )
    it.ecs.stop_task(cluster=asked["cluster"], task=task["taskArn"])


@check("A task that exits 0 has stopped with exit code 0")
def _(it):
    task = ran(it, "true")
    equal(task["containers"][0].get("exitCode"), 0, "the exit code")
    equal(task["stopCode"], "EssentialContainerExited", "the stop code")
    equal(task["stoppedReason"], "Essential container in task exited", "the reason")
    for moment in ("createdAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"):
        expect(moment in task, f"{moment} is missing")


@check("A task's exit code is its process's")
def _(it):
    equal(ran(it, "sh", "-c", "exit 3")["containers"][0].get("exitCode"), 3, "the exit code")


@check("Overrides change command and environment, and are told back")
def _(it):
    overrides = {
        "containerOverrides": [
            {
                "name": "app",
                "command": ["sh", "-c", "exit $CODE"],
                "environment": [{"name": "CODE", "value": "7"}],
            }
        ]
    }
    task = ran(it, "true", overrides=overrides)
    equal(task["containers"][0].get("exitCode"), 7, "the exit code")
    seen = task["overrides"]["containerOverrides"][0]
    for member, value in overrides["containerOverrides"][0].items():
        equal(seen[member], value, member)


@check("Every container of a task has its own exit code")
def _(it):
    image = it.image()
    definition = task_definition(
        it,
        containerDefinitions=[
            *containers(image, "sh", "-c", "sleep 1; exit 4"),
            *containers(image, "true", name="sidecar", essential=False),
        ],
    )
    asked = request(it, None, definition)
    task = stopped(it, asked["cluster"], run(it, asked))
    codes = {c["name"]: c.get("exitCode") for c in task["containers"]}
    equal(codes, {"app": 4, "sidecar": 0}, "the exit codes")


@check("An image that cannot be pulled: TaskFailedToStart and no exit code")
def _(it):
    definition = task_definition(
        it, containerDefinitions=containers(f"registry.local/{it.name('none')}:1", "true")
    )
    asked = request(it, None, definition)
    task = stopped(it, asked["cluster"], run(it, asked))
    equal(task["stopCode"], "TaskFailedToStart", "the stop code")
    expect("CannotPullContainerError" in task["stoppedReason"], f"says {task['stoppedReason']}")
    expect("exitCode" not in task["containers"][0], "there is an exit code")


@check("A task's lines are in its log stream")
def _(it):
    group = it.name("/ecs/conform")
    it.logs.create_log_group(logGroupName=group)
    options = {
        "awslogs-group": group,
        "awslogs-region": "eu-west-2",
        "awslogs-stream-prefix": "run",
    }
    definition = task_definition(
        it,
        containerDefinitions=containers(
            it.image(),
            "sh",
            "-c",
            "echo one; echo two >&2; exit 1",
            logConfiguration={"logDriver": "awslogs", "options": options},
        ),
    )
    asked = request(it, None, definition)
    arn = run(it, asked)
    stopped(it, asked["cluster"], arn)
    stream = f"run/app/{arn.rsplit('/')[-1]}"
    events = it.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    equal(sorted(e["message"] for e in events["events"]), ["one", "two"], "the lines")


@check("RunTask with the same clientToken returns the same task")
def _(it):
    asked = request(it, clientToken=it.name("token"))
    first, second = run(it, asked), run(it, asked)
    equal(second, first, "the second task")
    listed = it.ecs.list_tasks(cluster=asked["cluster"])["taskArns"]
    equal(listed, [first], "the tasks")


@check("RunTask with the same clientToken but another request is a ConflictException")
def _(it):
    asked = request(it, clientToken=it.name("token"))
    first = run(it, asked)
    error = refuses("ConflictException", lambda: it.ecs.run_task(**asked, startedBy="else"))
    equal(error.get("resourceIds"), [first], "the resourceIds")


@check("RunTask refuses a clientToken of more than 64 characters")
def _(it):
    asked = request(it, clientToken="x" * 65)
    refuses("InvalidParameterException", lambda: it.ecs.run_task(**asked))


@check("RunTask refuses an unknown cluster")
def _(it):
    asked = request(it, "nowhere")
    refuses("ClusterNotFoundException", lambda: it.ecs.run_task(**asked))


@check("RunTask refuses an unknown and an inactive task definition")
def _(it):
    home, arn = cluster(it), task_definition(it, "true")
    it.ecs.deregister_task_definition(taskDefinition=arn)
    for definition in ("nothing:1", arn):
        asked = request(it, home, definition)
        refuses(
            "ClientException|InvalidParameterException",
            lambda asked=asked: it.ecs.run_task(**asked),
        )


@check("RunTask refuses an override for a container that is not there")
def _(it):
    overrides = {"containerOverrides": [{"name": "web", "command": ["true"]}]}
    asked = request(it, overrides=overrides)
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.run_task(**asked),
        says="Override for container named web is not a container in the TaskDefinition.",
    )


@check("RunTask refuses overrides of more than 8192 characters")
def _(it):
    big = [{"name": "BIG", "value": "x" * 8192}]
    overrides = {"containerOverrides": [{"name": "app", "environment": big}]}
    asked = request(it, overrides=overrides)
    refuses("InvalidParameterException", lambda: it.ecs.run_task(**asked))


@check("RunTask's overrides change the size and the roles of a task")
def _(it):
    role = "arn:aws:iam::123456789012:role/job"
    overrides = {
        "cpu": "1024",
        "memory": "2048",
        "ephemeralStorage": {"sizeInGiB": 50},
        "taskRoleArn": role,
        "containerOverrides": [{"name": "app", "cpu": 512, "memory": 1024}],
    }
    asked = request(it, overrides=overrides)
    task = describe(it, asked["cluster"], run(it, asked))
    equal((task["cpu"], task["memory"]), ("1024", "2048"), "the size")
    equal(task["ephemeralStorage"], {"sizeInGiB": 50}, "the storage")
    equal(task["overrides"].get("taskRoleArn"), role, "the role")
    app = task["containers"][0]
    equal((app["cpu"], app["memory"]), ("512", "1024"), "the container's size")


@check("RunTask refuses a size that Fargate does not have")
def _(it):
    for overrides in (
        {"cpu": "4096", "memory": "512"},
        {"ephemeralStorage": {"sizeInGiB": 20}},
        {"ephemeralStorage": {"sizeInGiB": 201}},
        {"containerOverrides": [{"name": "app", "memory": 1_000_000}]},
    ):
        asked = request(it, overrides=overrides)
        refuses(
            "ClientException|InvalidParameterException",
            lambda asked=asked: it.ecs.run_task(**asked),
        )


@check("RunTask refuses an awsvpc task without a network")
def _(it):
    asked = request(it)
    del asked["networkConfiguration"]
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.run_task(**asked),
        says="Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    )


@check("RunTask refuses launch type and capacity providers together")
def _(it):
    asked = request(it, capacityProviderStrategy=[{"capacityProvider": "FARGATE"}])
    refuses("InvalidParameterException", lambda: it.ecs.run_task(**asked))


@check("RunTask starts one to ten tasks at once")
def _(it):
    asked = request(it, None, None, "true")
    equal(len(it.ecs.run_task(**asked, count=3)["tasks"]), 3, "the number of tasks")
    refuses("InvalidParameterException", lambda: it.ecs.run_task(**asked, count=11))


@check("RunTask refuses a startedBy with a forbidden character")
def _(it):
    asked = request(it, startedBy="hello world!")
    refuses("InvalidParameterException", lambda: it.ecs.run_task(**asked))


@check("RunTask's tags are seen only when asked for")
def _(it):
    tags = [{"key": "team", "value": "pay"}]
    asked = request(it, tags=tags)
    arn = run(it, asked)
    expect(not describe(it, asked["cluster"], arn).get("tags"), "tags that nobody asked for")
    seen = it.ecs.describe_tasks(cluster=asked["cluster"], tasks=[arn], include=["TAGS"])
    equal(seen["tasks"][0]["tags"], tags, "the tags")


@check("DescribeTasks of an unknown task is 200 with failures[]")
def _(it):
    answer = it.ecs.describe_tasks(cluster=cluster(it), tasks=["0" * 32])
    equal(answer["tasks"], [], "the tasks")
    equal([f["reason"] for f in answer["failures"]], ["MISSING"], "the failures")


@check("DescribeTasks takes one to a hundred, of a cluster that exists")
def _(it):
    home = cluster(it)
    many = [f"{n:032x}" for n in range(101)]
    refuses("InvalidParameterException", lambda: it.ecs.describe_tasks(cluster=home, tasks=many))
    refuses("InvalidParameterException", lambda: it.ecs.describe_tasks(cluster=home, tasks=[]))
    refuses(
        "ClusterNotFoundException",
        lambda: it.ecs.describe_tasks(cluster="nowhere", tasks=["0" * 32]),
    )


@check("ListTasks filters by startedBy, family and desired status")
def _(it):
    home, family = cluster(it), it.name("family")
    definition = task_definition(it, "sleep", "600", family=family)
    one = run(it, request(it, home, definition, startedBy="one"))
    two = run(it, request(it, home, None, startedBy="two"))
    listed = lambda **filters: it.ecs.list_tasks(cluster=home, **filters)["taskArns"]  # noqa: E731
    equal(sorted(listed()), sorted([one, two]), "all tasks")
    equal(listed(startedBy="one"), [one], "the tasks startedBy one")
    equal(listed(family=family), [one], "the tasks of the family")
    it.ecs.stop_task(cluster=home, task=one)
    it.wait("the stopped task", lambda: listed(desiredStatus="STOPPED") == [one])
    equal(listed(), [two], "the running tasks")


@check("ListTasks refuses other filters beside startedBy; the desired status is none")
def _(it):
    home = cluster(it)
    for other in ({"family": "web"}, {"launchType": "FARGATE"}, {"serviceName": "web"}):
        refuses(
            "InvalidParameterException",
            lambda other=other: it.ecs.list_tasks(cluster=home, startedBy="one", **other),
        )
    both = it.ecs.list_tasks(cluster=home, startedBy="one", desiredStatus="STOPPED")
    equal(both["taskArns"], [], "the tasks")


@check("ListTasks comes in pages")
def _(it):
    asked = request(it)
    it.ecs.run_task(**asked, count=3)
    found = pages(it.ecs.list_tasks, "taskArns", cluster=asked["cluster"], maxResults=2)
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")


@check("ListTasks refuses an unknown cluster")
def _(it):
    refuses("ClusterNotFoundException", lambda: it.ecs.list_tasks(cluster="nowhere"))


@check("StopTask ends a running process; the task says who stopped it")
def _(it):
    asked = request(it)
    home, arn = asked["cluster"], run(it, asked)
    it.wait("RUNNING", lambda: describe(it, home, arn)["lastStatus"] == "RUNNING")
    answer = it.ecs.stop_task(cluster=home, task=arn, reason="enough")["task"]
    equal(answer["desiredStatus"], "STOPPED", "the desired status")
    task = stopped(it, home, arn)
    equal(task["stopCode"], "UserInitiated", "the stop code")
    equal(task["stoppedReason"], "enough", "the reason")
    equal(task["containers"][0].get("exitCode"), 143, "the exit code")


@check("StopTask refuses an unknown task and an unknown cluster")
def _(it):
    home = cluster(it)
    refuses("InvalidParameterException", lambda: it.ecs.stop_task(cluster=home, task="0" * 32))
    refuses("ClusterNotFoundException", lambda: it.ecs.stop_task(cluster="nowhere", task="0" * 32))


@check("DeleteCluster refuses while a task is there")
def _(it):
    asked = request(it)
    run(it, asked)
    refuses(
        "ClusterContainsTasksException", lambda: it.ecs.delete_cluster(cluster=asked["cluster"])
    )
