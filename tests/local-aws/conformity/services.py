"""ECS: services and their task sets."""

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses
from .ecs import cluster, task_definition

TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/blue/0123456789abcdef"


def service(it, cluster_name, controller="ECS", definition=None, **more):
    """A fresh Fargate service's name; an EXTERNAL one has no definition of its own."""
    name = it.name("service")
    request = {
        "cluster": cluster_name,
        "serviceName": name,
        "desiredCount": 1,
        "deploymentController": {"type": controller},
        **more,
    }
    if controller != "EXTERNAL":
        request |= {
            "taskDefinition": definition or task_definition(it, "sleep", "600"),
            "launchType": "FARGATE",
            "networkConfiguration": it.network,
        }
    if controller == "CODE_DEPLOY":
        request["loadBalancers"] = [
            {"targetGroupArn": TARGET_GROUP, "containerName": "app", "containerPort": 80}
        ]
    it.ecs.create_service(**(request | more))
    return name


def describe(it, cluster_name, name):
    """One service."""
    return it.ecs.describe_services(cluster=cluster_name, services=[name])["services"][0]


@check("CreateService keeps launch type, network and tags")
def _(it):
    home = cluster(it)
    tags = [{"key": "team", "value": "pay"}]
    name = service(it, home, tags=tags, platformVersion="1.4.0")
    answer = it.ecs.describe_services(cluster=home, services=[name], include=["TAGS"])
    seen = answer["services"][0]
    equal(seen["status"], "ACTIVE", "the status")
    equal(seen["launchType"], "FARGATE", "the launch type")
    equal(seen["networkConfiguration"], it.network, "the network configuration")
    equal(seen["tags"], tags, "the tags")
    equal(seen["serviceArn"], f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{home}/{name}", "the ARN")
    expect("tags" not in describe(it, home, name), "tags although they were not asked for")


@check("CreateService refuses an unknown cluster")
def _(it):
    definition = task_definition(it, "true")
    refuses(
        "ClusterNotFoundException",
        lambda: service(it, "nowhere", definition=definition),
    )


@check("CreateService refuses launch type and capacity providers together")
def _(it):
    home, strategy = cluster(it), [{"capacityProvider": "FARGATE"}]
    refuses(
        "InvalidParameterException",
        lambda: service(it, home, capacityProviderStrategy=strategy),
    )


@check("CreateService refuses an awsvpc task definition without a network")
def _(it):
    home, definition = cluster(it), task_definition(it, "true")
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.create_service(
            cluster=home,
            serviceName=it.name("service"),
            taskDefinition=definition,
            launchType="FARGATE",
            desiredCount=1,
        ),
    )


@check("A rolling service has one PRIMARY deployment that completes")
def _(it):
    home = cluster(it)
    name = service(it, home)
    seen = it.wait(
        "the rollout",
        lambda: [
            d
            for d in describe(it, home, name)["deployments"]
            if d.get("rolloutState") == "COMPLETED"
        ],
    )
    equal([d["status"] for d in seen], ["PRIMARY"], "the deployments")


@check("A service's tasks are listed and run")
def _(it):
    home = cluster(it)
    name = service(it, home, desiredCount=2)
    arns = it.wait(
        "two tasks",
        lambda: (lambda found: found if len(found) == 2 else None)(
            it.ecs.list_tasks(cluster=home, serviceName=name)["taskArns"]
        ),
    )
    it.wait(
        "two running tasks",
        lambda: all(
            task["lastStatus"] == "RUNNING"
            for task in it.ecs.describe_tasks(cluster=home, tasks=arns)["tasks"]
        ),
    )
    tasks = it.ecs.describe_tasks(cluster=home, tasks=arns)["tasks"]
    equal({task["group"] for task in tasks}, {f"service:{name}"}, "the groups")


@check("UpdateService makes a new PRIMARY deployment with the new task definition")
def _(it):
    home = cluster(it)
    name = service(it, home)
    newer = task_definition(it, "sleep", "601")
    answer = it.ecs.update_service(cluster=home, service=name, taskDefinition=newer)["service"]
    primary = [d for d in answer["deployments"] if d["status"] == "PRIMARY"]
    equal([d["taskDefinition"] for d in primary], [newer], "the PRIMARY deployment")
    equal(answer["taskDefinition"], newer, "the service's task definition")
    it.wait("the rollout", lambda: len(describe(it, home, name)["deployments"]) == 1)


@check("UpdateService refuses an unknown service and an unknown cluster")
def _(it):
    home = cluster(it)
    refuses(
        "ServiceNotFoundException",
        lambda: it.ecs.update_service(cluster=home, service="nothing", desiredCount=1),
    )
    refuses(
        "ClusterNotFoundException",
        lambda: it.ecs.update_service(cluster="nowhere", service="nothing", desiredCount=1),
    )


@check("UpdateService refuses a task definition for a CODE_DEPLOY service")
def _(it):
    home = cluster(it)
    name = service(it, home, "CODE_DEPLOY")
    newer = task_definition(it, "sleep", "601")
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.update_service(cluster=home, service=name, taskDefinition=newer),
    )
    seen = it.ecs.update_service(cluster=home, service=name, desiredCount=2)["service"]
    equal(seen["desiredCount"], 2, "the desired count")


@check("A CODE_DEPLOY service shows task sets, the PRIMARY one with its network")
def _(it):
    home = cluster(it)
    definition = task_definition(it, "sleep", "600")
    name = service(it, home, "CODE_DEPLOY", definition)
    seen = describe(it, home, name)
    sets = seen.get("taskSets", [])
    equal([(s["status"], s["taskDefinition"]) for s in sets], [("PRIMARY", definition)])
    equal(sets[0]["networkConfiguration"], it.network, "the task set's network")
    equal(seen["deploymentController"], {"type": "CODE_DEPLOY"}, "the controller")


@check("DescribeServices of an unknown service is 200 with failures[]")
def _(it):
    home = cluster(it)
    answer = it.ecs.describe_services(cluster=home, services=["nothing"])
    equal(answer["services"], [], "the services")
    equal([f["reason"] for f in answer["failures"]], ["MISSING"], "the failures")


@check("DescribeServices takes at most ten, of a cluster that exists")
def _(it):
    home = cluster(it)
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.describe_services(cluster=home, services=[f"s{n}" for n in range(11)]),
    )
    refuses(
        "ClusterNotFoundException",
        lambda: it.ecs.describe_services(cluster="nowhere", services=["s"]),
    )


@check("ListServices comes in pages")
def _(it):
    home = cluster(it)
    made = {service(it, home, "EXTERNAL") for _ in range(3)}
    found = pages(it.ecs.list_services, "serviceArns", cluster=home, maxResults=2)
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")
    equal({arn.rsplit("/")[-1] for page in found for arn in page}, made, "the services")


@check("ListServices refuses an unknown cluster")
def _(it):
    refuses("ClusterNotFoundException", lambda: it.ecs.list_services(cluster="nowhere"))


@check("DeleteService refuses a service that still wants tasks, unless forced")
def _(it):
    home = cluster(it)
    name = service(it, home)
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.delete_service(cluster=home, service=name),
    )
    deleted = it.ecs.delete_service(cluster=home, service=name, force=True)["service"]
    expect(deleted["status"] in ("DRAINING", "INACTIVE"), f"the status is {deleted['status']}")


@check("DeleteService refuses an unknown service")
def _(it):
    home = cluster(it)
    refuses(
        "ServiceNotFoundException",
        lambda: it.ecs.delete_service(cluster=home, service="nothing"),
    )


@check("DeleteCluster refuses while a service is there")
def _(it):
    home = cluster(it)
    service(it, home)
    refuses("ClusterContainsServicesException", lambda: it.ecs.delete_cluster(cluster=home))


# --- Task sets ---


def task_set(it, home, name, **more):
    """A task set of an EXTERNAL service."""
    return it.ecs.create_task_set(
        cluster=home,
        service=name,
        taskDefinition=task_definition(it, "sleep", "600"),
        launchType="FARGATE",
        networkConfiguration=it.network,
        **more,
    )["taskSet"]


@check("CreateTaskSet adds an ACTIVE set that reaches its steady state")
def _(it):
    home = cluster(it)
    name = service(it, home, "EXTERNAL")
    made = task_set(it, home, name, externalId="release-7")
    equal(made["status"], "ACTIVE", "the status")
    equal(made["externalId"], "release-7", "the external id")
    expect(made["id"].startswith("ecs-svc/"), f"the id is {made['id']}")
    look = lambda: it.ecs.describe_task_sets(cluster=home, service=name)["taskSets"]  # noqa: E731
    it.wait("STEADY_STATE", lambda: look()[0]["stabilityStatus"] == "STEADY_STATE")


@check("CreateTaskSet refuses services it cannot extend")
def _(it):
    home = cluster(it)
    refuses("ServiceNotFoundException", lambda: task_set(it, home, "nothing"))
    rolling = service(it, home)
    refuses("InvalidParameterException", lambda: task_set(it, home, rolling))


@check("DescribeTaskSets of an unknown set is 200 with failures[]")
def _(it):
    home = cluster(it)
    name = service(it, home, "EXTERNAL")
    answer = it.ecs.describe_task_sets(
        cluster=home, service=name, taskSets=["ecs-svc/0000000000000000000"]
    )
    equal([f["reason"] for f in answer["failures"]], ["MISSING"], "the failures")


@check("DescribeTaskSets refuses an unknown service")
def _(it):
    home = cluster(it)
    refuses(
        "ServiceNotFoundException",
        lambda: it.ecs.describe_task_sets(cluster=home, service="nothing"),
    )


@check("UpdateServicePrimaryTaskSet moves PRIMARY, and the service follows")
def _(it):
    home = cluster(it)
    name = service(it, home, "EXTERNAL")
    first, second = task_set(it, home, name), task_set(it, home, name)
    for made in (first, second):
        answer = it.ecs.update_service_primary_task_set(
            cluster=home, service=name, primaryTaskSet=made["id"]
        )["taskSet"]
        equal(answer["status"], "PRIMARY", "the status")
    statuses = {
        s["id"]: s["status"]
        for s in it.ecs.describe_task_sets(cluster=home, service=name)["taskSets"]
    }
    equal(statuses, {first["id"]: "ACTIVE", second["id"]: "PRIMARY"}, "the statuses")
    equal(describe(it, home, name)["taskDefinition"], second["taskDefinition"])


@check("UpdateServicePrimaryTaskSet and DeleteTaskSet refuse an unknown set")
def _(it):
    home = cluster(it)
    name = service(it, home, "EXTERNAL")
    unknown = "ecs-svc/0000000000000000000"
    refuses(
        "TaskSetNotFoundException",
        lambda: it.ecs.update_service_primary_task_set(
            cluster=home, service=name, primaryTaskSet=unknown
        ),
    )
    refuses(
        "TaskSetNotFoundException",
        lambda: it.ecs.delete_task_set(cluster=home, service=name, taskSet=unknown),
    )


@check("DeleteTaskSet removes a set that is not PRIMARY")
def _(it):
    home = cluster(it)
    name = service(it, home, "EXTERNAL")
    made = task_set(it, home, name)
    answer = it.ecs.delete_task_set(cluster=home, service=name, taskSet=made["id"], force=True)
    equal(answer["taskSet"]["status"], "DRAINING", "the status")
    look = lambda: it.ecs.describe_task_sets(cluster=home, service=name)["taskSets"]  # noqa: E731
    it.wait("the set's end", lambda: not look())
