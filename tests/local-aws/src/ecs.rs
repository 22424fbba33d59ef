//! Amazon ECS: clusters, task definitions, services with task sets, and tasks that really run.

mod capacity;
mod clusters;
mod images;
mod native;
mod rollouts;
mod secrets;
mod services;
mod tags;
mod task_definitions;
mod task_sets;
mod task_size;
mod tasks;
mod teardown;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::{AwsError, Call, Reply};
use crate::world::{World, unknown};

pub(crate) use native::live_definition;
pub(crate) use services::{primary_task_set, service_exists};
pub(crate) use tags::tagged;
pub(crate) use task_sets::{create_task_set, delete_task_set, make_primary};

/// What the service remembers. Resources are kept as the JSON that describes them.
#[derive(Default)]
pub(crate) struct State {
    /// By name.
    pub(crate) clusters: BTreeMap<String, Value>,
    /// By family; the revision is the position plus one.
    pub(crate) task_definitions: BTreeMap<String, Vec<Value>>,
    /// By cluster and name, task sets and deployments included.
    pub(crate) services: BTreeMap<(String, String), Value>,
    /// Tags by ARN.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Tasks and what belongs to running them.
    pub(crate) tasks: tasks::Tasks,
    /// Tags of images.
    images: images::Tags,
    /// Deployments that ECS carries out itself.
    native: native::State,
    /// Until when clusters are busy, by name.
    updating: BTreeMap<String, f64>,
    /// What was deleted and is still there.
    leaving: teardown::Leaving,
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    teardown::advance(world);
    let value = match call.operation.as_str() {
        "CreateCluster" => clusters::create(world, input),
        "DescribeClusters" => clusters::describe(world, input),
        "ListClusters" => clusters::list(world, input),
        "DeleteCluster" => clusters::delete(world, input),
        "PutClusterCapacityProviders" => clusters::put_capacity_providers(world, input),
        "RegisterTaskDefinition" => task_definitions::register(world, input),
        "DescribeTaskDefinition" => task_definitions::describe(world, input),
        "ListTaskDefinitions" => task_definitions::list(world, input),
        "ListTaskDefinitionFamilies" => task_definitions::families(world, input),
        "DeregisterTaskDefinition" => task_definitions::deregister(world, input),
        "DeleteTaskDefinitions" => task_definitions::delete(world, input),
        "CreateService" => services::create(world, input),
        "DescribeServices" => services::describe(world, input),
        "ListServices" => services::list(world, input),
        "UpdateService" => rollouts::update(world, input),
        "DeleteService" => services::delete(world, input),
        "ListServiceDeployments" => native::list(world, input),
        "DescribeServiceDeployments" => native::describe(world, input),
        "StopServiceDeployment" => native::stop(world, input),
        "ContinueServiceDeployment" => native::proceed(world, input),
        "DescribeServiceRevisions" => native::describe_revisions(world, input),
        "CreateTaskSet" => task_sets::create(world, input),
        "DescribeTaskSets" => task_sets::describe(world, input),
        "UpdateServicePrimaryTaskSet" => task_sets::update_primary(world, input),
        "DeleteTaskSet" => task_sets::delete(world, input),
        "TagResource" => tags::tag(world, input),
        "UntagResource" => tags::untag(world, input),
        "ListTagsForResource" => tags::list(world, input),
        "RunTask" => tasks::run(world, input),
        "DescribeTasks" => tasks::describe(world, input),
        "ListTasks" => tasks::list(world, input),
        "StopTask" => tasks::stop(world, input),
        _ => return Err(unknown(call)),
    };
    value.map(Reply::Json)
}
