//! Functions in this process: killed, timed out and panicking like any other.

use serde_json::Value;

use super::{FunctionError, Handler, Invocation, Job};

/// Runs the handler in a task of its own until it ends, dies or is out of time.
pub(super) async fn run(job: Job<'_>, handler: &Handler) -> Result<Value, FunctionError> {
    let invocation = Invocation {
        payload: job.payload,
        deadline: job.world.clock().system_time() + job.timeout,
        request_id: job.request_id.to_owned(),
    };
    let death = job.world.death_of(job.name);
    let mut dying = std::pin::pin!(death.notified());
    // From here on a death is noticed, even before the first poll below.
    dying.as_mut().enable();
    let handler = std::sync::Arc::clone(handler);
    let mut task = tokio::spawn(async move { handler(invocation).await });
    let clock = job.world.clock();
    tokio::select! {
        biased;
        () = &mut dying => {
            task.abort();
            Err(FunctionError::exited(job.request_id, "signal: killed"))
        }
        done = &mut task => match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(message)) => Err(FunctionError::new("Error", message)),
            Err(error) => Err(panicked(error)),
        },
        () = clock.sleep(job.timeout) => {
            task.abort();
            Err(FunctionError::timed_out(job.request_id, job.timeout))
        }
    }
}

fn panicked(error: tokio::task::JoinError) -> FunctionError {
    let Ok(panic) = error.try_into_panic() else {
        return FunctionError::new("Runtime.ExitError", "the function's task was cancelled");
    };
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("the function panicked");
    FunctionError::new("Panic", message)
}
