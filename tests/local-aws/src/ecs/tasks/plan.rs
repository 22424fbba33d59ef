//! What the containers of a task are going to do: images, secrets, commands, logs.

use std::time::Duration;

use serde_json::Value;

use super::container::{Container, What};
use super::definition;
use super::validate;
use crate::ecs::{secrets, task_definitions};
use crate::image::{Image, Run};
use crate::world::World;

/// A container and what it will run; `Err` says why its image cannot be had.
pub(super) struct Planned {
    pub(super) container: Container,
    pub(super) what: Result<What, String>,
}

/// The containers of a task; `Err` says why none of them can start.
pub(super) fn containers(world: &World, arn: &str) -> Result<Vec<Planned>, String> {
    let (definition, overrides) = {
        let mut state = world.state();
        let Some(task) = state.ecs.tasks.find(arn) else { return Ok(Vec::new()) };
        let overrides = task.shown["overrides"].clone();
        let reference = task.shown["taskDefinitionArn"].as_str().unwrap_or_default().to_owned();
        (task_definitions::find(&state.ecs, &reference).cloned().unwrap_or_default(), overrides)
    };
    let mut planned = Vec::new();
    for (index, described) in validate::containers(&definition).iter().enumerate() {
        let overriding = &overrides["containerOverrides"][index];
        let run = run(world, described, overriding, arn)?;
        let container = Container {
            index,
            // "If this parameter is omitted, a container is assumed to be essential."
            essential: described["essential"] != false,
            // "If the parameter is not specified, the default value of 30 seconds is used."
            stop_timeout: Duration::from_secs(described["stopTimeout"].as_u64().unwrap_or(30)),
            log: log(described, arn),
        };
        planned.push(Planned { container, what: pull(world, run) });
    }
    Ok(planned)
}

fn run(world: &World, container: &Value, overriding: &Value, arn: &str) -> Result<Run, String> {
    let text = |name: &str| container[name].as_str().unwrap_or_default().to_owned();
    let mut environment = definition::environment(container, overriding);
    for secret in container["secrets"].as_array().into_iter().flatten() {
        let from = secret["valueFrom"].as_str().unwrap_or_default();
        let value = secrets::value(world, from)?;
        environment.insert(secret["name"].as_str().unwrap_or_default().to_owned(), value);
    }
    Ok(Run {
        image: text("image"),
        container: text("name"),
        command: definition::command(container, overriding),
        environment,
        task_arn: arn.to_owned(),
    })
}

fn pull(world: &World, run: Run) -> Result<What, String> {
    let image = world.state().ecs.tasks.images.get(&run.image).cloned();
    match image {
        Some(Image::Folder(folder)) => Ok(What::Process(folder, run)),
        Some(Image::Script(script)) => {
            let script = script(&run);
            match script.pull.clone() {
                Ok(()) => Ok(What::Script(script)),
                Err(reason) => Err(format!("CannotPullContainerError: {reason}")),
            }
        }
        None => {
            let image = run.image;
            Err(format!(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed \
                 to resolve ref {image}: {image}: not found"
            ))
        }
    }
}

/// Log group and stream of the `awslogs` driver: `prefix-name/container-name/ecs-task-id`.
fn log(container: &Value, arn: &str) -> Option<(String, String)> {
    let configuration = &container["logConfiguration"];
    if configuration["logDriver"] != "awslogs" {
        return None;
    }
    let options = &configuration["options"];
    let group = options["awslogs-group"].as_str()?.to_owned();
    let id = arn.rsplit('/').next().unwrap_or(arn);
    let stream = match options["awslogs-stream-prefix"].as_str() {
        Some(prefix) => format!("{prefix}/{}/{id}", container["name"].as_str()?),
        // AWS names it after the container's ID on the instance then, which nobody can know
        // before; Fargate requires the prefix.
        None => id.to_owned(),
    };
    Some((group, stream))
}
