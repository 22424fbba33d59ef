//! `CodeDeploy` as its callers and its hooks see it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod account;
mod lifecycle;
mod operations;
