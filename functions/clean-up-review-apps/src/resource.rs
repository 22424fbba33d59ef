//! What was found in the account, as far as it matters for a removal.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::kind::Kind;

/// A resource's tags.
pub type Tags = BTreeMap<String, String>;

/// Which resource: its kind, and what its service's API calls it.
///
/// | kind | id |
/// |---|---|
/// | service, task, stack, target group, listener rule, secret, task definition, discovery service | its ARN (a discovery service: its id) |
/// | cluster | its ARN |
/// | scalable target | `service/CLUSTER/SERVICE` |
/// | event rule | its name |
/// | schedule | `GROUP/NAME` |
/// | deployment | its id |
/// | deployment group | `APPLICATION/GROUP` |
/// | record set | `ZONE/NAME/TYPE/SET-IDENTIFIER`, the last one may be empty |
/// | image | `REPOSITORY:TAG` |
/// | everything else | its name or id |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: String,
}

impl Key {
    /// The key of a resource.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of an ARN people want the end.
        let short = match self.id.starts_with("arn:") {
            true => self.id.splitn(6, ':').nth(5).unwrap_or(&self.id),
            false => &self.id,
        };
        write!(f, "{} {short}", self.kind)
    }
}

/// Whether it can go now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Readiness {
    /// Nothing is known that would keep it.
    #[default]
    Ready,
    /// It is going already: why it is still to be seen.
    Leaving(String),
    /// AWS would refuse now and not later: what has to happen first.
    Waits(String),
    /// AWS, or the way it is used, keeps it until a person does something.
    Kept(String),
}

/// A resource, as AWS described it a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Which one.
    pub key: Key,
    /// Its ARN, where it has one.
    pub arn: Option<String>,
    /// What templates are compared with.
    pub name: String,
    /// Its tags.
    pub tags: Tags,
    /// When it was made or last deployed.
    pub born: Option<Timestamp>,
    /// Whether it can go now.
    pub readiness: Readiness,
    /// Whether it does what it is there for, as far as that is known.
    pub at_work: bool,
    /// What it is a part of. Where nothing else tells whose it is, these do.
    pub part_of: Vec<Key>,
    /// A revision of a task definition, a parameter group …: what it uses and what must not go while it is
    /// there.
    pub uses: Vec<Key>,
}

impl Resource {
    /// A resource of which nothing else is known.
    pub fn new(key: Key, name: impl Into<String>) -> Self {
        Self {
            key,
            arn: None,
            name: name.into(),
            tags: Tags::new(),
            born: None,
            readiness: Readiness::Ready,
            at_work: true,
            part_of: Vec::new(),
            uses: Vec::new(),
        }
    }

    /// The same with its ARN.
    #[must_use]
    pub fn arn(mut self, arn: impl Into<String>) -> Self {
        self.arn = Some(arn.into());
        self
    }

    /// The same with its tags.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = (String, String)>) -> Self {
        self.tags = tags.into_iter().collect();
        self
    }

    /// The same, made or last deployed at a moment, in seconds since the epoch.
    #[must_use]
    pub fn born(mut self, seconds: Option<i64>) -> Self {
        self.born = seconds.and_then(|it| Timestamp::from_second(it).ok());
        self
    }

    /// The same, not ready.
    #[must_use]
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// The same, a part of others.
    #[must_use]
    pub fn part_of(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.part_of = keys.into_iter().collect();
        self
    }

    /// The same, which uses others.
    #[must_use]
    pub fn uses(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.uses = keys.into_iter().collect();
        self
    }
}
