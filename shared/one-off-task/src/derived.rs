//! A task definition derived from another, with what `RunTask` can't override: secrets and images.
//!
//! Revisions of a task definition never change, so the original's ARN and the changes are its
//! content; their hash is part of the family's name, by which it is found again.

pub mod ecs;

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ContainerDefinition, Secret, TaskDefinition};

use crate::task::token;

/// How the families of derived task definitions begin.
pub const FAMILY_PREFIX: &str = "quayside-";
/// The docker label that says what a task definition was derived from.
pub const LABEL: &str = "quayside.derived-from";
/// ECS takes at most 255 characters of a family's name.
const LONGEST_FAMILY: usize = 255;

/// What is different.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Container and image.
    pub images: Vec<(String, String)>,
    /// Container, environment variable, and the ARN its value comes from.
    pub secrets: Vec<(String, String, String)>,
}

/// A derived task definition, registered or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// The original's ARN.
    pub from: String,
    /// Its own family.
    pub family: String,
    /// What it says.
    pub definition: TaskDefinition,
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty() && self.secrets.is_empty()
    }
}

impl Derived {
    /// The original with the changes.
    pub fn of(original: &TaskDefinition, changes: &Changes) -> Self {
        let from = original.task_definition_arn().unwrap_or_default().to_owned();
        let hash: String = token(&format!("{from}\n{changes:?}")).chars().take(16).collect();
        let name = original.family().unwrap_or_default();
        let family: String =
            format!("{FAMILY_PREFIX}{hash}-{name}").chars().take(LONGEST_FAMILY).collect();
        let containers = original.container_definitions().iter();
        let containers = containers.map(|it| changed(it, changes, &from)).collect();
        let mut definition = original.clone();
        definition.container_definitions = Some(containers);
        definition.family = Some(family.clone());
        Self { from, family, definition }
    }
}

fn changed(original: &ContainerDefinition, changes: &Changes, from: &str) -> ContainerDefinition {
    let name = original.name().unwrap_or_default();
    let mut container = original.clone();
    if let Some((_, image)) = changes.images.iter().find(|(it, _)| it == name) {
        container.image = Some(image.clone());
    }
    for (_, variable, value_from) in changes.secrets.iter().filter(|(it, ..)| it == name) {
        let secret = Secret::builder().name(variable).value_from(value_from).build();
        let secrets = container.secrets.get_or_insert_with(Vec::new);
        secrets.retain(|it| it.name() != variable);
        secrets.extend(secret);
        // A variable can't be both.
        let environment = container.environment.get_or_insert_with(Vec::new);
        environment.retain(|it| it.name() != Some(variable));
    }
    container
        .docker_labels
        .get_or_insert_with(Default::default)
        .insert(LABEL.to_owned(), from.to_owned());
    container
}

/// Whether a task definition is what `original` says but for secrets that were added: the same code,
/// the same rights.
pub fn is_derived_by_secrets(original: &TaskDefinition, derived: &TaskDefinition) -> bool {
    let [a, b] = [original, derived].map(TaskDefinition::container_definitions);
    original.task_role_arn() == derived.task_role_arn()
        && original.execution_role_arn() == derived.execution_role_arn()
        && a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| same_but_for_secrets(a, b))
}

fn same_but_for_secrets(a: &ContainerDefinition, b: &ContainerDefinition) -> bool {
    let secrets = |it: &ContainerDefinition| -> BTreeSet<(String, String)> {
        let pairs = it.secrets().iter();
        pairs.map(|it| (it.name().to_owned(), it.value_from().to_owned())).collect()
    };
    let variables = |it: &ContainerDefinition| -> BTreeSet<(String, String)> {
        let pairs = it.environment().iter();
        pairs
            .map(|it| (it.name().unwrap_or_default(), it.value().unwrap_or_default()))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let named: BTreeSet<String> = secrets(b).into_iter().map(|(name, _)| name).collect();
    let kept = |(name, _): &(String, String)| !named.contains(name);
    a.name() == b.name()
        && a.image() == b.image()
        && a.entry_point() == b.entry_point()
        && a.command() == b.command()
        && a.user() == b.user()
        && a.working_directory() == b.working_directory()
        && a.essential() == b.essential()
        && secrets(a).iter().filter(|it| kept(it)).count() == 0
        && variables(a).into_iter().filter(kept).collect::<BTreeSet<_>>() == variables(b)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::KeyValuePair;

    use super::*;

    fn original() -> TaskDefinition {
        let variable = |name: &str| KeyValuePair::builder().name(name).value("x").build();
        let app = ContainerDefinition::builder()
            .name("app")
            .image("registry/web:8")
            .environment(variable("MODE"))
            .environment(variable("DATABASE_PASSWORD"))
            .build();
        let proxy = ContainerDefinition::builder().name("proxy").image("envoy:1").build();
        TaskDefinition::builder()
            .task_definition_arn("arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8")
            .family("web")
            .container_definitions(app)
            .container_definitions(proxy)
            .build()
    }

    fn secret(container: &str, name: &str) -> Changes {
        let from = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:admin";
        let secrets = vec![(container.to_owned(), name.to_owned(), from.to_owned())];
        Changes { secrets, ..Changes::default() }
    }

    #[test]
    fn the_same_changes_make_the_same_family() {
        let family = |changes: &Changes| Derived::of(&original(), changes).family;
        let one = family(&secret("app", "ADMIN"));
        assert!(one.starts_with("quayside-") && one.ends_with("-web"), "{one}");
        assert_eq!(one, family(&secret("app", "ADMIN")));
        assert_ne!(one, family(&secret("app", "OTHER")));
        let mut long = original();
        long.family = Some("x".repeat(255));
        assert_eq!(Derived::of(&long, &Changes::default()).family.len(), 255);
    }

    #[test]
    fn a_secret_takes_the_place_of_a_variable() {
        let derived = Derived::of(&original(), &secret("app", "DATABASE_PASSWORD")).definition;
        let [app, proxy] = derived.container_definitions() else { panic!("two containers") };
        assert_eq!(app.environment().len(), 1);
        assert_eq!(app.secrets()[0].name(), "DATABASE_PASSWORD");
        assert!(proxy.secrets().is_empty());
        assert!(is_derived_by_secrets(&original(), &derived));
    }

    #[test]
    fn an_image_is_replaced_where_it_is_named() {
        let images = vec![("app".to_owned(), "registry/web@sha256:1".to_owned())];
        let derived = Derived::of(&original(), &Changes { images, ..Changes::default() });
        let images: Vec<_> =
            derived.definition.container_definitions().iter().map(|it| it.image()).collect();
        assert_eq!(images, [Some("registry/web@sha256:1"), Some("envoy:1")]);
    }

    #[test]
    fn more_than_added_secrets_is_another_definition() {
        let check = |change: fn(&mut TaskDefinition), expected| {
            let mut other = Derived::of(&original(), &secret("app", "ADMIN")).definition;
            change(&mut other);
            assert_eq!(is_derived_by_secrets(&original(), &other), expected);
        };
        check(|_| {}, true);
        check(
            |it| it.container_definitions.as_mut().unwrap()[0].image = Some("evil".into()),
            false,
        );
        check(|it| it.container_definitions.as_mut().unwrap()[0].environment = None, false);
        check(
            |it| {
                it.container_definitions.as_mut().unwrap()[0].entry_point =
                    Some(vec!["true".into()]);
            },
            false,
        );
        check(|it| it.task_role_arn = Some("admin".into()), false);
        check(|it| it.container_definitions.as_mut().unwrap().truncate(1), false);
    }
}
