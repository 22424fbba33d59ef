"""ECS: clusters, task definitions, tags."""

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses


def cluster(it):
    """A fresh cluster's name."""
    name = it.name("cluster")
    it.ecs.create_cluster(clusterName=name)
    return name


def containers(image, *command, name="app", **more):
    """The container definitions of a plain task."""
    return [{"name": name, "image": image, "command": list(command), "memory": 256, **more}]


def task_definition(it, *command, family=None, **more):
    """A fresh Fargate task definition's ARN."""
    request = {
        "family": family or it.name("family"),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": containers(it.image(), *command),
        **more,
    }
    return it.ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]


@check("CreateCluster twice is one cluster")
def _(it):
    name = it.name("cluster")
    first = it.ecs.create_cluster(clusterName=name)["cluster"]
    second = it.ecs.create_cluster(clusterName=name)["cluster"]
    equal(first["clusterArn"], f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}", "the ARN")
    equal(second["clusterArn"], first["clusterArn"], "the second ARN")
    equal(first["status"], "ACTIVE", "the status")


@check("CreateCluster refuses a name with a space")
def _(it):
    refuses("InvalidParameterException", lambda: it.ecs.create_cluster(clusterName="a b"))


@check("DescribeClusters of an unknown cluster is 200 with failures[]")
def _(it):
    name = cluster(it)
    answer = it.ecs.describe_clusters(clusters=[name, "nowhere"])
    equal([c["clusterName"] for c in answer["clusters"]], [name], "the clusters")
    equal([f["reason"] for f in answer["failures"]], ["MISSING"], "the failures")


@check("DescribeClusters counts running tasks and active services")
def _(it):
    name = cluster(it)
    seen = it.ecs.describe_clusters(clusters=[name])["clusters"][0]
    equal((seen["runningTasksCount"], seen["activeServicesCount"]), (0, 0), "the counts")


@check("ListClusters comes in pages")
def _(it):
    made = {cluster(it) for _ in range(3)}
    found = pages(it.ecs.list_clusters, "clusterArns", maxResults=2)
    expect(all(len(page) <= 2 for page in found), "a page has more than maxResults")
    names = [arn.rsplit("/")[-1] for page in found for arn in page]
    equal(len(names), len(set(names)), "the number of different names")
    expect(made <= set(names), "a cluster is on no page")


@check("ListClusters refuses a nextToken it did not give")
def _(it):
    refuses("InvalidParameterException", lambda: it.ecs.list_clusters(nextToken="not-a-token"))


@check("PutClusterCapacityProviders sets providers and strategy")
def _(it):
    name = cluster(it)
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    it.ecs.put_cluster_capacity_providers(
        cluster=name,
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=strategy,
    )
    seen = it.ecs.describe_clusters(clusters=[name])["clusters"][0]
    equal(sorted(seen["capacityProviders"]), ["FARGATE", "FARGATE_SPOT"], "the providers")
    equal(seen["defaultCapacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT")


@check("PutClusterCapacityProviders refuses an unknown cluster")
def _(it):
    refuses(
        "ClusterNotFoundException",
        lambda: it.ecs.put_cluster_capacity_providers(
            cluster="nowhere", capacityProviders=[], defaultCapacityProviderStrategy=[]
        ),
    )


@check("DeleteCluster of an empty cluster leaves it INACTIVE")
def _(it):
    name = cluster(it)
    equal(it.ecs.delete_cluster(cluster=name)["cluster"]["status"], "INACTIVE", "the status")


@check("DeleteCluster refuses an unknown cluster")
def _(it):
    refuses("ClusterNotFoundException", lambda: it.ecs.delete_cluster(cluster="nowhere"))


# --- Task definitions ---


@check("RegisterTaskDefinition counts revisions per family")
def _(it):
    family = it.name("family")
    first = task_definition(it, "true", family=family)
    second = task_definition(it, "true", family=family)
    equal(first, f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:1", "the first")
    equal(second, f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:2", "the second")


@check("RegisterTaskDefinition keeps what it was given")
def _(it):
    given = {
        "family": it.name("family"),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/exec",
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/task",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "volumes": [{"name": "scratch"}],
        "containerDefinitions": [
            {
                "name": "app",
                "image": it.image(),
                "essential": True,
                "command": ["bin/serve"],
                "environment": [{"name": "A", "value": "1"}],
                "secrets": [{"name": "B", "valueFrom": "arn:aws:ssm:eu-west-2:1:parameter/b"}],
                "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/tmp"}],
                "stopTimeout": 5,
            }
        ],
    }
    it.ecs.register_task_definition(**given)
    seen = it.ecs.describe_task_definition(taskDefinition=given["family"])["taskDefinition"]
    for member in given:
        if member != "containerDefinitions":
            equal(seen[member], given[member], member)
    for member, value in given["containerDefinitions"][0].items():
        equal(seen["containerDefinitions"][0][member], value, f"the container's {member}")
    equal(seen["status"], "ACTIVE", "the status")


@check("RegisterTaskDefinition refuses one without containers")
def _(it):
    refuses(
        "ClientException",
        lambda: it.ecs.register_task_definition(family=it.name("f"), containerDefinitions=[]),
    )


@check("RegisterTaskDefinition refuses a family with a space")
def _(it):
    refuses(
        "ClientException",
        lambda: it.ecs.register_task_definition(
            family="a b", containerDefinitions=containers("x", "true")
        ),
    )


@check("DescribeTaskDefinition by family is the latest active revision")
def _(it):
    family = it.name("family")
    first, second = (task_definition(it, "true", family=family) for _ in range(2))
    describe = it.ecs.describe_task_definition
    latest = lambda: describe(taskDefinition=family)["taskDefinition"]["taskDefinitionArn"]  # noqa: E731
    equal(latest(), second, "the latest")
    it.ecs.deregister_task_definition(taskDefinition=second)
    equal(latest(), first, "the latest after the deregistration")
    numbered = describe(taskDefinition=f"{family}:1")["taskDefinition"]["taskDefinitionArn"]
    equal(numbered, first, "family:1")
    inactive = describe(taskDefinition=second)["taskDefinition"]
    equal(inactive["status"], "INACTIVE", "the status of the deregistered one")


@check("DescribeTaskDefinition of an unknown one is a ClientException")
def _(it):
    refuses(
        "ClientException",
        lambda: it.ecs.describe_task_definition(taskDefinition="nothing:1"),
        says="Unable to describe task definition.",
    )


@check("DescribeTaskDefinition gives tags only when asked for them")
def _(it):
    tags = [{"key": "team", "value": "pay"}]
    arn = task_definition(it, "true", tags=tags)
    plain = it.ecs.describe_task_definition(taskDefinition=arn)
    expect(not plain.get("tags"), "tags although they were not asked for")
    asked = it.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    equal(asked["tags"], tags, "the tags")


@check("ListTaskDefinitions filters by family and status, in pages")
def _(it):
    family = it.name("family")
    arns = [task_definition(it, "true", family=family) for _ in range(3)]
    listing = it.ecs.list_task_definitions
    found = pages(listing, "taskDefinitionArns", familyPrefix=family, maxResults=2)
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")
    equal([arn for page in found for arn in page], arns, "the definitions")
    it.ecs.deregister_task_definition(taskDefinition=arns[0])
    active = listing(familyPrefix=family)["taskDefinitionArns"]
    equal(active, arns[1:], "the active ones")
    inactive = listing(familyPrefix=family, status="INACTIVE")["taskDefinitionArns"]
    equal(inactive, arns[:1], "the inactive ones")


@check("ListTaskDefinitions can begin with the newest")
def _(it):
    family = it.name("family")
    arns = [task_definition(it, "true", family=family) for _ in range(2)]
    listed = it.ecs.list_task_definitions(familyPrefix=family, sort="DESC")
    equal(listed["taskDefinitionArns"], arns[::-1], "the definitions")


@check("ListTaskDefinitions refuses a nextToken it did not give")
def _(it):
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.list_task_definitions(nextToken="not-a-token"),
    )


@check("ListTaskDefinitionFamilies filters by prefix and status")
def _(it):
    prefix = it.name("families")
    arns = [task_definition(it, "true", family=f"{prefix}-{n}") for n in "ab"]
    it.ecs.deregister_task_definition(taskDefinition=arns[0])
    families = lambda **more: it.ecs.list_task_definition_families(  # noqa: E731
        familyPrefix=prefix, **more
    )["families"]
    equal(families(status="ACTIVE"), [f"{prefix}-b"], "the active families")
    equal(families(status="INACTIVE"), [f"{prefix}-a"], "the inactive families")


@check("ListTaskDefinitionFamilies refuses a nextToken it did not give")
def _(it):
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.list_task_definition_families(nextToken="not-a-token"),
    )


@check("DeregisterTaskDefinition needs a revision")
def _(it):
    family = it.name("family")
    task_definition(it, "true", family=family)
    refuses(
        "InvalidParameterException|ClientException",
        lambda: it.ecs.deregister_task_definition(taskDefinition=family),
    )


@check("DeleteTaskDefinitions leaves an active one alone and says so")
def _(it):
    arn = task_definition(it, "true")
    answer = it.ecs.delete_task_definitions(taskDefinitions=[arn])
    equal(answer["taskDefinitions"], [], "the deleted ones")
    equal(len(answer["failures"]), 1, "the number of failures")
    described = it.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    equal(described["status"], "ACTIVE", "the status")


@check("DeleteTaskDefinitions removes an inactive one")
def _(it):
    arn = task_definition(it, "true")
    it.ecs.deregister_task_definition(taskDefinition=arn)
    answer = it.ecs.delete_task_definitions(taskDefinitions=[arn])
    equal([it["status"] for it in answer["taskDefinitions"]], ["DELETE_IN_PROGRESS"], "the status")


@check("DeleteTaskDefinitions takes at most ten")
def _(it):
    refuses(
        "InvalidParameterException|ClientException",
        lambda: it.ecs.delete_task_definitions(taskDefinitions=[f"f:{n}" for n in range(1, 12)]),
    )


# --- Tags ---


@check("TagResource and UntagResource change the tags of a cluster")
def _(it):
    name = it.name("cluster")
    created = it.ecs.create_cluster(clusterName=name, tags=[{"key": "a", "value": "1"}])
    arn = created["cluster"]["clusterArn"]
    it.ecs.tag_resource(
        resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]
    )
    tags = lambda: {  # noqa: E731
        tag["key"]: tag["value"] for tag in it.ecs.list_tags_for_resource(resourceArn=arn)["tags"]
    }
    equal(tags(), {"a": "2", "b": "3"}, "the tags")
    it.ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    equal(tags(), {"b": "3"}, "the tags after untagging")


@check("Tags of an ARN that is none are refused")
def _(it):
    wrong = "not-an-arn"
    refuses("InvalidParameterException", lambda: it.ecs.list_tags_for_resource(resourceArn=wrong))
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.tag_resource(resourceArn=wrong, tags=[{"key": "a", "value": "1"}]),
    )
    refuses(
        "InvalidParameterException",
        lambda: it.ecs.untag_resource(resourceArn=wrong, tagKeys=["a"]),
    )
