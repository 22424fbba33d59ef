//! Amazon SNS: the alerts topic.

use aws_call::{Call as _, Failed};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use crate::alert::Alert;

/// Publishes one alert. Its severity is a message attribute too, for filter policies.
pub async fn publish(sns: &Client, topic: &str, alert: &Alert) -> Result<(), Failed> {
    let document = alert.document();
    let severity = document["severity"].as_str().unwrap_or("error").to_owned();
    let attribute = |value: String| {
        MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
    };
    let mut request =
        sns.publish().topic_arn(topic).subject(alert.subject_line()).message(document.to_string());
    for (name, value) in [("severity", severity), ("source", alert.source.to_owned())] {
        if let Some(value) = attribute(value) {
            request = request.message_attributes(name, value);
        }
    }
    request.send().await.call("Publish").map(drop)
}
