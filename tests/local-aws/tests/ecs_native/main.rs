//! ECS services whose deployments ECS carries out itself: revisions, stages, hooks, rollbacks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod account;
mod failures;
mod history;
mod hooks;
mod pauses;
mod refusals;
mod rollbacks;
mod scenes;
mod stages;
mod traffic;
