//! An ECS service: what is live in it, and where its tasks run.
//!
//! What is live depends on who drives the deployments: the PRIMARY task set, the last COMPLETED rolling
//! deployment, or the service revision that has the traffic. It is never what is being rolled out, and
//! never the latest revision of a family.
//!
//! **Invariant:** [`Live`] is something that has served; where that can't be told, there is an error.

pub mod ecs;
mod live;
pub mod placement;

pub use live::{Deployments, Live};
