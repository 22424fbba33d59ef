//! Which notices a route is for.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::notice::{Notice, Severity, Status};

/// Every member that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// This severity or a higher one.
    pub severity: Option<Named>,
    /// This severity or a lower one.
    pub max_severity: Option<Named>,
    /// One of these.
    pub status: Patterns,
    /// Who says it.
    pub source: Patterns,
    /// What it came as.
    pub kind: Patterns,
    /// The account it is about.
    pub account: Patterns,
    /// The region it is about.
    pub region: Patterns,
    /// The topic's name or ARN.
    pub topic: Patterns,
    /// The name of the thing it is about, or its title.
    pub name: Patterns,
    /// Message attributes.
    pub attributes: BTreeMap<String, Patterns>,
}

/// A severity by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named(pub Severity);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "info" => Ok(Self(Severity::Info)),
            "warning" => Ok(Self(Severity::Warning)),
            "error" => Ok(Self(Severity::Error)),
            "critical" => Ok(Self(Severity::Critical)),
            other => Err(D::Error::custom(format!(
                "`{other}` is no severity; there are info, warning, error, critical"
            ))),
        }
    }
}

/// Names with `*` for anything; none given fits all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            One(String),
            Number(u64),
            Several(Vec<String>),
        }
        Ok(match Given::deserialize(deserializer)? {
            Given::One(it) => Self(vec![it]),
            // An account that somebody has not quoted.
            Given::Number(it) => Self(vec![format!("{it:012}")]),
            Given::Several(all) if all.is_empty() => {
                return Err(D::Error::custom("an empty list fits nothing"));
            }
            Given::Several(all) => Self(all),
        })
    }
}

impl Patterns {
    fn fit(&self, text: Option<&str>) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| glob(pattern, text.unwrap_or_default()))
    }

    /// Whether everything that fits `other` fits this: for certain, where it can be told.
    fn covers(&self, other: &Self) -> bool {
        self.0.is_empty()
            || (!other.0.is_empty()
                && other.0.iter().all(|it| self.0.iter().any(|own| glob(own, it))))
    }
}

/// Whether `text` is what `pattern` says, `*` standing for any characters, upper and lower case alike.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

impl Matcher {
    /// Whether a notice fits.
    pub fn fits(&self, notice: &Notice) -> bool {
        let status = match notice.status {
            Status::Firing => "firing",
            Status::Resolved => "resolved",
            Status::Info => "info",
        };
        let topic = notice.topic.as_deref();
        let topic_name = topic.and_then(|it| it.rsplit(':').next());
        self.severity.is_none_or(|it| notice.severity >= it.0)
            && self.max_severity.is_none_or(|it| notice.severity <= it.0)
            && self.status.fit(Some(status))
            && self.source.fit(Some(&notice.source))
            && self.kind.fit(Some(&notice.kind))
            && self.account.fit(notice.account.as_deref())
            && self.region.fit(notice.region.as_deref())
            && (self.topic.fit(topic) || self.topic.fit(topic_name))
            && (self.name.fit(notice.resource.as_deref()) || self.name.fit(Some(&notice.title)))
            && self.attributes.iter().all(|(name, patterns)| {
                notice.attributes.get(name).is_some_and(|it| patterns.fit(Some(it)))
            })
    }

    /// Whether everything that fits `other` fits this, as far as can be told.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let least = |it: &Self| it.severity.map_or(Severity::Info, |it| it.0);
        let most = |it: &Self| it.max_severity.map_or(Severity::Critical, |it| it.0);
        least(self) <= least(other)
            && most(self) >= most(other)
            && self.status.covers(&other.status)
            && self.source.covers(&other.source)
            && self.kind.covers(&other.kind)
            && self.account.covers(&other.account)
            && self.region.covers(&other.region)
            && self.topic.covers(&other.topic)
            && self.name.covers(&other.name)
            && self.attributes.iter().all(|(name, patterns)| {
                other.attributes.get(name).is_some_and(|it| patterns.covers(it))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, fits) in [
            ("web", "web", true),
            ("web", "web-2", false),
            ("core-review-*", "core-review-12-app", true),
            ("core-review-*", "core-prod", false),
            ("*cpu*", "core-app-CPU-high", true),
            ("*", "", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("*b", "ab", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    fn matcher(yaml: &str) -> Matcher {
        yaml_serde::from_str(yaml).unwrap()
    }

    #[test]
    fn every_member_must_fit() {
        let notice = Notice {
            severity: Severity::Error,
            status: Status::Firing,
            source: "aws.cloudwatch".into(),
            kind: "cloudwatch.alarm".into(),
            account: Some("012345678901".into()),
            topic: Some("arn:aws:sns:eu-west-2:012345678901:alerts".into()),
            resource: Some("core-review-12-cpu".into()),
            attributes: [("team".to_owned(), "shop".to_owned())].into(),
            ..Notice::default()
        };
        let check =
            |yaml: &str, fits: bool| assert_eq!(matcher(yaml).fits(&notice), fits, "{yaml}");
        check("{}", true);
        check("{severity: warning}", true);
        check("{severity: critical}", false);
        check("{max_severity: error}", true);
        check("{max_severity: warning}", false);
        check("{status: [resolved, firing]}", true);
        check("{status: resolved}", false);
        check("{account: 12345678901}", true);
        check("{topic: alerts}", true);
        check("{topic: 'arn:aws:sns:*:alerts'}", true);
        check("{name: core-review-*, source: aws.*}", true);
        check("{attributes: {team: shop}}", true);
        check("{attributes: {team: web}}", false);
        check("{attributes: {other: '*'}}", false);
    }

    #[test]
    fn one_route_may_cover_another() {
        let check = |a: &str, b: &str, covers: bool| {
            assert_eq!(matcher(a).covers(&matcher(b)), covers, "{a} {b}");
        };
        check("{}", "{severity: error}", true);
        check("{severity: warning}", "{severity: error}", true);
        check("{severity: error}", "{severity: warning}", false);
        check("{severity: info}", "{}", true);
        check("{max_severity: warning}", "{max_severity: info}", true);
        check("{max_severity: warning}", "{}", false);
        check("{name: core-*}", "{name: core-review-*}", true);
        check("{name: core-review-*}", "{name: core-*}", false);
        check("{source: quayside}", "{}", false);
        check("{status: [firing, resolved]}", "{status: firing, name: x}", true);
    }
}
