//! What a review app looks like in this account.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::Kind;
use crate::name::{Template, number};
use crate::resource::{Key, Resource, Tags};

/// The tag by which `CloudFormation` marks what a stack owns.
const STACK: &str = "aws:cloudformation:stack-id";

/// How review apps are recognised, and which resources are out of reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The account this run works in.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Tags that everything of a review app has; empty: tags say nothing.
    pub preview_tags: Tags,
    /// The tag that holds the pull request's number.
    pub pr_tag: String,
    /// A tag that names the repository, and the value it has to have where it is there.
    pub repository_tag: Option<(String, String)>,
    /// Names of review apps.
    pub templates: Vec<Template>,
    /// The tag that protects a whole app.
    pub protect_tag: String,
    /// The kinds that are looked after; no other is ever removed.
    pub kinds: BTreeSet<Kind>,
}

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The review app's of this pull request.
    Of(u32),
    /// Nothing says that it is a review app's.
    Nobodys,
    /// It says that it is something else.
    Foreign,
    /// It looks like a review app's, and something about it contradicts.
    Unclear(String),
}

/// Resources by their keys.
pub type Seen = BTreeMap<Key, Resource>;

impl Rules {
    /// Whose a resource is, by itself and by what it is a part of.
    pub fn claim(&self, it: &Resource, seen: &Seen) -> Claim {
        let own = self.own_claim(it);
        let parents: Vec<Option<Claim>> =
            it.part_of.iter().map(|key| seen.get(key).map(|it| self.claim(it, seen))).collect();
        let all_of = |n: u32| parents.iter().all(|it| *it == Some(Claim::Of(n)));
        match own {
            Claim::Of(n) if it.key.kind == Kind::ListenerRule && !all_of(n) => Claim::Unclear(
                format!("it also forwards to what isn't the review app of pull request {n}"),
            ),
            Claim::Of(n) => match parents.iter().flatten().find_map(|of| self.against(n, it, of)) {
                Some(why) => Claim::Unclear(why),
                None => Claim::Of(n),
            },
            Claim::Nobodys => match parents.first() {
                Some(Some(Claim::Of(n))) if all_of(*n) => Claim::Of(*n),
                _ => Claim::Nobodys,
            },
            other => other,
        }
    }

    /// What a part's own claim and that of the whole have against each other.
    fn against(&self, n: u32, it: &Resource, whole: &Claim) -> Option<String> {
        match whole {
            Claim::Of(m) if *m != n => {
                Some(format!("it says pull request {n}, and what it is a part of says {m}"))
            }
            Claim::Unclear(why) => Some(format!("what it is a part of is unclear: {why}")),
            // Services of many may share a cluster that is nobody's; a name alone says less than tags do.
            Claim::Foreign if !self.is_marked(it) => Some(format!(
                "its name says pull request {n}, and what it is a part of is something else"
            )),
            _ => None,
        }
    }

    fn is_marked(&self, it: &Resource) -> bool {
        !self.preview_tags.is_empty()
            && self.preview_tags.iter().all(|(key, value)| it.tags.get(key) == Some(value))
    }

    /// Whose a resource is by its own tags and name.
    fn own_claim(&self, it: &Resource) -> Claim {
        let tag = |key: &str| it.tags.get(key).map(String::as_str);
        if let Some((key, value)) = &self.repository_tag {
            match tag(key) {
                Some(it) if it == value => {}
                Some(_) => return Claim::Foreign,
                // In an account of several repositories a name or a number alone says nothing.
                None => return Claim::Nobodys,
            }
        }
        let named =
            self.templates.iter().find_map(|template| template.number(it.key.kind, &it.name));
        let marked = self.is_marked(it);
        let contradiction =
            self.preview_tags.iter().find(|(key, value)| tag(key).is_some_and(|it| it != *value));
        let pr = tag(&self.pr_tag).filter(|_| !self.preview_tags.is_empty());
        let tagged = pr.and_then(number);
        match (named, marked, contradiction) {
            (_, true, _) if tagged.is_none() => {
                let value = pr.map_or("missing".to_owned(), |it| format!("`{it}`"));
                Claim::Unclear(format!("its tag {} is {value}", self.pr_tag))
            }
            (Some(n), _, Some((key, _))) => Claim::Unclear(format!(
                "its name says pull request {n}, and its tag {key} is `{}`",
                tag(key).unwrap_or_default()
            )),
            (Some(n), ..) if pr.is_some() && tagged != Some(n) => Claim::Unclear(format!(
                "its name says pull request {n}, and its tag {} is `{}`",
                self.pr_tag,
                pr.unwrap_or_default()
            )),
            (Some(n), ..) => Claim::Of(n),
            (None, true, _) => tagged.map_or(Claim::Nobodys, Claim::Of),
            // A number without the other tags is somebody else's use of that tag.
            (None, false, _) if contradiction.is_some() || pr.is_some() => Claim::Foreign,
            (None, false, _) => Claim::Nobodys,
        }
    }

    /// Whether it is worth describing: a first look, that decides nothing.
    pub fn may_be_ours(&self, kind: Kind, name: &str, tags: Option<&Tags>) -> bool {
        self.templates.iter().any(|it| it.number(kind, name).is_some())
            || tags.is_some_and(|tags| {
                !self.preview_tags.is_empty()
                    && (tags.contains_key(&self.pr_tag)
                        || self
                            .preview_tags
                            .iter()
                            .all(|(key, value)| tags.get(key) == Some(value)))
            })
    }

    /// Whether an ARN is of this account and region. Some have neither.
    pub fn is_here(&self, arn: &str) -> bool {
        let mut parts = arn.split(':').skip(3);
        let same =
            |part: Option<&str>, ours: &str| part.is_some_and(|it| it.is_empty() || it == ours);
        same(parts.next(), &self.region) && same(parts.next(), &self.account)
    }
}

/// The stack that owns a resource.
pub(crate) fn stack_of(tags: &Tags) -> Option<&str> {
    tags.get(STACK).map(String::as_str)
}
