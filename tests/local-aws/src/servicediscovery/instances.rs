//! Instances of a service. ECS registers its tasks; here somebody has to.

use serde_json::{Value, json};

use super::{Answer, invalid, paged, text};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, World};

pub(super) fn register(world: &World, input: &Value) -> Answer {
    let id = text(input, "InstanceId")?;
    let fits = |it: char| it.is_ascii_alphanumeric() || "_/:.@-".contains(it);
    if id.len() > 64 || !id.chars().all(fits) {
        return Err(invalid(format!("The instance id {id} is not valid.")));
    }
    let attributes = input["Attributes"].as_object();
    let attributes = attributes.ok_or_else(|| invalid("Attributes must not be empty."))?;
    let mut state = world.state();
    let state = &mut state.servicediscovery;
    let service = state.service(text(input, "ServiceId")?)?;
    service.instances.insert(id.to_owned(), json!(attributes));
    Ok(json!({"OperationId": state.done(world, "REGISTER_INSTANCE", ("INSTANCE", id))}))
}

pub(super) fn deregister(world: &World, input: &Value) -> Answer {
    let id = text(input, "InstanceId")?;
    let mut state = world.state();
    let state = &mut state.servicediscovery;
    let service = state.service(text(input, "ServiceId")?)?;
    if service.instances.remove(id).is_none() {
        let message = "The instance does not exist.";
        return Err(AwsError::new(404, "InstanceNotFound", message));
    }
    Ok(json!({"OperationId": state.done(world, "DEREGISTER_INSTANCE", ("INSTANCE", id))}))
}

pub(super) fn list(world: &World, input: &Value) -> Answer {
    let mut state = world.state();
    let service = state.servicediscovery.service(text(input, "ServiceId")?)?;
    let shown = |(id, attributes): (&String, &Value)| json!({"Id": id, "Attributes": attributes, "CreatedByAccount": ACCOUNT});
    let instances: Vec<Value> = service.instances.iter().map(shown).collect();
    let mut answer = paged(input, "Instances", &instances)?;
    answer["ResourceOwner"] = json!(ACCOUNT);
    Ok(answer)
}
