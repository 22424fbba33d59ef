//! Amazon SNS: the alerts topic.

use std::time::Duration;

use aws_call::{Call as _, Failed};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use crate::alert::Alert;

/// Publishes one alert, unless that takes longer than `within`; whether it was published.
///
/// An alert that can't be sent must not hold up the answer somebody waits for: then the log has it,
/// as an error.
pub async fn publish(sns: &Client, topic: &str, alert: &Alert, within: Duration) -> bool {
    let error = match tokio::time::timeout(within, send(sns, topic, alert)).await {
        Ok(Ok(())) => return true,
        Ok(Err(failed)) => failed.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::error!(error, alert = alert.document().to_string(), "the alert was not sent");
    false
}

/// Severity and source are message attributes too, for filter policies.
async fn send(sns: &Client, topic: &str, alert: &Alert) -> Result<(), Failed> {
    let attribute = |value: &str| {
        MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
    };
    let mut request = sns
        .publish()
        .topic_arn(topic)
        .subject(alert.subject_line())
        .message(alert.document().to_string());
    for (name, value) in [("severity", alert.severity.as_str()), ("source", alert.source)] {
        if let Some(value) = attribute(value) {
            request = request.message_attributes(name, value);
        }
    }
    request.send().await.call("Publish").map(drop)
}
