//! A message, and how it is shown to who receives it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{digest, seconds};
use crate::world::ACCOUNT;

/// A message in a queue.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    /// `MessageAttributes`, as they were sent.
    pub(super) attributes: Map<String, Value>,
    /// System attributes that travel with the message: `AWSTraceHeader`, `DeadLetterQueueSourceArn`.
    pub(super) system: Map<String, Value>,
    pub(super) sent: Timestamp,
    pub(super) visible_at: Timestamp,
    pub(super) received: u64,
    pub(super) first_received: Option<Timestamp>,
    pub(super) last_received: Timestamp,
}

impl Message {
    pub(super) fn new(
        body: String,
        attributes: Map<String, Value>,
        now: Timestamp,
        delay: u64,
    ) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            body,
            attributes,
            system: Map::new(),
            sent: now,
            visible_at: now + seconds(delay),
            received: 0,
            first_received: None,
            last_received: now,
        }
    }

    /// Each receipt has a handle of its own, and only the last one is good for anything.
    pub(crate) fn handle(&self) -> String {
        STANDARD.encode(format!("receipt:{}:{}", self.id, self.received))
    }

    pub(super) fn is_in_flight(&self, now: Timestamp) -> bool {
        self.received > 0 && self.visible_at > now
    }

    pub(super) fn md5(&self) -> String {
        digest::hex(self.body.as_bytes())
    }

    /// The digest of the attributes that are shown, if any are.
    pub(super) fn md5_of(attributes: &Map<String, Value>) -> Option<String> {
        (!attributes.is_empty()).then(|| digest::attributes(attributes))
    }

    fn system_attributes(&self) -> Map<String, Value> {
        let millis = |at: Timestamp| json!(at.as_millisecond().to_string());
        let mut all = self.system.clone();
        all.insert("ApproximateReceiveCount".into(), json!(self.received.to_string()));
        all.insert("SentTimestamp".into(), millis(self.sent));
        all.insert("SenderId".into(), json!(ACCOUNT));
        if let Some(at) = self.first_received {
            all.insert("ApproximateFirstReceiveTimestamp".into(), millis(at));
        }
        all
    }

    /// As `ReceiveMessage` shows it to who asks for these attributes.
    pub(super) fn shown(&self, system: &[&str], attributes: &[&str]) -> Value {
        let mut shown = json!({
            "MessageId": self.id,
            "ReceiptHandle": self.handle(),
            "MD5OfBody": self.md5(),
            "Body": self.body,
        });
        let mut told = self.system_attributes();
        told.retain(|name, _| system.iter().any(|it| *it == "All" || it == name));
        if !told.is_empty() {
            shown["Attributes"] = Value::Object(told);
        }
        let mut told = self.attributes.clone();
        told.retain(|name, _| attributes.iter().any(|it| wants(it, name)));
        if let Some(digest) = Self::md5_of(&told) {
            shown["MD5OfMessageAttributes"] = json!(digest);
            shown["MessageAttributes"] = Value::Object(told);
        }
        shown
    }

    /// As a function sees it that consumes the queue.
    pub(crate) fn record(&self, queue_arn: &str) -> Value {
        let attributes: Map<String, Value> = self
            .attributes
            .iter()
            .map(|(name, it)| {
                let mut shown = json!({
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": it["DataType"],
                });
                for (member, lower) in
                    [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")]
                {
                    if it[member].is_string() {
                        shown[lower] = it[member].clone();
                    }
                }
                (name.clone(), shown)
            })
            .collect();
        let mut record = json!({
            "messageId": self.id,
            "receiptHandle": self.handle(),
            "body": self.body,
            "attributes": self.system_attributes(),
            "messageAttributes": attributes,
            "md5OfBody": self.md5(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": crate::world::REGION,
        });
        if let Some(digest) = Self::md5_of(&self.attributes) {
            record["md5OfMessageAttributes"] = json!(digest);
        }
        record
    }
}

/// "You can also receive all of the attributes by specifying All or .* … you can receive all
/// message attributes starting with a prefix by specifying the prefix".
fn wants(asked: &str, name: &str) -> bool {
    match asked.strip_suffix(".*") {
        Some("") => true,
        Some(prefix) => name.strip_prefix(prefix).is_some_and(|it| it.starts_with('.')),
        None => asked == "All" || asked == name,
    }
}
