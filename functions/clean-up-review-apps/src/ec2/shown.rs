//! What EC2 shows, as resources.

use aws_sdk_ec2::types::{
    Instance, InstanceStateName, IpPermission, SecurityGroup, Tag, UserIdGroupPair,
};

use crate::kind::Kind;
use crate::resource::{Key, Readiness, Resource};

/// By this tag Auto Scaling marks its instances.
const AUTO_SCALING: &str = "aws:autoscaling:groupName";

/// An instance, unless it is terminated. EC2 doesn't tell ARNs of instances.
pub(super) fn instance(it: &Instance, region: &str, owner: &str) -> Option<Resource> {
    let id = it.instance_id()?;
    let state = it.state().and_then(|it| it.name());
    if state == Some(&InstanceStateName::Terminated) {
        return None;
    }
    let tags = pairs(it.tags());
    let of = |key: &str| tags.iter().find(|(it, _)| it == key).map(|(_, value)| value.clone());
    let readiness = match of(AUTO_SCALING) {
        _ if state == Some(&InstanceStateName::ShuttingDown) => {
            Readiness::Leaving("shutting down".to_owned())
        }
        Some(group) => Readiness::Kept(format!(
            "it belongs to the Auto Scaling group {group}, which would start another"
        )),
        None => Readiness::Ready,
    };
    let resource = Resource::new(Key::new(Kind::Instance, id), of("Name").unwrap_or_default())
        .arn(arn(region, owner, "instance", id))
        .born(it.launch_time().map(|it| it.secs()))
        .readiness(readiness);
    let at_work = state == Some(&InstanceStateName::Running);
    Some(Resource { at_work, ..resource.tags(tags) })
}

/// A security group.
pub(super) fn group(it: &SecurityGroup, region: &str) -> Option<Resource> {
    let id = it.group_id()?;
    let name = it.group_name().unwrap_or_default();
    let built = || arn(region, it.owner_id().unwrap_or_default(), "security-group", id);
    let readiness = match name {
        "default" => Readiness::Kept("it is the default group of its VPC".to_owned()),
        _ => Readiness::Ready,
    };
    let resource = Resource::new(Key::new(Kind::SecurityGroup, id), name)
        .arn(it.security_group_arn().map_or_else(built, str::to_owned))
        .tags(pairs(it.tags()))
        .readiness(readiness);
    Some(resource)
}

/// Of these rules, what is about other groups, as EC2 wants it for a revocation.
pub(super) fn about_others(own: &str, rules: &[IpPermission]) -> Vec<IpPermission> {
    let others = |rule: &IpPermission| -> Vec<UserIdGroupPair> {
        let pairs = rule.user_id_group_pairs().iter();
        pairs.filter(|it| it.group_id().is_some_and(|it| it != own)).map(pair).collect()
    };
    let rules = rules.iter().map(|rule| (rule, others(rule)));
    rules
        .filter(|(_, others)| !others.is_empty())
        .map(|(rule, others)| only(rule, others))
        .collect()
}

fn only(rule: &IpPermission, others: Vec<UserIdGroupPair>) -> IpPermission {
    IpPermission::builder()
        .set_ip_protocol(rule.ip_protocol().map(str::to_owned))
        .set_from_port(rule.from_port())
        .set_to_port(rule.to_port())
        .set_user_id_group_pairs(Some(others))
        .build()
}

fn pair(it: &UserIdGroupPair) -> UserIdGroupPair {
    UserIdGroupPair::builder()
        .set_group_id(it.group_id().map(str::to_owned))
        .set_user_id(it.user_id().map(str::to_owned))
        .build()
}

/// Whether an ARN is EC2's.
pub(super) fn is_of_ec2(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("ec2")
}

fn arn(region: &str, account: &str, what: &str, id: &str) -> String {
    let partition = match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:ec2:{region}:{account}:{what}/{id}")
}

fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    tags.iter().map(|it| (text(it.key()), text(it.value()))).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceState, IpRange};

    use super::*;

    fn running() -> aws_sdk_ec2::types::builders::InstanceBuilder {
        let running = InstanceState::builder().name(InstanceStateName::Running).build();
        Instance::builder().instance_id("i-1").state(running)
    }

    fn tag(key: &str, value: &str) -> Tag {
        Tag::builder().key(key).value(value).build()
    }

    #[test]
    fn an_instance_is_called_what_its_tag_says() {
        let shown = running().tags(tag("Name", "core-review-12-app")).build();
        let shown = instance(&shown, "cn-north-1", "123456789012").unwrap();
        assert_eq!(shown.name, "core-review-12-app");
        assert_eq!(shown.arn.unwrap(), "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1");
        assert_eq!(shown.readiness, Readiness::Ready);
        assert_eq!(instance(&running().build(), "eu-west-2", "123456789012").unwrap().name, "");
    }

    #[test]
    fn what_would_be_started_again_is_kept() {
        let shown = running().tags(tag(AUTO_SCALING, "web")).build();
        let Readiness::Kept(why) = instance(&shown, "eu-west-2", "1").unwrap().readiness else {
            panic!("it isn't kept")
        };
        assert_eq!(why, "it belongs to the Auto Scaling group web, which would start another");
    }

    #[test]
    fn terminated_instances_are_gone() {
        let state = |it| InstanceState::builder().name(it).build();
        let shown = running().state(state(InstanceStateName::Terminated)).build();
        assert_eq!(instance(&shown, "eu-west-2", "1"), None);
        let shown = running().state(state(InstanceStateName::ShuttingDown)).build();
        let readiness = instance(&shown, "eu-west-2", "1").unwrap().readiness;
        assert_eq!(readiness, Readiness::Leaving("shutting down".to_owned()));
    }

    #[test]
    fn the_default_group_of_a_network_is_kept() {
        let shown = SecurityGroup::builder().group_id("sg-1").group_name("default").build();
        let kept = Readiness::Kept("it is the default group of its VPC".to_owned());
        assert_eq!(group(&shown, "eu-west-2").unwrap().readiness, kept);
    }

    #[test]
    fn only_rules_about_others_are_revoked() {
        let of = |id: &str| UserIdGroupPair::builder().group_id(id).description("why").build();
        let rule = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(6379)
            .to_port(6379)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build());
        let rules = [
            rule.clone().user_id_group_pairs(of("sg-1")).user_id_group_pairs(of("sg-2")).build(),
            rule.clone().user_id_group_pairs(of("sg-1")).build(),
            rule.build(),
        ];
        let expected = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(6379)
            .to_port(6379)
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-2").build())
            .build();
        assert_eq!(about_others("sg-1", &rules), [expected]);
    }

    #[test]
    fn arns_of_other_services_are_none_of_ours() {
        assert!(is_of_ec2("arn:aws:ec2:eu-west-2:123456789012:instance/i-1"));
        assert!(!is_of_ec2("arn:aws:connect:eu-west-2:123456789012:instance/i-1"));
    }
}
