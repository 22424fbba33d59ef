//! ECS services: rolled out by ECS, by CodeDeploy, or by somebody else's task sets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod account;
mod rolling;
mod seeing;
mod task_sets;
