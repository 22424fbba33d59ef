//! A one-off ECS task: what to run, the mark it carries, what became of it.
//!
//! [`OneOffTask`] is the request as a value that can be printed and compared. The [`Mark`] travels
//! inside the task, so that nothing has to be remembered elsewhere. [`Verdict`] is what an ended
//! task means. `ecs` starts and reads tasks.
//!
//! **Invariant:** a command that may have run is never started again, and no task is called
//! successful unless its named container reported an allowed exit code.

pub mod ecs;
mod mark;
mod task;
mod verdict;

pub use mark::{ENVIRONMENT_NAME, Kind, Mark, STARTED_BY_PREFIX};
pub use task::{Capacity, Network, OneOffTask, OverridesTooLong, Placement, Provider};
pub use verdict::{Failure, Verdict};
