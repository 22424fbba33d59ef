"""EC2."""

from .account import check, equal, expect, refuses


def instances(it, count=1, zone="eu-west-2a"):
    """The ids of fresh instances."""
    made = it.ec2.run_instances(
        ImageId=it.machine_image,
        MinCount=count,
        MaxCount=count,
        InstanceType="t3.micro",
        Placement={"AvailabilityZone": zone},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "environment", "Value": "preview"}]}
        ],
    )
    ids = [one["InstanceId"] for one in made["Instances"]]
    it.wait("the instances", lambda: set(states(it, ids)) == {"running"})
    return ids


def states(it, ids):
    """The states of instances."""
    found = it.ec2.describe_instances(InstanceIds=ids)["Reservations"]
    return [one["State"]["Name"] for r in found for one in r["Instances"]]


def group(it):
    """A fresh security group's id."""
    return it.ec2.create_security_group(GroupName=it.name("sg"), Description="x", VpcId=it.vpc)[
        "GroupId"
    ]


@check("A terminated instance stays listed, and can be terminated again")
def _(it):
    ids = instances(it)
    for _ in range(2):
        it.ec2.terminate_instances(InstanceIds=ids)
    it.wait("the end of the instance", lambda: states(it, ids) == ["terminated"])
    refuses("MissingParameter", lambda: it.ec2.run_instances(MinCount=1, MaxCount=1))


@check("TerminateInstances does nothing if one instance is unknown or written wrongly")
def _(it):
    ids = instances(it)
    for wrong, code in (("i-00000000000000000", "NotFound"), ("i-x", "Malformed")):
        refuses(
            f"InvalidInstanceID.{code}",
            lambda wrong=wrong: it.ec2.terminate_instances(InstanceIds=[*ids, wrong]),
        )
        refuses(
            f"InvalidInstanceID.{code}",
            lambda wrong=wrong: it.ec2.describe_instances(InstanceIds=[wrong]),
        )
    equal(states(it, ids), ["running"], "the states")


@check("A protected instance keeps its zone, and the others are terminated")
def _(it):
    a, b = instances(it, 2), instances(it, 1, "eu-west-2b")
    it.ec2.modify_instance_attribute(InstanceId=a[0], DisableApiTermination={"Value": True})
    seen = it.ec2.describe_instance_attribute(InstanceId=a[0], Attribute="disableApiTermination")
    expect(seen["DisableApiTermination"]["Value"], "the instance is not protected")
    refuses("OperationNotPermitted", lambda: it.ec2.terminate_instances(InstanceIds=a + b))
    equal(states(it, a), ["running", "running"], "the states in the zone")
    expect(states(it, b) != ["running"], "the instance in the other zone still runs")
    nothing = "i-00000000000000000"
    for call in (
        lambda: it.ec2.modify_instance_attribute(
            InstanceId=nothing, DisableApiTermination={"Value": True}
        ),
        lambda: it.ec2.describe_instance_attribute(
            InstanceId=nothing, Attribute="disableApiTermination"
        ),
    ):
        refuses("InvalidInstanceID.NotFound", call)


@check("Tags are put on instances, filtered by and taken off")
def _(it):
    ids, pr = instances(it), it.name("pr")
    it.ec2.create_tags(Resources=ids, Tags=[{"Key": "github-pr", "Value": pr}])
    filters = [{"Name": "tag:github-pr", "Values": [pr]}]
    found = it.ec2.describe_instances(Filters=filters)["Reservations"]
    equal([one["InstanceId"] for r in found for one in r["Instances"]], ids, "the instances")
    filters = [{"Name": "resource-id", "Values": ids}]
    seen = it.ec2.describe_tags(Filters=filters)["Tags"]
    equal({one["Key"] for one in seen}, {"environment", "github-pr"}, "the keys")
    it.ec2.delete_tags(Resources=ids, Tags=[{"Key": "github-pr"}])
    seen = it.ec2.describe_tags(Filters=filters)["Tags"]
    equal([one["Key"] for one in seen], ["environment"], "the keys that are left")
    refuses("MissingParameter", lambda: it.ec2.create_tags(Resources=ids))
    refuses("MissingParameter", lambda: it.ec2.delete_tags(Tags=[]))
    refuses("InvalidParameterValue", lambda: it.ec2.describe_tags(NextToken="not-a-token"))


@check("A security group that another one refers to cannot be deleted")
def _(it):
    app, cache = group(it), group(it)
    rule = [
        {
            "IpProtocol": "tcp",
            "FromPort": 6379,
            "ToPort": 6379,
            "UserIdGroupPairs": [{"GroupId": app}],
        }
    ]
    it.ec2.authorize_security_group_ingress(GroupId=cache, IpPermissions=rule)
    refuses(
        "InvalidPermission.Duplicate",
        lambda: it.ec2.authorize_security_group_ingress(GroupId=cache, IpPermissions=rule),
    )
    seen = it.ec2.describe_security_groups(GroupIds=[cache])["SecurityGroups"][0]
    pairs = seen["IpPermissions"][0]["UserIdGroupPairs"]
    equal([pair["GroupId"] for pair in pairs], [app], "the groups referred to")
    refuses("DependencyViolation", lambda: it.ec2.delete_security_group(GroupId=app))
    it.ec2.revoke_security_group_ingress(GroupId=cache, IpPermissions=rule)
    refuses(
        "InvalidPermission.NotFound",
        lambda: it.ec2.revoke_security_group_ingress(GroupId=cache, IpPermissions=rule),
    )
    it.ec2.delete_security_group(GroupId=app)
    for call in (it.ec2.delete_security_group, it.ec2.describe_security_groups):
        name = {"GroupId": app} if call == it.ec2.delete_security_group else {"GroupIds": [app]}
        refuses("InvalidGroup.NotFound", lambda call=call, name=name: call(**name))


@check("What a new security group lets out is authorized and revoked like what it lets in")
def _(it):
    one = group(it)
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    refuses(
        "InvalidPermission.Duplicate",
        lambda: it.ec2.authorize_security_group_egress(GroupId=one, IpPermissions=everything),
    )
    it.ec2.revoke_security_group_egress(GroupId=one, IpPermissions=everything)
    refuses(
        "InvalidPermission.NotFound",
        lambda: it.ec2.revoke_security_group_egress(GroupId=one, IpPermissions=everything),
    )
    it.ec2.authorize_security_group_egress(GroupId=one, IpPermissions=everything)


@check("A security group that an instance is in cannot be deleted")
def _(it):
    one = group(it)
    made = it.ec2.run_instances(
        ImageId=it.machine_image, MinCount=1, MaxCount=1, SecurityGroupIds=[one]
    )
    filters = [{"Name": "group-id", "Values": [one]}]
    seen = it.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    equal(len(seen), 1, "the number of interfaces")
    refuses("DependencyViolation", lambda: it.ec2.delete_security_group(GroupId=one))
    refuses(
        "InvalidNetworkInterfaceID.NotFound",
        lambda: it.ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-00000000000000000"]),
    )
    ids = [instance["InstanceId"] for instance in made["Instances"]]
    it.ec2.terminate_instances(InstanceIds=ids)
    it.wait("the end of the instance", lambda: states(it, ids) == ["terminated"])
    it.ec2.delete_security_group(GroupId=one)


@check("The default security group cannot be deleted, and no name comes twice")
def _(it):
    filters = [{"Name": "group-name", "Values": ["default"]}]
    default = it.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    refuses("CannotDelete", lambda: it.ec2.delete_security_group(GroupId=default))
    refuses(
        "InvalidGroup.Duplicate",
        lambda: it.ec2.create_security_group(GroupName="default", Description="x", VpcId=it.vpc),
    )


@check("Addresses are allocated, described and released")
def _(it):
    refuses("DryRunOperation", lambda: it.ec2.allocate_address(DryRun=True))
    one = it.ec2.allocate_address(Domain="vpc")["AllocationId"]
    equal(len(it.ec2.describe_addresses(AllocationIds=[one])["Addresses"]), 1, "the addresses")
    it.ec2.release_address(AllocationId=one)
    refuses("InvalidAllocationID.NotFound", lambda: it.ec2.release_address(AllocationId=one))
    refuses("InvalidAllocationID.NotFound", lambda: it.ec2.describe_addresses(AllocationIds=[one]))
