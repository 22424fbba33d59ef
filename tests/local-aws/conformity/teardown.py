"""ECS: what stays for a while after it was deleted, and what cannot be deleted yet."""

from .account import check, equal, expect, pages, refuses
from .ecs import cluster, task_definition
from .services import describe, service
from .tasks import request, run


def counters(it, home):
    """Active services, running and pending tasks of a cluster."""
    seen = it.ecs.describe_clusters(clusters=[home])["clusters"][0]
    return tuple(
        seen[name] for name in ("activeServicesCount", "runningTasksCount", "pendingTasksCount")
    )


@check("DeleteService leaves a service DRAINING, and then INACTIVE")
def _(it):
    home = cluster(it)
    name = service(it, home, desiredCount=2)
    deleted = it.ecs.delete_service(cluster=home, service=name, force=True)["service"]
    equal(deleted["status"], "DRAINING", "the status")
    equal(it.ecs.list_services(cluster=home)["serviceArns"], [], "the listed services")
    it.wait("INACTIVE", lambda: describe(it, home, name)["status"] == "INACTIVE")
    equal(counters(it, home), (0, 0, 0), "the counters")


@check("DeleteService of a service that drains changes nothing; of one that has, it is not found")
def _(it):
    home = cluster(it)
    name = service(it, home)
    for _ in range(2):
        again = it.ecs.delete_service(cluster=home, service=name, force=True)["service"]
        equal(again["status"], "DRAINING", "the status")
    it.wait("INACTIVE", lambda: describe(it, home, name)["status"] == "INACTIVE")
    refuses(
        "ServiceNotFoundException",
        lambda: it.ecs.delete_service(cluster=home, service=name, force=True),
    )


@check("DeleteService refuses a service with task sets, unless forced")
def _(it):
    home = cluster(it)
    name = service(it, home, "CODE_DEPLOY")
    it.ecs.update_service(cluster=home, service=name, desiredCount=0)
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.delete_service(cluster=home, service=name),
        says="deployments are active",
    )
    it.ecs.delete_service(cluster=home, service=name, force=True)


@check("DeleteService needs no force for a DAEMON")
def _(it):
    home = cluster(it)
    daemon = {"launchType": "EC2", "schedulingStrategy": "DAEMON", "desiredCount": 1}
    name = service(it, home, **daemon)
    deleted = it.ecs.delete_service(cluster=home, service=name)["service"]
    expect(deleted["status"] in ("DRAINING", "INACTIVE"), f"the status is {deleted['status']}")


@check("CreateService takes the name of a deleted service only when it has drained")
def _(it):
    home, definition = cluster(it), task_definition(it, "sleep", "600")
    name = service(it, home, definition=definition)
    it.ecs.delete_service(cluster=home, service=name, force=True)
    again = {"serviceName": name, "definition": definition}
    refuses("InvalidParameterException", lambda: {"name": service(it, home, **again)})
    it.wait("INACTIVE", lambda: describe(it, home, name)["status"] == "INACTIVE")
    service(it, home, **again)
    equal(describe(it, home, name)["status"], "ACTIVE", "the status")


@check("DeleteCluster refuses while a service drains, although no counter shows it")
def _(it):
    home = cluster(it)
    name = service(it, home)
    it.ecs.delete_service(cluster=home, service=name, force=True)
    refuses("ClusterContainsServicesException", lambda: it.ecs.delete_cluster(cluster=home))
    equal(counters(it, home)[0], 0, "the number of active services")
    it.wait("INACTIVE", lambda: describe(it, home, name)["status"] == "INACTIVE")
    equal(it.ecs.delete_cluster(cluster=home)["cluster"]["status"], "INACTIVE", "the status")


@check("DeleteCluster waits for the last task to stop; the cluster can still be described")
def _(it):
    asked = request(it)
    home, arn = asked["cluster"], run(it, asked)
    it.wait("a running task", lambda: counters(it, home)[1] == 1)
    it.ecs.stop_task(cluster=home, task=arn)
    refuses("ClusterContainsTasksException", lambda: it.ecs.delete_cluster(cluster=home))
    task = lambda: it.ecs.describe_tasks(cluster=home, tasks=[arn])["tasks"][0]  # noqa: E731
    it.wait("STOPPED", lambda: task()["lastStatus"] == "STOPPED")
    it.ecs.delete_cluster(cluster=home)
    seen = it.ecs.describe_clusters(clusters=[home])["clusters"][0]
    equal(seen["status"], "INACTIVE", "the status")
    listed = [arn for page in pages(it.ecs.list_clusters, "clusterArns") for arn in page]
    expect(seen["clusterArn"] not in listed, "it is still listed")


@check("DeregisterTaskDefinition twice is INACTIVE once")
def _(it):
    arn = task_definition(it, "true")
    first, second = (
        it.ecs.deregister_task_definition(taskDefinition=arn)["taskDefinition"] for _ in range(2)
    )
    equal(second["status"], "INACTIVE", "the status")
    equal(second["deregisteredAt"], first["deregisteredAt"], "the moment")


@check("DeleteTaskDefinitions says which of them do not exist or have no revision")
def _(it):
    family = it.name("family")
    arn = task_definition(it, "true", family=family)
    it.ecs.deregister_task_definition(taskDefinition=arn)
    answer = it.ecs.delete_task_definitions(taskDefinitions=[arn, f"{family}:9", family])
    equal([d["taskDefinitionArn"] for d in answer["taskDefinitions"]], [arn], "the deleted ones")
    absent, unclear = answer["failures"]
    expect(absent["arn"].endswith(f"{family}:9"), f"the ARN is {absent['arn']}")
    expect("does not exist" in absent["reason"], f"the reason is {absent['reason']}")
    expect("identifier is invalid" in unclear["reason"], f"the reason is {unclear['reason']}")


@check("A deleted task definition is in DELETE_IN_PROGRESS, and then gone")
def _(it):
    family = it.name("family")
    arn = task_definition(it, "true", family=family)
    listed = lambda status: it.ecs.list_task_definitions(  # noqa: E731
        familyPrefix=family, status=status
    )["taskDefinitionArns"]
    it.ecs.deregister_task_definition(taskDefinition=arn)
    equal(listed("INACTIVE"), [arn], "the inactive ones")
    it.ecs.delete_task_definitions(taskDefinitions=[arn])
    equal(listed("DELETE_IN_PROGRESS"), [arn], "the ones being deleted")
    it.wait("the end of it", lambda: not listed("DELETE_IN_PROGRESS"))
    refuses("ClientException", lambda: it.ecs.describe_task_definition(taskDefinition=arn))
    families = it.ecs.list_task_definition_families(familyPrefix=family)["families"]
    equal(families, [], "the families")


@check("The number of a deleted task definition never comes again")
def _(it):
    family = it.name("family")
    arn = task_definition(it, "true", family=family)
    it.ecs.deregister_task_definition(taskDefinition=arn)
    it.ecs.delete_task_definitions(taskDefinitions=[arn])
    again = task_definition(it, "true", family=family)
    equal(again.rsplit(":", 1)[1], "2", "the revision")


@check("A task definition in use stays in DELETE_IN_PROGRESS")
def _(it):
    home, family = cluster(it), it.name("family")
    used = task_definition(it, "sleep", "600", family=family)
    unused = task_definition(it, "true", family=family)
    name = service(it, home, definition=used)
    for arn in (used, unused):
        it.ecs.deregister_task_definition(taskDefinition=arn)
    it.ecs.delete_task_definitions(taskDefinitions=[used, unused])
    listed = lambda: it.ecs.list_task_definitions(  # noqa: E731
        familyPrefix=family, status="DELETE_IN_PROGRESS"
    )["taskDefinitionArns"]
    it.wait("the end of the unused one", lambda: unused not in listed())
    equal(listed(), [used], "what is left")
    equal(describe(it, home, name)["runningCount"], 1, "the running tasks of the service")
    it.ecs.delete_service(cluster=home, service=name, force=True)
    it.wait("the end of the other", lambda: not listed())


@check("ListTaskDefinitions refuses a status that there is not")
def _(it):
    refuses("InvalidParameterException", lambda: it.ecs.list_task_definitions(status="DELETED"))
