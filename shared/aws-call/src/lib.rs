//! A failed AWS call in one readable line, and what to do about it.
//!
//! `ecs.run_task().send().await.call("RunTask")?` turns the SDK's error into
//! `RunTask: ClusterNotFoundException: Cluster not found.`, and [`Failed::class`] says whether the
//! call is worth repeating, its object is gone, or the answer is final.
//!
//! **Invariant:** a failed call always names its operation, and never carries a request or response.

use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

/// What a failed call means for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Busy, broken or cut off: the same call may well succeed later.
    Retry,
    /// What the call was about does not exist.
    Gone,
    /// The answer will stay the same.
    Real,
}

/// A call that AWS did not carry out, as far as the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The operation, as AWS spells it.
    pub operation: &'static str,
    /// The error code, where the service answered with one.
    pub code: Option<String>,
    /// What AWS, or the network, said.
    pub message: String,
    /// What to do about it.
    pub class: Class,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        match &self.code {
            Some(code) if self.message.is_empty() => f.write_str(code),
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Failed {}

impl Failed {
    /// Whether AWS answered with this error code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// Names the operation of a call where it is made.
pub trait Call<T> {
    /// The result, with its failure in words.
    fn call(self, operation: &'static str) -> Result<T, Failed>;
}

impl<T, E, R> Call<T> for Result<T, SdkError<E, R>>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug + 'static,
{
    fn call(self, operation: &'static str) -> Result<T, Failed> {
        self.map_err(|error| failed(operation, &error))
    }
}

/// Reads an SDK error without giving up ownership of it.
pub fn failed<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Failed
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug + 'static,
{
    let (code, message, class) = match error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().map(str::to_owned);
            let class = code.as_deref().map_or(Class::Retry, classify);
            (code, context.err().message().unwrap_or_default().to_owned(), class)
        }
        SdkError::TimeoutError(_) => (None, "no answer in time".to_owned(), Class::Retry),
        SdkError::DispatchFailure(failure) => {
            let what = failure.as_connector_error().map_or_else(String::new, innermost);
            (None, format!("could not reach the service: {what}"), Class::Retry)
        }
        SdkError::ResponseError(_) => (None, "the answer was unreadable".to_owned(), Class::Retry),
        // Only a request that was never sent gets here: a member that is missing or malformed, or
        // credentials that cannot be had.
        SdkError::ConstructionFailure(_) => {
            (None, format!("the request could not be built: {}", innermost(error)), Class::Real)
        }
        _ => (None, innermost(error), Class::Real),
    };
    Failed { operation, code, message, class }
}

/// The deepest cause: the outer layers of an SDK error only say that something failed.
fn innermost(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    one_line(&text)
}

/// Some causes, such as missing credentials, tell their story over several lines.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Sorts AWS's error codes. Unknown codes are real: repeating what we don't understand helps nobody.
fn classify(code: &str) -> Class {
    const RETRY: [&str; 23] = [
        "InternalError",
        "InternalException",
        "InternalFailure",
        "InternalServerException",
        "InternalServiceException",
        "Unavailable",
        "InternalServerError",
        "InternalServiceError",
        "KMSThrottling",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    ];
    if RETRY.contains(&code) {
        Class::Retry
    } else if code.ends_with("DoesNotExistException")
        || code.ends_with("NotFoundException")
        || code.starts_with("NoSuch")
        || code == "NotFound"
        || code == "NotFoundException"
    {
        Class::Gone
    } else {
        Class::Real
    }
}

/// How often and how patiently every client repeats a throttled or broken call.
///
/// Eight attempts take at most about 20 seconds: long enough for a burst of deployments to pass,
/// short enough that a function can still answer before its own time is up.
pub fn patience() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(8)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_can_be_done() {
        let check = |code, class| assert_eq!(classify(code), class, "{code}");
        check("ThrottlingException", Class::Retry);
        check("ServerException", Class::Retry);
        check("SlowDown", Class::Retry);
        check("ClusterNotFoundException", Class::Gone);
        check("DeploymentDoesNotExistException", Class::Gone);
        check("NoSuchKey", Class::Gone);
        check("AccessDeniedException", Class::Real);
        check("InvalidParameterException", Class::Real);
        check("SomethingNew", Class::Real);
    }

    #[test]
    fn a_failure_is_one_line() {
        assert_eq!(
            one_line("no credentials. Attempted:\n  Profile: no\n"),
            "no credentials. Attempted:; Profile: no"
        );
        let failed = |code: Option<&str>, message: &str| Failed {
            operation: "RunTask",
            code: code.map(str::to_owned),
            message: message.into(),
            class: Class::Real,
        };
        assert_eq!(
            failed(Some("ClusterNotFoundException"), "Cluster not found.").to_string(),
            "RunTask: ClusterNotFoundException: Cluster not found."
        );
        assert_eq!(failed(None, "no answer in time").to_string(), "RunTask: no answer in time");
        assert_eq!(failed(Some("Blocked"), "").to_string(), "RunTask: Blocked");
    }
}
