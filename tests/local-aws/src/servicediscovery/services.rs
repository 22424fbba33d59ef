//! Services: the names under which instances are found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, State, bad_tags, filter, invalid, paged, text};
use crate::tags::{self, Tags};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, REGION, World};

pub(super) struct Service {
    id: String,
    name: String,
    pub(super) namespace: String,
    /// `DNS` or `HTTP`, as `Type` says it.
    kind: &'static str,
    /// `Description`, `DnsConfig`, …: told back as they came.
    told: Value,
    created: f64,
    pub(super) tags: Tags,
    /// The attributes of each instance, by its id.
    pub(super) instances: BTreeMap<String, Value>,
}

impl Service {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:servicediscovery:{REGION}:{ACCOUNT}:service/{}", self.id)
    }

    /// What a listing tells of a service.
    fn summary(&self) -> Value {
        let mut summary = json!({
            "Id": self.id,
            "Arn": self.arn(),
            "ResourceOwner": ACCOUNT,
            "Name": self.name,
            "Type": self.kind,
            "InstanceCount": self.instances.len(),
            "CreateDate": self.created,
        });
        for (member, value) in self.told.as_object().into_iter().flatten() {
            summary[member] = value.clone();
        }
        summary
    }

    fn shown(&self) -> Value {
        let mut shown = self.summary();
        shown["NamespaceId"] = json!(self.namespace);
        shown
    }
}

impl State {
    /// The service of an id or, as AWS allows by now, of an ARN.
    pub(super) fn service(&mut self, id: &str) -> Result<&mut Service, AwsError> {
        let id = id.rsplit('/').next().unwrap_or_default();
        self.services
            .get_mut(id)
            .ok_or_else(|| AwsError::new(404, "ServiceNotFound", "The service does not exist."))
    }
}

pub(super) fn create(world: &World, input: &Value) -> Answer {
    let name = text(input, "Name")?.to_owned();
    let namespace = input["NamespaceId"].as_str().or(input["DnsConfig"]["NamespaceId"].as_str());
    let namespace = namespace.ok_or_else(|| invalid("NamespaceId must not be empty."))?.to_owned();
    let tags = tags::read(&input["Tags"]).map_err(bad_tags)?;
    let created = world.clock().epoch_seconds();
    let mut state = world.state();
    let state = &mut state.servicediscovery;
    let Some(found) = state.namespaces.get(&namespace) else {
        let message = "The namespace does not exist.";
        return Err(AwsError::new(404, "NamespaceNotFound", message));
    };
    let dns = !input["DnsConfig"].is_null();
    if dns && found.kind == "HTTP" {
        return Err(invalid("A service in an HTTP namespace has no DnsConfig."));
    }
    let mut there = state.services.values();
    if let Some(taken) = there.find(|it| it.namespace == namespace && it.name == name) {
        let error = AwsError::bad("ServiceAlreadyExists", "The service already exists.");
        return Err(error
            .with("ServiceId", json!(taken.id))
            .with("ServiceArn", json!(taken.arn())));
    }
    let mut told = json!({});
    for member in ["Description", "DnsConfig", "HealthCheckConfig", "HealthCheckCustomConfig"] {
        if !input[member].is_null() {
            told[member] = input[member].clone();
        }
    }
    let id = state.id("srv");
    let kind = if dns { "DNS_HTTP" } else { "HTTP" };
    let instances = BTreeMap::new();
    let service = Service { id: id.clone(), name, namespace, kind, told, created, tags, instances };
    let answer = json!({"Service": service.shown()});
    state.services.insert(id, service);
    Ok(answer)
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let service = state.servicediscovery.service(text(input, "Id")?)?;
    Ok(json!({"Service": service.shown()}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let filters = filter(input, &["NAMESPACE_ID"])?;
    let state = world.state();
    let passes =
        |it: &&Service| filters.values().all(|values| values.contains(&it.namespace.as_str()));
    let services = state.servicediscovery.services.values().filter(passes);
    let services: Vec<Value> = services.map(Service::summary).collect();
    paged(input, "Services", &services)
}

/// AWS: "If the service still contains one or more registered instances, the request fails."
pub(super) fn delete(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let state = &mut state.servicediscovery;
    let service = state.service(text(input, "Id")?)?;
    if !service.instances.is_empty() {
        let message = "Service contains registered instances; delete the instances before \
                       deleting the service";
        return Err(AwsError::new(409, "ResourceInUse", message));
    }
    let id = service.id.clone();
    state.services.remove(&id);
    Ok(json!({}))
}
