"""Elastic Load Balancing."""

from .account import check, equal, expect, refuses


def target_group(it):
    """A fresh target group's ARN."""
    made = it.elbv2.create_target_group(Name=it.name("tg"), Protocol="HTTP", Port=80, VpcId=it.vpc)
    return made["TargetGroups"][0]["TargetGroupArn"]


def balancer(it):
    """A fresh load balancer's ARN."""
    made = it.elbv2.create_load_balancer(Name=it.name("lb"), Subnets=it.subnets)
    return made["LoadBalancers"][0]["LoadBalancerArn"]


def listener(it, load_balancer):
    """A fresh listener's ARN, and the target group it forwards to."""
    group = target_group(it)
    made = it.elbv2.create_listener(
        LoadBalancerArn=load_balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return made["Listeners"][0]["ListenerArn"], group


def rule(it, listener_arn, priority, *groups):
    """A fresh rule's ARN."""
    weighted = [{"TargetGroupArn": group, "Weight": 1} for group in groups]
    made = it.elbv2.create_rule(
        ListenerArn=listener_arn,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "Values": [f"/{priority}/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}],
    )
    return made["Rules"][0]["RuleArn"]


@check("Load balancers and listeners are made, described and deleted together")
def _(it):
    arn = balancer(it)
    described = it.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    equal([b["LoadBalancerArn"] for b in described], [arn], "the load balancers")
    listener_arn, group = listener(it, arn)
    described = it.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    equal([one["ListenerArn"] for one in described], [listener_arn], "the listeners")
    refuses(
        "DuplicateListener",
        lambda: it.elbv2.create_listener(
            LoadBalancerArn=arn,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        ),
    )
    it.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    refuses(
        "LoadBalancerNotFound",
        lambda: it.elbv2.describe_load_balancers(LoadBalancerArns=[arn]),
    )
    refuses("ListenerNotFound", lambda: it.elbv2.describe_listeners(ListenerArns=[listener_arn]))
    it.elbv2.delete_target_group(TargetGroupArn=group)


@check("CreateLoadBalancer and DeleteLoadBalancer refuse what is no name and no ARN")
def _(it):
    refuses(
        "ValidationError|InvalidConfigurationRequest",
        lambda: it.elbv2.create_load_balancer(Name="-x", Subnets=it.subnets),
    )
    refuses("ValidationError", lambda: it.elbv2.delete_load_balancer(LoadBalancerArn="nothing"))


@check("Rules are described by priority, with the default one as the last")
def _(it):
    arn, group = listener(it, balancer(it))
    rule(it, arn, 20, group)
    third = rule(it, arn, 3, group, target_group(it))
    described = it.elbv2.describe_rules(ListenerArn=arn)["Rules"]
    equal([r["Priority"] for r in described], ["3", "20", "default"], "the priorities")
    expect(described[2]["IsDefault"], "the last one is not the default rule")
    refuses("PriorityInUse", lambda: rule(it, arn, 20, group))
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    changed = it.elbv2.modify_rule(RuleArn=third, Actions=actions)["Rules"][0]
    equal(changed["Actions"][0]["TargetGroupArn"], group, "the changed action")
    found = it.elbv2.get_paginator("describe_rules").paginate(
        ListenerArn=arn, PaginationConfig={"PageSize": 2}
    )
    equal([len(page["Rules"]) for page in found], [2, 1], "the sizes of the pages")


@check("DeleteRule refuses the default rule and one that is gone")
def _(it):
    arn, group = listener(it, balancer(it))
    default = it.elbv2.describe_rules(ListenerArn=arn)["Rules"][0]["RuleArn"]
    refuses("OperationNotPermitted", lambda: it.elbv2.delete_rule(RuleArn=default))
    gone = rule(it, arn, 1, group)
    it.elbv2.delete_rule(RuleArn=gone)
    refuses("RuleNotFound", lambda: it.elbv2.describe_rules(RuleArns=[gone]))
    refuses("RuleNotFound", lambda: it.elbv2.modify_rule(RuleArn=gone, Conditions=[]))
    refuses("RuleNotFound", lambda: it.elbv2.delete_rule(RuleArn=gone))


@check("DeleteTargetGroup refuses a group that a rule uses, and does not mind one that is gone")
def _(it):
    arn, group = listener(it, balancer(it))
    other = target_group(it)
    used = rule(it, arn, 1, group, other)
    refuses("ResourceInUse", lambda: it.elbv2.delete_target_group(TargetGroupArn=other))
    it.elbv2.delete_rule(RuleArn=used)
    it.elbv2.delete_target_group(TargetGroupArn=other)
    it.elbv2.delete_target_group(TargetGroupArn=other)


@check("DescribeTargetGroups names the load balancers and refuses a group that is gone")
def _(it):
    arn = balancer(it)
    _, group = listener(it, arn)
    described = it.elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]
    equal(described[0]["LoadBalancerArns"], [arn], "the load balancers")
    health = it.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    equal(health, [], "the targets")
    gone = target_group(it)
    it.elbv2.delete_target_group(TargetGroupArn=gone)
    for call in (
        lambda: it.elbv2.describe_target_groups(TargetGroupArns=[group, gone]),
        lambda: it.elbv2.describe_target_health(TargetGroupArn=gone),
    ):
        refuses("TargetGroupNotFound", call)


@check("CreateTargetGroup refuses the name of another group with other settings")
def _(it):
    name = it.name("tg")
    make = it.elbv2.create_target_group
    first = make(Name=name, Protocol="HTTP", Port=80, VpcId=it.vpc)["TargetGroups"][0]
    again = make(Name=name, Protocol="HTTP", Port=80, VpcId=it.vpc)["TargetGroups"][0]
    equal(again["TargetGroupArn"], first["TargetGroupArn"], "the second ARN")
    refuses(
        "DuplicateTargetGroupName",
        lambda: make(Name=name, Protocol="HTTP", Port=81, VpcId=it.vpc),
    )


@check("DescribeTags fails for all resources if one of them is gone")
def _(it):
    arn, group = listener(it, balancer(it))
    gone = rule(it, arn, 1, group)
    tags = [{"Key": "github-pr", "Value": "12"}]
    it.elbv2.add_tags(ResourceArns=[gone, group], Tags=tags)
    seen = it.elbv2.describe_tags(ResourceArns=[gone, group])["TagDescriptions"]
    equal([one["Tags"] for one in seen], [tags, tags], "the tags")
    it.elbv2.remove_tags(ResourceArns=[group], TagKeys=["github-pr"])
    seen = it.elbv2.describe_tags(ResourceArns=[group])["TagDescriptions"]
    equal(seen[0]["Tags"], [], "the tags that are left")
    it.elbv2.delete_rule(RuleArn=gone)
    for call in (
        lambda: it.elbv2.describe_tags(ResourceArns=[group, gone]),
        lambda: it.elbv2.add_tags(ResourceArns=[gone], Tags=tags),
        lambda: it.elbv2.remove_tags(ResourceArns=[gone], TagKeys=["x"]),
    ):
        refuses("RuleNotFound", call)
