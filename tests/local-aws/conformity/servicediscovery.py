"""AWS Cloud Map."""

from .account import check, equal, pages, refuses


def namespace(it, kind="http", **more):
    """A fresh namespace's id."""
    cloud_map, name = it.servicediscovery, it.name("space")
    if kind == "http":
        made = cloud_map.create_http_namespace(Name=name, **more)
    else:
        made = cloud_map.create_private_dns_namespace(Name=name, Vpc="vpc-0a1b2c3d", **more)

    def done():
        seen = cloud_map.get_operation(OperationId=made["OperationId"])["Operation"]
        return seen if seen["Status"] == "SUCCESS" else None

    return it.wait("the namespace", done)["Targets"]["NAMESPACE"]


def service(it, namespace_id, **more):
    """A fresh service, as CreateService answers it."""
    made = it.servicediscovery.create_service(
        Name=it.name("app"), NamespaceId=namespace_id, **more
    )
    return made["Service"]


@check("Namespaces are made once for each name and listed in pages")
def _(it):
    cloud_map = it.servicediscovery
    made = {namespace(it), namespace(it), namespace(it, "private")}
    listed = pages(cloud_map.list_namespaces, "Namespaces", "NextToken", MaxResults=2)
    seen = {one["Id"]: one for page in listed for one in page}
    equal(made - set(seen), set(), "the namespaces that are missing")
    name = seen[min(made)]["Name"]
    http, private = cloud_map.create_http_namespace, cloud_map.create_private_dns_namespace
    refuses("NamespaceAlreadyExists", lambda: http(Name=name))
    refuses("NamespaceAlreadyExists", lambda: private(Name=name, Vpc="vpc-0a1b2c3d"))


@check("ListNamespaces refuses a token it did not give, and GetOperation an unknown one")
def _(it):
    cloud_map = it.servicediscovery
    refuses("InvalidInput", lambda: cloud_map.list_namespaces(NextToken="nothing"))
    refuses("OperationNotFound", lambda: cloud_map.get_operation(OperationId="op-nothing"))


@check("CreateService refuses an unknown namespace and a name that is taken")
def _(it):
    space = namespace(it)
    name = service(it, space)["Name"]
    create = it.servicediscovery.create_service
    refuses("ServiceAlreadyExists", lambda: create(Name=name, NamespaceId=space))
    refuses("NamespaceNotFound", lambda: create(Name=name, NamespaceId="ns-nothing"))


@check("ListServices is by namespace, in pages")
def _(it):
    space = namespace(it)
    made = {service(it, space)["Id"] for _ in range(3)}
    service(it, namespace(it))
    filters = [{"Name": "NAMESPACE_ID", "Values": [space], "Condition": "EQ"}]
    cloud_map = it.servicediscovery
    listed = pages(
        cloud_map.list_services, "Services", "NextToken", Filters=filters, MaxResults=2
    )
    equal([len(page) for page in listed], [2, 1], "the pages")
    equal({one["Id"] for page in listed for one in page}, made, "the services")
    refuses("InvalidInput", lambda: cloud_map.list_services(NextToken="nothing"))


@check("DeleteService refuses a service with instances, and an unknown one")
def _(it):
    cloud_map = it.servicediscovery
    made = service(it, namespace(it))["Id"]
    place = {"ServiceId": made, "InstanceId": "task-1"}
    cloud_map.register_instance(**place, Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1"})
    equal(cloud_map.get_service(Id=made)["Service"]["InstanceCount"], 1, "the instances")
    refuses("ResourceInUse", lambda: cloud_map.delete_service(Id=made))
    cloud_map.deregister_instance(**place)
    cloud_map.delete_service(Id=made)
    refuses("ServiceNotFound", lambda: cloud_map.delete_service(Id=made))
    refuses("ServiceNotFound", lambda: cloud_map.get_service(Id=made))


@check("Instances are registered, listed in pages and deregistered once")
def _(it):
    cloud_map = it.servicediscovery
    made = service(it, namespace(it))["Id"]
    register, deregister = cloud_map.register_instance, cloud_map.deregister_instance
    attributes = {"AWS_INSTANCE_IPV4": "10.0.0.1"}
    for n in range(3):
        register(ServiceId=made, InstanceId=f"task-{n}", Attributes=attributes)
    listed = pages(
        cloud_map.list_instances, "Instances", "NextToken", ServiceId=made, MaxResults=2
    )
    equal([len(page) for page in listed], [2, 1], "the pages")
    equal(listed[0][0]["Attributes"], attributes, "the attributes")
    deregister(ServiceId=made, InstanceId="task-0")
    refuses("InstanceNotFound", lambda: deregister(ServiceId=made, InstanceId="task-0"))
    nowhere = "srv-nothing"
    refuses("ServiceNotFound", lambda: cloud_map.list_instances(ServiceId=nowhere))
    refuses(
        "ServiceNotFound",
        lambda: register(ServiceId=nowhere, InstanceId="a", Attributes=attributes),
    )


@check("Cloud Map's services are tagged")
def _(it):
    cloud_map = it.servicediscovery
    tags = [{"Key": "a", "Value": "1"}]
    arn = service(it, namespace(it), Tags=tags)["Arn"]
    cloud_map.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    seen = cloud_map.list_tags_for_resource(ResourceARN=arn)["Tags"]
    equal(sorted(one["Key"] for one in seen), ["a", "b"], "the keys")
    nowhere = arn[: arn.rindex("/")] + "/srv-nothing"
    code = "ResourceNotFoundException"
    refuses(code, lambda: cloud_map.list_tags_for_resource(ResourceARN=nowhere))
    refuses(code, lambda: cloud_map.tag_resource(ResourceARN=nowhere, Tags=tags))
