//! Amazon SNS: e-mail.

use std::time::Duration;

use aws_call::{Call as _, Class};
use aws_sdk_sns::config::Region;
use aws_sdk_sns::error::SdkError;
use aws_sdk_sns::{Client, Config};
use aws_smithy_types::retry::RetryConfig;

use crate::http::never_left;
use crate::outcome::{Outcome, Reason, Why};

/// Publishes one mail, unless that takes longer than `within`.
///
/// Only once: a topic doesn't know what it has had already, and whether to try again is decided where that
/// is remembered.
pub(crate) async fn publish(
    sns: &Client,
    topic: &str,
    (subject, body): (String, String),
    within: Duration,
) -> Outcome {
    let mut once = Config::builder().retry_config(RetryConfig::disabled());
    // A topic may be in another region than the function.
    if let Some(place) = alert::Arn::parse(topic) {
        once = once.region(Region::new(place.region.to_owned()));
    }
    let request = sns.publish().topic_arn(topic).subject(subject).message(body);
    let request = request.customize().config_override(once).send();
    let failed = match tokio::time::timeout(within, request).await {
        Ok(Err(SdkError::DispatchFailure(failure)))
            if failure.as_connector_error().is_some_and(never_left) =>
        {
            let why = Why::new(Reason::Unreachable, "Publish: SNS could not be reached");
            return Outcome::Later { after: None, unsure: false, why };
        }
        Ok(answer) => match answer.call("Publish") {
            Ok(_) => return Outcome::Delivered,
            Err(failed) => failed,
        },
        Err(_) => {
            let why = Why::new(Reason::NoAnswer, "Publish: no answer in time");
            return Outcome::Later { after: None, unsure: true, why };
        }
    };
    let text = failed.to_string();
    match (failed.class, failed.code) {
        // Without a code nobody answered.
        (Class::Retry, None) => {
            let why = Why::new(Reason::NoAnswer, text);
            Outcome::Later { after: None, unsure: true, why }
        }
        (Class::Retry, Some(_)) => {
            let why = Why::new(Reason::ServerError, text);
            Outcome::Later { after: None, unsure: false, why }
        }
        (Class::Gone, _) => Outcome::Never(Why::new(Reason::NoDestination, text)),
        (Class::Real, _) => Outcome::Never(Why::new(Reason::ClientError, text)),
    }
}
