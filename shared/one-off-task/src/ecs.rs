//! Amazon ECS: start a one-off task once, read it back, stop it.

use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::operation::run_task::builders::RunTaskFluentBuilder;
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride,
    EphemeralStorage, KeyValuePair, LaunchType, NetworkConfiguration, Tag, Task, TaskDefinition,
    TaskField, TaskOverride,
};

use crate::derived::FAMILY_PREFIX;
use crate::mark::{ENVIRONMENT_NAME, Kind, Mark};
use crate::task::{Capacity, OneOffTask, Overrides, Provider};

/// The reason for which a job's run is stopped when a newer one takes its place: no failure.
pub const REPLACED: &str = "quayside: replaced by a newer run";

/// What ECS made of a request to run a task.
pub(crate) enum Run {
    /// It runs the task, by this request or by exactly the same one before.
    New(String),
    /// The client token stands for this task, which another request started.
    Known(String),
}

/// Asks ECS to run the task under a client token.
///
/// ECS answers a known client token with the task it stands for; if the request differs (its
/// deadline, say) it refuses with `ConflictException` and names that task, which we adopt.
/// A task that could not be placed comes back as status 200 with `failures[]`.
pub(crate) async fn run(ecs: &Client, task: &OneOffTask, token: &str) -> Result<Run, Failed> {
    let answer = match request(ecs, task).client_token(token).send().await {
        Err(error) => {
            let existing =
                error.as_service_error().filter(|it| it.is_conflict_exception()).and_then(adopted);
            return match existing {
                Some(arn) => Ok(Run::Known(arn)),
                None => Err(aws_call::failed("RunTask", &error)),
            };
        }
        Ok(answer) => answer,
    };
    if let Some(arn) = answer.tasks().first().and_then(|it| it.task_arn()) {
        return Ok(Run::New(arn.to_owned()));
    }
    let failure = answer.failures().first();
    let reason = failure.and_then(|it| it.reason()).unwrap_or("no task and no reason");
    let detail =
        failure.and_then(|it| it.detail()).map(|it| format!(" ({it})")).unwrap_or_default();
    Err(Failed {
        operation: "RunTask",
        code: None,
        message: format!("{reason}{detail}"),
        class: if is_transient_placement(reason) { Class::Retry } else { Class::Real },
    })
}

fn adopted(error: &aws_sdk_ecs::operation::run_task::RunTaskError) -> Option<String> {
    use aws_sdk_ecs::operation::run_task::RunTaskError::ConflictException;
    match error {
        ConflictException(conflict) => conflict.resource_ids().first().cloned(),
        _ => None,
    }
}

/// Placement failures that pass by themselves.
fn is_transient_placement(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.starts_with("capacity is unavailable")
        || reason.starts_with("resource:")
        || reason == "agent"
        || reason.contains("try again")
}

fn request(ecs: &Client, task: &OneOffTask) -> RunTaskFluentBuilder {
    let tags: Vec<Tag> =
        task.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let request = ecs
        .run_task()
        .cluster(&task.cluster)
        .task_definition(&task.task_definition)
        .started_by(task.mark.started_by())
        .overrides(overrides(task))
        .set_enable_execute_command(task.overrides.execute_command.then_some(true))
        .set_network_configuration(network(task))
        .set_platform_version(task.placement.platform_version.clone())
        .set_tags((!tags.is_empty()).then_some(tags));
    match &task.placement.capacity {
        Capacity::LaunchType(it) => request.launch_type(LaunchType::from(it.as_str())),
        Capacity::Strategy(providers) => {
            request.set_capacity_provider_strategy(strategy(providers))
        }
        Capacity::ClusterDefault => request,
    }
}

fn overrides(task: &OneOffTask) -> TaskOverride {
    let Overrides { cpu, memory, ephemeral_storage, execution_role, task_role, .. } =
        &task.overrides;
    let variable =
        |name: &str, value: &str| KeyValuePair::builder().name(name).value(value).build();
    let given = task.overrides.environment.iter().map(|(name, value)| variable(name, value));
    let environment = given.chain([variable(ENVIRONMENT_NAME, &task.mark.encode())]);
    let container = ContainerOverride::builder()
        .name(&task.mark.container)
        .set_command(Some(task.command.clone()))
        .set_environment(Some(environment.collect()))
        .build();
    let storage = ephemeral_storage.and_then(|it| i32::try_from(it).ok());
    TaskOverride::builder()
        .container_overrides(container)
        .set_cpu(cpu.map(|it| it.to_string()))
        .set_memory(memory.map(|it| it.to_string()))
        .set_ephemeral_storage(
            storage.map(|it| EphemeralStorage::builder().size_in_gib(it).build()),
        )
        .set_execution_role_arn(execution_role.clone())
        .set_task_role_arn(task_role.clone())
        .build()
}

fn network(task: &OneOffTask) -> Option<NetworkConfiguration> {
    let network = task.placement.network.as_ref()?;
    let groups = &network.security_groups;
    let vpc = AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.clone()))
        .set_security_groups((!groups.is_empty()).then(|| groups.clone()))
        .assign_public_ip(if network.public_ip {
            AssignPublicIp::Enabled
        } else {
            AssignPublicIp::Disabled
        })
        .build()
        .ok()?;
    Some(NetworkConfiguration::builder().awsvpc_configuration(vpc).build())
}

fn strategy(providers: &[Provider]) -> Option<Vec<CapacityProviderStrategyItem>> {
    providers
        .iter()
        .map(|it| {
            CapacityProviderStrategyItem::builder()
                .capacity_provider(&it.name)
                .weight(it.weight)
                .base(it.base)
                .build()
                .ok()
        })
        .collect()
}

/// Reads tasks with their tags, 100 at a time; tasks ECS no longer knows are left out.
pub async fn tasks(ecs: &Client, cluster: &str, arns: &[String]) -> Result<Vec<Task>, Failed> {
    let mut tasks = Vec::new();
    for page in arns.chunks(100) {
        let answer = ecs
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(page.to_vec()))
            .include(TaskField::Tags)
            .send()
            .await
            .call("DescribeTasks")?;
        // MISSING is a task that ECS has forgotten; anything else is an answer we did not get.
        if let Some(failure) = answer.failures().iter().find(|it| it.reason() != Some("MISSING")) {
            return Err(Failed {
                operation: "DescribeTasks",
                code: None,
                message: format!(
                    "{}: {}",
                    failure.arn().unwrap_or("a task"),
                    failure.reason().unwrap_or("no reason")
                ),
                class: Class::Retry,
            });
        }
        tasks.extend(answer.tasks.unwrap_or_default());
    }
    Ok(tasks)
}

/// The ARNs of all tasks that were started by `started_by`, running or just ended.
pub async fn started_by(
    ecs: &Client,
    cluster: &str,
    started_by: &str,
) -> Result<Vec<String>, Failed> {
    let mut arns = Vec::new();
    let mut pages =
        ecs.list_tasks().cluster(cluster).started_by(started_by).into_paginator().send();
    while let Some(page) = pages.next().await {
        arns.extend(page.call("ListTasks")?.task_arns.unwrap_or_default());
    }
    Ok(arns)
}

/// The task definition of exactly this revision.
pub async fn task_definition(ecs: &Client, arn: &str) -> Result<TaskDefinition, Failed> {
    let answer = ecs
        .describe_task_definition()
        .task_definition(arn)
        .send()
        .await
        .call("DescribeTaskDefinition")?;
    answer.task_definition.ok_or_else(|| Failed {
        operation: "DescribeTaskDefinition",
        code: None,
        message: format!("the answer has no task definition {arn}"),
        class: Class::Retry,
    })
}

/// Stops a task, saying why; one that is already gone is stopped.
pub async fn stop(ecs: &Client, cluster: &str, arn: &str, reason: &str) -> Result<(), Failed> {
    let reason: String = reason.chars().take(255).collect();
    let answer =
        ecs.stop_task().cluster(cluster).task(arn).reason(reason).send().await.call("StopTask");
    match answer {
        Err(failed)
            if failed.is("InvalidParameterException") && failed.message.contains("not found") =>
        {
            Ok(())
        }
        answer => answer.map(drop),
    }
}

/// Lets go of what an ended command still holds: its task, if the container was not essential to it
/// (ECS would let it run for ever), and the task definition that was made for it.
pub async fn release(client: &Client, task: &Task, mark: &Mark) -> Result<(), Failed> {
    let arn = task.task_definition_arn().unwrap_or_default();
    let running = |it: Option<&str>| it == Some("RUNNING");
    if running(task.last_status()) && running(task.desired_status()) {
        let definition = task_definition(client, arn).await?;
        if !is_essential(&definition, &mark.container) {
            let cluster = task.cluster_arn().unwrap_or_default();
            let reason = format!("quayside: container {} has ended", mark.container);
            stop(client, cluster, task.task_arn().unwrap_or_default(), &reason).await?;
        }
    }
    if mark.kind == Kind::Migration && mark.derived_from.is_some() && is_derived(arn) {
        crate::derived::ecs::deregister(client, arn).await?;
    }
    Ok(())
}

/// Containers are essential unless the task definition says otherwise.
fn is_essential(definition: &TaskDefinition, container: &str) -> bool {
    let containers = definition.container_definitions();
    containers
        .iter()
        .find(|it| it.name() == Some(container))
        .is_none_or(|it| it.essential().unwrap_or(true))
}

/// Only what this suite has made is ever cleared away.
fn is_derived(definition: &str) -> bool {
    let name = definition.rsplit('/').next().unwrap_or(definition);
    name.starts_with(FAMILY_PREFIX)
}
