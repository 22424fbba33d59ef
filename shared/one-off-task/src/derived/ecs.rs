//! Amazon ECS: derived task definitions are registered, found again, and cleared away.

use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;

use super::{Derived, LABEL};
use crate::ecs::task_definition;

/// The ARN of a derived task definition, registered now or before.
///
/// # Errors
/// It could not be registered.
pub async fn ensure(ecs: &Client, derived: &Derived) -> Result<String, Failed> {
    // A family without a revision is its latest active one; there is no such family at first.
    match task_definition(ecs, &derived.family).await {
        Ok(found) if is_ours(&found, derived) => Ok(found.task_definition_arn.unwrap_or_default()),
        Err(failed) if failed.class == Class::Retry => Err(failed),
        Ok(_) | Err(_) => register(ecs, derived).await,
    }
}

/// Whether what was found under the family's name says what it should.
fn is_ours(found: &aws_sdk_ecs::types::TaskDefinition, derived: &Derived) -> bool {
    let [a, b] = [found, &derived.definition].map(|it| it.container_definitions());
    found.status().is_none_or(|it| it.as_str() == "ACTIVE")
        && found.task_role_arn() == derived.definition.task_role_arn()
        && found.execution_role_arn() == derived.definition.execution_role_arn()
        && a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            let label = |it: &aws_sdk_ecs::types::ContainerDefinition| {
                it.docker_labels().and_then(|it| it.get(LABEL)).cloned()
            };
            a.name() == b.name()
                && a.image() == b.image()
                && a.secrets() == b.secrets()
                && a.entry_point() == b.entry_point()
                && a.environment().len() == b.environment().len()
                && a.environment().iter().all(|it| b.environment().contains(it))
                && label(a) == label(b)
        })
}

async fn register(ecs: &Client, derived: &Derived) -> Result<String, Failed> {
    let it = derived.definition.clone();
    let answer = ecs
        .register_task_definition()
        .family(&derived.family)
        .set_container_definitions(it.container_definitions)
        .set_task_role_arn(it.task_role_arn)
        .set_execution_role_arn(it.execution_role_arn)
        .set_network_mode(it.network_mode)
        .set_volumes(it.volumes)
        .set_placement_constraints(it.placement_constraints)
        .set_requires_compatibilities(it.requires_compatibilities)
        .set_cpu(it.cpu)
        .set_memory(it.memory)
        .set_pid_mode(it.pid_mode)
        .set_ipc_mode(it.ipc_mode)
        .set_proxy_configuration(it.proxy_configuration)
        .set_ephemeral_storage(it.ephemeral_storage)
        .set_runtime_platform(it.runtime_platform)
        .set_enable_fault_injection(it.enable_fault_injection)
        .send()
        .await
        .call("RegisterTaskDefinition")?;
    let arn = answer.task_definition.and_then(|it| it.task_definition_arn);
    arn.ok_or_else(|| Failed {
        operation: "RegisterTaskDefinition",
        code: None,
        message: "the answer has no task definition".into(),
        class: Class::Retry,
    })
}

/// Clears a derived task definition away. Tasks that run it go on.
///
/// # Errors
/// ECS refused.
pub async fn deregister(ecs: &Client, arn: &str) -> Result<(), Failed> {
    ecs.deregister_task_definition()
        .task_definition(arn)
        .send()
        .await
        .call("DeregisterTaskDefinition")
        .map(drop)
}
