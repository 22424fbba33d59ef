//! Namespaces.

use serde_json::{Value, json};

use super::{Answer, bad_tags, filter, invalid, paged, text};
use crate::tags::{self, Tags};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

pub(super) struct Namespace {
    id: String,
    name: String,
    /// `DNS_PRIVATE` or `HTTP`.
    pub(super) kind: &'static str,
    description: Value,
    created: f64,
    pub(super) tags: Tags,
}

impl Namespace {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:servicediscovery:{REGION}:{ACCOUNT}:namespace/{}", self.id)
    }

    fn shown(&self, services: usize) -> Value {
        let mut shown = json!({
            "Id": self.id,
            "Arn": self.arn(),
            "ResourceOwner": ACCOUNT,
            "Name": self.name,
            "Type": self.kind,
            "ServiceCount": services,
            "CreateDate": self.created,
            "Properties": {"HttpProperties": {"HttpName": self.name}},
        });
        if !self.description.is_null() {
            shown["Description"] = self.description.clone();
        }
        shown
    }
}

/// AWS creates in the background; here the operation it answers with is through at once.
pub(super) fn create(world: &World, input: &Value, kind: &'static str) -> Answer {
    let name = text(input, "Name")?.to_owned();
    if name.len() > 1024 || !name.chars().all(|it| it.is_ascii_graphic()) {
        return Err(invalid(format!("The name {name} is not valid.")));
    }
    if kind == "DNS_PRIVATE" {
        text(input, "Vpc")?;
    }
    let tags = tags::read(&input["Tags"]).map_err(bad_tags)?;
    let created = world.clock().epoch_seconds();
    let mut state = world.state();
    let state = &mut state.servicediscovery;
    if let Some(taken) = state.namespaces.values().find(|it| it.name == name) {
        let message = format!("A namespace named {name} already exists.");
        let error = AwsError::bad("NamespaceAlreadyExists", message);
        return Err(error.with("NamespaceId", json!(taken.id)));
    }
    let id = state.id("ns");
    let description = input["Description"].clone();
    let namespace = Namespace { id: id.clone(), name, kind, description, created, tags };
    state.namespaces.insert(id.clone(), namespace);
    Ok(json!({"OperationId": state.done(world, "CREATE_NAMESPACE", ("NAMESPACE", &id))}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let filters = filter(input, &["TYPE", "NAME", "HTTP_NAME"])?;
    let state = world.state();
    let state = &state.servicediscovery;
    let passes = |it: &&Namespace| {
        filters.iter().all(|(filter, values)| {
            values.contains(&if *filter == "TYPE" { it.kind } else { it.name.as_str() })
        })
    };
    let services = |id: &str| state.services.values().filter(|it| it.namespace == id).count();
    let namespaces: Vec<Value> =
        state.namespaces.values().filter(passes).map(|it| it.shown(services(&it.id))).collect();
    paged(input, "Namespaces", &namespaces)
}
