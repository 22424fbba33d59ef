//! One message to the people on call: what failed, why, and where to look.
//!
//! [`Alert`] is the message as a value and as the JSON document on the alerts topic; [`redact()`]
//! takes secrets out of text; `sns` publishes.
//!
//! **Invariant:** nothing leaves for the topic that was not redacted, and every message fits it.

mod alert;
mod link;
mod redact;
pub mod sns;

pub use alert::{Alert, Log, Severity, Subject};
pub use link::{Arn, Link, deployment, log_stream, service_deployment, task, topic_arn};
pub use redact::redact;
