//! A one-off ECS task: what to run, the mark it carries, what became of it.
//!
//! [`OneOffTask`] is the request as a value that can be printed and compared. The [`Mark`] travels
//! inside the task, so that nothing has to be remembered elsewhere. [`Verdict`] is what an ended
//! task means. `ecs` starts and reads tasks; `lock` keeps two tasks from running at once; `derived`
//! is a task definition with what overrides can't say.
//!
//! **Invariant:** a command that may have run is never started again, no two tasks with the same lock
//! are started at once, and no task is called successful unless its named container reported an
//! allowed exit code.

mod course;
pub mod derived;
pub mod ecs;
pub mod lock;
mod mark;
mod repeat;
mod task;
mod verdict;

pub use course::Course;
pub use derived::{Changes, Derived};
pub use lock::{Locked, Start, Turn};
pub use mark::{ENVIRONMENT_NAME, JobTerms, Kind, Mark, STARTED_BY_PREFIX, Waiter};
pub use task::{Capacity, Network, OneOffTask, Overrides, OverridesTooLong, Placement, Provider};
pub use verdict::{Failure, Verdict};
