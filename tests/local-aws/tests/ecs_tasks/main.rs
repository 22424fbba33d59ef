//! ECS: how tasks start, what they say while they run, and how they end.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod account;
mod ends;
mod events;
mod processes;
mod refusals;
mod secrets;
mod seeing;
mod sizes;
mod tokens;
