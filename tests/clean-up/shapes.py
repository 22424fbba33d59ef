"""The kinds that hold an app together, and those that it leaves behind."""

import json

from kinds import ROLE, every, lists, makes, tagged, upper

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@makes("discovery-service")
def _(it, name, tags):
    it.servicediscovery.create_service(Name=name, NamespaceId=it.namespace, Tags=upper(tags))
    return name


@lists("discovery-service")
def _(it):
    for one in every(it.servicediscovery, "list_services", "Services"):
        yield one["Name"], one["Id"]


@makes("deployment-group")
def _(it, name, tags):
    it.codedeploy.create_application(applicationName=name, computePlatform="ECS")
    it.codedeploy.create_deployment_group(
        applicationName=name,
        deploymentGroupName=name,
        serviceRoleArn=ROLE,
        deploymentStyle={
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
        blueGreenDeploymentConfiguration={
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE"},
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
        },
        loadBalancerInfo={
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [{"name": "everybody"}, {"name": name}],
                    "prodTrafficRoute": {"listenerArns": [it.listener]},
                }
            ]
        },
        ecsServices=[{"clusterName": name, "serviceName": name}],
        tags=upper(tags),
    )
    return name


@lists("deployment-group")
def _(it):
    for application in every(it.codedeploy, "list_applications", "applications"):
        asked = {"applicationName": application}
        for group in every(it.codedeploy, "list_deployment_groups", "deploymentGroups", **asked):
            yield group, application


@makes("cache-parameter-group")
def _(it, name, tags):
    it.elasticache.create_cache_parameter_group(
        CacheParameterGroupName=name,
        CacheParameterGroupFamily="redis7",
        Description="sessions",
        Tags=upper(tags),
    )
    return name


@lists("cache-parameter-group")
def _(it):
    pages = every(it.elasticache, "describe_cache_parameter_groups", "CacheParameterGroups")
    for one in pages:
        yield one["CacheParameterGroupName"], one["CacheParameterGroupFamily"]


@makes("cache-subnet-group")
def _(it, name, tags):
    it.elasticache.create_cache_subnet_group(
        CacheSubnetGroupName=name,
        CacheSubnetGroupDescription="sessions",
        SubnetIds=it.subnets,
        Tags=upper(tags),
    )
    return name


@lists("cache-subnet-group")
def _(it):
    for one in every(it.elasticache, "describe_cache_subnet_groups", "CacheSubnetGroups"):
        yield one["CacheSubnetGroupName"], one["VpcId"]


@makes("security-group")
def _(it, name, tags):
    made = it.ec2.create_security_group(
        GroupName=name,
        Description="a review app",
        VpcId=it.vpc,
        TagSpecifications=tagged("security-group", tags),
    )
    return made["GroupId"]


@lists("security-group")
def _(it):
    for one in every(it.ec2, "describe_security_groups", "SecurityGroups"):
        yield one["GroupId"], (one["GroupName"], one["IpPermissions"], one.get("Tags"))


@makes("log-group")
def _(it, name, tags):
    it.logs.create_log_group(logGroupName=f"/ecs/{name}", tags=tags)
    return f"/ecs/{name}"


@lists("log-group")
def _(it):
    for one in every(it.logs, "describe_log_groups", "logGroups"):
        yield one["logGroupName"], one["creationTime"]


@makes("parameter")
def _(it, name, tags):
    it.ssm.put_parameter(Name=f"/{name}", Value="x", Type="String", Tags=upper(tags))
    return f"/{name}"


@lists("parameter")
def _(it):
    for one in every(it.ssm, "describe_parameters", "Parameters"):
        yield one["Name"], one["Version"]


@makes("secret")
def _(it, name, tags):
    it.secrets.create_secret(Name=name, SecretString="x", Tags=upper(tags))
    return name


@lists("secret")
def _(it):
    for one in every(it.secrets, "list_secrets", "SecretList", IncludePlannedDeletion=True):
        yield one["Name"], one.get("Tags")


@makes("image")
def _(it, name, _):
    layer = {"mediaType": "application/octet-stream", "size": 1, "digest": f"sha256:{name}"}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": []}
    it.ecr.put_image(repositoryName="web", imageManifest=json.dumps(manifest), imageTag=name)
    return name


@lists("image")
def _(it):
    for one in every(it.ecr, "list_images", "imageIds", repositoryName="web"):
        yield one["imageTag"], one["imageDigest"]
