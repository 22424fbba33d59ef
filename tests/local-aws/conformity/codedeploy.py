"""CodeDeploy: applications, deployment groups, revisions."""

import hashlib
import json

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses
from .ecs import cluster
from .services import service

ROLE = f"arn:aws:iam::{ACCOUNT}:role/codedeploy"


def application(it):
    """A fresh application for ECS."""
    name = it.name("application")
    it.codedeploy.create_application(applicationName=name, computePlatform="ECS")
    return name


def group(it, application_name, home=None, service_name=None, **more):
    """A fresh deployment group for a CODE_DEPLOY service."""
    home = home or cluster(it)
    name = it.name("group")
    target = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/a/0123/4567"
    it.codedeploy.create_deployment_group(
        applicationName=application_name,
        deploymentGroupName=name,
        serviceRoleArn=ROLE,
        deploymentStyle={
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
        blueGreenDeploymentConfiguration={
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": 0,
            },
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
        },
        loadBalancerInfo={
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [{"name": "blue"}, {"name": "green"}],
                    "prodTrafficRoute": {"listenerArns": [target]},
                }
            ]
        },
        ecsServices=[
            {
                "clusterName": home,
                "serviceName": service_name or service(it, home, "CODE_DEPLOY"),
            }
        ],
        **more,
    )
    return name


def appspec(definition, hooks=()):
    """An AppSpec as JSON: what to run, and which function to ask when."""
    return json.dumps(
        {
            "version": 0.0,
            "Resources": [
                {
                    "TargetService": {
                        "Type": "AWS::ECS::Service",
                        "Properties": {
                            "TaskDefinition": definition,
                            "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
                        },
                    }
                }
            ],
            "Hooks": [{event: function} for event, function in hooks],
        }
    )


def revision(content):
    """A revision that is its AppSpec."""
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def sha256(content):
    """What CodeDeploy knows a text by."""
    return hashlib.sha256(content.encode()).hexdigest()


@check("CreateApplication makes an application for ECS, once")
def _(it):
    name = application(it)
    seen = it.codedeploy.get_application(applicationName=name)["application"]
    equal(seen["applicationName"], name, "the name")
    equal(seen["computePlatform"], "ECS", "the platform")
    refuses(
        "ApplicationAlreadyExistsException",
        lambda: it.codedeploy.create_application(applicationName=name, computePlatform="ECS"),
    )


@check("CreateApplication refuses a bad name and an unknown platform")
def _(it):
    create = it.codedeploy.create_application
    refuses(
        "InvalidApplicationNameException",
        lambda: create(applicationName="a b", computePlatform="ECS"),
    )
    refuses(
        "InvalidComputePlatformException",
        lambda: create(applicationName=it.name("a"), computePlatform="Mainframe"),
    )


@check("GetApplication refuses an unknown application and none")
def _(it):
    get = it.codedeploy.get_application
    refuses("ApplicationDoesNotExistException", lambda: get(applicationName="nothing"))
    refuses("ApplicationNameRequiredException", lambda: get())


@check("ListApplications names every application")
def _(it):
    made = {application(it) for _ in range(2)}
    found = pages(it.codedeploy.list_applications, "applications")
    expect(made <= {name for page in found for name in page}, "an application is missing")
    refuses(
        "InvalidNextTokenException",
        lambda: it.codedeploy.list_applications(nextToken="not-a-token"),
    )


@check("DeleteApplication takes its deployment groups along")
def _(it):
    name = application(it)
    group(it, name)
    it.codedeploy.delete_application(applicationName=name)
    refuses(
        "ApplicationDoesNotExistException",
        lambda: it.codedeploy.get_application(applicationName=name),
    )
    refuses("ApplicationNameRequiredException", lambda: it.codedeploy.delete_application())


@check("CreateDeploymentGroup keeps its service, rollback and triggers")
def _(it):
    app, home = application(it), cluster(it)
    web = service(it, home, "CODE_DEPLOY")
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    triggers = [
        {
            "triggerName": "failed",
            "triggerTargetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
            "triggerEvents": ["DeploymentFailure"],
        }
    ]
    name = group(
        it, app, home, web, autoRollbackConfiguration=rollback, triggerConfigurations=triggers
    )
    seen = it.codedeploy.get_deployment_group(applicationName=app, deploymentGroupName=name)
    seen = seen["deploymentGroupInfo"]
    equal(seen["ecsServices"], [{"clusterName": home, "serviceName": web}], "the services")
    equal(seen["deploymentConfigName"], "CodeDeployDefault.ECSAllAtOnce", "the configuration")
    equal(seen["autoRollbackConfiguration"], rollback, "the rollback")
    equal(seen["triggerConfigurations"], triggers, "the triggers")
    equal(seen["computePlatform"], "ECS", "the platform")


@check("BatchGetDeploymentGroups describes those that are there")
def _(it):
    app = application(it)
    name = group(it, app)
    several = it.codedeploy.batch_get_deployment_groups
    seen = several(applicationName=app, deploymentGroupNames=[name, "missing"])
    equal([g["deploymentGroupName"] for g in seen["deploymentGroupsInfo"]], [name], "the groups")
    expect("missing" in seen["errorMessage"], "the missing one is not told")
    refuses(
        "ApplicationDoesNotExistException",
        lambda: several(applicationName=it.name("none"), deploymentGroupNames=[name]),
    )


@check("CreateDeploymentGroup refuses what is unknown, twice or without role")
def _(it):
    app = application(it)
    name = group(it, app)
    create = it.codedeploy.create_deployment_group
    refuses(
        "ApplicationDoesNotExistException",
        lambda: create(applicationName="nothing", deploymentGroupName="g", serviceRoleArn=ROLE),
    )
    refuses(
        "DeploymentGroupAlreadyExistsException",
        lambda: create(applicationName=app, deploymentGroupName=name, serviceRoleArn=ROLE),
    )
    refuses(
        "RoleRequiredException",
        lambda: create(applicationName=app, deploymentGroupName=it.name("group")),
    )


@check("GetDeploymentGroup refuses an unknown group")
def _(it):
    app = application(it)
    refuses(
        "DeploymentGroupDoesNotExistException",
        lambda: it.codedeploy.get_deployment_group(
            applicationName=app, deploymentGroupName="nothing"
        ),
    )


@check("ListDeploymentGroups names the groups of an application")
def _(it):
    app = application(it)
    made = {group(it, app) for _ in range(2)}
    found = pages(it.codedeploy.list_deployment_groups, "deploymentGroups", applicationName=app)
    equal({name for page in found for name in page}, made, "the groups")
    refuses(
        "ApplicationDoesNotExistException",
        lambda: it.codedeploy.list_deployment_groups(applicationName="nothing"),
    )


@check("UpdateDeploymentGroup changes what it is given, and the name")
def _(it):
    app = application(it)
    name, newer = group(it, app), it.name("renamed")
    it.codedeploy.update_deployment_group(
        applicationName=app,
        currentDeploymentGroupName=name,
        newDeploymentGroupName=newer,
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_STOP_ON_REQUEST"]},
    )
    seen = it.codedeploy.get_deployment_group(applicationName=app, deploymentGroupName=newer)
    seen = seen["deploymentGroupInfo"]
    equal(seen["autoRollbackConfiguration"]["events"], ["DEPLOYMENT_STOP_ON_REQUEST"])
    equal(len(seen["ecsServices"]), 1, "the number of services")
    refuses(
        "DeploymentGroupDoesNotExistException",
        lambda: it.codedeploy.update_deployment_group(
            applicationName=app, currentDeploymentGroupName=name
        ),
    )


@check("DeleteDeploymentGroup removes a group")
def _(it):
    app = application(it)
    name = group(it, app)
    it.codedeploy.delete_deployment_group(applicationName=app, deploymentGroupName=name)
    listed = it.codedeploy.list_deployment_groups(applicationName=app)["deploymentGroups"]
    equal(listed, [], "the groups")
    refuses(
        "DeploymentGroupNameRequiredException",
        lambda: it.codedeploy.delete_deployment_group(applicationName=app),
    )


@check("RegisterApplicationRevision makes a revision that can be read by its sha256")
def _(it):
    app, content = application(it), appspec(it.name("task"))
    it.codedeploy.register_application_revision(applicationName=app, revision=revision(content))
    asked = {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": sha256(content)}}
    answer = it.codedeploy.get_application_revision(applicationName=app, revision=asked)
    equal(answer["revision"]["appSpecContent"]["content"], content, "the content")


@check("RegisterApplicationRevision refuses an unknown application and no revision")
def _(it):
    register = it.codedeploy.register_application_revision
    refuses(
        "ApplicationDoesNotExistException",
        lambda: register(applicationName="nothing", revision=revision("x")),
    )
    refuses("RevisionRequiredException", lambda: register(applicationName=application(it)))


@check("GetApplicationRevision refuses a revision nobody registered")
def _(it):
    app = application(it)
    asked = {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "0" * 64}}
    refuses(
        "RevisionDoesNotExistException",
        lambda: it.codedeploy.get_application_revision(applicationName=app, revision=asked),
    )


@check("GetApplicationRevision gives back the place of an S3 revision")
def _(it):
    app = application(it)
    place = {"bucket": "revisions", "key": "a/appspec.yaml", "bundleType": "YAML"}
    asked = {"revisionType": "S3", "s3Location": place}
    it.codedeploy.register_application_revision(applicationName=app, revision=asked)
    answer = it.codedeploy.get_application_revision(applicationName=app, revision=asked)
    seen = answer["revision"]["s3Location"]
    equal({member: seen.get(member) for member in place}, place, "the place")


@check("Applications are tagged until they are gone")
def _(it):
    name, one, two = it.name("app"), {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}
    it.codedeploy.create_application(applicationName=name, computePlatform="ECS", tags=[one])
    arn = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:{name}"
    it.codedeploy.tag_resource(ResourceArn=arn, Tags=[two])
    seen = it.codedeploy.list_tags_for_resource(ResourceArn=arn)["Tags"]
    equal(sorted(one["Key"] for one in seen), ["a", "b"], "the keys")
    it.codedeploy.delete_application(applicationName=name)
    code = "InvalidArnException|ApplicationDoesNotExistException"
    refuses(code, lambda: it.codedeploy.list_tags_for_resource(ResourceArn=arn))
    refuses(code, lambda: it.codedeploy.tag_resource(ResourceArn=arn, Tags=[two]))
