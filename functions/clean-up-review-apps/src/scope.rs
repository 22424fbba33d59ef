//! What an edge looks for.

use std::collections::{BTreeMap, BTreeSet};

use aws_call::Failed;

use crate::kind::Kind;
use crate::resource::{Key, Tags};
use crate::rules::Rules;

/// What is known before services are asked: how review apps look, and what was said to be tagged.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// How review apps are recognised.
    pub(crate) rules: &'a Rules,
    /// The kinds that are looked after.
    pub(crate) kinds: &'a BTreeSet<Kind>,
    /// What the tagging API says is tagged as review apps are, or protected. It also names what is gone by
    /// now, and old tags: it tells where to look, never what to do.
    pub(crate) tagged: BTreeMap<String, Tags>,
}

impl Scope<'_> {
    /// Whether a resource is worth describing.
    pub(crate) fn may_be_ours(
        &self,
        kind: Kind,
        name: &str,
        arn: Option<&str>,
        tags: Option<&Tags>,
    ) -> bool {
        self.wants(kind)
            && (self.rules.may_be_ours(kind, name, tags)
                || arn.is_some_and(|it| self.tagged.contains_key(it)))
    }

    /// Whether this kind is looked after.
    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// ARNs that are said to be tagged and contain this text: `:cluster/`.
    pub(crate) fn tagged_with<'b>(&'b self, part: &'b str) -> impl Iterator<Item = &'b str> {
        self.tagged.keys().map(String::as_str).filter(move |it| it.contains(part))
    }

    /// What names of this kind begin with; each only once.
    pub(crate) fn prefixes(&self, kind: Kind) -> BTreeSet<&str> {
        let templates = self.rules.templates.iter().filter(|it| it.is_for(kind));
        templates.map(crate::name::Template::prefix).collect()
    }
}

/// What became of removals: per resource.
pub(crate) type Removed = Vec<(Key, Result<(), Failed>)>;
