//! ECS services: rolled out by ECS, by CodeDeploy, or by somebody else's task sets.

mod account;
mod rolling;
mod seeing;
mod task_sets;
