//! What is told of a task that has ended: to people, to metrics, to the event bus.
//!
//! [`failed()`] is the alert of a task that failed, with the end of its log that `cloudwatchlogs`
//! reads; [`Outcome`] is the structured result, as an event on the bus and as `CloudWatch` metrics.
//!
//! **Invariant:** telling never fails the one who tells: what can't be told is in the log.

pub mod cloudwatchlogs;
pub mod eventbridge;
mod failed;
mod log_place;
mod outcome;

pub use failed::{About, failed, links, subject};
pub use outcome::Outcome;
