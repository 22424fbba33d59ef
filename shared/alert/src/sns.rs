//! Amazon SNS: the alerts topic.

use aws_call::{Call as _, Failed};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use crate::alert::Alert;

/// Publishes one alert. Its severity is a message attribute too, for filter policies.
pub async fn publish(sns: &Client, topic: &str, alert: &Alert) -> Result<(), Failed> {
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
