"""ElastiCache."""

from .account import check, equal, refuses


def group(it, **settings):
    """A fresh replication group's id, once it is available."""
    name = it.name("review")
    it.elasticache.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="x", NumCacheClusters=2, **settings
    )
    it.wait("the replication group", lambda: status(it, name) == "available")
    return name


def status(it, name):
    """The status of a replication group."""
    answer = it.elasticache.describe_replication_groups(ReplicationGroupId=name)
    return answer["ReplicationGroups"][0]["Status"]


def gone(it, name):
    """Whether a replication group is gone."""
    groups = it.elasticache.describe_replication_groups()["ReplicationGroups"]
    return name not in {one["ReplicationGroupId"] for one in groups}


@check("A replication group is deleting for a while, and then gone")
def _(it):
    name = group(it)
    it.elasticache.delete_replication_group(ReplicationGroupId=name)
    equal(status(it, name), "deleting", "the status")
    refuses(
        "InvalidReplicationGroupState",
        lambda: it.elasticache.delete_replication_group(ReplicationGroupId=name),
    )
    it.wait("the end of the replication group", lambda: gone(it, name))
    for call in (
        it.elasticache.describe_replication_groups,
        it.elasticache.delete_replication_group,
        it.elasticache.modify_replication_group,
    ):
        refuses(
            "ReplicationGroupNotFoundFault", lambda call=call: call(ReplicationGroupId=name)
        )


@check("CreateReplicationGroup refuses an id that is taken")
def _(it):
    name = group(it)
    refuses(
        "ReplicationGroupAlreadyExists",
        lambda: it.elasticache.create_replication_group(
            ReplicationGroupId=name, ReplicationGroupDescription="x"
        ),
    )
    changed = it.elasticache.modify_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="y", ApplyImmediately=True
    )
    equal(changed["ReplicationGroup"]["Description"], "y", "the description")


@check("DeleteCacheCluster refuses a member of a replication group")
def _(it):
    name = group(it)
    member = it.elasticache.describe_cache_clusters(CacheClusterId=f"{name}-001")
    equal(member["CacheClusters"][0]["ReplicationGroupId"], name, "the group")
    refuses(
        "InvalidCacheClusterState",
        lambda: it.elasticache.delete_cache_cluster(CacheClusterId=f"{name}-001"),
    )


@check("A cache cluster of its own is made and deleted")
def _(it):
    name = it.name("cluster")
    make = lambda: it.elasticache.create_cache_cluster(  # noqa: E731
        CacheClusterId=name, Engine="redis", CacheNodeType="cache.t4g.micro", NumCacheNodes=1
    )
    make()
    refuses("CacheClusterAlreadyExists", make)
    seen = lambda: it.elasticache.describe_cache_clusters(CacheClusterId=name)  # noqa: E731
    it.wait(
        "the cluster", lambda: seen()["CacheClusters"][0]["CacheClusterStatus"] == "available"
    )
    deleted = it.elasticache.delete_cache_cluster(CacheClusterId=name)["CacheCluster"]
    equal(deleted["CacheClusterStatus"], "deleting", "the status")
    refuses("CacheClusterNotFound", lambda: it.elasticache.describe_cache_clusters(CacheClusterId="no"))


@check("A serverless cache is made and deleted")
def _(it):
    name = it.name("serverless")
    it.elasticache.create_serverless_cache(ServerlessCacheName=name, Engine="valkey")
    refuses(
        "ServerlessCacheAlreadyExistsFault",
        lambda: it.elasticache.create_serverless_cache(ServerlessCacheName=name, Engine="valkey"),
    )
    seen = lambda: it.elasticache.describe_serverless_caches(  # noqa: E731
        ServerlessCacheName=name
    )["ServerlessCaches"][0]["Status"]
    it.wait("the cache", lambda: seen() == "available")
    it.elasticache.delete_serverless_cache(ServerlessCacheName=name)
    equal(seen(), "deleting", "the status")
    for call in (
        it.elasticache.describe_serverless_caches,
        it.elasticache.delete_serverless_cache,
    ):
        refuses(
            "ServerlessCacheNotFoundFault", lambda call=call: call(ServerlessCacheName="nothing")
        )


@check("Parameter and subnet groups stay while a replication group uses them")
def _(it):
    name, ec = it.name("needs"), it.elasticache
    parameters = {"CacheParameterGroupName": name}
    subnets = {"CacheSubnetGroupName": name}
    make_parameters = lambda: ec.create_cache_parameter_group(  # noqa: E731
        **parameters, CacheParameterGroupFamily="redis7", Description="x"
    )
    make_subnets = lambda: ec.create_cache_subnet_group(  # noqa: E731
        **subnets, CacheSubnetGroupDescription="x", SubnetIds=it.subnets
    )
    make_parameters()
    make_subnets()
    refuses("CacheParameterGroupAlreadyExists", make_parameters)
    refuses("CacheSubnetGroupAlreadyExists", make_subnets)
    cache = group(it, **parameters, **subnets)
    refuses(
        "InvalidCacheParameterGroupState", lambda: ec.delete_cache_parameter_group(**parameters)
    )
    refuses("CacheSubnetGroupInUse", lambda: ec.delete_cache_subnet_group(**subnets))
    ec.delete_replication_group(ReplicationGroupId=cache)
    it.wait("the end of the replication group", lambda: gone(it, cache))
    ec.describe_cache_parameter_groups(**parameters)
    ec.describe_cache_subnet_groups(**subnets)
    ec.delete_cache_parameter_group(**parameters)
    ec.delete_cache_subnet_group(**subnets)
    refuses("CacheParameterGroupNotFound", lambda: ec.describe_cache_parameter_groups(**parameters))
    refuses("CacheSubnetGroupNotFoundFault", lambda: ec.describe_cache_subnet_groups(**subnets))


@check("The tags of a replication group are refused while it is being deleted")
def _(it):
    name, ec = group(it), it.elasticache
    arn = f"arn:aws:elasticache:eu-west-2:123456789012:replicationgroup:{name}"
    tags = [{"Key": "github-pr", "Value": "12"}]
    ec.add_tags_to_resource(ResourceName=arn, Tags=tags)
    equal(ec.list_tags_for_resource(ResourceName=arn)["TagList"], tags, "the tags")
    ec.remove_tags_from_resource(ResourceName=arn, TagKeys=["github-pr"])
    equal(ec.list_tags_for_resource(ResourceName=arn)["TagList"], [], "the tags that are left")
    ec.delete_replication_group(ReplicationGroupId=name)
    for call in (
        lambda: ec.list_tags_for_resource(ResourceName=arn),
        lambda: ec.add_tags_to_resource(ResourceName=arn, Tags=tags),
        lambda: ec.remove_tags_from_resource(ResourceName=arn, TagKeys=["x"]),
    ):
        refuses("InvalidReplicationGroupState", call)
