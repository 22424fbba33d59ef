//! What Elastic Load Balancing describes, as far as it matters for a removal.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, Listener, ProtocolEnum, Rule, TagDescription, TargetGroup,
};

use crate::kind::Kind;
use crate::resource::{Key, Readiness, Resource, Tags};

/// A target group, without its tags.
pub(super) fn group(it: &TargetGroup) -> Option<Resource> {
    let arn = it.target_group_arn()?;
    let key = Key::new(Kind::TargetGroup, arn);
    Some(Resource::new(key, it.target_group_name()?).arn(arn))
}

/// A rule, without its tags. It has no name: it is whose the target groups are that it forwards to.
pub(super) fn rule(it: &Rule) -> Option<Resource> {
    let arn = it.rule_arn()?;
    let readiness = match it.is_default() {
        Some(true) => Readiness::Kept("it is the listener's default rule".to_owned()),
        _ => Readiness::Ready,
    };
    let targets = targets(it.actions()).into_iter().map(|it| Key::new(Kind::TargetGroup, it));
    let resource = Resource::new(Key::new(Kind::ListenerRule, arn), "").arn(arn);
    Some(resource.readiness(readiness).part_of(targets))
}

/// The target groups that actions forward to, also those that get no share at the moment.
pub(super) fn targets(actions: &[Action]) -> BTreeSet<&str> {
    let weighted = actions.iter().filter_map(|it| it.forward_config());
    let weighted = weighted.flat_map(|it| it.target_groups()).map(|it| it.target_group_arn());
    let single = actions.iter().map(|it| it.target_group_arn());
    single.chain(weighted).flatten().collect()
}

/// The listener whose default action forwards to a target group.
pub(super) fn default_of(key: &Key, listeners: &[Listener]) -> Option<String> {
    let default = |it: &&Listener| targets(it.default_actions()).contains(key.id.as_str());
    listeners.iter().find(default).map(listener)
}

/// A listener as people call it. Its load balancer's ARN ends with `loadbalancer/app/NAME/ID`.
fn listener(it: &Listener) -> String {
    let protocol = it.protocol().map_or("?", ProtocolEnum::as_str);
    let port = it.port().unwrap_or_default();
    let balancer = it.load_balancer_arn().and_then(|it| it.rsplit('/').nth(1));
    format!("listener {protocol}:{port} of {}", balancer.unwrap_or("its load balancer"))
}

/// Whose tags, and which.
pub(super) fn tags(it: TagDescription) -> Option<(String, Tags)> {
    let tags = it.tags.unwrap_or_default().into_iter();
    let tags = tags.filter_map(|it| Some((it.key?, it.value.unwrap_or_default()))).collect();
    Some((it.resource_arn?, tags))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::builders::ActionBuilder;
    use aws_sdk_elasticloadbalancingv2::types::{
        ActionTypeEnum, ForwardActionConfig, TargetGroupTuple,
    };

    use super::*;

    fn forward() -> ActionBuilder {
        Action::builder().r#type(ActionTypeEnum::Forward)
    }

    fn weighted(groups: &[&str]) -> Action {
        let tuple = |it: &&str| TargetGroupTuple::builder().target_group_arn(*it).weight(0).build();
        let config = ForwardActionConfig::builder();
        let config = config.set_target_groups(Some(groups.iter().map(tuple).collect()));
        forward().forward_config(config.build()).build()
    }

    #[test]
    fn a_rule_is_a_part_of_all_that_it_forwards_to() {
        let it = Rule::builder()
            .rule_arn("rule")
            .actions(forward().target_group_arn("b").build())
            .actions(weighted(&["b", "a"]))
            .build();
        let it = rule(&it).unwrap();
        assert_eq!(it.readiness, Readiness::Ready);
        assert_eq!(it.part_of.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_default_rule_stays() {
        let it = rule(&Rule::builder().rule_arn("rule").is_default(true).build()).unwrap();
        assert_eq!(it.readiness, Readiness::Kept("it is the listener's default rule".to_owned()));
    }

    #[test]
    fn the_default_of_a_listener_is_named_by_it() {
        let listener = Listener::builder()
            .load_balancer_arn(
                "arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/app/shared/50dc",
            )
            .protocol(ProtocolEnum::Https)
            .port(443)
            .default_actions(weighted(&["a"]))
            .build();
        let named =
            |arn| default_of(&Key::new(Kind::TargetGroup, arn), std::slice::from_ref(&listener));
        assert_eq!(named("a").as_deref(), Some("listener HTTPS:443 of shared"));
        assert_eq!(named("b"), None);
    }
}
